//! Sequential minimal optimisation of a block of variables whose kernel matrix is at hand.
//!
//! A step takes the variable of the smallest gradient that can rise and lets the one fall that gains most by the second
//! order (Fan, Chen and Lin 2005). It is two passes over the block.

use super::passes::{LANES, move_and_look, partner};
use super::problem::{End, falling, rising};
use crate::{Control, Result};
use ironlearn_linalg::Real;
use std::ops::Range;

/// What stands for a curvature that is not positive, as in LIBSVM.
pub const TAU: f64 = 1e-12;

/// Steps between two looks at the control.
const CHECK_EVERY: usize = 128;

/// A block. The variables of each group lie one after the other, filled up to a multiple of [`LANES`].
pub struct Block<F> {
    /// Row by row, each as long as the block; empty where it was not needed yet.
    pub rows: Vec<Vec<F>>,
    /// The matrix's diagonal.
    pub diagonal: Vec<f64>,
    /// The gradients.
    pub gradient: Vec<f64>,
    /// The variables.
    pub beta: Vec<f64>,
    /// Their smallest values.
    pub lower: Vec<f64>,
    /// Their largest values.
    pub upper: Vec<f64>,
    /// The cost of each |β|.
    pub epsilon: f64,
    /// The groups.
    pub groups: Vec<Range<usize>>,
}

/// How far a block was solved.
pub struct Progress {
    /// Steps done.
    pub steps: usize,
    /// How it ended: at its tolerance, at its number of steps, or by rounding.
    pub end: End,
}

impl<F: Real> Block<F> {
    /// Steps until the violation is below `tol` (or below `share` of what it was), or `most` steps are done. `gather` writes
    /// a row that is needed to the empty vector that stands for it.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn solve(
        &mut self,
        tol: f64,
        share: f64,
        most: usize,
        gather: impl Fn(usize, &mut Vec<F>),
        ctl: &Control,
    ) -> Result<Progress> {
        let m = self.beta.len();
        let need = |rows: &mut [Vec<F>], k: usize| {
            if rows[k].is_empty() {
                gather(k, &mut rows[k]);
            }
        };
        need(&mut self.rows, 0);
        let mut up: Vec<f64> = (0..m).map(|k| rising(self.beta[k], self.upper[k], self.epsilon)).collect();
        let mut down: Vec<f64> = (0..m).map(|k| falling(self.beta[k], self.lower[k], self.epsilon)).collect();
        let mut last = (0, 0, 0.0);
        let mut tol = tol;
        for steps in 0..=most {
            if steps % CHECK_EVERY == 0 {
                ctl.check()?;
            }
            let (mut violation, mut best): (f64, Option<(f64, usize, f64, usize)>) = (f64::NEG_INFINITY, None);
            for group in &self.groups {
                let range = group.clone();
                let found = move_and_look(
                    &mut self.gradient[range.clone()],
                    &up[range.clone()],
                    &down[range.clone()],
                    &self.rows[last.0][range.clone()],
                    &self.rows[last.1][range.clone()],
                    last.2,
                );
                violation = violation.max(found.high - found.low);
                if found.at == usize::MAX || !(found.high - found.low > 0.0) {
                    continue;
                }
                let i = range.start + found.at;
                need(&mut self.rows, i);
                let j = partner(
                    &self.gradient[range.clone()],
                    &down[range.clone()],
                    &self.diagonal[range.clone()],
                    &self.rows[i][range.clone()],
                    found.low,
                    self.diagonal[i],
                    TAU,
                );
                if j == usize::MAX {
                    continue;
                }
                let j = range.start + j;
                let b = self.gradient[j] + down[j] - found.low;
                let a = self.curvature(i, j);
                if best.is_none_or(|(gain, ..)| b * b / a > gain) {
                    best = Some((b * b / a, i, b / a, j));
                }
            }
            if steps == 0 {
                tol = tol.max(share * violation);
            }
            if violation < tol {
                return Ok(Progress { steps, end: End::Converged });
            }
            let Some((_, i, step, j)) = best else { return Ok(Progress { steps, end: End::Converged }) };
            if steps == most {
                return Ok(Progress { steps, end: End::Steps });
            }
            let moved = self.step(i, j, step);
            if moved == 0.0 {
                return Ok(Progress { steps, end: End::Rounding });
            }
            for k in [i, j] {
                up[k] = rising(self.beta[k], self.upper[k], self.epsilon);
                down[k] = falling(self.beta[k], self.lower[k], self.epsilon);
            }
            need(&mut self.rows, j);
            last = (i, j, moved);
        }
        Ok(Progress { steps: most, end: End::Steps })
    }

    fn curvature(&self, i: usize, j: usize) -> f64 {
        let a = self.diagonal[i] + self.diagonal[j] - 2.0 * self.rows[i][j].widen();
        if a > 0.0 { a } else { TAU }
    }

    /// Lets i rise and j fall by `step`, or as far as the bounds and the kink at 0 allow; how far it went.
    fn step(&mut self, i: usize, j: usize, step: f64) -> f64 {
        let (rises, falls) = (self.beta[i], self.beta[j]);
        let (top, bottom) = (
            if rises < 0.0 { self.upper[i].min(0.0) } else { self.upper[i] },
            if falls > 0.0 { self.lower[j].max(0.0) } else { self.lower[j] },
        );
        let room = (top - rises).min(falls - bottom);
        let step = step.min(room);
        self.beta[i] = if step >= top - rises { top } else { rises + step };
        self.beta[j] = if step >= falls - bottom { bottom } else { falls - step };
        if self.beta[i] == rises && self.beta[j] == falls { 0.0 } else { step }
    }
}

/// The smallest multiple of [`LANES`] that is not below `n`.
pub fn filled(n: usize) -> usize {
    n.div_ceil(LANES) * LANES
}
