//! The rows that a tree is grown on: drawn with replacement, from the tree's own stream.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The seed of tree `k`, below 2³¹: what scikit-learn's `random_state` of a single tree can hold.
pub fn tree_seed(seed: u64, k: usize) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(k as u64 + 1);
    rng.next_u64() >> 33
}

/// Draws rows with replacement: each with the same probability, or in proportion to weights.
#[derive(Debug, Clone)]
pub struct Draws {
    n: usize,
    /// How many rows are drawn.
    size: usize,
    /// The sums of the weights up to each row, where there are weights.
    sums: Option<Vec<f64>>,
}

/// Marks the stream of the rows, so that it is none of those of the tree's nodes.
const ROWS: u64 = u64::MAX;

impl Draws {
    /// Draws `size` of `n` rows.
    pub fn new(n: usize, size: usize, weights: Option<&[f64]>) -> Self {
        let sums = weights.map(|weights| {
            let sum = |total: &mut f64, w: &f64| {
                *total += w;
                Some(*total)
            };
            weights.iter().scan(0.0, sum).collect()
        });
        Draws { n, size, sums }
    }

    /// How many rows are drawn.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The rows that the tree of this seed is grown on, in the order in which they are drawn.
    pub fn rows(&self, tree_seed: u64) -> impl Iterator<Item = u32> + '_ {
        let mut rng = ChaCha8Rng::seed_from_u64(tree_seed);
        rng.set_stream(ROWS);
        (0..self.size).map(move |_| {
            let bits = rng.next_u64();
            match &self.sums {
                None => ((u128::from(bits) * self.n as u128) >> 64) as u32,
                Some(sums) => {
                    let total = sums.last().copied().unwrap_or(0.0);
                    let at = (bits >> 11) as f64 / (1_u64 << 53) as f64 * total;
                    // The first row whose sum exceeds the drawn number: never one without weight.
                    sums.partition_point(|&sum| sum <= at).min(self.n - 1) as u32
                }
            }
        })
    }

    /// How often each row is drawn for the tree of this seed.
    pub fn counts(&self, tree_seed: u64) -> Vec<f64> {
        let mut counts = vec![0.0; self.n];
        self.rows(tree_seed).for_each(|row| counts[row as usize] += 1.0);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_drawn_in_proportion_to_their_weights() {
        let draws = Draws::new(4, 40_000, Some(&[1.0, 0.0, 2.0, 5.0]));
        let counts = draws.counts(3);
        assert_eq!(counts[1], 0.0);
        for (count, share) in counts.iter().zip([0.125, 0.0, 0.25, 0.625]) {
            assert!((count / 40_000.0 - share).abs() < 0.01, "{counts:?}");
        }
        let even = Draws::new(4, 40_000, None).counts(3);
        assert!(even.iter().all(|count| (count / 40_000.0 - 0.25).abs() < 0.01), "{even:?}");
    }

    #[test]
    fn each_tree_has_its_own_seed() {
        let seeds: std::collections::BTreeSet<u64> = (0..1000).map(|k| tree_seed(7, k)).collect();
        assert!(seeds.len() > 995 && seeds.iter().all(|&seed| seed < 1 << 31));
    }
}
