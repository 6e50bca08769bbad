//! The cuts of one feature of numbers, weighed side by side.
//!
//! Where nothing constrains a split, its gain depends on the sums of one side alone. The sums of all cuts that leave
//! enough rows on both sides are written down first; then their gains are computed by vectors, with the widest
//! instructions that the machine has. These do not round differently.

use super::fixed::{Form, Sums};
use super::split::{MIN_HESSIAN, Node};
use crate::binning::Channels;

/// Bins of a feature, at most, that of missing values among them.
const BINS: usize = 256;
/// Cuts that are worth the widest instructions.
const SIDE_BY_SIDE: usize = 8;

/// Room for the cuts of a feature; it serves one feature after the other.
#[derive(Debug)]
pub struct Cuts<const C: usize> {
    /// The bins after which they lie.
    bins: [u8; BINS],
    /// The sums of the side that bins move to.
    sums: [Channels<C>; BINS],
    gains: [f64; BINS],
}

impl<const C: usize> Default for Cuts<C> {
    fn default() -> Self {
        Cuts { bins: [0; BINS], sums: [[0; C]; BINS], gains: [0.0; BINS] }
    }
}

/// What the gains of a node's cuts depend on, beside the cuts.
#[derive(Debug, Clone, Copy)]
pub struct Scale<'a> {
    /// The node.
    pub node: &'a Node,
    /// Rows of a child, at least.
    pub least: u32,
    /// What is added to the hessians.
    pub l2: f64,
    /// Whether bins move to the right, instead of to the left.
    pub to_right: bool,
}

/// The best of some cuts.
#[derive(Debug, Clone, Copy)]
pub struct Cut<const C: usize> {
    /// The loss that it saves.
    pub gain: f64,
    /// The last bin that moves.
    pub bin: usize,
    /// The sums of those that move.
    pub moved: Channels<C>,
}

impl<const C: usize> Cuts<C> {
    /// The best cut after one of some bins, which move in their order; of equal ones the first. `None` where no cut leaves
    /// enough rows and hessians on both sides.
    pub fn best<'a, F: Form<C>>(
        &mut self,
        bins: impl Iterator<Item = (usize, &'a Channels<C>)>,
        scale: Scale<'_>,
        form: &F,
    ) -> Option<Cut<C>> {
        let n = self.list(bins, scale.node.sums.count, scale.least, form);
        let gains = &mut self.gains[..n];
        weigh(&self.sums[..n], scale, form, gains);
        // Without a branch, as the gains are.
        let most = gains.iter().fold(-1.0, |most, &gain| if gain > most { gain } else { most });
        let at = gains.iter().position(|&gain| gain == most).filter(|_| most >= 0.0)?;
        Some(Cut { gain: most, bin: self.bins[at] as usize, moved: self.sums[at] })
    }

    /// Lists the cuts that leave at least `least` of `all` rows on both sides; how many these are.
    ///
    /// Counts only rise, so these cuts are neighbours. Which bins are empty cannot be guessed: each cut is written down, and
    /// kept where its bin is not empty.
    #[inline(always)]
    fn list<'a, F: Form<C>>(
        &mut self,
        mut bins: impl Iterator<Item = (usize, &'a Channels<C>)>,
        all: u32,
        least: u32,
        form: &F,
    ) -> usize {
        let mut sum = [0_i64; C];
        let left = |sum: &Channels<C>| all.saturating_sub(form.count(sum));
        let first = bins.find(|(_, bin)| {
            add(&mut sum, bin);
            form.count(&sum) >= least
        });
        let (Some((bin, _)), true) = (first, left(&sum) >= least) else { return 0 };
        (self.sums[0], self.bins[0]) = (sum, bin as u8);
        let mut n = 1;
        for (at, bin) in bins {
            add(&mut sum, bin);
            if left(&sum) < least {
                break;
            }
            (self.sums[n % BINS], self.bins[n % BINS]) = (sum, at as u8);
            n += usize::from(*bin != [0; C]);
        }
        n.min(BINS)
    }
}

/// Writes the gain of each cut, -1 where a side has too small a hessian.
fn weigh<const C: usize, F: Form<C>>(cuts: &[Channels<C>], scale: Scale<'_>, form: &F, out: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
        fn wide<const C: usize, F: Form<C>>(cuts: &[Channels<C>], scale: Scale<'_>, form: &F, out: &mut [f64]) {
            weigh_by(cuts, scale, form, out);
        }
        #[target_feature(enable = "avx2")]
        fn middle<const C: usize, F: Form<C>>(cuts: &[Channels<C>], scale: Scale<'_>, form: &F, out: &mut [f64]) {
            weigh_by(cuts, scale, form, out);
        }
        if cuts.len() >= SIDE_BY_SIDE {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
            {
                // SAFETY: these instructions are there.
                return unsafe { wide(cuts, scale, form, out) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: these instructions are there.
                return unsafe { middle(cuts, scale, form, out) };
            }
        }
    }
    weigh_by(cuts, scale, form, out);
}

