//! A linear model together with where its run of stochastic gradients stopped: learning can go on from there.

use crate::linear::{LinearClassifier, LinearModel, Probabilities};
use crate::loss::Link;
use crate::{
    AnyMatrix, Attribute, Coefficients, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result,
};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Coefficients beside those that a model predicts with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Problems × features.
    #[serde(with = "crate::saved::array2")]
    pub coef: Array2<f64>,
    /// One for each problem.
    #[serde(with = "crate::saved::array1")]
    pub intercept: Array1<f64>,
}

/// A model that learning can go on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stepped<M> {
    /// What predicts.
    pub model: M,
    /// The number of the next step; steps are counted from 1.
    pub t: f64,
    /// Where means are taken: the last coefficients.
    #[serde(default)]
    pub last: Option<Steps>,
    /// Where means are taken: the mean of the coefficients.
    #[serde(default)]
    pub mean: Option<Steps>,
}

/// A linear model that can be put together from coefficients.
pub trait Fitted: Model {
    /// Problems × features, one intercept each as the run has it, and the type of X.
    fn of(coef: Array2<f64>, intercept: Array1<f64>, dtype: Dtype, report: Report) -> Self;

    /// The coefficients and the intercepts as the run has them.
    fn parts(&self) -> (&Array2<f64>, Array1<f64>);
}

impl Fitted for LinearModel {
    fn of(coef: Array2<f64>, intercept: Array1<f64>, dtype: Dtype, report: Report) -> Self {
        LinearModel { coef, intercept, dtype, rank: None, singular: None, report, link: Link::Identity }
    }

    fn parts(&self) -> (&Array2<f64>, Array1<f64>) {
        (&self.coef, self.intercept.clone())
    }
}

impl Fitted for LinearClassifier {
    fn of(coef: Array2<f64>, intercept: Array1<f64>, dtype: Dtype, report: Report) -> Self {
        LinearClassifier { coef, intercept, dtype, probabilities: Probabilities::None, report }
    }

    fn parts(&self) -> (&Array2<f64>, Array1<f64>) {
        (&self.coef, self.intercept.clone())
    }
}

impl<M: Fitted> Stepped<M> {
    /// Coefficients to begin from: as if no step had been made yet. `intercept` as the run has it.
    pub fn begin(coef: Array2<f64>, intercept: Array1<f64>, dtype: Dtype) -> Self {
        Stepped { model: M::of(coef, intercept, dtype, Report::default()), t: 1.0, last: None, mean: None }
    }
}

impl<M: Fitted> Model for Stepped<M> {
    fn n_features_in(&self) -> usize {
        self.model.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.model.check()?;
        let features = self.n_features_in();
        for steps in [&self.last, &self.mean].into_iter().flatten() {
            if steps.coef.ncols() != features || steps.coef.nrows() != steps.intercept.len() {
                return Err(Error::File(format!("steps of {:?} for {features} features", steps.coef.dim())));
            }
        }
        if !self.t.is_finite() {
            return Err(Error::File(format!("{} steps", self.t)));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        self.model.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.model.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = self.model.attributes();
        let passes = self.report().iterations.iter().copied().max().unwrap_or(0);
        attributes.push(("n_iter_", Attribute::Int(passes as i64)));
        attributes.push(("t_", Attribute::Float(self.t)));
        for (steps, coef, intercept) in
            [(&self.last, "_standard_coef", "_standard_intercept"), (&self.mean, "_average_coef", "_average_intercept")]
        {
            if let Some(steps) = steps {
                attributes.push((coef, Attribute::Floats(steps.coef.clone().into_dyn(), Dtype::F64)));
                attributes.push((intercept, Attribute::Floats(steps.intercept.clone().into_dyn(), Dtype::F64)));
            }
        }
        attributes
    }
}

impl<M: Fitted + PredictOn> PredictOn for Stepped<M> {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.model.predict_on(x, ctl)
    }
}

impl<M: Fitted + DecisionOn> DecisionOn for Stepped<M> {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.model.decision_on(x, ctl)
    }
}

impl<M: Fitted + ProbaOn> ProbaOn for Stepped<M> {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        self.model.proba_on(x, ctl)
    }
}
