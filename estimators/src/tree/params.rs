//! The parameters that both trees share, and their resolution for given data.

use super::categories::Categorical;
use super::grow::Plan;
use super::split::Limits;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How thresholds are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Splitter {
    /// The best of all.
    #[default]
    Best,
    /// The best of one drawn for each feature.
    Random,
}

/// A number of rows, or a share of them (rounded up).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Count {
    /// A number.
    Rows(u64),
    /// A share of the rows.
    Share(f64),
}

impl Count {
    fn of(self, n: usize) -> usize {
        match self {
            Count::Rows(rows) => usize::try_from(rows).unwrap_or(usize::MAX),
            Count::Share(share) => (share * n as f64).ceil() as usize,
        }
    }
}

/// How many features are drawn for each split.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MaxFeatures {
    /// A number.
    Number(u64),
    /// A share of the features (rounded down, at least 1).
    Share(f64),
    /// By a rule.
    Rule(FeatureRule),
    /// All.
    #[default]
    All,
}

/// A rule for the number of features (rounded down, at least 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureRule {
    /// The square root.
    Sqrt,
    /// The logarithm to base 2.
    Log2,
}

impl MaxFeatures {
    /// The number for `p` features.
    pub fn of(self, p: usize) -> usize {
        let features = p as f64;
        let share = match self {
            MaxFeatures::All => return p,
            MaxFeatures::Number(number) => return usize::try_from(number).unwrap_or(usize::MAX),
            MaxFeatures::Share(share) => share * features,
            MaxFeatures::Rule(FeatureRule::Sqrt) => features.sqrt(),
            MaxFeatures::Rule(FeatureRule::Log2) => features.log2(),
        };
        (share as usize).max(1)
    }
}

/// What limits a tree's growth: the same for classes and numbers.
#[derive(Debug, Clone)]
pub(crate) struct Growth<'a> {
    pub estimator: &'static str,
    pub splitter: Splitter,
    pub max_depth: Option<u64>,
    pub min_samples_split: Count,
    pub min_samples_leaf: Count,
    pub min_weight_fraction_leaf: f64,
    pub max_features: MaxFeatures,
    pub random_state: u64,
    pub max_leaf_nodes: Option<u64>,
    pub min_impurity_decrease: f64,
    pub ccp_alpha: f64,
    pub monotonic_cst: Option<&'a [i8]>,
    pub categorical_features: Option<&'a Categorical>,
}

/// Takes the fields of either parameter struct that [`Growth`] names.
macro_rules! growth {
    ($params:expr) => {
        $crate::tree::growth!($params, $params.splitter)
    };
    ($params:expr, $splitter:expr) => {
        $crate::tree::Growth {
            estimator: <Self as $crate::Params>::NAME,
            splitter: $splitter,
            max_depth: $params.max_depth,
            min_samples_split: $params.min_samples_split,
            min_samples_leaf: $params.min_samples_leaf,
            min_weight_fraction_leaf: $params.min_weight_fraction_leaf,
            max_features: $params.max_features,
            random_state: $params.random_state,
            max_leaf_nodes: $params.max_leaf_nodes,
            min_impurity_decrease: $params.min_impurity_decrease,
            ccp_alpha: $params.ccp_alpha,
            monotonic_cst: $params.monotonic_cst.as_deref(),
            categorical_features: $params.categorical_features.as_ref(),
        }
    };
}
pub(crate) use growth;

impl Growth<'_> {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn validate(&self) -> Result<()> {
        let check = Error::check(self.estimator);
        let at_least = |least: u64, value: Option<u64>| value.is_none_or(|v| v >= least);
        check("max_depth", at_least(1, self.max_depth), "an int in the range [1, inf) or None", &self.max_depth)?;
        let (split, leaf) = (self.min_samples_split, self.min_samples_leaf);
        let holds = matches!(split, Count::Rows(2..)) || matches!(split, Count::Share(s) if s > 0.0 && s <= 1.0);
        check("min_samples_split", holds, "an int in the range [2, inf) or a float in the range (0.0, 1.0]", &split)?;
        let holds = matches!(leaf, Count::Rows(1..)) || matches!(leaf, Count::Share(s) if s > 0.0 && s < 1.0);
        check("min_samples_leaf", holds, "an int in the range [1, inf) or a float in the range (0.0, 1.0)", &leaf)?;
        let share = self.min_weight_fraction_leaf;
        let holds = (0.0..=0.5).contains(&share);
        check("min_weight_fraction_leaf", holds, "a float in the range [0.0, 0.5]", &share)?;
        let holds = match self.max_features {
            MaxFeatures::Number(number) => number >= 1,
            MaxFeatures::Share(share) => share > 0.0 && share <= 1.0,
            MaxFeatures::Rule(_) | MaxFeatures::All => true,
        };
        let expected = "an int in the range [1, inf), a float in the range (0.0, 1.0], 'sqrt', 'log2' or None";
        check("max_features", holds, expected, &self.max_features)?;
        let leaves = self.max_leaf_nodes;
        check("max_leaf_nodes", at_least(2, leaves), "an int in the range [2, inf) or None", &leaves)?;
        let positive = |v: f64| (0.0..f64::INFINITY).contains(&v);
        let decrease = self.min_impurity_decrease;
        check("min_impurity_decrease", positive(decrease), "a float in the range [0.0, inf)", &decrease)?;
        check("ccp_alpha", positive(self.ccp_alpha), "a float in the range [0.0, inf)", &self.ccp_alpha)?;
        let signs = self.monotonic_cst.unwrap_or(&[]);
        let holds = signs.iter().all(|sign| (-1..=1).contains(sign));
        check("monotonic_cst", holds, "None or an array of -1, 0 or 1", &self.monotonic_cst)
    }

    /// The plan for `n` rows of weight `weight` with `p` features. `flip` turns the constraints around.
    ///
    /// # Errors
    /// [`Error::Input`] where there are constraints for another number of features.
    pub fn plan(&self, n: usize, p: usize, weight: f64, flip: bool) -> Result<Plan> {
        let min_leaf = self.min_samples_leaf.of(n);
        let min_split = self.min_samples_split.of(n).max(2).max(min_leaf.saturating_mul(2));
        let monotonic = self.monotonic_cst.map(|signs| signs.iter().map(|&s| if flip { -s } else { s }).collect());
        if let Some(signs) = self.monotonic_cst
            && signs.len() != p
        {
            crate::bad_input!("monotonic_cst has shape {} but the input data X has {p} features.", signs.len());
        }
        let categorical = self.categorical_features.map(|c| c.mask(p)).transpose()?.unwrap_or_default();
        if self.monotonic_cst.unwrap_or(&[]).iter().zip(&categorical).any(|(&sign, &flag)| sign != 0 && flag) {
            crate::bad_input!("Categorical features cannot have monotonic constraints.");
        }
        let large = |v: Option<u64>| v.map(|v| usize::try_from(v).unwrap_or(usize::MAX));
        Ok(Plan {
            max_depth: large(self.max_depth).unwrap_or(i32::MAX as usize),
            min_split,
            limits: Limits { min_leaf, min_weight: self.min_weight_fraction_leaf * weight },
            min_decrease: self.min_impurity_decrease,
            max_features: self.max_features.of(p),
            max_leaves: large(self.max_leaf_nodes),
            random: self.splitter == Splitter::Random,
            monotonic,
            categorical,
            seed: self.random_state,
        })
    }
}
