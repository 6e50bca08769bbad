//! Gini and entropy: impurities of class counts (Breiman et al. 1984).

use super::gains::{gini_gain, gini_gain_of_two, gini_gains_of_two};
use super::{Criterion, row, taken, taken_weights};
use std::borrow::Cow;

/// Class codes and weights: what both impurities count.
#[derive(Debug)]
pub struct Classes<'a> {
    /// n × outputs, row by row.
    codes: Cow<'a, [u32]>,
    weights: Option<Cow<'a, [f64]>>,
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
        let widest = n_classes.iter().copied().max().unwrap_or(1);
        Classes { codes, weights: weights.map(Cow::Borrowed), offsets, widest }
    }

    fn of(&self, entries: &[u32]) -> Self {
        Classes {
            codes: taken(&self.codes, self.outputs(), entries).into(),
            weights: taken_weights(self.weights.as_ref(), entries),
            offsets: self.offsets.clone(),
            widest: self.widest,
        }
    }

    fn outputs(&self) -> usize {
        self.offsets.len() - 1
    }

    fn n_counts(&self) -> usize {
        self.offsets[self.outputs()]
    }

    #[inline(always)]
    fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
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

            fn of(&self, entries: &[u32]) -> Self {
                Self(self.0.of(entries))
            }
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
    /// For each row its class and, above that, its weight, where all weights are small whole numbers: half the memory,
    /// which is what costs when rows lie scattered.
    items: Vec<u32>,
    /// The bits of an item that hold the class.
    class_bits: u32,
    /// The bits of an item; 0: rows are not given by items.
    item_bits: u32,
}

/// The bits of an item, at most.
const ITEM_BITS: u32 = 31;

/// Rows whose sums of squares are kept side by side.
const SOME: usize = 2048;

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
    laid_out: Vec<u32>,
}

impl Squares {
    /// What follows from the counts on the left.
    fn settle(&mut self) {
        (self.left, self.right, self.weight_left) = (0.0, 0.0, 0.0);
        for [left, right] in &mut self.counts {
            *right -= *left;
            self.left += *left * *left;
            self.right += *right * *right;
            self.weight_left += *left;
        }
    }
}

impl<'a> GiniOne<'a> {
    /// One output; no weight is negative.
    pub fn new(classes: Classes<'a>) -> Self {
        let class_bits = u32::BITS - (classes.widest.max(1) as u32 - 1).leading_zeros();
        let heaviest = classes.weights.as_deref().map_or(1.0, |w| w.iter().fold(0.0_f64, |most, &w| most.max(w)));
        let whole = classes.weights.as_deref().is_none_or(|w| w.iter().all(|w| w.fract() == 0.0));
        let fits = whole && heaviest < f64::from(1_u32 << (ITEM_BITS - class_bits.min(ITEM_BITS)));
        if !fits {
            return GiniOne { classes, items: Vec::new(), class_bits, item_bits: 0 };
        }
        let item = |(row, &code): (usize, &u32)| code | (classes.weight_of(row) as u32) << class_bits;
        let items = match classes.weights {
            Some(_) => classes.codes.iter().enumerate().map(item).collect(),
            None => Vec::new(),
        };
        let item_bits = class_bits + u32::BITS - (heaviest as u32).leading_zeros();
        GiniOne { classes, items, class_bits, item_bits }
    }

    /// The class and the weight of a row.
    #[inline(always)]
    fn item(&self, row: usize) -> (usize, f64) {
        match self.items.get(row) {
            Some(&item) => ((item & self.class_mask()) as usize, f64::from(item >> self.class_bits)),
            None => (self.classes.codes[row] as usize, self.classes.weight_of(row)),
        }
    }

    fn class_mask(&self) -> u32 {
        (1 << self.class_bits) - 1
    }

    /// The item of a row, where rows are given by items.
    #[inline(always)]
    fn whole(&self, row: usize) -> u32 {
        self.items.get(row).copied().unwrap_or_else(|| self.classes.codes[row] | 1 << self.class_bits)
    }

