//! Rare categories taken together as one.

use crate::{Error, Params, Result};
use serde::{Deserialize, Serialize};

/// How often a category has to occur to stand for itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Frequency {
    /// This often, at least 1.
    Count(u64),
    /// This part of the rows, in (0, 1).
    Fraction(f64),
}

/// Checks `min_frequency` and `max_categories`.
///
/// # Errors
/// [`Error::Parameter`].
pub fn validate<P: Params>(min_frequency: Option<Frequency>, max_categories: Option<usize>) -> Result<()> {
    let bad = |name, expected: &str, found: String| {
        Err(Error::Parameter { estimator: P::NAME, name, expected: expected.into(), found })
    };
    const RANGE: &str = "an int in the range [1, inf), a float in the range (0.0, 1.0) or None";
    match min_frequency {
        Some(Frequency::Count(0)) => return bad("min_frequency", RANGE, "0".into()),
        Some(Frequency::Fraction(f)) if !(f > 0.0 && f < 1.0) => return bad("min_frequency", RANGE, f.to_string()),
        _ => {}
    }
    match max_categories {
        Some(0) => bad("max_categories", "an int in the range [1, inf) or None", "0".into()),
        _ => Ok(()),
    }
}

/// The codes of the rare ones among categories that occur `counts` times in `n` rows, rising. `max_categories` counts
/// the group of the rare ones as one.
pub fn rare(counts: &[u64], n: usize, min_frequency: Option<Frequency>, max_categories: Option<usize>) -> Vec<u32> {
    let mut is_rare: Vec<bool> = counts
        .iter()
        .map(|&count| match min_frequency {
            None => false,
            Some(Frequency::Count(least)) => count < least,
            Some(Frequency::Fraction(part)) => (count as f64) < n as f64 * part,
        })
        .collect();
    let frequent = is_rare.iter().filter(|&&rare| !rare).count();
    if let Some(most) = max_categories
        && most < frequent + 1
    {
        // The group is counted even where it is empty so far: as many categories as allowed still lose the rarest.
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|&code| counts[code]);
        let keep = most - 1;
        order.iter().take(counts.len().saturating_sub(keep)).for_each(|&code| is_rare[code] = true);
    }
    (0..counts.len() as u32).filter(|&code| is_rare[code as usize]).collect()
}

/// The code of each of `n` categories after the rare ones were put together at the end.
pub fn grouped(n: usize, rare: &[u32]) -> Vec<u32> {
    let last = (n - rare.len()) as u32;
    let mut map = vec![UNSET; n];
    rare.iter().for_each(|&code| map[code as usize] = last);
    let mut next = 0;
    for code in &mut map {
        if *code == UNSET {
            *code = next;
            next += 1;
        }
    }
    map
}

const UNSET: u32 = u32::MAX;
