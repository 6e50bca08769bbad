//! A fitted linear model: what every linear regression ends in.

use crate::loss::Link;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Dtype, Error, Model, PredictOn, Report, Result};
use ironlearn_linalg::{host::matmul::matmul, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// `ŷ = X·coefᵀ + intercept`, or a function of that where `link` is not the identity.
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
    /// What makes a mean of `X·coefᵀ + intercept`.
    #[serde(default)]
    pub link: Link,
    /// The number of columns of the centred X that do not depend on others, where the fit found it.
    #[serde(default)]
    pub rank: Option<usize>,
    /// The singular values of the centred, weighted X, falling, where the fit found them.
    #[serde(default)]
    pub singular: Option<Vec<f64>>,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl LinearModel {
    /// The model of coefficients (p × outputs) that were found about the means of X and y; all is rounded to `dtype`.
    pub fn new(
        coef: Array2<f64>,
        x_mean: &Array1<f64>,
        y_mean: &Array1<f64>,
        dtype: Dtype,
        report: Report,
    ) -> LinearModel {
        let coef = coef.t().mapv(|v| dtype.round(v));
        let coef = coef.as_standard_layout().into_owned();
        let intercept = (y_mean - &coef.dot(x_mean)).mapv(|v| dtype.round(v));
        LinearModel { coef, intercept, dtype, link: Link::Identity, rank: None, singular: None, report }
    }
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

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        Some(Coefficients { coef: &mut self.coef, intercept: &mut self.intercept })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = vec![
            ("coef_", Attribute::Floats(self.coef.clone().into_dyn(), self.dtype)),
            ("intercept_", Attribute::Floats(self.intercept.clone().into_dyn(), self.dtype)),
        ];
        attributes.extend(self.rank.map(|rank| ("rank_", Attribute::Int(rank as i64))));
        let singular = self.singular.as_ref().map(|s| Array1::from(s.clone()).into_dyn());
        attributes.extend(singular.map(|s| ("singular_", Attribute::Floats(s, self.dtype))));
        attributes
    }
}

impl PredictOn for LinearModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "the model")?;
        let mut y = with_matrix!(x, x => matmul(x, self.coef.t(), ctl))?;
        match self.intercept.as_slice() {
            // The same sums; broadcasting one number a row costs as much as the product.
            Some(&[intercept]) => y += intercept,
            _ => y += &self.intercept,
        }
        if self.link != Link::Identity {
            y.mapv_inplace(|z| self.link.inverse(z));
        }
        Ok(y)
    }
}
