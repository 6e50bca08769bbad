//! Linear models learnt by stochastic gradient descent: their parameters, what they share, and a file each.

mod classifier;
mod held_out;
mod model;
mod one_class;
mod options;
mod passive_aggressive;
mod perceptron;
mod regressor;
mod run;

pub use super::solver::sgd::LearningRate;
pub use classifier::SGDClassifier;
pub use model::{Fitted, Stepped, Steps};
pub use one_class::{OneClass, SGDOneClassSVM};
pub use options::{PenaltyName, Seeds, SgdLoss};
pub use passive_aggressive::{PassiveAggressiveClassifier, PassiveAggressiveRegressor};
pub use perceptron::Perceptron;
pub use regressor::SGDRegressor;

#[cfg(test)]
mod tests;
