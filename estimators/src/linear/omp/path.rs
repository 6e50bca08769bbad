//! Matching pursuit without an estimator: of X as it is, or of inner products alone.

use super::pursue_all;
use crate::linear::problem::{Problem, check_regression};
use crate::linear::solver::columns::{Moments, dense};
use crate::linear::solver::pursuit::{Pursued, Until, pursue};
use crate::{Backend, Control, Data, Result, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array2, ArrayView1, ArrayView2};

/// Pursues each target, with X and y as they are: nothing is centred.
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit, [`crate::Error::Linalg`].
pub fn path<B: Backend>(
    data: &Data<'_>,
    until: Until,
    precompute: bool,
    on: &B,
    ctl: &Control,
) -> Result<Vec<Pursued>> {
    check_regression(data, false)?;
    let y = data.values("orthogonal_mp")?;
    with_matrix!(data.x, x => {
        let x = on.place(x, ctl)?;
        let problem = Problem::uncentred(on, &x, y, data.weights.as_ref().map(|w| w.view()), ctl);
        Ok(pursue_all(problem, false, precompute, until)?.1)
    })
}

/// Pursues each target by `XᵀX`, `Xᵀy` (p × t) and `‖y‖²`, which only [`Until::SquaredResidual`] needs.
///
/// # Errors
/// [`crate::Error::Input`] for shapes that do not fit or numbers that are not finite, [`crate::Error::Linalg`].
pub fn path_of_moments(
    gram: ArrayView2<'_, f64>,
    xty: ArrayView2<'_, f64>,
    yty: Option<ArrayView1<'_, f64>>,
    until: Until,
    ctl: &Control,
) -> Result<Vec<Pursued>> {
    let (p, t) = xty.dim();
    if gram.dim() != (p, p) || p == 0 || yty.as_ref().is_some_and(|yty| yty.len() != t) {
        bad_input!("The shapes of the inputs Gram, Xy and norms_squared do not match.");
    }
    if !gram.iter().chain(&xty).all(|v| v.is_finite()) {
        bad_input!("Gram or Xy contains NaN or infinity.");
    }
    let one = |k: usize| {
        let (gram, xty) = (gram.view(), xty.column(k));
        // Without ‖y‖², what is left is told by what the correlations were.
        let yty = yty.as_ref().map_or(f64::INFINITY, |yty| yty[k]);
        pursue(&mut Moments { gram, xty, yty }, until, ctl)
    };
    (0..t).map(one).collect()
}

impl Pursued {
    /// The coefficients after each step, steps × p.
    pub fn coefficients(&self, p: usize) -> Array2<f64> {
        dense(&(0..self.steps.len()).map(|k| self.step(k)).collect::<Vec<_>>(), p)
    }
}
