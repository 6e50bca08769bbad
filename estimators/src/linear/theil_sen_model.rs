//! What TheilSenRegressor ends in: a linear model, and how many subsets it came from.

use super::LinearModel;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Model, PredictOn, Report, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// `ŷ = X·coefᵀ + intercept`, with what the fit knows of its subsets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TheilSenModel {
    /// The spatial median.
    pub linear: LinearModel,
    /// The share of rows that may be arbitrarily wrong.
    pub breakdown: f64,
    /// The number of subsets.
    pub n_subpopulation: u64,
}

impl Model for TheilSenModel {
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
        all.push(("breakdown_", Attribute::Float(self.breakdown)));
        all.push(("n_subpopulation_", Attribute::Int(i64::try_from(self.n_subpopulation).unwrap_or(i64::MAX))));
        // scikit-learn counts from 0, and says 1 where the median needs no iteration.
        let iterations = self.report().iterations.first().copied().unwrap_or(0);
        let shown = if self.linear.coef.len() == 1 && iterations == 0 { 1 } else { iterations.saturating_sub(1) };
        all.push(("n_iter_", Attribute::Int(shown as i64)));
        all
    }
}

impl PredictOn for TheilSenModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}
