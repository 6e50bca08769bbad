//! RandomForestClassifier and ExtraTreesClassifier.

use super::grow::grow_trees;
use super::model::ClassForest;
use super::out_of_bag::out_of_bag;
use super::params::{Draw, Sampling, forest_params};
use crate::class_weight::{ClassWeight, WeightRule};
use crate::tree::{
    Categorical, Categories, ClassCriterion, ClassTarget, Coded, Count, FeatureRule, Growth, MaxFeatures, Splitter,
    growth,
};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Weights of classes in a forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ForestClassWeight {
    /// The same for all trees.
    All(ClassWeight),
    /// For each tree by a rule.
    Sample(SampleRule),
}

/// A rule for the weights of classes in the rows of one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleRule {
    /// Rows drawn / (classes drawn × rows drawn of the class).
    BalancedSubsample,
}

macro_rules! class_forest {
    ($(#[$doc:meta])* $name:ident, $splitter:expr, $bootstrap:expr, $bins:expr, { $($more:tt)* }) => {
        forest_params! {
            $(#[$doc])*
            $name;
            splitter: $splitter;
            bootstrap: $bootstrap;
            max_features: MaxFeatures::Rule(FeatureRule::Sqrt);
            bins: $bins;
            {
                /// What a split has to reduce.
                criterion: ClassCriterion = ClassCriterion::Gini,
                /// Weights of the classes, which multiply the weights of the rows.
                class_weight: Option<ForestClassWeight> = None,
                $($more)*
            }
        }

        impl Params for $name {
            const NAME: &'static str = stringify!($name);

            fn validate(&self) -> Result<()> {
                self.growth().validate()?;
                self.sampling().validate()
            }
        }

        impl<B: Backend> FitOn<B> for $name {
            type Model = ClassForest;

            /// Goes on from the trees of `start`, up to `n_estimators`.
            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                start: Option<&ClassForest>,
                on: &B,
                ctl: &Control,
            ) -> Result<ClassForest> {
                let (growth, sampling) = (params.growth(), params.sampling());
                ctl.timed("grow_forest", &on.host_name(), || {
                    fit(params.criterion, params.class_weight.as_ref(), &growth, &sampling, data, start, ctl)
                })
            }
        }
    };
}

class_forest! {
    /// A random forest (Breiman 2001, doi:10.1023/A:1010933404324): trees on rows drawn with replacement, each split
    /// chosen among some features drawn at random; the mean of their class fractions.
    ///
    /// X may be sparse; where it is dense, NaN is a missing value. Growing costs O(trees · rows · features drawn ·
    /// depth).
    RandomForestClassifier, Splitter::Best, true, |params| params.max_bins, {
        /// Nodes of at least 1,024 rows choose among the borders of at most so many bins of a feature, which
        /// hold about as many rows each. Range [2, 255]; `None`: every node is searched exactly. Dense X.
        max_bins: Option<u64> = None,
    }
}

class_forest! {
    /// Extremely randomised trees (Geurts, Ernst and Wehenkel 2006, doi:10.1007/s10994-006-6226-1): as a random forest,
    /// but on all rows, and with one threshold drawn at random for each feature.
    ExtraTreesClassifier, Splitter::Random, false, |_| None, {}
}

fn fit(
    criterion: ClassCriterion,
    class_weight: Option<&ForestClassWeight>,
    growth: &Growth<'_>,
    sampling: &Sampling,
    data: &Data<'_>,
    start: Option<&ClassForest>,
    ctl: &Control,
) -> Result<ClassForest> {
    data.check()?;
    let (codes, n_classes) = data.classes(growth.estimator)?;
    let target = ClassTarget::new(criterion, codes, n_classes);
    target.check_constraints(growth.monotonic_cst.is_some())?;
    let own = data.weights.as_ref().map(|w| w.to_vec());
    let balanced = ClassWeight::Rule(WeightRule::Balanced);
    let weights = match class_weight {
        Some(ForestClassWeight::All(rule)) => Some(rule.of_weighted_rows(codes, n_classes, own.as_deref())?),
        // Without a draw there is one sample: all rows.
        Some(ForestClassWeight::Sample(_)) if !sampling.bootstrap => {
            Some(balanced.of_weighted_rows(codes, n_classes, own.as_deref())?)
        }
        _ => own,
    };
    let by_sample = matches!(class_weight, Some(ForestClassWeight::Sample(_))) && sampling.bootstrap;
    // A row that was not drawn weighs nothing, whatever its class.
    let balance = |counts: &[f64]| balanced.of_weighted_rows(codes, n_classes, Some(counts));
    let categories = match start {
        Some(start) if start.trees.len() == sampling.n_estimators => start.categories.clone(),
        _ => Categories::learn(&data.x, growth.categorical_features, ctl)?,
    };
    if let Some(start) = start
        && start.trees.len() != sampling.n_estimators
    {
        start.check_start(data.x.ncols(), n_classes, categories.as_ref())?;
    }
    let coded = Coded::new(categories.as_ref(), &data.x, ctl)?;
    let x = &coded.x();
    let grown = grow_trees(
        x,
        growth,
        sampling,
        weights.as_deref(),
        start.map(|start| (&*start.trees, &*start.seeds)),
        by_sample.then_some(&balance),
        |growth, ground, weights, ctl| target.grow(growth, ground, weights, ctl),
        ctl,
    )?;
    let mut report = grown.report;
    let oob = match &grown.draws {
        Some(draws) if sampling.oob_score => out_of_bag(&grown.trees, &grown.seeds, draws, x, &mut report, ctl)?,
        _ => Array2::zeros((0, 0)),
    };
    let rows_drawn = grown.draws.map_or(0, |draws| draws.size());
    Ok(ClassForest { trees: grown.trees, seeds: grown.seeds, rows_drawn, oob, categories, report })
}
