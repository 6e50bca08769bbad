//! A hinge on many columns of mostly zeros: the joint problem of two classes, by its descent.
//!
//! Where two classes have opposite coefficients, Crammer and Singer's problem at half the cost is half of the hinge's at
//! the difference of their coefficients. Where few rows pay at the end, the descent takes a fraction of the interior
//! point's time; where it does not come to an end in such a fraction, that is what is left.

use super::crammer_singer::rows::Rows;
use super::crammer_singer::{AllClasses, descent};
use super::problem::{Answer, Problem};
use crate::{Control, Result};

/// Visits of rows, times two, in the time of a quarter of an interior point's, for rows of so many entries: that takes some
/// twenty Gram matrices, whose operations are about eight times as quick.
pub fn visits((n, p): (usize, usize), entries: usize) -> usize {
    let operations = 20.0 * n as f64 * (p as f64).powi(2) / 8.0;
    (operations / 4.0 / (2 * entries.max(1)) as f64) as usize
}

/// Solves a hinge's problem; `None` where so many visits do not suffice.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn solve<R: Rows>(
    problem: &Problem,
    cols: usize,
    rows: &R,
    most_visits: usize,
    ctl: &Control,
) -> Result<Option<Answer>> {
    if !problem.pays_anything() {
        return Ok(Some(problem.nothing(cols)));
    }
    let codes: Vec<u32> = problem.y.iter().map(|&y| u32::from(y > 0.0)).collect();
    let all = AllClasses {
        codes: &codes,
        n_classes: 2,
        cost: problem.cost.iter().map(|c| 0.5 * c).collect(),
        intercept: problem.intercept,
        tol: problem.tol,
        seed: problem.seed.0,
    };
    let found = descent::solve(&all, cols, rows, most_visits, ctl)?;
    Ok(found.converged.then(|| Answer {
        coef: (&found.coef.row(1) - &found.coef.row(0)).to_vec(),
        intercept: found.intercept[1] - found.intercept[0],
        iterations: found.iterations,
        converged: true,
        solver: found.solver,
    }))
}
