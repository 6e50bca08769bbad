//! All classes in one problem (Crammer and Singer 2001): what it is, and what solves it.

pub mod descent;
mod face;
mod interior;
pub mod rows;

use super::lines::{Few, Full};
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::Real;
use ndarray::Array2;
use rows::{Columns, Listed};

/// The largest number of coefficients for which systems of that size are solved.
const INTERIOR: usize = 1000;
/// liblinear's own limit of passes here, whatever `max_iter` says.
const PASSES: usize = 100_000;

/// Minimises `½ Σₖ ‖wₖ‖² + Σ costᵢ·max(0, maxₖ (1[k ≠ yᵢ] + zᵢₖ) − zᵢ,yᵢ)` for the classes' raw predictions z, in which
/// an intercept is the coefficient of a column of its scaling.
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
    /// The seed of the rows' order.
    pub seed: u64,
}

/// Coefficients (classes × columns), intercepts, iterations and whether the rule was met.
pub struct Found {
    /// Classes × columns.
    pub coef: Array2<f64>,
    /// One a class.
    pub intercept: Vec<f64>,
    /// Iterations.
    pub iterations: usize,
    /// Whether the stopping rule was met.
    pub converged: bool,
    /// What solved it.
    pub solver: &'static str,
}

impl AllClasses<'_> {
    /// Solves for X; sparse X by row.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn solve<B: Backend, F: Real>(&self, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Found> {
        let (p, k) = (x.ncols(), self.n_classes);
        if !self.cost.iter().any(|&c| c > 0.0) {
            let (coef, intercept) = (Array2::zeros((k, p)), vec![0.0; k]);
            return Ok(Found { coef, intercept, iterations: 0, converged: true, solver: "none" });
        }
        if (p + 1) * k <= INTERIOR {
            let found = interior::solve(self, x, on, ctl)?;
            // Where rounding ends it too early, the descent goes on as long as it takes.
            if found.converged {
                return Ok(found);
            }
        }
        match &x {
            Matrix::Sparse(sparse) => descent::solve(self, p, &Listed::new(*sparse, k), usize::MAX, ctl),
            Matrix::Dense(dense) => match Few::of(dense) {
                Some(few) => descent::solve(self, p, &Listed::new(few, k), usize::MAX, ctl),
                None => descent::solve(self, p, &Columns::new(Full::new(dense), p, k), usize::MAX, ctl),
            },
        }
    }

    /// The target of a class in a row.
    #[inline]
    fn margin(&self, i: usize, class: usize) -> f64 {
        f64::from(u8::from(self.codes[i] as usize != class))
    }
}

#[cfg(test)]
mod tests;
