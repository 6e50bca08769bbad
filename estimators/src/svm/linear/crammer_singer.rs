//! All classes in one problem, by coordinate descent on its dual: for each row the variables of all classes at once
//! (Crammer and Singer 2001; Keerthi, Sundararajan, Chang, Hsieh and Lin 2008, doi:10.1145/1401890.1401942).
//!
//! Minimises `½ Σₖ ‖wₖ‖² + Σ costᵢ·max(0, maxₖ (1[k ≠ yᵢ] + zᵢₖ) − zᵢ,yᵢ)`. Coefficients are `Σ αᵢₖ·xᵢ` with
//! `Σₖ αᵢₖ = 0` and `αᵢₖ ≤ costᵢ·1[k = yᵢ]`.

use super::order::Order;
use crate::linear::solver::sgd::{Dense, Rows, Sparse};
use crate::{Control, Matrix, Result};
use ironlearn_linalg::Real;
use ndarray::Array2;

/// Rows between two looks at the clock.
const CHECK: usize = 256;

/// The problem, but for X.
pub struct AllClasses<'a> {
    /// The class of each row.
    pub codes: &'a [u32],
    /// The number of classes.
    pub n_classes: usize,
    /// C times the rows' weights, none below 0.
    pub cost: Vec<f64>,
    /// The scaling of the intercepts.
    pub intercept: Option<f64>,
    /// The largest violation of the dual's conditions at which to stop.
    pub tol: f64,
    /// Passes over the rows.
    pub max_iter: usize,
    /// The seed of the rows' order.
    pub seed: u64,
}

/// Coefficients (classes × columns), intercepts, passes and whether the rule was met.
pub struct Found {
    /// Classes × columns.
    pub coef: Array2<f64>,
    /// One a class.
    pub intercept: Vec<f64>,
    /// Passes.
    pub iterations: usize,
    /// Whether the stopping rule was met.
    pub converged: bool,
}

impl AllClasses<'_> {
    /// Solves for X; sparse X by row.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] when interrupted.
    pub fn solve<F: Real>(&self, x: &Matrix<'_, F>, ctl: &Control) -> Result<Found> {
        match x {
            Matrix::Dense(dense) => self.descend(x.ncols(), &Dense::new(dense), ctl),
            Matrix::Sparse(sparse) => self.descend(x.ncols(), &Sparse(*sparse), ctl),
        }
    }

    fn descend<R: Rows>(&self, cols: usize, rows: &R, ctl: &Control) -> Result<Found> {
        let (n, k) = (self.codes.len(), self.n_classes);
        let scaling = self.intercept.unwrap_or(0.0);
        let mut alpha = vec![0.0; n * k];
        // Column by column, so that a stored entry meets all classes at once; the intercepts last.
        let mut w = vec![0.0; (cols + 1) * k];
        let all: Vec<u32> = (0..n as u32).filter(|&i| self.cost[i as usize] > 0.0).collect();
        let mut order = Order::new(all.clone(), (self.seed, 0));
        let (mut gradient, mut next, mut sorted) = (vec![0.0; k], vec![0.0; k], vec![0.0; k]);
        let (mut iterations, mut converged, mut limit) = (0, false, f64::INFINITY);
        while iterations < self.max_iter {
            order.shuffle();
            let (mut most, mut at) = (0.0_f64, 0);
            while at < order.len() {
                if at % CHECK == 0 {
                    ctl.check()?;
                }
                let Some(i) = order.get(at) else { break };
                let (class, cost) = (self.codes[i] as usize, self.cost[i]);
                let alpha = &mut alpha[i * k..(i + 1) * k];
                for (c, (g, v)) in gradient.iter_mut().zip(&w[cols * k..]).enumerate() {
                    *g = scaling * v + f64::from(u8::from(c != class));
                }
                rows.each(i, |j, v| {
                    gradient.iter_mut().zip(&w[j * k..(j + 1) * k]).for_each(|(g, w)| *g += v * w);
                });
                let bound = |c: usize| if c == class { cost } else { 0.0 };
                let largest = gradient.iter().fold(f64::NEG_INFINITY, |a, &g| a.max(g));
                let least = (0..k).filter(|&c| alpha[c] < bound(c)).fold(f64::INFINITY, |a, c| a.min(gradient[c]));
                // A class whose variable is at its bound may have any smaller gradient.
                let violation = largest - least;
                let alone = (0..k).filter(|&c| c != class).fold(f64::NEG_INFINITY, |a, c| a.max(gradient[c]));
                if alpha[class] == 0.0 && gradient[class] - alone > limit {
                    order.leave(at);
                    continue;
                }
                at += 1;
                if violation <= 1e-12 {
                    continue;
                }
                most = most.max(violation);
                let curvature = rows.square(i) + scaling * scaling;
                if curvature <= 0.0 {
                    continue;
                }
                subproblem(curvature, cost, class, &gradient, alpha, &mut sorted, &mut next);
                let mut moved = false;
                for (step, a) in next.iter_mut().zip(alpha.iter_mut()) {
                    let to = *step;
                    *step = to - *a;
                    moved |= *step != 0.0;
                    *a = to;
                }
                if moved {
                    rows.each(i, |j, v| {
                        w[j * k..(j + 1) * k].iter_mut().zip(&next).for_each(|(w, step)| *w += v * step);
                    });
                    w[cols * k..].iter_mut().zip(&next).for_each(|(w, step)| *w += scaling * step);
                }
            }
            iterations += 1;
            ctl.step(iterations, self.max_iter, most)?;
            if most <= self.tol {
                if order.len() == all.len() {
                    converged = true;
                    break;
                }
                order = order.again(all.clone());
                limit = f64::INFINITY;
                continue;
            }
            limit = most;
        }
        let coef = Array2::from_shape_fn((k, cols), |(c, j)| w[j * k + c]);
        let intercept = w[cols * k..].iter().map(|v| v * scaling).collect();
        Ok(Found { coef, intercept, iterations, converged })
    }
}

/// The variables of one row at which the dual is lowest, for a gradient at `alpha`: they are the gradients' linear
/// parts, cut off where that makes them add up to 0.
fn subproblem(
    curvature: f64,
    cost: f64,
    class: usize,
    gradient: &[f64],
    alpha: &[f64],
    sorted: &mut [f64],
    next: &mut [f64],
) {
    // With B = gradient − curvature·alpha, each is min(bound, (beta − B)/curvature).
    for (c, next) in next.iter_mut().enumerate() {
        *next = gradient[c] - curvature * alpha[c];
        sorted[c] = *next + if c == class { curvature * cost } else { 0.0 };
    }
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut beta = sorted[0] - curvature * cost;
    let mut count = 1;
    while count < sorted.len() && beta < count as f64 * sorted[count] {
        beta += sorted[count];
        count += 1;
    }
    beta /= count as f64;
    for (c, next) in next.iter_mut().enumerate() {
        let bound = if c == class { cost } else { 0.0 };
        *next = ((beta - *next) / curvature).min(bound);
    }
}
