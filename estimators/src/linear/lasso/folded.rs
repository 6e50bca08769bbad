//! What folds share: second moments of each fold's rows, from which those of the rows outside it are added up.

use super::design::Plan;
use crate::folds::Split;
use crate::{Backend, Control, Dtype, Matrix, Result};
use ironlearn_linalg::host::matmul::matmul;
use ironlearn_linalg::{Gram, Layout, Real};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

/// One fold: how often each row is learnt from, and the rows that judge.
pub struct Part {
    times: Vec<f64>,
    test: Vec<usize>,
    /// Whether exactly the rows outside `test` are learnt from, once each.
    complement: bool,
}

/// The folds of n rows.
pub fn parts(splits: &[Split], n: usize) -> Vec<Part> {
    let one = |split: &Split| {
        let mut times = vec![0.0; n];
        split.train.iter().for_each(|i| times[i] += 1.0);
        let mut outside = vec![1.0; n];
        split.test.iter().for_each(|i| outside[i] -= 1.0);
        Part { complement: times == outside, times, test: split.test.iter().collect() }
    };
    splits.iter().map(one).collect()
}

impl Part {
    /// The weights of the rows that are learnt from; 0 for the others.
    pub fn train_weights(&self, weights: Option<ArrayView1<'_, f64>>) -> Array1<f64> {
        match weights {
            None => self.times.iter().copied().collect(),
            Some(weights) => self.times.iter().zip(weights).map(|(times, w)| times * w).collect(),
        }
    }

    /// The rows that judge, in place where they follow each other.
    pub fn test_rows<'t, F: Real>(
        &self,
        x: &'t Matrix<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
    ) -> TestRows<'t, F> {
        let y = y.select(Axis(0), &self.test);
        let weights = weights.map(|w| w.select(Axis(0), &self.test));
        let consecutive = self.test.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let x = match x {
            Matrix::Dense(x) if consecutive && !self.test.is_empty() => {
                let first = self.test[0];
                TestX::View(x.slice(s![first..first + self.test.len(), ..]))
            }
            Matrix::Dense(x) => TestX::Owned(x.select(Axis(0), &self.test)),
            Matrix::Sparse(x) => {
                let rows = x.by_row();
                let rows = rows.view(x);
                debug_assert_eq!(rows.layout(), Layout::Row);
                let mut list = Vec::with_capacity(self.test.len());
                for &i in &self.test {
                    let mut row = Vec::new();
                    rows.for_slice(i, |j, v| row.push((j, v.widen())));
                    list.push(row);
                }
                TestX::Sparse(list)
            }
        };
        TestRows { x, y, weights }
    }
}

enum TestX<'t, F> {
    View(ArrayView2<'t, F>),
    Owned(Array2<F>),
    Sparse(Vec<Vec<(usize, f64)>>),
}

/// The rows that judge.
pub struct TestRows<'t, F> {
    x: TestX<'t, F>,
    /// Their targets.
    pub y: Array2<f64>,
    /// Their weights.
    pub weights: Option<Array1<f64>>,
}

impl<F: Real> TestRows<'_, F> {
    /// For each of several p × t coefficients (features first) about the means the mean squared error over rows and
    /// targets.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn errors(
        &self,
        coefs: &[Vec<f64>],
        x_mean: &Array1<f64>,
        y_mean: &Array1<f64>,
        dtype: Dtype,
        ctl: &Control,
    ) -> Result<Vec<f64>> {
        let (p, t, k) = (x_mean.len(), y_mean.len(), coefs.len());
        let mut all = Array2::zeros((p, k * t));
        for (a, coef) in coefs.iter().enumerate() {
            for (at, w) in coef.iter().enumerate().filter(|(_, w)| **w != 0.0) {
                all[[at / t, a * t + at % t]] = dtype.round(*w);
            }
        }
        let intercepts: Vec<f64> =
            all.columns().into_iter().enumerate().map(|(at, w)| y_mean[at % t] - w.dot(x_mean)).collect();
        let predicted = match &self.x {
            TestX::View(x) => matmul(&Matrix::Dense(x.view()), all.view(), ctl)?,
            TestX::Owned(x) => matmul(&Matrix::Dense(x.view()), all.view(), ctl)?,
            TestX::Sparse(rows) => {
                let mut out = Array2::zeros((rows.len(), k * t));
                for (row, mut out) in rows.iter().zip(out.rows_mut()) {
                    row.iter().for_each(|&(j, v)| out.scaled_add(v, &all.row(j)));
                }
                out
            }
        };
        let ones = Array1::ones(self.y.nrows());
        let weights = self.weights.as_ref().unwrap_or(&ones);
        let total = weights.sum();
        let error = |a: usize| {
            let mut sum = 0.0;
            for ((row, y), w) in predicted.rows().into_iter().zip(self.y.rows()).zip(weights) {
                for l in 0..t {
                    let off = row[a * t + l] + intercepts[a * t + l] - y[l];
                    sum += w * off * off;
                }
            }
            sum / (total * t as f64)
        };
        Ok((0..k).map(error).collect())
    }
}

