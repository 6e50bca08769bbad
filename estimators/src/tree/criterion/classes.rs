//! Gini and entropy: impurities of class counts (Breiman et al. 1984).

use super::{Criterion, row, taken, taken_weights};
use std::borrow::Cow;

/// Class codes and weights: what both impurities count.
#[derive(Debug)]
pub struct Classes<'a> {
    /// n × outputs, row by row.
    pub(super) codes: Cow<'a, [u32]>,
    pub(super) weights: Option<Cow<'a, [f64]>>,
    /// The first count of each output, and the end.
    offsets: Vec<usize>,
    pub(super) widest: usize,
}

/// Class counts and the weight of a node.
#[derive(Debug)]
pub struct Counts {
    pub(super) counts: Vec<f64>,
    pub(super) weight: f64,
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

    pub(super) fn of(&self, entries: &[u32]) -> Self {
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
    pub(super) fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    pub(super) fn counts(&self) -> Counts {
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

    pub(super) fn value(&self, totals: &Counts, out: &mut [f64]) {
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
    pub(super) fn dimensions(&self) -> usize {
        if self.n_counts() <= 2 && self.outputs() == 1 { 1 } else { self.n_counts() }
    }

    pub(super) fn locate(&self, sums: &[f64], out: &mut [f64]) -> f64 {
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
pub(super) fn gini(counts: &[f64], weight: f64) -> f64 {
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
