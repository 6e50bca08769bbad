//! The rows of X as Newton's method meets them: a product with a row, and a multiple of it added.

use ironlearn_linalg::host::dot::Dot;
use ironlearn_linalg::host::row_step::RowStep;
use ironlearn_linalg::{Matrix, Real};
use ndarray::ArrayView2;
use std::borrow::Cow;
use std::ops::Range;

/// The share of entries other than 0 up to which dense rows are kept by those alone.
const FEW: f64 = 0.35;

/// Rows of X.
pub trait Lines: Sync {
    /// `xᵢ·w`.
    fn dot(&self, i: usize, w: &[f64]) -> f64;

    /// `w += c·xᵢ`.
    fn add(&self, i: usize, c: f64, w: &mut [f64]);

    /// `w += c·xᵢ²`, each entry by itself.
    fn add_squares(&self, i: usize, c: f64, w: &mut [f64]);

    /// About how many entries a row has.
    fn width(&self) -> usize;

    /// `xᵢ·v` for these rows and several v, row by row: each entry of X meets all of them.
    fn products(&self, rows: Range<usize>, of: &Several<'_>, out: &mut [f64]);
}

/// The most vectors that an entry meets at once.
pub const LANES: usize = 8;

/// At most [`LANES`] vectors.
pub struct Several<'a> {
    /// One after the other.
    flat: &'a [f64],
    count: usize,
    /// The entries of all for each column, padded.
    lanes: Vec<[f64; LANES]>,
}

impl<'a> Several<'a> {
    /// `count` vectors of `cols`, one after the other.
    pub fn new(flat: &'a [f64], count: usize, cols: usize) -> Self {
        let lane = |l: usize, j: usize| if l < count { flat[l * cols + j] } else { 0.0 };
        let lanes =
            if count > 2 { (0..cols).map(|j| std::array::from_fn(|l| lane(l, j))).collect() } else { Vec::new() };
        Several { flat, count, lanes }
    }

    /// The products of sparse rows, of which `each` calls what it is given with the entries of one.
    #[inline]
    fn products<L: Lines>(
        &self,
        lines: &L,
        rows: Range<usize>,
        out: &mut [f64],
        each: impl Fn(usize, &mut [f64; LANES]),
    ) {
        let cols = self.flat.len() / self.count;
        for (i, out) in rows.zip(out.chunks_exact_mut(self.count)) {
            if self.lanes.is_empty() {
                out.iter_mut().zip(self.flat.chunks_exact(cols)).for_each(|(o, v)| *o = lines.dot(i, v));
            } else {
                let mut sums = [0.0; LANES];
                each(i, &mut sums);
                out.copy_from_slice(&sums[..self.count]);
            }
        }
    }
}

#[inline]
fn meet(sums: &mut [f64; LANES], lanes: &[f64; LANES], v: f64) {
    sums.iter_mut().zip(lanes).for_each(|(s, l)| *s += l * v);
}

/// Rows with every column, one after the other.
pub struct Full<'a, F: Real> {
    values: Cow<'a, [F]>,
    cols: usize,
    step: RowStep,
    dot: Dot,
}

impl<'a, F: Real> Full<'a, F> {
    /// The rows of `x`; a copy by row where they do not lie so.
    pub fn new(x: &'a ArrayView2<'_, F>) -> Self {
        let values = x.as_slice().map_or_else(|| by_row(x).into(), Cow::from);
        Full { values, cols: x.ncols(), step: RowStep::detect(), dot: Dot::detect() }
    }

    /// `‖xᵢ‖²`.
    pub fn square(&self, i: usize) -> f64 {
        self.row(i).iter().map(|v| v.widen() * v.widen()).sum()
    }

    fn row(&self, i: usize) -> &[F] {
        &self.values[i * self.cols..(i + 1) * self.cols]
    }
}

impl<F: Real> Lines for Full<'_, F> {
    #[inline]
    fn dot(&self, i: usize, w: &[f64]) -> f64 {
        self.step.dot(self.row(i), w)
    }

    #[inline]
    fn add(&self, i: usize, c: f64, w: &mut [f64]) {
        self.step.add(self.row(i), c, w);
    }

    fn add_squares(&self, i: usize, c: f64, w: &mut [f64]) {
        w.iter_mut().zip(self.row(i)).for_each(|(w, v)| *w += c * v.widen() * v.widen());
    }

    fn width(&self) -> usize {
        self.cols
    }

    fn products(&self, rows: Range<usize>, of: &Several<'_>, out: &mut [f64]) {
        self.dot.rows(&self.values[rows.start * self.cols..rows.end * self.cols], of.flat, self.cols, out);
    }
}

fn by_row<F: Real>(x: &ArrayView2<'_, F>) -> Vec<F> {
    let (rows, cols) = x.dim();
    let mut copy = vec![F::narrow(0.0); x.len()];
    Matrix::Dense(x.reborrow()).pack(0..rows, 0..cols, cols, &mut copy);
    copy
}

/// The entries other than 0, row by row.
pub struct Few<F> {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<F>,
}

impl<F: Real> Few<F> {
    /// The entries of `x` other than 0, where they are few.
    pub fn of(x: &ArrayView2<'_, F>) -> Option<Self> {
        let most = (FEW * x.len() as f64) as usize;
        let zero = F::narrow(0.0);
        let mut count = 0;
        for row in x.rows() {
            count += row.iter().filter(|&&v| v != zero).count();
            if count > most {
                return None;
            }
        }
        let (mut columns, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut starts = Vec::with_capacity(x.nrows() + 1);
        starts.push(0);
        for row in x.rows() {
            for (j, &v) in row.iter().enumerate() {
                if v != zero {
                    columns.push(j as u32);
                    values.push(v);
                }
            }
            starts.push(values.len());
        }
        Some(Few { starts, columns, values })
    }

    /// The columns of a row's entries, and these.
    #[inline]
    pub fn row(&self, i: usize) -> (&[u32], &[F]) {
        let range = self.starts[i]..self.starts[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }
}

impl<F: Real> Lines for Few<F> {
    #[inline]
    fn dot(&self, i: usize, w: &[f64]) -> f64 {
        let (columns, values) = self.row(i);
        let ((columns, left), (values, rest)) = (columns.as_chunks::<8>(), values.as_chunks::<8>());
        let mut sums = [0.0; 8];
        for (c, v) in columns.iter().zip(values) {
            for l in 0..8 {
                sums[l] += w[c[l] as usize] * v[l].widen();
            }
        }
        let mut sum = 0.0;
        for (&c, v) in left.iter().zip(rest) {
            sum += w[c as usize] * v.widen();
        }
        let four = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
        sum + ((four[0] + four[2]) + (four[1] + four[3]))
    }

    #[inline]
    fn add(&self, i: usize, c: f64, w: &mut [f64]) {
        let (columns, values) = self.row(i);
        columns.iter().zip(values).for_each(|(&j, v)| w[j as usize] += c * v.widen());
    }

    fn add_squares(&self, i: usize, c: f64, w: &mut [f64]) {
        let (columns, values) = self.row(i);
        columns.iter().zip(values).for_each(|(&j, v)| w[j as usize] += c * v.widen() * v.widen());
    }

    fn width(&self) -> usize {
        self.values.len() / (self.starts.len() - 1).max(1)
    }

    fn products(&self, rows: Range<usize>, of: &Several<'_>, out: &mut [f64]) {
        of.products(self, rows, out, |i, sums| {
            let (columns, values) = self.row(i);
            columns.iter().zip(values).for_each(|(&j, v)| meet(sums, &of.lanes[j as usize], v.widen()));
        });
    }
}
