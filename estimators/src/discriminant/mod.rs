//! Discriminant analysis: classes as normal distributions, with one covariance for all ([`LinearDiscriminantAnalysis`])
//! or with one each ([`QuadraticDiscriminantAnalysis`]).
//!
//! Means and covariances come from two passes over X. Axes are eigenvectors of a p × p matrix; where its condition is
//! bad, singular vectors of the rows' triangle instead.

mod covariance;
mod linear;
mod linear_model;
mod quadratic;
mod quadratic_model;
mod sample;
#[cfg(test)]
mod tests;

pub use covariance::{Shrinkage, ShrinkageRule};
pub use linear::{LdaSolver, LinearDiscriminantAnalysis};
pub use linear_model::LdaModel;
pub use quadratic::{QdaSolver, QuadraticDiscriminantAnalysis};
pub use quadratic_model::QdaModel;
