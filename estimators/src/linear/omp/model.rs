//! A fitted matching pursuit: a linear model, and how many columns it was allowed.

use crate::linear::LinearModel;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Model, PredictOn, Report, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// `ŷ = X·coefᵀ + intercept`, with few coefficients that are not 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PursuitModel {
    /// The coefficients.
    pub linear: LinearModel,
    /// How many columns might join; `None` where a residual ended the pursuit.
    #[serde(default)]
    pub n_nonzero_coefs: Option<usize>,
}

impl Model for PursuitModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()
    }

    fn report(&self) -> &Report {
        self.linear.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut all = self.linear.attributes();
        all.extend(self.n_nonzero_coefs.map(|k| ("n_nonzero_coefs_", Attribute::Int(k as i64))));
        all
    }
}

impl PredictOn for PursuitModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}
