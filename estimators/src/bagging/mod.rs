//! Bagging: estimators on random rows and columns, whose answers are averaged (Breiman 1996,
//! doi:10.1007/BF00058655; Ho 1998, doi:10.1109/34.709601; Louppe and Geurts 2012, doi:10.1007/978-3-642-33460-3_28).
//!
//! The estimators may be any of the registry that learn the same. Bag k draws from a stream of its own, and bags are
//! fitted side by side: the model is the same, bit by bit, at any number of threads.
//!
//! ```
//! use ironlearn::bagging::BaggingRegressor;
//! use ironlearn::{AnyEstimator, FitOn};
//! use linfa::prelude::*;
//!
//! let diabetes = ironlearn::datasets::diabetes();
//! let (train, test) = linfa::Dataset::new(diabetes.data, diabetes.target).split_with_ratio(0.75);
//! let ridge = AnyEstimator::with_params("Ridge", &[("alpha".into(), 0.1.into())])?;
//! let bags = BaggingRegressor { estimator: Some(ridge.into()), oob_score: true, ..BaggingRegressor::default() };
//! let bags = BaggingRegressor { n_estimators: 30, ..bags }.fit(&train)?;
//! assert!(bags.predict(&test).r2(&test)? > 0.4);
//! // How good it is on the rows that the estimators have not seen.
//! assert!(bags.bags.oob_score.is_some_and(|r2| r2 > 0.4));
//! # Ok::<(), ironlearn::Error>(())
//! ```

mod bags;
mod draw;
mod fit;
mod model;
mod out_of_bag;
mod params;

pub use bags::Bags;
pub use model::{BaggedClasses, BaggedNumbers};
pub use params::{BaggingClassifier, BaggingRegressor, Features};

#[cfg(test)]
mod tests;
