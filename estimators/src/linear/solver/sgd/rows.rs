//! The rows of X in any order: what stochastic gradients ask of them, dense or sparse.

use super::weights::Weights;
use ironlearn_linalg::host::row_step::RowStep;
use ironlearn_linalg::{Compressed, Matrix, Real};
use ndarray::{Array2, ArrayView2};
use std::borrow::Cow;

/// Rows that can be read in any order.
pub trait Rows: Sync {
    /// Whether every row has every column.
    const DENSE: bool;

    /// How strongly the intercept moves compared with the coefficients: less where most values of a row are 0, since
    /// it then moves far more often than any of them (Bottou 2012, "Stochastic gradient descent tricks").
    const INTERCEPT: f64;

    /// Asks for row `i`, which will be wanted soon.
    fn prefetch(&self, i: usize);

    /// `xᵢ·w`.
    fn dot(&self, i: usize, w: &[f64]) -> f64;

    /// `‖xᵢ‖²`.
    fn square(&self, i: usize) -> f64;

    /// Adds `c·xᵢ` to the numbers that `weights` stores. Dense rows leave Σ |w| to [`Weights::truncate`].
    fn add(&self, i: usize, c: f64, weights: &mut Weights);

    /// `w += c·xᵢ`.
    fn add_to(&self, i: usize, c: f64, w: &mut [f64]);

    /// Calls `entry` with each column that row `i` stores, and its value.
    fn each(&self, i: usize, entry: impl FnMut(usize, f64));
}

/// Dense rows, one after the other.
pub struct Dense<'a, F: Real> {
    values: Cow<'a, [F]>,
    cols: usize,
    step: RowStep,
}

impl<'a, F: Real> Dense<'a, F> {
    /// The rows of `x`; a copy by row where they do not lie so.
    pub fn new(x: &'a ArrayView2<'_, F>) -> Self {
        let (cols, step) = (x.ncols(), RowStep::detect());
        if let Some(values) = x.as_slice() {
            return Dense { values: values.into(), cols, step };
        }
        let mut copy = Array2::<F>::zeros(x.dim());
        if let Some(out) = copy.as_slice_mut() {
            Matrix::Dense(x.reborrow()).pack(0..x.nrows(), 0..cols, cols, out);
        }
        Dense { values: copy.into_raw_vec_and_offset().0.into(), cols, step }
    }

    #[inline]
    fn row(&self, i: usize) -> &[F] {
        &self.values[i * self.cols..(i + 1) * self.cols]
    }
}

impl<F: Real> Rows for Dense<'_, F> {
    const DENSE: bool = true;
    const INTERCEPT: f64 = 1.0;

    #[inline]
    fn prefetch(&self, i: usize) {
        RowStep::prefetch(self.row(i));
    }

    #[inline]
    fn dot(&self, i: usize, w: &[f64]) -> f64 {
        self.step.dot(self.row(i), w)
    }

    fn square(&self, i: usize) -> f64 {
        self.row(i).iter().map(|v| v.widen() * v.widen()).sum()
    }

    #[inline]
    fn add(&self, i: usize, c: f64, weights: &mut Weights) {
        weights.square = self.step.add(self.row(i), c, &mut weights.w);
    }

    #[inline]
    fn add_to(&self, i: usize, c: f64, w: &mut [f64]) {
        self.step.add(self.row(i), c, w);
    }

    #[inline]
    fn each(&self, i: usize, mut entry: impl FnMut(usize, f64)) {
        self.row(i).iter().enumerate().for_each(|(j, v)| entry(j, v.widen()));
    }
}

/// The rows of a CSR matrix without duplicate entries.
pub struct Sparse<'a, F>(pub Compressed<'a, F>);

impl<F: Real> Rows for Sparse<'_, F> {
    const DENSE: bool = false;
    const INTERCEPT: f64 = 0.01;

    #[inline]
    fn prefetch(&self, i: usize) {
        self.0.prefetch(i);
    }

    #[inline]
    fn dot(&self, i: usize, w: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.0.for_slice(i, |j, v| sum += w[j] * v.widen());
        sum
    }

    fn square(&self, i: usize) -> f64 {
        let mut sum = 0.0;
        self.0.for_slice(i, |_, v| sum += v.widen() * v.widen());
        sum
    }

    #[inline]
    fn add(&self, i: usize, c: f64, weights: &mut Weights) {
        let (w, mut square, mut absolute) = (&mut weights.w, weights.square, weights.absolute);
        self.0.for_slice(i, |j, v| {
            let (old, new) = (w[j], w[j] + c * v.widen());
            square += new * new - old * old;
            absolute += new.abs() - old.abs();
            w[j] = new;
        });
        (weights.square, weights.absolute) = (square.max(0.0), absolute.max(0.0));
    }

    #[inline]
    fn add_to(&self, i: usize, c: f64, w: &mut [f64]) {
        self.0.for_slice(i, |j, v| w[j] += c * v.widen());
    }

    #[inline]
    fn each(&self, i: usize, mut entry: impl FnMut(usize, f64)) {
        self.0.for_slice(i, |j, v| entry(j, v.widen()));
    }
}
