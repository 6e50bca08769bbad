//! The parameters that the classifier and the regressor share, and their resolution for given data.

use super::objective::Objective;
use super::plan::Plan;
use super::split::Rule;
use crate::tree::{Categorical, Count};
use crate::{Error, Result, bad_input};
use serde::{Deserialize, Serialize};

/// Which features may meet on one path of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Interactions {
    /// By a rule.
    Rule(InteractionRule),
    /// Sets of features; those in none are one more set.
    Sets(Vec<Vec<u32>>),
}

/// A rule for interactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionRule {
    /// Any two features.
    Pairwise,
    /// No two features.
    NoInteractions,
}

impl Interactions {
    fn sets(&self, p: usize) -> Result<Vec<Vec<u32>>> {
        let p32 = p as u32;
        let sets = match self {
            Interactions::Rule(InteractionRule::NoInteractions) => return Ok((0..p32).map(|j| vec![j]).collect()),
            Interactions::Rule(InteractionRule::Pairwise) => {
                let pairs: Vec<Vec<u32>> = (0..p32).flat_map(|i| (i + 1..p32).map(move |j| vec![i, j])).collect();
                return Ok(if pairs.is_empty() { vec![(0..p32).collect()] } else { pairs });
            }
            Interactions::Sets(sets) => sets,
        };
        let mut in_none = vec![true; p];
        for set in sets {
            for &feature in set {
                let Some(flag) = in_none.get_mut(feature as usize) else {
                    bad_input!(
                        "Interaction constraints must consist of integer indices in [0, n_features - 1] = [0, {}], \
                         specifying the position of features, got invalid indices: {set:?}",
                        p - 1
                    );
                };
                *flag = false;
            }
        }
        let rest: Vec<u32> = (0..p32).filter(|&j| in_none[j as usize]).collect();
        Ok(sets.iter().cloned().chain((!rest.is_empty()).then_some(rest)).collect())
    }
}

/// When to stop before the last iteration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EarlyStopping {
    /// Always or never.
    Flag(bool),
    /// By a rule.
    Rule(StoppingRule),
}

/// A rule for stopping early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppingRule {
    /// Where there are more than 10,000 rows.
    Auto,
}

impl EarlyStopping {
    /// Whether it applies to `n` rows.
    pub fn applies(self, n: usize) -> bool {
        match self {
            EarlyStopping::Flag(flag) => flag,
            EarlyStopping::Rule(StoppingRule::Auto) => n > 10_000,
        }
    }
}

/// The parameters of either estimator.
#[derive(Debug, Clone)]
pub struct Settings {
    pub estimator: &'static str,
    pub objective: Objective,
    pub learning_rate: f64,
    pub max_iter: u64,
    pub max_leaf_nodes: Option<u64>,
    pub max_depth: Option<u64>,
    pub min_samples_leaf: u64,
    pub l2_regularization: f64,
    pub max_features: f64,
    pub max_bins: u64,
    pub categorical_features: Option<Categorical>,
    pub monotonic_cst: Option<Vec<i8>>,
    pub interaction_cst: Option<Interactions>,
    pub early_stopping: EarlyStopping,
    pub validation_fraction: Option<Count>,
    pub n_iter_no_change: u64,
    pub tol: f64,
    pub random_state: u64,
}

/// Takes the fields of either parameter struct that [`Settings`] names.
macro_rules! settings {
    ($params:expr, $objective:expr) => {
        $crate::boosting::params::Settings {
            estimator: <Self as $crate::Params>::NAME,
            objective: $objective,
            learning_rate: $params.learning_rate,
            max_iter: $params.max_iter,
            max_leaf_nodes: $params.max_leaf_nodes,
            max_depth: $params.max_depth,
            min_samples_leaf: $params.min_samples_leaf,
            l2_regularization: $params.l2_regularization,
            max_features: $params.max_features,
            max_bins: $params.max_bins,
            categorical_features: $params.categorical_features.clone(),
            monotonic_cst: $params.monotonic_cst.clone(),
            interaction_cst: $params.interaction_cst.clone(),
            early_stopping: $params.early_stopping,
            validation_fraction: $params.validation_fraction,
            n_iter_no_change: $params.n_iter_no_change,
            tol: $params.tol,
            random_state: $params.random_state,
        }
    };
}
pub(super) use settings;

