//! Many columns and an L2 penalty: coordinate descent on the dual, row by row in random order, with shrinking (Hsieh,
//! Chang, Lin, Keerthi and Sundararajan 2008, doi:10.1145/1390156.1390208; for regression Ho and Lin 2012).
//!
//! The dual minimises `½‖Σ βᵢ·(xᵢ, s)‖² − Σ yᵢ·βᵢ + epsilon·Σ |βᵢ|` over `lowᵢ ≤ βᵢ ≤ highᵢ`, where s is the intercept's
//! scaling. Of two classes βᵢ has the sign of yᵢ, and epsilon is 0. A squared loss adds `Σ βᵢ²/(4·costᵢ)` and bounds
//! nothing from above. Coefficients are `Σ βᵢ·xᵢ` throughout, so that any β tells how far the objective may still fall.

use super::problem::{Answer, Pays, Problem};
use crate::linear::solver::order::Order;
use crate::linear::solver::sgd::{Dense, Rows, Sparse};
use crate::{Control, Matrix, Result};
use ironlearn_linalg::Real;

/// Rows between two looks at the clock, and how far ahead rows are asked for.
const CHECK: usize = 256;
const AHEAD: usize = 8;

/// The relative duality gap at which the descent ends, as a share of liblinear's tolerance.
const GAP: f64 = 1e-2;

/// Solves a problem with an L2 penalty; sparse X by row.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn solve<F: Real>(problem: &Problem, x: &Matrix<'_, F>, ctl: &Control) -> Result<Answer> {
    match x {
        Matrix::Dense(dense) => descend(problem, x.ncols(), &Dense::new(dense), ctl),
        Matrix::Sparse(sparse) => descend(problem, x.ncols(), &Sparse(*sparse), ctl),
    }
}

/// One dual variable as it is visited.
struct Variable {
    beta: f64,
    low: f64,
    high: f64,
    /// The gradient of the smooth part.
    gradient: f64,
    epsilon: f64,
}

impl Variable {
    /// How much the objective falls for each unit that the variable is raised or lowered, where it may be; and by how
    /// much neither does.
    fn slopes(&self) -> (f64, f64, f64) {
        let right = self.gradient + if self.beta >= 0.0 { self.epsilon } else { -self.epsilon };
        let left = self.gradient + if self.beta > 0.0 { self.epsilon } else { -self.epsilon };
        let up = if self.beta < self.high { right } else { f64::INFINITY };
        let down = if self.beta > self.low { -left } else { f64::INFINITY };
        ((-up).max(0.0), (-down).max(0.0), up.min(down))
    }

    /// Where the objective is lowest along this variable, with the second derivative `curvature`.
    fn lowest(&self, curvature: f64) -> f64 {
        let target = if curvature > 0.0 {
            let (to, kink) = (self.beta - self.gradient / curvature, self.epsilon / curvature);
            crate::penalty::soft_threshold(to, kink)
        } else if self.gradient.abs() <= self.epsilon {
            0.0
        } else {
            -self.gradient.signum() * f64::INFINITY
        };
        target.clamp(self.low, self.high)
    }
}

