//! What a grown tree changes: the values of leaves whose loss is not smooth, and the predictions of the rows.

use super::grow::Grown;
use super::objective::Objective;
use crate::binning::Binned;
use crate::{Control, Result};
use ironlearn_linalg::threads;

/// Multiplies the values of the leaves by `rate`; where the loss has no second derivative they become the quantile of
/// their rows' residuals first.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
#[allow(clippy::too_many_arguments, reason = "the parts of one iteration")]
pub fn finish(
    nodes: &mut [Grown],
    objective: Objective,
    rate: f64,
    rows: &[u32],
    y: &[f64],
    weights: Option<&[f64]>,
    raw: &[f64],
    ctl: &Control,
) -> Result<()> {
    let leaf_quantile = objective.leaf_quantile();
    threads::each(ctl, nodes, |_, node| {
        if node.split.is_some() {
            return;
        }
        if let Some(quantile) = leaf_quantile {
            let mine = &rows[node.rows.clone()];
            let mut residuals: Vec<f64> = mine.iter().map(|&row| y[row as usize] - raw[row as usize]).collect();
            let weights: Option<Vec<f64>> = weights.map(|w| mine.iter().map(|&row| w[row as usize]).collect());
            let value = Objective::quantile(&mut residuals, weights.as_deref(), quantile);
            // Where no row weighs anything.
            node.value = if value.is_nan() { 0.0 } else { value };
        }
        node.value *= rate;
    })?;
    Ok(())
}

/// Predictions that several threads change, each those of other rows.
struct Scattered(*mut f64);

// SAFETY: no two threads touch the same row, as `add` says.
unsafe impl Sync for Scattered {}

/// Places of rows that one thread changes.
const TILE: usize = 16_384;

/// Adds the value of its leaf to the prediction of each row. `rows` holds each row once.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
///
/// # Panics
/// Where a row is beyond `raw`.
pub fn add(nodes: &[Grown], rows: &[u32], raw: &mut [f64], ctl: &Control) -> Result<()> {
    assert!(rows.iter().all(|&row| (row as usize) < raw.len()));
    let mut leaves: Vec<&Grown> = nodes.iter().filter(|node| node.split.is_none()).collect();
    leaves.sort_by_key(|leaf| leaf.rows.start);
    let raw = Scattered(raw.as_mut_ptr());
    let raw = &raw;
    threads::map_tiles(ctl, rows.len(), TILE, |places| {
        let first = leaves.partition_point(|leaf| leaf.rows.end <= places.start);
        for leaf in &leaves[first..] {
            if leaf.rows.start >= places.end {
                break;
            }
            for &row in &rows[leaf.rows.start.max(places.start)..leaf.rows.end.min(places.end)] {
                // SAFETY: the row is below the length of `raw`, as was just asserted; `rows` is a permutation, so that
                // no other place, and no other thread, holds this row.
                unsafe { *raw.0.add(row as usize) += leaf.value };
            }
        }
    })?;
    Ok(())
}

/// A node as rows that the tree was not grown on pass it.
struct Passed<'a> {
    /// The bins of the feature, one every `stride` bytes; none: a leaf.
    codes: &'a [u8],
    stride: usize,
    table: [bool; 256],
    children: [usize; 2],
    value: f64,
}

/// Adds the value of its leaf to the prediction of each row of other data in the same bins.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
pub fn add_unseen(nodes: &[Grown], binned: &Binned, raw: &mut [f64], ctl: &Control) -> Result<()> {
    let passed = nodes.iter().map(|node| match &node.split {
        Some((split, children)) => {
            let feature = split.feature as usize;
            let (group, lane) = binned.place(feature);
            let table = split.table(binned);
            Passed { codes: group.lane(lane), stride: group.stride(), table, children: *children, value: 0.0 }
        }
        None => Passed { codes: &[], stride: 0, table: [false; 256], children: [0; 2], value: node.value },
    });
    let passed: Vec<Passed<'_>> = passed.collect();
    threads::fill_rows(ctl, raw, 1, TILE, |first, raw| {
        for (i, raw) in raw.iter_mut().enumerate() {
            let mut node = &passed[0];
            while !node.codes.is_empty() {
                let left = node.table[node.codes[(first + i) * node.stride] as usize];
                node = &passed[node.children[usize::from(!left)]];
            }
            *raw += node.value;
        }
    })?;
    Ok(())
}
