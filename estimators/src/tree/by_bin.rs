//! A node's rows added up by bin instead of sorted: the search of binned columns, of columns of few values, and of
//! categories once these have an order.

use super::criterion::Criterion;
use super::split::{Candidate, Place, Search};
use crate::binning::Sums;

/// The rows in each bin and the criterion's sums of them, those of missing values last.
#[derive(Debug, Default)]
pub struct ByBin {
    counts: Vec<u32>,
    sums: Vec<f64>,
}

impl ByBin {
    /// Starts without rows: so many bins for known values.
    pub fn start<'a, C: Criterion>(&'a mut self, known: usize, criterion: &'a C) -> Filling<'a, C> {
        self.counts.clear();
        self.counts.resize(known + 1, 0);
        self.sums.clear();
        self.sums.resize((known + 1) * criterion.channels(), 0.0);
        Filling { criterion, counts: &mut self.counts, sums: &mut self.sums }
    }

    /// The bins of known values that have rows, from bin `first` on.
    pub fn filled(&self, first: usize) -> impl Iterator<Item = usize> + '_ {
        let (_, known) = self.counts.split_last().unwrap_or((&0, &[]));
        (first..known.len()).filter(|&bin| known[bin] > 0)
    }

    /// Whether values are missing.
    pub fn has_missing(&self) -> bool {
        self.counts.last().is_some_and(|&count| count > 0)
    }

    /// The best split between two bins that have rows, of `n` in all, or of all known values and the missing ones; the last
    /// bin on the left, and the next one that has rows. The first of equally good ones wins. `apart` says whether a split
    /// tells a bin from the next one.
    pub fn best<C: Criterion>(
        &self,
        search: &Search<'_, C>,
        n: usize,
        apart: impl Fn(usize, usize) -> bool,
        scan: &mut C::Scan,
    ) -> Option<(Candidate, usize, Option<usize>)> {
        let ((&n_missing, known), width) = (self.counts.split_last()?, search.criterion.channels());
        let sums = |bin: usize| &self.sums[bin * width..(bin + 1) * width];
        let mut best: Option<(Candidate, usize, Option<usize>)> = None;
        for missing_left in [false, true] {
            if missing_left && n_missing == 0 {
                break;
            }
            search.criterion.start(scan, search.totals, &[], &[]);
            let mut n_left = 0;
            if missing_left {
                search.criterion.push_bin(scan, sums(known.len()));
                n_left = n_missing as usize;
            }
            let mut bins = self.filled(0).peekable();
            while let Some(bin) = bins.next() {
                search.criterion.push_bin(scan, sums(bin));
                n_left += known[bin] as usize;
                if n_left == n {
                    break;
                }
                let next = bins.peek().copied();
                if next.is_none_or(|next| apart(bin, next))
                    && let Some(gain) = search.gain(scan, n_left, n)
                    && best.as_ref().is_none_or(|(best, ..)| gain > best.gain)
                {
                    let missing_left = missing_left || (n_missing == 0 && 2 * n_left > n);
                    best = Some((Candidate { gain, n_left, missing_left, at: Place::Order }, bin, next));
                }
            }
        }
        best.filter(|(best, ..)| best.gain > f64::NEG_INFINITY)
    }
}

/// Bins to which rows are being added.
#[derive(Debug)]
pub struct Filling<'a, C> {
    criterion: &'a C,
    counts: &'a mut [u32],
    sums: &'a mut [f64],
}

impl<C: Criterion> Filling<'_, C> {
    /// Adds a row to a bin.
    #[inline(always)]
    pub fn add(&mut self, row: usize, bin: usize) {
        self.counts[bin] += 1;
        self.criterion.add(row, bin, self.sums);
    }

    /// Adds `n` rows with these sums to a bin that has none.
    pub fn put(&mut self, bin: usize, n: usize, sums: &[f64]) {
        self.counts[bin] = n as u32;
        self.sums[bin * sums.len()..(bin + 1) * sums.len()].copy_from_slice(sums);
    }
}

impl<C: Criterion> Sums for Filling<'_, C> {
    /// The row.
    type Item = usize;

    #[inline(always)]
    fn n_bins(&self) -> usize {
        self.counts.len()
    }

    #[inline(always)]
    fn item(&self, _: usize, row: usize) -> usize {
        row
    }

    #[inline(always)]
    unsafe fn add(&mut self, row: usize, bin: usize) {
        self.add(row, bin);
    }
}

