//! Conjugate gradients ([`Conjugate`]) on the normal equations, primal or dual by shape; the primal ones
//! preconditioned by their diagonal, so that columns of unlike lengths (rare and frequent levels) cost no iterations.

use super::lsqr::Solution;
use crate::linear::problem::Problem;
use crate::{Backend, Result};
use ironlearn_linalg::{Conjugate, Real};
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
            let dual = self.iterate(product, b, alike, None, a.ctl)?;
            return Ok(Solution { x: a.times_t(&dual.x)?, ..dual });
        }
        let product = |x: &Array1<f64>| Ok(a.times_t(&a.times(x)?)? + &(x * self.alpha));
        let inverse = (a.column_squares()? + self.alpha).mapv(|d| if d > 0.0 { 1.0 / d } else { 1.0 });
        self.iterate(product, a.times_t(&b)?, inverse, self.max_iter, a.ctl)
    }

    /// `inverse` is that of the diagonal, or what stands for it.
    fn iterate(
        &self,
        product: impl Fn(&Array1<f64>) -> Result<Array1<f64>>,
        b: Array1<f64>,
        inverse: Array1<f64>,
        max_iter: Option<usize>,
        ctl: &crate::Control,
    ) -> Result<Solution> {
        let limit = max_iter.unwrap_or(10 * b.len());
        let goal = self.tol * b.dot(&b).sqrt();
        let mut system = Conjugate::new(b.to_vec(), inverse.to_vec());
        let mut size = system.left();
        while size > goal && system.steps() < limit {
            let image = product(&Array1::from(system.direction().to_vec()))?;
            if !system.step(&image.to_vec()) {
                break;
            }
            size = system.left();
            ctl.step(system.steps(), limit, size)?;
        }
        Ok(Solution { iterations: system.steps(), converged: size <= goal, x: system.into_solution().into() })
    }
}
