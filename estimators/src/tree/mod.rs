//! Decision trees with exact splits.
//!
//! One grower ([`grow`]) serves every [`Criterion`]; it takes a node's rows in each feature's order from a
//! `source`, presorted once or sorted node by node, and compares `f32` values of X with `f64` thresholds midway
//! between them. A fitted [`Tree`] is a struct of arrays; predictions walk a compact form of it.
//!
//! ```
//! use ironlearn::tree::DecisionTreeClassifier;
//! use linfa::prelude::*;
//!
//! let x = ndarray::array![[0.0], [1.0], [2.0], [3.0]];
//! let y = ndarray::array!["low", "low", "high", "high"].mapv(str::to_owned);
//! let model = DecisionTreeClassifier::default().fit(&linfa::Dataset::new(x.clone(), y.clone()))?;
//! assert_eq!(model.predict(&x), y);
//! # Ok::<(), ironlearn::Error>(())
//! ```

mod bands;
mod bins;
mod block;
mod by_bin;
mod categories;
pub mod classifier;
pub(crate) mod columns;
pub mod criterion;
mod drawn;
mod few;
mod ground;
pub mod grow;
mod keys;
mod lanes;
mod model;
mod narrow;
pub(crate) mod nodes;
pub(crate) mod open;
pub(crate) mod order;
pub(crate) mod params;
mod predict;
mod prune;
mod ranked;
mod ranks;
pub mod regressor;
mod shared;
mod source;
pub(crate) mod split;
mod structure;
mod target;
mod varying;

pub use crate::class_weight::{ClassWeight, WeightRule};
pub use categories::{Categorical, CategoricalRule, Categories, CategorySets, Level};
pub(crate) use categories::{Coded, check_categories};
pub use classifier::{ClassCriterion, DecisionTreeClassifier, ExtraTreeClassifier};
pub use columns::Columns;
pub use criterion::Criterion;
pub use ground::Ground;
pub(crate) use model::argmax;
pub use model::{ClassTree, NumberTree};
pub use params::{Count, FeatureRule, MaxFeatures, Splitter};
pub(crate) use params::{Growth, growth};
pub(crate) use predict::{apply, fill_by, paths};
pub use regressor::{DecisionTreeRegressor, ExtraTreeRegressor, NumberCriterion};
pub use split::Limits;
pub use structure::Tree;
pub(crate) use target::{ClassTarget, NumberTarget, Soil};

use crate::{Result, bad_input};

/// The rows whose weight is not 0, and the sum of the weights.
pub(crate) fn rows_that_count(n: usize, weights: Option<&[f64]>) -> Result<(Vec<u32>, f64)> {
    if n > criterion::ROW as usize {
        bad_input!("a tree takes up to {} rows, not {n}", criterion::ROW);
    }
    let Some(weights) = weights else { return Ok(((0..n as u32).collect(), n as f64)) };
    let rows: Vec<u32> = (0..n as u32).filter(|&row| weights[row as usize] != 0.0).collect();
    if rows.is_empty() {
        bad_input!("Sample weights must contain at least one non-zero number.");
    }
    Ok((rows, weights.iter().sum()))
}

#[cfg(test)]
mod problem;
#[cfg(test)]
mod tests;
