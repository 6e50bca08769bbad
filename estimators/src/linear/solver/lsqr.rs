//! LSQR: least squares by Golub-Kahan bidiagonalisation (Paige and Saunders 1982, doi 10.1145/355984.355989).

use crate::linear::problem::Problem;
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::Array1;

/// Minimises `‖A·x − b‖² + damp²·‖x‖²` and stops by the rules of the paper, as `scipy.sparse.linalg.lsqr` does.
#[derive(Debug, Clone, Copy)]
pub struct Lsqr {
    /// √ of the L2 penalty.
    pub damp: f64,
    /// Relative error of A and of b: the two tolerances of the paper in one.
    pub tol: f64,
    /// Iterations; `None` means twice the number of columns.
    pub max_iter: Option<usize>,
}

/// What [`Lsqr`] found.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The solution.
    pub x: Array1<f64>,
    /// Iterations done.
    pub iterations: usize,
    /// Whether a rule other than the limit of iterations ended it.
    pub converged: bool,
}

/// Above this estimated condition number the iteration stops.
const CONDITION_LIMIT: f64 = 1e8;

fn norm(v: &Array1<f64>) -> f64 {
    v.dot(v).sqrt()
}

/// Divides a vector by its norm, which is returned; 0 stays as it is.
fn normalise(v: &mut Array1<f64>) -> f64 {
    let length = norm(v);
    if length > 0.0 {
        *v /= length;
    }
    length
}

impl Lsqr {
    /// Solves for the target `b` (n).
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run or a failed device.
    pub fn solve<B: Backend, F: Real>(&self, a: &Problem<'_, '_, B, F>, b: Array1<f64>) -> Result<Solution> {
        let eps = f64::EPSILON;
        let limit = self.max_iter.unwrap_or(2 * a.cols());
        let mut x = Array1::zeros(a.cols());
        let mut u = b;
        let b_norm = normalise(&mut u);
        let mut v = a.times_t(&u)?;
        let mut alpha = normalise(&mut v);
        let (mut rho_bar, mut phi_bar) = (alpha, b_norm);
        if alpha * b_norm == 0.0 {
            return Ok(Solution { x, iterations: 0, converged: true });
        }
        let mut w = v.clone();
        let (mut a_norm2, mut d_norm2, mut damped2) = (0.0, 0.0, 0.0);
        let mut converged = false;
        let mut iterations = 0;
        while iterations < limit && !converged {
            iterations += 1;
            // The next column pair of the bidiagonalisation.
            u = a.times(&v)? - &u * alpha;
            let beta = normalise(&mut u);
            if beta > 0.0 {
                a_norm2 += alpha * alpha + beta * beta + self.damp * self.damp;
                v = a.times_t(&u)? - &v * beta;
                alpha = normalise(&mut v);
            }
            // One rotation takes the damping out, one the subdiagonal.
            let rho_damped = rho_bar.hypot(self.damp);
            let psi = self.damp / rho_damped * phi_bar;
            phi_bar *= rho_bar / rho_damped;
            let rho = rho_damped.hypot(beta);
            let (c, s) = (rho_damped / rho, beta / rho);
            let theta = s * alpha;
            rho_bar = -c * alpha;
            let phi = c * phi_bar;
            phi_bar *= s;
            x.scaled_add(phi / rho, &w);
            d_norm2 += w.dot(&w) / (rho * rho);
            w = &v - &(w * (theta / rho));

            damped2 += psi * psi;
            let a_norm = a_norm2.sqrt();
            let residual = (phi_bar * phi_bar + damped2).sqrt();
            let gradient = alpha * (s * phi).abs();
            let scaled = a_norm * norm(&x) / b_norm;
            let relative_residual = residual / b_norm;
            let relative_gradient = gradient / (a_norm * residual + eps);
            let inverse_condition = 1.0 / (a_norm * d_norm2.sqrt() + eps);
            converged = relative_residual <= self.tol + self.tol * scaled
                || relative_gradient <= self.tol
                || inverse_condition <= 1.0 / CONDITION_LIMIT
                || 1.0 + relative_residual / (1.0 + scaled) <= 1.0
                || 1.0 + relative_gradient <= 1.0
                || 1.0 + inverse_condition <= 1.0;
            a.ctl.step(iterations, limit, residual)?;
        }
        Ok(Solution { x, iterations, converged })
    }
}
