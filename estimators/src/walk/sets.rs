//! Sets of codes as a walk looks them up: without a branch where codes are small.

/// The code of a value that is no category: no set holds it.
pub(crate) const UNKNOWN: u32 = 65_535;

/// Words of a set that lie side by side, at most; one that needs more is searched.
const MOST: usize = 7;

/// Some sets. A set is named by where its words start, above three bits: its number of words less 1, or [`MOST`] where
/// it is its number of words, their places and the words, for a search.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    words: Vec<u64>,
    searched: bool,
}

impl Sets {
    /// Without sets, but with one word without codes in the beginning, which is looked at in vain.
    pub fn new() -> Self {
        Sets { words: vec![0], searched: false }
    }

    /// Adds a set: its words of 64 codes, and the place of each, rising.
    ///
    /// # Panics
    /// Where all sets have more than 2²⁹ words.
    pub fn push(&mut self, places: &[i32], words: &[i64]) -> u32 {
        let used = words.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1);
        let (places, words) = (&places[..used], &words[..used]);
        let start = self.words.len();
        // The last code that the words have room for is in no set: larger ones are taken for it.
        let width = match (places.last(), words.last()) {
            (Some(&place), Some(&word)) => place as usize + 1 + usize::from(word < 0),
            _ => 1,
        };
        let name = if width <= MOST {
            self.words.resize(start + width, 0);
            for (&place, &word) in places.iter().zip(words) {
                self.words[start + place as usize] = word as u64;
            }
            start << 3 | (width - 1)
        } else {
            self.searched = true;
            self.words.push(used as u64);
            self.words.extend(places.iter().map(|&place| place as u64));
            self.words.extend(words.iter().map(|&word| word as u64));
            start << 3 | MOST
        };
        u32::try_from(name).expect("fewer than 2^29 words")
    }

    /// Whether there are sets that are searched.
    pub fn searched(&self) -> bool {
        self.searched
    }

    /// Whether a set holds a code. The set 0 holds none. Without `SEARCH`, where no set is searched.
    #[inline(always)]
    pub fn holds<const SEARCH: bool>(&self, set: u32, code: u32) -> bool {
        let (start, width) = ((set >> 3) as usize, set & 7);
        if SEARCH && width == MOST as u32 {
            return self.search(start, code);
        }
        let code = code.min(64 * width + 63);
        self.words[start + (code / 64) as usize] >> (code % 64) & 1 != 0
    }

    #[cold]
    fn search(&self, start: usize, code: u32) -> bool {
        let used = self.words[start] as usize;
        let (places, words) = self.words[start + 1..start + 1 + 2 * used].split_at(used);
        let at = places.binary_search(&u64::from(code / 64));
        at.is_ok_and(|at| words[at] >> (code % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_codes() {
        let mut sets = Sets::new();
        let all: [&[u32]; 7] =
            [&[], &[0], &[63], &[3, 64, 127, 200], &[446], &[447], &[3, 64, 65, 447, 448, 40_000, 65_534]];
        let named: Vec<u32> = all
            .iter()
            .map(|codes| {
                let mut words: Vec<(i32, i64)> = Vec::new();
                for &code in *codes {
                    let place = (code / 64) as i32;
                    if words.last().is_none_or(|word| word.0 != place) {
                        words.push((place, 0));
                    }
                    words.last_mut().unwrap().1 |= 1_i64 << (code % 64);
                }
                // A word without codes at the end does no harm.
                words.push((1023, 0));
                let (places, words): (Vec<i32>, Vec<i64>) = words.into_iter().unzip();
                sets.push(&places, &words)
            })
            .collect();
        for (codes, set) in all.iter().zip(named) {
            for code in (0..=UNKNOWN).chain([u32::MAX]) {
                assert_eq!(sets.holds::<true>(set, code), codes.contains(&code), "{codes:?} {code}");
                if codes.iter().all(|&code| code < 447) {
                    assert_eq!(sets.holds::<false>(set, code), codes.contains(&code), "{codes:?} {code}");
                }
            }
        }
        assert!(sets.searched() && (0..200).all(|code| !sets.holds::<true>(0, code)));
    }
}
