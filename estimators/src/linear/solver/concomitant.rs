//! Huber's regression with its scale, by an interior point method.
//!
//! Half the objective is the largest value over `|u| ≤ epsilon` of `Σ w·(u·r + sigma·(1 − u²)/2) + alpha/2·‖coef‖²`, so the
//! scale is the multiplier of the dual's one condition `Σ w·u² ≤ 1` (weights add up to 1). Predictor and corrector
//! steps go for all of it at once, with one weighted Gram of X each. Neither a nearly straight loss (epsilon near 1) nor
//! a scale that falls to 0 slows them down, and every step is a function of weighted sums over the rows. With negative
//! weights there is no such dual; then `descent` goes downhill instead.

use super::interior_point::design::{Design, dot};
use super::interior_point::side::{Aim, Side, loss};
use super::pinball::weighted_quantile;
use crate::loss::{Huber, Loss};
use crate::{Backend, Control, Result};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2, ArrayView1};
use std::borrow::Cow;

mod descent;

/// The problem, but for X.
pub struct Concomitant {
    /// The target; with an intercept best less its mean.
    pub y: Vec<f64>,
    /// Weights that add up to 1.
    pub weights: Vec<f64>,
    /// Where the loss turns straight, in units of the scale.
    pub epsilon: f64,
    /// The penalty on ‖coef‖², a unit of weight.
    pub alpha: f64,
    /// Whether there is an intercept.
    pub intercept: bool,
    /// The duality gap, relative to the objective, at which steps end.
    pub tol: f64,
    /// The largest entry of the gradient, a unit of weight, with which a start is an optimum.
    pub flat: f64,
    /// Steps at most.
    pub max_iter: usize,
    /// The weighted mean of |y|.
    pub spread: f64,
}

/// A point, in the caller's units.
#[derive(Debug, Clone)]
pub struct Iterate {
    /// One for each column of X.
    pub coef: Array1<f64>,
    /// In units of y.
    pub intercept: f64,
    /// Positive, in units of y.
    pub scale: f64,
}

/// What was found.
pub struct Solved {
    /// Where.
    pub at: Iterate,
    /// `y − X·coef − intercept`.
    pub residual: Vec<f64>,
    /// Steps.
    pub iterations: usize,
    /// Whether the gap was closed.
    pub converged: bool,
    /// The gap, relative to the objective.
    pub gap: f64,
}

/// The least scale, as scikit-learn has it: an exact fit has none.
const LEAST_SCALE: f64 = 10.0 * f64::EPSILON;
/// How near to the border of the interior a step may go.
const NEAR: f64 = 0.9995;

/// The one condition on all rows: its multiplier (the scale) and how far it is from being tight.
#[derive(Clone, Copy)]
struct Ball {
    sigma: f64,
    room: f64,
}

impl Ball {
    /// How far a step may go, and half the product after it.
    fn reach(self, change: Ball) -> f64 {
        let up_to = |value: f64, change: f64| if change < 0.0 { -value / change } else { f64::INFINITY };
        up_to(self.sigma, change.sigma).min(up_to(self.room, change.room))
    }

    fn after(self, change: Ball, length: f64) -> f64 {
        (self.sigma + length * change.sigma) * (self.room + length * change.room) / 2.0
    }
}

impl Concomitant {
    /// Minimises from `start`, or from the median.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity in X, [`crate::Error::Linalg`].
    pub fn solve<B: Backend, F: Real>(
        &self,
        start: Option<Iterate>,
        on: &B,
        x: &B::Placed<'_, F>,
        ctl: &Control,
    ) -> Result<Solved> {
        let y = ArrayView1::from(&self.y);
        let signed = self.weights.iter().any(|&w| w < 0.0);
        let units = if signed { self.weights.iter().map(|w| w.abs()).collect() } else { Cow::from(&self.weights) };
        let (design, mut theta) = Design::new(on, x, y, &units, (self.intercept, self.alpha > 0.0), ctl)?;
        theta.fill(0.0);
        let mut scale = 1.0;
        if let Some(start) = &start {
            (theta, scale) = (design.theta(&start.coef, start.intercept), start.scale.max(LEAST_SCALE));
            let residual = self.residual(&design, &theta)?;
            if self.violation(&design, &theta, &residual, scale)? <= self.flat {
                return Ok(Solved { at: start.clone(), residual, iterations: 0, converged: true, gap: 0.0 });
            }
        }
        if self.max_iter == 0 {
            let residual = self.residual(&design, &theta)?;
            let (coef, intercept) = design.coefficients(&theta);
            let at = start.unwrap_or(Iterate { coef, intercept, scale });
            return Ok(Solved { at, residual, iterations: 0, converged: false, gap: f64::INFINITY });
        }
        if signed {
            return self.descend(&design, theta, scale);
        }
        if self.intercept && start.is_none() {
            let last = theta.len() - 1;
            theta[last] = weighted_quantile(&self.y, &self.weights, 0.5);
        }
        self.approach(&design, theta, start.map(|s| s.scale))
    }

