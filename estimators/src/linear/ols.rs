//! LinearRegression: ordinary least squares.

use super::LinearModel;
use super::problem::{Problem, TOO_LARGE, check_regression};
use super::solver::{direct::Scaled, lsqr::Lsqr, nnls::nnls, spectral::Spectral};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result};
use ironlearn_linalg::{Gram, Real, lapack, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·(y − X·coef − b)²`, for each output by itself; of several solutions the one with the shortest
/// centred coefficients.
///
/// Dense X with at least as many rows as columns: second moments in one pass, Cholesky, and refinement. Where the
/// condition number of X exceeds about 3·10⁴ (or comes near 1/`tol`), the singular value decomposition of X's
/// triangle takes over, as precise as one of X itself. Fewer rows than columns: singular value decomposition. Sparse
/// X: LSQR on the centred operator, which is never formed. `positive`: active sets on the second moments (dense X).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinearRegression {
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Dense X: singular values up to `tol` times the largest count as 0. Sparse X: the two tolerances of LSQR.
    /// Range [0, ∞).
    pub tol: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
}

impl Default for LinearRegression {
    fn default() -> Self {
        LinearRegression { fit_intercept: true, tol: 1e-6, positive: false }
    }
}

impl Params for LinearRegression {
    const NAME: &'static str = "LinearRegression";

    fn validate(&self) -> Result<()> {
        if self.tol.is_finite() && self.tol >= 0.0 {
            return Ok(());
        }
        Err(Error::Parameter {
            estimator: Self::NAME,
            name: "tol",
            expected: "a float in the range [0.0, inf)".into(),
            found: self.tol.to_string(),
        })
    }
}

/// The smallest ratio of eigenvalues of the second moments that Cholesky is trusted with; singular values from them
/// are then right to about 10⁻⁷.
const TRUSTED: f64 = 1e-9;

impl<B: Backend> FitOn<B> for LinearRegression {
    type Model = LinearModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        check_regression(data, params.fit_intercept)?;
        let y = data.values(Self::NAME)?;
        if params.positive && data.x.is_sparse() {
            crate::bad_input!("Sparse data was passed for X, but LinearRegression(positive=True) needs dense data");
        }
        let solved = with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y, data.weights.as_ref().map(|w| w.view()), ctl);
            params.solve(problem)
        })?;
        Ok(solved.into_model(data.x.dtype()))
    }
}

/// Coefficients (p × t) with the means that give the intercept.
struct Solved {
    coef: Array2<f64>,
    means: (Array1<f64>, Array1<f64>),
    rank: Option<(usize, Vec<f64>)>,
    report: Report,
}

impl Solved {
    fn into_model(self, dtype: crate::Dtype) -> LinearModel {
        let (rank, singular) = self.rank.unzip();
        LinearModel { rank, singular, ..LinearModel::new(self.coef, &self.means.0, &self.means.1, dtype, self.report) }
    }
}

impl LinearRegression {
    fn solve<B: Backend, F: Real>(&self, problem: Problem<'_, '_, B, F>) -> Result<Solved> {
        let (n, p) = (problem.rows(), problem.cols());
        if problem.x.as_ref().is_sparse() {
            return self.by_lsqr(problem.centred(self.fit_intercept)?);
        }
        if n < p && !self.positive {
            return self.by_svd(&problem.centred(self.fit_intercept)?);
        }
        let (problem, moments) = problem.moments(self.fit_intercept)?;
        let Some(moments) = moments else {
            if self.positive {
                crate::bad_input!("{TOO_LARGE}");
            }
            return self.by_svd(&problem);
        };
        if self.positive {
            return self.by_active_sets(&problem, &moments);
        }
        let eigenvalues = lapack::eigvalsh(&moments.gram, problem.ctl)?;
        let (smallest, largest) = (eigenvalues[0], eigenvalues[p - 1]);
        if smallest > largest * TRUSTED.max(4.0 * self.tol * self.tol)
            && let Some(factor) = Scaled::blocked(&moments.gram, 0.0, problem.ctl)?
        {
            let mut coef = factor.solve(&moments.xty)?;
            // Each step leaves about the condition number of the moments times eps of the error before.
            let steps = if smallest > 1e-4 * largest { 0 } else { 2 };
            factor.refine(&problem, 0.0, steps, &mut coef)?;
            let singular = eigenvalues.iter().rev().map(|v| v.max(0.0).sqrt()).collect();
            let report = Report::direct("cholesky");
            return Ok(Solved { coef, means: (problem.x_mean, problem.y_mean), rank: Some((p, singular)), report });
        }
        self.by_svd(&problem)
    }

    fn by_svd<B: Backend, F: Real>(&self, problem: &Problem<'_, '_, B, F>) -> Result<Solved> {
        let spectral = Spectral::new(problem)?;
        Ok(Solved {
            coef: spectral.minimum_norm(self.tol),
            means: (problem.x_mean.clone(), problem.y_mean.clone()),
            rank: Some((spectral.rank(self.tol), spectral.singular.to_vec())),
            report: Report::direct("svd"),
        })
    }

    fn by_lsqr<B: Backend, F: Real>(&self, problem: Problem<'_, '_, B, F>) -> Result<Solved> {
        let targets = problem.targets();
        let mut coef = Array2::zeros((problem.cols(), targets.ncols()));
        let mut report = Report::direct("lsqr");
        for (target, mut coef) in targets.columns().into_iter().zip(coef.columns_mut()) {
            let found = Lsqr { damp: 0.0, tol: self.tol, max_iter: None }.solve(&problem, target.to_owned())?;
            coef.assign(&found.x);
            report.iterations.push(found.iterations);
            report.converged &= found.converged;
        }
        Ok(Solved { coef, means: (problem.x_mean, problem.y_mean), rank: None, report })
    }

    fn by_active_sets<B: Backend, F: Real>(&self, problem: &Problem<'_, '_, B, F>, moments: &Gram) -> Result<Solved> {
        let mut coef = Array2::zeros(moments.xty.dim());
        let mut report = Report::direct("nnls");
        for (xty, mut coef) in moments.xty.columns().into_iter().zip(coef.columns_mut()) {
            let found = nnls(&moments.gram, xty, None, problem.ctl)?;
            if !found.converged {
                crate::bad_input!("Maximum number of iterations reached.");
            }
            coef.assign(&found.coef);
            report.iterations.push(found.iterations);
        }
        let means = (problem.x_mean.clone(), problem.y_mean.clone());
        Ok(Solved { coef, means, rank: None, report })
    }
}

#[cfg(test)]
#[path = "ols_tests.rs"]
mod tests;
