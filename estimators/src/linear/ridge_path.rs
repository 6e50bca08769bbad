//! Ridge at many penalties from one decomposition of X, and what leaving each row out would predict.
//!
//! With `√w·(X − x̄) = U·diag(s)·Vᵀ` a penalty α only changes the factors of the singular values, and the error that a
//! fit without row i makes there is the row's residual over `1 − h`, h its leverage (Rifkin and Lippert 2007, "Notes on
//! Regularized Least Squares", section 4). Tall X goes by V, wide X by U.

use super::problem::{Problem, TOO_LARGE};
use super::solver::{direct, spectral::Spectral};
use crate::{Backend, Result, bad_input};
use ironlearn_linalg::{Real, lapack, lapack::Blas, threads};
use ndarray::{Array1, Array2, Axis};

/// Rows in one tile of the pass that finds leverages.
const TILE_ROWS: usize = 256;
/// Below this ratio of a penalty to the largest squared singular value the moments are too coarse: X itself is
/// decomposed.
const COARSE: f64 = 1e-10;

/// The decomposition.
pub(super) struct Path {
    /// Squared singular values.
    squares: Array1<f64>,
    vectors: Vectors,
    /// The algorithm.
    pub solver: &'static str,
}

enum Vectors {
    /// V (p × r), and `VᵀXᵀy` (r × t).
    Right(Array2<f64>, Array2<f64>),
    /// U (n × r), and `Uᵀy` (r × t).
    Left(Array2<f64>, Array2<f64>),
}

/// The errors of rows that were left out, for every penalty.
pub(super) struct LeftOut {
    /// `Σ w·e²` for each target and penalty, t × penalties.
    pub squares: Array2<f64>,
    /// The errors themselves, n × (penalties·t), penalty by penalty; empty where not asked for.
    pub errors: Array2<f64>,
}

impl Path {
    /// Decomposes X of `problem`, which is not centred yet, for penalties of at least `smallest`. By its moments, or
    /// by X itself where `svd` asks for it or the moments would be too coarse.
    pub fn new<'a, 'x, B: Backend, F: Real>(
        problem: Problem<'a, 'x, B, F>,
        center: bool,
        svd: bool,
        smallest: f64,
    ) -> Result<(Problem<'a, 'x, B, F>, Path)> {
        let sparse = problem.x.as_ref().is_sparse();
        if problem.rows() <= problem.cols() {
            let problem = problem.centred(center)?;
            let path = Self::wide(&problem, svd && !sparse)?;
            return Ok((problem, path));
        }
        if svd && !sparse {
            let problem = problem.centred(center)?;
            let path = Self::by_triangle(&problem)?;
            return Ok((problem, path));
        }
        let (problem, moments) = problem.moments(center)?;
        let Some(moments) = moments else {
            if sparse {
                bad_input!("{TOO_LARGE}");
            }
            let path = Self::by_triangle(&problem)?;
            return Ok((problem, path));
        };
        let (values, vectors) = lapack::eigh(&moments.gram, problem.ctl)?;
        let largest = values.last().copied().unwrap_or(0.0);
        if smallest < COARSE * largest && !sparse {
            let path = Self::by_triangle(&problem)?;
            return Ok((problem, path));
        }
        let projected = vectors.t().dot(&moments.xty);
        let squares = values.mapv(|v| v.max(0.0));
        Ok((problem, Path { squares, vectors: Vectors::Right(vectors, projected), solver: "eigen" }))
    }

    fn by_triangle<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> Result<Path> {
        let spectral = Spectral::new(problem)?;
        let projected = &spectral.uty * &spectral.singular.view().insert_axis(Axis(1));
        let squares = spectral.singular.mapv(|s| s * s);
        Ok(Path { squares, vectors: Vectors::Right(spectral.vt.reversed_axes(), projected), solver: "svd" })
    }

