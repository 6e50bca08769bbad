//! The best split of a node on one feature, exactly, without looking at every row.
//!
//! The gain of a split, `L²/w_L + R²/w_R` for the sums L, R of the gradient and the weights of both sides, is convex in
//! (L, w_L). Inside a bin L stays between the sum before it less all negative gradients in it and plus all positive
//! ones, so the corners of that box bound the gain of every split inside. Only bins whose bound reaches the best gain
//! at a border are looked into, row by row.

use super::binned::{BINS, Binned};
use super::sums::{Packed, Record};
use crate::tree::Limits;
use crate::tree::columns::TIE;
use crate::tree::criterion::row;
use crate::tree::order::{NEAR, NEW};

/// A bound is raised by this share, far more than rounding can make of it.
const SLACK: f64 = 1e-9;

/// The sums of a node.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its rows.
    pub n: usize,
    /// The sum of their weighted gradients.
    pub sum: f64,
    /// Their weight.
    pub weight: f64,
}

/// A split between two neighbours in a feature's order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Comparable within the node.
    pub gain: f64,
    /// The feature.
    pub feature: u32,
    /// The bin to the left of it, or around it.
    pub bin: u32,
    /// Inside the bin: the values next to it.
    pub inside: Option<(f32, f32)>,
}

/// The inside of a bin that may have a better split.
#[derive(Debug, Clone, Copy)]
pub struct Inside {
    /// No split there has a larger gain.
    pub bound: f64,
    feature: u32,
    bin: u32,
    /// The gradient's sum, the weight and the rows before it.
    sum: f64,
    weight: f64,
    n: usize,
}

/// What one feature offers.
#[derive(Debug, Default)]
pub struct Look {
    /// The best split at a border.
    pub best: Option<Split>,
    /// Bins that may have a better one inside.
    pub inside: Vec<Inside>,
    /// The one bin that has all rows, where there is only one.
    pub only: Option<usize>,
}

/// Room for one look.
#[derive(Debug)]
pub struct Room {
    sum: [f64; BINS + 1],
    weight: [f64; BINS + 1],
    count: [u32; BINS + 1],
    size: [f64; BINS],
    of_left: [f64; BINS + 1],
    of_right: [f64; BINS + 1],
}

impl Default for Room {
    fn default() -> Self {
        let (f, g) = ([0.0; BINS + 1], [0.0; BINS]);
        Room { sum: f, weight: f, count: [0; BINS + 1], size: g, of_left: f, of_right: f }
    }
}

/// One node's search.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// X.
    pub binned: &'a Binned,
    /// The node.
    pub node: Node,
    /// What a split has to respect.
    pub limits: Limits,
    /// One step of size.
    pub step: f64,
    /// The smallest weight of a row.
    pub least: f64,
}

