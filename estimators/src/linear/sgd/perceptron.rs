//! Perceptron: steps of one length along the rows that are on the wrong side.

use super::classifier::fit_classes;
use super::options::{Options, PenaltyName, Seeds, SgdLoss, options};
use super::{LearningRate, Stepped};
use crate::class_weight::ClassWeight;
use crate::folds::Rows;
use crate::linear::LinearClassifier;
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// Rosenblatt's perceptron (1958, doi:10.1037/h0042519): [`super::SGDClassifier`] with loss `perceptron` and learning rate
/// `constant`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Perceptron {
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
    /// The seeds of the orders.
    pub random_state: Seeds,
    /// The first length, or what the learning rate makes of it. Range (0, ∞).
    pub eta0: f64,
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
}

impl Default for Perceptron {
    fn default() -> Self {
        Perceptron {
            penalty: None,
            alpha: 1e-4,
            l1_ratio: Some(0.15),
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            random_state: Seeds::default(),
            eta0: 1.0,
            early_stopping: false,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: 5,
            class_weight: None,
        }
    }
}

impl Perceptron {
    fn options(&self) -> Options {
        options!(self; penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, eta0, early_stopping, validation_fraction, validation_rows, n_iter_no_change;
            loss: SgdLoss::Perceptron, learning_rate: LearningRate::Constant)
    }
}

impl Params for Perceptron {
    const NAME: &'static str = "Perceptron";

    fn validate(&self) -> Result<()> {
        self.options().check(Self::NAME)
    }
}

impl<B: Backend> FitOn<B> for Perceptron {
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
