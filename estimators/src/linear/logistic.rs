//! LogisticRegression: the log loss of two or more classes with an L2, L1 or elastic-net penalty.

use super::glm::lbfgs::Stop;
use super::glm::objective::Penalty;
use super::glm::rows::{Classes, Numbers};
use super::glm::{Coefficients, Fitted, Task};
use super::{LinearClassifier, Probabilities, liblinear};
use crate::class_weight::ClassWeight;
use crate::loss::LogLoss;
use crate::{
    Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input,
};
use ironlearn_linalg::with_matrix;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Minimises `C·Σ w·loss(y, X·coefᵀ + b) + (1 − l1_ratio)/2·‖coef‖² + l1_ratio·‖coef‖₁`, with the log loss of two
/// classes (one row of coefficients) or the multinomial one (a row a class).
///
/// The solver's name chooses what is minimised and which penalties are allowed, as in scikit-learn; the algorithms are
/// ours. Without an L1 part every name runs L-BFGS on centred and scaled columns, started from the Hessian (p up to
/// 1500, several classes by a Kronecker product), which on small data is Newton's method; large dense data are fitted
/// on a part of the rows first, whose Hessian then serves all of them. With an L1 part: Newton's method with coordinate
/// descent on working sets; two classes on wide X of many zeros, or where thousands of coefficients are not 0,
/// without a matrix of second moments. `report.iterations` counts the steps on all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogisticRegression {
    /// The inverse of the penalty's strength; range (0, ∞], ∞ for no penalty.
    #[serde(rename = "C")]
    pub c: f64,
    /// The share of the L1 penalty; range [0, 1].
    pub l1_ratio: f64,
    /// `liblinear` only: scikit-learn's dual formulation, which has the same optimum and is solved alike here.
    pub dual: bool,
    /// The largest entry of the (smallest sub-)gradient of the objective divided by `C·Σ w` at which to stop; with an
    /// L1 part times that part's strength, where that is below 1; for `sag` and `saga` without one a hundredth of
    /// it, because those names promise more. `liblinear` also asks of the subgradient as a whole (its norm, with an L1
    /// part the sum of its absolute values) to be at most `tol·min(rows of a class)/n` times that at 0. Range [0, ∞).
    pub tol: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// `liblinear` only, which penalises `b / intercept_scaling` like a coefficient. Range (0, ∞).
    pub intercept_scaling: f64,
    /// What the classes count; `None`: 1 each.
    pub class_weight: Option<ClassWeight>,
    /// The solver's name.
    pub solver: LogisticSolver,
    /// Steps. Range [0, ∞).
    pub max_iter: usize,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        LogisticRegression {
            c: 1.0,
            l1_ratio: 0.0,
            dual: false,
            tol: 1e-4,
            fit_intercept: true,
            intercept_scaling: 1.0,
            class_weight: None,
            solver: LogisticSolver::Lbfgs,
            max_iter: 100,
        }
    }
}

/// scikit-learn's names of solvers: what they restrict is kept, the algorithm is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogisticSolver {
    /// L2 or none.
    Lbfgs,
    /// Two classes; L1 or L2, also on the intercept.
    Liblinear,
    /// L2 or none.
    NewtonCg,
    /// L2 or none.
    NewtonCholesky,
    /// L2 or none.
    Sag,
    /// Any penalty.
    Saga,
}

impl LogisticSolver {
    /// scikit-learn's name.
    pub fn name(self) -> &'static str {
        match self {
            LogisticSolver::Lbfgs => "lbfgs",
            LogisticSolver::Liblinear => "liblinear",
            LogisticSolver::NewtonCg => "newton-cg",
            LogisticSolver::NewtonCholesky => "newton-cholesky",
            LogisticSolver::Sag => "sag",
            LogisticSolver::Saga => "saga",
        }
    }

    /// The type of the coefficients: `liblinear` knows `f64` only.
    pub fn dtype(self, of_x: Dtype) -> Dtype {
        if self == LogisticSolver::Liblinear { Dtype::F64 } else { of_x }
    }

    /// Refuses what scikit-learn refuses under this name.
    ///
    /// # Errors
    /// [`Error::Parameters`].
    pub fn check(self, c: f64, l1_ratio: f64, dual: bool) -> Result<()> {
        use LogisticSolver::{Liblinear, Saga};
        let name = self.name();
        let penalty = match l1_ratio {
            _ if c == f64::INFINITY => "None",
            0.0 => "l2",
            1.0 => "l1",
            _ => "elasticnet",
        };
        let message = if !matches!(self, Liblinear | Saga) && !matches!(penalty, "l2" | "None") {
            format!("Solver {name} supports only 'l2' or None penalties, got {penalty} penalty.")
        } else if self != Liblinear && dual {
            format!("Solver {name} supports only dual=False, got dual=True")
        } else if penalty == "elasticnet" && self != Saga {
            format!("Only 'saga' solver supports elasticnet penalty, got solver={name}.")
        } else if self == Liblinear && penalty == "None" {
            "C=np.inf as well as penalty=None is not supported for the liblinear solver".to_owned()
        } else if self == Liblinear && penalty == "l1" && dual {
            "Unsupported set of arguments: The combination of penalty='l1' and loss='logistic_regression' are not \
             supported when dual=True, Parameters: penalty='l1', loss='logistic_regression', dual=True"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(Error::Parameters(message))
    }
}

