//! The rows that a model with a kernel was fitted to, and the form of them that predictions are made with.

use super::{Kernel, Reference, SparseRows};
use crate::{AnyMatrix, Control, Error, Result};
use ironlearn_linalg::{Compressed, Indices, Layout, Matrix};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// The rows that a model with a kernel was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FittedRows {
    /// None: the kernel matrix was given.
    None,
    /// Dense, n × p.
    Dense(#[serde(with = "crate::saved::array2")] Array2<f64>),
    /// Sparse.
    Sparse(SparseRows),
}

impl FittedRows {
    /// A copy of `x`.
    pub fn of(x: &AnyMatrix<'_>) -> Self {
        SparseRows::of(x).map_or_else(|| FittedRows::Dense(x.to_dense()), FittedRows::Sparse)
    }

    /// Calls `with` with the rows as a matrix.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are none.
    pub fn with<R>(&self, with: impl FnOnce(&AnyMatrix<'_>) -> R) -> Result<R> {
        match self {
            FittedRows::None => Err(Error::Unsupported("a precomputed kernel has no rows".into())),
            FittedRows::Dense(rows) => Ok(with(&rows.view().into())),
            FittedRows::Sparse(rows) => {
                let (shape, indptr) = ((rows.len(), rows.columns), rows.indptr.as_slice().unwrap_or_default());
                let indices = Indices::I64(rows.indices.as_slice().unwrap_or_default());
                let data = rows.data.as_slice().unwrap_or_default();
                let rows = Compressed::new(Layout::Row, shape, Indices::I64(indptr), indices, data)?;
                Ok(with(&AnyMatrix::F64(Matrix::Sparse(rows))))
            }
        }
    }
}

/// [`FittedRows`] of a model, which are prepared for predictions when the first row is asked about, and stay so. A file
/// holds the rows alone, and two are the same where their rows are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PreparedRows {
    rows: FittedRows,
    #[serde(skip)]
    prepared: OnceLock<Arc<Reference>>,
}

impl PreparedRows {
    /// The rows, ready for the kernel.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are none, [`crate::Error::Linalg`] for an interrupted run.
    pub fn reference(&self, kernel: Kernel, ctl: &Control) -> Result<Arc<Reference>> {
        if let Some(ready) = self.prepared.get().filter(|ready| ready.kernel() == kernel) {
            return Ok(ready.clone());
        }
        let made = Arc::new(self.rows.with(|rows| Reference::new(kernel, rows, ctl))??);
        // Whoever was first stays: with another kernel than the model's, rows are prepared for the moment only.
        let _ = self.prepared.set(made.clone());
        Ok(made)
    }
}

impl From<FittedRows> for PreparedRows {
    fn from(rows: FittedRows) -> Self {
        PreparedRows { rows, prepared: OnceLock::new() }
    }
}

impl Deref for PreparedRows {
    type Target = FittedRows;

    fn deref(&self) -> &FittedRows {
        &self.rows
    }
}

impl PartialEq for PreparedRows {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}
