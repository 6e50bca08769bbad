//! Features in bins: what both kinds of boosting and forests on histograms share.
//!
//! A [`Mapper`] learns for each feature how its values fall into at most 255 bins, by thresholds or by categories;
//! missing values have a bin of their own, the one after the others. [`Binned`] holds the codes of all rows, one byte a
//! feature or a bundle of features. [`add_rows`] and [`add_column`] are the one walk over them that sums by bin; [`Sums`] says
//! what: channels of boosting (integers, which are exact in any order: a sibling's [`Histogram`] is a difference), what the
//! criterion of a forest adds up, or the records of exact boosting.

mod bundle;
mod histogram;
mod layout;
mod mapper;
mod matrix;
mod table;
mod thresholds;

pub use histogram::{Channels, Histogram, Row, Sums, add_column, add_rows, gather, subtract};
pub use mapper::{Bins, FeatureBins, Mapper};
pub use matrix::{Binned, Group};
pub(crate) use thresholds::find as thresholds;
pub use thresholds::weighted_percentile;

#[cfg(test)]
pub(crate) mod tests;
