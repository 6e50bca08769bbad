//! What the name of liblinear promises: which rows count, and when its solvers stop (Fan, Chang, Hsieh, Wang and Lin
//! 2008, LIBLINEAR: a library for large linear classification).

use super::glm::lbfgs::Stop;
use super::logistic::{Labelled, LogisticRegression};
use crate::AnyMatrix;
use ironlearn_linalg::{Layout, Matrix, Real, with_matrix};

/// Weights below 0 count as 0: liblinear leaves such rows out.
pub(super) fn leave_out_negative(weights: &mut [f64]) {
    weights.iter_mut().for_each(|w| *w = w.max(0.0));
}

/// The rule for penalties of at most `largest_c`, and whether its bound of the whole is a share of the subgradient at 0.
///
/// The primal solvers end where the norm of the subgradient has fallen to `tol` times the smaller class's share of the
/// rows. The dual one ends where no entry of the dual's gradient exceeds `tol`; for the dual variables that belong to
/// coefficients w these are the products of the rows with the primal gradient at w.
pub(super) fn stop(
    model: &LogisticRegression,
    x: &AnyMatrix<'_>,
    labelled: &Labelled,
    largest_c: f64,
    tol: f64,
) -> (Stop, bool) {
    let mut stop = Stop::at(tol, model.max_iter);
    if !model.dual {
        stop.total = model.tol * smaller_share(labelled);
        return (stop, true);
    }
    let constant = if model.fit_intercept { model.intercept_scaling.powi(4) } else { 0.0 };
    let longest = with_matrix!(x, x => longest_row(x)) + constant;
    stop.total = model.tol / (largest_c * labelled.weight() * longest.sqrt());
    (stop, false)
}

/// The share of the class that has the fewest rows, among those of a positive weight; one row at least.
fn smaller_share(labelled: &Labelled) -> f64 {
    let mut counts = vec![0_usize; labelled.n_classes];
    for (i, &k) in labelled.codes.iter().enumerate() {
        counts[k as usize] += usize::from(labelled.weights.as_ref().is_none_or(|w| w[i] > 0.0));
    }
    let least = counts.iter().min().copied().unwrap_or_default().max(1);
    least as f64 / counts.iter().sum::<usize>().max(1) as f64
}

/// The largest sum of squares of a row.
fn longest_row<F: Real>(x: &Matrix<'_, F>) -> f64 {
    let square = |v: F| v.widen() * v.widen();
    let sums: Vec<f64> = match x {
        Matrix::Dense(x) => x.rows().into_iter().map(|row| row.iter().map(|&v| square(v)).sum()).collect(),
        Matrix::Sparse(x) => {
            let (rows, by_row) = (x.shape().0, x.layout() == Layout::Row);
            let mut sums = vec![0.0; rows];
            for major in 0..if by_row { rows } else { x.shape().1 } {
                x.for_slice(major, |minor, v| sums[if by_row { major } else { minor }] += square(v));
            }
            sums
        }
    };
    sums.into_iter().fold(0.0, f64::max)
}
