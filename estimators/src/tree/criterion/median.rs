//! Absolute error: the impurity around the weighted median, which is not additive.
//!
//! A scan needs the error of every prefix and every suffix of the rows. Both come from one walk each: the rows enter
//! a Fenwick tree at the rank of their y, which finds the running median and the sums on its two sides in O(log n).

use super::{Criterion, row, taken, taken_weights};
use std::borrow::Cow;

/// The mean absolute deviation from the weighted median, averaged over the outputs.
#[derive(Debug)]
pub struct AbsoluteError<'a> {
    /// n × outputs, row by row.
    y: Cow<'a, [f64]>,
    outputs: usize,
    weights: Option<Cow<'a, [f64]>>,
}

/// A node's y in order, for each output, and the rank of each row.
#[derive(Debug)]
pub struct Ranked {
    weight: f64,
    n: usize,
    /// Outputs × n.
    sorted: Vec<f64>,
    /// Outputs × all rows; those of the node are filled.
    ranks: Vec<u32>,
    medians: Vec<f64>,
    error: f64,
    order: Vec<(f64, u32)>,
}

/// The errors of all prefixes and suffixes, and how far the scan is.
#[derive(Debug, Default)]
pub struct Errors {
    left: Vec<f64>,
    right: Vec<f64>,
    left_median: Vec<f64>,
    right_median: Vec<f64>,
    at: usize,
    weight_left: f64,
    weight: f64,
    tree: Fenwick,
}

impl<'a> AbsoluteError<'a> {
    /// `y` is n × outputs, row by row.
    pub fn new(y: Cow<'a, [f64]>, outputs: usize, weights: Option<&'a [f64]>) -> Self {
        AbsoluteError { y, outputs, weights: weights.map(Cow::Borrowed) }
    }

    fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    fn rows(&self) -> usize {
        self.y.len() / self.outputs
    }

    /// Lets the rows enter one after another; adds up the error after each and keeps the last output's median.
    fn walk<'e>(
        &self,
        entries: impl Iterator<Item = &'e u32>,
        totals: &Ranked,
        tree: &mut Fenwick,
        mut each: impl FnMut(usize, f64, f64),
        k: usize,
    ) {
        let sorted = &totals.sorted[k * totals.n..(k + 1) * totals.n];
        let ranks = &totals.ranks[k * self.rows()..(k + 1) * self.rows()];
        tree.clear(totals.n);
        for (i, &entry) in entries.enumerate() {
            let rank = ranks[row(entry)] as usize;
            tree.add(rank, sorted[rank], self.weight_of(row(entry)));
            let (median, error) = tree.median(sorted);
            each(i, error, median);
        }
    }
}

impl Criterion for AbsoluteError<'_> {
    type Totals = Ranked;
    type Scan = Errors;
    const ADDITIVE: bool = false;

    fn of(&self, entries: &[u32]) -> Self {
        AbsoluteError {
            y: taken(&self.y, self.outputs, entries).into(),
            outputs: self.outputs,
            weights: taken_weights(self.weights.as_ref(), entries),
        }
    }

    fn stride(&self) -> usize {
        self.outputs
    }
    fn totals(&self) -> Ranked {
        Ranked {
            weight: 0.0,
            n: 0,
            sorted: Vec::new(),
            ranks: vec![0; self.y.len()],
            medians: vec![0.0; self.outputs],
            error: 0.0,
            order: Vec::new(),
        }
    }
    fn sum(&self, entries: &[u32], totals: &mut Ranked) {
        totals.n = entries.len();
        totals.weight = entries.iter().map(|&e| self.weight_of(row(e))).sum();
        totals.sorted.clear();
        totals.error = 0.0;
        for k in 0..self.outputs {
            totals.order.clear();
            totals.order.extend(entries.iter().map(|&e| (self.y[row(e) * self.outputs + k], row(e) as u32)));
            totals.order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let ranks = &mut totals.ranks[k * self.rows()..(k + 1) * self.rows()];
            for (rank, &(y, row)) in totals.order.iter().enumerate() {
                totals.sorted.push(y);
                ranks[row as usize] = rank as u32;
            }
            totals.medians[k] = self.median(&totals.order, totals.weight);
            let median = totals.medians[k];
            totals.error +=
                totals.order.iter().map(|&(y, row)| self.weight_of(row as usize) * (y - median).abs()).sum::<f64>();
        }
    }
    fn weight(&self, totals: &Ranked) -> f64 {
        totals.weight
    }
    fn impurity(&self, _: &[u32], totals: &Ranked) -> f64 {
        totals.error / (totals.weight * self.outputs as f64)
    }
    fn value(&self, totals: &Ranked, out: &mut [f64]) {
        out.copy_from_slice(&totals.medians);
    }
    fn scan(&self) -> Errors {
        Errors::default()
    }
    fn start(&self, scan: &mut Errors, totals: &Ranked, first: &[u32], second: &[u32]) {
        let n = totals.n;
        for errors in [&mut scan.left, &mut scan.right, &mut scan.left_median, &mut scan.right_median] {
            errors.clear();
            errors.resize(n, 0.0);
        }
        for k in 0..self.outputs {
            let (errors, medians) = (&mut scan.left, &mut scan.left_median);
            let forward = first.iter().chain(second);
            let store = |i: usize, error, median| {
                errors[i] += error;
                medians[i] = median;
            };
            self.walk(forward, totals, &mut scan.tree, store, k);
            let (errors, medians) = (&mut scan.right, &mut scan.right_median);
            let backward = second.iter().rev().chain(first.iter().rev());
            let store = |i: usize, error, median| {
                errors[n - 1 - i] += error;
                medians[n - 1 - i] = median;
            };
            self.walk(backward, totals, &mut scan.tree, store, k);
        }
        scan.at = 0;
        scan.weight_left = 0.0;
        scan.weight = totals.weight;
    }
    fn push(&self, scan: &mut Errors, row: usize) {
        scan.at += 1;
        scan.weight_left += self.weight_of(row);
    }
    fn weights(&self, scan: &Errors) -> (f64, f64) {
        (scan.weight_left, scan.weight - scan.weight_left)
    }
    fn gain(&self, scan: &Errors) -> f64 {
        -(scan.left[scan.at - 1] + scan.right[scan.at]) / self.outputs as f64
    }
    fn sides(&self, scan: &Errors) -> (f64, f64) {
        (scan.left_median[scan.at - 1], scan.right_median[scan.at])
    }
    fn dimensions(&self) -> usize {
        self.outputs
    }
    fn locate(&self, entries: &[u32], _: &[f64], _: &Ranked, out: &mut [f64]) -> f64 {
        let weight = entries.iter().map(|&e| self.weight_of(row(e))).sum();
        let mut order: Vec<(f64, u32)> = Vec::with_capacity(entries.len());
        for (k, out) in out.iter_mut().enumerate() {
            order.clear();
            order.extend(entries.iter().map(|&e| (self.y[row(e) * self.outputs + k], row(e) as u32)));
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *out = self.median(&order, weight);
        }
        weight
    }
}

