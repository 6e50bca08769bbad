//! Rows as kernels walk them: a tile of dense rows is packed, sparse rows lie in a CSR form of our own.

use crate::{AnyMatrix, Error, Result};
use ironlearn_linalg::{Layout, Matrix, Real, with_matrix};
use ndarray::Array1;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Sparse rows: CSR, in `f64`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SparseRows {
    /// The number of columns.
    pub columns: usize,
    /// Where each row begins, and the end.
    #[serde(with = "crate::saved::array1_i64")]
    pub indptr: Array1<i64>,
    /// The columns of the entries.
    #[serde(with = "crate::saved::array1_i64")]
    pub indices: Array1<i64>,
    /// The entries.
    #[serde(with = "crate::saved::array1")]
    pub data: Array1<f64>,
}

impl SparseRows {
    /// The rows of `x`, entries of one place added up; `None` where it is dense.
    pub fn of(x: &AnyMatrix<'_>) -> Option<Self> {
        with_matrix!(x, x => {
            let Matrix::Sparse(sparse) = x else { return None };
            let (n, p) = sparse.shape();
            let by_row = sparse.layout() == Layout::Row;
            let majors = if by_row { n } else { p };
            let mut indptr = vec![0_i64; n + 1];
            for major in 0..majors {
                sparse.for_slice(major, |minor, _| indptr[if by_row { major } else { minor } + 1] += 1);
            }
            (0..n).for_each(|i| indptr[i + 1] += indptr[i]);
            let mut next = indptr.clone();
            let mut entries = vec![(0_i64, 0.0); indptr[n] as usize];
            for major in 0..majors {
                sparse.for_slice(major, |minor, value| {
                    let (row, column) = if by_row { (major, minor) } else { (minor, major) };
                    entries[next[row] as usize] = (column as i64, value.widen());
                    next[row] += 1;
                });
            }
            let (mut indices, mut data) = (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
            for i in 0..n {
                let begin = indices.len();
                let row = &mut entries[indptr[i] as usize..indptr[i + 1] as usize];
                row.sort_by_key(|(column, _)| *column);
                for &mut (column, value) in row {
                    match (indices[begin..].last(), data.last_mut()) {
                        (Some(last), Some(sum)) if *last == column => *sum += value,
                        _ => {
                            indices.push(column);
                            data.push(value);
                        }
                    }
                }
                next[i] = begin as i64;
            }
            next[n] = indices.len() as i64;
            Some(SparseRows { columns: p, indptr: next.into(), indices: indices.into(), data: data.into() })
        })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.indptr.len().saturating_sub(1)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Columns and values of row `i`.
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
        (self.indptr[i] as usize..self.indptr[i + 1] as usize).map(|at| (self.indices[at] as usize, self.data[at]))
    }

    /// Checks what [`SparseRows::row`] relies on: the rows may come from a file.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self) -> Result<()> {
        let rising = self.indptr.windows(2).into_iter().all(|w| w[0] <= w[1]);
        let ends = (self.indptr.first() == Some(&0), self.indptr.last() == Some(&(self.data.len() as i64)));
        let inside = self.indices.iter().all(|&j| j >= 0 && (j as u64) < self.columns as u64);
        if rising && ends == (true, true) && inside && self.indices.len() == self.data.len() {
            return Ok(());
        }
        Err(Error::File("sparse rows that do not fit together".into()))
    }
}

/// Rows of either kind.
pub(super) enum Rows<'a> {
    Dense(AnyMatrix<'a>),
    Sparse(SparseRows),
}

impl<'a> Rows<'a> {
    pub fn of(x: &'a AnyMatrix<'_>) -> Self {
        SparseRows::of(x).map_or_else(|| Rows::Dense(x.reborrow()), Rows::Sparse)
    }

    pub fn columns(&self) -> usize {
        match self {
            Rows::Dense(x) => x.ncols(),
            Rows::Sparse(x) => x.columns,
        }
    }

    /// Writes `rows` to `out`, one after the other, less `shift` where there is one.
    pub fn pack(&self, rows: Range<usize>, shift: &[f64], out: &mut [f64]) {
        let p = self.columns();
        match self {
            Rows::Dense(x) => with_matrix!(x, x => x.pack(rows, 0..p, p, out)),
            Rows::Sparse(x) => {
                out[..rows.len() * p].fill(0.0);
                for (i, out) in rows.clone().zip(out.chunks_exact_mut(p)) {
                    x.row(i).for_each(|(j, v)| out[j] += v);
                }
            }
        }
        if !shift.is_empty() {
            for row in out.chunks_exact_mut(p) {
                row.iter_mut().zip(shift).for_each(|(v, s)| *v -= s);
            }
        }
    }
}
