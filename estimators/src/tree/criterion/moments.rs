//! The first moments of y: what the squared error and the Poisson deviance sum, and move from side to side.

use super::{row, taken, taken_weights};
use std::borrow::Cow;

/// Targets and weights: what both impurities sum.
#[derive(Debug)]
pub struct Moments<'a> {
    /// n × outputs, row by row.
    pub(super) y: Cow<'a, [f64]>,
    pub(super) outputs: usize,
    pub(super) weights: Option<Cow<'a, [f64]>>,
}

/// The sums of a node.
#[derive(Debug)]
pub struct Sums {
    pub(super) sums: Vec<f64>,
    /// The smallest and the largest value of each output: whether a node is pure is not left to rounding.
    pub(super) extent: Vec<(f64, f64)>,
    squares: f64,
    pub(super) weight: f64,
}

/// The sums on the left, and those of the node.
#[derive(Debug, Default)]
pub struct Left {
    pub(super) left: Vec<f64>,
    pub(super) total: Vec<f64>,
    pub(super) weight_left: f64,
    pub(super) weight: f64,
    pub(super) gains: Vec<f64>,
    pub(super) weights: Vec<f64>,
    pub(super) laid_out: Vec<f64>,
}

impl<'a> Moments<'a> {
    /// `y` is n × outputs, row by row.
    pub fn new(y: Cow<'a, [f64]>, outputs: usize, weights: Option<&'a [f64]>) -> Self {
        Moments { y, outputs, weights: weights.map(Cow::Borrowed) }
    }

    pub(super) fn of(&self, entries: &[u32]) -> Self {
        Moments {
            y: taken(&self.y, self.outputs, entries).into(),
            outputs: self.outputs,
            weights: taken_weights(self.weights.as_ref(), entries),
        }
    }

    #[inline(always)]
    pub(super) fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    pub(super) fn room(&self) -> Sums {
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        Sums { sums: vec![0.0; self.outputs], extent: vec![none; self.outputs], squares: 0.0, weight: 0.0 }
    }

    pub(super) fn left(&self) -> Left {
        Left { left: vec![0.0; self.outputs], total: vec![0.0; self.outputs], ..Left::default() }
    }

    pub(super) fn sum(&self, entries: &[u32], totals: &mut Sums) {
        totals.sums.fill(0.0);
        totals.extent.fill((f64::INFINITY, f64::NEG_INFINITY));
        totals.squares = 0.0;
        totals.weight = 0.0;
        if self.outputs == 1 {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            let (mut sum, mut squares, mut weight) = (0.0, 0.0, 0.0);
            for &entry in entries {
                let (y, w) = (self.y[row(entry)], self.weight_of(row(entry)));
                (low, high) = (low.min(y), high.max(y));
                sum += w * y;
                squares += w * y * y;
                weight += w;
            }
            totals.extent[0] = (low, high);
            totals.sums[0] = sum;
            (totals.squares, totals.weight) = (squares, weight);
            return;
        }
        for &entry in entries {
            let row = row(entry);
            let w = self.weight_of(row);
            for k in 0..self.outputs {
                let y = self.y[row * self.outputs + k];
                let (low, high) = &mut totals.extent[k];
                *low = low.min(y);
                *high = high.max(y);
                totals.sums[k] += w * y;
                totals.squares += w * y * y;
            }
            totals.weight += w;
        }
    }

    /// The variance around the mean, averaged over the outputs.
    pub(super) fn variance(&self, totals: &Sums) -> f64 {
        if totals.extent.iter().all(|(low, high)| low == high) {
            return 0.0;
        }
        let means = totals.sums.iter().map(|sum| (sum / totals.weight).powi(2));
        means.fold(totals.squares / totals.weight, |rest, square| rest - square) / self.outputs as f64
    }

    pub(super) fn value(&self, totals: &Sums, out: &mut [f64]) {
        for k in 0..self.outputs {
            let (low, high) = totals.extent[k];
            out[k] = if low == high { low } else { totals.sums[k] / totals.weight };
        }
    }

    pub(super) fn start(&self, scan: &mut Left, totals: &Sums) {
        scan.left.fill(0.0);
        scan.total.copy_from_slice(&totals.sums);
        scan.weight_left = 0.0;
        scan.weight = totals.weight;
    }

    #[inline(always)]
    pub(super) fn push(&self, scan: &mut Left, row: usize) {
        let w = self.weight_of(row);
        if self.outputs == 1 {
            scan.left[0] += w * self.y[row];
        } else {
            let y = &self.y[row * self.outputs..(row + 1) * self.outputs];
            for (sum, y) in scan.left.iter_mut().zip(y) {
                *sum += w * y;
            }
        }
        scan.weight_left += w;
    }
}

impl Moments<'_> {
    /// A bin's sums: the weight, then w·y of each output.
    #[inline(always)]
    pub(super) fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
        let w = self.weight_of(row);
        if self.outputs == 1 {
            sums[2 * bin] += w;
            sums[2 * bin + 1] += w * self.y[row];
            return;
        }
        let width = self.outputs + 1;
        let sums = &mut sums[bin * width..(bin + 1) * width];
        sums[0] += w;
        for (sum, y) in sums[1..].iter_mut().zip(&self.y[row * self.outputs..(row + 1) * self.outputs]) {
            *sum += w * y;
        }
    }

    pub(super) fn push_bin(&self, scan: &mut Left, bin: &[f64]) {
        scan.weight_left += bin[0];
        for (left, sum) in scan.left.iter_mut().zip(&bin[1..]) {
            *left += sum;
        }
    }
}

/// What a [`super::Criterion`] over [`Moments`] has in common with the others.
macro_rules! sums_criterion {
    () => {
        type Totals = Sums;
        type Scan = Left;
        const ADDITIVE: bool = true;

        fn stride(&self) -> usize {
            self.0.outputs
        }
        fn totals(&self) -> Sums {
            self.0.room()
        }
        fn sum(&self, entries: &[u32], totals: &mut Sums) {
            self.0.sum(entries, totals);
        }
        fn weight(&self, totals: &Sums) -> f64 {
            totals.weight
        }
        fn value(&self, totals: &Sums, out: &mut [f64]) {
            self.0.value(totals, out);
        }
        fn scan(&self) -> Left {
            self.0.left()
        }
        fn start(&self, scan: &mut Left, totals: &Sums, _: &[u32], _: &[u32]) {
            self.0.start(scan, totals);
        }
        #[inline(always)]
        fn push(&self, scan: &mut Left, row: usize) {
            self.0.push(scan, row);
        }
        #[inline(always)]
        fn weights(&self, scan: &Left) -> (f64, f64) {
            (scan.weight_left, scan.weight - scan.weight_left)
        }
        fn sides(&self, scan: &Left) -> (f64, f64) {
            let (left, right) = self.weights(scan);
            (scan.left[0] / left, (scan.total[0] - scan.left[0]) / right)
        }
        fn channels(&self) -> usize {
            self.0.outputs + 1
        }
        #[inline(always)]
        fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
            self.0.add(row, bin, sums);
        }
        fn push_bin(&self, scan: &mut Left, bin: &[f64]) {
            self.0.push_bin(scan, bin);
        }
        fn unit(&self) -> f64 {
            self.0.outputs as f64
        }
        fn dimensions(&self) -> usize {
            self.0.outputs
        }
        fn locate(&self, _: &[u32], sums: &[f64], _: &Sums, out: &mut [f64]) -> f64 {
            out.iter_mut().zip(&sums[1..]).for_each(|(out, sum)| *out = sum / sums[0]);
            sums[0]
        }
    };
}
pub(super) use sums_criterion;
