//! GradientBoostingClassifier: stages of regression trees on the gradients of a loss of classes.

use super::boost::{self, Extra, Problem};
use super::loss::Loss;
use super::model::BoostedClasses;
use super::params::{Init, shared};
use crate::folds::Rows;
use crate::tree::{Count, MaxFeatures};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// What boosting reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassLoss {
    /// The log loss.
    #[default]
    LogLoss,
    /// `exp(−(2y − 1)·z)`: two classes only.
    Exponential,
}

/// Gradient boosting (Friedman 2001, doi:10.1214/aos/1013203451): each stage adds trees (one, or one a class where there
/// are more than two) that follow the gradient of the loss, their leaves set by a Newton step.
///
/// Splits are exact. X may be sparse, and has no missing values. A stage costs O(rows · features · depth).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GradientBoostingClassifier {
    /// What is reduced.
    pub loss: ClassLoss,
    /// The share of each tree's leaves that is taken. Range [0, ∞).
    pub learning_rate: f64,
    /// Stages, at most. Range [1, 2³¹ − 1].
    pub n_estimators: u64,
    /// The share of the rows that each stage sees, drawn without replacement. Range (0, 1].
    pub subsample: f64,
    /// Rows of a node that is split, at least. Range [2, ∞), or a share in (0, 1].
    pub min_samples_split: Count,
    /// Rows of a leaf, at least. Range [1, ∞), or a share in (0, 1).
    pub min_samples_leaf: Count,
    /// Weight of a leaf, as a share of all weight, at least. Range [0, 0.5].
    pub min_weight_fraction_leaf: f64,
    /// Levels below the root. Range [1, ∞); `None`: no limit.
    pub max_depth: Option<u64>,
    /// The decrease of impurity, weighted by the node's share of the rows, that a split has to bring. Range [0, ∞).
    pub min_impurity_decrease: f64,
    /// From which raw predictions to start; `None`: the best constant.
    pub init: Option<Init>,
    /// The seed of all random choices.
    pub random_state: u64,
    /// Features drawn for each split.
    pub max_features: MaxFeatures,
    /// Leaves, at most; trees then grow best first. Range [2, ∞); `None`: no limit.
    pub max_leaf_nodes: Option<u64>,
    /// The share of the rows that is held out to tell when to stop. Range (0, 1).
    pub validation_fraction: f64,
    /// Which rows to hold out, instead of a random share.
    pub validation_rows: Option<Rows>,
    /// Stages without an improvement on the rows held out after which to stop. Range [1, ∞); `None`: no row is held
    /// out.
    pub n_iter_no_change: Option<u64>,
    /// What counts as an improvement. Range [0, ∞).
    pub tol: f64,
    /// Branches are cut whose impurity per leaf grows by no more than this when they go. Range [0, ∞).
    pub ccp_alpha: f64,
}

impl Default for GradientBoostingClassifier {
    fn default() -> Self {
        GradientBoostingClassifier {
            loss: ClassLoss::LogLoss,
            learning_rate: 0.1,
            n_estimators: 100,
            subsample: 1.0,
            min_samples_split: Count::Rows(2),
            min_samples_leaf: Count::Rows(1),
            min_weight_fraction_leaf: 0.0,
            max_depth: Some(3),
            min_impurity_decrease: 0.0,
            init: None,
            random_state: 0,
            max_features: MaxFeatures::All,
            max_leaf_nodes: None,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: None,
            tol: 1e-4,
            ccp_alpha: 0.0,
        }
    }
}

impl Params for GradientBoostingClassifier {
    const NAME: &'static str = "GradientBoostingClassifier";

    fn validate(&self) -> Result<()> {
        shared!(self).validate()
    }
}

impl GradientBoostingClassifier {
    /// Fits with what a caller brings beside the data.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`], and those of the one who watches.
    pub fn fit_with(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&BoostedClasses>,
        extra: Extra<'_>,
        ctl: &Control,
    ) -> Result<BoostedClasses> {
        data.check()?;
        data.check_finite()?;
        let (codes, n_classes) = data.classes(Self::NAME)?;
        let [classes] = *n_classes else { bad_input!("y should be a 1d array: {} takes one output", Self::NAME) };
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let y: Vec<f64> = codes.column(0).iter().map(|&code| f64::from(code)).collect();
        let mut weight_of = vec![0.0; classes];
        y.iter().enumerate().for_each(|(i, &code)| weight_of[code as usize] += weights.as_ref().map_or(1.0, |w| w[i]));
        let trimmed = weight_of.iter().filter(|&&weight| weight != 0.0).count();
        if trimmed < 2 {
            bad_input!(
                "y contains {trimmed} class after sample_weight trimmed classes with zero weights, while a minimum of 2 \
                 classes are required."
            );
        }
        let loss = match params.loss {
            ClassLoss::Exponential if classes > 2 => bad_input!(
                "loss='exponential' is only suitable for a binary classification problem, you have n_classes={classes}. \
                 Please use loss='log_loss' instead."
            ),
            ClassLoss::Exponential => Loss::Exponential,
            ClassLoss::LogLoss if classes == 2 => Loss::Binary,
            ClassLoss::LogLoss => Loss::Multinomial(classes),
        };
        let boosting = shared!(params).resolve(loss, y.len(), Some(&|i| y[i] as usize))?;
        let mut seen = vec![false; classes];
        let mut held_out = boosting.held_out.iter().peekable();
        for (i, &code) in y.iter().enumerate() {
            if held_out.next_if(|&&row| row as usize == i).is_none() {
                seen[code as usize] = true;
            }
        }
        if !boosting.held_out.is_empty() && seen.contains(&false) {
            bad_input!(
                "The training data after the early stopping split is missing some classes. Try using another random seed."
            );
        }
        let problem = Problem { x: data.x.reborrow(), y: &y, weights: weights.as_deref() };
        let boosted = boost::fit(&boosting, &problem, start.map(|model| &model.boosted), extra, ctl)?;
        Ok(BoostedClasses { boosted })
    }
}

impl<B: Backend> FitOn<B> for GradientBoostingClassifier {
    type Model = BoostedClasses;

    /// `start` is a model to go on from: its stages are kept, and `n_estimators` counts them.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&BoostedClasses>,
        on: &B,
        ctl: &Control,
    ) -> Result<BoostedClasses> {
        ctl.timed("boost", &on.host_name(), || Self::fit_with(params, data, start, Extra::default(), ctl))
    }
}
