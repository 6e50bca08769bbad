//! Ridge: least squares with an L2 penalty.

use super::LinearModel;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result};
use ironlearn_linalg::{lapack::Cholesky, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·(y − X·coef − b)² + alpha·‖coef‖²`, for each output by itself (Hoerl and Kennard 1970).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ridge {
    /// Penalty strength, in units of x². Range [0, ∞); one for all outputs or one each.
    pub alpha: PerOutput,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge { alpha: 1.0.into(), fit_intercept: true }
    }
}

/// A number for all outputs, or one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerOutput {
    /// The same for all.
    One(f64),
    /// One each.
    Each(Vec<f64>),
}

impl From<f64> for PerOutput {
    fn from(value: f64) -> Self {
        PerOutput::One(value)
    }
}

impl PerOutput {
    fn values(&self) -> &[f64] {
        match self {
            PerOutput::One(v) => std::slice::from_ref(v),
            PerOutput::Each(v) => v,
        }
    }
}

impl Params for Ridge {
    const NAME: &'static str = "Ridge";

    fn validate(&self) -> Result<()> {
        match self.alpha.values().iter().find(|a| !(a.is_finite() && **a >= 0.0)) {
            None => Ok(()),
            Some(found) => Err(Error::Parameter {
                estimator: Self::NAME,
                name: "alpha",
                expected: "a float in the range [0.0, inf)".into(),
                found: found.to_string(),
            }),
        }
    }
}

impl<B: Backend> FitOn<B> for Ridge {
    type Model = LinearModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        data.check()?;
        data.check_finite()?;
        data.check_weights_not_negative()?;
        let y = data.values(Self::NAME)?;
        let (p, t) = (data.x.ncols(), y.ncols());
        let alphas = params.alpha.values();
        if alphas.len() != 1 && alphas.len() != t {
            crate::bad_input!("Number of targets and number of penalties do not correspond: {} != {t}", alphas.len());
        }
        let moments = with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            on.gram(&x, y.view(), data.weights.as_ref().map(|w| w.view()), params.fit_intercept, ctl)
        })?;
        let mut coef = Array2::zeros((t, p));
        for k in 0..t {
            let mut penalised = moments.gram.clone();
            penalised.diag_mut().mapv_inplace(|v| v + alphas[if alphas.len() == 1 { 0 } else { k }]);
            let rhs = moments.xty.column(k).insert_axis(ndarray::Axis(1));
            let solution = Cholesky::new(&penalised)?.solve(rhs)?;
            coef.row_mut(k).assign(&solution.column(0));
        }
        let dtype = data.x.dtype();
        coef.mapv_inplace(|v| dtype.round(v));
        let intercept: Array1<f64> = &moments.y_mean - &coef.dot(&moments.x_mean);
        let intercept = intercept.mapv(|v| dtype.round(v));
        Ok(LinearModel { coef, intercept, dtype, report: Report::direct("cholesky") })
    }
}
