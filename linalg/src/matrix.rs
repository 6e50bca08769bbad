//! X as the caller has it: dense in any layout or compressed sparse, `f32` or `f64`, never copied to be looked at.

use crate::{Compressed, Dtype, Indices, Layout, Real};
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// A borrowed n × p matrix of one element type.
#[derive(Debug, Clone, Copy)]
pub enum Matrix<'a, F> {
    /// Dense, with any strides.
    Dense(ArrayView2<'a, F>),
    /// CSR or CSC.
    Sparse(Compressed<'a, F>),
}

impl<'a, F: Real> Matrix<'a, F> {
    /// The number of rows.
    pub fn nrows(&self) -> usize {
        self.shape().0
    }

    /// The number of columns.
    pub fn ncols(&self) -> usize {
        self.shape().1
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Matrix::Dense(x) => x.dim(),
            Matrix::Sparse(x) => x.shape(),
        }
    }

    /// Whether the matrix is stored sparsely.
    pub fn is_sparse(&self) -> bool {
        matches!(self, Matrix::Sparse(_))
    }

    /// The rows as one slice, where the matrix is dense and lies row by row without gaps.
    pub fn as_rows(&self) -> Option<&[F]> {
        match self {
            Matrix::Dense(x) => x.as_slice(),
            Matrix::Sparse(_) => None,
        }
    }

    /// The rows `picked`, dense.
    pub fn select(&self, picked: &[usize]) -> Array2<F> {
        let p = self.ncols();
        let mut rows = Array2::zeros((picked.len(), p));
        for (&i, mut row) in picked.iter().zip(rows.rows_mut()) {
            self.pack(i..i + 1, 0..p, p, row.as_slice_mut().unwrap_or_default());
        }
        rows
    }

    /// Writes the block `rows × cols` into `out`, row by row with `stride` between rows, as `convert(value)`.
    /// Entries that a sparse matrix does not store are 0. A CSC matrix is walked by column, a CSR matrix by row.
    pub fn pack<T: Real>(&self, rows: Range<usize>, cols: Range<usize>, stride: usize, out: &mut [T]) {
        let (n, p) = (rows.len(), cols.len());
        match self {
            Matrix::Dense(x) => {
                let block = x.slice(ndarray::s![rows, cols]);
                if block.strides()[1] == 1 || p == 1 {
                    for (row, out) in block.rows().into_iter().zip(out.chunks_mut(stride)) {
                        let convert = |(o, &v): (&mut T, &F)| *o = T::narrow(v.widen());
                        match row.to_slice() {
                            Some(row) => out.iter_mut().zip(row).for_each(convert),
                            None => out.iter_mut().zip(row).for_each(convert),
                        }
                    }
                } else {
                    for (j, column) in block.columns().into_iter().enumerate() {
                        for (i, &v) in column.iter().enumerate() {
                            out[i * stride + j] = T::narrow(v.widen());
                        }
                    }
                }
            }
            Matrix::Sparse(x) => {
                for out in out.chunks_mut(stride).take(n) {
                    out[..p].fill(T::zero());
                }
                let by_row = x.layout() == Layout::Row;
                let (majors, minors) = if by_row { (rows, cols) } else { (cols, rows) };
                for (a, major) in majors.enumerate() {
                    x.for_slice(major, |minor, v| {
                        if minors.contains(&minor) {
                            let b = minor - minors.start;
                            let at = if by_row { a * stride + b } else { b * stride + a };
                            out[at] += T::narrow(v.widen());
                        }
                    });
                }
            }
        }
    }

    /// The same matrix, dense and in `f64`: for small data and for the few algorithms that need it.
    pub fn to_dense(&self) -> Array2<f64> {
        let (n, p) = self.shape();
        let mut out = Array2::zeros((n, p));
        if n > 0 && p > 0 {
            self.pack(0..n, 0..p, p, out.as_slice_mut().unwrap_or_default());
        }
        out
    }

    /// Whether every stored value is finite.
    pub fn all_finite(&self) -> bool {
        match self {
            Matrix::Dense(x) => match x.as_slice_memory_order() {
                Some(values) => slice_finite(values),
                None => x.iter().all(|v| v.is_finite()),
            },
            Matrix::Sparse(x) => slice_finite(x.data()),
        }
    }
}