    fn wide<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>, svd: bool) -> Result<Path> {
        let targets = problem.targets();
        let (squares, left, solver) = if svd {
            let mut z = problem.x.as_ref().to_dense();
            z -= &problem.x_mean;
            problem.scale_rows(&mut z);
            problem.ctl.check()?;
            let (u, singular, _) = lapack::svd(z, problem.ctl)?;
            (singular.mapv(|s| s * s), u, "svd")
        } else {
            let (values, vectors) = lapack::eigh(&direct::kernel(problem)?, problem.ctl)?;
            (values.mapv(|v| v.max(0.0)), vectors, "eigen")
        };
        let projected = left.t().dot(&targets);
        Ok(Path { squares, vectors: Vectors::Left(left, projected), solver })
    }

    /// Coefficients at the penalty `alpha` > 0, p × t.
    pub fn coef<B: Backend, F: Real>(&self, problem: &Problem<'_, '_, B, F>, alpha: f64) -> Result<Array2<f64>> {
        let scaled = |projected: &Array2<f64>| {
            let factors = self.squares.mapv(|s| 1.0 / (s + alpha));
            projected * &factors.insert_axis(Axis(1))
        };
        match &self.vectors {
            Vectors::Right(v, projected) => Ok(v.dot(&scaled(projected))),
            Vectors::Left(u, projected) => problem.apply_t(u.dot(&scaled(projected)).view()),
        }
    }

    /// The errors of left-out rows at each of `alphas`, kept where `keep` asks for it.
    pub fn left_out<B: Backend, F: Real>(
        &self,
        problem: &Problem<'_, '_, B, F>,
        alphas: &[f64],
        keep: bool,
    ) -> Result<LeftOut> {
        let errors = match &self.vectors {
            Vectors::Right(v, projected) => return self.left_out_tall(problem, v, projected, alphas, keep),
            Vectors::Left(u, projected) => self.left_out_wide(problem, u, projected, alphas, keep)?,
        };
        let (n, t) = problem.y.dim();
        let mut squares = Array2::zeros((t, alphas.len()));
        for i in 0..n {
            let w = problem.weights.as_ref().map_or(1.0, |w| w[i]);
            add_squares(&mut squares, w, errors.row(i).to_slice().unwrap_or_default());
        }
        Ok(LeftOut { squares, errors })
    }

    /// One pass over X: scores on V in a tile, then leverages and predictions of all penalties.
    fn left_out_tall<B: Backend, F: Real>(
        &self,
        problem: &Problem<'_, '_, B, F>,
        v: &Array2<f64>,
        projected: &Array2<f64>,
        alphas: &[f64],
        keep: bool,
    ) -> Result<LeftOut> {
        let ((n, p), r, t, a) = ((problem.rows(), problem.cols()), v.ncols(), projected.ncols(), alphas.len());
        let factors = Array2::from_shape_fn((r, a), |(k, m)| 1.0 / (self.squares[k] + alphas[m]));
        // One column a penalty and target, penalty by penalty.
        let effects = Array2::from_shape_fn((r, a * t), |(k, c)| projected[[k, c % t]] * factors[[k, c / t]]);
        let v = v.as_standard_layout();
        let v = v.as_slice().unwrap_or_default();
        let effects = effects.as_slice().unwrap_or_default();
        let by_intercept = if problem.center { 1.0 / self.weight_sum(problem) } else { 0.0 };
        let x = problem.x.as_ref();
        let tile = |rows: std::ops::Range<usize>| {
            let m = rows.len();
            let (mut packed, mut scores) = (vec![0.0; m * p], vec![0.0; m * r]);
            x.pack(rows.clone(), 0..p, p, &mut packed);
            for row in packed.chunks_exact_mut(p) {
                row.iter_mut().zip(&problem.x_mean).for_each(|(v, mean)| *v -= mean);
            }
            f64::gemm((false, false), (m, r, p), 1.0, &packed, p, v, r, 0.0, &mut scores, r);
            let mut errors = vec![0.0; m * a * t];
            f64::gemm((false, false), (m, a * t, r), 1.0, &scores, r, effects, a * t, 0.0, &mut errors, a * t);
            let mut squares = Array2::zeros((t, a));
            let mut leverage = vec![0.0; a];
            for ((i, scores), errors) in rows.zip(scores.chunks_exact(r)).zip(errors.chunks_exact_mut(a * t)) {
                let w = problem.weights.as_ref().map_or(1.0, |w| w[i]);
                leverage.fill(by_intercept);
                for (score, factors) in scores.iter().zip(factors.as_slice().unwrap_or_default().chunks_exact(a)) {
                    leverage.iter_mut().zip(factors).for_each(|(h, f)| *h += score * score * f);
                }
                for (m, errors) in errors.chunks_exact_mut(t).enumerate() {
                    for (k, e) in errors.iter_mut().enumerate() {
                        *e = (problem.y[[i, k]] - problem.y_mean[k] - *e) / (1.0 - w * leverage[m]);
                    }
                }
                add_squares(&mut squares, w, errors);
            }
            (squares, if keep { errors } else { Vec::new() })
        };
        let parts = problem
            .ctl
            .timed("leverage", &problem.on.host_name(), || threads::map_tiles(problem.ctl, n, TILE_ROWS, tile))?;
        let mut squares = Array2::zeros((t, a));
        let mut kept = Vec::with_capacity(if keep { n * a * t } else { 0 });
        for (part, errors) in parts {
            squares += &part;
            kept.extend(errors);
        }
        let shape = if keep { (n, a * t) } else { (0, 0) };
        Ok(LeftOut { squares, errors: Array2::from_shape_vec(shape, kept).unwrap_or_default() })
    }

    fn weight_sum<B: Backend, F: Real>(&self, problem: &Problem<'_, '_, B, F>) -> f64 {
        problem.weights.as_ref().map_or(problem.rows() as f64, |w| w.sum())
    }

    fn left_out_wide<B: Backend, F: Real>(
        &self,
        problem: &Problem<'_, '_, B, F>,
        u: &Array2<f64>,
        projected: &Array2<f64>,
        alphas: &[f64],
        keep: bool,
    ) -> Result<Array2<f64>> {
        let (n, t) = (problem.rows(), projected.ncols());
        let mut errors = Array2::zeros((n, alphas.len() * t));
        let root = problem.weights.as_ref().map_or_else(|| Array1::ones(n), |w| w.mapv(f64::sqrt));
        let (root_projected, total) = (u.t().dot(&root), root.dot(&root));
        for (m, &alpha) in alphas.iter().enumerate() {
            problem.ctl.check()?;
            let factors = self.squares.mapv(|s| alpha / (s + alpha));
            // Residuals and 1 − leverage, both scaled by √w.
            let residuals = u.dot(&(projected * &factors.view().insert_axis(Axis(1))));
            let of_ones = u.dot(&(&root_projected * &factors));
            let unweighted = keep && root.iter().any(|&r| r == 0.0);
            let plain = if unweighted {
                Some(problem.on.matmul(problem.x, self.coef(problem, alpha)?.view(), problem.ctl)?)
            } else {
                None
            };
            let mean = plain.as_ref().map(|_| self.coef(problem, alpha).map(|c| problem.x_mean.dot(&c))).transpose()?;
            for i in 0..n {
                let mut left: f64 = u.row(i).iter().zip(&factors).map(|(u, f)| u * u * f).sum();
                if problem.center {
                    left -= of_ones[i] * root[i] / total;
                }
                for k in 0..t {
                    errors[[i, m * t + k]] = match (&plain, &mean) {
                        // A row of weight 0 is left out as it is.
                        (Some(plain), Some(mean)) if root[i] == 0.0 => {
                            problem.y[[i, k]] - problem.y_mean[k] - (plain[[i, k]] - mean[k])
                        }
                        _ if root[i] == 0.0 => 0.0,
                        _ => residuals[[i, k]] / left / root[i],
                    };
                }
            }
        }
        Ok(errors)
    }
}

/// Adds `w·e²` of one row, whose errors come penalty by penalty.
fn add_squares(squares: &mut Array2<f64>, w: f64, errors: &[f64]) {
    let t = squares.nrows();
    for (c, e) in errors.iter().enumerate() {
        squares[[c % t, c / t]] += w * e * e;
    }
}
