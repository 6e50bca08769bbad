//! The Gini impurity of one output, whose sums of squared counts are moved along with the rows.

use super::classes::{Classes, Counts, gini};
use super::gains::{gini_gain, gini_gain_of_two, gini_gains_of_two};
use super::items::Items;
use super::squares::Squares;
use super::{Criterion, row};

/// The Gini impurity of one output, for weights that are not negative: the sums of squared counts are moved along, in
/// constant time whatever the number of classes. Without weights, or with whole ones, that is exact.
#[derive(Debug)]
pub struct GiniOne<'a> {
    classes: Classes<'a>,
    items: Items,
}

impl<'a> GiniOne<'a> {
    /// One output; no weight is negative.
    pub fn new(classes: Classes<'a>) -> Self {
        let items = Items::new(&classes);
        GiniOne { classes, items }
    }
}

impl Criterion for GiniOne<'_> {
    type Totals = Counts;
    type Scan = Squares;
    const ADDITIVE: bool = true;
    const VECTOR: bool = true;

    fn of(&self, entries: &[u32]) -> Self {
        GiniOne { classes: self.classes.of(entries), items: self.items.of(entries) }
    }
    fn lay_out(&self, entries: &[u32], scan: &mut Squares) {
        scan.laid_out.clear();
        if self.items.bits > 0 {
            scan.laid_out.extend(entries.iter().map(|&entry| self.items.get(row(entry), &self.classes)));
        }
    }
    fn mark(&self, scan: &mut Squares, totals: &Counts, entries: &[u32], marks: &[u8]) {
        scan.start(totals);
        if self.items.bits == 0 {
            for (&entry, _) in entries.iter().zip(marks).filter(|(_, mark)| **mark != 0) {
                self.push(scan, row(entry));
            }
        } else if let [_, [left, _]] = &mut scan.counts[..] {
            // All are added, or nothing is: which one cannot be guessed.
            let (mut weight, mut ones) = (0_u64, 0_u64);
            // So many weights do not exceed 32 bits.
            let part = 1 << (u32::BITS - self.items.bits);
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
                let w = f64::from((item >> self.items.class_bits) & u32::from(mark).wrapping_neg());
                scan.counts[(item & self.items.class_mask()) as usize][0] += w;
            }
            scan.settle();
        }
    }
    fn item_bits(&self) -> u32 {
        self.items.bits
    }
    fn two(&self, totals: &Counts) -> Option<(f64, f64)> {
        match totals.counts[..] {
            [zeros, ones] if self.items.bits > 0 => Some((zeros, ones)),
            _ => None,
        }
    }
    fn has_pairs(&self) -> bool {
        self.classes.widest == 2
    }
    fn pair_of_totals(&self, totals: &Counts) -> Option<[f64; 2]> {
        totals.counts[..].try_into().ok()
    }
    #[inline(always)]
    fn pair(&self, row: usize) -> [f64; 2] {
        let (code, w) = self.items.class(row, &self.classes);
        [w, if code == 1 { w } else { 0.0 }]
    }
    #[inline(always)]
    fn gain_of_pair([left, ones_left]: [f64; 2], [zeros, ones]: [f64; 2]) -> f64 {
        gini_gain_of_two(left, ones_left, zeros, ones)
    }
    fn items<'s>(&self, scan: &'s Squares) -> &'s [u32] {
        &scan.laid_out
    }
    fn gains_of_items<'s>(&self, scan: &'s mut Squares, totals: &Counts, keys: &[u32]) -> &'s [f64] {
        let mask = (1 << self.items.bits) - 1;
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
        let class =
            |key: u32| ((key & self.items.class_mask()) as usize, f64::from((key & mask) >> self.items.class_bits));
        scan.gains(totals, keys.iter().map(|&key| class(key)))
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
            && self.items.bits > 0
        {
            let (mut weight, mut of_ones) = (0_u64, 0_u64);
            for &entry in entries {
                let item = self.items.get(row(entry), &self.classes);
                weight += u64::from(item >> 1);
                of_ones += u64::from((item & 1).wrapping_neg() & item >> 1);
            }
            (*zeros, *ones, totals.weight) = ((weight - of_ones) as f64, of_ones as f64, weight as f64);
            return;
        }
        for &entry in entries {
            let (code, w) = self.items.class(row(entry), &self.classes);
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
        Squares::new(self.classes.widest)
    }
    fn start(&self, scan: &mut Squares, totals: &Counts, _: &[u32], _: &[u32]) {
        scan.start(totals);
    }
    #[inline(always)]
    fn push(&self, scan: &mut Squares, row: usize) {
        let (code, w) = self.items.class(row, &self.classes);
        scan.move_left(code, w);
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
                let (code, w) = self.items.class(row(entry), &self.classes);
                (*weight, *gain) = (left, ones_left);
                left += w;
                ones_left += if code == 1 { w } else { 0.0 };
            }
            gini_gains_of_two(gains, weights, zeros, ones);
            return gains;
        }
        scan.gains(totals, entries.iter().map(|&entry| self.items.class(row(entry), &self.classes)))
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
        let (code, w) = self.items.class(row, &self.classes);
        sums[bin * self.classes.widest + code] += w;
    }
    fn push_bin(&self, scan: &mut Squares, bin: &[f64]) {
        for (code, &w) in bin.iter().enumerate() {
            scan.move_left(code, w);
        }
    }
    fn dimensions(&self) -> usize {
        self.classes.dimensions()
    }
    fn locate(&self, _: &[u32], sums: &[f64], _: &Counts, out: &mut [f64]) -> f64 {
        self.classes.locate(sums, out)
    }
}
