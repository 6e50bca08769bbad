//! What the parameters of linear machines may say, and which combinations liblinear has a solver for.

use crate::{Error, Report, Result, Warning, WarningKind};
use serde::{Deserialize, Serialize};

/// The penalty of the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// `‖w‖₁`.
    L1,
    /// `½‖w‖²`.
    #[default]
    L2,
}

/// The formulation that is asked for. Both have one optimum, and what solves it here does not depend on this; it
/// decides which combinations are refused, as in scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dual {
    /// The dual, or the primal.
    Given(bool),
    /// The dual where there are fewer rows than columns, unless only the other one is there.
    Rule(Auto),
}

/// The name of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// By the shape of X.
    Auto,
}

/// What several classes are made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultiClass {
    /// Each class against the rest.
    #[default]
    Ovr,
    /// All in one problem (Crammer and Singer 2001); it has one loss and one penalty, whatever the others say.
    CrammerSinger,
}

impl Dual {
    /// Whether the dual is solved for, for X of this shape.
    ///
    /// # Errors
    /// [`Error::Parameters`] where there is no such solver, in scikit-learn's words. `primal` and `dual` say which of the
    /// formulations the combination has.
    pub(super) fn resolve(
        self,
        (rows, columns): (usize, usize),
        (penalty, loss): (Norm, &str),
        (primal, dual): (bool, bool),
    ) -> Result<bool> {
        let penalty = if penalty == Norm::L1 { "l1" } else { "l2" };
        let wanted = match self {
            Dual::Given(wanted) => wanted,
            Dual::Rule(Auto::Auto) if rows < columns => dual,
            Dual::Rule(Auto::Auto) => !primal,
        };
        if if wanted { dual } else { primal } {
            return Ok(wanted);
        }
        let said = if wanted { "True" } else { "False" };
        let why = if primal || dual {
            format!("The combination of penalty='{penalty}' and loss='{loss}' are not supported when dual={said}")
        } else {
            format!("The combination of penalty='{penalty}' and loss='{loss}' is not supported")
        };
        Err(Error::Parameters(format!(
            "Unsupported set of arguments: {why}, Parameters: penalty='{penalty}', loss='{loss}', dual={said}"
        )))
    }
}

/// Checks a number that has to be positive and finite.
///
/// # Errors
/// [`Error::Parameter`].
pub(super) fn positive(estimator: &'static str, name: &'static str, found: f64) -> Result<()> {
    if found > 0.0 && found.is_finite() {
        return Ok(());
    }
    let (expected, found) = ("a float in the range (0.0, inf)".into(), found.to_string());
    Err(Error::Parameter { estimator, name, expected, found })
}

/// The report of fits that took so many iterations, with scikit-learn's warning where one was cut short or needed them
/// all.
pub(super) fn report(solver: &str, iterations: Vec<usize>, converged: bool, max_iter: usize) -> Report {
    let message = "Liblinear failed to converge, increase the number of iterations.".to_owned();
    let warning = Warning { kind: WarningKind::Convergence, message };
    let all = iterations.iter().any(|&done| done >= max_iter);
    let warnings = if converged && !all { Vec::new() } else { vec![warning] };
    Report { iterations, converged, solver: solver.to_owned(), warnings }
}