impl Params for LogisticRegression {
    const NAME: &'static str = "LogisticRegression";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: f64| {
            let (expected, found) = (expected.into(), found.to_string());
            Err(Error::Parameter { estimator: Self::NAME, name, expected, found })
        };
        if !(self.c > 0.0) {
            return wrong("C", "a float in the range (0.0, inf]", self.c);
        }
        if !(0.0..=1.0).contains(&self.l1_ratio) {
            return wrong("l1_ratio", "a float in the range [0.0, 1.0]", self.l1_ratio);
        }
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return wrong("tol", "a float in the range [0.0, inf)", self.tol);
        }
        if !(self.intercept_scaling > 0.0 && self.intercept_scaling.is_finite()) {
            return wrong("intercept_scaling", "a float in the range (0.0, inf)", self.intercept_scaling);
        }
        self.solver.check(self.c, self.l1_ratio, self.dual)
    }
}

/// What a fit of several strengths needs beside X: codes, weights of rows and classes together.
pub(super) struct Labelled {
    /// The class of each row.
    pub codes: Vec<u32>,
    /// The number of classes.
    pub n_classes: usize,
    /// Weights of rows times those of their classes.
    pub weights: Option<Vec<f64>>,
}

impl Labelled {
    /// Checked, from data.
    ///
    /// # Errors
    /// [`Error::Input`].
    pub fn new(
        data: &Data<'_>,
        name: &str,
        class_weight: Option<&ClassWeight>,
        solver: LogisticSolver,
    ) -> Result<Self> {
        data.check()?;
        let (codes, counts) = data.classes(name)?;
        if codes.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", codes.dim());
        }
        let own = data.weights.as_ref().map(|w| w.to_vec());
        let mut weights = match class_weight {
            None => own,
            Some(rule) => Some(rule.of_weighted_rows(codes, counts, own.as_deref())?),
        };
        if let (LogisticSolver::Liblinear, Some(weights)) = (solver, &mut weights) {
            liblinear::leave_out_negative(weights);
        }
        if weights.as_ref().is_some_and(|w| !w.iter().any(|&w| w != 0.0)) {
            bad_input!("Sample weights must contain at least one non-zero number.");
        }
        if weights.as_ref().is_some_and(|w| !(w.iter().sum::<f64>() > 0.0)) {
            bad_input!("The weights of the rows have to add up to more than 0.");
        }
        let n_classes = counts[0];
        if n_classes < 2 {
            bad_input!("This solver needs samples of at least 2 classes in the data, but the data contains only one");
        }
        Ok(Labelled { codes: codes.column(0).to_vec(), n_classes, weights })
    }

    /// Rows of coefficients.
    pub fn outputs(&self) -> usize {
        if self.n_classes == 2 { 1 } else { self.n_classes }
    }

    /// The sum of the weights.
    pub fn weight(&self) -> f64 {
        self.weights.as_ref().map_or(self.codes.len() as f64, |w| w.iter().sum())
    }
}

impl LogisticRegression {
    /// The penalty for rows that weigh `weight` in all.
    pub(super) fn penalty(&self, p: usize, weight: f64, c: f64, l1_ratio: f64) -> Penalty {
        let strength = if c == f64::INFINITY { 0.0 } else { 1.0 / (c * weight) };
        let mut penalty = Penalty::uniform(p, (1.0 - l1_ratio) * strength, l1_ratio * strength);
        if self.solver == LogisticSolver::Liblinear && self.fit_intercept {
            penalty.l2[p] = penalty.l2[0] / (self.intercept_scaling * self.intercept_scaling);
            penalty.l1[p] = penalty.l1[0] / self.intercept_scaling;
        }
        penalty
    }

