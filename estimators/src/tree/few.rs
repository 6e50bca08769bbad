//! Columns of few values: a node's rows are summed by value instead of sorted.

use super::by_bin::ByBin;
use super::criterion::Criterion;
use super::ranks::Ranks;
use super::split::{Candidate, Found, Place, Search};

/// Values of a node, at most.
const MOST: usize = 256;
/// Rows for each value, at least: with fewer a sort costs less.
const ROWS: usize = 4;

/// Whether `n` rows with ranks between these are to be summed by value.
pub fn suit((low, high): (u32, u32), n: usize) -> bool {
    let values = (high - low) as usize + 1;
    values <= MOST && ROWS * values <= n
}

/// The best split of `rows`, which are not all missing, on column `j`, where the criterion has sums by bin. `of_rows` are
/// their ranks, between `low` and `high`.
#[allow(clippy::too_many_arguments, reason = "the surroundings of one search")]
pub fn best<C: Criterion>(
    ranks: &Ranks,
    rows: &[u32],
    j: usize,
    of_rows: &[u32],
    (low, high): (u32, u32),
    search: &Search<'_, C>,
    by_bin: &mut ByBin,
    scan: &mut C::Scan,
) -> Found {
    // The rank of missing values is the last one.
    let known = (high.min(ranks.values(j).len() as u32 - 1) - low) as usize + 1;
    let mut bins = by_bin.start(known, search.criterion);
    for (&row, &rank) in rows.iter().zip(of_rows) {
        bins.add(row as usize, (rank - low) as usize);
    }
    let apart = |lower: usize, higher: usize| ranks.are_apart(j, low + lower as u32, low + higher as u32);
    let best = by_bin.best(search, rows.len(), apart, scan).map(|(best, bin, next)| Candidate {
        at: Place::Ranks(low + bin as u32, next.map(|next| low + next as u32)),
        ..best
    });
    let vary = || {
        let mut here = by_bin.filled(0);
        let first = here.next();
        first.is_some_and(|mut before| here.any(|bin| apart(std::mem::replace(&mut before, bin), bin)))
    };
    Found { constant: best.is_none() && !by_bin.has_missing() && !vary(), best }
}
