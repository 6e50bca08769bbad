//! Features in bins: what boosting and forests on histograms share.
//!
//! A [`Mapper`] learns for each feature how its values fall into at most 255 bins, by thresholds or by categories;
//! missing values have a bin of their own, the one after the others. [`Binned`] holds the bins of all rows, one byte
//! each. [`Histograms`] sums channels of the rows (integers: gradients in fixed point, counts) by bin; integer sums are
//! exact, so they do not depend on the order or the number of threads, and a sibling's histogram is a difference.

mod bundle;
mod histogram;
mod mapper;
mod matrix;
mod table;
mod thresholds;

pub use histogram::{Channels, Histogram, Row, add_rows, gather, subtract};
pub use mapper::{Bins, FeatureBins, Mapper};
pub use matrix::{Binned, Group};
pub(crate) use thresholds::find as thresholds;
pub use thresholds::weighted_percentile;

#[cfg(test)]
pub(crate) mod tests;
