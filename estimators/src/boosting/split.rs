//! The best split of a node from its histogram.
//!
//! A split is worth the loss that it saves, by the second-order expansion of Chen and Guestrin (2016,
//! arXiv:1603.02754), with the children's values held within the node's bounds. Missing values are tried on both sides.
//! Categories are put in the order of their gradients (Fisher 1958, doi:10.1080/01621459.1958.10501479) and cut there.

use super::fixed::{Form, Sums};
use crate::binning::{Binned, Channels};
use crate::growth::Bounds;

/// Some categories: one bit a bin.
pub type CategorySet = [u64; 4];

/// Hessians of a child, at least.
pub const MIN_HESSIAN: f64 = 1e-3;
/// Weight that a category needs to be told from others, and by which its mean is drawn to 0.
const CATEGORY_SUPPORT: f64 = 10.0;

/// Bins for which little room is enough.
const FEW: usize = 8;

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
    ) -> Option<Split> {
        if binned.is_categorical(feature) {
            return self.best_categories(binned, feature, bins, node, form);
        }
        let few = bins.len() <= FEW;
        let has_missing = binned.has_missing(feature);
        let sign = self.sign(feature);
        let values = &bins[..bins.len() - 1];
        let mut best = Found::none();
        // Missing values on the right, also alone there.
        let end = if has_missing { values.len() } else { values.len() - 1 };
        let free = sign == 0 && node.bounds == Bounds::NONE;
        if free {
            let bins = values[..end].iter();
            match few {
                true => self.weigh::<FEW, C, F>(bins, node, form, |at| at, false, &mut best),
                false => self.weigh::<256, C, F>(bins, node, form, |at| at, false, &mut best),
            }
        } else {
            self.to_left(&values[..end], node, form, sign, &mut best);
        }
        let left = best.gain;
        if has_missing {
            // And on the left, where that is better.
            if free {
                let (last, bins) = (values.len() - 1, values[1..].iter().rev());
                match few {
                    true => self.weigh::<FEW, C, F>(bins, node, form, |at| last - 1 - at, true, &mut best),
                    false => self.weigh::<256, C, F>(bins, node, form, |at| last - 1 - at, true, &mut best),
                }
            } else {
                self.to_right(values, node, form, sign, &mut best);
            }
        }
        let missing_left = has_missing.then_some(best.gain > left);
        (best.gain > 0.0)
            .then(|| self.split(best.gain, feature, Side::UpTo(best.at as u8), missing_left, best.left, node))
    }

    /// Weighs the cuts after each of some bins, in their order; `reverse`: these bins go right. Without constraints.
    ///
    /// The cuts that leave enough rows on both sides are put together first, without a branch: in small nodes they are
    /// few. All of them are then weighed side by side. There are `MOST` bins at most.
    fn weigh<'a, const MOST: usize, const C: usize, F: Form<C>>(
        &self,
        bins: impl Iterator<Item = &'a Channels<C>>,
        node: &Node,
        form: &F,
        place: impl Fn(usize) -> usize,
        reverse: bool,
        best: &mut Found,
    ) {
        let (mut cuts, mut places) = ([[0_i64; C]; MOST], [0_u8; MOST]);
        let (all, least) = (node.sums.count, self.min_samples_leaf);
        let mut sum = [0_i64; C];
        let mut n = 0;
        for (i, bin) in bins.take(MOST).enumerate() {
            add(&mut sum, bin);
            (cuts[n % MOST], places[n % MOST]) = (sum, i as u8);
            let count = form.count(&sum);
            n += usize::from((*bin != [0; C]) & (count >= least) & (all.wrapping_sub(count) >= least));
        }
        let (all_g, all_h) = (node.sums.gradient, node.sums.hessian);
        let (parent, l2) = (all_g * node.value, self.l2);
        let mut gains = [0.0; MOST];
        for (gain, cut) in gains.iter_mut().zip(&cuts[..n]) {
            let Sums { gradient: g, hessian: h, .. } = form.sums(cut);
            let (other_g, other_h) = (all_g - g, all_h - h);
            let (value, other) = (-g / (h + l2 + 1e-15), -other_g / (other_h + l2 + 1e-15));
            // In the order of the left child and the right one, as elsewhere.
            let saved =
                if reverse { parent - other * other_g - value * g } else { parent - value * g - other * other_g };
            let fits = (h >= MIN_HESSIAN) & (other_h >= MIN_HESSIAN);
            *gain = if fits { saved } else { -1.0 };
        }
        let mut found = None;
        for (i, &gain) in gains[..n].iter().enumerate() {
            if gain > best.gain {
                best.gain = gain;
                found = Some(i);
            }
        }
        if let Some(i) = found {
            let sums = form.sums(&cuts[i]);
            let left = if reverse { less(&node.sums, &sums) } else { sums };
            *best = Found { gain: best.gain, at: place(places[i] as usize), left };
        }
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

#[inline(always)]
fn add<const C: usize>(sum: &mut Channels<C>, bin: &Channels<C>) {
    for c in 0..C {
        sum[c] += bin[c];
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
