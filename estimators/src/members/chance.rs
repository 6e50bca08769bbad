//! Where the random numbers of a run come from: its own streams, or a caller that has drawn them.

use crate::Result;
use crate::forest::tree_seed;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The random numbers of a run, round by round.
pub trait Chance {
    /// The seed of the estimator of a round.
    ///
    /// # Errors
    /// The caller's own.
    fn seed(&mut self, round: usize) -> Result<u64>;

    /// `n` numbers in [0, 1), which choose the rows of a round.
    ///
    /// # Errors
    /// The caller's own.
    fn uniforms(&mut self, round: usize, n: usize) -> Result<Vec<f64>>;
}

/// A ChaCha stream for each round of the run with this seed.
#[derive(Debug, Clone, Copy)]
pub struct Streams(pub u64);

impl Chance for Streams {
    fn seed(&mut self, round: usize) -> Result<u64> {
        Ok(tree_seed(self.0, round))
    }

    fn uniforms(&mut self, round: usize, n: usize) -> Result<Vec<f64>> {
        let mut rng = ChaCha8Rng::seed_from_u64(tree_seed(self.0, round));
        rng.set_stream(u64::MAX);
        Ok((0..n).map(|_| (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).collect())
    }
}
