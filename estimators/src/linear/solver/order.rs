//! The order in which coordinate descent visits the rows or columns that it has not left alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Rows in an order that is drawn anew for each pass.
pub struct Order {
    rows: Vec<u32>,
    bits: ChaCha8Rng,
}

impl Order {
    /// The rows, and the seed and number of the random stream.
    pub fn new(rows: Vec<u32>, (seed, stream): (u64, u64)) -> Self {
        let mut bits = ChaCha8Rng::seed_from_u64(seed);
        bits.set_stream(stream);
        Order { rows, bits }
    }

    /// Other rows, with random numbers that go on.
    pub fn again(self, rows: Vec<u32>) -> Self {
        Order { rows, ..self }
    }

    /// A new order (Fisher and Yates).
    pub fn shuffle(&mut self) {
        for left in (2..=self.rows.len()).rev() {
            let drawn = (u64::from(self.bits.next_u32()) * left as u64) >> 32;
            self.rows.swap(left - 1, drawn as usize);
        }
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row at this place.
    #[inline]
    pub fn get(&self, at: usize) -> Option<usize> {
        self.rows.get(at).map(|&i| i as usize)
    }

    /// Leaves out the row at this place; the last one takes it.
    pub fn leave(&mut self, at: usize) {
        self.rows.swap_remove(at);
    }
}