#[inline(always)]
fn weigh_by<const C: usize, F: Form<C>>(cuts: &[Channels<C>], scale: Scale<'_>, form: &F, out: &mut [f64]) {
    let Scale { node, l2, to_right, .. } = scale;
    let (all_g, all_h) = (node.sums.gradient, node.sums.hessian);
    let parent = all_g * node.value;
    // By numbers: iterators that are put together may stay calls in functions with instructions of their own.
    let n = cuts.len().min(out.len());
    let (cuts, out) = (&cuts[..n], &mut out[..n]);
    for i in 0..n {
        let Sums { gradient: g, hessian: h, .. } = form.sums(&cuts[i]);
        let (other_g, other_h) = (all_g - g, all_h - h);
        let (value, other) = (-g / (h + l2 + 1e-15), -other_g / (other_h + l2 + 1e-15));
        // In the order of the left child and the right one, as elsewhere.
        let saved = if to_right { parent - other * other_g - value * g } else { parent - value * g - other * other_g };
        let fits = (h >= MIN_HESSIAN) & (other_h >= MIN_HESSIAN);
        out[i] = if fits { saved } else { -1.0 };
    }
}

/// Adds a bin.
#[inline(always)]
pub fn add<const C: usize>(sum: &mut Channels<C>, bin: &Channels<C>) {
    for c in 0..C {
        sum[c] += bin[c];
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::{Choice, choose};
    use super::*;
    use crate::Control;
    use crate::growth::Bounds;

    /// Against a plain scan: many and few bins, empty ones among them, in both directions, with every number of rows that
    /// a child needs.
    #[test]
    fn the_best_cut_is_that_of_a_plain_scan() {
        let ctl = Control::new();
        let mut room = Cuts::default();
        for (n, used) in [(1, 1), (3, 3), (9, 4), (40, 40), (255, 60), (255, 255)] {
            let rows = 3 * used;
            let pairs: Vec<[f32; 2]> =
                (0..rows).map(|i| [((i * 31 % 17) as f32 - 8.0) / 3.0, 0.1 + (i * 7 % 5) as f32 * 0.05]).collect();
            let Choice::Packed(form) = choose(&ctl, &pairs, false).unwrap() else { panic!("packed") };
            let mut kept = Vec::new();
            form.encode(&ctl, &pairs, &mut kept).unwrap();
            let mut bins: Vec<Channels<2>> = vec![[0; 2]; n];
            kept.iter().enumerate().for_each(|(i, row)| add(&mut bins[(i % used) * n / used], row));
            let mut all = [0; 2];
            bins.iter().for_each(|bin| add(&mut all, bin));
            let node = Node { sums: form.sums(&all), value: 0.3, bounds: Bounds::NONE };
            for (least, to_right) in [(1, false), (1, true), (5, false), (5, true), (40, true), (500, false)] {
                let scale = Scale { node: &node, least, l2: 0.25, to_right };
                let order: Vec<usize> = if to_right { (0..n).rev().collect() } else { (0..n).collect() };
                let (mut sum, mut expected) = ([0; 2], None::<(f64, usize)>);
                for &bin in &order {
                    add(&mut sum, &bins[bin]);
                    let Sums { gradient: g, hessian: h, count } = form.sums(&sum);
                    let (other_g, other_h) = (node.sums.gradient - g, node.sums.hessian - h);
                    let term = |g: f64, h: f64| -g / (h + 0.25 + 1e-15) * g;
                    let (mine, others) = (term(g, h), term(other_g, other_h));
                    let parent = node.sums.gradient * node.value;
                    let gain = if to_right { parent - others - mine } else { parent - mine - others };
                    let fits = count >= least && node.sums.count - count >= least;
                    let fits = fits && h >= MIN_HESSIAN && other_h >= MIN_HESSIAN && gain >= 0.0;
                    if fits && expected.is_none_or(|(best, _)| gain > best) {
                        expected = Some((gain, bin));
                    }
                }
                let found = room.best(order.iter().map(|&bin| (bin, &bins[bin])), scale, &form);
                assert_eq!(found.map(|cut| (cut.gain, cut.bin)), expected, "{n} {used} {least} {to_right}");
            }
        }
    }
}
