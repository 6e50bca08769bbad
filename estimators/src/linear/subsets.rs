//! Subsets of rows, drawn or enumerated, for estimators that fit many small models.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::HashMap;

/// `k` of `n` rows without repetition, k ≤ n; each subset has a random stream of its own, so any thread may draw it.
/// O(k) time and memory.
pub fn drawn(n: usize, k: usize, seed: u64, subset: u64, out: &mut [u32]) {
    let mut bits = ChaCha8Rng::seed_from_u64(seed);
    bits.set_stream(subset);
    // The start of a random permutation, of which only what moved is stored.
    let mut moved: HashMap<usize, usize> = HashMap::with_capacity(k);
    for (i, out) in out.iter_mut().enumerate().take(k) {
        let j = i + ((u128::from(bits.next_u64()) * (n - i) as u128) >> 64) as usize;
        let (at_i, at_j) = (*moved.get(&i).unwrap_or(&i), *moved.get(&j).unwrap_or(&j));
        moved.insert(j, at_i);
        *out = at_j as u32;
    }
}

/// How many subsets of `k` of `n` rows there are, where they are at most `most`.
pub fn count(n: usize, k: usize, most: u64) -> Option<u64> {
    let k = k.min(n.saturating_sub(k));
    let mut count = 1_u128;
    for i in 1..=k {
        // Each of these is a binomial coefficient itself, and they rise.
        count = count * (n - k + i) as u128 / i as u128;
        if count > u128::from(most) {
            return None;
        }
    }
    Some(count as u64)
}

/// All subsets of `k` of `n` rows in the order of the dictionary, one after another; k ≤ n.
pub fn all(n: usize, k: usize) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..k as u32).collect();
    let mut out = rows.clone();
    // The last place that can still go up does, and those after it follow close behind.
    while let Some(at) = (0..k).rfind(|&at| (rows[at] as usize) < n - k + at) {
        rows[at] += 1;
        for later in at + 1..k {
            rows[later] = rows[later - 1] + 1;
        }
        out.extend_from_slice(&rows);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_as_many_as_counted_and_differ() {
        for (n, k) in [(1, 1), (5, 2), (6, 6), (7, 4)] {
            let all = all(n, k);
            let mut each: Vec<&[u32]> = all.chunks(k).collect();
            assert_eq!(count(n, k, 1000), Some(each.len() as u64));
            assert!(each.is_sorted());
            each.dedup();
            assert_eq!(all.len(), each.len() * k);
            assert!(each.iter().all(|rows| rows.is_sorted_by(|a, b| a < b) && rows[k - 1] < n as u32));
        }
        assert_eq!(count(5, 2, 9), None);
        assert_eq!(count(1_000_000, 500_000, u64::MAX), None);
    }

    /// Each row comes in a k/n-th of the subsets.
    #[test]
    fn drawn_rows_differ_and_are_uniform() {
        let (n, k, draws) = (10, 4, 20_000);
        let mut seen = vec![0; n];
        for subset in 0..draws {
            let mut rows = vec![0; k];
            drawn(n, k, 3, subset, &mut rows);
            rows.iter().for_each(|&row| seen[row as usize] += 1);
            rows.sort_unstable();
            assert!(rows.is_sorted_by(|a, b| a < b));
        }
        let expected = (draws as usize * k / n) as f64;
        assert!(seen.iter().all(|&count| (count as f64 - expected).abs() < 5.0 * expected.sqrt()), "{seen:?}");
    }
}
