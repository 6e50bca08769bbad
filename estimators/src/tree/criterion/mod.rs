//! What a split is judged by: sums over a node's rows, and a scan that moves rows from the right child to the left.
//!
//! One grower serves every criterion. A node's totals are summed once and shared by all features; each feature then
//! runs its own scan over the rows in that feature's order. Additive criteria only move sums; the absolute error,
//! whose medians are not additive, prepares its errors when the scan starts.

mod classes;
mod gains;
mod gini_one;
mod items;
mod median;
mod moments;
mod poisson;
mod squared;
mod squares;

use std::borrow::Cow;

pub use classes::{Classes, Entropy, Gini};
pub(super) use gains::{gini_gain_of_two, gini_gains_of_two};
pub use gini_one::GiniOne;
pub use median::AbsoluteError;
pub use moments::Moments;
pub use poisson::Poisson;
pub use squared::{SquaredError, SquaredErrorOne};

/// The bits of an entry of a node's list that hold the row; the others are flags (see [`super::order`]).
pub const ROW: u32 = (1 << 29) - 1;

/// The row of an entry.
#[inline(always)]
pub fn row(entry: u32) -> usize {
    (entry & ROW) as usize
}

/// An impurity, and how a split reduces it.
pub trait Criterion: Sync {
    /// A node's sums. Made once per worker, filled for each node.
    type Totals: Send + Sync;
    /// The state of a scan. Made once per worker, started for each feature.
    type Scan: Send;

    /// Whether the scan is the same from both ends and needs no order in advance.
    const ADDITIVE: bool;
    /// Whether [`Criterion::gains`] is there. Rows weigh 1, so that limits of weight are limits of rows; or weights are
    /// not negative and there is no limit.
    const VECTOR: bool = false;

    /// The criterion on the rows of `entries` alone, numbered in that order.
    fn of(&self, entries: &[u32]) -> Self
    where
        Self: Sized;

    /// The length of a node's value: outputs × the largest number of classes (1 for numbers).
    fn stride(&self) -> usize;

    /// Room for a node's sums.
    fn totals(&self) -> Self::Totals;

    /// Sums the rows of `entries`.
    fn sum(&self, entries: &[u32], totals: &mut Self::Totals);

    /// The weight of a node.
    fn weight(&self, totals: &Self::Totals) -> f64;

    /// The impurity of a node; `entries` are those that were summed.
    fn impurity(&self, entries: &[u32], totals: &Self::Totals) -> f64;

    /// What a leaf here predicts: class fractions, means or medians.
    fn value(&self, totals: &Self::Totals, out: &mut [f64]);

    /// Room for a scan.
    fn scan(&self) -> Self::Scan;

    /// Starts with every row on the right. The rows will come in the order of `first`, then `second`.
    fn start(&self, scan: &mut Self::Scan, totals: &Self::Totals, first: &[u32], second: &[u32]);

    /// Moves the next row to the left.
    fn push(&self, scan: &mut Self::Scan, row: usize);

    /// Makes the rows of `entries` ready for [`Criterion::mark`] and [`Criterion::items`], in that order.
    fn lay_out(&self, entries: &[u32], scan: &mut Self::Scan) {
        let _ = (entries, scan);
    }

    /// Starts with those of `entries`, which were laid out, on the left whose mark is 1 (else 0), where
    /// [`Criterion::ADDITIVE`] says that no order matters.
    fn mark(&self, scan: &mut Self::Scan, totals: &Self::Totals, entries: &[u32], marks: &[u8]) {
        self.start(scan, totals, &[], &[]);
        for (&entry, _) in entries.iter().zip(marks).filter(|(_, mark)| **mark != 0) {
            self.push(scan, row(entry));
        }
    }

    /// The bits of a row's item, a number that says all that the gain needs to know of it; 0: there are no such items.
    fn item_bits(&self) -> u32 {
        0
    }