fn descend<R: Rows>(problem: &Problem, cols: usize, rows: &R, ctl: &Control) -> Result<Answer> {
    let n = problem.y.len();
    let (regression, epsilon) = match problem.pays {
        Pays::Insensitive(epsilon) | Pays::SquaredInsensitive(epsilon) => (true, epsilon),
        Pays::Hinge | Pays::SquaredHinge => (false, 0.0),
    };
    let scaling = problem.intercept.unwrap_or(0.0);
    let squared = matches!(problem.pays, Pays::SquaredHinge | Pays::SquaredInsensitive(_));
    // Of a squared loss the dual has a ridge of its own, and no upper bounds.
    let ridge = |i: usize| if squared { 0.5 / problem.cost[i] } else { 0.0 };
    let squares: Vec<f64> = (0..n).map(|i| rows.square(i) + scaling * scaling + ridge(i)).collect();
    let (mut w, mut intercept, mut beta) = (vec![0.0; cols], 0.0, vec![0.0; n]);
    let bounds = |i: usize| {
        let (cost, y) = (if squared { f64::INFINITY } else { problem.cost[i] }, problem.y[i]);
        (if regression || y < 0.0 { -cost } else { 0.0 }, if regression || y > 0.0 { cost } else { 0.0 })
    };
    let all: Vec<u32> = (0..n as u32).filter(|&i| problem.cost[i as usize] > 0.0).collect();
    let mut order = Order::new(all.clone(), problem.seed);
    // What the slopes add up to at 0, and beyond which slack a variable is left alone.
    let (mut first, mut limit) = (None, f64::INFINITY);
    let (mut iterations, mut converged, mut look) = (0, false, 4);
    while iterations < problem.max_iter {
        order.shuffle();
        let (mut most_up, mut most_down, mut sum) = (0.0_f64, 0.0_f64, 0.0);
        let mut at = 0;
        while at < order.len() {
            if at % CHECK == 0 {
                ctl.check()?;
            }
            if let Some(next) = order.get(at + AHEAD) {
                rows.prefetch(next);
            }
            let Some(i) = order.get(at) else { break };
            let (low, high) = bounds(i);
            let gradient = rows.dot(i, &w) + scaling * intercept + ridge(i) * beta[i] - problem.y[i];
            let variable = Variable { beta: beta[i], low, high, gradient, epsilon };
            let (up, down, slack) = variable.slopes();
            if slack > limit {
                order.leave(at);
                continue;
            }
            at += 1;
            (most_up, most_down, sum) = (most_up.max(up), most_down.max(down), sum + up + down);
            if up + down <= 1e-12 {
                continue;
            }
            let change = variable.lowest(squares[i]) - beta[i];
            if change != 0.0 {
                beta[i] += change;
                rows.add_to(i, change, &mut w);
                intercept += change * scaling;
            }
        }
        iterations += 1;
        let first = *first.get_or_insert(sum);
        let found = if regression { sum / first } else { most_up + most_down };
        ctl.step(iterations, problem.max_iter, found)?;
        if found <= problem.tol || first == 0.0 {
            if order.len() == all.len() {
                converged = true;
                break;
            }
            order = order.again(all.clone());
            limit = f64::INFINITY;
            continue;
        }
        limit = most_up.max(most_down);
        if iterations >= look {
            // A look at all rows costs half a pass.
            look = iterations + (iterations / 4).max(4);
            let theta = (w.as_slice(), intercept);
            let (value, gap) = gap(problem, rows, theta, scaling, &beta, ctl)?;
            if gap <= GAP * problem.tol * value {
                converged = true;
                break;
            }
        }
    }
    Ok(Answer { coef: w, intercept: intercept * scaling, iterations, converged, solver: "dual-coordinate-descent" })
}

/// The objective at the coefficients, and how far that may be above its least value.
fn gap<R: Rows>(
    problem: &Problem,
    rows: &R,
    (w, intercept): (&[f64], f64),
    scaling: f64,
    beta: &[f64],
    ctl: &Control,
) -> Result<(f64, f64)> {
    let square: f64 = w.iter().map(|v| v * v).sum::<f64>() + intercept * intercept;
    let (mut losses, mut gains) = (0.0, 0.0);
    for (i, (&beta, &cost)) in beta.iter().zip(&problem.cost).enumerate() {
        if i % CHECK == 0 {
            ctl.check()?;
        }
        if cost == 0.0 {
            continue;
        }
        let (y, z) = (problem.y[i], rows.dot(i, w) + scaling * intercept);
        let (outside, epsilon, squared) = match problem.pays {
            Pays::Hinge => (1.0 - y * z, 0.0, false),
            Pays::SquaredHinge => (1.0 - y * z, 0.0, true),
            Pays::Insensitive(epsilon) => ((y - z).abs() - epsilon, epsilon, false),
            Pays::SquaredInsensitive(epsilon) => ((y - z).abs() - epsilon, epsilon, true),
        };
        let outside = outside.max(0.0);
        losses += cost * if squared { outside * outside } else { outside };
        gains += y * beta - epsilon * beta.abs() - if squared { beta * beta / (4.0 * cost) } else { 0.0 };
    }
    Ok((0.5 * square + losses, square + losses - gains))
}
