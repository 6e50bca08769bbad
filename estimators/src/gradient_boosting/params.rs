//! The parameters that both estimators share: checks, and their resolution for given data.

use super::boost::Boosting;
use super::loss::Loss;
use crate::folds::{self, Rows};
use crate::tree::params::Growth;
use crate::tree::{Count, MaxFeatures, Splitter};
use crate::{Error, Result, bad_input};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// From which raw predictions boosting starts, where not from the best constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// From 0.
    Zero,
}

const MOST_STAGES: u64 = i32::MAX as u64;

/// The shared parameters.
#[derive(Debug, Clone)]
pub struct Shared<'a> {
    pub estimator: &'static str,
    pub learning_rate: f64,
    pub n_estimators: u64,
    pub subsample: f64,
    pub min_samples_split: Count,
    pub min_samples_leaf: Count,
    pub min_weight_fraction_leaf: f64,
    pub max_depth: Option<u64>,
    pub min_impurity_decrease: f64,
    pub init: Option<Init>,
    pub random_state: u64,
    pub max_features: MaxFeatures,
    pub max_leaf_nodes: Option<u64>,
    pub validation_fraction: f64,
    pub validation_rows: Option<&'a Rows>,
    pub n_iter_no_change: Option<u64>,
    pub tol: f64,
    pub ccp_alpha: f64,
}

/// Takes the fields of either parameter struct.
macro_rules! shared {
    ($params:expr; $($field:ident),*) => {
        $crate::gradient_boosting::params::Shared {
            estimator: <Self as $crate::Params>::NAME,
            validation_rows: $params.validation_rows.as_ref(),
            $($field: $params.$field),*
        }
    };
    ($params:expr) => {
        shared!($params; learning_rate, n_estimators, subsample, min_samples_split, min_samples_leaf,
            min_weight_fraction_leaf, max_depth, min_impurity_decrease, init, random_state, max_features,
            max_leaf_nodes, validation_fraction, n_iter_no_change, tol, ccp_alpha)
    };
}
pub(super) use shared;

impl<'a> Shared<'a> {
    fn growth(&self) -> Growth<'a> {
        Growth {
            estimator: self.estimator,
            splitter: Splitter::Best,
            max_depth: self.max_depth,
            min_samples_split: self.min_samples_split,
            min_samples_leaf: self.min_samples_leaf,
            min_weight_fraction_leaf: self.min_weight_fraction_leaf,
            max_features: self.max_features,
            random_state: self.random_state,
            max_leaf_nodes: self.max_leaf_nodes,
            min_impurity_decrease: self.min_impurity_decrease,
            ccp_alpha: self.ccp_alpha,
            monotonic_cst: None,
            categorical_features: None,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn validate(&self) -> Result<()> {
        self.growth().validate()?;
        let check = Error::check(self.estimator);
        let not_negative = |v: f64| (0.0..f64::INFINITY).contains(&v);
        let rate = self.learning_rate;
        check("learning_rate", not_negative(rate), "a float in the range [0.0, inf)", &rate)?;
        let stages = self.n_estimators;
        // More trees than any memory holds are a mistake, which is told before they fill it.
        let holds = (1..=MOST_STAGES).contains(&stages);
        check("n_estimators", holds, "an int in the range [1, 2147483647]", &stages)?;
        let share = self.subsample;
        check("subsample", share > 0.0 && share <= 1.0, "a float in the range (0.0, 1.0]", &share)?;
        let share = self.validation_fraction;
        check("validation_fraction", share > 0.0 && share < 1.0, "a float in the range (0.0, 1.0)", &share)?;
        let patience = self.n_iter_no_change;
        let holds = patience.is_none_or(|patience| patience >= 1);
        check("n_iter_no_change", holds, "an int in the range [1, inf) or None", &patience)?;
        check("tol", not_negative(self.tol), "a float in the range [0.0, inf)", &self.tol)
    }

    /// The parameters for `n` rows; `class_of` tells their classes, where there are such.
    ///
    /// # Errors
    /// [`Error::Input`] where the rows held out leave nothing on either side.
    pub fn resolve(&self, loss: Loss, n: usize, class_of: Option<&dyn Fn(usize) -> usize>) -> Result<Boosting<'a>> {
        let number = |v: u64| usize::try_from(v).unwrap_or(usize::MAX);
        let mut held_out = Vec::new();
        if self.n_iter_no_change.is_some() {
            held_out = match self.validation_rows {
                Some(rows) => rows.0.clone(),
                None => {
                    let mut rng = ChaCha8Rng::seed_from_u64(self.random_state);
                    rng.set_stream(u64::MAX);
                    folds::held_out(n, self.validation_fraction, class_of, &mut rng)
                }
            };
            held_out.sort_unstable();
            held_out.dedup();
            if held_out.last().is_some_and(|&last| last as usize >= n) {
                bad_input!("validation_rows has a row beyond the {n} of X");
            }
            if held_out.is_empty() || held_out.len() == n {
                bad_input!(
                    "With n_samples={n} and validation_fraction={}, one of the two sets that early stopping needs will \
                     be empty. Adjust any of the aforementioned parameters.",
                    self.validation_fraction
                );
            }
        }
        Ok(Boosting {
            loss,
            learning_rate: self.learning_rate,
            n_estimators: number(self.n_estimators),
            subsample: self.subsample,
            zero: self.init == Some(Init::Zero),
            growth: self.growth(),
            held_out,
            patience: self.n_iter_no_change.map(number),
            tol: self.tol,
        })
    }
}
