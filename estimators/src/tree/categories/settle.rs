//! Making a categorical split: which of the node's categories go left, and its rows in that order.

use super::random::goes_left;
use super::search::{Groups, count_missing};
use crate::tree::criterion::{Criterion, ROW};
use crate::tree::split::{Candidate, Place};

/// Writes the entries of a node, sorted by code, into `out`: those that go left first, each side still sorted by code,
/// missing values last. Returns the categories that do not go with missing values, rising; `code` looks up an entry's.
pub fn settle<C: Criterion>(
    entries: &[u32],
    split: &Candidate,
    (criterion, totals): (&C, &C::Totals),
    groups: &mut Groups,
    code: impl Fn(u32) -> u32,
    out: &mut Vec<u32>,
) -> Vec<u32> {
    let (known, missing) = entries.split_at(entries.len() - count_missing(entries));
    let mut left;
    match split.at {
        Place::Categories(cut) => {
            groups.arrange(known, criterion, totals);
            left = vec![false; groups.len()];
            groups.order().take(cut as usize).for_each(|category| left[category] = true);
        }
        Place::Subset(key) => {
            groups.divide(known);
            left =
                (0..groups.len()).map(|category| goes_left(key, code(known[groups.range(category).start]))).collect();
        }
        _ => left = Vec::new(),
    }
    out.clear();
    for side in [true, false] {
        for category in (0..left.len()).filter(|&category| left[category] == side) {
            out.extend_from_slice(&known[groups.range(category)]);
        }
        if side == split.missing_left {
            out.extend_from_slice(missing);
        }
    }
    debug_assert_eq!(out.len(), entries.len());
    let others = (0..left.len()).filter(|&category| left[category] != split.missing_left);
    others.map(|category| code(known[groups.range(category).start] & ROW)).collect()
}
