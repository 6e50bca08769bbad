//! The least C at which an L1 penalty leaves a coefficient.

use crate::{Control, Data, Result, bad_input};
use ironlearn_linalg::{host::matmul::matmul_t, with_matrix};
use ndarray::Array2;

/// The losses that [`l1_min_c`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundLoss {
    /// That of [`super::LinearSVC`].
    SquaredHinge,
    /// That of logistic regression.
    Log,
}

/// The least C for which some coefficient of a model with an L1 penalty is not 0: one over the largest derivative of the
/// losses at 0, over all classes (each against the rest) and columns, of which the intercept's is one of
/// `intercept_scaling`.
///
/// # Errors
/// [`crate::Error::Input`] where all of them are 0, and for data that do not fit.
pub fn l1_min_c(data: &Data<'_>, loss: BoundLoss, intercept_scaling: Option<f64>, ctl: &Control) -> Result<f64> {
    data.check()?;
    data.check_finite()?;
    let (codes, counts) = data.classes("l1_min_c")?;
    let classes = if counts[0] <= 2 { 1 } else { counts[0] };
    let of = |code: u32, class: usize| {
        let positive = if classes == 1 { code > 0 } else { code as usize == class };
        if positive { 1.0 } else { -1.0 }
    };
    let signs = Array2::from_shape_fn((codes.nrows(), classes), |(i, class)| of(codes[[i, 0]], class));
    let products = with_matrix!(data.x.reborrow(), x => matmul_t(&x, signs.view(), ctl))?;
    let mut largest = products.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    if let Some(scaling) = intercept_scaling {
        let sums = signs.columns().into_iter().map(|column| (scaling * column.sum()).abs());
        largest = sums.fold(largest, f64::max);
    }
    if largest == 0.0 {
        bad_input!("Ill-posed l1_min_c calculation: l1 will always select zero coefficients for this data");
    }
    Ok(if loss == BoundLoss::SquaredHinge { 0.5 } else { 2.0 } / largest)
}
