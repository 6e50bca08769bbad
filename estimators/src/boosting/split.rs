//! The best split of a node from its histogram.
//!
//! A split is worth the loss that it saves, by the second-order expansion of Chen and Guestrin (2016,
//! arXiv:1603.02754), with the children's values held within the node's bounds. Missing values are tried on both sides.
//! Categories are put in the order of their gradients (Fisher 1958, doi:10.1080/01621459.1958.10501479) and cut there.

use super::cuts::{Cuts, Scale, add};
use super::fixed::{Form, Sums};
use crate::binning::{Binned, Channels};
use crate::growth::Bounds;

/// Some categories: one bit a bin.
pub type CategorySet = [u64; 4];

/// Hessians of a child, at least.
pub const MIN_HESSIAN: f64 = 1e-3;
/// Weight that a category needs to be told from others, and by which its mean is drawn to 0.
const CATEGORY_SUPPORT: f64 = 10.0;

/// What a split has to respect.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Rows of a child, at least.
    pub min_samples_leaf: u32,
    /// What is added to the hessians.
    pub l2: f64,
    /// For each feature whether predictions may only rise (1), only fall (-1) or both (0); empty: both for all.
    pub monotonic: Vec<i8>,
}

/// A node as a split sees it.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its sums.
    pub sums: Sums,
    /// Its value, within the bounds that its parent gave.
    pub value: f64,
    /// What its children's values have to lie in.
    pub bounds: Bounds,
}

/// Which way a row's bin leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Side {
    /// Bins up to this one lead left.
    UpTo(u8),
    /// These categories lead left.
    In(CategorySet),
}

/// A split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// The loss that it saves, positive.
    pub gain: f64,
    /// The feature.
    pub feature: u32,
    /// Which bins lead left, those of missing values aside.
    pub side: Side,
    /// Whether missing values lead left.
    pub missing_left: bool,
    /// The sums of both children.
    pub sums: [Sums; 2],
    /// The values of both children.
    pub values: [f64; 2],
}

impl Split {
    /// Whether each code of the feature's column leads left.
    pub fn table(&self, binned: &Binned) -> [bool; 256] {
        binned.by_code(self.feature as usize, &self.by_bin(binned.missing_bin(self.feature as usize)))
    }

    /// Whether each bin of the feature leads left.
    pub(super) fn by_bin(&self, missing: u8) -> [bool; 256] {
        let mut table = match self.side {
            Side::UpTo(bin) => std::array::from_fn(|code| code <= bin as usize),
            Side::In(set) => std::array::from_fn(|code| set[code / 64] >> (code % 64) & 1 != 0),
        };
        table[missing as usize] = self.missing_left;
        table
    }
}

impl Rule {
    /// The value of a node: the minimum of its second-order expansion, within bounds.
    pub fn value(&self, sums: &Sums, bounds: Bounds) -> f64 {
        bounds.hold(-sums.gradient / (sums.hessian + self.l2 + 1e-15))
    }

    /// The loss that a split saves; -1 where it breaks a constraint.
    #[inline(always)]
    fn gain(&self, left: &Sums, right: &Sums, node: &Node, sign: i8) -> f64 {
        let [low, high] = [self.value(left, node.bounds), self.value(right, node.bounds)];
        if (sign > 0 && low > high) || (sign < 0 && low < high) {
            return -1.0;
        }
        node.sums.gradient * node.value - low * left.gradient - high * right.gradient
    }

    /// Whether a child of these sums may not be.
    #[inline(always)]
    fn is_too_small(&self, sums: &Sums) -> bool {
        sums.count < self.min_samples_leaf || sums.hessian < MIN_HESSIAN
    }

    fn sign(&self, feature: usize) -> i8 {
        self.monotonic.get(feature).copied().unwrap_or(0)
    }

    /// The best split of `node` on `feature`, whose bins are `bins`; `None` where none saves anything.
    pub fn best<const C: usize, F: Form<C>>(
        &self,
        binned: &Binned,
        feature: usize,
        bins: &[Channels<C>],
        node: &Node,
        form: &F,
        cuts: &mut Cuts<C>,
    ) -> Option<Split> {
        if binned.is_categorical(feature) {
            return self.best_categories(binned, feature, bins, node, form);
        }
        let has_missing = binned.has_missing(feature);
        let sign = self.sign(feature);
        let values = &bins[..bins.len() - 1];
        let mut best = Found::none();
        // Missing values on the right, also alone there.
        let end = if has_missing { values.len() } else { values.len() - 1 };
        let free = sign == 0 && node.bounds == Bounds::NONE;
        let scale = Scale { node, least: self.min_samples_leaf, l2: self.l2, to_right: false };
        if !free {
            self.to_left(&values[..end], node, form, sign, &mut best);
        } else if let Some(cut) = cuts.best(values[..end].iter().enumerate(), scale, form)
            && cut.gain > best.gain
        {
            best = Found { gain: cut.gain, at: cut.bin, left: form.sums(&cut.moved) };
        }
        let left = best.gain;
        if has_missing {
            // And on the left, where that is better.
            let scale = Scale { to_right: true, ..scale };
            if !free {
                self.to_right(values, node, form, sign, &mut best);
            } else if let Some(cut) = cuts.best(values.iter().enumerate().skip(1).rev(), scale, form)
                && cut.gain > best.gain
            {
                let left = less(&node.sums, &form.sums(&cut.moved));
                best = Found { gain: cut.gain, at: cut.bin - 1, left };
            }
        }
        let missing_left = has_missing.then_some(best.gain > left);
        (best.gain > 0.0)
            .then(|| self.split(best.gain, feature, Side::UpTo(best.at as u8), missing_left, best.left, node))
    }

