//! How rows are divided for cross-validation: a number of folds, or the rows of each split.
//!
//! Rust and the shell say a number; Python divides by scikit-learn's splitters and hands over the rows, as the bytes of
//! 32-bit numbers.

use crate::{Error, Result, bad_input};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A division of rows for cross-validation: a parameter of estimators that choose their penalty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Folds {
    /// So many blocks of consecutive rows, each the test rows once; scikit-learn's `KFold`. Range [2, n].
    Count(usize),
    /// The rows of each split.
    Splits(Vec<Split>),
}

impl Default for Folds {
    fn default() -> Self {
        Folds::Count(5)
    }
}

/// The rows that one model learns from, and the rows that it is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// To learn from.
    pub train: Rows,
    /// To be judged by.
    pub test: Rows,
}

/// Numbers of rows. In a file: bytes, four a number, the lowest first; a list of numbers is read too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows(pub Vec<u32>);

impl Rows {
    /// The numbers of the rows, as indices.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        self.0.iter().map(|&i| i as usize)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<usize> for Rows {
    fn from_iter<I: IntoIterator<Item = usize>>(rows: I) -> Self {
        Rows(rows.into_iter().map(|i| i as u32).collect())
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|i| i.to_le_bytes()).collect();
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("numbers of rows, as a list or as the bytes of 32-bit numbers")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> std::result::Result<Rows, E> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::invalid_length(bytes.len(), &self));
        }
        Ok(Rows(numbers.iter().map(|&b| u32::from_le_bytes(b)).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> std::result::Result<Rows, A::Error> {
        let mut rows = Vec::new();
        while let Some(i) = numbers.next_element()? {
            rows.push(i);
        }
        Ok(Rows(rows))
    }
}

/// Draws a share of the rows `0..n` to hold out; with classes, that share of each of them, to one row.
pub(crate) fn held_out(
    n: usize,
    fraction: f64,
    class_of: Option<&dyn Fn(usize) -> usize>,
    random: &mut impl rand::Rng,
) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    for i in (1..n).rev() {
        let j = ((u128::from(random.next_u64()) * (i as u128 + 1)) >> 64) as usize;
        order.swap(i, j);
    }
    if let Some(class_of) = class_of {
        order.sort_by_key(|&i| class_of(i as usize));
    }
    // One row out of each stretch of 1/fraction rows.
    let wanted = (fraction * n as f64).ceil() as usize;
    (0..wanted.min(n)).map(|k| order[((k as u128 * n as u128 + n as u128 / 2) / wanted as u128) as usize]).collect()
}

impl Folds {
    /// Checks what can be checked without data.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the name `cv`.
    pub fn validate(&self, estimator: &'static str) -> Result<()> {
        let found = match self {
            Folds::Count(k) if *k < 2 => k.to_string(),
            Folds::Splits(splits) if splits.is_empty() => "none".into(),
            _ => return Ok(()),
        };
        Err(Error::Parameter {
            estimator,
            name: "cv",
            expected: "an int in the range [2, inf) or at least one split".into(),
            found,
        })
    }

    /// The splits of n rows.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer rows than folds, for a row that there is not, and for a split without rows on a side.
    pub fn splits(&self, n: usize) -> Result<Vec<Split>> {
        match self {
            Folds::Count(k) => {
                check_count(*k, n)?;
                let fold_of = blocks(*k, n);
                Ok(by_fold(*k, &fold_of))
            }
            Folds::Splits(splits) => checked(splits, n),
        }
    }

