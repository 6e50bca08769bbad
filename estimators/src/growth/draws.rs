//! What is drawn for a node: its random stream, and the features that it may be split on.

/// A stream of its own for each child (the finaliser of SplitMix64, Steele et al. 2014, doi:10.1145/2660193.2660195).
pub fn child_key(key: u64, side: u64) -> u64 {
    let mut z = key.wrapping_mul(2).wrapping_add(side).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `n`, from 64 random bits.
pub fn below(n: usize, bits: u64) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

/// Features that are drawn without replacement, as far as they are wanted.
#[derive(Debug)]
pub struct Deck {
    features: Vec<u32>,
    drawn: usize,
}

impl Deck {
    /// None is drawn yet.
    pub fn new(features: impl IntoIterator<Item = u32>) -> Self {
        Deck { features: features.into_iter().collect(), drawn: 0 }
    }

    /// One of those that are left, by 64 random bits; `None` where none is.
    pub fn draw(&mut self, bits: impl FnOnce() -> u64) -> Option<u32> {
        let left = self.features.len() - self.drawn;
        if left == 0 {
            return None;
        }
        self.features.swap(self.drawn, self.drawn + below(left, bits()));
        self.drawn += 1;
        Some(self.features[self.drawn - 1])
    }

    /// How many were drawn.
    pub fn drawn(&self) -> usize {
        self.drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_is_drawn_once() {
        let mut deck = Deck::new([3, 5, 8, 9]);
        let mut bits = 1_u64;
        let mut seen: Vec<u32> = std::iter::from_fn(|| {
            deck.draw(|| {
                bits = child_key(bits, 0);
                bits
            })
        })
        .collect();
        assert_eq!((seen.len(), deck.drawn(), deck.draw(|| 0)), (4, 4, None));
        seen.sort_unstable();
        assert_eq!(seen, [3, 5, 8, 9]);
    }
}
