//! L-BFGS that starts each step from a preconditioner: with a fresh Hessian it is Newton's method, with an old one (or
//! one of a part of the rows) it makes up for the difference.
//!
//! Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.4; steps are accepted by Armijo's condition, near
//! the optimum, where values are down to rounding, by Hager and Zhang's approximate one.

use super::objective::{Curved, Objective, Place};
use super::precondition::Preconditioner;
use super::rows::Rows;
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::Array2;
use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;
/// A decrease by less than this, relative to the value, is none.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// The largest entry of the smallest subgradient at which a point is good enough.
    pub tol: f64,
    /// Its size as a whole, where that is bounded too (see [`Place::total`]); else infinity.
    pub total: f64,
    /// The largest number of steps.
    pub max_iter: usize,
}

impl Stop {
    /// No bound of the whole.
    pub fn at(tol: f64, max_iter: usize) -> Self {
        Stop { tol, total: f64::INFINITY, max_iter }
    }

    /// Whether a point is good enough.
    pub fn met(&self, place: &Place) -> bool {
        place.violation <= self.tol && place.total <= self.total
    }
}

/// What a solver found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The last point.
    pub place: Place,
    /// Steps done.
    pub iterations: usize,
    /// Whether the point is good enough, or as good as rounding allows.
    pub converged: bool,
    /// What share of the violation the last step above rounding left: near 0 where Newton's method ends at an optimum,
    /// about a third where coefficients run to infinity.
    pub left: f64,
}

fn dot(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Minimises a smooth objective from `theta` on. `cheap` says that a new Hessian costs no more than a few passes over X.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn minimise<B: Backend, F: Real, R: Rows>(
    objective: &Objective<'_, '_, B, F, R>,
    theta: Array2<f64>,
    stop: Stop,
    cheap: bool,
) -> Result<Found> {
    let mut place = objective.at(theta)?;
    let mut memory: VecDeque<(Array2<f64>, Array2<f64>, f64)> = VecDeque::new();
    let mut preconditioner: Option<Preconditioner> = None;
    let mut age = 0;
    let mut stuck = false;
    let mut left = 0.0;
    // Whether the part of the rows that tells of the curvature is believed.
    let mut sketched = true;
    for iteration in 0..stop.max_iter {
        if stop.met(&place) {
            return Ok(Found { place, iterations: iteration, converged: true, left });
        }
        if preconditioner.is_none() {
            preconditioner = Some(if sketched {
                objective.precondition(&place.theta)?
            } else {
                Preconditioner::new(objective, &place.theta)?
            });
            memory.clear();
            age = 0;
        }
        let Some(base) = &preconditioner else { break };
        let mut direction = -direction(base, &memory, &place.gradient)?;
        let mut slope = dot(&direction, &place.gradient);
        if !(slope < 0.0 && slope.is_finite()) {
            memory.clear();
            direction = -base.apply(&place.gradient)?;
            slope = dot(&direction, &place.gradient);
        }
        let next = search(objective, &place, &direction, slope)?;
        age += 1;
        let Some((next, halvings)) = next else {
            // No descent: once more from a fresh start, then it is rounding.
            if stuck || age == 1 {
                return Ok(Found { place, iterations: iteration + 1, converged: true, left });
            }
            stuck = true;
            preconditioner = None;
            continue;
        };
        objective.ctl.step(iteration + 1, stop.max_iter, next.value)?;
        let decrease = (place.value - next.value) / place.value.abs().max(next.value.abs()).max(1.0);
        let (step, change) = (&next.theta - &place.theta, &next.gradient - &place.gradient);
        let product = dot(&step, &change);
        if product > 1e-14 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            memory.push_back((step, change, product));
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        let slow = next.violation > 0.1 * place.violation;
        // Rounding in the objective's value is reached well before rounding in the gradient.
        let flat = decrease <= ROUNDING && next.violation > 0.5 * place.violation;
        if !flat {
            left = next.violation / place.violation;
        }
        sketched &= halvings <= 2;
        let diagonal = matches!(preconditioner, Some(Preconditioner::Diagonal(_)));
        if (cheap || halvings > 2 || (slow && age >= 8)) && !diagonal || (diagonal && halvings > 4) {
            preconditioner = None;
        }
        place = next;
        if flat {
            return Ok(Found { place, iterations: iteration + 1, converged: true, left });
        }
    }
    let converged = stop.met(&place);
    Ok(Found { place, iterations: stop.max_iter, converged, left })
}

/// The two-loop recursion.
fn direction(
    base: &Preconditioner,
    memory: &VecDeque<(Array2<f64>, Array2<f64>, f64)>,
    gradient: &Array2<f64>,
) -> Result<Array2<f64>> {
    let mut q = gradient.clone();
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change, product) in memory.iter().rev() {
        let share = dot(step, &q) / product;
        q.scaled_add(-share, change);
        shares.push(share);
    }
    let mut r = base.apply(&q)?;
    for ((step, change, product), share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(change, &r) / product;
        r.scaled_add(share - back, step);
    }
    Ok(r)
}

/// A point that is low enough along `direction`, and how often the step was shortened.
fn search<B: Backend, F: Real, R: Rows>(
    objective: &Objective<'_, '_, B, F, R>,
    place: &Place,
    direction: &Array2<f64>,
    slope: f64,
) -> Result<Option<(Place, usize)>> {
    let mut length = 1.0_f64;
    for halvings in 0..40 {
        let mut theta = place.theta.clone();
        theta.scaled_add(length, direction);
        let next = objective.at(theta)?;
        let change = next.value - place.value;
        let enough = change <= 1e-4 * length * slope;
        let rounding = change.abs() <= 1e-13 * place.value.abs().max(f64::MIN_POSITIVE)
            && dot(&next.gradient, direction).abs() <= 0.9 * slope.abs();
        if enough || rounding {
            return Ok(Some((next, halvings)));
        }
        // The minimum of the parabola through what is known, within reason.
        let parabola =
            if change.is_finite() { -slope * length * length / (2.0 * (change - slope * length)) } else { 0.0 };
        length = parabola.clamp(0.1 * length, 0.5 * length);
    }
    Ok(None)
}
