//! Non-negative ridge regression where the normal equations would not fit: accelerated projected gradients (Beck and
//! Teboulle 2009, doi 10.1137/080716542) with the restart of O'Donoghue and Candès (2015, doi 10.1007/s10208-013-9150-3).

use super::lsqr::Solution;
use crate::linear::problem::Problem;
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::Array1;

/// Minimises `½·‖A·x − b‖² + ½·alpha·‖x‖²` over x ≥ 0 until no entry of the projected gradient exceeds `tol`.
#[derive(Debug, Clone, Copy)]
pub struct Projected {
    /// The L2 penalty.
    pub alpha: f64,
    /// Largest entry of the projected gradient, in units of x·y.
    pub tol: f64,
    /// Iterations.
    pub max_iter: usize,
}

impl Projected {
    /// Solves for the target `b` (n).
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run or a failed device.
    pub fn solve<B: Backend, F: Real>(&self, a: &Problem<'_, '_, B, F>, b: &Array1<f64>) -> Result<Solution> {
        let mut x = Array1::<f64>::zeros(a.cols());
        let mut ahead = x.clone();
        let (mut momentum, mut lipschitz) = (1.0_f64, self.alpha + self.curvature(a)?);
        for iterations in 1..=self.max_iter {
            let residual = a.times(&ahead)? - b;
            let gradient = a.times_t(&residual)? + &(&ahead * self.alpha);
            let value = 0.5 * (residual.dot(&residual) + self.alpha * ahead.dot(&ahead));
            let (next, worst) = loop {
                let next = (&ahead - &(&gradient / lipschitz)).mapv(|v| v.max(0.0));
                let step = &next - &ahead;
                let left = a.times(&next)? - b;
                let reached = 0.5 * (left.dot(&left) + self.alpha * next.dot(&next));
                let bound = value + gradient.dot(&step) + 0.5 * lipschitz * step.dot(&step);
                if reached <= bound + 1e-12 * value.abs() || !lipschitz.is_finite() {
                    let exact = a.times_t(&left)? + &(&next * self.alpha);
                    let worst = next
                        .iter()
                        .zip(&exact)
                        .fold(0.0_f64, |worst, (&x, &g)| worst.max(if x > 0.0 { g.abs() } else { (-g).max(0.0) }));
                    break (next, worst);
                }
                lipschitz *= 2.0;
            };
            a.ctl.step(iterations, self.max_iter, worst)?;
            if worst <= self.tol {
                return Ok(Solution { x: next, iterations, converged: true });
            }
            let step = &next - &x;
            if (&ahead - &next).dot(&step) > 0.0 {
                momentum = 1.0;
            }
            let grown = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
            ahead = &next + &(&step * ((momentum - 1.0) / grown));
            (momentum, x) = (grown, next);
        }
        Ok(Solution { x, iterations: self.max_iter, converged: false })
    }

    /// A first guess of the largest eigenvalue of AᵀA, by power iteration.
    fn curvature<B: Backend, F: Real>(&self, a: &Problem<'_, '_, B, F>) -> Result<f64> {
        let mut v = Array1::from_shape_fn(a.cols(), |j| 1.0 + 0.1 * ((j % 7) as f64));
        let mut size = 0.0;
        for _ in 0..8 {
            v /= v.dot(&v).sqrt().max(f64::MIN_POSITIVE);
            v = a.times_t(&a.times(&v)?)?;
            size = v.dot(&v).sqrt();
        }
        Ok(size.max(f64::MIN_POSITIVE))
    }
}
