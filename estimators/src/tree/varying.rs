//! The features that vary in a node: those not known to be constant there.

use std::sync::Arc;

/// A set of features. Nodes that know nothing new share it with their parents.
#[derive(Debug, Clone)]
pub struct Varying {
    /// A bit a feature.
    words: Arc<[u64]>,
    len: usize,
}

impl Varying {
    /// All `p` features.
    pub fn all(p: usize) -> Self {
        let word = |w: usize| if p - 64 * w >= 64 { u64::MAX } else { (1 << (p - 64 * w)) - 1 };
        Varying { words: (0..p.div_ceil(64)).map(word).collect(), len: p }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether `feature` is one of them.
    #[inline(always)]
    pub fn contains(&self, feature: u32) -> bool {
        self.words[feature as usize / 64] >> (feature % 64) & 1 != 0
    }

    /// All of them, rising.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = |word: u64| std::num::NonZeroU64::new(word);
        let of_word = move |(w, &word): (usize, &u64)| {
            std::iter::successors(bits(word), move |rest| bits(rest.get() & (rest.get() - 1)))
                .map(move |rest| 64 * w as u32 + rest.trailing_zeros())
        };
        self.words.iter().enumerate().flat_map(of_word)
    }

    /// Those without some of them, each of which is named once.
    pub fn without(&self, constant: &[u32]) -> Self {
        if constant.is_empty() {
            return self.clone();
        }
        let mut words: Arc<[u64]> = Arc::from(&*self.words);
        if let Some(words) = Arc::get_mut(&mut words) {
            constant.iter().for_each(|&feature| words[feature as usize / 64] &= !(1 << (feature % 64)));
        }
        Varying { words, len: self.len - constant.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_leave_the_set() {
        for p in [1, 63, 64, 65, 200] {
            let all = Varying::all(p);
            assert_eq!((all.len(), all.iter().collect::<Vec<_>>()), (p, (0..p as u32).collect()));
            let constant: Vec<u32> = (0..p as u32).filter(|f| f % 3 == 0).collect();
            let some = all.without(&constant);
            let expected: Vec<u32> = (0..p as u32).filter(|f| f % 3 != 0).collect();
            assert_eq!((some.len(), some.iter().collect::<Vec<_>>()), (expected.len(), expected));
            assert!((0..p as u32).all(|f| some.contains(f) == (f % 3 != 0)));
        }
    }
}