    /// The items of the rows that were laid out.
    fn items<'s>(&self, scan: &'s Self::Scan) -> &'s [u32] {
        let _ = scan;
        &[]
    }

    /// [`Criterion::gains`] for rows given by their items, which are the lowest bits of `keys`. Their order among rows of
    /// equal value changes no gain between different values.
    fn gains_of_items<'s>(&self, scan: &'s mut Self::Scan, totals: &Self::Totals, keys: &[u32]) -> &'s [f64] {
        let _ = (scan, totals, keys);
        &[]
    }

    /// The weights of two classes, where items hold the class in the lowest bit and the weight above it, and a split's
    /// gain is that of the Gini impurity.
    fn two(&self, totals: &Self::Totals) -> Option<(f64, f64)> {
        let _ = totals;
        None
    }

    /// The two sums of a node that every gain follows from, with those of the left side; `None`: there are no such two.
    fn pair_of_totals(&self, totals: &Self::Totals) -> Option<[f64; 2]> {
        let _ = totals;
        None
    }

    /// Whether there are such two.
    fn has_pairs(&self) -> bool {
        false
    }

    /// What a row adds to the two sums of a side: its weight, and what else the gain follows from.
    fn pair(&self, row: usize) -> [f64; 2] {
        let _ = row;
        [0.0; 2]
    }

    /// The gain of a split by the sums of its left side and [`Criterion::pair_of_totals`].
    fn gain_of_pair(left: [f64; 2], totals: [f64; 2]) -> f64
    where
        Self: Sized,
    {
        let _ = (left, totals);
        f64::NEG_INFINITY
    }

    /// The weights of the left and the right side.
    fn weights(&self, scan: &Self::Scan) -> (f64, f64);

    /// A number that is the larger the more the split reduces the impurity; only comparable within a node.
    fn gain(&self, scan: &Self::Scan) -> f64;

    /// How many units of [`Criterion::gain`] a unit of weight × [`Criterion::impurity`] is.
    fn unit(&self) -> f64 {
        1.0
    }

    /// The gain of the split after the first i entries, at place i (place 0 means nothing; −∞ may stand where the entry's flags say
    /// that its value is that before it), where [`Criterion::VECTOR`] says so.
    fn gains<'s>(&self, scan: &'s mut Self::Scan, totals: &Self::Totals, entries: &[u32]) -> &'s [f64] {
        let _ = (scan, totals, entries);
        &[]
    }

    /// What the two sides would predict for the first class (classes) or output: for monotonic constraints.
    fn sides(&self, scan: &Self::Scan) -> (f64, f64);

    /// The length of a bin's sums; 0: this criterion knows no bins.
    fn channels(&self) -> usize {
        0
    }

    /// Adds a row to its bin's sums.
    fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
        let _ = (row, bin, sums);
    }

    /// How many numbers say where the rows of a category lie; 1: along a line.
    fn dimensions(&self) -> usize;

    /// Writes where the rows of a category lie, which is what a leaf of them would predict but for what follows from the
    /// rest, and returns their weight. `sums` are theirs as those of a bin, where there are such.
    fn locate(&self, entries: &[u32], sums: &[f64], totals: &Self::Totals, out: &mut [f64]) -> f64;

    /// Moves all rows of a bin to the left.
    fn push_bin(&self, scan: &mut Self::Scan, bin: &[f64]) {
        let _ = (scan, bin);
    }
}

/// The rows of `entries` of a table with `width` values a row, which lie row by row.
fn taken<T: Copy>(table: &[T], width: usize, entries: &[u32]) -> Vec<T> {
    if width == 1 {
        return entries.iter().map(|&entry| table[row(entry)]).collect();
    }
    entries.iter().flat_map(|&entry| &table[row(entry) * width..(row(entry) + 1) * width]).copied().collect()
}

/// The weights of the rows of `entries`, where there are weights.
fn taken_weights<'a>(weights: Option<&Cow<'_, [f64]>>, entries: &[u32]) -> Option<Cow<'a, [f64]>> {
    weights.map(|weights| Cow::Owned(taken(weights, 1, entries)))
}
