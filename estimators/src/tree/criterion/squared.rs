//! The squared error: the variance of y around the mean of each side (Breiman et al. 1984).

use super::gains::{squared_gain_of_one, squared_gains};
use super::moments::{Left, Moments, Sums, sums_criterion};
use super::{Criterion, row, taken};
use crate::tree::order::{NEAR, NEW};

/// The variance around the mean, averaged over the outputs.
#[derive(Debug)]
pub struct SquaredError<'a>(pub Moments<'a>);

impl Criterion for SquaredError<'_> {
    sums_criterion!();

    fn of(&self, entries: &[u32]) -> Self {
        Self(self.0.of(entries))
    }

    fn impurity(&self, _: &[u32], totals: &Sums) -> f64 {
        self.0.variance(totals)
    }
    #[inline(always)]
    fn gain(&self, scan: &Left) -> f64 {
        squared_gain(scan)
    }
}

/// `Σ sum²/weight` over both sides: the variance, but for what does not depend on the split.
#[inline(always)]
fn squared_gain(scan: &Left) -> f64 {
    let (mut of_left, mut of_right) = (0.0, 0.0);
    for (&l, total) in scan.left.iter().zip(&scan.total) {
        let r = total - l;
        of_left += l * l;
        of_right += r * r;
    }
    of_left / scan.weight_left + of_right / (scan.weight - scan.weight_left)
}

/// [`SquaredError`] of one output, for weights that are not negative: all gains of a feature side by side.
#[derive(Debug)]
pub struct SquaredErrorOne<'a>(Moments<'a>, Vec<[f64; 2]>);

impl<'a> SquaredErrorOne<'a> {
    /// One output; no weight is negative.
    pub fn new(moments: Moments<'a>) -> Self {
        // Weight and weighted y side by side, for rows that lie scattered.
        let pair = |(&w, y): (&f64, &f64)| [w, w * y];
        let pairs = moments.weights.as_deref().map(|w| w.iter().zip(&*moments.y).map(pair).collect());
        SquaredErrorOne(moments, pairs.unwrap_or_default())
    }
}

impl Criterion for SquaredErrorOne<'_> {
    sums_criterion!();
    const VECTOR: bool = true;

    fn has_pairs(&self) -> bool {
        true
    }
    fn pair_of_totals(&self, totals: &Sums) -> Option<[f64; 2]> {
        Some([totals.weight, totals.sums[0]])
    }
    #[inline(always)]
    fn pair(&self, row: usize) -> [f64; 2] {
        self.1.get(row).copied().unwrap_or_else(|| [1.0, self.0.y[row]])
    }
    #[inline(always)]
    fn gain_of_pair([left, sum]: [f64; 2], [weight, total]: [f64; 2]) -> f64 {
        squared_gain_of_one(left, sum, weight, total)
    }
    fn of(&self, entries: &[u32]) -> Self {
        let pairs = if self.1.is_empty() { Vec::new() } else { taken(&self.1, 1, entries) };
        SquaredErrorOne(self.0.of(entries), pairs)
    }

    fn lay_out(&self, entries: &[u32], scan: &mut Left) {
        scan.laid_out.clear();
        if self.0.weights.is_none() {
            scan.laid_out.extend(entries.iter().map(|&entry| self.0.y[row(entry)]));
        }
    }
    fn mark(&self, scan: &mut Left, totals: &Sums, entries: &[u32], marks: &[u8]) {
        self.start(scan, totals, &[], &[]);
        let mut sum = 0.0;
        if self.0.weights.is_none() {
            // Every y is added or 0 is: which one cannot be guessed.
            for (y, &mark) in scan.laid_out.iter().zip(marks) {
                sum += f64::from_bits(y.to_bits() & u64::from(mark).wrapping_neg());
            }
            scan.weight_left = marks.iter().map(|&mark| u32::from(mark)).sum::<u32>().into();
            scan.left[0] = sum;
        } else {
            for (&entry, &mark) in entries.iter().zip(marks) {
                let [w, wy] = self.1[row(entry)];
                sum += wy * f64::from(mark);
                scan.weight_left += w * f64::from(mark);
            }
            scan.left[0] = sum;
        }
    }

    fn impurity(&self, _: &[u32], totals: &Sums) -> f64 {
        self.0.variance(totals)
    }
    #[inline(always)]
    fn gain(&self, scan: &Left) -> f64 {
        squared_gain(scan)
    }
    fn gains<'s>(&self, scan: &'s mut Left, totals: &Sums, entries: &[u32]) -> &'s [f64] {
        let n = entries.len();
        let (gains, lefts) = (&mut scan.gains, &mut scan.weights);
        gains.resize(n.max(gains.len()), 0.0);
        lefts.resize(n.max(lefts.len()), 0.0);
        let (gains, lefts) = (&mut gains[..n], &mut lefts[..n]);
        let mut sum = 0.0;
        if self.0.weights.is_none() {
            for (((gain, left), &entry), at) in gains.iter_mut().zip(lefts.iter_mut()).zip(entries).zip(0_u32..) {
                (*gain, *left) = (sum, f64::from(at));
                sum += self.0.y[row(entry)];
            }
        } else {
            let mut weight = 0.0;
            for ((gain, left), &entry) in gains.iter_mut().zip(lefts.iter_mut()).zip(entries) {
                (*gain, *left) = (sum, weight);
                let [w, wy] = self.1[row(entry)];
                weight += w;
                sum += wy;
            }
        }
        squared_gains(gains, lefts, totals.weight, totals.sums[0]);
        // Between equal values there is no split: none need be looked up there, row by row.
        for (gain, &entry) in gains.iter_mut().zip(entries) {
            *gain = if entry & (NEW | NEAR) == 0 { f64::NEG_INFINITY } else { *gain };
        }
        gains
    }
}
