//! Columns of few values: a node's rows are summed by value instead of sorted.

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
    (counts, sums): (&mut Vec<u32>, &mut Vec<f64>),
    scan: &mut C::Scan,
) -> Found {
    // The rank of missing values is the last one.
    let known = (high.min(ranks.values(j).len() as u32 - 1) - low) as usize + 1;
    counts.clear();
    counts.resize(known + 1, 0);
    sums.clear();
    sums.resize(counts.len() * search.criterion.channels(), 0.0);
    for (&row, &rank) in rows.iter().zip(of_rows) {
        let bin = (rank - low) as usize;
        counts[bin] += 1;
        search.criterion.add(row as usize, bin, sums);
    }
    let apart = |lower: usize, higher: usize| ranks.are_apart(j, low + lower as u32, low + higher as u32);
    let best = search.best_of_bins(counts, sums, rows.len(), apart, scan).map(|(best, bin)| {
        let next = (bin + 1..known).find(|&next| counts[next] > 0);
        Candidate { at: Place::Ranks(low + bin as u32, next.map(|next| low + next as u32)), ..best }
    });
    let vary = || {
        let mut here = (0..known).filter(|&bin| counts[bin] > 0);
        let first = here.next();
        first.is_some_and(|mut before| here.any(|bin| apart(std::mem::replace(&mut before, bin), bin)))
    };
    Found { constant: best.is_none() && counts[known] == 0 && !vary(), best }
}
