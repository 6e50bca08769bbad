//! Squared losses: they have a derivative and, but for single points, a second one, so that Newton's methods of the
//! generalised linear models solve them: with an L2 penalty preconditioned L-BFGS, with an L1 penalty Newton steps over
//! working sets.

use super::Norm;
use super::problem::{Answer, Pays, Problem};
use crate::linear::glm::lbfgs::Stop;
use crate::linear::glm::objective::Penalty;
use crate::linear::glm::rows::Numbers;
use crate::linear::glm::{Fitted, Task};
use crate::loss::{Smooth, SquaredEpsilonInsensitive, SquaredHinge};
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2};

/// Solves a problem whose loss is squared.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn solve<B: Backend, F: Real>(problem: &Problem, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Answer> {
    let found = match problem.pays {
        Pays::Insensitive(epsilon) | Pays::SquaredInsensitive(epsilon) => {
            fit(problem, SquaredEpsilonInsensitive { epsilon }, problem.y.clone(), x, on, ctl)?
        }
        Pays::Hinge | Pays::SquaredHinge => {
            let codes = problem.y.iter().map(|y| (y + 1.0) / 2.0).collect();
            fit(problem, SquaredHinge { threshold: 1.0 }, codes, x, on, ctl)?
        }
    };
    let Some(found) = found else { return Ok(problem.nothing(0)) };
    Ok(Answer {
        coef: found.coef.row(0).to_vec(),
        intercept: found.intercept[0],
        iterations: found.iterations,
        converged: found.converged,
        solver: "newton",
    })
}

fn fit<B: Backend, F: Real, L: Smooth>(
    problem: &Problem,
    loss: L,
    y: Vec<f64>,
    x: Matrix<'_, F>,
    on: &B,
    ctl: &Control,
) -> Result<Option<Fitted>> {
    let p = x.ncols();
    let total: f64 = problem.cost.iter().sum();
    let of = |norm| if problem.norm == norm { 1.0 / total } else { 0.0 };
    let mut penalty = Penalty::uniform(p, of(Norm::L2), of(Norm::L1));
    if let Some(scaling) = problem.intercept {
        penalty.l2[p] = of(Norm::L2) / (scaling * scaling);
        penalty.l1[p] = of(Norm::L1) / scaling;
    }
    let two_classes = matches!(problem.pays, Pays::Hinge | Pays::SquaredHinge);
    let rows = Numbers { loss, y, weights: Some(problem.cost.clone()), two_classes };
    let task = Task {
        rows: &rows,
        fit_intercept: problem.intercept.is_some(),
        stop: stop(problem, p > super::problem::NEWTON && problem.norm == Norm::L2),
        share_of_zero: true,
    };
    let start = (Array2::zeros((1, p)), Array1::zeros(1));
    Ok(task.path(x, &[penalty], start, on, ctl)?.pop())
}

/// liblinear's primal rule, of which the dual's is about as strict as a hundredth. Newton's steps overshoot it by far;
/// those of L-BFGS on many columns do not, and go on to a tenth.
fn stop(problem: &Problem, wide: bool) -> Stop {
    let stricter = if problem.dual {
        0.01
    } else if wide {
        0.1
    } else {
        1.0
    };
    Stop { tol: f64::INFINITY, total: problem.share_of_gradient() * stricter, max_iter: problem.max_iter }
}
