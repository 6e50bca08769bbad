//! Numbers as categories: which there are, and the place of each among them.

use super::categories::UNKNOWN;

/// The distinct values, rising, and their counts, where all are integers close together.
pub(super) fn count_integers(values: &[f64]) -> Option<(Vec<f64>, Vec<u64>)> {
    const SPAN: f64 = 65_536.0;
    let (mut low, mut high, mut exact) = (f64::INFINITY, f64::NEG_INFINITY, true);
    for tile in values.chunks(1024) {
        // No way out inside the tile: such a loop runs on whole vectors.
        for &v in tile {
            exact &= v.abs() <= 1e15;
            low = if v < low { v } else { low };
            high = if v > high { v } else { high };
        }
        if !exact || high - low >= SPAN {
            return None;
        }
    }
    if values.is_empty() || low.fract() != 0.0 {
        return None;
    }
    let mut counts = vec![0_u64; (high - low) as usize + 1];
    for &v in values {
        let at = (v - low) as i32;
        if f64::from(at) != v - low {
            return None;
        }
        counts[at as usize] += 1;
    }
    let found = (0..counts.len()).filter(|&at| counts[at] > 0);
    Some(found.map(|at| (low + at as f64, counts[at])).unzip())
}

/// Finds numbers among rising ones: by a table where they are integers close together, by halving elsewhere.
pub(super) struct NumberIndex<'a> {
    finite: &'a [f64],
    nan: u32,
    first: f64,
    table: Vec<u32>,
}

impl<'a> NumberIndex<'a> {
    pub(super) fn new(values: &'a [f64]) -> Self {
        let has_nan = values.last().is_some_and(|v| v.is_nan());
        let finite = &values[..values.len() - usize::from(has_nan)];
        let nan = if has_nan { finite.len() as u32 } else { UNKNOWN };
        let mut index = NumberIndex { finite, nan, first: 0.0, table: Vec::new() };
        if let (Some(&low), Some(&high)) = (finite.first(), finite.last())
            && high - low < (4 * finite.len() + 256) as f64
            && finite.iter().all(|v| v.fract() == 0.0)
        {
            index.first = low;
            index.table = vec![UNKNOWN; (high - low) as usize + 1];
            finite.iter().enumerate().for_each(|(code, v)| index.table[(v - low) as usize] = code as u32);
        }
        index
    }

    #[inline]
    pub(super) fn code(&self, v: f64) -> u32 {
        if v.is_nan() {
            return self.nan;
        }
        if !self.table.is_empty() {
            let at = v - self.first;
            let slot = at as i64;
            // A negative place is past the end.
            let found = self.table.get(slot as usize).copied().unwrap_or(UNKNOWN);
            return if slot as f64 == at { found } else { UNKNOWN };
        }
        self.finite
            .binary_search_by(|own| own.partial_cmp(&v).unwrap_or(std::cmp::Ordering::Less))
            .map_or(UNKNOWN, |i| i as u32)
    }
}
