//! Squared error and Poisson deviance: impurities of the first moments of y (Breiman et al. 1984).

use super::{Criterion, row, taken, taken_weights};
use std::borrow::Cow;

/// Targets and weights: what both impurities sum.
#[derive(Debug)]
pub struct Moments<'a> {
    /// n × outputs, row by row.
    y: Cow<'a, [f64]>,
    outputs: usize,
    weights: Option<Cow<'a, [f64]>>,
}

/// The sums of a node.
#[derive(Debug)]
pub struct Sums {
    sums: Vec<f64>,
    /// The smallest and the largest value of each output: whether a node is pure is not left to rounding.
    extent: Vec<(f64, f64)>,
    squares: f64,
    weight: f64,
}

/// The sums on the left, and those of the node.
#[derive(Debug, Default)]
pub struct Left {
    left: Vec<f64>,
    total: Vec<f64>,
    weight_left: f64,
    weight: f64,
    gains: Vec<f64>,
    weights: Vec<f64>,
    laid_out: Vec<f64>,
}

impl<'a> Moments<'a> {
    /// `y` is n × outputs, row by row.
    pub fn new(y: Cow<'a, [f64]>, outputs: usize, weights: Option<&'a [f64]>) -> Self {
        Moments { y, outputs, weights: weights.map(Cow::Borrowed) }
    }

    fn of(&self, entries: &[u32]) -> Self {
        Moments {
            y: taken(&self.y, self.outputs, entries).into(),
            outputs: self.outputs,
            weights: taken_weights(self.weights.as_ref(), entries),
        }
    }

    #[inline(always)]
    fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    fn room(&self) -> Sums {
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        Sums { sums: vec![0.0; self.outputs], extent: vec![none; self.outputs], squares: 0.0, weight: 0.0 }
    }

    fn left(&self) -> Left {
        Left { left: vec![0.0; self.outputs], total: vec![0.0; self.outputs], ..Left::default() }
    }

    fn sum(&self, entries: &[u32], totals: &mut Sums) {
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
    fn variance(&self, totals: &Sums) -> f64 {
        if totals.extent.iter().all(|(low, high)| low == high) {
            return 0.0;
        }
        let means = totals.sums.iter().map(|sum| (sum / totals.weight).powi(2));
        means.fold(totals.squares / totals.weight, |rest, square| rest - square) / self.outputs as f64
    }

    fn value(&self, totals: &Sums, out: &mut [f64]) {
        for k in 0..self.outputs {
            let (low, high) = totals.extent[k];
            out[k] = if low == high { low } else { totals.sums[k] / totals.weight };
        }
    }

    fn start(&self, scan: &mut Left, totals: &Sums) {
        scan.left.fill(0.0);
        scan.total.copy_from_slice(&totals.sums);
        scan.weight_left = 0.0;
        scan.weight = totals.weight;
    }

    #[inline(always)]
    fn push(&self, scan: &mut Left, row: usize) {
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
    fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
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

    fn push_bin(&self, scan: &mut Left, bin: &[f64]) {
        scan.weight_left += bin[0];
        for (left, sum) in scan.left.iter_mut().zip(&bin[1..]) {
            *left += sum;
        }
    }
}

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
        gains
    }
}

/// [`squared_gain`] of many splits: `gains` holds the sums on the left, `left` the weights there. The same bits whatever
/// instructions the machine has: products and sums are not fused.
fn squared_gains(gains: &mut [f64], left: &[f64], weight: f64, total: f64) {
    #[inline(always)]
    fn all(gains: &mut [f64], left: &[f64], weight: f64, total: f64) {
        for (gain, &left) in gains.iter_mut().zip(left) {
            let (l, r) = (*gain, total - *gain);
            *gain = l * l / left + r * r / (weight - left);
        }
    }
    #[cfg(target_arch = "x86_64")]
    if gains.len() >= 16 {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
        fn wide(gains: &mut [f64], left: &[f64], weight: f64, total: f64) {
            all(gains, left, weight, total);
        }
        #[target_feature(enable = "avx2")]
        fn middle(gains: &mut [f64], left: &[f64], weight: f64, total: f64) {
            all(gains, left, weight, total);
        }
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: these instructions are there.
            return unsafe { wide(gains, left, weight, total) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions are there.
            return unsafe { middle(gains, left, weight, total) };
        }
    }
    all(gains, left, weight, total);
}

/// Half the Poisson deviance around the mean, averaged over the outputs. Sides whose y add up to 0 are refused.
#[derive(Debug)]
pub struct Poisson<'a>(pub Moments<'a>);

/// Sums no larger than this count as 0.
const NOTHING: f64 = f64::EPSILON;

impl Criterion for Poisson<'_> {
    sums_criterion!();

    fn of(&self, entries: &[u32]) -> Self {
        Self(self.0.of(entries))
    }

    fn impurity(&self, entries: &[u32], totals: &Sums) -> f64 {
        if totals.sums.iter().any(|&sum| sum <= NOTHING) {
            return f64::INFINITY;
        }
        if totals.extent.iter().all(|(low, high)| low == high) {
            return 0.0;
        }
        let outputs = self.0.outputs;
        let mut loss = 0.0;
        for (k, sum) in totals.sums.iter().enumerate() {
            let mean = sum / totals.weight;
            for &entry in entries {
                let y = self.0.y[row(entry) * outputs + k];
                if y > 0.0 {
                    loss += self.0.weight_of(row(entry)) * y * (y / mean).ln();
                }
            }
        }
        loss / (totals.weight * outputs as f64)
    }
    fn gain(&self, scan: &Left) -> f64 {
        let (left, right) = self.weights(scan);
        let mut gain = 0.0;
        for (&l, total) in scan.left.iter().zip(&scan.total) {
            let r = total - l;
            if l <= NOTHING || r <= NOTHING {
                return f64::NEG_INFINITY;
            }
            gain += l * (l / left).ln() + r * (r / right).ln();
        }
        gain
    }
}
