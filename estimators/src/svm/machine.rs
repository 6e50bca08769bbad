//! Answers of fitted machines: sums over support vectors, votes of the pairs of classes, probabilities.

use super::platt;
use crate::kernel::{Kernel, KernelFunction, Reference};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Compressed, Indices, Matrix, Real, host::matmul::matmul, with_matrix};
use ndarray::{Array2, ArrayView1, ArrayView2, s};

/// A fitted machine in parts: a user may have changed some of them.
#[derive(Debug)]
pub struct Machine<'a> {
    /// The kernel.
    pub kernel: Kernel,
    /// The support vectors, those of each class after one another; `None` where X is the matrix of the kernel.
    pub rows: Option<AnyMatrix<'a>>,
    /// Where they are among the rows of the fit.
    pub support: ArrayView1<'a, i32>,
    /// How many each class has; one number where there are no classes.
    pub n_support: Vec<usize>,
    /// (classes − 1, or 1) × support vectors, as LIBSVM lays them out: row j − 1 of a vector of class i < j is its part
    /// of the pair (i, j), and row i that of one of class j.
    pub dual_coef: ArrayView2<'a, f64>,
    /// One for each pair: `f(x) = Σ dual·k + intercept`, positive for the first of the pair.
    pub intercept: ArrayView1<'a, f64>,
    /// Rows of the fit.
    pub n_fit: usize,
}

