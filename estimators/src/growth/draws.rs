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

/// Features that are drawn without replacement, as far as they are wanted. One deck serves many nodes, at the cost of what is
/// drawn, not of all features.
#[derive(Debug, Default)]
pub struct Deck {
    features: Vec<u32>,
    /// What each of those drawn has changed places with.
    places: Vec<u32>,
}

impl Deck {
    /// None is drawn yet.
    pub fn new(features: impl IntoIterator<Item = u32>) -> Self {
        Deck { features: features.into_iter().collect(), places: Vec::new() }
    }

    /// One of those that are left, by 64 random bits; `None` where none is.
    pub fn draw(&mut self, bits: impl FnOnce() -> u64) -> Option<u32> {
        let drawn = self.drawn();
        let left = self.features.len() - drawn;
        if left == 0 {
            return None;
        }
        let place = drawn + below(left, bits());
        self.features.swap(drawn, place);
        self.places.push(place as u32);
        Some(self.features[drawn])
    }

    /// How many were drawn.
    pub fn drawn(&self) -> usize {
        self.places.len()
    }

    /// Puts those that were drawn back, all in the order of the beginning.
    pub fn put_back(&mut self) {
        for (drawn, place) in self.places.drain(..).enumerate().rev() {
            self.features.swap(drawn, place as usize);
        }
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
        deck.put_back();
        assert_eq!((deck.drawn(), deck.features), (0, seen));
    }
}
