//! X by column: the entries other than 0 of each, or all of them.

use ironlearn_linalg::{Compressed, Matrix, Real};
use ndarray::ArrayView2;

/// Rows of dense X that are met at a time.
const TILE: usize = 64;

/// The columns of X.
#[derive(Debug, Clone)]
pub struct Columns<F> {
    /// Where each column begins among the values, and the end.
    starts: Vec<usize>,
    /// The row of each value; none where every column has all rows.
    rows: Vec<u32>,
    values: Vec<F>,
}

impl<F: Real> Columns<F> {
    /// A copy of X; sparse X by row.
    pub fn of(x: &Matrix<'_, F>) -> Self {
        match x {
            Matrix::Sparse(x) => {
                // Entries that come in parts are added up.
                let whole = x.by_row();
                Self::of_rows(&whole.view(x))
            }
            Matrix::Dense(x) => Self::of_dense(x),
        }
    }

    /// The same, of rows without an entry that comes in parts.
    pub fn of_rows(x: &Compressed<'_, F>) -> Self {
        let (n, p) = x.shape();
        let mut starts = vec![0; p + 1];
        (0..n).for_each(|i| x.for_slice(i, |j, _| starts[j + 1] += 1));
        (0..p).for_each(|j| starts[j + 1] += starts[j]);
        let mut place = starts.clone();
        let (mut rows, mut values) = (vec![0; starts[p]], vec![F::zero(); starts[p]]);
        for i in 0..n {
            x.for_slice(i, |j, v| {
                rows[place[j]] = i as u32;
                values[place[j]] = v;
                place[j] += 1;
            });
        }
        Columns { starts, rows, values }
    }

    fn of_dense(x: &ArrayView2<'_, F>) -> Self {
        let (n, p) = x.dim();
        let mut lengths = vec![0; p];
        entries(x, |_, j, v| lengths[j] += usize::from(v != F::zero()));
        let full = 2 * lengths.iter().sum::<usize>() > n * p;
        let mut starts = vec![0; p + 1];
        (0..p).for_each(|j| starts[j + 1] = starts[j] + if full { n } else { lengths[j] });
        let (mut place, mut values) = (starts.clone(), vec![F::zero(); starts[p]]);
        let mut rows = vec![0; if full { 0 } else { starts[p] }];
        entries(x, |i, j, v| {
            if full || v != F::zero() {
                values[place[j]] = v;
                if !full {
                    rows[place[j]] = i as u32;
                }
                place[j] += 1;
            }
        });
        Columns { starts, rows, values }
    }

    /// The number of columns.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of a column's entries.
    pub fn length(&self, j: usize) -> usize {
        self.starts[j + 1] - self.starts[j]
    }

    /// Calls `entry` with each row of a column, and the value there.
    #[inline]
    pub fn each(&self, j: usize, mut entry: impl FnMut(usize, f64)) {
        let range = self.starts[j]..self.starts[j + 1];
        let values = &self.values[range.clone()];
        if self.rows.is_empty() {
            values.iter().enumerate().for_each(|(i, v)| entry(i, v.widen()));
        } else {
            self.rows[range].iter().zip(values).for_each(|(&i, v)| entry(i as usize, v.widen()));
        }
    }
}

/// Calls `entry` with all entries' rows, columns and values, those of a column from above; by tiles, as they may lie.
fn entries<F: Real>(x: &ArrayView2<'_, F>, mut entry: impl FnMut(usize, usize, F)) {
    let (n, p) = x.dim();
    for first in (0..n).step_by(TILE) {
        for j in 0..p {
            (first..n.min(first + TILE)).for_each(|i| entry(i, j, x[[i, j]]));
        }
    }
}
