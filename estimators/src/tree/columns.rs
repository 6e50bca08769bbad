//! Columns of X as `f32`: what splits are found on. Dense X is read where it lies; sparse X becomes CSC.

use super::bins::Bins;
use super::ranks::Ranks;
use crate::{AnyMatrix, Result, bad_input};
use ironlearn_linalg::{Layout, Matrix, Real};
use ndarray::ArrayView2;

/// Values that differ by no more than this are not told apart by a split.
pub const TIE: f32 = 1e-7;

/// X, by column.
#[derive(Debug)]
pub enum Columns<'a> {
    /// Dense, `f32`.
    F32(ArrayView2<'a, f32>),
    /// Dense, `f64`.
    F64(ArrayView2<'a, f64>),
    /// Dense, copied column by column.
    Packed(Vec<f32>, (usize, usize)),
    /// Sparse.
    Sparse(Sparse),
    /// Dense, as ranks, and in bins where large nodes are to look at those.
    Ranked(Ranks, Option<Bins>),
}

/// A CSC matrix with sorted rows in each column and no duplicates.
#[derive(Debug)]
pub struct Sparse {
    shape: (usize, usize),
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl Sparse {
    fn new<F: Real>(x: &ironlearn_linalg::Compressed<'_, F>) -> Self {
        let (n, p) = x.shape();
        let majors = if x.layout() == Layout::Column { p } else { n };
        let mut counts = vec![0_usize; p + 1];
        let entries = |visit: &mut dyn FnMut(usize, usize, F)| {
            for major in 0..majors {
                x.for_slice(major, |minor, v| match x.layout() {
                    Layout::Column => visit(minor, major, v),
                    Layout::Row => visit(major, minor, v),
                });
            }
        };
        entries(&mut |_, j, _| counts[j + 1] += 1);
        for j in 0..p {
            counts[j + 1] += counts[j];
        }
        let stored = counts[p];
        let (mut rows, mut values) = (vec![0_u32; stored], vec![0.0_f32; stored]);
        let mut at = counts.clone();
        entries(&mut |i, j, v| {
            rows[at[j]] = i as u32;
            values[at[j]] = v.widen() as f32;
            at[j] += 1;
        });
        let mut sparse = Sparse { shape: (n, p), starts: counts, rows, values };
        sparse.tidy();
        sparse
    }

    /// Sorts each column by row, adds up duplicates and drops zeros.
    fn tidy(&mut self) {
        let mut end = 0;
        let mut pairs: Vec<(u32, f32)> = Vec::new();
        for j in 0..self.shape.1 {
            let range = self.starts[j]..self.starts[j + 1];
            pairs.clear();
            pairs.extend(self.rows[range.clone()].iter().copied().zip(self.values[range].iter().copied()));
            pairs.sort_by_key(|pair| pair.0);
            pairs.dedup_by(|later, first| {
                let same = later.0 == first.0;
                if same {
                    first.1 += later.1;
                }
                same
            });
            self.starts[j] = end;
            for &(row, value) in pairs.iter().filter(|pair| pair.1 != 0.0) {
                self.rows[end] = row;
                self.values[end] = value;
                end += 1;
            }
        }
        self.starts[self.shape.1] = end;
        self.rows.truncate(end);
        self.values.truncate(end);
    }

    /// The given columns.
    pub(crate) fn columns_only(&self, columns: &[u32]) -> Sparse {
        let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for &j in columns {
            let (from, with) = self.column(j as usize);
            rows.extend_from_slice(from);
            values.extend_from_slice(with);
            starts.push(rows.len());
        }
        Sparse { shape: (self.shape.0, columns.len()), starts, rows, values }
    }

    /// The rows of a column that are not 0, rising, and their values.
    pub fn column(&self, j: usize) -> (&[u32], &[f32]) {
        let range = self.starts[j]..self.starts[j + 1];
        (&self.rows[range.clone()], &self.values[range])
    }
}

impl<'a> Columns<'a> {
    /// Checks that the values are finite in `f32`; NaN is allowed where X is dense.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn new(x: &AnyMatrix<'a>) -> Result<Self> {
        check_values(x)?;
        Ok(match x {
            AnyMatrix::F32(Matrix::Dense(x)) => Columns::F32(*x),
            AnyMatrix::F64(Matrix::Dense(x)) => Columns::F64(*x),
            AnyMatrix::F32(Matrix::Sparse(x)) => Columns::Sparse(Sparse::new(x)),
            AnyMatrix::F64(Matrix::Sparse(x)) => Columns::Sparse(Sparse::new(x)),
        })
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Columns::F32(x) => x.dim(),
            Columns::F64(x) => x.dim(),
            Columns::Packed(_, shape) => *shape,
            Columns::Sparse(x) => x.shape,
            Columns::Ranked(x, _) => x.shape(),
        }
    }

    /// A copy, column by column, for searches that read one column after the other.
    pub fn packed<'b>(&self) -> Columns<'b> {
        const GROUP: usize = 8;
        let (n, p) = self.shape();
        let mut values = Vec::with_capacity(n * p);
        let mut group = vec![Vec::new(); GROUP.min(p)];
        for first in (0..p).step_by(GROUP) {
            group.truncate(p - first);
            self.dense_columns(first, &mut group);
            group.iter().for_each(|column| values.extend_from_slice(column));
        }
        Columns::Packed(values, (n, p))
    }

    /// The given rows alone, numbered in this order, in the room of an earlier copy, where X is packed or ranked: so small that
    /// it stays at hand while many nodes are grown on it. Bins are left out where no node is large enough for them.
    pub fn of<'b>(&self, rows: &[u32], room: &mut Option<Columns<'b>>) -> Option<Columns<'b>> {
        let (n, p) = (rows.len(), self.shape().1);
        let (mut values, ranks, bins) = match room.take() {
            Some(Columns::Packed(values, _)) => (values, None, None),
            Some(Columns::Ranked(ranks, bins)) => (Vec::new(), Some(ranks), bins),
            _ => (Vec::new(), None, None),
        };
        Some(match self {
            Columns::Packed(from, _) => {
                take(from, rows, p, &mut values);
                Columns::Packed(values, (n, p))
            }
            Columns::Ranked(from, of_rows) => {
                let of_rows = of_rows.as_ref().filter(|_| n >= super::ranked::BINNED);
                Columns::Ranked(from.of(rows, ranks), of_rows.map(|from| from.of(rows, bins)))
            }
            _ => return None,
        })
    }

    /// One value.
    pub fn value(&self, row: usize, column: usize) -> f32 {
        match self {
            Columns::F32(x) => x[[row, column]],
            Columns::F64(x) => x[[row, column]] as f32,
            Columns::Packed(values, (n, _)) => values[column * n + row],
            Columns::Ranked(x, _) => x.value(row, column),
            Columns::Sparse(x) => {
                let (rows, values) = x.column(column);
                rows.binary_search(&(row as u32)).map_or(0.0, |at| values[at])
            }
        }
    }

    /// Writes the columns from `first` on (all rows) into `out`.
    pub fn dense_columns(&self, first: usize, out: &mut [Vec<f32>]) {
        fn copy<F: Real>(x: &ArrayView2<'_, F>, first: usize, out: &mut [Vec<f32>]) {
            for out in out.iter_mut() {
                out.clear();
            }
            for row in x.rows() {
                for (j, out) in out.iter_mut().enumerate() {
                    out.push(row[first + j].widen() as f32);
                }
            }
        }
        match self {
            Columns::F32(x) => copy(x, first, out),
            Columns::F64(x) => copy(x, first, out),
            Columns::Packed(values, (n, _)) => {
                for (j, out) in out.iter_mut().enumerate() {
                    out.clear();
                    out.extend_from_slice(&values[(first + j) * n..(first + j + 1) * n]);
                }
            }
            Columns::Ranked(x, _) => {
                for (j, out) in out.iter_mut().enumerate() {
                    out.clear();
                    out.extend((0..x.shape().0).map(|row| x.value(row, first + j)));
                }
            }
            Columns::Sparse(x) => {
                for (j, out) in out.iter_mut().enumerate() {
                    out.clear();
                    out.resize(x.shape.0, 0.0);
                    let (rows, values) = x.column(first + j);
                    for (&row, &value) in rows.iter().zip(values) {
                        out[row as usize] = value;
                    }
                }
            }
        }
    }
}

