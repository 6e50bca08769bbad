//! Ridge: least squares with an L2 penalty.

use super::LinearModel;
use super::problem::{Problem, check_regression, check_signed_regression};
use super::ridge_solve::Task;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use ironlearn_linalg::with_matrix;
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·(y − X·coef − b)² + alpha·‖coef‖²`, for each output by itself (Hoerl and Kennard 1970).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ridge {
    /// Penalty strength, in units of x². Range [0, ∞); one for all outputs or one each.
    pub alpha: PerOutput,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Iterations of the iterative solvers, range [0, ∞). `None`: twice the number of columns for `lsqr`, ten times
    /// for `sparse_cg`, 1000 passes for `sag` and `saga`, 15000 for `lbfgs`.
    pub max_iter: Option<usize>,
    /// Precision of the iterative solvers, range [0, ∞): see [`RidgeSolver`].
    pub tol: f64,
    /// The algorithm.
    pub solver: RidgeSolver,
    /// Whether coefficients have to be ≥ 0; `solver` must be `auto` or `lbfgs`.
    pub positive: bool,
    /// The random stream of `sag` and `saga`.
    pub random_state: u64,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge {
            alpha: 1.0.into(),
            fit_intercept: true,
            max_iter: None,
            tol: 1e-4,
            solver: RidgeSolver::Auto,
            positive: false,
            random_state: 0,
        }
    }
}

/// The algorithms, under scikit-learn's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RidgeSolver {
    /// `cholesky` for dense X, `sparse_cg` for sparse X, `lbfgs` where coefficients have to be positive. Sparse X whose
    /// columns are few beside its entries goes by its normal equations under the name of `sparse_cg`: exact, and faster.
    Auto,
    /// The singular value decomposition of dense X (of its triangle, where rows are not fewer than columns).
    Svd,
    /// Normal equations, or with fewer rows than columns their dual, by Cholesky; sparse X without an intercept only.
    /// A matrix that is singular to working precision goes to `svd`.
    Cholesky,
    /// LSQR; `tol` is its `atol` and `btol`.
    Lsqr,
    /// Conjugate gradients on the normal equations or their dual; `tol` is the relative residual.
    SparseCg,
    /// Stochastic average gradients; `tol` is the relative change in a pass.
    Sag,
    /// SAGA; the same `tol`.
    Saga,
    /// Non-negative coefficients. scikit-learn runs L-BFGS-B under this name; here active sets on the normal equations
    /// find the exact solution, up to 4096 columns, and `max_iter` bounds the changes of the set. Above that,
    /// accelerated projected gradients run until no entry of the projected gradient exceeds `tol`.
    Lbfgs,
}

impl RidgeSolver {
    /// scikit-learn's name.
    pub fn name(self) -> &'static str {
        match self {
            RidgeSolver::Auto => "auto",
            RidgeSolver::Svd => "svd",
            RidgeSolver::Cholesky => "cholesky",
            RidgeSolver::Lsqr => "lsqr",
            RidgeSolver::SparseCg => "sparse_cg",
            RidgeSolver::Sag => "sag",
            RidgeSolver::Saga => "saga",
            RidgeSolver::Lbfgs => "lbfgs",
        }
    }
}

/// A number for all outputs, or one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerOutput {
    /// The same for all.
    One(f64),
    /// One each.
    Each(Vec<f64>),
}

impl From<f64> for PerOutput {
    fn from(value: f64) -> Self {
        PerOutput::One(value)
    }
}

impl PerOutput {
    /// The numbers as they were given.
    pub fn values(&self) -> &[f64] {
        match self {
            PerOutput::One(v) => std::slice::from_ref(v),
            PerOutput::Each(v) => v,
        }
    }

    /// One for each of `outputs`.
    ///
    /// # Errors
    /// [`Error::Input`] where their numbers differ.
    pub fn spread(&self, outputs: usize) -> Result<Vec<f64>> {
        match self.values() {
            [one] => Ok(vec![*one; outputs]),
            each if each.len() == outputs => Ok(each.to_vec()),
            each => {
                bad_input!("Number of targets and number of penalties do not correspond: {} != {outputs}", each.len())
            }
        }
    }
}

impl Params for Ridge {
    const NAME: &'static str = "Ridge";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        if let Some(found) = self.alpha.values().iter().find(|a| !(a.is_finite() && **a >= 0.0)) {
            return wrong("alpha", "a float in the range [0.0, inf)", found.to_string());
        }
        if !(self.tol.is_finite() && self.tol >= 0.0) {
            return wrong("tol", "a float in the range [0.0, inf)", self.tol.to_string());
        }
        if self.solver == RidgeSolver::Lbfgs && !self.positive {
            let message = "'lbfgs' solver can be used only when positive=True. Please use another solver.";
            return Err(Error::Parameters(message.into()));
        }
        if self.positive && !matches!(self.solver, RidgeSolver::Auto | RidgeSolver::Lbfgs) {
            return Err(Error::Parameters(format!(
                "solver='{}' does not support positive fitting. Please set the solver to 'auto' or 'lbfgs', or set \
                 `positive=False`",
                self.solver.name()
            )));
        }
        Ok(())
    }
}

impl Ridge {
    /// The algorithm that `auto` stands for, and whether X may be as it is.
    fn resolve(&self, sparse: bool) -> Result<RidgeSolver> {
        use RidgeSolver::{Auto, Cholesky, Lbfgs, Saga, SparseCg, Svd};
        if sparse && self.fit_intercept && matches!(self.solver, Svd | Cholesky | Saga) {
            bad_input!(
                "solver='{}' does not support fitting the intercept on sparse data. Please set the solver to 'auto' or \
                 'lsqr', 'sparse_cg', 'sag', 'lbfgs' or set `fit_intercept=False`",
                self.solver.name()
            );
        }
        if sparse && self.solver == Svd {
            bad_input!("SVD solver does not support sparse inputs currently");
        }
        Ok(match self.solver {
            Auto if self.positive => Lbfgs,
            Auto if sparse => SparseCg,
            Auto => Cholesky,
            given => given,
        })
    }
}

impl Ridge {
    /// Whether weights may be negative: `sag` and `saga` take each row's weight as it is, the others its root. For an
    /// intercept with sparse X scikit-learn runs another solver under the name of `sag`, which takes roots.
    fn takes_signed_weights(&self, sparse: bool) -> bool {
        matches!(self.solver, RidgeSolver::Sag | RidgeSolver::Saga) && !(sparse && self.fit_intercept)
    }
}

impl<B: Backend> FitOn<B> for Ridge {
    type Model = LinearModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        let solver = params.resolve(data.x.is_sparse())?;
        if params.takes_signed_weights(data.x.is_sparse()) {
            check_signed_regression(data, params.fit_intercept)?;
        } else {
            check_regression(data, params.fit_intercept)?;
        }
        let y = data.values(Self::NAME)?;
        let alphas = params.alpha.spread(y.ncols())?;
        with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y, data.weights.as_ref().map(|w| w.view()), ctl);
            let solved = Task { params, alphas, problem }.solve(solver)?;
            Ok(solved.into_model(data.x.dtype()))
        })
    }
}

#[cfg(test)]
#[path = "ridge_tests.rs"]
mod tests;
