//! The normal distribution of the coefficients where each has a precision of its own: what relevance determination
//! finds anew at each iteration.

use crate::{Control, Result, bad_input};
use ironlearn_linalg::lapack::{self, Cholesky};
use ndarray::{Array1, Array2, Axis};

/// Below this reciprocal condition of what squares of X add up to, X itself is decomposed.
const WELL: f64 = 1e-10;
const TOO_LARGE: &str = "the squares of X and y are more than a float64 can hold: scale the data";

/// What covariances are made of; X and y centred and weighted.
pub enum Moments {
    /// At least as many rows as columns: `XᵀX` and `Xᵀy`.
    Columns {
        /// p × p.
        gram: Array2<f64>,
        /// One for each column.
        xty: Array1<f64>,
    },
    /// Fewer rows than columns: X and y themselves.
    Rows {
        /// n × p.
        rows: Array2<f64>,
        /// One for each row.
        y: Array1<f64>,
    },
}

/// The distribution of some coefficients, without what makes them depend on each other.
#[derive(Debug)]
pub struct Posterior {
    /// Their means.
    pub mean: Array1<f64>,
    /// How far the data determine each, from 0 to 1: 1 − lambda · its variance.
    pub determined: Array1<f64>,
    /// The logarithm of the determinant of their covariance.
    pub log_det: f64,
}

impl Moments {
    /// The distribution at the noise's precision `alpha` and the coefficients' precisions `lambda`, of which those
    /// of `kept` are not 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where numbers are too large, [`crate::Error::Linalg`].
    pub fn posterior(&self, alpha: f64, lambda: &Array1<f64>, kept: &[usize], ctl: &Control) -> Result<Posterior> {
        let lambda = lambda.select(Axis(0), kept);
        match self.told(alpha, &lambda, kept, ctl)? {
            Told::Columns { mean, sigma, log_det } => {
                Ok(Posterior { mean, determined: 1.0 - &lambda * &sigma.diag(), log_det })
            }
            Told::Rows(of_y) => {
                let determined = of_y.white.map_axis(Axis(0), |column| column.dot(&column));
                let log_det = -of_y.log_det - lambda.mapv(f64::ln).sum() - of_y.y.len() as f64 * alpha.ln();
                Ok(Posterior { mean: of_y.mean(&lambda), determined, log_det })
            }
        }
    }

    /// The means and the whole covariance, as in [`Moments::posterior`].
    ///
    /// # Errors
    /// As [`Moments::posterior`].
    pub fn distribution(
        &self,
        alpha: f64,
        lambda: &Array1<f64>,
        kept: &[usize],
        ctl: &Control,
    ) -> Result<(Array1<f64>, Array2<f64>)> {
        let lambda = lambda.select(Axis(0), kept);
        match self.told(alpha, &lambda, kept, ctl)? {
            Told::Columns { mean, sigma, .. } => Ok((mean, sigma)),
            Told::Rows(of_y) => {
                let mut sigma = -of_y.white.t().dot(&of_y.white);
                sigma.diag_mut().mapv_inplace(|d| d + 1.0);
                scale(&mut sigma, &lambda.mapv(|l| 1.0 / l.sqrt()));
                Ok((of_y.mean(&lambda), sigma))
            }
        }
    }

    /// By whichever side of the kept part of X is the smaller one; `lambda` of that part.
    fn told(&self, alpha: f64, lambda: &Array1<f64>, kept: &[usize], ctl: &Control) -> Result<Told> {
        let (gram, xty) = match self {
            Moments::Rows { rows, y } if kept.len() > rows.nrows() => {
                return Ok(Told::Rows(OfY::new(rows, y, (alpha, lambda), kept, ctl)?));
            }
            Moments::Rows { rows, y } => {
                let x = rows.select(Axis(1), kept);
                (x.t().dot(&x), x.t().dot(y))
            }
            Moments::Columns { gram, xty } => {
                (gram.select(Axis(0), kept).select(Axis(1), kept), xty.select(Axis(0), kept))
            }
        };
        let mut precision = gram * alpha;
        precision.diag_mut().zip_mut_with(lambda, |d, l| *d += l);
        let (sigma, log_det) = inverse(&precision, ctl)?;
        Ok(Told::Columns { mean: sigma.dot(&xty) * alpha, sigma, log_det })
    }
}

