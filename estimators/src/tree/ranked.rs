//! Searching and splitting a node whose X is ranks: bins where it is large, else a sort by ranks.

use super::bands;
use super::bins::Bins;
use super::criterion::{Criterion, row};
use super::few;
use super::narrow::with_narrow;
use super::order::MISSING;
use super::ranks::Ranks;
use super::shared::Scratch;
use super::split::{Candidate, Found, Place, Search};
use crate::growth::divide;

/// Nodes of fewer rows are searched exactly: bins cost as much as a sort there, and would be coarse.
pub const BINNED: usize = 1024;

/// The best split of `rows` on column `j`.
pub fn best<C: Criterion>(
    ranks: &Ranks,
    bins: Option<&Bins>,
    rows: &[u32],
    j: usize,
    search: &Search<'_, C>,
    scratch: &mut Scratch,
    scan: &mut C::Scan,
) -> Found {
    if let Some(bins) = bins
        && rows.len() >= BINNED
        && search.criterion.channels() > 0
        && let Some(found) = bins.best(rows, j, search, scratch, scan)
    {
        return found;
    }
    let Scratch { keys, bands, by_bin, .. } = scratch;
    let extent = ranks.look_up(rows, j, keys);
    if extent.0 == extent.1 {
        return Found { constant: true, best: None };
    }
    let (items, item_bits) = (search.criterion.items(scan), search.criterion.item_bits());
    let by_items = items.len() == rows.len()
        && search.monotonic.0 == 0
        && search.criterion.weight(search.totals) <= f64::from(u32::MAX)
        && ranks.fit(j, extent, item_bits);
    let two = search.criterion.two(search.totals);
    if by_items
        && rows.len() >= bands::LEAST
        && let Some(totals) = two
    {
        let node = bands::Rows { ranks: &keys.ranks, extent, items, item_bits, totals };
        if let Some(found) = best_of_bands(ranks, node, j, search, bands) {
            return found;
        }
    }
    if two.is_none() && search.criterion.channels() > 0 && few::suit(extent, rows.len()) {
        return few::best(ranks, rows, j, &keys.ranks, extent, search, by_bin, scan);
    }
    if by_items {
        keys.sort_items(items, item_bits, extent);
        return best_of_items(ranks, &keys.narrow, (extent.0, item_bits), j, search, scan);
    }
    best_of_order(ranks, rows, j, extent, search, scratch, scan)
}

/// [`best`] by a sort of `rows`, whose ranks were looked up: the least and the largest are `extent`.
pub fn best_of_order<C: Criterion>(
    ranks: &Ranks,
    rows: &[u32],
    j: usize,
    extent: (u32, u32),
    search: &Search<'_, C>,
    Scratch { keys, sorted, .. }: &mut Scratch,
    scan: &mut C::Scan,
) -> Found {
    ranks.sort_looked_up(rows, j, extent, keys, sorted);
    let entries = &*sorted;
    let n_missing = entries.iter().rev().take_while(|&&entry| entry & MISSING != 0).count();
    let mut found = search.best(entries, n_missing, |row| ranks.value(row, j), scan);
    if let Some(best) = &mut found.best {
        let below = if best.missing_left && n_missing > 0 { best.n_left - n_missing } else { best.n_left };
        let rank = |at: usize| ranks.column(j).get(row(entries[at]));
        best.at = Place::Ranks(rank(below - 1), (below < entries.len() - n_missing).then(|| rank(below)));
    }
    found
}

/// [`best`] of two classes, without a sort. `None` where that may be another one: where limits or values that are too near
/// to be told apart forbid splits.
fn best_of_bands<C: Criterion>(
    ranks: &Ranks,
    rows: bands::Rows<'_>,
    j: usize,
    search: &Search<'_, C>,
    room: &mut bands::Room,
) -> Option<Found> {
    if search.least() > 1 || !ranks.vary(j, rows.extent, rows.ranks.len()) {
        return None;
    }
    let Some(cut) = bands::best(rows, search.wanted, room) else {
        return (search.wanted > f64::NEG_INFINITY).then_some(Found { constant: false, best: None });
    };
    let bands::Cut { gain, n_left, below, above } = cut;
    let at = Place::Ranks(below, Some(above));
    let best = Candidate { gain, n_left, missing_left: 2 * n_left > rows.ranks.len(), at };
    ranks.are_apart(j, below, above).then_some(Found { constant: false, best: Some(best) })
}

/// [`best`] of rows whose ranks, less `low`, and items are sorted `keys`.
fn best_of_items<C: Criterion>(
    ranks: &Ranks,
    keys: &[u32],
    (low, item_bits): (u32, u32),
    j: usize,
    search: &Search<'_, C>,
    scan: &mut C::Scan,
) -> Found {
    let rank = |at: usize| (keys[at] >> item_bits) + low;
    let gains = search.criterion.gains_of_items(scan, search.totals, keys);
    let mut found = search.best_of_gains(gains, |at| ranks.are_apart(j, rank(at - 1), rank(at)));
    if let Some(best) = &mut found.best {
        best.at = Place::Ranks(rank(best.n_left - 1), Some(rank(best.n_left)));
    }
    found
}

/// Puts the rows of ranks up to `left` first (and the missing ones where they go left), in their order on both sides.
pub fn settle(ranks: &Ranks, rows: &mut [u32], j: usize, left: u32, missing_left: bool, room: &mut Vec<u32>) {
    let missing = ranks.values(j).len() as u32;
    with_narrow!(ranks.column(j), numbers => divide(rows, room, |row| {
        let rank = u32::from(numbers[row as usize]);
        (rank <= left) | (missing_left & (rank == missing))
    }));
}
