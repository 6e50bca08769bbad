//! What RANSACRegressor ends in: a linear model of the rows that agree, and which rows those are.

use crate::linear::LinearModel;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Model, PredictOn, Report, Result};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// `ŷ = X·coefᵀ + intercept`, with what the search was like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RansacModel {
    /// Least squares of the rows that agree.
    pub linear: LinearModel,
    /// Subsets that were tried.
    pub n_trials: u64,
    /// Subsets left out because too few rows agreed.
    pub n_skips_no_inliers: u64,
    /// Subsets left out because a function of the caller's refused their rows.
    #[serde(default)]
    pub n_skips_invalid_data: u64,
    /// Subsets left out because a function of the caller's refused their model.
    #[serde(default)]
    pub n_skips_invalid_model: u64,
    /// For each row of the fit whether it agrees.
    pub inlier_mask: Vec<bool>,
}

impl Model for RansacModel {
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
        let count = |v: u64| Attribute::Int(i64::try_from(v).unwrap_or(i64::MAX));
        let mask: Array1<u8> = self.inlier_mask.iter().map(|&inlier| u8::from(inlier)).collect();
        vec![
            ("n_trials_", count(self.n_trials)),
            ("n_skips_no_inliers_", count(self.n_skips_no_inliers)),
            ("n_skips_invalid_data_", count(self.n_skips_invalid_data)),
            ("n_skips_invalid_model_", count(self.n_skips_invalid_model)),
            ("inlier_mask_", Attribute::Flags(mask)),
        ]
    }
}

impl PredictOn for RansacModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}