impl Settings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn validate(&self) -> Result<()> {
        let check = Error::check(self.estimator);
        let positive = |v: f64| v > 0.0 && v < f64::INFINITY;
        let at_least = |least: u64, v: Option<u64>| v.is_none_or(|v| v >= least);
        let rate = self.learning_rate;
        check("learning_rate", positive(rate), "a float in the range (0.0, inf)", &rate)?;
        check("max_iter", self.max_iter >= 1, "an int in the range [1, inf)", &self.max_iter)?;
        let leaves = self.max_leaf_nodes;
        check("max_leaf_nodes", at_least(2, leaves), "an int in the range [2, inf) or None", &leaves)?;
        let depth = self.max_depth;
        check("max_depth", at_least(1, depth), "an int in the range [1, inf) or None", &depth)?;
        let least = self.min_samples_leaf;
        check("min_samples_leaf", least >= 1, "an int in the range [1, inf)", &least)?;
        let l2 = self.l2_regularization;
        check("l2_regularization", (0.0..f64::INFINITY).contains(&l2), "a float in the range [0.0, inf)", &l2)?;
        let share = self.max_features;
        check("max_features", share > 0.0 && share <= 1.0, "a float in the range (0.0, 1.0]", &share)?;
        let bins = self.max_bins;
        check("max_bins", (2..=255).contains(&bins), "an int in the range [2, 255]", &bins)?;
        let signs = self.monotonic_cst.as_deref().unwrap_or(&[]);
        let holds = signs.iter().all(|sign| (-1..=1).contains(sign));
        check("monotonic_cst", holds, "None or an array of -1, 0 or 1", &self.monotonic_cst)?;
        let holds = match self.validation_fraction {
            None => true,
            Some(Count::Rows(rows)) => rows >= 1,
            Some(Count::Share(share)) => share > 0.0 && share < 1.0,
        };
        let expected = "a float in the range (0.0, 1.0), an int in the range [1, inf) or None";
        check("validation_fraction", holds, expected, &self.validation_fraction)?;
        let patience = self.n_iter_no_change;
        check("n_iter_no_change", patience >= 1, "an int in the range [1, inf)", &patience)?;
        check("tol", (0.0..f64::INFINITY).contains(&self.tol), "a float in the range [0.0, inf)", &self.tol)
    }

    /// What limits the trees on `p` features, of which `categorical` are marked.
    ///
    /// # Errors
    /// [`Error::Input`] for constraints of other features.
    pub fn plan(&self, p: usize, categorical: &[bool]) -> Result<Plan> {
        let monotonic = self.monotonic_cst.clone().unwrap_or_default();
        if !monotonic.is_empty() && monotonic.len() != p {
            bad_input!("monotonic_cst has shape ({},) but the input data X has {p} features.", monotonic.len());
        }
        if monotonic.iter().zip(categorical).any(|(&sign, &flag)| sign != 0 && flag) {
            bad_input!("Categorical features cannot have monotonic constraints.");
        }
        if self.monotonic_cst.is_some() && self.objective.n_outputs() != 1 {
            bad_input!("monotonic constraints are not supported for multiclass classification.");
        }
        let large = |v: Option<u64>| v.map(|v| usize::try_from(v).unwrap_or(usize::MAX));
        Ok(Plan {
            max_leaves: large(self.max_leaf_nodes),
            max_depth: large(self.max_depth),
            rule: Rule {
                min_samples_leaf: u32::try_from(self.min_samples_leaf).unwrap_or(u32::MAX / 2).min(u32::MAX / 2),
                l2: self.l2_regularization,
                monotonic,
            },
            max_features: self.max_features,
            interactions: self.interaction_cst.as_ref().map(|sets| sets.sets(p)).transpose()?,
            seed: self.random_state,
        })
    }
}
