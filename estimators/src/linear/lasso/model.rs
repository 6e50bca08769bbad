//! What a fit of the family makes.

use crate::linear::LinearModel;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Dtype, Error, Model, PredictOn, Report, Result};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// A linear model with the certificate of its optimality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LassoModel {
    /// Coefficients, intercepts, and the report with the passes over coordinates.
    pub linear: LinearModel,
    /// The duality gap in units of y² (per row): one a target, or one where targets are penalised together.
    #[serde(with = "crate::saved::vector")]
    pub dual_gap: Vec<f64>,
    /// How the penalty was chosen, where it was.
    #[serde(default)]
    pub choice: Option<Choice>,
}

/// A choice of the penalty by cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The chosen strength.
    pub alpha: f64,
    /// The chosen share of the L1 part.
    pub l1_ratio: f64,
    /// The strengths that were tried, falling: shares × strengths.
    #[serde(with = "crate::saved::array2")]
    pub alphas: Array2<f64>,
    /// Mean squared errors on the folds left out: (shares · strengths) × folds.
    #[serde(with = "crate::saved::array2")]
    pub mse_path: Array2<f64>,
}

impl Choice {
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let number = |v: f64| Attribute::Float(v);
        let (shares, strengths) = self.alphas.dim();
        let shape = (shares, strengths, self.mse_path.ncols());
        let mse = self.mse_path.to_shape(shape).map(|m| m.to_owned().into_dyn());
        let mse = mse.unwrap_or_else(|_| self.mse_path.clone().into_dyn());
        vec![
            ("alpha_", number(self.alpha)),
            ("l1_ratio_", number(self.l1_ratio)),
            ("alphas_", Attribute::Floats(self.alphas.clone().into_dyn(), Dtype::F64)),
            ("mse_path_", Attribute::Floats(mse, Dtype::F64)),
        ]
    }
}

impl Model for LassoModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        let fits = self.choice.as_ref().is_none_or(|c| c.mse_path.nrows() == c.alphas.len());
        if fits && !self.dual_gap.is_empty() {
            return Ok(());
        }
        Err(Error::File("a lasso model whose parts do not fit together".into()))
    }

    fn report(&self) -> &Report {
        &self.linear.report
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = self.linear.attributes();
        let gaps = Array1::from(self.dual_gap.clone()).into_dyn();
        attributes.push(("dual_gap_", Attribute::Floats(gaps, self.linear.dtype)));
        attributes.extend(self.choice.iter().flat_map(Choice::attributes));
        attributes
    }
}

impl PredictOn for LassoModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}
