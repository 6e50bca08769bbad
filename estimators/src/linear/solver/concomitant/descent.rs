//! Huber's regression where some weights are negative: no dual then bounds what can still be gained, and there may be
//! several minima or none. L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.4) goes downhill from
//! the start on coefficients and the logarithm of the scale, and ends where the gradient does.

use super::{Concomitant, Iterate, LEAST_SCALE, Solved, weighted};
use crate::linear::solver::interior_point::design::{Design, dot};
use crate::{Backend, Result, bad_input};
use ironlearn_linalg::Real;
use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;

/// θ and the logarithm of the scale, and what the objective does there.
struct Point {
    at: Vec<f64>,
    residual: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// As [`Concomitant::violation`] has it.
    violation: f64,
}

impl Point {
    fn theta(&self) -> &[f64] {
        &self.at[..self.at.len() - 1]
    }

    fn scale(&self) -> f64 {
        scale(&self.at)
    }
}

fn scale(at: &[f64]) -> f64 {
    at[at.len() - 1].exp().max(LEAST_SCALE)
}

/// A step, the change of the gradient along it, and their product.
type Pair = (Vec<f64>, Vec<f64>, f64);

impl Concomitant {
    /// Goes downhill from θ and `scale`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where the objective falls without end, [`crate::Error::Linalg`].
    pub(super) fn descend<B: Backend, F: Real>(
        &self,
        design: &Design<'_, '_, B, F>,
        mut theta: Vec<f64>,
        scale: f64,
    ) -> Result<Solved> {
        theta.push(scale.ln());
        let mut point = self.point(design, theta)?;
        let first = point.violation;
        let mut memory: VecDeque<Pair> = VecDeque::new();
        let (mut iterations, mut converged) = (0, false);
        loop {
            if !point.value.is_finite() || point.at.iter().chain(&point.gradient).any(|v| !v.is_finite()) {
                bad_input!(
                    "HuberRegressor convergence failed: the objective falls without end. Negative values in data passed \
                     to `sample_weight` leave no minimum"
                );
            }
            converged |= point.violation <= self.flat;
            if converged || iterations >= self.max_iter {
                break;
            }
            design.ctl().step(iterations, self.max_iter, point.value)?;
            let mut direction = downhill(&memory, &point.gradient);
            if dot(&direction, &point.gradient) >= 0.0 {
                memory.clear();
                direction = downhill(&memory, &point.gradient);
            }
            let Some(next) = self.search(design, &point, &direction)? else {
                if memory.is_empty() {
                    // Rounding ends it.
                    converged = point.violation <= 1e-6 * first;
                    break;
                }
                memory.clear();
                continue;
            };
            iterations += 1;
            let less = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
            let (step, change) = (less(&next.at, &point.at), less(&next.gradient, &point.gradient));
            let product = dot(&step, &change);
            if product > 1e-14 * (dot(&step, &step) * dot(&change, &change)).sqrt() {
                memory.push_back((step, change, product));
                if memory.len() > MEMORY {
                    memory.pop_front();
                }
            }
            point = next;
        }
        let (coef, intercept) = design.coefficients(point.theta());
        let at = Iterate { coef, intercept, scale: point.scale() };
        Ok(Solved { at, residual: point.residual, iterations, converged, gap: point.violation / first })
    }

    fn point<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>, at: Vec<f64>) -> Result<Point> {
        let (theta, scale, m) = (&at[..at.len() - 1], scale(&at), design.columns.len());
        let residual = self.residual(design, theta)?;
        let slopes: Vec<f64> = residual.iter().map(|r| (r / scale).clamp(-self.epsilon, self.epsilon)).collect();
        let pulls: Vec<f64> = slopes.iter().zip(&self.weights).map(|(u, w)| -2.0 * u * w).collect();
        let mut gradient = design.transposed(&pulls)?;
        for (a, g) in gradient.iter_mut().enumerate().take(m) {
            *g += 2.0 * self.alpha * theta[a] / (design.scale[a] * design.scale[a]);
        }
        gradient.push(scale * (1.0 - weighted(&self.weights, |i| slopes[i] * slopes[i])));
        let value = self.value(&residual, scale, theta, design);
        let violation = self.violation(design, theta, &residual, scale)?;
        Ok(Point { residual, value, gradient, violation, at })
    }

    /// A point that is low enough along `direction`: by Armijo's condition, or where values are down to rounding by a
    /// gradient that has become smaller.
    fn search<B: Backend, F: Real>(
        &self,
        design: &Design<'_, '_, B, F>,
        point: &Point,
        direction: &[f64],
    ) -> Result<Option<Point>> {
        let slope = dot(direction, &point.gradient);
        let last = direction.len() - 1;
        // The scale changes by no more than a factor of e in one step.
        let mut length = 1.0 / direction[last].abs().max(1.0);
        for _ in 0..40 {
            let at = point.at.iter().zip(direction).map(|(a, d)| a + length * d).collect();
            let next = self.point(design, at)?;
            let change = next.value - point.value;
            let rounding = change.abs() <= 1e-13 * point.value.abs() && next.violation < 0.9 * point.violation;
            if change <= 1e-4 * length * slope || rounding {
                return Ok(Some(next));
            }
            // The minimum of the parabola through what is known, within reason.
            let parabola =
                if change.is_finite() { -slope * length * length / (2.0 * (change - slope * length)) } else { 0.0 };
            length = parabola.clamp(0.1 * length, 0.5 * length);
        }
        Ok(None)
    }
}

/// The two-loop recursion; at first the steepest way, of length 1 at most.
fn downhill(memory: &VecDeque<Pair>, gradient: &[f64]) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let add = |to: &mut Vec<f64>, by: f64, v: &[f64]| to.iter_mut().zip(v).for_each(|(t, v)| *t += by * v);
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change, product) in memory.iter().rev() {
        let share = dot(step, &q) / product;
        add(&mut q, -share, change);
        shares.push(share);
    }
    let unit = match memory.back() {
        Some((_, change, product)) => product / dot(change, change),
        None => 1.0 / dot(gradient, gradient).sqrt().max(1.0),
    };
    q.iter_mut().for_each(|v| *v *= unit);
    for ((step, change, product), share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(change, &q) / product;
        add(&mut q, share - back, step);
    }
    q.iter_mut().for_each(|v| *v = -*v);
    q
}
