//! Gradient boosting on histograms (Friedman 2001, doi:10.1214/aos/1013203451; Ke et al. 2017, "LightGBM").
//!
//! Features are binned once ([`crate::binning`]); gradients become integers (`fixed`); a tree grows best split first on
//! histograms of their sums (`grow`, `split`, `partition`); [`Boosting`] goes from tree to tree. Predictions walk a
//! compact form of the trees (`walk`).
//!
//! ```
//! use ironlearn::boosting::HistGradientBoostingRegressor;
//! use linfa::prelude::*;
//!
//! let diabetes = ironlearn::datasets::diabetes();
//! let (train, test) = linfa::Dataset::new(diabetes.data, diabetes.target).split_with_ratio(0.75);
//! let model = HistGradientBoostingRegressor { max_iter: 30, ..Default::default() }.fit(&train)?;
//! assert!(model.predict(&test).r2(&test)? > 0.3);
//! # Ok::<(), ironlearn::Error>(())
//! ```

mod classifier;
mod cuts;
mod fixed;
mod grow;
mod held_out;
mod job;
mod leaves;
mod model;
mod objective;
mod params;
mod part;
mod partition;
mod plan;
mod regressor;
mod run;
mod split;
mod trees;
mod walk;

pub use crate::tree::Categorical;
pub use classifier::{ClassLoss, HistGradientBoostingClassifier};
pub use held_out::HeldOut;
pub use model::{Boosted, BoostedClasses, BoostedNumbers, codes, probabilities};
pub use objective::Objective;
pub use params::{EarlyStopping, InteractionRule, Interactions, StoppingRule};
pub use regressor::{HistGradientBoostingRegressor, NumberLoss};
pub use run::Boosting;
pub use trees::Trees;

#[cfg(test)]
mod tests;
