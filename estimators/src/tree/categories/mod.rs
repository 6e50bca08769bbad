//! Categorical splits: some categories of a feature go one way, all others the other way.
//!
//! A model knows which features hold categories and their values ([`Categories`]); its trees are grown on codes and
//! walk over codes. The search puts a node's categories in an order in which the best split is a cut (`search`,
//! `component`), or draws a subset (`random`). A node holds the set of the categories that do not go with missing
//! values ([`CategorySets`]): those that were not there when it was split are treated as missing, known to the model or
//! not, since nothing is known about them there (Au 2018, JMLR 19:45).

mod component;
mod random;
mod search;
mod sets;
mod settle;
mod values;

pub(super) use random::subset_of;
pub(super) use search::{Groups, best};
pub use sets::CategorySets;
pub(super) use sets::Growing;
pub(super) use settle::settle;
pub use values::{Categories, Level};
pub(crate) use values::{Coded, check_categories};

use crate::{Result, bad_input};
use serde::{Deserialize, Serialize};

/// Which features hold categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Categorical {
    /// One flag a feature.
    Mask(Vec<bool>),
    /// By place.
    Places(Vec<u32>),
    /// By a rule.
    Rule(CategoricalRule),
}

/// A rule for the features that hold categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoricalRule {
    /// The columns of a table that hold text (see [`crate::pipeline::TablePipeline`]); a matrix has none.
    FromDtype,
}

impl Categorical {
    /// One flag a feature.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for flags of other features.
    pub fn mask(&self, p: usize) -> Result<Vec<bool>> {
        match self {
            Categorical::Rule(CategoricalRule::FromDtype) => Ok(vec![false; p]),
            Categorical::Mask(mask) if mask.len() == p => Ok(mask.clone()),
            Categorical::Mask(mask) => bad_input!(
                "categorical_features set as a boolean mask must have shape (n_features,), got: ({},)",
                mask.len()
            ),
            Categorical::Places(places) => {
                let mut mask = vec![false; p];
                for &place in places {
                    let Some(flag) = mask.get_mut(place as usize) else {
                        bad_input!(
                            "categorical_features set as integer indices must be in [0, n_features - 1] = [0, {}]",
                            p - 1
                        );
                    };
                    *flag = true;
                }
                Ok(mask)
            }
        }
    }
}

#[cfg(test)]
mod tests;