    /// The gains of moving rows of these classes and weights to the left, one after the other.
    #[inline(always)]
    fn squares<'s>(
        &self,
        scan: &'s mut Squares,
        totals: &Counts,
        mut rows: impl ExactSizeIterator<Item = (usize, f64)>,
    ) -> &'s [f64] {
        self.start(scan, totals, &[], &[]);
        let Squares { gains, others, weights, .. } = scan;
        let (mut gains, mut others) = (std::mem::take(gains), std::mem::take(others));
        let mut weights = std::mem::take(weights);
        gains.clear();
        // Some rows at a time: what is needed of each for a moment stays at hand.
        while rows.len() > 0 {
            let first = gains.len();
            others.clear();
            weights.clear();
            for (class, w) in rows.by_ref().take(SOME) {
                gains.push(scan.left);
                others.push(scan.right);
                weights.push(scan.weight_left);
                Self::move_left(scan, class, w);
            }
            for ((gain, squares_right), &left) in gains[first..].iter_mut().zip(&others).zip(&weights) {
                *gain = gini_gain(left, totals.weight - left, *gain, *squares_right);
            }
        }
        (scan.gains, scan.others, scan.weights) = (gains, others, weights);
        &scan.gains
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

    fn of(&self, entries: &[u32]) -> Self {
        let items = if self.items.is_empty() { Vec::new() } else { taken(&self.items, 1, entries) };
        GiniOne { classes: self.classes.of(entries), items, ..*self }
    }
    fn lay_out(&self, entries: &[u32], scan: &mut Squares) {
        scan.laid_out.clear();
        if self.item_bits > 0 {
            scan.laid_out.extend(entries.iter().map(|&entry| self.whole(row(entry))));
        }
    }
    fn mark(&self, scan: &mut Squares, totals: &Counts, entries: &[u32], marks: &[u8]) {
        self.start(scan, totals, &[], &[]);
        if self.item_bits == 0 {
            for (&entry, _) in entries.iter().zip(marks).filter(|(_, mark)| **mark != 0) {
                self.push(scan, row(entry));
            }
        } else if let [_, [left, _]] = &mut scan.counts[..] {
            // All are added, or nothing is: which one cannot be guessed.
            let (mut weight, mut ones) = (0_u64, 0_u64);
            // So many weights do not exceed 32 bits.
            let part = 1 << (u32::BITS - self.item_bits);
            for (items, marks) in scan.laid_out.chunks(part).zip(marks.chunks(part)) {
                let (mut w, mut o) = (0_u32, 0_u32);
                for (&item, &mark) in items.iter().zip(marks) {
                    let item = item & u32::from(mark).wrapping_neg();
                    w += item >> 1;
                    o += (item & 1).wrapping_neg() & item >> 1;
                }
                (weight, ones) = (weight + u64::from(w), ones + u64::from(o));
            }
            *left = ones as f64;
            scan.counts[0][0] = (weight - ones) as f64;
            scan.settle();
        } else {
            for (&item, &mark) in scan.laid_out.iter().zip(marks) {
                let w = f64::from((item >> self.class_bits) & u32::from(mark).wrapping_neg());
                scan.counts[(item & self.class_mask()) as usize][0] += w;
            }
            scan.settle();
        }
    }
    fn item_bits(&self) -> u32 {
        self.item_bits
    }
    fn two(&self, totals: &Counts) -> Option<(f64, f64)> {
        match totals.counts[..] {
            [zeros, ones] if self.item_bits > 0 => Some((zeros, ones)),
            _ => None,
        }
    }
    fn items<'s>(&self, scan: &'s Squares) -> &'s [u32] {
        &scan.laid_out
    }
    fn gains_of_items<'s>(&self, scan: &'s mut Squares, totals: &Counts, keys: &[u32]) -> &'s [f64] {
        let mask = (1 << self.item_bits) - 1;
        if let [zeros, ones] = totals.counts[..] {
            let n = keys.len();
            scan.gains.resize(n.max(scan.gains.len()), 0.0);
            scan.weights.resize(n.max(scan.weights.len()), 0.0);
            let (gains, weights) = (&mut scan.gains[..n], &mut scan.weights[..n]);
            let (mut left, mut ones_left) = (0_u32, 0_u32);
            for ((gain, weight), &key) in gains.iter_mut().zip(weights.iter_mut()).zip(keys) {
                let (class, w) = (key & 1, (key & mask) >> 1);
                (*weight, *gain) = (f64::from(left), f64::from(ones_left));
                left += w;
                ones_left += class.wrapping_neg() & w;
            }
            gini_gains_of_two(gains, weights, zeros, ones);
            return gains;
        }
        let class = |key: u32| ((key & self.class_mask()) as usize, f64::from((key & mask) >> self.class_bits));
        self.squares(scan, totals, keys.iter().map(|&key| class(key)))
    }

    fn stride(&self) -> usize {
        self.classes.widest
    }
    fn totals(&self) -> Counts {
        self.classes.counts()
    }
    fn sum(&self, entries: &[u32], totals: &mut Counts) {
        totals.counts.fill(0.0);
        totals.weight = 0.0;
        if let [zeros, ones] = &mut totals.counts[..]
            && self.item_bits > 0
        {
            let (mut weight, mut of_ones) = (0_u64, 0_u64);
            for &entry in entries {
                let item = self.whole(row(entry));
                weight += u64::from(item >> 1);
                of_ones += u64::from((item & 1).wrapping_neg() & item >> 1);
            }
            (*zeros, *ones, totals.weight) = ((weight - of_ones) as f64, of_ones as f64, weight as f64);
            return;
        }
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
        self.squares(scan, totals, entries.iter().map(|&entry| self.item(row(entry))))
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
