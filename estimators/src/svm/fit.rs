//! From data to solved problems: which rows count, in which type their kernel is found, and the model of one problem.

use super::gram::Gram;
use super::model::{SvmKind, SvmModel, end_warnings};
use super::problems::Solved;
use super::settings::Shape;
use super::settings::{Settings, packs};
use super::solver::{Problem, Solution, solve};
use crate::kernel::exp::Entry;
use crate::kernel::{FittedRows, Kernel, KernelFunction, SparseRows};
use crate::{AnyMatrix, Control, Data, Report, Result, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array1, Array2};

/// Checked data: the rows that weigh something, and their weights.
pub(super) struct Ground {
    pub picked: Vec<usize>,
    pub weights: Vec<f64>,
}

impl Ground {
    /// # Errors
    /// [`crate::Error::Input`] for data that do not fit, among them rows that all weigh nothing.
    pub fn of(data: &Data<'_>, settings: &Settings) -> Result<Self> {
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
        Ok(Ground { picked, weights })
    }

    /// Brings rows and weights into another order: `order` says which come first.
    pub fn arrange(&mut self, order: &[usize]) {
        self.picked = order.iter().map(|&k| self.picked[k]).collect();
        self.weights = order.iter().map(|&k| self.weights[k]).collect();
    }
}

/// The means of the columns, which are taken off where only differences of rows count. Rows are added one after the
/// other, so that rows without weight leave no trace in the last digit.
pub(super) fn shift(kernel: Kernel, x: &AnyMatrix<'_>, picked: &[usize], ctl: &Control) -> Result<Vec<f64>> {
    if kernel.function != KernelFunction::Rbf || !packs(x) {
        return Ok(Vec::new());
    }
    let p = x.ncols();
    let (mut sums, mut row) = (vec![0.0; p], vec![0.0; p]);
    for (k, &i) in picked.iter().enumerate() {
        if k % 4096 == 0 {
            ctl.check()?;
        }
        with_matrix!(x, x => x.pack(i..i + 1, 0..p, p, &mut row));
        sums.iter_mut().zip(&row).for_each(|(s, v)| *s += v);
    }
    Ok(sums.into_iter().map(|s| s / picked.len() as f64).collect())
}

/// Whether single precision is enough for the matrix: LIBSVM keeps it so, but finds it in double. Here the products are
/// single too where that loses no more: for an RBF kernel of rows that lie neither far away nor close together in its
/// measure, many of them, a usual tolerance and costs that do not blow up what is rounded.
pub(super) fn single(kernel: Kernel, x: &AnyMatrix<'_>, ground: &Ground, shift: &[f64], most: f64, tol: f64) -> bool {
    if kernel.function != KernelFunction::Rbf || tol < 1e-4 || most > 1e4 || ground.picked.len() <= 1024 {
        return false;
    }
    let p = x.ncols();
    let mut row = vec![0.0; p];
    let every = ground.picked.len().div_ceil(1000);
    let sparse = if packs(x) { None } else { SparseRows::of(x) };
    let (mut sum, mut far, mut count) = (0.0, 0.0_f64, 0.0);
    for &i in ground.picked.iter().step_by(every) {
        let square: f64 = match &sparse {
            Some(rows) => rows.row(i).map(|(_, v)| v * v).sum(),
            None => {
                with_matrix!(x, x => x.pack(i..i + 1, 0..p, p, &mut row));
                row.iter().enumerate().map(|(j, v)| (v - shift.get(j).unwrap_or(&0.0)).powi(2)).sum()
            }
        };
        (sum, far, count) = (sum + square, far.max(square), count + 1.0);
    }
    (kernel.gamma * sum / count) > 0.01 && kernel.gamma * far < 64.0
}

/// Solves one problem over the rows of `gram`.
pub(super) fn solve_over<F: Entry>(
    problem: Problem,
    gram: &Gram<'_, F>,
    settings: &Settings,
    side_by_side: usize,
    ctl: &Control,
) -> Result<Solution> {
    solve(problem, gram, settings.stop(), settings.sizes(side_by_side, size_of::<F>()), ctl)
}

/// Runs `$body` with `$gram` bound to the kernel matrix of the ground's rows, in the type that is precise enough.
macro_rules! with_gram {
    ($kernel:expr, $x:expr, $ground:expr, $most:expr, $tol:expr, $ctl:expr, $gram:ident => $body:expr) => {{
        let shift = crate::svm::fit::shift($kernel, $x, &$ground.picked, $ctl)?;
        if crate::svm::fit::single($kernel, $x, $ground, &shift, $most, $tol) {
            let $gram = crate::svm::gram::Gram::<f32>::new($kernel, $x, &$ground.picked, &shift);
            $body
        } else {
            let $gram = crate::svm::gram::Gram::<f64>::new($kernel, $x, &$ground.picked, &shift);
            $body
        }
    }};
}
pub(super) use with_gram;

/// The model of one problem over all rows that weigh something.
pub(super) fn one_problem(
    kind: SvmKind,
    settings: &Settings,
    kernel: Kernel,
    data: &Data<'_>,
    ground: &Ground,
    solved: Solved,
) -> SvmModel {
    let held: Vec<usize> = (0..solved.coef.len()).filter(|&k| solved.coef[k] != 0.0).collect();
    let support: Vec<usize> = held.iter().map(|&k| ground.picked[k]).collect();
    let dual: Vec<f64> = held.iter().map(|&k| solved.coef[k]).collect();
    SvmModel {
        kind,
        kernel,
        rows: rows_of(kernel, &data.x, &support).into(),
        support: support.iter().map(|&i| i as i32).collect(),
        n_support: Array1::from_elem(1, support.len() as i32),
        dual_coef: Array2::from_shape_vec((1, dual.len()), dual).unwrap_or_default(),
        intercept: Array1::from_elem(1, -solved.rho),
        prob_a: Array1::zeros(0),
        prob_b: Array1::zeros(0),
        shape: Shape::Ovr,
        break_ties: false,
        n_fit: data.x.nrows(),
        features: data.x.ncols(),
        sparse: data.x.is_sparse(),
        objective: Array1::from_elem(1, solved.objective),
        bounded: Array1::from_elem(1, solved.bounded as i32),
        report: Report {
            iterations: vec![solved.steps],
            converged: solved.end == super::solver::End::Converged,
            solver: "smo".into(),
            warnings: end_warnings(&[solved.end], settings.max_iter),
        },
    }
}

/// The rows `support` of `x`; none where `x` is the kernel matrix.
pub(super) fn rows_of(kernel: Kernel, x: &AnyMatrix<'_>, support: &[usize]) -> FittedRows {
    if kernel.function == KernelFunction::Precomputed {
        return FittedRows::None;
    }
    match SparseRows::of(x) {
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
        None => FittedRows::Dense(with_matrix!(x, x => {
            let mut rows = Array2::zeros((support.len(), x.ncols()));
            for (&i, mut row) in support.iter().zip(rows.rows_mut()) {
                x.pack(i..i + 1, 0..x.ncols(), x.ncols(), row.as_slice_mut().unwrap_or_default());
            }
            rows
        })),
    }
}
