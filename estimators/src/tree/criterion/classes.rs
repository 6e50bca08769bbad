//! Gini and entropy: impurities of class counts (Breiman et al. 1984).

use super::{Criterion, row};
use std::borrow::Cow;

/// Class codes and weights: what both impurities count.
#[derive(Debug)]
pub struct Classes<'a> {
    /// n × outputs, row by row.
    codes: Cow<'a, [u32]>,
    weights: Option<&'a [f64]>,
    /// The first count of each output, and the end.
    offsets: Vec<usize>,
    widest: usize,
}

/// Class counts and the weight of a node.
#[derive(Debug)]
pub struct Counts {
    counts: Vec<f64>,
    weight: f64,
}

/// The counts of both sides of a split.
#[derive(Debug)]
pub struct Sides {
    left: Vec<f64>,
    right: Vec<f64>,
    weight_left: f64,
    weight: f64,
}

impl<'a> Classes<'a> {
    /// `codes` is n × outputs, row by row; output k has `n_classes[k]` classes.
    pub fn new(codes: Cow<'a, [u32]>, n_classes: &[usize], weights: Option<&'a [f64]>) -> Self {
        let mut offsets = vec![0];
        offsets.extend(n_classes.iter().scan(0, |at, k| {
            *at += k;
            Some(*at)
        }));
        Classes { codes, weights, offsets, widest: n_classes.iter().copied().max().unwrap_or(1) }
    }

    fn outputs(&self) -> usize {
        self.offsets.len() - 1
    }

    fn n_counts(&self) -> usize {
        self.offsets[self.outputs()]
    }

    #[inline(always)]
    fn weight_of(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    fn counts(&self) -> Counts {
        Counts { counts: vec![0.0; self.n_counts()], weight: 0.0 }
    }

    fn sides(&self) -> Sides {
        Sides { left: vec![0.0; self.n_counts()], right: vec![0.0; self.n_counts()], weight_left: 0.0, weight: 0.0 }
    }

    fn sum(&self, entries: &[u32], totals: &mut Counts) {
        totals.counts.fill(0.0);
        totals.weight = 0.0;
        let outputs = self.outputs();
        for &entry in entries {
            let (row, w) = (row(entry), self.weight_of(row(entry)));
            for (k, &code) in self.codes[row * outputs..(row + 1) * outputs].iter().enumerate() {
                totals.counts[self.offsets[k] + code as usize] += w;
            }
            totals.weight += w;
        }
    }

    fn value(&self, totals: &Counts, out: &mut [f64]) {
        for (k, out) in out.chunks_mut(self.widest).enumerate() {
            let counts = &totals.counts[self.offsets[k]..self.offsets[k + 1]];
            out.fill(0.0);
            for (o, count) in out.iter_mut().zip(counts) {
                *o = count / totals.weight;
            }
        }
    }

    fn start(&self, scan: &mut Sides, totals: &Counts) {
        scan.left.fill(0.0);
        scan.right.copy_from_slice(&totals.counts);
        scan.weight_left = 0.0;
        scan.weight = totals.weight;
    }

    fn push(&self, scan: &mut Sides, row: usize) {
        let (outputs, w) = (self.outputs(), self.weight_of(row));
        for (k, &code) in self.codes[row * outputs..(row + 1) * outputs].iter().enumerate() {
            let at = self.offsets[k] + code as usize;
            scan.left[at] += w;
            scan.right[at] -= w;
        }
        scan.weight_left += w;
    }

    #[inline(always)]
    fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
        let (outputs, w) = (self.outputs(), self.weight_of(row));
        let sums = &mut sums[bin * self.n_counts()..(bin + 1) * self.n_counts()];
        for (k, &code) in self.codes[row * outputs..(row + 1) * outputs].iter().enumerate() {
            sums[self.offsets[k] + code as usize] += w;
        }
    }

    fn push_bin(&self, scan: &mut Sides, bin: &[f64]) {
        for (at, &w) in bin.iter().enumerate() {
            scan.left[at] += w;
            scan.right[at] -= w;
        }
        scan.weight_left += bin[..self.offsets[1]].iter().sum::<f64>();
    }

    /// The share of the second of two classes, or all shares.
    fn dimensions(&self) -> usize {
        if self.n_counts() <= 2 && self.outputs() == 1 { 1 } else { self.n_counts() }
    }

