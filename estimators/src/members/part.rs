//! Some rows or columns of X by themselves, in X's own kind.

use crate::{AnyMatrix, Result};
use ironlearn_linalg::sparse::Turned;
use ironlearn_linalg::{Compressed, Indices, Layout, Matrix, Real};
use ndarray::{Array2, ArrayView2};

/// X, ready to be cut by row or by column.
#[derive(Debug)]
pub(crate) enum Slicer<'a> {
    /// `f32` values.
    F32(Source<'a, f32>, Layout),
    /// `f64` values.
    F64(Source<'a, f64>, Layout),
}

/// X as it is cut: a sparse one in the layout of the cuts.
#[derive(Debug)]
pub(crate) enum Source<'a, F> {
    Dense(ArrayView2<'a, F>),
    Sparse(Compressed<'a, F>),
    Turned(Turned<F>),
}

/// A copy of some rows or columns.
#[derive(Debug)]
pub(crate) enum Part {
    /// `f32` values.
    F32(Own<f32>),
    /// `f64` values.
    F64(Own<f64>),
}

/// A matrix that owns its values.
#[derive(Debug)]
pub(crate) enum Own<F> {
    Dense(Array2<F>),
    /// Layout, shape, offsets, minor indices, values.
    Sparse(Layout, (usize, usize), Vec<usize>, Vec<usize>, Vec<F>),
}

impl<'a, F: Real> Source<'a, F> {
    fn new(x: &Matrix<'a, F>, layout: Layout) -> Self {
        match x {
            Matrix::Dense(x) => Source::Dense(*x),
            Matrix::Sparse(x) if x.layout() == layout => Source::Sparse(*x),
            Matrix::Sparse(x) => Source::Turned(x.other_layout()),
        }
    }

    fn take(&self, layout: Layout, picked: &[u32]) -> Own<F> {
        let of_slices = |x: Compressed<'_, F>| {
            let (mut offsets, mut minors, mut values) = (vec![0], Vec::new(), Vec::new());
            for &major in picked {
                x.for_slice(major as usize, |minor, v| {
                    minors.push(minor);
                    values.push(v);
                });
                offsets.push(minors.len());
            }
            let (n, p) = x.shape();
            let shape = if layout == Layout::Row { (picked.len(), p) } else { (n, picked.len()) };
            Own::Sparse(layout, shape, offsets, minors, values)
        };
        match self {
            Source::Dense(x) if layout == Layout::Row => {
                let mut rows = Array2::zeros((picked.len(), x.ncols()));
                for (mut to, &row) in rows.rows_mut().into_iter().zip(picked) {
                    to.assign(&x.row(row as usize));
                }
                Own::Dense(rows)
            }
            Source::Dense(x) => {
                Own::Dense(Array2::from_shape_fn((x.nrows(), picked.len()), |(i, j)| x[[i, picked[j] as usize]]))
            }
            Source::Sparse(x) => of_slices(*x),
            Source::Turned(x) => of_slices(x.view()),
        }
    }
}

impl<'a> Slicer<'a> {
    /// X for cuts by row, or by column.
    pub(crate) fn new(x: &AnyMatrix<'a>, layout: Layout) -> Self {
        match x {
            AnyMatrix::F32(x) => Slicer::F32(Source::new(x, layout), layout),
            AnyMatrix::F64(x) => Slicer::F64(Source::new(x, layout), layout),
        }
    }

    /// The picked rows (or columns), which may repeat.
    pub(crate) fn take(&self, picked: &[u32]) -> Part {
        match self {
            Slicer::F32(x, layout) => Part::F32(x.take(*layout, picked)),
            Slicer::F64(x, layout) => Part::F64(x.take(*layout, picked)),
        }
    }
}

impl<F: Real> Own<F> {
    fn matrix(&self) -> Result<AnyMatrix<'_>> {
        Ok(F::any(match self {
            Own::Dense(x) => Matrix::Dense(x.view()),
            Own::Sparse(layout, shape, offsets, minors, values) => {
                let (offsets, minors) = (Indices::Usize(offsets), Indices::Usize(minors));
                Matrix::Sparse(Compressed::new(*layout, *shape, offsets, minors, values)?)
            }
        }))
    }
}

impl Part {
    /// The part as a matrix.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for a sparse matrix whose parts do not fit.
    pub(crate) fn matrix(&self) -> Result<AnyMatrix<'_>> {
        match self {
            Part::F32(x) => x.matrix(),
            Part::F64(x) => x.matrix(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};

    #[test]
    fn parts_are_those_of_the_dense_matrix() {
        let x = array![[1.0, 0.0, 2.0], [0.0, 3.0, 0.0], [4.0, 5.0, 0.0]];
        let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
        let csc = csr.to_csc();
        for matrix in [AnyMatrix::from(x.view()), AnyMatrix::from(csr.view()), AnyMatrix::from(csc.view())] {
            for (layout, axis) in [(Layout::Row, 0), (Layout::Column, 1)] {
                let picked = Slicer::new(&matrix, layout).take(&[2, 0, 2]);
                assert_eq!(picked.matrix().unwrap().to_dense(), x.select(Axis(axis), &[2, 0, 2]));
            }
        }
    }
}
