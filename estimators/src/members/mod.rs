//! Estimators inside estimators: what AdaBoost and bagging share.
//!
//! Any registered estimator of the right task may be inside. It is fitted again and again on the same rows, with other
//! weights, seeds, rows or columns; where it is a tree, X is made ready once for all of them.

mod base;
mod chance;
mod learner;
pub(crate) mod nested;
mod part;
mod sorted;

pub use base::MOST_NESTED;
pub(crate) use base::{check_base, check_members, with_seed};
pub use chance::{Chance, Streams};
pub(crate) use learner::{Learner, fit_part};
pub(crate) use part::Slicer;
pub(crate) use sorted::Sorted;

use crate::tree::Tree;
use crate::{AnyModel, Error, Result};
use ndarray::{Array1, Array2};

/// A member's answer as one column for `n` rows; a member out of a file may answer anything.
///
/// # Errors
/// [`Error::Input`] for another shape.
pub(crate) fn one_column(answer: Array2<f64>, n: usize) -> Result<Array1<f64>> {
    match answer.dim() {
        (rows, 1) if rows == n => Ok(answer.column(0).to_owned()),
        other => Err(Error::Input(format!("an estimator inside answers {other:?} numbers for {n} rows, not one each"))),
    }
}

/// The trees, where all members are single trees of one output whose values lie in `width` columns, and none maps X to
/// codes of categories first.
pub(crate) fn as_trees(members: &[AnyModel], width: usize) -> Option<Vec<&Tree>> {
    let fits = |tree: &&Tree| tree.n_outputs() == 1 && tree.value.ncols() == width && tree.value.is_standard_layout();
    members.iter().map(|member| as_tree(member).filter(fits)).collect()
}

fn as_tree(member: &AnyModel) -> Option<&Tree> {
    match member {
        AnyModel::DecisionTreeClassifier(m) | AnyModel::ExtraTreeClassifier(m) => {
            Some(&m.tree).filter(|_| m.categories.is_none())
        }
        AnyModel::DecisionTreeRegressor(m) | AnyModel::ExtraTreeRegressor(m) => {
            Some(&m.tree).filter(|_| m.categories.is_none())
        }
        _ => None,
    }
}
