//! Answers of fitted machines: sums over support vectors, votes of the pairs of classes, probabilities.

use super::platt;
use crate::kernel::{KernelFunction, Part, Reference};
use crate::{AnyMatrix, Control, Result, bad_input};
use ndarray::{Array2, ArrayView1, ArrayView2};

/// A fitted machine in parts: a user may have changed some of them.
#[derive(Debug)]
pub struct Machine<'a> {
    /// The support vectors, those of each class after one another.
    pub rows: &'a Reference,
    /// How many each class has; one number where there are no classes.
    pub n_support: Vec<usize>,
    /// (classes − 1, or 1) × support vectors, as LIBSVM lays them out: row j − 1 of a vector of class i < j is its part
    /// of the pair (i, j), and row i that of one of class j.
    pub dual_coef: ArrayView2<'a, f64>,
    /// One for each pair: `f(x) = Σ dual·k + intercept`, positive for the first of the pair.
    pub intercept: ArrayView1<'a, f64>,
}

impl Machine<'_> {
    /// `f` of each pair of classes in the order (0, 1), (0, 2), …, (1, 2), …; of machines without classes one column.
    /// The kernel of a row with each support vector is found once and serves all pairs.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for parts that do not fit together, [`crate::Error::Linalg`] for an interrupted run.
    pub fn values(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check(x)?;
        let k = self.n_support.len();
        let dual = self.dual_coef.as_standard_layout();
        let dual = dual.as_slice().unwrap_or_default();
        let vectors = self.rows.len();
        let mut parts = Vec::new();
        let mut begin = 0;
        for (class, &count) in self.n_support.iter().enumerate() {
            let rows = begin..begin + count;
            let coef = |line: usize| &dual[line * vectors + rows.start..line * vectors + rows.end];
            if k == 1 {
                parts.push(Part { rows: rows.clone(), coef: coef(0), out: 0 });
            }
            for other in (0..k).filter(|&o| o != class) {
                let (i, j) = (class.min(other), class.max(other));
                let out = i * (2 * k - i - 1) / 2 + j - i - 1;
                let line = if other > class { other - 1 } else { other };
                parts.push(Part { rows: rows.clone(), coef: coef(line), out });
            }
            begin += count;
        }
        self.rows.sums(x, &parts, &self.intercept.to_vec(), ctl)
    }

    fn check(&self, x: &AnyMatrix<'_>) -> Result<()> {
        let (k, vectors) = (self.n_support.len(), self.rows.len());
        let (lines, pairs) = if k == 1 { (1, 1) } else { (k.max(1) - 1, k * k.max(1).saturating_sub(1) / 2) };
        let sum: usize = self.n_support.iter().sum();
        if sum != vectors || self.dual_coef.dim() != (lines, vectors) || self.intercept.len() != pairs {
            bad_input!("the parts of the support vector machine do not fit together");
        }
        let (found, columns) = (x.ncols(), self.rows.columns());
        if found == columns || (vectors == 0 && columns == 0) {
            return Ok(());
        }
        if self.rows.kernel().function == KernelFunction::Precomputed {
            bad_input!("X.shape[1] = {found} should be equal to {columns}, the number of samples at training time");
        }
        bad_input!("X has {found} features, but the support vectors have {columns}");
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