/// What the data tell.
enum Told {
    /// The means, the covariance `(diag(lambda) + alpha·XᵀX)⁻¹` and the logarithm of its determinant.
    Columns {
        mean: Array1<f64>,
        sigma: Array2<f64>,
        log_det: f64,
    },
    Rows(OfY),
}

/// What fewer rows than columns tell: with `B = X·diag(lambda)^(−½)` and `C = 1/alpha + B·Bᵀ`, the covariance of y, each
/// quantity is a product of `W` with `Wᵀ·W = Bᵀ·C⁻¹·B`. Without differences of large numbers, so that a precision of many
/// digits comes out of small ones too.
struct OfY {
    /// W, n × kept.
    white: Array2<f64>,
    /// y as W sees it: `Wᵀ·y = Bᵀ·C⁻¹·y`.
    y: Array1<f64>,
    /// The logarithm of the determinant of C.
    log_det: f64,
}

impl OfY {
    fn new(
        rows: &Array2<f64>,
        y: &Array1<f64>,
        (alpha, lambda): (f64, &Array1<f64>),
        kept: &[usize],
        ctl: &Control,
    ) -> Result<Self> {
        let scaled = rows.select(Axis(1), kept) / lambda.mapv(f64::sqrt);
        let mut of_y = scaled.dot(&scaled.t());
        of_y.diag_mut().mapv_inplace(|d| d + 1.0 / alpha);
        if !of_y.iter().all(|v| v.is_finite()) {
            bad_input!("{TOO_LARGE}");
        }
        if let Ok(factor) = Cholesky::blocked(of_y, ctl)
            && factor.rcond() > WELL
        {
            let y = factor.half_solve(y.view().insert_axis(Axis(1)))?.index_axis_move(Axis(1), 0);
            return Ok(OfY { white: factor.half_solve(scaled.view())?, y, log_det: factor.log_det() });
        }
        // The squares of X would lose the small directions.
        let (u, singular, vt) = lapack::svd(scaled, ctl)?;
        let roots = singular.mapv(|s| s.hypot((1.0 / alpha).sqrt()));
        let white = vt * (&singular / &roots).insert_axis(Axis(1));
        let log_det = roots.mapv(|r| 2.0 * r.ln()).sum();
        Ok(OfY { white, y: u.t().dot(y) / roots, log_det })
    }

    fn mean(&self, lambda: &Array1<f64>) -> Array1<f64> {
        self.white.t().dot(&self.y) / lambda.mapv(f64::sqrt)
    }
}

/// Rows and columns times `by`.
fn scale(matrix: &mut Array2<f64>, by: &Array1<f64>) {
    for (mut row, &s) in matrix.rows_mut().into_iter().zip(by) {
        row.iter_mut().zip(by).for_each(|(v, t)| *v *= s * t);
    }
}

/// The inverse of a positive definite matrix, without the directions that rounding cannot tell from null, and the
/// logarithm of its determinant. The matrix is scaled to a unit diagonal first: the units of columns do not matter.
fn inverse(matrix: &Array2<f64>, ctl: &Control) -> Result<(Array2<f64>, f64)> {
    let units = matrix.diag().mapv(|d| 1.0 / d.sqrt());
    if !(units.iter().all(|s| s.is_finite() && *s > 0.0) && matrix.iter().all(|v| v.is_finite())) {
        bad_input!("{TOO_LARGE}");
    }
    let rescaled = |mut m: Array2<f64>| {
        scale(&mut m, &units);
        m
    };
    let (scaled, logs) = (rescaled(matrix.clone()), 2.0 * units.mapv(f64::ln).sum());
    if let Ok(factor) = Cholesky::blocked(scaled.clone(), ctl)
        && factor.rcond() > f64::EPSILON
    {
        let inverse = factor.solve(Array2::eye(matrix.nrows()).view())?;
        return Ok((rescaled(inverse), logs - factor.log_det()));
    }
    let (values, vectors) = lapack::eigh(&scaled, ctl)?;
    let cut = values.fold(0.0, |a: f64, v| a.max(v.abs())) * f64::EPSILON * matrix.nrows() as f64;
    let inverted = values.mapv(|v| if v > cut { 1.0 / v } else { 0.0 });
    let log_det = values.iter().filter(|v| **v > cut).map(|v| -v.ln()).sum::<f64>();
    Ok((rescaled((&vectors * &inverted).dot(&vectors.t())), logs + log_det))
}
