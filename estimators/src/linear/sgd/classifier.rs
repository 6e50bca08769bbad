//! SGDClassifier: linear classification by stochastic gradient descent.

use super::options::{Options, PenaltyName, Seeds, SgdLoss, options};
use super::run::{Learn, fit};
use super::{LearningRate, Stepped};
use crate::class_weight::ClassWeight;
use crate::folds::Rows;
use crate::linear::{LinearClassifier, Probabilities};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·loss(y, x·coef + b)/n + alpha·penalty(coef)` for each class against the others (two classes: once), a
/// step a row (Bottou 2012, "Stochastic gradient descent tricks"). A pass costs what X stores; classes run side by side.
///
/// A model to start from is gone on from where it stopped; its number of steps and its means count on. The longer a
/// run is, the nearer it comes to the minimum, within what the step length allows. Rows of weight 0 leave no trace;
/// negative weights push away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SGDClassifier {
    /// What is paid for a score where the class is known.
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
    /// Weights of the classes, which multiply the weights of the rows. With three or more classes the weight of a class
    /// counts in its own problem alone, as in scikit-learn.
    pub class_weight: Option<ClassWeight>,
    /// From which step on the mean of the coefficients is taken, to be the result; 0: never.
    pub average: usize,
}

impl Default for SGDClassifier {
    fn default() -> Self {
        SGDClassifier {
            loss: SgdLoss::Hinge,
            penalty: Some(PenaltyName::L2),
            alpha: 1e-4,
            l1_ratio: Some(0.15),
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            epsilon: 0.1,
            random_state: Seeds::default(),
            learning_rate: LearningRate::Optimal,
            eta0: 0.01,
            power_t: 0.5,
            early_stopping: false,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: 5,
            class_weight: None,
            average: 0,
        }
    }
}

impl SGDClassifier {
    fn options(&self) -> Options {
        options!(self; loss, penalty, alpha, l1_ratio, epsilon, fit_intercept, max_iter, tol, shuffle, learning_rate, eta0, power_t,
            early_stopping, validation_fraction, validation_rows, n_iter_no_change, average;)
    }
}

impl Params for SGDClassifier {
    const NAME: &'static str = "SGDClassifier";

    fn validate(&self) -> Result<()> {
        self.options().check(Self::NAME)
    }
}

impl<B: Backend> FitOn<B> for SGDClassifier {
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

/// Fits class against class, or each class against the others.
///
/// # Errors
/// As [`FitOn::fit_checked`].
pub(super) fn fit_classes(
    estimator: &'static str,
    options: &Options,
    class_weight: Option<&ClassWeight>,
    data: &Data<'_>,
    start: Option<&Stepped<LinearClassifier>>,
    ctl: &Control,
) -> Result<Stepped<LinearClassifier>> {
    data.check()?;
    let (codes, n_classes) = data.classes(estimator)?;
    let &[classes] = n_classes else { bad_input!("{estimator} predicts one output, but y has {}", n_classes.len()) };
    if classes < 2 {
        bad_input!("The number of classes has to be greater than one; got {classes} class");
    }
    let weights = match class_weight {
        Some(weight) => weight.by_class(codes, 0, n_classes)?.into_owned(),
        None => vec![1.0; classes],
    };
    let sides = match weights[..] {
        [first, second] => vec![(second, first)],
        _ => weights.iter().map(|&w| (w, 1.0)).collect(),
    };
    let learn = Learn::Classes(codes.column(0).iter().map(|&code| code as usize).collect(), sides);
    let mut fitted = fit(options, data, &learn, start, ctl)?;
    fitted.model.probabilities = match options.loss {
        SgdLoss::LogLoss => Probabilities::OneVsRest,
        SgdLoss::ModifiedHuber => Probabilities::ModifiedHuber,
        _ => Probabilities::None,
    };
    Ok(fitted)
}