    fn locate(&self, sums: &[f64], out: &mut [f64]) -> f64 {
        let weight = sums[..self.offsets[1]].iter().sum::<f64>();
        let shown = &sums[sums.len() - out.len()..];
        out.iter_mut().zip(shown).for_each(|(out, count)| *out = count / weight);
        weight
    }

    /// The mean over the outputs of `impurity(counts, weight)`.
    fn mean(&self, counts: &[f64], weight: f64, impurity: fn(&[f64], f64) -> f64) -> f64 {
        let each = self.offsets.windows(2).map(|k| impurity(&counts[k[0]..k[1]], weight));
        each.sum::<f64>() / self.outputs() as f64
    }
}

/// `1 − Σ (count/weight)²`.
fn gini(counts: &[f64], weight: f64) -> f64 {
    1.0 - counts.iter().map(|c| c * c).sum::<f64>() / (weight * weight)
}

/// `−Σ p·log2 p` with `p = count/weight`.
fn entropy(counts: &[f64], weight: f64) -> f64 {
    let shares = counts.iter().filter(|&&c| c > 0.0).map(|c| c / weight);
    0.0 - shares.map(|p| p * (p.ln() / std::f64::consts::LN_2)).sum::<f64>()
}

macro_rules! class_criterion {
    ($name:ident, $impurity:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $name<'a>(pub Classes<'a>);

        impl Criterion for $name<'_> {
            type Totals = Counts;
            type Scan = Sides;
            const ADDITIVE: bool = true;

            fn stride(&self) -> usize {
                self.0.outputs() * self.0.widest
            }
            fn totals(&self) -> Counts {
                self.0.counts()
            }
            fn sum(&self, entries: &[u32], totals: &mut Counts) {
                self.0.sum(entries, totals);
            }
            fn weight(&self, totals: &Counts) -> f64 {
                totals.weight
            }
            fn impurity(&self, _: &[u32], totals: &Counts) -> f64 {
                self.0.mean(&totals.counts, totals.weight, $impurity)
            }
            fn value(&self, totals: &Counts, out: &mut [f64]) {
                self.0.value(totals, out);
            }
            fn scan(&self) -> Sides {
                self.0.sides()
            }
            fn start(&self, scan: &mut Sides, totals: &Counts, _: &[u32], _: &[u32]) {
                self.0.start(scan, totals);
            }
            fn push(&self, scan: &mut Sides, row: usize) {
                self.0.push(scan, row);
            }
            fn weights(&self, scan: &Sides) -> (f64, f64) {
                (scan.weight_left, scan.weight - scan.weight_left)
            }
            fn gain(&self, scan: &Sides) -> f64 {
                let (left, right) = self.weights(scan);
                -right * self.0.mean(&scan.right, right, $impurity) - left * self.0.mean(&scan.left, left, $impurity)
            }
            fn sides(&self, scan: &Sides) -> (f64, f64) {
                let (left, right) = self.weights(scan);
                (scan.left[0] / left, scan.right[0] / right)
            }
            fn channels(&self) -> usize {
                self.0.n_counts()
            }
            #[inline(always)]
            fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
                self.0.add(row, bin, sums);
            }
            fn push_bin(&self, scan: &mut Sides, bin: &[f64]) {
                self.0.push_bin(scan, bin);
            }
            fn dimensions(&self) -> usize {
                self.0.dimensions()
            }
            fn locate(&self, _: &[u32], sums: &[f64], _: &Counts, out: &mut [f64]) -> f64 {
                self.0.locate(sums, out)
            }
        }
    };
}

class_criterion!(Gini, gini, "The Gini impurity, averaged over the outputs.");
class_criterion!(Entropy, entropy, "The Shannon entropy in bits, averaged over the outputs.");

/// The Gini impurity of one output, for weights that are not negative: the sums of squared counts are moved along, in
/// constant time whatever the number of classes. Without weights, or with whole ones, that is exact.
#[derive(Debug)]
pub struct GiniOne<'a> {
    classes: Classes<'a>,
    /// For each row its class and, above [`CLASS_BITS`], its weight, where all weights are small whole numbers: half
    /// the memory, which is what costs when rows lie scattered.
    items: Vec<u32>,
}

/// The bits of an item that hold the class.
const CLASS_BITS: u32 = 16;

