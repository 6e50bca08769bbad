//! Sets of categories, compact whether they are dense or sparse: of each the words of 64 categories that are not empty.

use crate::saved;
use crate::{Error, Result};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// Categories of a feature, at most: codes are below it.
pub const MOST: usize = 65_535;

/// For the nodes of a tree whose splits are categorical, the categories that go to the other side than missing values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategorySets {
    /// The set of each node; -1: its threshold decides, or it is a leaf.
    #[serde(with = "saved::array1_i32")]
    set: Array1<i32>,
    /// Where the words of each set start; one entry more.
    #[serde(with = "saved::array1_i64")]
    starts: Array1<i64>,
    /// The place of each word, rising within a set: one at place q holds the categories from 64·q on.
    #[serde(with = "saved::array1_i32")]
    places: Array1<i32>,
    /// The words, one bit a category.
    #[serde(with = "saved::array1_i64")]
    words: Array1<i64>,
}

/// Sets that are being collected.
#[derive(Debug, Clone)]
pub struct Growing {
    starts: Vec<i64>,
    places: Vec<i32>,
    words: Vec<i64>,
}

impl Default for Growing {
    fn default() -> Self {
        Growing { starts: vec![0], places: Vec::new(), words: Vec::new() }
    }
}

impl Growing {
    fn len(&self) -> i32 {
        self.starts.len() as i32 - 1
    }

    /// Adds a set of codes, which rise, and returns its number.
    pub fn push(&mut self, codes: impl IntoIterator<Item = u32>) -> i32 {
        let first = self.places.len();
        for code in codes {
            let place = (code / 64) as i32;
            if self.places.len() == first || self.places.last() != Some(&place) {
                self.places.push(place);
                self.words.push(0);
            }
            if let Some(word) = self.words.last_mut() {
                *word |= 1 << (code % 64);
            }
        }
        self.starts.push(self.places.len() as i64);
        self.len() - 1
    }

    /// Adds a set of others, where it is one, and returns its number.
    pub fn copy(&mut self, from: &Growing, set: i32) -> i32 {
        self.copy_words(&from.starts, &from.places, &from.words, set)
    }

    fn copy_words(&mut self, starts: &[i64], places: &[i32], words: &[i64], set: i32) -> i32 {
        let Ok(set) = usize::try_from(set) else { return -1 };
        let range = starts[set] as usize..starts[set + 1] as usize;
        self.places.extend_from_slice(&places[range.clone()]);
        self.words.extend_from_slice(&words[range]);
        self.starts.push(self.places.len() as i64);
        self.len() - 1
    }

    /// The sets of nodes; `None` where no node has one.
    pub fn finish(self, set: Vec<i32>) -> Option<CategorySets> {
        let any = set.iter().any(|&set| set >= 0);
        any.then(|| CategorySets {
            set: set.into(),
            starts: self.starts.into(),
            places: self.places.into(),
            words: self.words.into(),
        })
    }
}

/// Sets as a walk looks things up in them.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    set: &'a [i32],
    starts: &'a [i64],
    places: &'a [i32],
    words: &'a [i64],
}

impl<'a> Lookup<'a> {
    /// The set of a node, where it has one.
    #[inline(always)]
    pub fn set(&self, node: usize) -> Option<usize> {
        usize::try_from(self.set[node]).ok()
    }

    /// The words of a set, and their places.
    #[inline(always)]
    pub fn words(&self, set: usize) -> (&'a [i32], &'a [i64]) {
        let range = self.starts[set] as usize..self.starts[set + 1] as usize;
        (&self.places[range.clone()], &self.words[range])
    }
}