    /// Moves bins to the left, one after the other.
    fn to_left<const C: usize, F: Form<C>>(
        &self,
        bins: &[Channels<C>],
        node: &Node,
        form: &F,
        sign: i8,
        best: &mut Found,
    ) {
        let mut sum = [0_i64; C];
        for (i, bin) in bins.iter().enumerate() {
            if *bin == [0; C] {
                continue;
            }
            add(&mut sum, bin);
            let left = form.sums(&sum);
            let right = less(&node.sums, &left);
            if self.is_too_small(&left) {
                continue;
            }
            if self.is_too_small(&right) {
                break;
            }
            let gain = self.gain(&left, &right, node, sign);
            if gain > best.gain {
                *best = Found { gain, at: i, left };
            }
        }
    }

    /// Moves bins to the right, from the last one on; missing values stay on the left.
    fn to_right<const C: usize, F: Form<C>>(
        &self,
        bins: &[Channels<C>],
        node: &Node,
        form: &F,
        sign: i8,
        best: &mut Found,
    ) {
        let mut sum = [0_i64; C];
        for (i, bin) in bins.iter().enumerate().skip(1).rev() {
            if *bin == [0; C] {
                continue;
            }
            add(&mut sum, bin);
            let right = form.sums(&sum);
            let left = less(&node.sums, &right);
            if self.is_too_small(&right) {
                continue;
            }
            if self.is_too_small(&left) {
                break;
            }
            let gain = self.gain(&left, &right, node, sign);
            if gain > best.gain {
                *best = Found { gain, at: i - 1, left };
            }
        }
    }

    /// Where the node has no missing values, later ones go with most of its rows.
    fn split(
        &self,
        gain: f64,
        feature: usize,
        side: Side,
        missing_left: Option<bool>,
        left: Sums,
        node: &Node,
    ) -> Split {
        let sums = [left, less(&node.sums, &left)];
        let values = [self.value(&sums[0], node.bounds), self.value(&sums[1], node.bounds)];
        let missing_left = missing_left.unwrap_or(sums[0].count > sums[1].count);
        Split { gain, feature: feature as u32, side, missing_left, sums, values }
    }

    fn best_categories<const C: usize, F: Form<C>>(
        &self,
        binned: &Binned,
        feature: usize,
        bins: &[Channels<C>],
        node: &Node,
        form: &F,
    ) -> Option<Split> {
        let missing = binned.missing_bin(feature) as usize;
        let codes = bins.len() - usize::from(!binned.has_missing(feature));
        let factor = f64::from(node.sums.count) / node.sums.hessian;
        let mut order = [(0.0, 0_u8); 256];
        let mut used = 0;
        for (code, bin) in bins[..codes].iter().enumerate() {
            let sums = form.sums(bin);
            if sums.hessian * factor >= CATEGORY_SUPPORT {
                order[used] = (sums.gradient / (sums.hessian + CATEGORY_SUPPORT), code as u8);
                used += 1;
            }
        }
        if used <= 1 {
            return None;
        }
        let order = &mut order[..used];
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = used.div_ceil(2);
        let mut best = Found::none();
        let mut backwards = false;
        for (direction, steps) in [(false, middle), (true, middle - 1)] {
            let mut sum = [0_i64; C];
            for i in 0..steps {
                let code = order[if direction { used - 1 - i } else { i }].1;
                add(&mut sum, &bins[code as usize]);
                let left = form.sums(&sum);
                let right = less(&node.sums, &left);
                if self.is_too_small(&left) {
                    continue;
                }
                if self.is_too_small(&right) {
                    break;
                }
                let gain = self.gain(&left, &right, node, self.sign(feature));
                if gain > best.gain {
                    best = Found { gain, at: i, left };
                    backwards = direction;
                }
            }
        }
        (best.gain > 0.0).then(|| {
            let mut set: CategorySet = [0; 4];
            for i in 0..=best.at {
                let code = order[if backwards { used - 1 - i } else { i }].1 as usize;
                set[code / 64] |= 1 << (code % 64);
            }
            let missing_left = binned.has_missing(feature).then_some(set[missing / 64] >> (missing % 64) & 1 != 0);
            self.split(best.gain, feature, Side::In(set), missing_left, best.left, node)
        })
    }
}

/// The best of a scan so far.
#[derive(Debug, Clone, Copy)]
struct Found {
    gain: f64,
    at: usize,
    left: Sums,
}

impl Found {
    fn none() -> Self {
        Found { gain: 0.0, at: 0, left: Sums::default() }
    }
}

/// What is left of `all` without `part`.
#[inline(always)]
fn less(all: &Sums, part: &Sums) -> Sums {
    Sums {
        gradient: all.gradient - part.gradient,
        hessian: all.hessian - part.hessian,
        count: all.count.wrapping_sub(part.count),
    }
}