impl Machine<'_> {
    /// `f` of each pair of classes in the order (0, 1), (0, 2), …, (1, 2), …; of machines without classes one column.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for parts that do not fit together, [`crate::Error::Linalg`] for an interrupted run.
    pub fn values(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check(x)?;
        let k = self.n_support.len();
        let pairs = self.intercept.len();
        let mut out = Array2::zeros((x.nrows(), pairs));
        out.rows_mut().into_iter().for_each(|mut row| row.assign(&self.intercept));
        let mut begin = 0;
        for (class, &count) in self.n_support.iter().enumerate() {
            let part = self.dual_coef.slice(s![.., begin..begin + count]);
            if count > 0 {
                let sums = self.part(x, begin..begin + count, part, ctl)?;
                if k == 1 {
                    out.column_mut(0).zip_mut_with(&sums.column(0), |o, s| *o += s);
                } else {
                    for other in (0..k).filter(|&o| o != class) {
                        let (i, j) = (class.min(other), class.max(other));
                        let pair = i * (2 * k - i - 1) / 2 + j - i - 1;
                        let row = if other > class { other - 1 } else { other };
                        out.column_mut(pair).zip_mut_with(&sums.column(row), |o, s| *o += s);
                    }
                }
            }
            begin += count;
        }
        Ok(out)
    }

    /// Sums over some support vectors, one column for each row of `dual`.
    fn part(
        &self,
        x: &AnyMatrix<'_>,
        which: std::ops::Range<usize>,
        dual: ArrayView2<'_, f64>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        let Some(rows) = &self.rows else {
            let mut spread = Array2::zeros((self.n_fit, dual.nrows()));
            for (k, at) in which.enumerate() {
                spread.row_mut(self.support[at] as usize).assign(&dual.column(k));
            }
            return Ok(with_matrix!(x, x => matmul(x, spread.view(), ctl))?);
        };
        with_matrix!(rows, rows => {
            let picked = match rows {
                Matrix::Dense(rows) => Matrix::Dense(rows.slice(s![which, ..])),
                Matrix::Sparse(rows) => {
                    let (mut offsets, mut indices, mut data) = (vec![0_i64], Vec::new(), Vec::new());
                    for i in which {
                        rows.for_slice(i, |j, v| {
                            indices.push(j as i64);
                            data.push(v);
                        });
                        offsets.push(indices.len() as i64);
                    }
                    let shape = (offsets.len() - 1, rows.shape().1);
                    return self.times(&sparse_of(shape, &offsets, &indices, &data)?, x, dual, ctl);
                }
            };
            self.times(&Real::any(picked), x, dual, ctl)
        })
    }

    fn times(
        &self,
        rows: &AnyMatrix<'_>,
        x: &AnyMatrix<'_>,
        dual: ArrayView2<'_, f64>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        Reference::new(self.kernel, rows, ctl)?.times(x, dual.t(), ctl)
    }

    fn check(&self, x: &AnyMatrix<'_>) -> Result<()> {
        let (k, vectors) = (self.n_support.len(), self.support.len());
        let (lines, pairs) = if k == 1 { (1, 1) } else { (k.max(1) - 1, k * k.max(1).saturating_sub(1) / 2) };
        let sum: usize = self.n_support.iter().sum();
        let fits = sum == vectors
            && self.dual_coef.dim() == (lines, vectors)
            && self.intercept.len() == pairs
            && self.support.iter().all(|&i| i >= 0 && (i as usize) < self.n_fit);
        if !fits {
            bad_input!("the parts of the support vector machine do not fit together");
        }
        match &self.rows {
            Some(rows) if rows.nrows() != vectors || (vectors > 0 && rows.ncols() != x.ncols()) => {
                bad_input!("X has {} features, but the support vectors have {}", x.ncols(), rows.ncols())
            }
            None if x.ncols() != self.n_fit => {
                let (found, n) = (x.ncols(), self.n_fit);
                bad_input!("X.shape[1] = {found} should be equal to {n}, the number of samples at training time")
            }
            None if self.kernel.function != KernelFunction::Precomputed => {
                bad_input!("the support vectors are missing")
            }
            _ => Ok(()),
        }
    }

    /// The class with the most votes of the pairs, the first of several.
    pub fn vote(values: ArrayView1<'_, f64>, classes: usize) -> usize {
        let mut votes = vec![0_u32; classes.max(1)];
        let mut pair = 0;
        for i in 0..classes {
            for j in i + 1..classes {
                votes[if values[pair] > 0.0 { i } else { j }] += 1;
                pair += 1;
            }
        }
        (0..votes.len()).rev().max_by_key(|&c| votes[c]).unwrap_or(0)
    }

    /// One score for each class: its votes, and between them (by less than a third of a vote) what its pairs say.
    pub fn scores(values: ArrayView1<'_, f64>, classes: usize, out: &mut [f64]) {
        let mut sums = vec![0.0; classes];
        out.fill(0.0);
        let mut pair = 0;
        for i in 0..classes {
            for j in i + 1..classes {
                let v = values[pair];
                sums[i] += v;
                sums[j] -= v;
                out[if v < 0.0 { j } else { i }] += 1.0;
                pair += 1;
            }
        }
        out.iter_mut().zip(sums).for_each(|(o, s)| *o += s / (3.0 * (s.abs() + 1.0)));
    }

    /// The probability of each class, from the parameters of the pairs' sigmoids.
    pub fn probabilities(values: ArrayView2<'_, f64>, a: &[f64], b: &[f64], classes: usize) -> Array2<f64> {
        let mut out = Array2::zeros((values.nrows(), classes));
        for (values, mut out) in values.rows().into_iter().zip(out.rows_mut()) {
            let pairs: Vec<f64> =
                values.iter().zip(a.iter().zip(b)).map(|(&v, (&a, &b))| platt::sigmoid(v, a, b)).collect();
            out.assign(&ArrayView1::from(&platt::couple(&pairs, classes)));
        }
        out
    }
}

fn sparse_of<'a, F: Real>(
    shape: (usize, usize),
    offsets: &'a [i64],
    indices: &'a [i64],
    data: &'a [F],
) -> Result<AnyMatrix<'a>> {
    let rows =
        Compressed::new(ironlearn_linalg::Layout::Row, shape, Indices::I64(offsets), Indices::I64(indices), data)?;
    Ok(F::any(Matrix::Sparse(rows)))
}