/// The state of [`GiniOne`]: counts and the sums of their squares.
#[derive(Debug, Default)]
pub struct Squares {
    /// The left and the right count of each class.
    counts: Vec<[f64; 2]>,
    left: f64,
    right: f64,
    weight_left: f64,
    weight: f64,
    gains: Vec<f64>,
    others: Vec<f64>,
    weights: Vec<f64>,
}

/// `−weight·gini` of both sides, from their weights and sums of squared counts.
#[inline(always)]
fn gini_gain(left: f64, right: f64, squares_left: f64, squares_right: f64) -> f64 {
    -right * (1.0 - squares_right / (right * right)) - left * (1.0 - squares_left / (left * left))
}

/// [`gini_gain`] of two classes, from the weights on the left.
#[inline(always)]
fn gini_gain_of_two(left: f64, ones_left: f64, zeros: f64, ones: f64) -> f64 {
    let (zeros_left, right) = (left - ones_left, zeros + ones - left);
    let (zeros_right, ones_right) = (zeros - zeros_left, ones - ones_left);
    let squares_left = zeros_left * zeros_left + ones_left * ones_left;
    let squares_right = zeros_right * zeros_right + ones_right * ones_right;
    gini_gain(left, right, squares_left, squares_right)
}

/// [`gini_gain_of_two`] of many splits: `gains` holds the weights of the ones on the left, `left` all weights there. The
/// same bits whatever instructions the machine has: products and sums are not fused.
fn gini_gains_of_two(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
    #[inline(always)]
    fn all(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
        for (gain, &left) in gains.iter_mut().zip(left) {
            *gain = gini_gain_of_two(left, *gain, zeros, ones);
        }
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
        fn wide(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
            all(gains, left, zeros, ones);
        }
        #[target_feature(enable = "avx2")]
        fn middle(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
            all(gains, left, zeros, ones);
        }
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: these instructions are there.
            return unsafe { wide(gains, left, zeros, ones) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions are there.
            return unsafe { middle(gains, left, zeros, ones) };
        }
    }
    all(gains, left, zeros, ones);
}

impl<'a> GiniOne<'a> {
    /// One output; no weight is negative.
    pub fn new(classes: Classes<'a>) -> Self {
        let most = f64::from(1_u32 << (u32::BITS - CLASS_BITS));
        let small = |w: &[f64]| w.iter().all(|&w| w < most && w.fract() == 0.0);
        let fits = classes.widest <= 1 << CLASS_BITS && classes.weights.is_some_and(small);
        let item = |(row, &code): (usize, &u32)| code | (classes.weight_of(row) as u32) << CLASS_BITS;
        let items = if fits { classes.codes.iter().enumerate().map(item).collect() } else { Vec::new() };
        GiniOne { classes, items }
    }

    /// The class and the weight of a row.
    #[inline(always)]
    fn item(&self, row: usize) -> (usize, f64) {
        match self.items.get(row) {
            Some(&item) => ((item & ((1 << CLASS_BITS) - 1)) as usize, f64::from(item >> CLASS_BITS)),
            None => (self.classes.codes[row] as usize, self.classes.weight_of(row)),
        }
    }

    #[inline(always)]
    fn move_left(scan: &mut Squares, code: usize, w: f64) {
        let [left, right] = &mut scan.counts[code];
        scan.left += w * (2.0 * *left + w);
        scan.right -= w * (2.0 * *right - w);
        *left += w;
        *right -= w;
        scan.weight_left += w;
    }
}

