//! From data to solved problems: which rows count, and in which type their kernel is found.

use super::gram::Gram;
use super::settings::Settings;
use super::solver::{Problem, Solution, solve};
use crate::kernel::exp::Entry;
use crate::kernel::{FittedRows, Kernel, KernelFunction, SparseRows};
use crate::{AnyMatrix, Control, Data, Result, bad_input};
use ironlearn_linalg::{Layout, Matrix, with_matrix};
use ndarray::Array2;

/// Checked data: the rows that weigh something, and their weights.
pub(super) struct Ground<'a> {
    pub x: AnyMatrix<'a>,
    /// The rows of X where it is sparse.
    pub sparse: Option<SparseRows>,
    pub picked: Vec<usize>,
    pub weights: Vec<f64>,
}

impl<'a> Ground<'a> {
    /// # Errors
    /// [`crate::Error::Input`] for data that do not fit, among them rows that all weigh nothing.
    pub fn of(data: &'a Data<'_>, settings: &Settings) -> Result<Self> {
        data.check()?;
        data.check_finite()?;
        let (n, p) = data.x.shape();
        if settings.kernel == KernelFunction::Precomputed {
            if data.x.is_sparse() {
                bad_input!("Sparse precomputed kernels are not supported.");
            }
            if n != p {
                bad_input!("Precomputed matrix must be a square matrix. Input is a {n}x{p} matrix.");
            }
        }
        let weight = |i: usize| data.weights.as_ref().map_or(1.0, |w| w[i]);
        let picked: Vec<usize> = (0..n).filter(|&i| weight(i) > 0.0).collect();
        if picked.is_empty() {
            bad_input!("Invalid input - all samples have zero or negative weights.");
        }
        let weights = picked.iter().map(|&i| weight(i)).collect();
        Ok(Ground { x: data.x.reborrow(), sparse: SparseRows::of(&data.x), picked, weights })
    }

    /// Brings rows and weights into another order: `order` says which come first.
    pub fn arrange(&mut self, order: &[usize]) {
        self.picked = order.iter().map(|&k| self.picked[k]).collect();
        self.weights = order.iter().map(|&k| self.weights[k]).collect();
    }

    /// The rows where they stay sparse; `None` where they are packed: dense ones, and those of CSR that are small.
    pub fn unpacked(&self) -> Option<&SparseRows> {
        let packs = with_matrix!(&self.x, x => match x {
            Matrix::Dense(_) => true,
            Matrix::Sparse(s) => s.layout() == Layout::Row && x.nrows().saturating_mul(x.ncols()) <= 1 << 18,
        });
        if packs { None } else { self.sparse.as_ref() }
    }

    /// Writes row `i` of X to `row`.
    pub fn pack(&self, i: usize, row: &mut [f64]) {
        let p = row.len();
        with_matrix!(&self.x, x => x.pack(i..i + 1, 0..p, p, row));
    }
}

/// The means of the columns, which are taken off where only differences of rows count. Rows are added one after the
/// other, so that rows without weight leave no trace in the last digit.
pub(super) fn shift(kernel: Kernel, ground: &Ground<'_>, ctl: &Control) -> Result<Vec<f64>> {
    if kernel.function != KernelFunction::Rbf || ground.unpacked().is_some() {
        return Ok(Vec::new());
    }
    let p = ground.x.ncols();
    let (mut sums, mut row) = (vec![0.0; p], vec![0.0; p]);
    for (k, &i) in ground.picked.iter().enumerate() {
        if k % 4096 == 0 {
            ctl.check()?;
        }
        ground.pack(i, &mut row);
        sums.iter_mut().zip(&row).for_each(|(s, v)| *s += v);
    }
    Ok(sums.into_iter().map(|s| s / ground.picked.len() as f64).collect())
}

/// Whether single precision is enough for the matrix: LIBSVM keeps it so, but finds it in double. Here the products are
/// single too where that loses no more: for an RBF kernel of rows that lie neither far away nor close together in its
/// measure, many of them, a usual tolerance and costs that do not blow up what is rounded.
pub(super) fn single(kernel: Kernel, ground: &Ground<'_>, shift: &[f64], most: f64, tol: f64) -> bool {
    if kernel.function != KernelFunction::Rbf || tol < 1e-4 || most > 1e4 || ground.picked.len() <= 1024 {
        return false;
    }
    let mut row = vec![0.0; ground.x.ncols()];
    let every = ground.picked.len().div_ceil(1000);
    let (mut sum, mut far, mut count) = (0.0, 0.0_f64, 0.0);
    for &i in ground.picked.iter().step_by(every) {
        let square: f64 = match ground.unpacked() {
            Some(rows) => rows.row(i).map(|(_, v)| v * v).sum(),
            None => {
                ground.pack(i, &mut row);
                row.iter().enumerate().map(|(j, v)| (v - shift.get(j).unwrap_or(&0.0)).powi(2)).sum()
            }
        };
        (sum, far, count) = (sum + square, far.max(square), count + 1.0);
    }
    (kernel.gamma * sum / count) > 0.01 && kernel.gamma * far < 64.0
}

/// Solves one problem over the rows of `gram`, with `memory` bytes for its numbers.
pub(super) fn solve_over<F: Entry>(
    problem: Problem,
    gram: &Gram<'_, F>,
    settings: &Settings,
    memory: usize,
    ctl: &Control,
) -> Result<Solution> {
    solve(problem, gram, settings.stop(), settings.sizes(memory, size_of::<F>()), ctl)
}

/// Runs `$body` with `$gram` bound to the kernel matrix of the ground's rows, in the type that is precise enough.
macro_rules! with_gram {
    ($kernel:expr, $ground:expr, $most:expr, $tol:expr, $ctl:expr, $gram:ident => $body:expr) => {{
        let shift = crate::svm::fit::shift($kernel, $ground, $ctl)?;
        if crate::svm::fit::single($kernel, $ground, &shift, $most, $tol) {
            let $gram = crate::svm::gram::Gram::<f32>::new($kernel, $ground, &shift);
            $body
        } else {
            let $gram = crate::svm::gram::Gram::<f64>::new($kernel, $ground, &shift);
            $body
        }
    }};
}
pub(super) use with_gram;

/// The rows `support` of X; none where X is the kernel matrix.
pub(super) fn rows_of(kernel: Kernel, ground: &Ground<'_>, support: &[usize]) -> FittedRows {
    if kernel.function == KernelFunction::Precomputed {
        return FittedRows::None;
    }
    match &ground.sparse {
        Some(all) => {
            let (mut indptr, mut indices, mut data) = (vec![0_i64], Vec::new(), Vec::new());
            for &i in support {
                all.row(i).for_each(|(j, v)| {
                    indices.push(j as i64);
                    data.push(v);
                });
                indptr.push(indices.len() as i64);
            }
            FittedRows::Sparse(SparseRows {
                columns: all.columns,
                indptr: indptr.into(),
                indices: indices.into(),
                data: data.into(),
            })
        }
        None => {
            let mut rows = Array2::zeros((support.len(), ground.x.ncols()));
            for (&i, mut row) in support.iter().zip(rows.rows_mut()) {
                ground.pack(i, row.as_slice_mut().unwrap_or_default());
            }
            FittedRows::Dense(rows)
        }
    }
}
