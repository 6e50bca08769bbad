//! Clustering.

pub mod init;
pub mod kmeans;
pub mod model;
#[cfg(test)]
mod tests;

pub use init::{Init, InitMethod, kmeans_plusplus};
pub use kmeans::{Algorithm, KMeans, NInit};
pub use model::KMeansModel;