impl Search<'_> {
    fn allows(&self, n_left: usize, left: f64, right: f64) -> bool {
        let Limits { min_leaf, min_weight } = self.limits;
        n_left >= min_leaf.max(1)
            && self.node.n - n_left >= min_leaf.max(1)
            && left >= min_weight
            && right >= min_weight
            && left > 0.0
            && right > 0.0
    }

    /// Looks at a feature's borders, and lists the bins whose inside may be better than those and than `floor`.
    pub fn look<const S: usize>(&self, feature: usize, sums: &[Record<S>], floor: f64, room: &mut Room) -> Look {
        let Search { node, .. } = *self;
        let bins = self.binned.bins(feature);
        let Room { sum, weight, count, size, of_left, of_right } = room;
        let (mut left, mut packed, mut left_weight) = (0.0, Packed::default(), 0.0);
        let mut filled = 0;
        for (b, bin) in sums[..bins].iter().enumerate() {
            let own = Packed::of(bin[1]);
            left += bin[0];
            packed = packed.plus(own);
            left_weight += bin.get(2).copied().unwrap_or(0.0);
            filled += usize::from(own.count() > 0);
            (sum[b + 1], count[b + 1], size[b]) = (left, packed.count() as u32, own.steps() * self.step);
            weight[b + 1] = if S == 2 { f64::from(count[b + 1]) } else { left_weight };
        }
        for b in 0..=bins {
            // Next to an end, one row's weight at least lies between it and a split inside.
            of_left[b] = 1.0 / if weight[b] > 0.0 { weight[b] } else { self.least };
            let rest = node.weight - weight[b];
            of_right[b] = 1.0 / if rest > 0.0 { rest.max(self.least) } else { self.least };
        }
        let gain = |l: f64, at_left: f64, at_right: f64| l * l * at_left + (node.sum - l) * (node.sum - l) * at_right;
        let mut look = Look::default();
        let mut best = (f64::NEG_INFINITY, 0);
        for b in 1..bins {
            let found = gain(sum[b], of_left[b], of_right[b]);
            if found > best.0 && self.allows(count[b] as usize, weight[b], node.weight - weight[b]) {
                best = (found, b);
            }
        }
        if best.1 > 0 {
            let split = Split { gain: best.0, feature: feature as u32, bin: best.1 as u32 - 1, inside: None };
            look.best = Some(split);
        }
        let floor = floor.max(best.0) * (1.0 - SLACK);
        let mixed = self.binned.mixed(feature);
        let least = self.limits.min_leaf.max(1);
        for b in 0..bins {
            let own = sum[b + 1] - sum[b];
            let (up, down) = ((size[b] + own) / 2.0, (size[b] - own) / 2.0);
            let (above, below) = (sum[b] + up.max(0.0), sum[b] - down.max(0.0));
            let bound = gain(above, of_left[b], of_right[b + 1]).max(gain(below, of_left[b], of_right[b + 1]));
            if bound >= floor
                && mixed[b]
                && count[b + 1] - count[b] >= 2
                && count[b + 1] as usize > least
                && (count[b] as usize) < node.n - least
            {
                let (sum, weight, n) = (sum[b], weight[b], count[b] as usize);
                look.inside.push(Inside { bound, feature: feature as u32, bin: b as u32, sum, weight, n });
            }
        }
        look.only = if filled == 1 { (0..bins).find(|&b| count[b + 1] > count[b]) } else { None };
        look
    }

    /// The best split inside a bin; the first of equally good ones.
    pub fn look_inside<const S: usize>(
        &self,
        inside: &Inside,
        records: &[Record<S>],
        is_here: impl Fn(usize) -> bool,
    ) -> Option<Split> {
        let Search { node, .. } = *self;
        let (feature, bin) = (inside.feature as usize, inside.bin as usize);
        let values = self.binned.column(feature);
        let (mut sum, mut weight, mut n) = (inside.sum, inside.weight, inside.n);
        let mut best: Option<Split> = None;
        let mut before: Option<usize> = None;
        let mut flags = 0;
        for &entry in self.binned.entries(feature, bin..bin + 1) {
            flags |= entry & (NEW | NEAR);
            let at = row(entry);
            if !is_here(at) {
                continue;
            }
            if let Some(last) = before
                && flags != 0
                && Binned::larger(flags, values[at], values[last])
            {
                let (right, rest) = (node.sum - sum, node.weight - weight);
                if self.allows(n, weight, rest) {
                    let gain = sum * sum / weight + right * right / rest;
                    if best.is_none_or(|best| gain > best.gain) {
                        let (feature, bin, inside) = (inside.feature, inside.bin, Some((values[last], values[at])));
                        best = Some(Split { gain, feature, bin, inside });
                    }
                }
            }
            let record = &records[at];
            sum += record[0];
            weight += if S == 2 { 1.0 } else { record.get(2).copied().unwrap_or(1.0) };
            n += 1;
            (before, flags) = (Some(at), 0);
        }
        best
    }

    /// Whether a split separates two of the node's values inside a bin.
    pub fn varies(&self, feature: usize, bin: usize, is_here: impl Fn(usize) -> bool) -> bool {
        let values = self.binned.column(feature);
        let mut here =
            self.binned.entries(feature, bin..bin + 1).iter().map(|&entry| row(entry)).filter(|&r| is_here(r));
        // Flags aside: a tie never spans more than its ends.
        here.next().is_some_and(|first| {
            let mut before = values[first];
            here.any(|r| values[r] > std::mem::replace(&mut before, values[r]) + TIE)
        })
    }

    /// The values next to a split: in the node, the last to its left and the first to its right.
    pub fn neighbours(&self, split: &Split, is_here: impl Fn(usize) -> bool) -> (f32, f32) {
        if let Some(values) = split.inside {
            return values;
        }
        let (feature, bin) = (split.feature as usize, split.bin as usize);
        let values = self.binned.column(feature);
        let here = |&&entry: &&u32| is_here(row(entry));
        let before = self.binned.entries(feature, 0..bin + 1).iter().rev().find(here);
        let after = self.binned.entries(feature, bin + 1..self.binned.bins(feature)).iter().find(here);
        let value = |entry: Option<&u32>| entry.map_or(f32::NAN, |&entry| values[row(entry)]);
        (value(before), value(after))
    }
}
