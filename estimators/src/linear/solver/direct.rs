//! Normal equations by Cholesky, primal and dual, with the refinement that makes up for their squaring.

use crate::linear::problem::Problem;
use crate::{Backend, Control, Result};
use ironlearn_linalg::{Real, lapack::Cholesky};
use ndarray::{Array1, Array2, Axis};

/// A symmetric positive definite matrix, scaled to a unit diagonal and factored: scaling makes the factorisation as
/// good as the best choice of units for the columns would (van der Sluis 1969).
pub struct Scaled {
    factor: Cholesky,
    scale: Array1<f64>,
}

impl Scaled {
    /// Factors `matrix + alpha·1`, of which the upper triangle is read; `None` where it is not positive definite.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for dimensions beyond LAPACK's integers.
    pub fn new(matrix: &Array2<f64>, alpha: f64) -> Result<Option<Self>> {
        Self::of(matrix.clone(), alpha)
    }

    /// As [`Scaled::new`], in the place of `matrix`.
    ///
    /// # Errors
    /// As [`Scaled::new`].
    pub fn of(matrix: Array2<f64>, alpha: f64) -> Result<Option<Self>> {
        Self::by(matrix, alpha, Cholesky::of)
    }

    /// As [`Scaled::new`], on the threads of `ctl`.
    ///
    /// # Errors
    /// As [`Scaled::new`], and when interrupted.
    pub fn blocked(matrix: &Array2<f64>, alpha: f64, ctl: &Control) -> Result<Option<Self>> {
        Self::by(matrix.clone(), alpha, |matrix| Cholesky::blocked(matrix, ctl))
    }

    fn by(
        mut matrix: Array2<f64>,
        alpha: f64,
        factorise: impl FnOnce(Array2<f64>) -> ironlearn_linalg::Result<Cholesky>,
    ) -> Result<Option<Self>> {
        let scale = matrix.diag().mapv(|v| 1.0 / (v + alpha).sqrt());
        if !scale.iter().all(|v| v.is_finite()) {
            return Ok(None);
        }
        matrix.diag_mut().mapv_inplace(|v| v + alpha);
        for (mut row, &s) in matrix.rows_mut().into_iter().zip(&scale) {
            row.zip_mut_with(&scale, |v, t| *v *= s * t);
        }
        match factorise(matrix) {
            Ok(factor) => Ok(Some(Scaled { factor, scale })),
            Err(ironlearn_linalg::Error::NotPositiveDefinite(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An estimate of the reciprocal condition number of the scaled matrix.
    pub fn rcond(&self) -> f64 {
        self.factor.rcond()
    }

    /// Solves for B of n × t.
    ///
    /// # Errors
    /// As [`Scaled::new`].
    pub fn solve(&self, b: &Array2<f64>) -> Result<Array2<f64>> {
        let scale = self.scale.view().insert_axis(Axis(1));
        Ok(self.factor.solve((b * &scale).view())? * scale)
    }

    /// Takes `steps` steps of refinement on `coef` (p × t): the error that is left after the squaring of the condition
    /// number shrinks by it at each (corrected semi-normal equations, Björck 1987). `alpha` is one penalty a target.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn refine<B: Backend, F: Real>(
        &self,
        problem: &Problem<'_, '_, B, F>,
        alpha: f64,
        steps: usize,
        coef: &mut Array2<f64>,
    ) -> Result<()> {
        for _ in 0..steps {
            let gradient = problem.normal_residual(coef.view())? - &(&*coef * alpha);
            *coef += &self.solve(&gradient)?;
        }
        Ok(())
    }
}

/// `√w·(X − x̄)·(X − x̄)ᵀ·√w`, n × n.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn kernel<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> Result<Array2<f64>> {
    let mut kernel = problem.on.outer_gram(problem.x, problem.x_mean.view(), problem.ctl)?;
    if let Some(weights) = &problem.weights {
        let root = weights.mapv(f64::sqrt);
        for (mut row, &s) in kernel.rows_mut().into_iter().zip(&root) {
            row.iter_mut().zip(&root).for_each(|(v, t)| *v *= s * t);
        }
    }
    Ok(kernel)
}
