//! Conjugate gradients on the normal equations (Hestenes and Stiefel 1952), primal or dual by shape; the primal ones
//! preconditioned by their diagonal, so that columns of unlike lengths (rare and frequent levels) cost no iterations.

use super::lsqr::Solution;
use crate::linear::problem::Problem;
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::Array1;

/// Minimises `‖A·x − b‖² + alpha·‖x‖²` until the residual of the normal equations is below `tol` times its
/// right-hand side.
#[derive(Debug, Clone, Copy)]
pub struct ConjugateGradient {
    /// The L2 penalty.
    pub alpha: f64,
    /// Relative residual at which to stop.
    pub tol: f64,
    /// Iterations; `None` means ten times the size of the system.
    pub max_iter: Option<usize>,
}

impl ConjugateGradient {
    /// Solves for the target `b` (n): `(AᵀA + alpha)·x = Aᵀb`, or with fewer rows than columns
    /// `(AAᵀ + alpha)·d = b`, x = Aᵀd; there `max_iter` is not used, as in scikit-learn.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run or a failed device.
    pub fn solve<B: Backend, F: Real>(&self, a: &Problem<'_, '_, B, F>, b: Array1<f64>) -> Result<Solution> {
        if a.cols() > a.rows() {
            let product = |d: &Array1<f64>| Ok(a.times(&a.times_t(d)?)? + &(d * self.alpha));
            let alike = Array1::ones(b.len());
            let dual = self.iterate(product, b, &alike, None, a.ctl)?;
            return Ok(Solution { x: a.times_t(&dual.x)?, ..dual });
        }
        let product = |x: &Array1<f64>| Ok(a.times_t(&a.times(x)?)? + &(x * self.alpha));
        let inverse = (a.column_squares()? + self.alpha).mapv(|d| if d > 0.0 { 1.0 / d } else { 1.0 });
        self.iterate(product, a.times_t(&b)?, &inverse, self.max_iter, a.ctl)
    }

    /// `inverse` is that of the diagonal, or what stands for it.
    fn iterate(
        &self,
        product: impl Fn(&Array1<f64>) -> Result<Array1<f64>>,
        b: Array1<f64>,
        inverse: &Array1<f64>,
        max_iter: Option<usize>,
        ctl: &crate::Control,
    ) -> Result<Solution> {
        let limit = max_iter.unwrap_or(10 * b.len());
        let mut x = Array1::zeros(b.len());
        let goal = self.tol * b.dot(&b).sqrt();
        let mut residual = b;
        let mut direction = &residual * inverse;
        let mut product_of_both = residual.dot(&direction);
        let mut iterations = 0;
        let mut size = length(&residual);
        while size > goal && iterations < limit {
            let image = product(&direction)?;
            let curvature = direction.dot(&image);
            if curvature <= 0.0 {
                break;
            }
            let step = product_of_both / curvature;
            x.scaled_add(step, &direction);
            residual.scaled_add(-step, &image);
            let preconditioned = &residual * inverse;
            let next = residual.dot(&preconditioned);
            direction *= next / product_of_both;
            direction += &preconditioned;
            product_of_both = next;
            size = length(&residual);
            iterations += 1;
            ctl.step(iterations, limit, size)?;
        }
        Ok(Solution { x, iterations, converged: size <= goal })
    }
}

/// ‖v‖; a vector below 10⁻¹⁶⁰ is not 0 because its square is.
fn length(v: &Array1<f64>) -> f64 {
    v.dot(v).sqrt().max(v.iter().fold(0.0, |a: f64, v| a.max(v.abs())))
}
