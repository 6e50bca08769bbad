//! Regression trees: DecisionTreeRegressor, and ExtraTreeRegressor, whose thresholds are drawn at random.

use super::NumberTree;
use super::categories::{Categorical, Categories, Coded};
use super::columns::Columns;
use super::params::{Count, MaxFeatures, Splitter, growth};
use super::target::NumberTarget;
use crate::{Backend, Checked, Control, Data, FitOn, Params, Report, Result, bad_input};
use serde::{Deserialize, Serialize};

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

macro_rules! number_tree {
    ($(#[$doc:meta])* $name:ident, $splitter:expr, $max_features:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
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
            /// Which features hold categories, at most 65,535 each: any subset of them may go left.
            pub categorical_features: Option<Categorical>,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    criterion: NumberCriterion::SquaredError,
                    splitter: $splitter,
                    max_depth: None,
                    min_samples_split: Count::Rows(2),
                    min_samples_leaf: Count::Rows(1),
                    min_weight_fraction_leaf: 0.0,
                    max_features: $max_features,
                    random_state: 0,
                    max_leaf_nodes: None,
                    min_impurity_decrease: 0.0,
                    ccp_alpha: 0.0,
                    monotonic_cst: None,
                    categorical_features: None,
                }
            }
        }

        impl Params for $name {
            const NAME: &'static str = stringify!($name);

            fn validate(&self) -> Result<()> {
                growth!(self).validate()
            }
        }

        impl<B: Backend> FitOn<B> for $name {
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
                let growth = growth!(params);
                let weights = data.weights.as_ref().map(|w| w.to_vec());
                let categories = Categories::learn(&data.x, growth.categorical_features, ctl)?;
                let coded = Coded::new(categories.as_ref(), &data.x, ctl)?;
                let columns = Columns::new(&coded.x())?;
                let target = NumberTarget::new(params.criterion, data.values(Self::NAME)?)?;
                target.check_constraints(params.monotonic_cst.is_some())?;
                let tree = ctl.timed("grow_tree", &on.host_name(), || {
                    target.grow(&growth, &columns, weights.as_deref(), ctl)
                })?;
                let max_features = growth.max_features.of(data.x.ncols());
                Ok(NumberTree { tree, max_features, categories, report: Report::direct("exact") })
            }
        }
    };
}

number_tree! {
    /// A regression tree (CART, Breiman et al. 1984): every split is the one that reduces the error most.
    ///
    /// Splits are exact; of equally good ones on different features, one is drawn. X may be sparse; where it is dense,
    /// NaN is a missing value and goes to the side where it helps most. Growing costs O(rows · features · depth).
    DecisionTreeRegressor, Splitter::Best, MaxFeatures::All
}

number_tree! {
    /// An extremely randomised regression tree (Geurts, Ernst and Wehenkel 2006): for each of some features drawn at
    /// random one threshold is drawn, and the best of them splits the node. A member of a forest, not of use alone.
    ExtraTreeRegressor, Splitter::Random, MaxFeatures::Share(1.0)
}