#[cfg(test)]
mod tests {
    use super::super::bins::Bins;
    use super::super::criterion::{Classes, Gini, GiniOne, Moments, Poisson, SquaredError, SquaredErrorOne};
    use super::super::ranks::Ranks;
    use super::super::split::Found;
    use super::super::{Columns, Limits, few, ranked};
    use super::*;
    use crate::Control;
    use crate::growth::Bounds;
    use crate::tree::shared::Scratch;
    use ndarray::Array2;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    /// Columns of few values: whole ones, with missing ones, and some that a split cannot tell apart.
    fn table(n: usize, kinds: u64, below: &mut impl FnMut(u64) -> u64) -> Array2<f32> {
        Array2::from_shape_fn((n, 3), |(_, j)| match below(6) {
            0 if j == 1 => f32::NAN,
            kind if j == 2 => below(kinds) as f32 * if kind < 3 { 1.0 } else { 2e-8 },
            _ => below(kinds) as f32 - 4.0,
        })
    }

    /// Bins, values that are added up and a sort find the same split of nodes, large and small.
    fn agree<C: Criterion>(
        criterion: &C,
        x: &Array2<f32>,
        limits: Limits,
        sign: i8,
        below: &mut impl FnMut(u64) -> u64,
    ) -> [usize; 3] {
        let (ctl, n) = (Control::new(), x.nrows());
        let ranks = Ranks::new(&Columns::F32(x.view()), &ctl).unwrap();
        let bins = Bins::new(&ranks, 255, &ctl).unwrap();
        let (mut totals, mut scan, mut scratch) = (criterion.totals(), criterion.scan(), Scratch::default());
        let mut compared = [0; 3];
        for _ in 0..30 {
            let (wanted, from) = (1 + below(n as u64), below(3) as f32 - 5.0);
            let in_node = |row: &u32| !(x[[*row as usize, 0]] < from);
            let rows: Vec<u32> = (0..n as u32).filter(|row| in_node(row) && below(n as u64) < wanted).collect();
            criterion.sum(&rows, &mut totals);
            let monotonic = (sign, Bounds::NONE);
            let search = Search { criterion, totals: &totals, limits, monotonic, most: 0.0, wanted: f64::NEG_INFINITY };
            for j in 0..3 {
                let extent = ranks.look_up(&rows, j, &mut scratch.keys);
                if rows.is_empty() || extent.0 == extent.1 {
                    continue;
                }
                let of_rows = scratch.keys.ranks.clone();
                let sorted = ranked::best_of_order(&ranks, &rows, j, extent, &search, &mut scratch, &mut scan);
                let by_value = few::best(&ranks, &rows, j, &of_rows, extent, &search, &mut scratch.by_bin, &mut scan);
                assert_eq!(by_value, sorted, "column {j} of {} rows", rows.len());
                // Values too near for a split share a bin, and nothing is said of what is constant within bins.
                let by_bins = bins.best(&rows, j, &search, &mut scratch, &mut scan);
                if j < 2
                    && let Some(by_bins) = by_bins
                {
                    assert_eq!(by_bins, Found { constant: false, ..sorted }, "bins of column {j}");
                }
                compared[j] += usize::from(sorted.best.is_some());
            }
        }
        compared
    }

    /// y and weights are whole numbers, so that sums are exact in any order.
    #[test]
    fn sums_by_bin_find_what_a_sort_finds() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut below = |n: u64| rng.next_u64() % n;
        let mut compared = [0; 3];
        for round in 0..12 {
            let n = 1 + below(if round % 3 == 0 { 900 } else { 60 }) as usize;
            let x = table(n, [2, 5, 40][round % 3], &mut below);
            let effect = |x: f32| if x.is_nan() { 6 } else { 2 * (x.abs() as u64 % 5) };
            let y: Vec<f64> = (0..2 * n).map(|i| (effect(x[[i / 2, i % 2]]) + below(6)) as f64).collect();
            let first: Vec<f64> = y.iter().step_by(2).copied().collect();
            let codes: Vec<u32> = first.iter().map(|&y| y as u32 % 3).collect();
            let weights: Vec<f64> = (0..n).map(|_| 1.0 + below(4) as f64).collect();
            let weights = (round % 2 == 1).then_some(&weights[..]);
            let free = Limits { min_leaf: 1 + below(3) as usize, min_weight: 0.0 };
            let limits = Limits { min_weight: below(9) as f64, ..free };
            let moments = |y: &Vec<f64>, outputs| Moments::new(y.clone().into(), outputs, weights);
            let classes = || Classes::new(codes.clone().into(), &[3], weights);
            let mut compare = |found: [usize; 3]| (0..3).for_each(|j| compared[j] += found[j]);
            compare(agree(&SquaredErrorOne::new(moments(&first, 1)), &x, free, 0, &mut below));
            compare(agree(&SquaredError(moments(&first, 1)), &x, limits, 1, &mut below));
            compare(agree(&SquaredError(moments(&y, 2)), &x, limits, 0, &mut below));
            compare(agree(&Poisson(moments(&first, 1)), &x, limits, -1, &mut below));
            compare(agree(&GiniOne::new(classes()), &x, free, 0, &mut below));
            compare(agree(&Gini(classes()), &x, limits, 0, &mut below));
        }
        assert!(compared.iter().all(|&n| n > 500), "{compared:?}");
    }
}
