//! Gradient boosting with exact splits: stages of regression trees on the gradients of a loss.
//!
//! [`boost`](boost::fit) runs the stages for every [`Loss`]. Shallow trees on dense X grow from sums over bins that tell
//! the exact best split ([`shallow`]), others by the grower of single trees, presorted once ([`crate::tree::Ground`]).
//!
//! ```
//! use ironlearn::gradient_boosting::GradientBoostingRegressor;
//! use linfa::prelude::*;
//!
//! let diabetes = ironlearn::datasets::diabetes();
//! let (train, test) = linfa::Dataset::new(diabetes.data, diabetes.target).split_with_ratio(0.75);
//! let model = GradientBoostingRegressor { n_estimators: 50, ..Default::default() }.fit(&train)?;
//! assert!(model.predict(&test).r2(&test)? > 0.35);
//! # Ok::<(), ironlearn::Error>(())
//! ```

pub mod boost;
pub mod classifier;
mod leaves;
pub mod loss;
mod model;
mod params;
pub mod regressor;
mod shallow;
#[cfg(test)]
mod tests;
mod walk;

pub use boost::{Extra, Stage, Watch};
pub use classifier::{ClassLoss, GradientBoostingClassifier};
pub use loss::Loss;
pub use model::{Boosted, BoostedClasses, BoostedNumbers};
pub use params::Init;
pub use regressor::{GradientBoostingRegressor, NumberLoss};
