//! Fitted bags: the estimators, and the columns that each of them takes.

use crate::members::{Slicer, as_trees, check_members, nested};
use crate::tree::Tree;
use crate::{AnyMatrix, AnyModel, Control, Error, Report, Result};
use ironlearn_linalg::Layout;
use serde::{Deserialize, Serialize};

/// The fitted estimators, in their order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bags {
    /// The estimators.
    #[serde(deserialize_with = "nested::models")]
    pub members: Vec<AnyModel>,
    /// The seed of each. In Rust and the shell, rows and columns were drawn from it as well.
    pub seeds: Vec<u64>,
    /// The columns of X that each takes, in its order; empty: all.
    pub features: Vec<Vec<u32>>,
    /// The number of columns of X.
    pub n_features: usize,
    /// The score of the rows by the estimators that have not seen them: accuracy or R²; `None`: not asked for.
    #[serde(default)]
    pub oob_score: Option<f64>,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl Bags {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its bags {what}")));
        let n = self.members.len();
        if n == 0 || self.seeds.len() != n || self.features.len() != n {
            return bad("are none, or have other numbers of seeds or columns");
        }
        check_members(&self.members)?;
        for (member, features) in self.members.iter().zip(&self.features) {
            let wanted = if features.is_empty() { self.n_features } else { features.len() };
            if member.n_features_in() != wanted || features.iter().any(|&j| j as usize >= self.n_features) {
                return bad("take columns that are not there");
            }
        }
        Ok(())
    }

    /// The trees, where all estimators are trees of all columns whose values have `width` columns.
    pub(super) fn trees_of_all_columns(&self, width: usize) -> Option<Vec<&Tree>> {
        let all = self.features.iter().all(Vec::is_empty);
        all.then(|| as_trees(&self.members, width)).flatten()
    }

    /// Calls `answer(which, estimator, its columns of X)` for one estimator after the other.
    ///
    /// # Errors
    /// Those of `answer`; [`Error::Linalg`] where the run was interrupted.
    pub(super) fn each(
        &self,
        x: &AnyMatrix<'_>,
        ctl: &Control,
        mut answer: impl FnMut(usize, &AnyModel, &AnyMatrix<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut slicer = None;
        for (k, (member, features)) in self.members.iter().zip(&self.features).enumerate() {
            ctl.check()?;
            if features.is_empty() {
                answer(k, member, x)?;
            } else {
                let part = slicer.get_or_insert_with(|| Slicer::new(x, Layout::Column)).take(features);
                answer(k, member, &part.matrix()?)?;
            }
        }
        Ok(())
    }
}