impl Criterion for GiniOne<'_> {
    type Totals = Counts;
    type Scan = Squares;
    const ADDITIVE: bool = true;
    const VECTOR: bool = true;

    fn stride(&self) -> usize {
        self.classes.widest
    }
    fn totals(&self) -> Counts {
        self.classes.counts()
    }
    fn sum(&self, entries: &[u32], totals: &mut Counts) {
        totals.counts.fill(0.0);
        totals.weight = 0.0;
        for &entry in entries {
            let (code, w) = self.item(row(entry));
            totals.counts[code] += w;
            totals.weight += w;
        }
    }
    fn weight(&self, totals: &Counts) -> f64 {
        totals.weight
    }
    fn impurity(&self, _: &[u32], totals: &Counts) -> f64 {
        gini(&totals.counts, totals.weight)
    }
    fn value(&self, totals: &Counts, out: &mut [f64]) {
        self.classes.value(totals, out);
    }
    fn scan(&self) -> Squares {
        Squares { counts: vec![[0.0; 2]; self.classes.widest], ..Squares::default() }
    }
    fn start(&self, scan: &mut Squares, totals: &Counts, _: &[u32], _: &[u32]) {
        for (both, &count) in scan.counts.iter_mut().zip(&totals.counts) {
            *both = [0.0, count];
        }
        scan.left = 0.0;
        scan.right = totals.counts.iter().map(|c| c * c).sum();
        scan.weight_left = 0.0;
        scan.weight = totals.weight;
    }
    #[inline(always)]
    fn push(&self, scan: &mut Squares, row: usize) {
        let (code, w) = self.item(row);
        Self::move_left(scan, code, w);
    }
    #[inline(always)]
    fn weights(&self, scan: &Squares) -> (f64, f64) {
        (scan.weight_left, scan.weight - scan.weight_left)
    }
    #[inline(always)]
    fn gain(&self, scan: &Squares) -> f64 {
        let (left, right) = self.weights(scan);
        gini_gain(left, right, scan.left, scan.right)
    }
    fn gains<'s>(&self, scan: &'s mut Squares, totals: &Counts, entries: &[u32]) -> &'s [f64] {
        if let [zeros, ones] = totals.counts[..] {
            // The weight of the ones on the left, then all gains side by side.
            if self.classes.weights.is_none() {
                scan.gains.clear();
                let mut left = 0_u32;
                scan.gains.extend(entries.iter().map(|&entry| {
                    let before = f64::from(left);
                    left += self.classes.codes[row(entry)];
                    before
                }));
                for (at, gain) in scan.gains.iter_mut().enumerate() {
                    *gain = gini_gain_of_two(f64::from(at as u32), *gain, zeros, ones);
                }
                return &scan.gains;
            }
            let (mut left, mut ones_left) = (0.0, 0.0);
            let n = entries.len();
            scan.gains.resize(n.max(scan.gains.len()), 0.0);
            scan.weights.resize(n.max(scan.weights.len()), 0.0);
            let (gains, weights) = (&mut scan.gains[..n], &mut scan.weights[..n]);
            for ((gain, weight), &entry) in gains.iter_mut().zip(weights.iter_mut()).zip(entries) {
                let (code, w) = self.item(row(entry));
                (*weight, *gain) = (left, ones_left);
                left += w;
                ones_left += if code == 1 { w } else { 0.0 };
            }
            gini_gains_of_two(gains, weights, zeros, ones);
            return gains;
        }
        self.start(scan, totals, entries, &[]);
        let Squares { gains, others, weights, .. } = scan;
        let (mut gains, mut others) = (std::mem::take(gains), std::mem::take(others));
        let mut weights = std::mem::take(weights);
        gains.clear();
        others.clear();
        weights.clear();
        for &entry in entries {
            gains.push(scan.left);
            others.push(scan.right);
            weights.push(scan.weight_left);
            self.push(scan, row(entry));
        }
        for ((gain, squares_right), &left) in gains.iter_mut().zip(&others).zip(&weights) {
            *gain = gini_gain(left, totals.weight - left, *gain, *squares_right);
        }
        (scan.gains, scan.others, scan.weights) = (gains, others, weights);
        &scan.gains
    }
    fn sides(&self, scan: &Squares) -> (f64, f64) {
        let (left, right) = self.weights(scan);
        let [first_left, first_right] = scan.counts[0];
        (first_left / left, first_right / right)
    }
    fn channels(&self) -> usize {
        self.classes.widest
    }
    #[inline(always)]
    fn add(&self, row: usize, bin: usize, sums: &mut [f64]) {
        let (code, w) = self.item(row);
        sums[bin * self.classes.widest + code] += w;
    }
    fn push_bin(&self, scan: &mut Squares, bin: &[f64]) {
        for (code, &w) in bin.iter().enumerate() {
            Self::move_left(scan, code, w);
        }
    }
    fn dimensions(&self) -> usize {
        self.classes.dimensions()
    }
    fn locate(&self, _: &[u32], sums: &[f64], _: &Counts, out: &mut [f64]) -> f64 {
        self.classes.locate(sums, out)
    }
}