    /// The steps.
    fn approach<B: Backend, F: Real>(
        &self,
        design: &Design<'_, '_, B, F>,
        mut theta: Vec<f64>,
        scale: Option<f64>,
    ) -> Result<Solved> {
        let (ctl, m, n) = (design.ctl(), design.columns.len(), self.y.len());
        let diagonal: Vec<f64> = design.scale.iter().map(|s| self.alpha / (s * s)).collect();
        let mut residual = self.residual(design, &theta)?;
        let typical = loss((-1.0, 1.0), &self.weights, &residual).max(1e-6 * self.spread).max(LEAST_SCALE);
        let mut ball = Ball { sigma: scale.unwrap_or(typical).max(1e-3 * typical), room: 1.0 };
        let mut rows = Side::new((-self.epsilon, self.epsilon), self.weights.clone(), residual.clone(), 0.2 * typical);
        rows.sigma = ball.sigma;
        // By how much the dual misses `Aᵀ(w·u) = alpha·coef`.
        let mut missed: Vec<f64> = theta[..m].iter().zip(&diagonal).map(|(t, d)| t * d).collect();
        let (mut iterations, mut converged, mut last, mut idle) = (0, false, f64::INFINITY, 0);
        let mut relative;
        loop {
            let u = rows.duals();
            let d = rows.curvatures(ctl)?;
            let targets = Array2::from_shape_fn((n, 2), |(i, k)| if k == 0 { rows.residual[i] } else { u[i] });
            let extra: Vec<f64> = missed.iter().map(|v| -v).collect();
            let Some((normal, solved)) = design.normal(&d, targets.view(), &diagonal, &extra)? else {
                relative = f64::INFINITY;
                break;
            };
            let (to_residual, to_duals) = (&solved[0], &solved[1]);
            let (a_residual, a_duals) = (design.product(to_residual)?, design.product(to_duals)?);
            let tight = 1.0 - weighted(&self.weights, |i| u[i] * u[i]) - ball.room;
            let by_duals = weighted(&d, |i| u[i] * (u[i] - a_duals[i]));
            // The change of the ball for the change `u_p − u_q·dσ` of the dual variables, with `p` = Σ w·u·u_p.
            let of_ball = |p: f64, aim: f64| {
                let sigma = (aim - ball.sigma * (ball.room + tight) + 2.0 * ball.sigma * p)
                    / (ball.room + 2.0 * ball.sigma * by_duals);
                Ball { sigma, room: tight - 2.0 * (p - by_duals * sigma) }
            };
            let plain = of_ball(weighted(&d, |i| u[i] * (rows.residual[i] - a_residual[i])), 0.0);
            let along: Vec<f64> = (0..n).map(|i| a_residual[i] + (u[i] - a_duals[i]) * plain.sigma).collect();
            let reach = rows.plain_reach(&along, ctl)?;
            let gap = reach.after(0.0, 0.0) + ball.after(plain, 0.0);
            let value = self.value(&residual, ball.sigma, &theta, design);
            relative = 2.0 * gap / value;
            ctl.step(iterations, self.max_iter, value)?;
            idle = if gap > 0.5 * last { idle + 1 } else { 0 };
            last = last.min(gap);
            if relative <= self.tol || gap <= 1e-16 * self.spread.max(LEAST_SCALE) {
                converged = true;
                break;
            }
            if idle > 8 || !gap.is_finite() {
                // Rounding ends it; near enough all the same, mostly.
                converged = relative <= 1e-8;
                break;
            }
            if iterations >= self.max_iter {
                break;
            }
            iterations += 1;
            let length = reach.primal.min(reach.dual).min(ball.reach(plain)).min(1.0);
            let ahead = (reach.after(length, length) + ball.after(plain, length)).max(0.0) / gap;
            // Two bounds of rows whose weights add up to 1, and the ball.
            let mu = ahead.powi(3).min(1.0) * gap / 3.0;
            let aim = Aim { mu, plain: &along };
            let target = rows.corrected_target(aim, ctl)?;
            let mut right = design.transposed(&target)?;
            right.iter_mut().zip(theta[..m].iter().zip(&diagonal)).for_each(|(r, (t, d))| *r -= t * d);
            let to_target = normal.solve(&right)?;
            let a_target = design.product(&to_target)?;
            let sum =
                dot(&u, &target) - weighted(&self.weights, |i| u[i] * u[i]) - weighted(&d, |i| u[i] * a_target[i]);
            let change = of_ball(sum, 2.0 * mu - plain.sigma * plain.room);
            let step: Vec<f64> = to_target.iter().zip(to_duals).map(|(t, v)| t - v * change.sigma).collect();
            let moved: Vec<f64> = (0..n).map(|i| a_target[i] - a_duals[i] * change.sigma).collect();
            let along_now: Vec<f64> = (0..n).map(|i| moved[i] + u[i] * change.sigma).collect();
            if !step.iter().chain([&change.sigma, &change.room]).all(|v| v.is_finite()) {
                break;
            }
            let reach = rows.corrected_reach(aim, &along_now, ctl)?;
            let length = (NEAR * reach.primal.min(reach.dual).min(ball.reach(change))).min(1.0);
            rows.advance(aim, &along_now, (length, length), ctl)?;
            theta.iter_mut().zip(&step).for_each(|(t, s)| *t += length * s);
            residual.iter_mut().zip(&moved).for_each(|(r, a)| *r -= length * a);
            missed.iter_mut().for_each(|v| *v *= 1.0 - length);
            ball.sigma = (ball.sigma + length * change.sigma).max(f64::MIN_POSITIVE);
            ball.room = (ball.room + length * change.room).max(f64::MIN_POSITIVE);
            let less: Vec<f64> = (0..n).map(|i| residual[i] - ball.sigma * rows.dual(i)).collect();
            rows.replace(less, ball.sigma, ctl)?;
        }
        let residual = self.residual(design, &theta)?;
        let (coef, intercept) = design.coefficients(&theta);
        let at = Iterate { coef, intercept, scale: ball.sigma.max(LEAST_SCALE) };
        Ok(Solved { at, residual, iterations, converged, gap: relative })
    }

