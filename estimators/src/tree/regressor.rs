//! DecisionTreeRegressor: a tree of axis-parallel splits that predicts numbers.

use super::columns::Columns;
use super::criterion::{AbsoluteError, Moments, Poisson, SquaredError, SquaredErrorOne};
use super::grow::grow;
use super::params::{Count, MaxFeatures, Splitter, growth};
use super::{NumberTree, rows_that_count};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Report, Result, bad_input};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a split has to reduce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberCriterion {
    /// The squared distance from the mean. (`friedman_mse` is an old name of the same.)
    #[default]
    #[serde(alias = "friedman_mse")]
    SquaredError,
    /// The distance from the median.
    AbsoluteError,
    /// Half the Poisson deviance; y must not be negative.
    Poisson,
}

/// A regression tree (CART, Breiman et al. 1984): every split is the one that reduces the error most.
///
/// Splits are exact; of equally good ones on different features, one is drawn. X may be sparse; where it is dense,
/// NaN is a missing value and goes to the side where it helps most. Growing costs O(rows · features · depth).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecisionTreeRegressor {
    /// What a split has to reduce.
    pub criterion: NumberCriterion,
    /// How thresholds are chosen.
    pub splitter: Splitter,
    /// Levels below the root. Range [1, ∞); `None`: no limit.
    pub max_depth: Option<u64>,
    /// Rows of a node that is split, at least. Range [2, ∞), or a share in (0, 1].
    pub min_samples_split: Count,
    /// Rows of a leaf, at least. Range [1, ∞), or a share in (0, 1).
    pub min_samples_leaf: Count,
    /// Weight of a leaf, as a share of all weight, at least. Range [0, 0.5].
    pub min_weight_fraction_leaf: f64,
    /// Features drawn for each split.
    pub max_features: MaxFeatures,
    /// The seed of all random choices.
    pub random_state: u64,
    /// Leaves, at most; the tree then grows best first. Range [2, ∞); `None`: no limit.
    pub max_leaf_nodes: Option<u64>,
    /// The decrease of impurity, weighted by the node's share of the rows, that a split has to bring. Range [0, ∞).
    pub min_impurity_decrease: f64,
    /// Branches are cut whose impurity per leaf grows by no more than this when they go. Range [0, ∞).
    pub ccp_alpha: f64,
    /// For each feature whether the prediction may only rise (1), only fall (-1) or both (0); one output.
    pub monotonic_cst: Option<Vec<i8>>,
}

impl Default for DecisionTreeRegressor {
    fn default() -> Self {
        DecisionTreeRegressor {
            criterion: NumberCriterion::SquaredError,
            splitter: Splitter::Best,
            max_depth: None,
            min_samples_split: Count::Rows(2),
            min_samples_leaf: Count::Rows(1),
            min_weight_fraction_leaf: 0.0,
            max_features: MaxFeatures::All,
            random_state: 0,
            max_leaf_nodes: None,
            min_impurity_decrease: 0.0,
            ccp_alpha: 0.0,
            monotonic_cst: None,
        }
    }
}

impl Params for DecisionTreeRegressor {
    const NAME: &'static str = "DecisionTreeRegressor";

    fn validate(&self) -> Result<()> {
        growth!(self).validate()
    }
}

impl<B: Backend> FitOn<B> for DecisionTreeRegressor {
    type Model = NumberTree;

    /// A tree does not go on from another: `start` is refused.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&NumberTree>,
        on: &B,
        ctl: &Control,
    ) -> Result<NumberTree> {
        if start.is_some() {
            bad_input!("a decision tree does not go on from another one");
        }
        data.check()?;
        let y = data.values(Self::NAME)?;
        let (n, outputs) = y.dim();
        if params.monotonic_cst.is_some() && outputs > 1 {
            bad_input!("Monotonicity constraints are not supported with multiple outputs.");
        }
        if params.criterion == NumberCriterion::Poisson {
            if y.iter().any(|&v| v < 0.0) {
                bad_input!("Some value(s) of y are negative which is not allowed for Poisson regression.");
            }
            if y.sum() <= 0.0 {
                bad_input!("Sum of y is not positive which is necessary for Poisson regression.");
            }
        }
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let (rows, weight) = rows_that_count(n, weights.as_deref())?;
        let columns = Columns::new(&data.x)?;
        let plan = growth!(params).plan(n, data.x.ncols(), weight, false)?;
        let packed = match y.to_slice() {
            Some(y) => Cow::Borrowed(y),
            None => y.iter().copied().collect(),
        };
        let (weights, ones) = (weights.as_deref(), vec![1; outputs]);
        let tree = ctl.timed("grow_tree", &on.host_name(), || match params.criterion {
            NumberCriterion::SquaredError if outputs == 1 && weights.is_none() => {
                let criterion = SquaredErrorOne(Moments::new(packed, outputs, weights));
                grow(&plan, &criterion, &columns, rows, weight, &ones, ctl)
            }
            NumberCriterion::SquaredError => {
                let criterion = SquaredError(Moments::new(packed, outputs, weights));
                grow(&plan, &criterion, &columns, rows, weight, &ones, ctl)
            }
            NumberCriterion::Poisson => {
                let criterion = Poisson(Moments::new(packed, outputs, weights));
                grow(&plan, &criterion, &columns, rows, weight, &ones, ctl)
            }
            NumberCriterion::AbsoluteError => {
                let criterion = AbsoluteError::new(packed, outputs, weights);
                grow(&plan, &criterion, &columns, rows, weight, &ones, ctl)
            }
        })?;
        let tree = if params.ccp_alpha > 0.0 { tree.pruned(params.ccp_alpha) } else { tree };
        Ok(NumberTree { tree, max_features: plan.max_features, report: Report::direct("exact") })
    }
}
