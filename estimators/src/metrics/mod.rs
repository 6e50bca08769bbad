//! Scores of predictions, by scikit-learn's definitions, with sample weights.
//!
//! A score that the data leave undefined is an error that says why: R² of one row, the ROC AUC of one class. Weights
//! are finite and not negative; a row of weight 0 counts nowhere.

mod classification;
mod clustering;
mod ranking;
mod regression;
mod sums;

pub use classification::{accuracy, balanced_accuracy, log_loss};
pub use clustering::inertia;
pub use ranking::{roc_auc, roc_auc_multiclass};
pub use regression::{mean_absolute_error, r2, root_mean_squared_error};
