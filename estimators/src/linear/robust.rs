//! A linear model with what a robust fit found out besides: which rows lie off, and how far rows lie off in general.

use super::LinearModel;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Error, Model, PredictOn, Report, Result};
use ndarray::{Array1, Array2};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a robust fit found out besides the coefficients.
pub trait Findings: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// Under scikit-learn's names.
    fn attributes(&self) -> Vec<(&'static str, Attribute)>;

    /// Whether they can be.
    fn are_sound(&self) -> bool;
}

/// A linear model and the findings of its fit. It predicts as [`LinearModel`] does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "E: Findings")]
pub struct RobustModel<E: Findings> {
    /// Coefficients and intercept.
    pub linear: LinearModel,
    /// What else was found.
    pub findings: E,
}

impl<E: Findings> Model for RobustModel<E> {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        if self.findings.are_sound() {
            return Ok(());
        }
        Err(Error::File("findings of a robust fit that cannot be".into()))
    }

    fn report(&self) -> &Report {
        &self.linear.report
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = self.linear.attributes();
        attributes.extend(self.findings.attributes());
        attributes
    }
}

impl<E: Findings> PredictOn for RobustModel<E> {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}

/// What Huber's regression finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outliers {
    /// By what residuals are divided, in units of y.
    pub scale: f64,
    /// 1 for each row of the fit whose residual exceeds `epsilon·scale`.
    #[serde(with = "crate::saved::array1_u8")]
    pub outliers: Array1<u8>,
}

impl Findings for Outliers {
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("scale_", Attribute::Float(self.scale)), ("outliers_", Attribute::Flags(self.outliers.clone()))]
    }

    fn are_sound(&self) -> bool {
        true
    }
}

/// A fitted Huber regression.
pub type HuberModel = RobustModel<Outliers>;
