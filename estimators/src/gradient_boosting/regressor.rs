//! GradientBoostingRegressor: stages of regression trees on the gradients of a loss of numbers.

use super::boost::{self, Extra, Problem};
use super::loss::Loss;
use super::model::BoostedNumbers;
use super::params::{Init, shared};
use crate::folds::Rows;
use crate::tree::{Count, MaxFeatures};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// What boosting reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberLoss {
    /// The squared distance.
    #[default]
    SquaredError,
    /// The distance.
    AbsoluteError,
    /// Squared near the truth, straight beyond the `alpha` quantile of the distances.
    Huber,
    /// The pinball loss of the `alpha` quantile.
    Quantile,
}

/// Gradient boosting (Friedman 2001, doi:10.1214/aos/1013203451): each stage adds a tree that follows the gradient of
/// the loss, its leaves set by what is best for their rows.
///
/// Splits are exact. X may be sparse, and has no missing values. A stage costs O(rows · features · depth).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GradientBoostingRegressor {
    /// What is reduced.
    pub loss: NumberLoss,
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
    /// The quantile of `huber` and of `quantile`. Range (0, 1).
    pub alpha: f64,
}

impl Default for GradientBoostingRegressor {
    fn default() -> Self {
        GradientBoostingRegressor {
            loss: NumberLoss::SquaredError,
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
            alpha: 0.9,
        }
    }
}

impl Params for GradientBoostingRegressor {
    const NAME: &'static str = "GradientBoostingRegressor";

    fn validate(&self) -> Result<()> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            let (estimator, name, expected) = (Self::NAME, "alpha", "a float in the range (0.0, 1.0)".to_owned());
            return Err(Error::Parameter { estimator, name, expected, found: self.alpha.to_string() });
        }
        shared!(self).validate()
    }
}

impl GradientBoostingRegressor {
    /// Fits with what a caller brings beside the data.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`], and those of the one who watches.
    pub fn fit_with(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&BoostedNumbers>,
        extra: Extra<'_>,
        ctl: &Control,
    ) -> Result<BoostedNumbers> {
        data.check()?;
        data.check_finite()?;
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", y.dim());
        }
        let y: Vec<f64> = y.iter().copied().collect();
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let alpha = params.alpha;
        let loss = match params.loss {
            NumberLoss::SquaredError => Loss::Squared,
            NumberLoss::AbsoluteError => Loss::Absolute,
            NumberLoss::Huber => Loss::Huber { alpha, delta: 0.5 },
            NumberLoss::Quantile => Loss::Quantile { alpha },
        };
        let boosting = shared!(params).resolve(loss, y.len(), None)?;
        let problem = Problem { x: data.x.reborrow(), y: &y, weights: weights.as_deref() };
        let boosted = boost::fit(&boosting, &problem, start.map(|model| &model.boosted), extra, ctl)?;
        Ok(BoostedNumbers { boosted })
    }
}

impl<B: Backend> FitOn<B> for GradientBoostingRegressor {
    type Model = BoostedNumbers;

    /// `start` is a model to go on from: its stages are kept, and `n_estimators` counts them.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&BoostedNumbers>,
        on: &B,
        ctl: &Control,
    ) -> Result<BoostedNumbers> {
        ctl.timed("boost", &on.host_name(), || Self::fit_with(params, data, start, Extra::default(), ctl))
    }
}
