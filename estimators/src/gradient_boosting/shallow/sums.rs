//! Sums over bins: for each bin of each feature the gradient, the number of rows and a bound for the gradient's size.
//!
//! A row's record and a bin's sums are a few `f64` side by side, added at once. The second holds two whole numbers,
//! the count and the size in steps of 1/255 of the largest: sums of them are exact, so that a node's sums are those
//! of its parent less those of its sibling without an error, and an empty bin is known as empty.

use super::binned::Binned;
use crate::binning::{Sums, add_column};

/// What is summed: weighted gradient, count and size, and with weights the weight.
pub type Record<const S: usize> = [f64; S];

/// Rows up to which [`Packed`] is exact.
pub const MOST_ROWS: usize = (1 << 22) - 1;
const STEPS: f64 = 255.0;
const SHIFT: u32 = 30;

/// The count and the size of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packed(u64);

impl Packed {
    /// From a record's second number.
    pub fn of(number: f64) -> Self {
        Packed(number as u64)
    }
    /// The number of rows.
    pub fn count(self) -> usize {
        (self.0 >> SHIFT) as usize
    }
    /// The sum of the sizes, in steps.
    pub fn steps(self) -> f64 {
        (self.0 & ((1 << SHIFT) - 1)) as f64
    }
    /// The sum of both.
    pub fn plus(self, other: Self) -> Self {
        Packed(self.0 + other.0)
    }
}

/// The records of a tree's rows.
#[derive(Debug)]
pub struct Records<const S: usize> {
    /// For each row.
    pub rows: Vec<Record<S>>,
    /// What one step of size is.
    pub step: f64,
    /// The smallest weight that is not 0.
    pub least: f64,
}

impl<const S: usize> Records<S> {
    /// The records of `gradient`, weighted where S is 4; weights are not negative.
    pub fn new(gradient: &[f64], weights: Option<&[f64]>) -> Self {
        let weighted = |(i, &g): (usize, &f64)| weights.map_or(g, |w| w[i] * g);
        let largest = gradient.iter().enumerate().map(weighted).fold(0.0_f64, |m, g| m.max(g.abs()));
        let per_step = if largest > 0.0 { STEPS / largest } else { 0.0 };
        let one = (1_u64 << SHIFT) as f64;
        let mut least = f64::INFINITY;
        let record = |(i, g): (usize, &f64)| {
            let g = weighted((i, g));
            let mut record = [0.0; S];
            record[0] = g;
            record[1] = one + (g.abs() * per_step).ceil().min(STEPS + 1.0);
            if let (Some(weights), Some(weight)) = (weights, record.get_mut(2)) {
                *weight = weights[i];
                least = if *weight > 0.0 { least.min(*weight) } else { least };
            }
            record
        };
        let rows = gradient.iter().enumerate().map(record).collect();
        Records { rows, step: largest / STEPS, least: if weights.is_some() { least } else { 1.0 } }
    }
}

/// The records of all rows, and the bins to which they are added.
struct ByBin<'a, const S: usize>(&'a [Record<S>], &'a mut [Record<S>]);

impl<const S: usize> Sums for ByBin<'_, S> {
    type Item = Record<S>;

    #[inline(always)]
    fn n_bins(&self) -> usize {
        self.1.len()
    }

    #[inline(always)]
    fn item(&self, _: usize, row: usize) -> Record<S> {
        self.0[row]
    }

    #[inline(always)]
    unsafe fn add(&mut self, record: Record<S>, bin: usize) {
        // SAFETY: the caller vouches for the bin; there are always as many.
        let sum = unsafe { self.1.get_unchecked_mut(bin) };
        for c in 0..S {
            sum[c] += record[c];
        }
    }
}

/// Sums the records of `rows` (all: `None`) by the bins of a feature.
pub fn add<const S: usize>(
    binned: &Binned,
    feature: usize,
    rows: Option<&[u32]>,
    records: &[Record<S>],
    sums: &mut [Record<S>],
) {
    let bins = binned.codes().bins_of_column(feature).len();
    add_column(binned.codes(), feature, rows, ByBin(records, &mut sums[..bins]));
}

/// Takes a part's sums away from the whole's.
pub fn take_away<const S: usize>(whole: &mut [Record<S>], part: &[Record<S>]) {
    for (whole, part) in whole.iter_mut().zip(part) {
        for c in 0..S {
            whole[c] -= part[c];
        }
        if whole[1] == 0.0 {
            *whole = [0.0; S];
        }
    }
}
