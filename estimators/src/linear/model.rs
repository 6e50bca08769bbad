//! A fitted linear model: what every linear regression ends in.

use crate::{AnyMatrix, Attribute, Control, Dtype, Error, Model, PredictOn, Report, Result};
use ironlearn_linalg::{host::matmul::matmul, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// `ŷ = X·coefᵀ + intercept`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearModel {
    /// outputs × features, in units of y per unit of x.
    #[serde(with = "crate::saved::array2")]
    pub coef: Array2<f64>,
    /// One for each output, in units of y.
    #[serde(with = "crate::saved::array1")]
    pub intercept: Array1<f64>,
    /// The type of X at the fit: coefficients and predictions are rounded to it.
    pub dtype: Dtype,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl Model for LinearModel {
    fn n_features_in(&self) -> usize {
        self.coef.ncols()
    }

    fn check(&self) -> Result<()> {
        let (outputs, features) = self.coef.dim();
        if outputs == 0 || features == 0 || self.intercept.len() != outputs {
            return Err(Error::File(format!(
                "coefficients of {outputs} × {features} with {} intercepts",
                self.intercept.len()
            )));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![
            ("coef_", Attribute::Floats(self.coef.clone().into_dyn(), self.dtype)),
            ("intercept_", Attribute::Floats(self.intercept.clone().into_dyn(), self.dtype)),
        ]
    }
}

impl PredictOn for LinearModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "the model")?;
        let mut y = with_matrix!(x, x => matmul(x, self.coef.t(), ctl))?;
        y += &self.intercept;
        Ok(y)
    }
}
