//! QuantileRegressor: linear models of a conditional quantile, with an L1 penalty.

use super::LinearModel;
use super::shares::Shares;
use super::solver::pinball::{Answer, Cut, Limit, Pinball};
use crate::{
    Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input,
};
use ironlearn_linalg::{Matrix, with_matrix};
use ndarray::{Array1, Axis};
use serde::{Deserialize, Serialize};

/// scikit-learn's names of solvers. All of them run the same algorithm; they differ in what they refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuantileSolver {
    /// The default.
    #[serde(rename = "highs")]
    Highs,
    /// The same.
    #[serde(rename = "highs-ds")]
    HighsDs,
    /// The same.
    #[serde(rename = "highs-ipm")]
    HighsIpm,
    /// Refused: scipy has it no more.
    #[serde(rename = "interior-point")]
    InteriorPoint,
    /// Dense X only.
    #[serde(rename = "revised simplex")]
    RevisedSimplex,
}

/// Minimises `Σ w·ρ(y − X·coef − b) / Σ w + alpha·‖coef‖₁`, where ρ(r) is `quantile·r` for r ≥ 0 and
/// `(quantile − 1)·r` below (Koenker and Bassett 1978, doi:10.2307/1913643).
///
/// An interior point method on the bounded dual (one weighted Gram of X an iteration) comes near the optimum, and a
/// clean-up goes on to a vertex: coefficients that the penalty makes 0 are exactly 0, and as many rows are met exactly as
/// there are other coefficients. Columns of any scale converge alike. Of several optima it is any; coefficients of
/// columns that depend on others may be 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuantileRegressor {
    /// The quantile, range (0, 1).
    pub quantile: f64,
    /// Penalty strength, range [0, ∞).
    pub alpha: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// The solver's name.
    pub solver: QuantileSolver,
    /// Iterations of the interior point at most; `None`: as many as it takes.
    pub max_iter: Option<usize>,
    /// Seconds that they may take. Range [0, ∞).
    pub time_limit: Option<f64>,
    /// The relative duality gap at which they end and the clean-up starts. Range (0, ∞).
    pub tol: f64,
}

impl Default for QuantileRegressor {
    fn default() -> Self {
        QuantileRegressor {
            quantile: 0.5,
            alpha: 1.0,
            fit_intercept: true,
            solver: QuantileSolver::Highs,
            max_iter: None,
            time_limit: None,
            tol: 1e-10,
        }
    }
}

/// What counts as solved, relative to the objective.
const SOLVED: f64 = 1e-7;

impl Params for QuantileRegressor {
    const NAME: &'static str = "QuantileRegressor";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: f64| {
            let (expected, found) = (expected.into(), found.to_string());
            Err(Error::Parameter { estimator: Self::NAME, name, expected, found })
        };
        if !(self.quantile > 0.0 && self.quantile < 1.0) {
            return wrong("quantile", "a float in the range (0.0, 1.0)", self.quantile);
        }
        if !(self.alpha >= 0.0 && self.alpha.is_finite()) {
            return wrong("alpha", "a float in the range [0.0, inf)", self.alpha);
        }
        if !(self.tol > 0.0 && self.tol.is_finite()) {
            return wrong("tol", "a float in the range (0.0, inf)", self.tol);
        }
        match self.time_limit {
            Some(seconds) if seconds.is_nan() || seconds < 0.0 => {
                wrong("time_limit", "a float in the range [0.0, inf) or None", seconds)
            }
            _ => Ok(()),
        }
    }
}

impl<B: Backend> FitOn<B> for QuantileRegressor {
    type Model = LinearModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        let shares = Shares::of(data, Self::NAME, params.fit_intercept)?;
        let sparse = data.x.is_sparse();
        match params.solver {
            QuantileSolver::InteriorPoint => {
                bad_input!("Solver interior-point is not anymore available in SciPy >= 1.11.0.")
            }
            QuantileSolver::RevisedSimplex if sparse => {
                bad_input!("Solver revised simplex does not support sparse X. Use solver 'highs' for example.")
            }
            _ => {}
        }
        let problem = Pinball {
            y: shares.y,
            weights: shares.weights,
            quantile: params.quantile,
            alpha: params.alpha,
            intercept: params.fit_intercept,
            tol: params.tol,
            limit: Limit { iterations: params.max_iter, seconds: params.time_limit },
            spread: shares.spread,
        };
        let answer = with_matrix!(data.x.reborrow(), x => match &x {
            Matrix::Sparse(sparse) => {
                let rows = sparse.by_row();
                let x = on.place(Matrix::Sparse(rows.view(sparse)), ctl)?;
                problem.solve(on, &x, ctl)
            }
            Matrix::Dense(_) => problem.solve(on, &on.place(x, ctl)?, ctl),
        })?;
        let report = report(&answer, problem.spread);
        let (none, intercept) = (Array1::zeros(answer.coef.len()), answer.intercept + shares.middle);
        let coef = answer.coef.insert_axis(Axis(1));
        // As scikit-learn: float64 whatever X is, or no row would be met exactly.
        Ok(LinearModel::new(coef, &none, &Array1::from_elem(1, intercept), Dtype::F64, report))
    }
}

fn report(answer: &Answer, spread: f64) -> Report {
    let mut report = Report::direct("interior-point");
    report.iterations.push(answer.iterations);
    let solved = answer.gap <= SOLVED * answer.value + 1e-12 * spread;
    let (status, detail) = match answer.cut {
        None if solved => return report,
        Some(Cut::Iterations) => ("1: Iteration limit reached.", "The iteration limit was reached."),
        Some(Cut::Time) => ("1: Iteration limit reached.", "The time limit was reached."),
        None => ("4: Numerical difficulties encountered.", "The gap does not shrink any more."),
    };
    report.converged = false;
    report.warnings.push(Warning {
        kind: WarningKind::Convergence,
        message: format!(
            "Linear programming for QuantileRegressor did not succeed.\nStatus is {status}\nResult message of the \
             solver:\n{detail} The objective, {:.6e}, may be {:.3e} above its least value.",
            answer.value, answer.gap
        ),
    });
    report
}

#[cfg(test)]
#[path = "quantile_tests.rs"]
mod tests;