    fn residual<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>, theta: &[f64]) -> Result<Vec<f64>> {
        Ok(self.y.iter().zip(design.product(theta)?).map(|(y, z)| y - z).collect())
    }

    /// The objective, a unit of weight.
    fn value<B: Backend, F: Real>(
        &self,
        residual: &[f64],
        scale: f64,
        theta: &[f64],
        design: &Design<'_, '_, B, F>,
    ) -> f64 {
        let loss = Huber { delta: self.epsilon };
        let fit = weighted(&self.weights, |i| scale + 2.0 * scale * loss.value(residual[i] / scale, 0.0));
        fit + self.alpha * theta.iter().zip(&design.scale).map(|(t, s)| (t / s) * (t / s)).sum::<f64>()
    }

    /// The largest entry of the gradient in the caller's units, a unit of weight; at the least scale a rising objective
    /// is no violation.
    fn violation<B: Backend, F: Real>(
        &self,
        design: &Design<'_, '_, B, F>,
        theta: &[f64],
        residual: &[f64],
        scale: f64,
    ) -> Result<f64> {
        let slopes: Vec<f64> = residual.iter().map(|r| (r / scale).clamp(-self.epsilon, self.epsilon)).collect();
        let products: Vec<f64> = slopes.iter().zip(&self.weights).map(|(u, w)| u * w).collect();
        let sums = design.transposed(&products)?;
        let of_intercept = if self.intercept { sums[design.columns.len()] } else { 0.0 };
        let of_scale = 1.0 - weighted(&self.weights, |i| slopes[i] * slopes[i]);
        let free = scale > LEAST_SCALE || of_scale < 0.0;
        let rest = (2.0 * of_intercept).abs().max(if free { of_scale.abs() } else { 0.0 });
        let of_coef = |a: usize| {
            let (center, unit) = (design.center[a], design.scale[a]);
            2.0 * (sums[a] * unit + center * of_intercept - self.alpha * theta[a] / unit).abs()
        };
        Ok((0..design.columns.len()).map(of_coef).fold(rest, f64::max))
    }
}

/// `Σ w·of(i)`, in tiles.
fn weighted(weights: &[f64], of: impl Fn(usize) -> f64) -> f64 {
    let tile = |(t, w): (usize, &[f64])| (t * 4096..).zip(w).map(|(i, w)| w * of(i)).sum::<f64>();
    weights.chunks(4096).enumerate().map(tile).sum()
}
