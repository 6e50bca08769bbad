//! What LogisticRegressionCV leaves: the classifier that it chose, and all that it chose from.

use super::LinearClassifier;
use crate::{
    AnyMatrix, Attribute, Coefficients, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result,
};
use ndarray::{Array1, Array2, Array3, Array5};
use serde::{Deserialize, Serialize};

/// A linear classifier with the folds' models that its penalty was chosen by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogisticPath {
    /// The classifier.
    pub classifier: LinearClassifier,
    /// Its C, or the mean of the folds' best.
    pub c: f64,
    /// Its share of the L1 penalty, or the mean of the folds' best.
    pub l1_ratio: f64,
    /// The values of C.
    pub cs: Vec<f64>,
    /// The shares of the L1 penalty.
    pub l1_ratios: Vec<f64>,
    /// Folds × shares × Cs × rows of coefficients × columns, the intercept last where it is fitted.
    #[serde(with = "crate::saved::array5")]
    pub paths: Array5<f64>,
    /// Folds × shares × Cs.
    #[serde(with = "crate::saved::array3")]
    pub scores: Array3<f64>,
    /// Steps; folds × shares × Cs.
    #[serde(with = "crate::saved::array3")]
    pub steps: Array3<f64>,
}

impl Model for LogisticPath {
    fn n_features_in(&self) -> usize {
        self.classifier.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.classifier.check()?;
        let (folds, shares, cs, rows, width) = self.paths.dim();
        let shape = (folds, shares, cs);
        let (outputs, features) = self.classifier.coef.dim();
        let fits = self.scores.dim() == shape
            && self.steps.dim() == shape
            && (self.l1_ratios.len(), self.cs.len()) == (shares, cs)
            && rows == outputs
            && (width == features || width == features + 1);
        if fits { Ok(()) } else { Err(Error::File("the folds' models do not fit the classifier".into())) }
    }

    fn report(&self) -> &Report {
        &self.classifier.report
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.classifier.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let list = |values: &[f64]| Attribute::Floats(Array1::from(values.to_vec()).into_dyn(), Dtype::F64);
        let mut attributes = self.classifier.attributes();
        attributes.extend([
            ("C_", Attribute::Float(self.c)),
            ("l1_ratio_", Attribute::Float(self.l1_ratio)),
            ("Cs_", list(&self.cs)),
            ("l1_ratios_", list(&self.l1_ratios)),
            ("coefs_paths_", Attribute::Floats(self.paths.clone().into_dyn(), Dtype::F64)),
            ("scores_", Attribute::Floats(self.scores.clone().into_dyn(), Dtype::F64)),
            ("n_iter_", Attribute::Int64s(self.steps.mapv(|v| v as i64).into_dyn())),
        ]);
        attributes
    }
}

impl DecisionOn for LogisticPath {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.classifier.decision_on(x, ctl)
    }
}

impl PredictOn for LogisticPath {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.classifier.predict_on(x, ctl)
    }
}

impl ProbaOn for LogisticPath {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        self.classifier.proba_on(x, ctl)
    }
}
