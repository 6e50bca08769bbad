//! Linear support vector machines, with the objectives of liblinear (Fan, Chang, Hsieh, Wang and Lin 2008).
//!
//! An estimator names a loss, a penalty and C; what solves it is chosen by the shape of X. The intercept is penalised as
//! the coefficient of a column of `intercept_scaling`. The pieces:
//!
//! - `smooth`: the squared losses on up to 1,500 columns or sparse rows, and most with an L1 penalty, by the
//!   Newton methods of [`crate::linear::glm`];
//! - `sparse_l1`: an L1 penalty on more than 200 columns of sparse X, column by column
//!   ([`crate::linear::solver::descent`]);
//! - `newton`: the squared losses on dense X of many columns or zeros, by conjugate gradients over the rows that pay, all classes
//!   side by side; `lines` has the rows, `held` those of a small system;
//! - `interior`: the losses with a kink on up to 1,000 columns, by an interior point;
//! - `dual`: more columns, and fewer rows than columns, by coordinate descent on the dual;
//! - `crammer_singer`: all classes in one problem; `pairs`: a hinge on dense X of many zeros as such a problem of two.

mod bound;
mod classifier;
mod crammer_singer;
mod dual;
mod held;
mod interior;
mod labels;
mod lines;
mod newton;
mod pairs;
mod problem;
mod regressor;
mod settings;
mod smooth;
mod sparse_l1;

pub use bound::{BoundLoss, l1_min_c};
pub use classifier::{HingeLoss, LinearSVC};
pub use regressor::{LinearSVR, TubeLoss};
pub use settings::{Auto, Dual, MultiClass, Norm};

use ironlearn_linalg::{Matrix, Real};

/// Calls `solve` with X, sparse X by row.
fn with_rows<F: Real, R>(x: Matrix<'_, F>, solve: impl FnOnce(Matrix<'_, F>) -> R) -> R {
    match &x {
        Matrix::Sparse(sparse) => {
            let rows = sparse.by_row();
            solve(Matrix::Sparse(rows.view(sparse)))
        }
        Matrix::Dense(_) => solve(x),
    }
}

/// The dot product, in eight sums side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for l in 0..8 {
            sums[l] += a[l] * b[l];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests;
