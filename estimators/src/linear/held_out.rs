//! Rows that a model did not learn from: how each split of cross-validation is weighted and answered.

use crate::folds::Rows;
use crate::{Control, Result};
use ironlearn_linalg::{Matrix, Real, host::matmul::matmul};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// How much each of n rows counts where these rows are learnt from: a row that is named twice counts twice.
pub fn weights_of(train: &Rows, weights: Option<ArrayView1<'_, f64>>, n: usize) -> Array1<f64> {
    let mut counts = Array1::zeros(n);
    train.iter().for_each(|i| counts[i] += 1.0);
    match weights {
        Some(weights) => counts * weights,
        None => counts,
    }
}

/// `X·B` for some rows of X.
///
/// # Errors
/// [`crate::Error::Linalg`] for an interrupted run.
pub fn answers<F: Real>(x: &Matrix<'_, F>, rows: &Rows, b: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    let rows: Vec<usize> = rows.iter().collect();
    Ok(match x {
        Matrix::Dense(x) => matmul(&Matrix::Dense(x.select(Axis(0), &rows).view()), b, ctl)?,
        Matrix::Sparse(_) => matmul(x, b, ctl)?.select(Axis(0), &rows),
    })
}
