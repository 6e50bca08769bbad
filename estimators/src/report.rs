//! What a fit has to say about itself.

use serde::{Deserialize, Serialize};

/// The plain account of one fit: a part of the model, so that not converging is never lost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Iterations done; one entry a problem, where several were solved (targets, classes). Empty: a direct method.
    pub iterations: Vec<usize>,
    /// Whether the stopping rule was met. Direct methods converge.
    pub converged: bool,
    /// The algorithm that ran, where there is a choice (such as `cholesky` for `solver="auto"`).
    pub solver: String,
    /// What the user should hear.
    pub warnings: Vec<Warning>,
}

impl Report {
    /// A direct method's report.
    pub fn direct(solver: &str) -> Self {
        Report { converged: true, solver: solver.to_owned(), ..Report::default() }
    }
}

/// Something that the user should hear; Python shows it as a warning of scikit-learn's class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Its kind.
    pub kind: WarningKind,
    /// Its text.
    pub message: String,
}

/// The kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WarningKind {
    /// Python: `ConvergenceWarning`.
    Convergence,
    /// Python: `scipy.linalg.LinAlgWarning`.
    IllConditioned,
    /// Python: `UserWarning`.
    User,
    /// Python: `RuntimeWarning`.
    Runtime,
}
