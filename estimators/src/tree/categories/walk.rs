//! Walking trees of which some have categorical splits: row by row, in blocks side by side.

use super::sets::Lookup;
use crate::tree::Tree;
use crate::tree::columns::{INFINITE, any_infinite};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{threads, with_matrix};
use std::borrow::Borrow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows of a block, each of which goes through a tree while that is near.
const BLOCK: usize = 256;

/// A tree's arrays, where they lie.
struct Nodes<'a> {
    left: &'a [i32],
    right: &'a [i32],
    feature: &'a [i32],
    threshold: &'a [f64],
    missing_left: &'a [u8],
    sets: Option<Lookup<'a>>,
}

impl<'a> Nodes<'a> {
    fn new(tree: &'a Tree) -> Self {
        Nodes {
            left: tree.children_left.as_slice().unwrap_or(&[]),
            right: tree.children_right.as_slice().unwrap_or(&[]),
            feature: tree.feature.as_slice().unwrap_or(&[]),
            threshold: tree.threshold.as_slice().unwrap_or(&[]),
            missing_left: tree.missing_go_to_left.as_slice().unwrap_or(&[]),
            sets: tree.categories.as_ref().map(|sets| sets.lookup()),
        }
    }

    /// The leaf of a row of codes and numbers.
    fn leaf(&self, row: &[f64]) -> usize {
        let mut node = 0;
        while let Ok(left) = usize::try_from(self.left[node]) {
            let (value, missing_left) = (row[self.feature[node] as usize], self.missing_left[node] != 0);
            let goes_left = match self.sets.and_then(|sets| Some((sets, sets.set(node)?))) {
                Some((sets, set)) => missing_left ^ sets.contains(set, value),
                None if value.is_nan() => missing_left,
                None => f64::from(value as f32) <= self.threshold[node],
            };
            node = if goes_left { left } else { self.right[node] as usize };
        }
        node
    }
}

/// [`crate::tree::predict::fill_by`] for trees with categorical splits, over codes.
///
/// # Errors
/// [`crate::Error::Input`] for infinite values; [`ironlearn_linalg::Error::Interrupted`].
pub fn fill_by<T: Send>(
    trees: &[impl Borrow<Tree> + Sync],
    x: &AnyMatrix<'_>,
    out: &mut [T],
    width: usize,
    ctl: &Control,
    write: impl Fn(usize, &[u32], &mut [T]) + Sync + Send,
) -> Result<()> {
    let nodes: Vec<Nodes<'_>> = trees.iter().map(|tree| Nodes::new(tree.borrow())).collect();
    let p = x.ncols();
    let infinite = AtomicBool::new(false);
    threads::fill_rows(ctl, out, width, BLOCK, |first, out| {
        let rows = first..first + out.len() / width;
        let mut packed = vec![0.0_f64; rows.len() * p];
        with_matrix!(x, x => x.pack(rows, 0..p, p, &mut packed));
        if any_infinite(&packed) {
            infinite.store(true, Ordering::Relaxed);
            return;
        }
        let mut leaves = Vec::with_capacity(BLOCK);
        for (k, nodes) in nodes.iter().enumerate() {
            leaves.clear();
            leaves.extend(packed.chunks_exact(p).map(|row| nodes.leaf(row) as u32));
            write(k, &leaves, out);
        }
    })?;
    if infinite.into_inner() {
        bad_input!("{INFINITE}");
    }
    Ok(())
}
