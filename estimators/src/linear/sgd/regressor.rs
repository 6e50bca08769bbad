//! SGDRegressor: linear regression by stochastic gradient descent.

use super::options::{Options, PenaltyName, Seeds, SgdLoss, options};
use super::run::{Learn, fit};
use super::{LearningRate, Stepped};
use crate::folds::Rows;
use crate::linear::LinearModel;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·loss(y, x·coef + b)/n + alpha·penalty(coef)`, a step a row; see [`super::SGDClassifier`]. One output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SGDRegressor {
    /// What is paid for a prediction: one of the four losses of numbers.
    pub loss: SgdLoss,
    /// The penalty; `None`: none.
    pub penalty: Option<PenaltyName>,
    /// Strength of the penalty; [`LearningRate::Optimal`] uses it in any case. Range [0, ∞).
    pub alpha: f64,
    /// The share of the L1 penalty in `elasticnet`. Range [0, 1].
    pub l1_ratio: Option<f64>,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Passes over the data. Range [1, ∞).
    pub max_iter: usize,
    /// The least improvement in a pass. Range [0, ∞); `None`: all passes are made.
    pub tol: Option<f64>,
    /// Whether each pass visits the rows in an order of its own.
    pub shuffle: bool,
    /// The threshold of `huber` and of the two insensitive losses, in units of y. Range [0, ∞).
    pub epsilon: f64,
    /// The seeds of the orders.
    pub random_state: Seeds,
    /// The length of steps.
    pub learning_rate: LearningRate,
    /// The first length, or what the learning rate makes of it. Range (0, ∞).
    pub eta0: f64,
    /// The exponent of [`LearningRate::Invscaling`].
    pub power_t: f64,
    /// Whether rows are held out and passes stop when the score on them (accuracy or R²) no longer rises.
    pub early_stopping: bool,
    /// The share of rows to hold out. Range (0, 1).
    pub validation_fraction: f64,
    /// The rows to hold out, where not drawn.
    pub validation_rows: Option<Rows>,
    /// The passes without an improvement after which to stop. Range [1, ∞).
    pub n_iter_no_change: usize,
    /// From which step on the mean of the coefficients is taken, to be the result; 0: never.
    pub average: usize,
}

impl Default for SGDRegressor {
    fn default() -> Self {
        SGDRegressor {
            loss: SgdLoss::SquaredError,
            penalty: Some(PenaltyName::L2),
            alpha: 1e-4,
            l1_ratio: Some(0.15),
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            epsilon: 0.1,
            random_state: Seeds::default(),
            learning_rate: LearningRate::Invscaling,
            eta0: 0.01,
            power_t: 0.25,
            early_stopping: false,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: 5,
            average: 0,
        }
    }
}

impl SGDRegressor {
    fn options(&self) -> Options {
        options!(self; loss, penalty, alpha, l1_ratio, epsilon, fit_intercept, max_iter, tol, shuffle, learning_rate, eta0, power_t,
            early_stopping, validation_fraction, validation_rows, n_iter_no_change, average;)
    }
}

impl Params for SGDRegressor {
    const NAME: &'static str = "SGDRegressor";

    fn validate(&self) -> Result<()> {
        if self.loss.takes_codes() {
            return Err(Error::Parameter {
                estimator: Self::NAME,
                name: "loss",
                expected: "'squared_error', 'huber', 'epsilon_insensitive' or 'squared_epsilon_insensitive'".into(),
                found: format!("{:?}", self.loss),
            });
        }
        self.options().check(Self::NAME)
    }
}

impl<B: Backend> FitOn<B> for SGDRegressor {
    type Model = Stepped<LinearModel>;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&Self::Model>,
        _on: &B,
        ctl: &Control,
    ) -> Result<Self::Model> {
        fit_numbers(Self::NAME, &params.options(), data, start, ctl)
    }
}

/// Fits numbers.
///
/// # Errors
/// As [`FitOn::fit_checked`].
pub(super) fn fit_numbers(
    estimator: &'static str,
    options: &Options,
    data: &Data<'_>,
    start: Option<&Stepped<LinearModel>>,
    ctl: &Control,
) -> Result<Stepped<LinearModel>> {
    data.check()?;
    let y = data.values(estimator)?;
    if y.ncols() != 1 {
        bad_input!("{estimator} predicts one output, but y has {}", y.ncols());
    }
    fit(options, data, &Learn::Numbers(y.column(0).to_vec()), start, ctl)
}
