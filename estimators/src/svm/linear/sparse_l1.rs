//! The squared hinge with an L1 penalty on sparse X, column by column ([`descent`]).

use super::problem::{Answer, Problem};
use crate::linear::solver::descent::{self, Columns, Rule, Short, State, Steps};
use crate::{Control, Result};
use ironlearn_linalg::Real;

/// The sum of the violations at the end, as a share of what liblinear's rule leaves.
const STOP: f64 = 0.5;
/// Solves for the columns of sparse X.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn solve<F: Real>(problem: &Problem, columns: &Columns<F>, ctl: &Control) -> Result<Answer> {
    let p = columns.len();
    let scaling = problem.intercept.unwrap_or(0.0);
    let rows = problem.y.iter().zip(&problem.cost).map(|(&y, cost)| Short { residual: y, cost: y * cost }).collect();
    // The last coefficient is the intercept over its scaling.
    let start = (vec![0.0; p + 1], rows);
    let mut state = State::new((columns, scaling), start, (vec![1.0; p + 1], vec![0.0; p + 1]));
    let rule = Rule { share: STOP * problem.share_of_gradient(), max_iter: problem.max_iter, seed: problem.seed };
    let done = descent::minimise(&mut state, rule, &mut Steps::default(), ctl)?;
    let mut coef = state.theta;
    let intercept = coef.pop().unwrap_or_default() * scaling;
    let solver = "coordinate-descent";
    Ok(Answer { coef, intercept, iterations: done.iterations, converged: done.converged, solver })
}
