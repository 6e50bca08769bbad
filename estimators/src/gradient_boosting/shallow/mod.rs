//! Shallow trees over the same X again and again, exactly, at the price of histograms.
//!
//! X is sorted and binned once. A node's best split is found from sums over bins and, in the few bins where it may
//! hide, from the sorted rows ([`search`]); sums of the larger child are those of the parent less the smaller child's.

mod binned;
mod search;
mod sums;
mod tree;

use crate::tree::grow::Plan;
use crate::tree::{Columns, Tree};
use crate::{Result, bad_input};
use binned::{BINS, Binned};
use ironlearn_linalg::Control;

/// Leaves of a tree up to which sums over bins pay.
const MOST_LEAVES: usize = 64;
/// Bytes of one node's sums, at most.
const MOST_BYTES: usize = 1 << 25;
/// Numbers up to which sparse X is laid out: it then gives the very trees of dense X.
const MOST_LAID_OUT: usize = 1 << 22;

/// X for shallow trees.
#[derive(Debug)]
pub struct Shallow {
    binned: Binned,
}

/// A grown tree and the leaf of each row it was grown on; other rows have `u32::MAX`.
#[derive(Debug)]
pub struct Grown {
    /// The tree.
    pub tree: Tree,
    /// For each row its leaf.
    pub leaves: Vec<u32>,
}

impl Shallow {
    /// Whether such trees are for this X and this plan; weights must not be negative.
    pub fn suits(columns: &Columns<'_>, plan: &Plan) -> bool {
        let (n, p) = columns.shape();
        let leaves = plan.max_leaves.unwrap_or(usize::MAX).min(1 << plan.max_depth.min(30));
        (!matches!(columns, Columns::Sparse(_)) || n.saturating_mul(p) <= MOST_LAID_OUT)
            && leaves <= MOST_LEAVES
            && n < sums::MOST_ROWS
            && p.saturating_mul((BINS + 1) * size_of::<[f64; 4]>()) <= MOST_BYTES
    }

    /// Sorts and bins X, which has no missing values.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn new(columns: &Columns<'_>, ctl: &Control) -> Result<Self> {
        Ok(Shallow { binned: Binned::new(columns, ctl)? })
    }

    /// Grows a regression tree by the squared error on `gradient` of the given rows (rising, of weight > 0).
    ///
    /// # Errors
    /// [`crate::Error::Input`] where there are no rows; [`ironlearn_linalg::Error::Interrupted`].
    pub fn grow(
        &self,
        plan: &Plan,
        gradient: &[f64],
        weights: Option<&[f64]>,
        rows: Vec<u32>,
        weight: f64,
        ctl: &Control,
    ) -> Result<Grown> {
        if rows.is_empty() {
            bad_input!("Sample weights must contain at least one non-zero number.");
        }
        match weights {
            None => tree::grow::<2>(&self.binned, plan, gradient, None, rows, weight, ctl),
            Some(_) => tree::grow::<4>(&self.binned, plan, gradient, weights, rows, weight, ctl),
        }
    }

    /// The leaves of the rows that the tree was not grown on.
    pub fn walk_others(&self, grown: &mut Grown) {
        let tree = &grown.tree;
        for (row, leaf) in grown.leaves.iter_mut().enumerate().filter(|(_, leaf)| **leaf == u32::MAX) {
            let mut at = 0;
            while let Some([left, right]) = tree.children(at) {
                let value = self.binned.column(tree.feature[at] as usize)[row];
                at = if f64::from(value) <= tree.threshold[at] { left } else { right };
            }
            *leaf = at as u32;
        }
    }
}
