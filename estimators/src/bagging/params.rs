//! The parameters of bagging.

use super::draw::Drawing;
use super::{BaggedClasses, BaggedNumbers, fit};
use crate::forest::Draw;
use crate::members::{check_base, nested};
use crate::registry::Task;
use crate::tree::{DecisionTreeClassifier, DecisionTreeRegressor};
use crate::{AnyEstimator, Backend, Checked, Control, Data, Error, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// A number of features, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Features {
    /// A number.
    Number(u64),
    /// A share of the features (rounded down, at least 1).
    Share(f64),
}

macro_rules! bagging {
    ($(#[$doc:meta])* $name:ident, $task:ident, $model:ident, $tree:ident, $fit:path) => {
        $(#[$doc])*
        ///
        /// Weights say how likely each row is drawn. An estimator that takes weights is fitted to all rows, those that
        /// were drawn weighing as often as they were; another one to the rows themselves. Whether X may be sparse or
        /// hold NaN is the estimator's affair.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            /// What is fitted to each bag; `None`: trees without limit.
            #[serde(deserialize_with = "nested::estimator")]
            pub estimator: Option<Box<AnyEstimator>>,
            /// The number of bags. Range [1, ∞).
            pub n_estimators: usize,
            /// The rows of a bag: a number, or a share of the rows (of the sum of their weights, where they have some);
            /// `None`: as many as there are.
            pub max_samples: Option<Draw>,
            /// The columns of a bag.
            pub max_features: Features,
            /// Whether rows are drawn with replacement.
            pub bootstrap: bool,
            /// Whether columns are drawn with replacement.
            pub bootstrap_features: bool,
            /// Whether each row is predicted by the estimators that have not seen it. Needs `bootstrap`.
            pub oob_score: bool,
            /// The seed of all random choices: each bag has its own.
            pub random_state: u64,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    estimator: None,
                    n_estimators: 10,
                    max_samples: None,
                    max_features: Features::Share(1.0),
                    bootstrap: true,
                    bootstrap_features: false,
                    oob_score: false,
                    random_state: 0,
                }
            }
        }

        impl $name {
            /// What is fitted to each bag.
            pub fn base(&self) -> AnyEstimator {
                let tree = || AnyEstimator::$tree($tree::default());
                self.estimator.as_deref().cloned().unwrap_or_else(tree)
            }

            pub(super) fn drawing(&self) -> Drawing {
                Drawing {
                    estimator: Self::NAME,
                    n_estimators: self.n_estimators,
                    max_samples: self.max_samples,
                    max_features: self.max_features,
                    bootstrap: self.bootstrap,
                    bootstrap_features: self.bootstrap_features,
                    oob_score: self.oob_score,
                    seed: self.random_state,
                }
            }
        }

        impl Params for $name {
            const NAME: &'static str = stringify!($name);

            fn validate(&self) -> Result<()> {
                self.drawing().validate()?;
                check_base(Self::NAME, self.estimator.as_deref(), Task::$task)
            }
        }

        impl<B: Backend> FitOn<B> for $name {
            type Model = $model;

            /// Goes on from the bags of `start`, up to `n_estimators`: as if all had been fitted at once.
            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                start: Option<&$model>,
                on: &B,
                ctl: &Control,
            ) -> Result<$model> {
                $fit(&params.base(), &params.drawing(), data, start, on, ctl)
            }
        }
    };
}

bagging! {
    /// Bagging for classes: the mean of the probabilities of classifiers, or of their votes where they have none.
    BaggingClassifier, Classification, BaggedClasses, DecisionTreeClassifier, fit::classes
}

bagging! {
    /// Bagging for numbers: the mean of the predictions of regressors.
    BaggingRegressor, Regression, BaggedNumbers, DecisionTreeRegressor, fit::numbers
}

impl Drawing {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`]; [`Error::Input`] for parameters that contradict each other.
    pub(super) fn validate(&self) -> Result<()> {
        let check = Error::check(self.estimator);
        check("n_estimators", self.n_estimators >= 1, "an int in the range [1, inf)", &self.n_estimators)?;
        let within = |share: f64| share > 0.0 && share <= 1.0;
        let expected = "an int in the range [1, inf) or a float in the range (0.0, 1.0]";
        match self.max_samples {
            Some(Draw::Rows(0)) => check("max_samples", false, expected, &0)?,
            Some(Draw::Share(share)) if !within(share) => check("max_samples", false, expected, &share)?,
            _ => {}
        }
        match self.max_features {
            Features::Number(0) => check("max_features", false, expected, &0)?,
            Features::Share(share) if !within(share) => check("max_features", false, expected, &share)?,
            _ => {}
        }
        if self.oob_score && !self.bootstrap {
            crate::bad_input!("Out of bag estimation only available if bootstrap=True");
        }
        Ok(())
    }
}
