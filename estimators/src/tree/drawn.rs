//! Thresholds drawn at random (Geurts, Ernst and Wehenkel 2006): a node's rows are marked, not sorted.

use super::columns::TIE;
use super::criterion::Criterion;
use super::shared::Scratch;
use super::split::{Candidate, Found, Place, Search};
use crate::growth::divide;

/// The split of `rows`, whose values stand in `scratch`, at a threshold drawn by `draw` (64 random bits).
pub fn best<C: Criterion>(
    rows: &[u32],
    draw: u64,
    search: &Search<'_, C>,
    scratch: &mut Scratch,
    scan: &mut C::Scan,
) -> Found {
    let (low, high, n_missing) = extent(&scratch.values);
    if n_missing == rows.len() || (high <= low + TIE && n_missing == 0) {
        return Found { constant: true, best: None };
    }
    let (low, high) = (f64::from(low), f64::from(high));
    let mut threshold = low + (high - low) * ((draw >> 11) as f64 / (1_u64 << 53) as f64);
    if threshold >= high {
        threshold = low;
    }
    // Where all known values are one, only missing ones can go the other way.
    let missing_left = n_missing > 0 && draw & 1 == 1 && high > low;
    let Scratch { values, marks, entries, sorted, .. } = scratch;
    mark(values, threshold, missing_left, marks);
    let n_left = marks.iter().map(|&mark| usize::from(mark)).sum();
    let gain = if C::ADDITIVE {
        search.marked(rows, marks, n_left, scan)
    } else {
        sorted.clear();
        sorted.extend_from_slice(rows);
        divide_marked(sorted, marks, entries);
        search.given(&sorted[..n_left], &sorted[n_left..], scan)
    };
    let missing_left = if n_missing > 0 { missing_left } else { 2 * n_left > rows.len() };
    let best = gain.map(|gain| Candidate { gain, n_left, missing_left, at: Place::Drawn(threshold) });
    Found { constant: false, best }
}

/// Puts those of `rows`, whose values stand in `scratch`, first that go left of a threshold.
pub fn settle(rows: &mut [u32], threshold: f64, missing_left: bool, scratch: &mut Scratch) {
    let Scratch { values, marks, entries, .. } = scratch;
    mark(values, threshold, missing_left, marks);
    divide_marked(rows, marks, entries);
}

/// The smallest and the largest value, and how many are missing; sixteen at once, which changes none of them.
fn extent(values: &[f32]) -> (f32, f32, usize) {
    const LANES: usize = 16;
    if values.len() < 2 * LANES {
        let (mut low, mut high, mut missing) = (f32::INFINITY, f32::NEG_INFINITY, 0);
        for &v in values {
            low = if v < low { v } else { low };
            high = if v > high { v } else { high };
            missing += usize::from(v.is_nan());
        }
        return (low, high, missing);
    }
    let (mut low, mut high, mut missing) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES], [0_u32; LANES]);
    let mut add = |i: usize, v: f32| {
        // A comparison with NaN is false, so missing values change neither end.
        low[i] = if v < low[i] { v } else { low[i] };
        high[i] = if v > high[i] { v } else { high[i] };
        missing[i] += u32::from(v.is_nan());
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        (0..LANES).for_each(|i| add(i, chunk[i]));
    }
    rest.iter().enumerate().for_each(|(i, &v)| add(i, v));
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            low[i] = if low[i + half] < low[i] { low[i + half] } else { low[i] };
            high[i] = if high[i + half] > high[i] { high[i + half] } else { high[i] };
        }
        half /= 2;
    }
    (low[0], high[0], missing.iter().sum::<u32>() as usize)
}

/// For each value 1 where it goes left: up to the threshold (which is not below all), or missing where those go left.
fn mark(values: &[f32], threshold: f64, missing_left: bool, marks: &mut Vec<u8>) {
    // The largest `f32` up to the threshold parts the same values.
    let nearest = threshold as f32;
    let last = if f64::from(nearest) > threshold { nearest.next_down() } else { nearest };
    marks.clear();
    if missing_left {
        marks.extend(values.iter().map(|&v| u8::from(!(v > last))));
    } else {
        marks.extend(values.iter().map(|&v| u8::from(v <= last)));
    }
}

/// Puts the rows that are marked first.
fn divide_marked(rows: &mut [u32], marks: &[u8], room: &mut Vec<u32>) {
    let mut marks = marks.iter();
    divide(rows, room, |_| marks.next().is_some_and(|&mark| mark != 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_marked_as_they_compare_with_the_threshold() {
        let values: Vec<f32> =
            (0..70).map(|i| if i % 9 == 4 { f32::NAN } else { (i * 37 % 64) as f32 / 7.0 }).collect();
        for n in [1, 5, 31, 32, 70] {
            let known = || values[..n].iter().copied().filter(|v| !v.is_nan());
            let (low, high, missing) = extent(&values[..n]);
            assert_eq!((low, high), (known().fold(9e9, f32::min), known().fold(-9e9, f32::max)));
            assert_eq!(missing, n - known().count());
        }
        let rows: Vec<u32> = (0..70).collect();
        let (mut marks, mut room) = (Vec::new(), Vec::new());
        // At a value, just below it (which `f32` rounds up to it), and between two.
        let at = f64::from(values[10]);
        for threshold in [at, at - 1e-12, at + 0.01] {
            for missing_left in [false, true] {
                let goes = |v: f32| if v.is_nan() { missing_left } else { f64::from(v) <= threshold };
                mark(&values, threshold, missing_left, &mut marks);
                assert!(values.iter().zip(&marks).all(|(&v, &mark)| goes(v) == (mark == 1)));
                let mut divided = rows.clone();
                divide_marked(&mut divided, &marks, &mut room);
                let (left, right) = divided.split_at(marks.iter().filter(|&&mark| mark == 1).count());
                assert!(left.is_sorted() && left.iter().all(|&r| goes(values[r as usize])));
                assert!(right.is_sorted() && right.iter().all(|&r| !goes(values[r as usize])));
            }
        }
    }
}
