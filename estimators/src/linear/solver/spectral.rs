//! The singular value decomposition of the centred, weighted X: rank-revealing, minimum-norm and ridge solutions.

use crate::linear::problem::Problem;
use crate::{Backend, Result};
use ironlearn_linalg::{Real, host::qr, lapack};
use ndarray::{Array1, Array2, Axis, s};

/// `√w·(X − 1·x̄ᵀ) = U·diag(singular)·Vᵀ`, of which U is kept only as `Uᵀ·√w·(y − ȳ)`.
#[derive(Debug, Clone)]
pub struct Spectral {
    /// min(n, p) singular values, falling.
    pub singular: Array1<f64>,
    /// min(n, p) × p.
    pub vt: Array2<f64>,
    /// min(n, p) × t.
    pub uty: Array2<f64>,
    /// `‖√w·(y − ȳ)‖²` outside the span of U, one for each target.
    pub outside: Array1<f64>,
    /// With at least as many rows as columns: the triangle R of X = Q·R and beside it `Qᵀy`, p × (p + t).
    triangle: Option<Array2<f64>>,
}

impl Spectral {
    /// Decomposes X of `problem`, whose means have to be there. With at least as many rows as columns X is first
    /// reduced to its triangle, without a copy; with fewer it is copied, dense and in `f64`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn new<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> Result<Self> {
        let (n, p) = (problem.rows(), problem.cols());
        problem.ctl.timed("svd", &problem.on.host_name(), || {
            let x = problem.x.as_ref();
            if n >= p {
                let shifts = (problem.x_mean.view(), problem.y_mean.view());
                let weights = problem.weights.as_ref().map(|w| w.view());
                let r = qr::triangle(x, problem.y.view(), weights, shifts, problem.ctl)?;
                let (u, singular, vt) = lapack::svd(r.slice(s![..p, ..p]).to_owned(), problem.ctl)?;
                let uty = u.t().dot(&r.slice(s![..p, p..]));
                let outside = r.slice(s![p.., p..]).map_axis(Axis(0), |column| column.dot(&column));
                let triangle = Some(r.slice(s![..p, ..]).to_owned());
                return Ok(Spectral { singular, vt, uty, outside, triangle });
            }
            let mut z = x.to_dense();
            z -= &problem.x_mean;
            problem.scale_rows(&mut z);
            problem.ctl.check()?;
            let (u, singular, vt) = lapack::svd(z, problem.ctl)?;
            // U is n × n: nothing of y is outside.
            let outside = Array1::zeros(problem.y.ncols());
            Ok(Spectral { singular, vt, uty: u.t().dot(&problem.targets()), outside, triangle: None })
        })
    }

    /// `V·diag(factor(s, target))·Uᵀy`, p × t.
    pub fn solve(&self, factor: impl Fn(f64, usize) -> f64) -> Array2<f64> {
        let mut scaled = self.uty.clone();
        for ((i, k), value) in scaled.indexed_iter_mut() {
            *value *= factor(self.singular[i], k);
        }
        self.vt.t().dot(&scaled)
    }

    /// The number of singular values above `cut` times the largest.
    pub fn rank(&self, cut: f64) -> usize {
        let largest = self.singular.first().copied().unwrap_or(0.0);
        self.singular.iter().filter(|&&s| s > cut * largest).count()
    }

    /// The shortest least-squares solution; singular values up to `cut` times the largest count as 0. Where none does,
    /// R·coef = Qᵀy is solved: unlike singular values, that does not depend on the units of the columns.
    pub fn minimum_norm(&self, cut: f64) -> Array2<f64> {
        if let Some(triangle) = &self.triangle
            && self.rank(cut) == self.vt.ncols()
        {
            return back_substitution(triangle);
        }
        let largest = self.singular.first().copied().unwrap_or(0.0);
        self.solve(|s, _| if s > cut * largest { 1.0 / s } else { 0.0 })
    }
}

/// Solves R·X = B for `[R B]` with an upper triangle R without zeros on its diagonal.
fn back_substitution(both: &Array2<f64>) -> Array2<f64> {
    let p = both.nrows();
    let mut x = both.slice(s![.., p..]).to_owned();
    for i in (0..p).rev() {
        for k in 0..x.ncols() {
            let known: f64 = (i + 1..p).map(|j| both[[i, j]] * x[[j, k]]).sum();
            x[[i, k]] = (x[[i, k]] - known) / both[[i, i]];
        }
    }
    x
}