/// The second moments of each fold's test rows.
pub struct FoldedMoments(Vec<Gram>);

/// The moments of the folds' rows, where folds divide all rows, X is dense, and second moments are the way.
///
/// # Errors
/// [`crate::Error::Input`] for NaN or infinity in X, [`crate::Error::Linalg`].
pub fn folded_moments<B: Backend, F: Real>(
    x: &Matrix<'_, F>,
    y: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
    parts: &[Part],
    plan: Plan<'_>,
    on: &B,
    ctl: &Control,
) -> Result<Option<FoldedMoments>> {
    let n = y.nrows();
    let divides = parts.iter().map(|part| part.test.len()).sum::<usize>() == n && parts.iter().all(|p| p.complement);
    if x.is_sparse() || !divides || !super::design::by_moments(n, x.ncols(), plan) {
        return Ok(None);
    }
    let mut moments = Vec::with_capacity(parts.len());
    for part in parts {
        let rows = part.test_rows(x, y.view(), weights.as_ref().map(|w| w.view()));
        let dense = match &rows.x {
            TestX::View(x) => x.view(),
            TestX::Owned(x) => x.view(),
            TestX::Sparse(_) => return Ok(None),
        };
        let placed = on.place(Matrix::Dense(dense), ctl)?;
        let found = on.gram(&placed, rows.y.view(), rows.weights.as_ref().map(|w| w.view()), plan.center, ctl)?;
        if !found.gram.diag().iter().all(|v| v.is_finite()) {
            if !x.all_finite() {
                crate::bad_input!("Input X contains NaN or infinity.");
            }
            return Err(super::fit::not_finite());
        }
        moments.push(found);
    }
    Ok(Some(FoldedMoments(moments)))
}

impl FoldedMoments {
    /// The moments of all folds but one: those about each fold's means, and what the means differ by.
    pub fn without(&self, fold: Option<usize>, center: bool) -> Gram {
        let used = || self.0.iter().enumerate().filter(|(at, part)| Some(*at) != fold && part.weight_sum > 0.0);
        let first = &self.0[0];
        let mut sum = Gram {
            gram: Array2::zeros(first.gram.dim()),
            xty: Array2::zeros(first.xty.dim()),
            yty: Array1::zeros(first.yty.dim()),
            x_mean: Array1::zeros(first.x_mean.dim()),
            y_mean: Array1::zeros(first.y_mean.dim()),
            weight_sum: used().map(|(_, part)| part.weight_sum).sum(),
        };
        if center {
            for (_, part) in used() {
                sum.x_mean.scaled_add(part.weight_sum / sum.weight_sum, &part.x_mean);
                sum.y_mean.scaled_add(part.weight_sum / sum.weight_sum, &part.y_mean);
            }
        }
        for (_, part) in used() {
            sum.gram += &part.gram;
            sum.xty += &part.xty;
            sum.yty += &part.yty;
            if center {
                let (dx, dy) = (&part.x_mean - &sum.x_mean, &part.y_mean - &sum.y_mean);
                for (j, &d) in dx.iter().enumerate() {
                    sum.gram.row_mut(j).scaled_add(part.weight_sum * d, &dx);
                    sum.xty.row_mut(j).scaled_add(part.weight_sum * d, &dy);
                }
                sum.yty += &(&dy * &dy * part.weight_sum);
            }
        }
        sum
    }
}
