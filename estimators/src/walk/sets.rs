//! Sets of codes as a walk looks them up: without a branch where codes are small.

/// The code of a value that is no category: no set holds it.
pub(crate) const UNKNOWN: u32 = 65_535;

/// Words of a set that lie side by side, at most; one that needs more is searched.
const MOST: usize = 7;

/// Some sets. A set is named by where its words start, of which all sets have as many, or, with the highest bit, by where it
/// is searched: its number of words, their places and the words.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    /// Before all is laid out, for each set the words that it needs.
    small: Vec<u64>,
    /// Where the words of each set start in these, before all is laid out.
    starts: Vec<u32>,
    /// The last code that a set has room for, which is in none.
    last: u32,
    large: Vec<u64>,
}

/// Marks the name of a set that is searched.
const SEARCHED: u32 = 1 << 31;

/// A number without that mark.
fn number(count: usize) -> u32 {
    u32::try_from(count).ok().filter(|count| *count < SEARCHED).expect("sets of fewer than 2^31 words")
}

impl Sets {
    /// Without sets, but with one of a word without codes in the beginning, which is looked at in vain.
    pub fn new() -> Self {
        Sets { small: vec![0], starts: vec![0], last: 63, large: Vec::new() }
    }

    /// Adds a set: its words of 64 codes, and the place of each, rising. [`Sets::name`] makes a name of what is returned.
    ///
    /// # Panics
    /// Where all sets have 2³¹ words or more.
    pub fn push(&mut self, places: &[i32], words: &[i64]) -> u32 {
        let used = words.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1);
        let (places, words) = (&places[..used], &words[..used]);
        // The last code that the words have room for is in no set: larger ones are taken for it.
        let width = match (places.last(), words.last()) {
            (Some(&place), Some(&word)) => place as usize + 1 + usize::from(word < 0),
            _ => 1,
        };
        if width <= MOST {
            let start = self.small.len();
            self.starts.push(number(start));
            self.small.resize(start + width, 0);
            for (&place, &word) in places.iter().zip(words) {
                self.small[start + place as usize] = word as u64;
            }
            self.last = self.last.max(64 * width as u32 - 1);
            number(self.starts.len() - 1)
        } else {
            let start = number(self.large.len());
            self.large.push(used as u64);
            self.large.extend(places.iter().map(|&place| place as u64));
            self.large.extend(words.iter().map(|&word| word as u64));
            start | SEARCHED
        }
    }

    /// Gives all sets as many words, once the last one was added: then one limit of codes holds for all of them.
    pub fn lay_out(&mut self) {
        let width = self.width();
        let ends = self.starts.iter().skip(1).map(|&start| start as usize).chain([self.small.len()]);
        let mut words = vec![0; self.starts.len() * width];
        for ((to, &start), end) in words.chunks_exact_mut(width).zip(&self.starts).zip(ends) {
            let from = &self.small[start as usize..end];
            to[..from.len()].copy_from_slice(from);
        }
        (self.small, self.starts) = (words, Vec::new());
    }

    /// The name of a set that was added, once all are laid out.
    pub fn name(&self, added: u32) -> u32 {
        if added & SEARCHED != 0 { added } else { number(added as usize * self.width()) }
    }

    /// The words of a set.
    fn width(&self) -> usize {
        (self.last as usize + 1) / 64
    }

    /// Whether there are sets that are searched.
    pub fn searched(&self) -> bool {
        !self.large.is_empty()
    }

    /// Whether a set holds a code, once all are laid out. The set 0 holds none. Without `SEARCH`, where no set is searched.
    #[inline(always)]
    pub fn holds<const SEARCH: bool>(&self, set: u32, code: u32) -> bool {
        if SEARCH && set & SEARCHED != 0 {
            return self.search((set & !SEARCHED) as usize, code);
        }
        let code = code.min(self.last);
        self.small[set as usize + (code / 64) as usize] >> (code % 64) & 1 != 0
    }

    #[cold]
    fn search(&self, start: usize, code: u32) -> bool {
        let used = self.large[start] as usize;
        let (places, words) = self.large[start + 1..start + 1 + 2 * used].split_at(used);
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
        sets.lay_out();
        for (codes, set) in all.iter().zip(named.into_iter().map(|added| sets.name(added))) {
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
