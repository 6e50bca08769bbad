//! Some rows of X by themselves, in X's own kind: dense, or CSR.

use crate::{AnyMatrix, Result};
use ironlearn_linalg::{Compressed, Indices, Layout, Matrix, Real};
use ndarray::{Array2, Axis};

/// A copy of some rows.
pub(super) enum Picked<F> {
    Dense(Array2<F>),
    /// Shape, offsets, columns, values.
    Sparse((usize, usize), Vec<usize>, Vec<usize>, Vec<F>),
}

impl<F: Real> Picked<F> {
    /// Copies rows of dense X, or of CSR.
    pub(super) fn new(x: &Matrix<'_, F>, rows: &[u32]) -> Self {
        match x {
            Matrix::Dense(x) => {
                let rows: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
                Picked::Dense(x.select(Axis(0), &rows))
            }
            Matrix::Sparse(x) => {
                let (mut offsets, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
                for &row in rows {
                    x.for_slice(row as usize, |j, v| {
                        columns.push(j);
                        values.push(v);
                    });
                    offsets.push(columns.len());
                }
                Picked::Sparse((rows.len(), x.shape().1), offsets, columns, values)
            }
        }
    }

    /// The rows as a matrix.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for a sparse matrix whose parts do not fit.
    pub(super) fn matrix(&self) -> Result<AnyMatrix<'_>> {
        Ok(F::any(match self {
            Picked::Dense(x) => Matrix::Dense(x.view()),
            Picked::Sparse(shape, offsets, columns, values) => {
                let (offsets, columns) = (Indices::Usize(offsets), Indices::Usize(columns));
                Matrix::Sparse(Compressed::new(Layout::Row, *shape, offsets, columns, values)?)
            }
        }))
    }
}
