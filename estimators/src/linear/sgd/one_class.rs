//! SGDOneClassSVM: the linear one-class support vector machine, and its model.

use super::options::{Options, Seeds, SgdLoss, options};
use super::run::{Learn, fit};
use super::{Fitted, LearningRate, Stepped};
use crate::{
    AnyMatrix, Attribute, Backend, Checked, Coefficients, Control, Data, DecisionOn, Dtype, Error, FitOn, Model,
    Params, PredictOn, Report, Result,
};
use ironlearn_linalg::{host::matmul::matmul, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Minimises `‖coef‖²·nu/2 + Σ w·max(0, offset − x·coef)/n − nu·offset` (Schölkopf et al. 2001,
/// doi:10.1162/089976601750264965), a step a row; see [`super::SGDClassifier`]. Behind a kernel approximation it comes near
/// the one-class machine with that kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SGDOneClassSVM {
    /// At most this share of the rows ends outside, at least this share on or beyond the border. Range (0, 1].
    pub nu: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Passes over the data. Range [1, ∞).
    pub max_iter: usize,
    /// The least improvement in a pass. Range [0, ∞); `None`: all passes are made.
    pub tol: Option<f64>,
    /// Whether each pass visits the rows in an order of its own.
    pub shuffle: bool,
    /// The seeds of the orders.
    pub random_state: Seeds,
    /// The length of steps.
    pub learning_rate: LearningRate,
    /// The first length, or what the learning rate makes of it. Range (0, ∞).
    pub eta0: f64,
    /// The exponent of [`LearningRate::Invscaling`].
    pub power_t: f64,
    /// From which step on the mean of the coefficients is taken, to be the result; 0: never.
    pub average: usize,
}

impl Default for SGDOneClassSVM {
    fn default() -> Self {
        SGDOneClassSVM {
            nu: 0.5,
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            random_state: Seeds::default(),
            learning_rate: LearningRate::Optimal,
            eta0: 0.01,
            power_t: 0.5,
            average: 0,
        }
    }
}

impl SGDOneClassSVM {
    fn options(&self) -> Options {
        options!(self; fit_intercept, max_iter, tol, shuffle, learning_rate, eta0, power_t, average;
            loss: SgdLoss::Hinge, alpha: self.nu, one_class: true)
    }
}

impl Params for SGDOneClassSVM {
    const NAME: &'static str = "SGDOneClassSVM";

    fn validate(&self) -> Result<()> {
        if !(self.nu > 0.0 && self.nu <= 1.0) {
            let (expected, found) = ("a float in the range (0.0, 1.0]".into(), self.nu.to_string());
            return Err(Error::Parameter { estimator: Self::NAME, name: "nu", expected, found });
        }
        self.options().check(Self::NAME)
    }
}

impl<B: Backend> FitOn<B> for SGDOneClassSVM {
    type Model = Stepped<OneClass>;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&Self::Model>,
        _on: &B,
        ctl: &Control,
    ) -> Result<Self::Model> {
        let data = Data { target: crate::Target::None, ..data.clone() };
        data.check()?;
        fit(&params.options(), &data, &Learn::Alike(data.x.nrows()), start, ctl)
    }
}

/// `x·coef − offset`: 1 where it is not negative (inside), else −1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneClass {
    /// 1 × features.
    #[serde(with = "crate::saved::array2")]
    pub coef: Array2<f64>,
    /// One number.
    #[serde(with = "crate::saved::array1")]
    pub offset: Array1<f64>,
    /// The type of X at the fit.
    pub dtype: Dtype,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl Fitted for OneClass {
    fn of(coef: Array2<f64>, intercept: Array1<f64>, dtype: Dtype, report: Report) -> Self {
        // The hinge pays below 1: b = 1 − offset.
        OneClass { coef, offset: intercept.mapv(|b| dtype.round(1.0 - b)), dtype, report }
    }

    fn parts(&self) -> (&Array2<f64>, Array1<f64>) {
        (&self.coef, self.offset.mapv(|offset| 1.0 - offset))
    }
}

impl Model for OneClass {
    fn n_features_in(&self) -> usize {
        self.coef.ncols()
    }

    fn check(&self) -> Result<()> {
        let (rows, features) = self.coef.dim();
        if rows == 0 || features == 0 || self.offset.len() != rows {
            let offsets = self.offset.len();
            return Err(Error::File(format!("coefficients of {rows} × {features} with {offsets} offsets")));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        Some(Coefficients { coef: &mut self.coef, intercept: &mut self.offset })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![
            ("coef_", Attribute::Floats(self.coef.row(0).to_owned().into_dyn(), self.dtype)),
            ("offset_", Attribute::Floats(self.offset.clone().into_dyn(), self.dtype)),
        ]
    }
}

impl DecisionOn for OneClass {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "SGDOneClassSVM")?;
        let mut scores = with_matrix!(x, x => matmul(x, self.coef.t(), ctl))?;
        scores -= &self.offset;
        Ok(scores)
    }
}

impl PredictOn for OneClass {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        Ok(self.decision_on(x, ctl)?.mapv(|score| if score >= 0.0 { 1.0 } else { -1.0 }))
    }
}
