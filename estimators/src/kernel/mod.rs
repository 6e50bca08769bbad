//! Kernels: products of rows in a space that they name, for kernel ridge regression and support vectors.
//!
//! [`Reference`] holds the rows on one side and finds blocks of the kernel matrix: products for a block, then a map of its
//! numbers. The matrix of new rows with the reference is never stored whole. [`PreparedRows`] is the form of it that models
//! keep.

pub(crate) mod exp;
mod fitted;
mod index;
mod pairs;
mod reference;
mod rows;

pub use fitted::{FittedRows, PreparedRows};
pub use reference::{Part, Reference};
pub use rows::SparseRows;

use crate::{AnyMatrix, Result, bad_input};
use ironlearn_linalg::{Matrix, with_matrix};
use serde::{Deserialize, Serialize};

/// The kernels of scikit-learn's `pairwise_kernels`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelFunction {
    /// `x·y`.
    #[default]
    Linear,
    /// `(gamma·x·y + coef0)^degree`; `poly` is another name.
    #[serde(alias = "poly")]
    Polynomial,
    /// `exp(−gamma·‖x − y‖²)`.
    Rbf,
    /// `tanh(gamma·x·y + coef0)`.
    Sigmoid,
    /// `exp(−gamma·Σ|x − y|)`.
    Laplacian,
    /// `x·y / (‖x‖·‖y‖)`; 0 for a row of zeros.
    Cosine,
    /// `exp(−gamma·Σ (x − y)²/(x + y))`, for rows without negative numbers.
    Chi2,
    /// `−Σ (x − y)²/(x + y)`, for rows without negative numbers.
    AdditiveChi2,
    /// X itself is the matrix of the kernel.
    Precomputed,
}

impl KernelFunction {
    /// Whether rows have to be without negative numbers.
    pub fn is_for_histograms(self) -> bool {
        matches!(self, KernelFunction::Chi2 | KernelFunction::AdditiveChi2)
    }
}

/// A kernel with its parameters; each kernel uses those that its formula names.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// The formula.
    pub function: KernelFunction,
    /// The factor of products or distances.
    pub gamma: f64,
    /// The exponent.
    pub degree: f64,
    /// What is added to products.
    pub coef0: f64,
}

impl Kernel {
    /// The kernel on rows of `features`; a `gamma` that is not given is 1 / `features`, of [`KernelFunction::Chi2`] 1.
    pub fn new(function: KernelFunction, gamma: Option<f64>, degree: f64, coef0: f64, features: usize) -> Self {
        let usual = if function == KernelFunction::Chi2 { 1.0 } else { 1.0 / features.max(1) as f64 };
        Kernel { function, gamma: gamma.unwrap_or(usual), degree, coef0 }
    }

    /// Checks that the kernel is defined on the rows of `x`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for sparse rows or negative numbers where it is one of histograms.
    pub fn check_rows(&self, x: &AnyMatrix<'_>) -> Result<()> {
        if self.function.is_for_histograms() {
            if x.is_sparse() {
                bad_input!("the chi-squared kernels take dense rows only");
            }
            let negative = with_matrix!(x, x => match x {
                Matrix::Dense(x) => x.iter().any(|&v| v < Default::default()),
                Matrix::Sparse(_) => false,
            });
            if negative {
                bad_input!("X contains negative values.");
            }
        }
        Ok(())
    }

    /// `value` to the power `degree`.
    pub(crate) fn power(&self, value: f64) -> f64 {
        let whole = self.degree as i32;
        if f64::from(whole) == self.degree && whole <= 64 { value.powi(whole) } else { value.powf(self.degree) }
    }
}

#[cfg(test)]
mod tests;
