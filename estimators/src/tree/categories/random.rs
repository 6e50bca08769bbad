//! A random subset of a node's categories (Geurts, Ernst and Wehenkel 2006): each goes left or right by a bit of its own.

use crate::growth::child_key;
use crate::tree::criterion::Criterion;
use crate::tree::shared::Scratch;
use crate::tree::split::{Candidate, Found, Place, Search};

/// Subsets drawn, at most, until both sides have a category; one fails with a chance of at most one half.
const DRAWS: u64 = 200;

/// Whether a category goes left in the subset of this key.
#[inline(always)]
pub fn goes_left(key: u64, code: u32) -> bool {
    child_key(key, u64::from(code)) >> 63 != 0
}

/// Splits `rows` of these codes by a random subset of the categories among them, of which neither the subset nor the
/// rest is empty, from 64 random bits: all such subsets are as likely. Missing values go either way.
pub fn subset_of<C: Criterion>(
    rows: &[u32],
    draw: u64,
    search: &Search<'_, C>,
    scratch: &mut Scratch,
    scan: &mut C::Scan,
) -> Found {
    let Scratch { values, entries: left, sorted: right, .. } = scratch;
    let mut known = values.iter().filter(|v| !v.is_nan());
    let Some(&first) = known.next() else { return Found { constant: true, best: None } };
    let several = known.any(|&v| v != first);
    let n_missing = values.iter().filter(|v| v.is_nan()).count();
    if !several && n_missing == 0 {
        return Found { constant: true, best: None };
    }
    // Where there is one category only, missing values can go the other way.
    let missing_left = several && n_missing > 0 && draw & 1 == 1;
    let divides = |key: &u64| {
        let side = |v: &f32| goes_left(*key, *v as u32);
        let mut sides = values.iter().filter(|v| !v.is_nan()).map(side);
        let first = sides.next();
        sides.any(|side| Some(side) != first)
    };
    let key = if several { (0..DRAWS).map(|i| child_key(draw, i)).find(divides) } else { Some(0) };
    let Some(key) = key else { return Found { constant: false, best: None } };
    left.clear();
    right.clear();
    for (&row, &v) in rows.iter().zip(values.iter()) {
        let to_left = if v.is_nan() { missing_left } else { !several || goes_left(key, v as u32) };
        if to_left { left.push(row) } else { right.push(row) }
    }
    let gain = search.given(left, right, scan);
    let missing_left = if n_missing > 0 { missing_left } else { 2 * left.len() > rows.len() };
    let at = if several { Place::Subset(key) } else { Place::Categories(1) };
    let best = gain.map(|gain| Candidate { gain, n_left: left.len(), missing_left, at });
    Found { constant: false, best }
}