/// `v·0` is 0 for finite v and NaN otherwise, and sums of it keep that.
fn slice_finite<F: Real>(values: &[F]) -> bool {
    values.chunks(4096).all(|chunk| {
        let (blocks, rest) = chunk.as_chunks::<16>();
        let mut sums = [F::zero(); 16];
        for block in blocks {
            for (s, &v) in sums.iter_mut().zip(block) {
                *s += v * F::zero();
            }
        }
        rest.iter().chain(&sums).map(|&v| v * F::zero()).sum::<F>() == F::zero()
    })
}

/// A borrowed matrix of either element type.
#[derive(Debug, Clone, Copy)]
pub enum AnyMatrix<'a> {
    /// `f32` values.
    F32(Matrix<'a, f32>),
    /// `f64` values.
    F64(Matrix<'a, f64>),
}

/// Runs `$body` with `$x` bound to the typed [`Matrix`] inside an [`AnyMatrix`]: the one match on the element type.
#[macro_export]
macro_rules! with_matrix {
    ($any:expr, $x:ident => $body:expr) => {
        match $any {
            $crate::AnyMatrix::F32($x) => $body,
            $crate::AnyMatrix::F64($x) => $body,
        }
    };
}

impl AnyMatrix<'_> {
    /// The same view for a shorter time: ndarray's views do not shorten by themselves.
    pub fn reborrow(&self) -> AnyMatrix<'_> {
        match self {
            AnyMatrix::F32(Matrix::Dense(x)) => AnyMatrix::F32(Matrix::Dense(x.reborrow())),
            AnyMatrix::F64(Matrix::Dense(x)) => AnyMatrix::F64(Matrix::Dense(x.reborrow())),
            AnyMatrix::F32(Matrix::Sparse(x)) => AnyMatrix::F32(Matrix::Sparse(*x)),
            AnyMatrix::F64(Matrix::Sparse(x)) => AnyMatrix::F64(Matrix::Sparse(*x)),
        }
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        with_matrix!(self, x => x.shape())
    }

    /// The number of rows.
    pub fn nrows(&self) -> usize {
        self.shape().0
    }

    /// The number of columns.
    pub fn ncols(&self) -> usize {
        self.shape().1
    }

    /// Whether the matrix is stored sparsely.
    pub fn is_sparse(&self) -> bool {
        with_matrix!(self, x => x.is_sparse())
    }

    /// The element type.
    pub fn dtype(&self) -> Dtype {
        match self {
            AnyMatrix::F32(_) => Dtype::F32,
            AnyMatrix::F64(_) => Dtype::F64,
        }
    }

    /// Whether every stored value is finite.
    pub fn all_finite(&self) -> bool {
        with_matrix!(self, x => x.all_finite())
    }

    /// The same matrix, dense and in `f64`.
    pub fn to_dense(&self) -> Array2<f64> {
        with_matrix!(self, x => x.to_dense())
    }
}

impl<'a> From<ArrayView2<'a, f64>> for AnyMatrix<'a> {
    fn from(x: ArrayView2<'a, f64>) -> Self {
        AnyMatrix::F64(Matrix::Dense(x))
    }
}

impl<'a> From<ArrayView2<'a, f32>> for AnyMatrix<'a> {
    fn from(x: ArrayView2<'a, f32>) -> Self {
        AnyMatrix::F32(Matrix::Dense(x))
    }
}

impl<'a, F: Real> From<sprs::CsMatView<'a, F>> for Matrix<'a, F> {
    fn from(x: sprs::CsMatView<'a, F>) -> Self {
        let layout = if x.is_csr() { Layout::Row } else { Layout::Column };
        let shape = x.shape();
        let (indptr, indices, data) = x.into_raw_storage();
        let view = Compressed::new(layout, shape, Indices::Usize(indptr), Indices::Usize(indices), data);
        Matrix::Sparse(view.expect("sprs keeps its structure valid"))
    }
}

impl<'a> From<sprs::CsMatView<'a, f64>> for AnyMatrix<'a> {
    fn from(x: sprs::CsMatView<'a, f64>) -> Self {
        AnyMatrix::F64(x.into())
    }
}

impl<'a> From<sprs::CsMatView<'a, f32>> for AnyMatrix<'a> {
    fn from(x: sprs::CsMatView<'a, f32>) -> Self {
        AnyMatrix::F32(x.into())
    }
}
