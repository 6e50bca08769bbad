//! The parameters of both AdaBoosts.

use super::{AdaBoostClasses, AdaBoostNumbers, boost_classes, boost_numbers};
use crate::members::{Streams, check_base, nested};
use crate::registry::Task;
use crate::tree::{DecisionTreeClassifier, DecisionTreeRegressor};
use crate::{AnyEstimator, Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// AdaBoost for classes (SAMME: Zhu, Zou, Rosset and Hastie 2009, doi:10.4310/SII.2009.v2.n3.a8).
///
/// Each estimator is fitted with weights; those of the rows that it gets wrong are then multiplied by
/// `exp(learning_rate · (ln((1 − e)/e) + ln(classes − 1)))` for its weighted error e, which is its own weight in the
/// vote. Boosting ends at an error of 0, or of chance. One output; X without NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdaBoostClassifier {
    /// What is boosted: a classifier that takes weights; `None`: trees of depth 1.
    #[serde(deserialize_with = "nested::estimator")]
    pub estimator: Option<Box<AnyEstimator>>,
    /// The number of estimators, at most. Range [1, ∞).
    pub n_estimators: usize,
    /// The factor on each estimator's weight. Range (0, ∞).
    pub learning_rate: f64,
    /// The seed of all random choices: each estimator has its own.
    pub random_state: u64,
}

/// How far off a prediction is, as a share of the largest distance d of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdaBoostLoss {
    /// `d`.
    #[default]
    Linear,
    /// `d²`.
    Square,
    /// `1 − exp(−d)`.
    Exponential,
}

impl AdaBoostLoss {
    /// The loss at a share of the largest distance.
    pub(super) fn of(self, far: f64) -> f64 {
        match self {
            AdaBoostLoss::Linear => far,
            AdaBoostLoss::Square => far * far,
            AdaBoostLoss::Exponential => 1.0 - (-far).exp(),
        }
    }
}

/// AdaBoost for numbers (R2: Drucker 1997, "Improving regressors using boosting techniques").
///
/// Each estimator is fitted to rows drawn with replacement in proportion to their weights. For its mean loss e, weighted,
/// each weight is then multiplied by `β^((1 − loss) · learning_rate)` with `β = e/(1 − e)`, and its own weight is
/// `learning_rate · ln(1/β)`. Boosting ends at e = 0 or e ≥ ½. The prediction is the weighted median of the estimators'.
/// One output; X without NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdaBoostRegressor {
    /// What is boosted: a regressor; `None`: trees of depth 3.
    #[serde(deserialize_with = "nested::estimator")]
    pub estimator: Option<Box<AnyEstimator>>,
    /// The number of estimators, at most. Range [1, ∞).
    pub n_estimators: usize,
    /// The factor on each estimator's weight. Range (0, ∞).
    pub learning_rate: f64,
    /// How far off a prediction is.
    pub loss: AdaBoostLoss,
    /// The seed of all random choices: each estimator has its own.
    pub random_state: u64,
}

impl Default for AdaBoostClassifier {
    fn default() -> Self {
        AdaBoostClassifier { estimator: None, n_estimators: 50, learning_rate: 1.0, random_state: 0 }
    }
}

impl Default for AdaBoostRegressor {
    fn default() -> Self {
        let loss = AdaBoostLoss::Linear;
        AdaBoostRegressor { estimator: None, n_estimators: 50, learning_rate: 1.0, loss, random_state: 0 }
    }
}

impl AdaBoostClassifier {
    /// What is boosted.
    pub fn base(&self) -> AnyEstimator {
        let stump = || DecisionTreeClassifier { max_depth: Some(1), ..DecisionTreeClassifier::default() };
        self.estimator.as_deref().cloned().unwrap_or_else(|| AnyEstimator::DecisionTreeClassifier(stump()))
    }
}

impl AdaBoostRegressor {
    /// What is boosted.
    pub fn base(&self) -> AnyEstimator {
        let tree = || DecisionTreeRegressor { max_depth: Some(3), ..DecisionTreeRegressor::default() };
        self.estimator.as_deref().cloned().unwrap_or_else(|| AnyEstimator::DecisionTreeRegressor(tree()))
    }
}

fn check_rate(estimator: &'static str, n_estimators: usize, rate: f64) -> Result<()> {
    let wrong = |name, expected: &str, found: String| {
        Err(Error::Parameter { estimator, name, expected: expected.to_owned(), found })
    };
    if n_estimators == 0 {
        return wrong("n_estimators", "an int in the range [1, inf)", n_estimators.to_string());
    }
    if !(rate > 0.0 && rate.is_finite()) {
        return wrong("learning_rate", "a float in the range (0.0, inf)", format!("{rate:?}"));
    }
    Ok(())
}

macro_rules! adaboost {
    ($name:ident, $task:ident, $model:ident, $boost:ident) => {
        impl Params for $name {
            const NAME: &'static str = stringify!($name);

            fn validate(&self) -> Result<()> {
                check_rate(Self::NAME, self.n_estimators, self.learning_rate)?;
                check_base(Self::NAME, self.estimator.as_deref(), Task::$task)
            }
        }

        impl<B: Backend> FitOn<B> for $name {
            type Model = $model;

            /// AdaBoost does not go on from another model: `start` is refused.
            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                start: Option<&$model>,
                on: &B,
                ctl: &Control,
            ) -> Result<$model> {
                if start.is_some() {
                    bad_input!("AdaBoost does not go on from another model");
                }
                $boost(params, data, &mut Streams(params.random_state), on, ctl)
            }
        }
    };
}

adaboost!(AdaBoostClassifier, Classification, AdaBoostClasses, boost_classes);
adaboost!(AdaBoostRegressor, Regression, AdaBoostNumbers, boost_numbers);
