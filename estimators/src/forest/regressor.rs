//! RandomForestRegressor and ExtraTreesRegressor.

use super::grow::grow_trees;
use super::model::NumberForest;
use super::out_of_bag::out_of_bag;
use super::params::{Draw, Sampling, forest_params};
use super::quantiles::LeafSamples;
use crate::tree::{
    Categorical, Categories, Coded, Count, Growth, MaxFeatures, NumberCriterion, NumberTarget, Splitter, growth,
};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, bad_input};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

macro_rules! number_forest {
    ($(#[$doc:meta])* $name:ident, $splitter:expr, $bootstrap:expr, $bins:expr, { $($more:tt)* }) => {
        forest_params! {
            $(#[$doc])*
            $name;
            splitter: $splitter;
            bootstrap: $bootstrap;
            max_features: MaxFeatures::Share(1.0);
            bins: $bins;
            {
                /// What a split has to reduce.
                criterion: NumberCriterion = NumberCriterion::SquaredError,
                /// Whether it is kept in which leaves the rows of the fit ended, for quantiles; one output.
                keep_samples: bool = false,
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
            type Model = NumberForest;

            /// Goes on from the trees of `start`, up to `n_estimators`.
            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                start: Option<&NumberForest>,
                on: &B,
                ctl: &Control,
            ) -> Result<NumberForest> {
                let (growth, sampling) = (params.growth(), params.sampling());
                ctl.timed("grow_forest", &on.host_name(), || {
                    fit(params.criterion, params.keep_samples, &growth, &sampling, data, start, ctl)
                })
            }
        }
    };
}

number_forest! {
    /// A random forest (Breiman 2001, doi:10.1023/A:1010933404324): trees on rows drawn with replacement, and the mean
    /// of what they predict.
    ///
    /// X may be sparse; where it is dense, NaN is a missing value. Growing costs O(trees · rows · features · depth).
    RandomForestRegressor, Splitter::Best, true, |params| params.max_bins, {
        /// Nodes of at least 1,024 rows choose among the borders of at most so many bins of a feature, which
        /// hold about as many rows each. Range [2, 255]; `None`: every node is searched exactly. Dense X, and
        /// not the absolute error.
        max_bins: Option<u64> = None,
    }
}

number_forest! {
    /// Extremely randomised trees (Geurts, Ernst and Wehenkel 2006, doi:10.1007/s10994-006-6226-1): as a random forest,
    /// but on all rows, and with one threshold drawn at random for each feature.
    ExtraTreesRegressor, Splitter::Random, false, |_| None, {}
}

fn fit(
    criterion: NumberCriterion,
    keep_samples: bool,
    growth: &Growth<'_>,
    sampling: &Sampling,
    data: &Data<'_>,
    start: Option<&NumberForest>,
    ctl: &Control,
) -> Result<NumberForest> {
    data.check()?;
    let y = data.values(growth.estimator)?;
    let outputs = y.ncols();
    if keep_samples && outputs > 1 {
        bad_input!("samples are kept for quantiles of one output, not of {outputs}");
    }
    if sampling.max_bins.is_some() && criterion == NumberCriterion::AbsoluteError {
        bad_input!("max_bins needs a criterion of sums by bin, which criterion='absolute_error' is not.");
    }
    let target = NumberTarget::new(criterion, y)?;
    target.check_constraints(growth.monotonic_cst.is_some())?;
    let categories = match start {
        Some(start) if start.trees.len() == sampling.n_estimators => start.categories.clone(),
        _ => Categories::learn(&data.x, growth.categorical_features, ctl)?,
    };
    if let Some(start) = start
        && start.trees.len() != sampling.n_estimators
    {
        start.check_start(data.x.ncols(), &vec![1; outputs], categories.as_ref())?;
    }
    let coded = Coded::new(categories.as_ref(), &data.x, ctl)?;
    let x = &coded.x();
    let weights = data.weights.as_ref().map(|w| w.to_vec());
    let grown = grow_trees(
        x,
        growth,
        sampling,
        weights.as_deref(),
        start.map(|start| (&*start.trees, &*start.seeds)),
        None,
        |growth, ground, weights, ctl| target.grow(growth, ground, weights, ctl),
        ctl,
    )?;
    let mut report = grown.report;
    let oob = match &grown.draws {
        Some(draws) if sampling.oob_score => out_of_bag(&grown.trees, &grown.seeds, draws, x, &mut report, ctl)?,
        _ => Array2::zeros((0, 0)),
    };
    let samples = if keep_samples {
        let y: Vec<f64> = y.iter().copied().collect();
        Some(LeafSamples::new(&grown.trees, x, &y, weights.as_deref(), ctl)?)
    } else {
        None
    };
    let rows_drawn = grown.draws.map_or(0, |draws| draws.size());
    Ok(NumberForest { trees: grown.trees, seeds: grown.seeds, rows_drawn, oob, categories, samples, report })
}