impl AbsoluteError<'_> {
    /// The weighted median of values in order: the middle of the two where the half falls between them.
    fn median(&self, order: &[(f64, u32)], weight: f64) -> f64 {
        let mut below = 0.0;
        for (i, &(y, row)) in order.iter().enumerate() {
            below += self.weight_of(row as usize);
            if below == weight / 2.0 {
                return order.get(i + 1).map_or(y, |&(next, _)| (y + next) / 2.0);
            }
            if below > weight / 2.0 {
                return y;
            }
        }
        order.last().map_or(f64::NAN, |&(y, _)| y)
    }
}

/// Running sums of weights and of weighted values by rank (Fenwick 1994).
#[derive(Debug, Default)]
struct Fenwick {
    /// Weight and weighted value of each block, from 1.
    blocks: Vec<(f64, f64)>,
    weight: f64,
    weighted: f64,
    top: usize,
}

impl Fenwick {
    fn clear(&mut self, n: usize) {
        self.blocks.clear();
        self.blocks.resize(n + 1, (0.0, 0.0));
        self.weight = 0.0;
        self.weighted = 0.0;
        self.top = if n == 0 { 0 } else { 1 << n.ilog2() };
    }

    fn add(&mut self, rank: usize, y: f64, w: f64) {
        let mut at = rank + 1;
        while let Some(block) = self.blocks.get_mut(at) {
            block.0 += w;
            block.1 += w * y;
            at += at & at.wrapping_neg();
        }
        self.weight += w;
        self.weighted += w * y;
    }

    /// The largest number of leading ranks whose weight stays below (or at, where `reach`) the target.
    fn descend(&self, target: f64, reach: bool) -> (usize, f64, f64) {
        let (mut at, mut weight, mut weighted) = (0, 0.0, 0.0);
        let mut step = self.top;
        while step > 0 {
            if let Some(block) = self.blocks.get(at + step)
                && (weight + block.0 < target || (reach && weight + block.0 == target))
            {
                at += step;
                weight += block.0;
                weighted += block.1;
            }
            step >>= 1;
        }
        (at, weight, weighted)
    }

    /// The weighted median of what has been added and the sum of weighted distances to it.
    fn median(&self, sorted: &[f64]) -> (f64, f64) {
        let half = 0.5 * self.weight;
        let last = sorted.len() - 1;
        let (low, ..) = self.descend(half, false);
        let (high, weight, weighted) = self.descend(half, true);
        let (low, high) = (sorted[low.min(last)], sorted[high.min(last)]);
        let median = if low == high { low } else { (low + high) / 2.0 };
        let above = (self.weighted - weighted) - median * (self.weight - weight);
        (median, above + (median * weight - weighted))
    }
}
