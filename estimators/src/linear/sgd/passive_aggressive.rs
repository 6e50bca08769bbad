//! The passive-aggressive classifier and regressor: each step is the shortest that makes its row right (Crammer, Dekel,
//! Keshet, Shalev-Shwartz and Singer 2006, JMLR 7).
//!
//! scikit-learn deprecates both: [`super::SGDClassifier`] and [`super::SGDRegressor`] with learning rate `pa1` or `pa2` are
//! the same.

use super::classifier::fit_classes;
use super::options::{Options, Seeds, SgdLoss, options};
use super::regressor::fit_numbers;
use super::{LearningRate, Stepped};
use crate::class_weight::ClassWeight;
use crate::folds::Rows;
use crate::linear::{LinearClassifier, LinearModel};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// Passive-aggressive classification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassiveAggressiveClassifier {
    /// `hinge`: PA-I; `squared_hinge`: PA-II.
    pub loss: SgdLoss,
    /// The longest step of `hinge` and `epsilon_insensitive`; for the squared losses the larger it is, the less steps
    /// are held back. Range (0, ∞].
    #[serde(rename = "C")]
    pub c: f64,
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
    /// Whether rows are held out and passes stop when the score on them (accuracy or R²) no longer rises.
    pub early_stopping: bool,
    /// The share of rows to hold out. Range (0, 1).
    pub validation_fraction: f64,
    /// The rows to hold out, where not drawn.
    pub validation_rows: Option<Rows>,
    /// The passes without an improvement after which to stop. Range [1, ∞).
    pub n_iter_no_change: usize,
    /// Weights of the classes, which multiply the weights of the rows. With three or more classes the weight of a class
    /// counts in its own problem alone, as in scikit-learn.
    pub class_weight: Option<ClassWeight>,
    /// From which step on the mean of the coefficients is taken, to be the result; 0: never.
    pub average: usize,
}

impl Default for PassiveAggressiveClassifier {
    fn default() -> Self {
        PassiveAggressiveClassifier {
            loss: SgdLoss::Hinge,
            c: 1.0,
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            random_state: Seeds::default(),
            early_stopping: false,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: 5,
            class_weight: None,
            average: 0,
        }
    }
}

/// Passive-aggressive regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassiveAggressiveRegressor {
    /// `epsilon_insensitive`: PA-I; `squared_epsilon_insensitive`: PA-II.
    pub loss: SgdLoss,
    /// The longest step of `hinge` and `epsilon_insensitive`; for the squared losses the larger it is, the less steps
    /// are held back. Range (0, ∞].
    #[serde(rename = "C")]
    pub c: f64,
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

impl Default for PassiveAggressiveRegressor {
    fn default() -> Self {
        PassiveAggressiveRegressor {
            loss: SgdLoss::EpsilonInsensitive,
            c: 1.0,
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            epsilon: 0.1,
            random_state: Seeds::default(),
            early_stopping: false,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: 5,
            average: 0,
        }
    }
}

impl PassiveAggressiveClassifier {
    fn options(&self) -> Options {
        let learning_rate = if self.loss == SgdLoss::Hinge { LearningRate::Pa1 } else { LearningRate::Pa2 };
        options!(self; fit_intercept, max_iter, tol, shuffle, early_stopping, validation_fraction, validation_rows, n_iter_no_change, average;
            loss: SgdLoss::Hinge, learning_rate: learning_rate, penalty: None, alpha: 1.0, eta0: self.c)
    }
}

impl Params for PassiveAggressiveClassifier {
    const NAME: &'static str = "PassiveAggressiveClassifier";

    fn validate(&self) -> Result<()> {
        check_loss(Self::NAME, self.loss, [SgdLoss::Hinge, SgdLoss::SquaredHinge], "'hinge' or 'squared_hinge'")?;
        check_c(Self::NAME, self.c)?;
        self.options().check(Self::NAME)
    }
}

impl<B: Backend> FitOn<B> for PassiveAggressiveClassifier {
    type Model = Stepped<LinearClassifier>;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&Self::Model>,
        _on: &B,
        ctl: &Control,
    ) -> Result<Self::Model> {
        fit_classes(Self::NAME, &params.options(), params.class_weight.as_ref(), data, start, ctl)
    }
}

impl PassiveAggressiveRegressor {
    fn options(&self) -> Options {
        let first = self.loss == SgdLoss::EpsilonInsensitive;
        let learning_rate = if first { LearningRate::Pa1 } else { LearningRate::Pa2 };
        options!(self; fit_intercept, max_iter, tol, shuffle, epsilon, early_stopping, validation_fraction, validation_rows, n_iter_no_change, average;
            loss: SgdLoss::EpsilonInsensitive, learning_rate: learning_rate, penalty: None, alpha: 1.0, eta0: self.c)
    }
}

impl Params for PassiveAggressiveRegressor {
    const NAME: &'static str = "PassiveAggressiveRegressor";

    fn validate(&self) -> Result<()> {
        check_loss(
            Self::NAME,
            self.loss,
            [SgdLoss::EpsilonInsensitive, SgdLoss::SquaredEpsilonInsensitive],
            "'epsilon_insensitive' or 'squared_epsilon_insensitive'",
        )?;
        check_c(Self::NAME, self.c)?;
        self.options().check(Self::NAME)
    }
}

impl<B: Backend> FitOn<B> for PassiveAggressiveRegressor {
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

fn check_loss(estimator: &'static str, loss: SgdLoss, allowed: [SgdLoss; 2], expected: &str) -> Result<()> {
    if allowed.contains(&loss) {
        return Ok(());
    }
    Err(Error::Parameter { estimator, name: "loss", expected: expected.into(), found: format!("{loss:?}") })
}

fn check_c(estimator: &'static str, c: f64) -> Result<()> {
    if c > 0.0 {
        return Ok(());
    }
    let expected = "a float in the range (0.0, inf]".into();
    Err(Error::Parameter { estimator, name: "C", expected, found: c.to_string() })
}
