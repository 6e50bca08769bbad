//! A fitted linear discriminant.

use crate::linear::LinearClassifier;
use crate::{
    AnyMatrix, Attribute, Coefficients, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result,
    TransformOn,
};
use ironlearn_linalg::{host::matmul::matmul, with_matrix};
use ndarray::{Array1, Array2, s};
use serde::{Deserialize, Serialize};

/// Scores of the classes, and the directions in which they lie apart. What a solver does not find is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LdaModel {
    /// Scores and probabilities.
    pub linear: LinearClassifier,
    /// Classes × features.
    #[serde(with = "crate::saved::array2")]
    pub means: Array2<f64>,
    /// The classes' probabilities beforehand.
    #[serde(with = "crate::saved::array1")]
    pub priors: Array1<f64>,
    /// What is taken off a row before it is projected: `svd` only.
    #[serde(with = "crate::saved::array1")]
    pub xbar: Array1<f64>,
    /// Features × directions: not with `lsqr`.
    #[serde(with = "crate::saved::array2")]
    pub scalings: Array2<f64>,
    /// The share of the variance between the classes that each direction has: not with `lsqr`.
    #[serde(with = "crate::saved::array1")]
    pub explained_variance_ratio: Array1<f64>,
    /// The covariance within the classes, p × p, where it is kept.
    #[serde(with = "crate::saved::array2")]
    pub covariance: Array2<f64>,
    /// The most directions that a row is projected on.
    pub n_components: usize,
    /// The type of X at the fit.
    pub dtype: Dtype,
    /// The type of the directions: `svd` works in that of X.
    pub scalings_dtype: Dtype,
}

impl Model for LdaModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        let (k, p) = (self.means.nrows(), self.n_features_in());
        let rows = if k == 2 { 1 } else { k };
        let empty_or = |len: usize, wanted: usize| len == 0 || len == wanted;
        let fits = k > 0
            && self.means.ncols() == p
            && self.linear.coef.nrows() == rows
            && self.priors.len() == k
            && empty_or(self.xbar.len(), p)
            && empty_or(self.scalings.nrows(), p)
            && (self.covariance.is_empty() || self.covariance.dim() == (p, p));
        if fits { Ok(()) } else { Err(Error::File(format!("a discriminant of {k} classes and {p} features"))) }
    }

    fn report(&self) -> &Report {
        self.linear.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = self.linear.attributes();
        attributes.push(("means_", Attribute::Floats(self.means.clone().into_dyn(), self.dtype)));
        attributes.push(("priors_", Attribute::Floats(self.priors.clone().into_dyn(), self.dtype)));
        if !self.xbar.is_empty() {
            attributes.push(("xbar_", Attribute::Floats(self.xbar.clone().into_dyn(), self.dtype)));
        }
        if self.scalings.nrows() > 0 {
            let ratio = self.explained_variance_ratio.clone().into_dyn();
            attributes.push(("scalings_", Attribute::Floats(self.scalings.clone().into_dyn(), self.scalings_dtype)));
            attributes.push(("explained_variance_ratio_", Attribute::Floats(ratio, self.scalings_dtype)));
        }
        if !self.covariance.is_empty() {
            attributes.push(("covariance_", Attribute::Floats(self.covariance.clone().into_dyn(), Dtype::F64)));
        }
        attributes
    }
}

impl DecisionOn for LdaModel {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.decision_on(x, ctl)
    }
}

impl PredictOn for LdaModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}

impl ProbaOn for LdaModel {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        if self.means.nrows() == 1 {
            self.check_columns(x, "LinearDiscriminantAnalysis")?;
            return Ok(vec![Array2::ones((x.nrows(), 1))]);
        }
        self.linear.proba_on(x, ctl)
    }
}

impl TransformOn for LdaModel {
    /// The places of the rows along the directions: n × at most `n_components`.
    ///
    /// # Errors
    /// Also [`Error::Unsupported`] where the solver finds none.
    fn transform_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        if self.scalings.nrows() == 0 {
            let what = "transform not implemented for 'lsqr' solver (use 'svd' or 'eigen').";
            return Err(Error::Unsupported(what.into()));
        }
        self.check_columns(x, "LinearDiscriminantAnalysis")?;
        let directions = self.scalings.slice(s![.., ..self.n_components.min(self.scalings.ncols())]);
        let mut out = with_matrix!(x, x => matmul(x, directions, ctl))?;
        if !self.xbar.is_empty() {
            out -= &self.xbar.dot(&directions);
        }
        Ok(out)
    }
}
