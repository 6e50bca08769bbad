//! A set of codes as cuts between runs of codes: what thresholds can tell apart.

/// The runs of codes that are all in a set, or all not.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The last code of each run but the last, rising; at least one.
    pub cuts: Vec<i32>,
    /// Whether the first run is in the set. Runs take turns, and the last one, of all codes that are larger, never is.
    pub first: bool,
}

impl Runs {
    /// Takes the runs of a set: its words of 64 codes, and the place of each, rising.
    pub fn take(&mut self, places: &[i32], words: &[i64]) {
        self.cuts.clear();
        self.first = false;
        let (mut inside, mut end) = (false, 0);
        for (&place, &word) in places.iter().zip(words) {
            let (start, word) = (64 * place, word as u64);
            if inside && start != end {
                self.cuts.push(end - 1);
                inside = false;
            }
            // Codes that are not as the one before.
            let mut changes = word ^ (word << 1 | u64::from(inside));
            if start == 0 {
                self.first = changes & 1 != 0;
                changes &= !1;
            }
            while changes != 0 {
                self.cuts.push(start + changes.trailing_zeros() as i32 - 1);
                changes &= changes - 1;
            }
            (inside, end) = (word >> 63 != 0, start + 64);
        }
        if inside {
            self.cuts.push(end - 1);
        }
        if self.cuts.is_empty() {
            // An empty set: no code is up to this.
            self.cuts.push(-1);
            self.first = true;
        }
    }

    /// Whether a run is in the set.
    pub fn inside(&self, run: usize) -> bool {
        self.first ^ (!run.is_multiple_of(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_tell_the_codes_of_a_set() {
        let all: [&[u32]; 9] = [
            &[],
            &[0],
            &[63],
            &[64],
            &[0, 1, 2, 63, 64, 65],
            &[3, 64, 127, 128, 200],
            &[62, 63, 192],
            &[3, 64, 65, 447, 448, 40_000, 65_534],
            &[191, 255],
        ];
        let mut runs = Runs::default();
        for codes in all {
            let mut words: Vec<(i32, i64)> = Vec::new();
            for &code in codes {
                let place = (code / 64) as i32;
                if words.last().is_none_or(|word| word.0 != place) {
                    words.push((place, 0));
                }
                words.last_mut().unwrap().1 |= 1_i64 << (code % 64);
            }
            // A word without codes at the end does no harm.
            words.push((1023, 0));
            let (places, words): (Vec<i32>, Vec<i64>) = words.into_iter().unzip();
            runs.take(&places, &words);
            assert!(runs.cuts.is_sorted_by(|a, b| a < b) && !runs.inside(runs.cuts.len()));
            for code in 0..=65_535 {
                let run = runs.cuts.partition_point(|&cut| cut < code as i32);
                assert_eq!(runs.inside(run), codes.contains(&code), "{codes:?} {code}");
            }
        }
    }
}