    /// Fits X for each of the pairs of C and l1_ratio, each from the one before.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`].
    pub(super) fn path<B: Backend>(
        &self,
        x: &crate::AnyMatrix<'_>,
        labelled: &Labelled,
        strengths: &[(f64, f64)],
        start: Option<Coefficients>,
        on: &B,
        ctl: &Control,
    ) -> Result<Vec<Fitted>> {
        let (p, t) = (x.ncols(), labelled.outputs());
        let penalties: Vec<Penalty> =
            strengths.iter().map(|&(c, ratio)| self.penalty(p, labelled.weight(), c, ratio)).collect();
        let strongest = penalties.iter().map(|l| l.l1[0]).fold(f64::INFINITY, f64::min);
        let tol = match self.solver {
            _ if strongest > 0.0 => self.tol * strongest.min(1.0),
            // These names stop by the change of the coefficients, which is later than by the gradient.
            LogisticSolver::Sag | LogisticSolver::Saga => 0.01 * self.tol,
            _ => self.tol,
        };
        let (stop, share_of_zero) = if self.solver == LogisticSolver::Liblinear {
            let largest = strengths.iter().map(|s| s.0).fold(0.0, f64::max);
            liblinear::stop(self, x, labelled, largest, tol)
        } else {
            (Stop::at(tol, self.max_iter), false)
        };
        let start = start.unwrap_or_else(|| (Array2::zeros((t, p)), Array1::zeros(t)));
        if !start.0.iter().chain(&start.1).all(|v| v.is_finite()) {
            bad_input!("Floating-point under-/overflow: the coefficients to start from hold NaN or infinity.");
        }
        let fit_intercept = self.fit_intercept;
        if t == 1 {
            let y = labelled.codes.iter().map(|&k| f64::from(k)).collect();
            let rows = Numbers { loss: LogLoss, y, weights: labelled.weights.clone(), two_classes: true };
            let task = Task { rows: &rows, fit_intercept, stop, share_of_zero };
            return with_matrix!(x.reborrow(), x => task.path(x, &penalties, start, on, ctl));
        }
        let (y, weights) = (labelled.codes.clone(), labelled.weights.clone());
        let rows = Classes { n_classes: labelled.n_classes, y, weights };
        let task = Task { rows: &rows, fit_intercept, stop, share_of_zero };
        with_matrix!(x.reborrow(), x => task.path(x, &penalties, start, on, ctl))
    }

    /// The report of one fit: scikit-learn's warning where it did not converge.
    pub(super) fn report(&self, iterations: Vec<usize>, converged: bool) -> Report {
        let mut warnings = Vec::new();
        if !converged {
            let message = match self.solver {
                LogisticSolver::Liblinear => {
                    "Liblinear failed to converge, increase the number of iterations.".to_owned()
                }
                LogisticSolver::Sag | LogisticSolver::Saga => {
                    "The max_iter was reached which means the coef_ did not converge".to_owned()
                }
                LogisticSolver::NewtonCg => {
                    "newton-cg failed to converge. Increase the number of iterations.".to_owned()
                }
                LogisticSolver::NewtonCholesky => {
                    format!("Newton solver did not converge after {} iterations.", self.max_iter)
                }
                LogisticSolver::Lbfgs => format!(
                    "lbfgs failed to converge after {} iteration(s) (status=1):\nSTOP: TOTAL NO. OF ITERATIONS REACHED \
                     LIMIT\n\nIncrease the number of iterations to improve the convergence (max_iter={}).",
                    iterations.last().copied().unwrap_or_default(),
                    self.max_iter
                ),
            };
            warnings.push(Warning { kind: WarningKind::Convergence, message });
        }
        Report { iterations, converged, solver: self.solver.name().to_owned(), warnings }
    }
}

impl<B: Backend> FitOn<B> for LogisticRegression {
    type Model = LinearClassifier;

    /// Goes on from the coefficients of `start`, where they have the right shape.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LinearClassifier>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearClassifier> {
        let labelled = Labelled::new(data, Self::NAME, params.class_weight.as_ref(), params.solver)?;
        if params.solver == LogisticSolver::Liblinear && labelled.n_classes > 2 {
            bad_input!(
                "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). Either use another \
                 solver or wrap the estimator in a OneVsRestClassifier to keep applying a one-versus-rest scheme."
            );
        }
        let shape = (labelled.outputs(), data.x.ncols());
        let start = start.filter(|s| s.coef.dim() == shape && params.solver != LogisticSolver::Liblinear);
        let start = start.map(|s| (s.coef.clone(), s.intercept.clone()));
        let strengths = [(params.c, params.l1_ratio)];
        let mut found = params.path(&data.x, &labelled, &strengths, start, on, ctl)?;
        let Some(found) = found.pop() else { bad_input!("nothing to fit") };
        let dtype = params.solver.dtype(data.x.dtype());
        Ok(LinearClassifier {
            coef: found.coef.mapv(|v| dtype.round(v)),
            intercept: found.intercept.mapv(|v| dtype.round(v)),
            dtype,
            probabilities: Probabilities::Softmax,
            report: params.report(vec![found.iterations], found.converged),
        })
    }
}

#[cfg(test)]
#[path = "logistic_tests.rs"]
mod tests;
