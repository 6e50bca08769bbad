//! The normal distribution of the coefficients where each has a precision of its own: what relevance determination
//! finds anew at each iteration.

use crate::{Result, bad_input};
use ironlearn_linalg::lapack::{self, Cholesky};
use ndarray::{Array1, Array2, Axis};

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
    /// Their variances.
    pub variance: Array1<f64>,
    /// The logarithm of the determinant of their covariance.
    pub log_det: f64,
}

impl Moments {
    /// The distribution at the noise's precision `alpha` and the coefficients' precisions `lambda`, of which those
    /// of `kept` are not 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where numbers are too large, [`crate::Error::Linalg`].
    pub fn posterior(&self, alpha: f64, lambda: &Array1<f64>, kept: &[usize]) -> Result<Posterior> {
        let lambda = lambda.select(Axis(0), kept);
        match self {
            Moments::Columns { gram, xty } => {
                let (sigma, log_det) = covariance(gram, alpha, &lambda, kept)?;
                let mean = sigma.dot(&xty.select(Axis(0), kept)) * alpha;
                Ok(Posterior { mean, variance: sigma.diag().to_owned(), log_det })
            }
            Moments::Rows { rows, y } => {
                let told = Told::new(rows, alpha, &lambda, kept)?;
                let taken = (&told.inverse.dot(&told.scaled) * &told.scaled).sum_axis(Axis(0));
                let log_det = told.log_det - lambda.mapv(f64::ln).sum() - y.len() as f64 * alpha.ln();
                Ok(Posterior { mean: told.mean(y), variance: lambda.recip() - taken, log_det })
            }
        }
    }

    /// The means and the whole covariance, as in [`Moments::posterior`].
    ///
    /// # Errors
    /// As [`Moments::posterior`].
    pub fn distribution(&self, alpha: f64, lambda: &Array1<f64>, kept: &[usize]) -> Result<(Array1<f64>, Array2<f64>)> {
        let lambda = lambda.select(Axis(0), kept);
        match self {
            Moments::Columns { gram, xty } => {
                let sigma = covariance(gram, alpha, &lambda, kept)?.0;
                Ok((sigma.dot(&xty.select(Axis(0), kept)) * alpha, sigma))
            }
            Moments::Rows { rows, y } => {
                let told = Told::new(rows, alpha, &lambda, kept)?;
                let mut sigma = -told.scaled.t().dot(&told.inverse.dot(&told.scaled));
                sigma.diag_mut().zip_mut_with(&lambda, |d, l| *d += 1.0 / l);
                Ok((told.mean(y), sigma))
            }
        }
    }
}

/// `(diag(lambda) + alpha·XᵀX)⁻¹` of the columns `kept`, and the logarithm of its determinant.
fn covariance(gram: &Array2<f64>, alpha: f64, lambda: &Array1<f64>, kept: &[usize]) -> Result<(Array2<f64>, f64)> {
    let mut precision = gram.select(Axis(0), kept).select(Axis(1), kept) * alpha;
    precision.diag_mut().zip_mut_with(lambda, |d, l| *d += l);
    inverse(&precision)
}

/// What few rows tell of many columns.
struct Told {
    /// `X·diag(lambda)⁻¹`, n × kept.
    scaled: Array2<f64>,
    /// The inverse of the covariance of y, `1/alpha + X·diag(lambda)⁻¹·Xᵀ`.
    inverse: Array2<f64>,
    /// The logarithm of the determinant of `inverse`.
    log_det: f64,
}

impl Told {
    fn new(rows: &Array2<f64>, alpha: f64, lambda: &Array1<f64>, kept: &[usize]) -> Result<Self> {
        let x = rows.select(Axis(1), kept);
        let scaled = &x / lambda;
        let mut of_y = scaled.dot(&x.t());
        of_y.diag_mut().mapv_inplace(|d| d + 1.0 / alpha);
        let (inverse, log_det) = inverse(&of_y)?;
        Ok(Told { scaled, inverse, log_det })
    }

    fn mean(&self, y: &Array1<f64>) -> Array1<f64> {
        self.scaled.t().dot(&self.inverse.dot(y))
    }
}

/// The inverse of a positive definite matrix, without the directions that rounding cannot tell from null, and the
/// logarithm of its determinant. The matrix is scaled to a unit diagonal first: the units of columns do not matter.
fn inverse(matrix: &Array2<f64>) -> Result<(Array2<f64>, f64)> {
    let scale = matrix.diag().mapv(|d| 1.0 / d.sqrt());
    if !(scale.iter().all(|s| s.is_finite() && *s > 0.0) && matrix.iter().all(|v| v.is_finite())) {
        bad_input!("the squares of X and y are more than a float64 can hold: scale the data");
    }
    let rescaled = |mut m: Array2<f64>| {
        for (mut row, &s) in m.rows_mut().into_iter().zip(&scale) {
            row.iter_mut().zip(&scale).for_each(|(v, t)| *v *= s * t);
        }
        m
    };
    let (scaled, logs) = (rescaled(matrix.clone()), 2.0 * scale.mapv(f64::ln).sum());
    if let Ok(factor) = Cholesky::new(&scaled)
        && factor.rcond() > f64::EPSILON
    {
        let inverse = factor.solve(Array2::eye(matrix.nrows()).view())?;
        return Ok((rescaled(inverse), logs - factor.log_det()));
    }
    let (values, vectors) = lapack::eigh(&scaled)?;
    let cut = values.fold(0.0, |a: f64, v| a.max(v.abs())) * f64::EPSILON * matrix.nrows() as f64;
    let inverted = values.mapv(|v| if v > cut { 1.0 / v } else { 0.0 });
    let log_det = values.iter().filter(|v| **v > cut).map(|v| -v.ln()).sum::<f64>();
    Ok((rescaled((&vectors * &inverted).dot(&vectors.t())), logs + log_det))
}
