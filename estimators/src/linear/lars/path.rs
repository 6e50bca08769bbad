//! Paths without an estimator: of X as it is, or of inner products alone.

use super::walk::{Given, Precompute, Walking};
use crate::linear::solver::columns::{Moments, dense};
use crate::linear::solver::least_angle::{LeastAngle, Path};
use crate::{Backend, Control, Data, Result, bad_input};
use ndarray::{Array2, ArrayView1, ArrayView2};

/// The path of one target, with X and y as they are: nothing is centred. `rule.n_samples` is set from the data.
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit, [`crate::Error::Linalg`].
pub fn path<B: Backend>(
    data: &Data<'_>,
    rule: LeastAngle,
    precompute: Precompute,
    given: Given<'_>,
    on: &B,
    ctl: &Control,
) -> Result<Path> {
    if data.values("lars_path")?.ncols() != 1 {
        bad_input!("lars_path follows the path of one target");
    }
    let mut walked = Walking { rule, fit_intercept: false, precompute, given }.walk(data, "lars_path", on, ctl)?;
    Ok(walked.paths.remove(0))
}

/// The path of `XᵀX` and `Xᵀy`.
///
/// # Errors
/// [`crate::Error::Input`] for shapes that do not fit or numbers that are not finite, [`crate::Error::Linalg`].
pub fn path_of_moments(
    gram: ArrayView2<'_, f64>,
    xty: ArrayView1<'_, f64>,
    rule: &LeastAngle,
    ctl: &Control,
) -> Result<Path> {
    let p = xty.len();
    if gram.dim() != (p, p) || p == 0 {
        bad_input!("The shapes of the inputs Gram and Xy do not match.");
    }
    if !gram.iter().chain(&xty).all(|v| v.is_finite()) {
        bad_input!("Gram or Xy contains NaN or infinity.");
    }
    rule.path(&mut Moments { gram: gram.view(), xty: xty.view(), yty: 0.0 }, xty.to_vec(), ctl)
}

impl Path {
    /// The coefficients, knots × p.
    pub fn coefficients(&self, p: usize) -> Array2<f64> {
        dense(&self.knots, p)
    }
}