impl CategorySets {
    /// The form in which values are looked up.
    pub fn lookup(&self) -> Lookup<'_> {
        Lookup {
            set: self.set.as_slice().unwrap_or(&[]),
            starts: self.starts.as_slice().unwrap_or(&[]),
            places: self.places.as_slice().unwrap_or(&[]),
            words: self.words.as_slice().unwrap_or(&[]),
        }
    }

    /// The categories of a node's set, rising; `None` where a threshold decides or the node is a leaf.
    pub fn categories(&self, node: usize) -> Option<Vec<u32>> {
        let set = self.lookup().set(node)?;
        let words = self.starts[set] as usize..self.starts[set + 1] as usize;
        let of_word = |at: usize| {
            let (first, word) = (64 * self.places[at] as u32, self.words[at]);
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| first + bit)
        };
        Some(words.flat_map(of_word).collect())
    }

    /// The largest category of a node's set.
    pub(super) fn largest(&self, node: usize) -> Option<u32> {
        let set = self.lookup().set(node)?;
        let (start, end) = (self.starts[set] as usize, self.starts[set + 1] as usize);
        (end > start).then(|| 64 * self.places[end - 1] as u32 + 63 - self.words[end - 1].leading_zeros())
    }

    /// The sets of some of the nodes; `keep` says which of them keep theirs.
    pub fn select(&self, nodes: &[usize], keep: impl Fn(usize) -> bool) -> Option<CategorySets> {
        let (from, mut kept) = (self.lookup(), Growing::default());
        let copy = |&node: &usize| {
            if keep(node) { kept.copy_words(from.starts, from.places, from.words, from.set[node]) } else { -1 }
        };
        let set = nodes.iter().map(copy).collect();
        kept.finish(set)
    }

    /// Checks that the sets are those of `n` nodes, of which `splits` says which are split.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self, n: usize, splits: impl Fn(usize) -> bool) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("the sets of categories of its tree {what}")));
        if self.set.len() != n || self.places.len() != self.words.len() {
            return bad("have arrays of different lengths");
        }
        let ends = (self.starts.first(), self.starts.last());
        let rises = self.starts.iter().zip(self.starts.iter().skip(1)).all(|(a, b)| a <= b);
        if ends != (Some(&0), Some(&(self.places.len() as i64))) || !rises {
            return bad("do not start where the one before ends");
        }
        let n_sets = self.starts.len() as i64 - 1;
        let known = |(node, &set): (usize, &i32)| set == -1 || (set >= 0 && i64::from(set) < n_sets && splits(node));
        if !self.set.iter().enumerate().all(known) {
            return bad("are not those of its nodes");
        }
        for set in 0..n_sets as usize {
            let words = self.starts[set] as usize..self.starts[set + 1] as usize;
            let rises = words.clone().skip(1).all(|at| self.places[at - 1] < self.places[at]);
            let within = |at: usize| (0..=(MOST / 64) as i32).contains(&self.places[at]) && self.words[at] != 0;
            if !rises || !words.clone().all(within) {
                return bad("are not in order");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> CategorySets {
        let mut growing = Growing::default();
        let far = growing.push([3, 64, 65, 40_000, 65_534]);
        let near = growing.push([0]);
        let none = growing.push([]);
        growing.finish(vec![-1, far, near, none]).unwrap()
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let sets = sets();
        sets.check(4, |node| node > 0).unwrap();
        assert_eq!(sets.categories(1).unwrap(), [3, 64, 65, 40_000, 65_534]);
        assert_eq!((sets.largest(1), sets.largest(2), sets.largest(3)), (Some(65_534), Some(0), None));
        assert_eq!((sets.categories(0), sets.categories(3)), (None, Some(vec![])));
        let lookup = sets.lookup();
        assert_eq!((lookup.words(1), lookup.words(2)), ((&[0][..], &[1][..]), (&[][..], &[][..])));
        let some = sets.select(&[0, 2, 1], |node| node != 2).unwrap();
        assert_eq!((some.categories(1), some.categories(2)), (None, sets.categories(1)));
        assert!(sets.select(&[0, 2], |node| node == 0).is_none());
    }

    #[test]
    fn damaged_sets_are_refused() {
        let spoil = |change: &dyn Fn(&mut CategorySets)| {
            let mut bad = sets();
            change(&mut bad);
            assert!(matches!(bad.check(4, |node| node > 0), Err(Error::File(_))), "{bad:?}");
        };
        spoil(&|s| s.set = vec![-1; 3].into());
        spoil(&|s| s.set[1] = 3);
        spoil(&|s| s.set[1] = -2);
        spoil(&|s| s.set[0] = 0);
        spoil(&|s| s.starts[0] = -1);
        spoil(&|s| s.starts[1] = 100);
        spoil(&|s| s.starts[3] = 4);
        spoil(&|s| s.starts = Array1::from(vec![]));
        spoil(&|s| s.places[0] = -1);
        spoil(&|s| s.places[1] = 0);
        spoil(&|s| s.places[3] = 1024);
        spoil(&|s| s.places = Array1::from(vec![0]));
        spoil(&|s| s.words[0] = 0);
    }
}
