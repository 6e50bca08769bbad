//! Losses of one prediction a row with an L1 penalty, column by column: Newton steps of one coefficient (Chang, Hsieh and
//! Lin 2008; Yuan, Chang, Hsieh and Lin 2010), with shrinking, and now and then conjugate gradients over all that are not 0
//! ([`orthant`]).
//!
//! X is met by its stored entries alone, and no matrix of second moments is formed: any number of coefficients may be
//! other than 0.

mod columns;
mod orthant;
mod row;
mod state;

pub use columns::Columns;
pub use orthant::Steps;
pub use row::{Bend, Row, Short};
pub use state::State;

use super::order::Order;
use crate::penalty::soft_threshold;
use crate::{Control, Result};
use ironlearn_linalg::Real;

/// Columns between two looks at the clock.
const CHECK: usize = 256;
/// What is left of the violations when all columns are looked at again.
const SHARE: f64 = 0.1;
/// Passes before conjugate gradients are thought of.
const ALONE: usize = 10;

/// When a descent ends.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The sum of the violations at the end, as a share of what the first pass meets.
    pub share: f64,
    /// Passes at most.
    pub max_iter: usize,
    /// The seed and number of the stream of random numbers.
    pub seed: (u64, u64),
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Passes.
    pub iterations: usize,
    /// Whether the rule was met.
    pub converged: bool,
}

/// Minimises from where `state` is; `steps` is kept from one descent to the next where they are alike.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn minimise<F: Real, R: Row>(
    state: &mut State<'_, F, R>,
    rule: Rule,
    steps: &mut Steps,
    ctl: &Control,
) -> Result<Done> {
    // A column that nothing curves along is left out.
    let all: Vec<u32> = (0..state.theta.len() as u32).filter(|&j| state.bounds[j as usize] > 0.0).collect();
    let mut order = Order::new(all.clone(), rule.seed);
    let (mut first, mut limit) = (None, f64::INFINITY);
    let (mut iterations, mut enough, mut spent, mut on_face) = (0, 0.0, 0, 0);
    while iterations < rule.max_iter {
        order.shuffle();
        let (mut sum, mut most, mut at) = (0.0, 0.0_f64, 0);
        while at < order.len() {
            if at % CHECK == 0 {
                ctl.check()?;
            }
            let Some(j) = order.get(at) else { break };
            spent += state.length(j);
            let (slope, curvature) = state.slope(j);
            let (value, l1) = (state.theta[j], state.l1[j]);
            let violation = if value == 0.0 {
                // How much the objective falls for each unit that the coefficient is raised or lowered.
                let fall = slope.abs() - l1;
                if fall < -limit {
                    order.leave(at);
                    continue;
                }
                fall.max(0.0)
            } else {
                (slope + l1 * value.signum()).abs()
            };
            at += 1;
            sum += violation;
            most = most.max(violation);
            let to = soft_threshold(value - slope / curvature, l1 / curvature);
            if violation > 1e-12 && to != value {
                state.advance(j, to - value, slope);
            }
        }
        iterations += 1;
        if first.is_none() {
            enough = SHARE * sum;
        }
        let first = *first.get_or_insert(sum);
        ctl.step(iterations, rule.max_iter, sum / first)?;
        let goal = rule.share * first;
        if sum <= goal.max(enough) || first == 0.0 {
            if order.len() == all.len() && (sum <= goal || first == 0.0) {
                return Ok(Done { iterations, converged: true });
            }
            // Columns that were left alone too early come back before much is spent on the others.
            enough = SHARE * sum;
            order = order.again(all.clone());
            limit = f64::INFINITY;
            continue;
        }
        limit = most / state.rows.len() as f64;
        if iterations >= ALONE && spent >= on_face {
            spent = 0;
            on_face = orthant::go(state, steps, ctl)?;
        }
    }
    Ok(Done { iterations, converged: false })
}

#[cfg(test)]
mod tests;
