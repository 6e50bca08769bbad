//! Preprocessing as a part of a model: what turns the columns of a table, or rows of numbers, into the matrix that an
//! estimator is fitted to. Transformers have parameters, a fit and a model, as estimators do, and their own list
//! ([`registry`]); what they take and give is a [`Block`].

mod beside;
pub mod block;
pub mod categories;
pub mod columns;
pub mod datetime;
mod fills;
pub mod frequency_encoder;
pub mod imputer;
pub mod infrequent;
mod learn;
mod number_index;
pub mod one_hot;
pub mod ordinal;
pub mod registry;
pub mod scaler;
pub mod steps;
pub mod target_encoder;
#[cfg(test)]
mod tests;
pub mod transformer;

pub use block::{Block, Sparse};
pub use categories::{Categories, Category, Missing, NumberKind};
pub use columns::{Branch, ColumnTransformer, ColumnsModel, FittedBranch, FittedStep, Selector, Step};
pub use datetime::{DateTimeEncoder, DateTimes, Part};
pub use frequency_encoder::{Frequencies, FrequencyEncoder};
pub use imputer::{Imputer, SimpleImputer, Strategy};
pub use infrequent::Frequency;
pub use one_hot::{Drop, OnUnknown, OneHot, OneHotEncoder, Wanted};
pub use ordinal::{Ordinal, OrdinalEncoder, Unknown};
pub use registry::{AnyTransformer, AnyTransformerModel, TRANSFORMERS};
pub use scaler::{Scaler, StandardScaler};
pub use steps::{Steps, StepsModel};
pub use target_encoder::{TargetEncoder, TargetEncoding};
pub use transformer::{FitTransformer, Transformer};
