//! AdaBoost: each estimator is fitted where those before it erred.
//!
//! Rounds follow one another; the estimators may be any of the registry that learn the same and, for classes, take
//! weights. Without one they are stumps (classes) or trees of depth 3 (numbers), for which X is sorted once.
//!
//! ```
//! use ironlearn::adaboost::AdaBoostClassifier;
//! use ironlearn::{AnyEstimator, FitOn};
//! use linfa::prelude::*;
//!
//! let wine = ironlearn::datasets::wine();
//! let dataset = linfa::Dataset::new(wine.data, wine.target.mapv(|class| class as usize));
//! let stumps = AdaBoostClassifier::default().fit(&dataset)?;
//! assert!(stumps.predict(&dataset).confusion_matrix(&dataset)?.accuracy() > 0.9);
//!
//! let tree = AnyEstimator::with_params("DecisionTreeClassifier", &[("max_depth".into(), 2.into())])?;
//! let deeper = AdaBoostClassifier { estimator: Some(tree.into()), n_estimators: 10, ..AdaBoostClassifier::default() };
//! assert!(deeper.fit(&dataset)?.predict(&dataset).confusion_matrix(&dataset)?.accuracy() > 0.95);
//! # Ok::<(), ironlearn::Error>(())
//! ```

mod classifier;
mod model;
mod params;
mod regressor;
mod rounds;

pub use classifier::boost_classes;
pub use model::{AdaBoostClasses, AdaBoostNumbers};
pub use params::{AdaBoostClassifier, AdaBoostLoss, AdaBoostRegressor};
pub use regressor::boost_numbers;
pub use rounds::Rounds;

#[cfg(test)]
mod tests;
