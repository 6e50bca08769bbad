//! Forests: many trees, each on its own draw of rows, features or thresholds, and the mean of what they predict.
//!
//! A forest is a target and a criterion ([`crate::tree`]), a way of drawing rows (`draws`) and a way of putting the
//! trees' answers together (`model`). X is made ready once for all trees; tree k draws from a stream of its own, so
//! the forest is the same, bit by bit, at any number of threads.
//!
//! ```
//! use ironlearn::forest::RandomForestRegressor;
//! use linfa::prelude::*;
//!
//! let diabetes = ironlearn::datasets::diabetes();
//! let (train, test) = linfa::Dataset::new(diabetes.data, diabetes.target).split_with_ratio(0.75);
//! let forest = RandomForestRegressor { n_estimators: 50, ..RandomForestRegressor::default() }.fit(&train)?;
//! assert!(forest.predict(&test).r2(&test)? > 0.35);
//! # Ok::<(), ironlearn::Error>(())
//! ```

mod classifier;
mod draws;
mod embedding;
mod grow;
mod isolation;
mod isolation_model;
mod model;
mod out_of_bag;
mod params;
mod quantiles;
mod regressor;
mod sample;
mod together;

pub use classifier::{ExtraTreesClassifier, ForestClassWeight, RandomForestClassifier, SampleRule};
pub use draws::Draws;
pub(crate) use draws::tree_seed;
pub use embedding::{EmbeddingModel, RandomTreesEmbedding};
pub use isolation::{Contamination, IsolationForest, MaxSamples};
pub use isolation_model::IsolationModel;
pub use model::{ClassForest, NumberForest};
pub use params::Draw;
pub use quantiles::LeafSamples;
pub use regressor::{ExtraTreesRegressor, RandomForestRegressor};
pub use sample::Sample;
pub(crate) use sample::without_replacement;
pub(crate) use together::mean_values;

#[cfg(test)]
mod tests;
