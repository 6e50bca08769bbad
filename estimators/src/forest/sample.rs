//! Small samples of rows, with or without replacement, weighted or not.

use super::draws::Draws;
use crate::{Result, bad_input};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::HashMap;

/// How the rows of each tree are drawn.
#[derive(Debug)]
pub struct Sample {
    draws: Draws,
    size: usize,
    n: usize,
    /// Without replacement: the weights, where there are some.
    once: Option<Option<Vec<f64>>>,
}

impl Sample {
    /// Draws `size` of `n` rows, in proportion to `weights` where there are some.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for weights that are negative, or 0 for too many rows.
    pub fn new(n: usize, size: usize, replace: bool, weights: Option<Vec<f64>>) -> Result<Self> {
        if let Some(weights) = &weights {
            let wanted = if replace { 1 } else { size };
            if weights.iter().any(|&w| w < 0.0) {
                bad_input!("rows are drawn in proportion to their weights: none may be negative");
            }
            if weights.iter().filter(|&&w| w > 0.0).count() < wanted {
                bad_input!("{wanted} rows are drawn, but fewer have a weight that is not 0");
            }
        }
        let draws = Draws::new(n, size, weights.as_deref());
        Ok(Sample { draws, size, n, once: (!replace).then_some(weights) })
    }

    /// How many rows are drawn.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The rows of the tree of this seed, in the order in which they are drawn.
    pub fn rows(&self, seed: u64) -> Vec<u32> {
        let Some(weights) = &self.once else { return self.draws.rows(seed).collect() };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::MAX);
        match weights {
            None => without_replacement(self.n, self.size, &mut rng),
            Some(weights) => weighted_without_replacement(weights, self.size, &mut rng),
        }
    }

    /// The rows of the tree of this seed, rising, and how often each is drawn.
    pub fn counts(&self, seed: u64) -> Vec<(u32, f64)> {
        let mut rows = self.rows(seed);
        rows.sort_unstable();
        let mut counts: Vec<(u32, f64)> = Vec::with_capacity(rows.len());
        for row in rows {
            match counts.last_mut() {
                Some((last, count)) if *last == row => *count += 1.0,
                _ => counts.push((row, 1.0)),
            }
        }
        counts
    }
}

/// `size` of the numbers below `n`, each at most once, in random order (Fisher and Yates, only as far as needed).
pub fn without_replacement(n: usize, size: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut moved: HashMap<usize, u32> = HashMap::new();
    (0..size)
        .map(|i| {
            let j = i + ((u128::from(rng.next_u64()) * (n - i) as u128) >> 64) as usize;
            let at_i = moved.get(&i).copied().unwrap_or(i as u32);
            // Place i is never looked at again.
            moved.insert(j, at_i).unwrap_or(j as u32)
        })
        .collect()
}

/// `size` rows one after the other, each in proportion to its weight among those that are left (Efraimidis and Spirakis
/// 2006, doi:10.1016/j.ipl.2005.11.003): those with the smallest exponential times.
fn weighted_without_replacement(weights: &[f64], size: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut times: Vec<(f64, u32)> = Vec::with_capacity(weights.len());
    for (row, &w) in weights.iter().enumerate() {
        let uniform = ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        if w > 0.0 {
            times.push((-uniform.ln() / w, row as u32));
        }
    }
    times.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    times.truncate(size);
    times.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_drawn_once_and_all_are_as_likely() {
        let mut times = [[0; 5]; 5];
        for seed in 0..5000 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let drawn = without_replacement(5, 5, &mut rng);
            let mut sorted = drawn.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
            drawn.iter().enumerate().for_each(|(place, &number)| times[place][number as usize] += 1);
        }
        assert!(times.iter().flatten().all(|&n: &i32| (n - 1000).abs() < 150), "{times:?}");
    }

    #[test]
    fn heavy_rows_come_first() {
        let mut first = [0; 3];
        for seed in 0..4000 {
            let drawn = weighted_without_replacement(&[1.0, 3.0, 0.0], 2, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(drawn.len(), 2);
            first[drawn[0] as usize] += 1;
        }
        assert!((first[1] - 3000_i32).abs() < 120 && first[2] == 0, "{first:?}");
    }
}