/// Writes the given rows of `p` columns that lie one after the other.
fn take<T: Copy>(columns: &[T], rows: &[u32], p: usize, out: &mut Vec<T>) {
    out.clear();
    for column in columns.chunks_exact(columns.len() / p) {
        out.extend(rows.iter().map(|&row| column[row as usize]));
    }
}

/// What numbers become when they are infinite in `f32`.
pub const INFINITE: &str = "Input X contains infinity or a value too large for dtype('float32').";

/// Whether a value is infinite in `f32`. NaN is not.
pub fn any_infinite<F: Real>(values: &[F]) -> bool {
    // The first number that `f32` rounds to infinity: half a step above its largest.
    let limit = F::narrow(f64::from(f32::MAX) + 2f64.powi(103));
    values.chunks(256).any(|chunk| chunk.iter().fold(0_u32, |n, v| n + u32::from(v.abs() >= limit)) > 0)
}

/// Checks that no value is infinite in `f32`, and that none is NaN where X is sparse.
///
/// # Errors
/// [`crate::Error::Input`].
pub fn check_values(x: &AnyMatrix<'_>) -> Result<()> {
    fn infinite<F: Real>(x: &Matrix<'_, F>) -> bool {
        match x {
            Matrix::Dense(x) => match x.as_slice_memory_order() {
                Some(values) => any_infinite(values),
                None => x.iter().any(|&v| any_infinite(&[v])),
            },
            Matrix::Sparse(x) => any_infinite(x.data()),
        }
    }
    fn nan<F: Real>(x: &Matrix<'_, F>) -> bool {
        matches!(x, Matrix::Sparse(x) if x.data().iter().any(|v| v.is_nan()))
    }
    if ironlearn_linalg::with_matrix!(x, x => infinite(x)) {
        bad_input!("{INFINITE}");
    }
    if ironlearn_linalg::with_matrix!(x, x => nan(x)) {
        bad_input!("Input X contains NaN.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinite_is_what_f32_makes_infinite() {
        for v in [f64::from(f32::MAX), 3.4028235677973362e38, f64::NAN, -1.0] {
            assert!(!any_infinite(&[v]) && !(v as f32).is_infinite());
        }
        for v in [3.4028235677973366e38, -1e300, f64::INFINITY] {
            assert!(any_infinite(&[v]) && (v as f32).is_infinite());
        }
        assert!(any_infinite(&[f32::NEG_INFINITY]) && !any_infinite(&[f32::MAX, f32::NAN]));
    }
}
