//! DecisionTreeClassifier: a tree of axis-parallel splits that predicts classes.

use super::columns::Columns;
use super::criterion::{Classes, Entropy, Gini, GiniOne};
use super::grow::grow;
use super::params::{Count, MaxFeatures, Splitter, growth};
use super::{ClassTree, Tree, rows_that_count};
use crate::class_weight::ClassWeight;
use crate::{Backend, Checked, Control, Data, FitOn, Params, Report, Result, bad_input};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a split has to reduce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassCriterion {
    /// The Gini impurity `1 − Σ p²`.
    #[default]
    Gini,
    /// The Shannon entropy in bits.
    Entropy,
    /// Another name of the entropy.
    LogLoss,
}

/// A classification tree (CART, Breiman et al. 1984): every split is the one that reduces the impurity most.
///
/// Splits are exact; of equally good ones on different features, one is drawn. X may be sparse; where it is dense,
/// NaN is a missing value and goes to the side where it helps most. Growing costs O(rows · features · depth).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecisionTreeClassifier {
    /// What a split has to reduce.
    pub criterion: ClassCriterion,
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
    /// Weights of the classes, which multiply the weights of the rows.
    pub class_weight: Option<ClassWeight>,
    /// Branches are cut whose impurity per leaf grows by no more than this when they go. Range [0, ∞).
    pub ccp_alpha: f64,
    /// For each feature whether the probability of class 1 may only rise (1), only fall (-1) or both (0); two classes.
    pub monotonic_cst: Option<Vec<i8>>,
}

impl Default for DecisionTreeClassifier {
    fn default() -> Self {
        DecisionTreeClassifier {
            criterion: ClassCriterion::Gini,
            splitter: Splitter::Best,
            max_depth: None,
            min_samples_split: Count::Rows(2),
            min_samples_leaf: Count::Rows(1),
            min_weight_fraction_leaf: 0.0,
            max_features: MaxFeatures::All,
            random_state: 0,
            max_leaf_nodes: None,
            min_impurity_decrease: 0.0,
            class_weight: None,
            ccp_alpha: 0.0,
            monotonic_cst: None,
        }
    }
}

impl Params for DecisionTreeClassifier {
    const NAME: &'static str = "DecisionTreeClassifier";

    fn validate(&self) -> Result<()> {
        growth!(self).validate()
    }
}

impl<B: Backend> FitOn<B> for DecisionTreeClassifier {
    type Model = ClassTree;

    /// A tree does not go on from another: `start` is refused.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&ClassTree>,
        on: &B,
        ctl: &Control,
    ) -> Result<ClassTree> {
        if start.is_some() {
            bad_input!("a decision tree does not go on from another one");
        }
        data.check()?;
        let (codes, n_classes) = data.classes(Self::NAME)?;
        if params.monotonic_cst.is_some() {
            if n_classes.len() > 1 {
                bad_input!("Monotonicity constraints are not supported with multiple outputs.");
            }
            if n_classes[0] > 2 {
                bad_input!("Monotonicity constraints are not supported with multiclass classification");
            }
        }
        let own = data.weights.as_ref().map(|w| w.to_vec());
        let weights = match &params.class_weight {
            Some(rule) => Some(rule.of_rows(codes, n_classes, own.as_deref())?),
            None => own,
        };
        let (rows, weight) = rows_that_count(codes.nrows(), weights.as_deref())?;
        let columns = Columns::new(&data.x)?;
        // Constraints are kept on class 0, whose probability moves the other way.
        let plan = growth!(params).plan(codes.nrows(), data.x.ncols(), weight, true)?;
        let packed = match codes.to_slice() {
            Some(codes) => Cow::Borrowed(codes),
            None => codes.iter().copied().collect(),
        };
        let one = n_classes.len() == 1 && weights.is_none();
        let classes = Classes::new(packed, n_classes, weights.as_deref());
        let tree: Tree = ctl.timed("grow_tree", &on.host_name(), || match params.criterion {
            ClassCriterion::Gini if one => grow(&plan, &GiniOne(classes), &columns, rows, weight, n_classes, ctl),
            ClassCriterion::Gini => grow(&plan, &Gini(classes), &columns, rows, weight, n_classes, ctl),
            ClassCriterion::Entropy | ClassCriterion::LogLoss => {
                grow(&plan, &Entropy(classes), &columns, rows, weight, n_classes, ctl)
            }
        })?;
        let tree = if params.ccp_alpha > 0.0 { tree.pruned(params.ccp_alpha) } else { tree };
        Ok(ClassTree { tree, max_features: plan.max_features, report: Report::direct("exact") })
    }
}