    /// The splits of rows with classes, in which a number of folds keeps the classes' shares; scikit-learn's
    /// `StratifiedKFold`.
    ///
    /// # Errors
    /// As [`Folds::splits`], and for a number above every class's rows.
    pub fn stratified(&self, codes: &[u32]) -> Result<Vec<Split>> {
        let Folds::Count(k) = *self else { return self.splits(codes.len()) };
        check_count(k, codes.len())?;
        // Classes in the order in which they first appear.
        let n_codes = codes.iter().map(|&c| c as usize + 1).max().unwrap_or(0);
        let (mut place, mut counts) = (vec![usize::MAX; n_codes], Vec::new());
        for &code in codes {
            let at = &mut place[code as usize];
            if *at == usize::MAX {
                *at = counts.len();
                counts.push(0_usize);
            }
            counts[*at] += 1;
        }
        if counts.iter().all(|&count| count < k) {
            bad_input!("n_splits={k} cannot be greater than the number of members in each class.");
        }
        // Every k-th of the rows sorted by class goes to one fold: that says how many of each class a fold has.
        let sorted = counts.iter().enumerate().flat_map(|(class, &count)| std::iter::repeat_n(class, count));
        let mut share = vec![vec![0_usize; k]; counts.len()];
        sorted.enumerate().for_each(|(i, class)| share[class][i % k] += 1);
        let mut next: Vec<_> = share
            .iter()
            .map(|of_fold| of_fold.iter().enumerate().flat_map(|(fold, &m)| std::iter::repeat_n(fold, m)))
            .collect();
        let fold_of: Vec<usize> = codes.iter().map(|&c| next[place[c as usize]].next().unwrap_or(0)).collect();
        Ok(by_fold(k, &fold_of))
    }
}

fn check_count(k: usize, n: usize) -> Result<()> {
    if k > n {
        bad_input!("Cannot have number of splits n_splits={k} greater than the number of samples: n_samples={n}.");
    }
    Ok(())
}

/// The fold of each row; the first n mod k folds have one row more.
fn blocks(k: usize, n: usize) -> Vec<usize> {
    (0..k).flat_map(|fold| std::iter::repeat_n(fold, n / k + usize::from(fold < n % k))).collect()
}

fn by_fold(k: usize, fold_of: &[usize]) -> Vec<Split> {
    let rows = |fold: usize, inside: bool| (0..fold_of.len()).filter(|&i| (fold_of[i] == fold) == inside).collect();
    (0..k).map(|fold| Split { train: rows(fold, false), test: rows(fold, true) }).collect()
}

fn checked(splits: &[Split], n: usize) -> Result<Vec<Split>> {
    for split in splits {
        if split.train.is_empty() || split.test.is_empty() {
            bad_input!("a split of cv has no rows to learn from or to be judged by");
        }
        if let Some(row) = split.train.iter().chain(split.test.iter()).find(|&i| i >= n) {
            bad_input!("a split of cv names row {row}, but there are {n} rows");
        }
    }
    Ok(splits.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(splits: &[Split]) -> Vec<(Vec<u32>, Vec<u32>)> {
        splits.iter().map(|s| (s.train.0.clone(), s.test.0.clone())).collect()
    }

    #[test]
    fn a_number_makes_blocks() {
        let splits = Folds::Count(3).splits(7).unwrap();
        assert_eq!(
            lists(&splits),
            [(vec![3, 4, 5, 6], vec![0, 1, 2]), (vec![0, 1, 2, 5, 6], vec![3, 4]), (vec![0, 1, 2, 3, 4], vec![5, 6])]
        );
        assert!(Folds::Count(8).splits(7).is_err());
        assert!(Folds::Count(1).validate("LassoCV").is_err());
    }

    /// What scikit-learn's StratifiedKFold(3) gives for these classes.
    #[test]
    fn classes_keep_their_shares() {
        let splits = Folds::Count(3).stratified(&[1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1]).unwrap();
        let tests: Vec<Vec<u32>> = splits.iter().map(|s| s.test.0.clone()).collect();
        assert_eq!(tests, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9, 10]]);
        assert!(Folds::Count(3).stratified(&[0, 0, 1]).is_err());
    }

    #[test]
    fn rows_come_as_bytes_or_as_lists() {
        let folds = Folds::Splits(vec![Split { train: Rows(vec![0, 2]), test: Rows(vec![1, 70_000]) }]);
        let bytes = rmp_serde::to_vec_named(&folds).unwrap();
        assert_eq!(rmp_serde::from_slice::<Folds>(&bytes).unwrap(), folds);
        let listed = rmp_serde::to_vec_named(&serde_list()).unwrap();
        assert_eq!(rmp_serde::from_slice::<Folds>(&listed).unwrap(), folds);
        assert_eq!(rmp_serde::from_slice::<Folds>(&rmp_serde::to_vec(&7).unwrap()).unwrap(), Folds::Count(7));
        assert!(folds.splits(100).is_err() && folds.splits(70_001).is_ok());
    }

    fn serde_list() -> Vec<std::collections::BTreeMap<&'static str, Vec<u32>>> {
        vec![[("train", vec![0, 2]), ("test", vec![1, 70_000])].into()]
    }
}
