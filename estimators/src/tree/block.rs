//! Subtrees of at most sixteen rows. Half the time of a forest went to such nodes: into lists, calls and room for each. Here
//! their rows are read once, a node is a set of bits, and a column's best split comes from [`super::lanes`].

use super::columns::{Columns, TIE};
use super::criterion::{Criterion, row};
use super::grow::Plan;
use super::lanes::{self, Cut, LANES, Pairs};
use super::nodes::{Child, Leaf, Nodes};
use super::open::{Grower, Open, Worker};
use super::order::{key, unkey};
use super::source::Source;
use super::split::between;
use crate::Result;
use crate::growth::{below, child_key};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Room for a block: its rows and what is known of them.
#[derive(Debug, Default)]
pub struct Block {
    /// For each column keys that rise as the values do.
    keys: Vec<[u32; LANES]>,
    /// The columns that are not constant.
    varying: Vec<u32>,
    ties: Vec<(u32, Cut)>,
    waiting: Vec<Part>,
}

/// A node that is not in the tree yet.
#[derive(Debug)]
struct Part {
    mask: u16,
    depth: usize,
    /// The node's random stream.
    key: u64,
    parent: Option<(usize, usize)>,
}

/// Whether trees of this kind may have blocks: no split is forbidden, but by the number of rows in a node, every gain follows
/// from two sums, and a good part of the columns is looked at.
pub fn suit<C: Criterion>(plan: &Plan, criterion: &C, columns: &Columns<'_>) -> bool {
    let limits = plan.limits;
    criterion.has_pairs()
        && limits.min_leaf <= 1
        && limits.min_weight <= 0.0
        && plan.min_decrease <= 0.0
        && columns.shape().1 <= 8 * plan.max_features
        && plan.max_leaves.is_none()
        && plan.monotonic.is_none()
        && !plan.categorical.contains(&true)
        && !plan.random
        && matches!(columns, Columns::F32(_) | Columns::F64(_) | Columns::Ranked(..))
}

impl<C: Criterion> Grower<'_, '_, C> {
    /// Whether a node of `n` rows is grown, with all below it, as a block, which needs no lists but one.
    pub(super) fn is_block(&self, n: usize) -> bool {
        self.blocks && n <= LANES
    }

    /// Adds the subtree of a node of at most [`LANES`] rows. False, and nothing is added, where it is known for a leaf or a value of
    /// ranks is missing.
    pub(super) fn block(
        &self,
        source: &Source<'_>,
        open: &Open,
        worker: &mut Worker<C>,
        nodes: &mut Nodes,
    ) -> Result<bool> {
        let impurity = open.impurity.unwrap_or(f64::INFINITY);
        if self.plan.is_leaf(open.depth, open.range.len(), f64::INFINITY, impurity) {
            return Ok(false);
        }
        self.ctl.check()?;
        let Worker { totals, scratch, value, deck, .. } = worker;
        let Block { keys, varying, ties, waiting } = &mut scratch.block;
        let mut samples = [0; LANES];
        let samples = &mut samples[..open.range.len()];
        let entries = source.rows(&open.range, open.list);
        samples.iter_mut().zip(entries).for_each(|(sample, &entry)| *sample = row(entry) as u32);
        if !self.read(samples, keys) {
            return Ok(false);
        }
        let mut pairs: Pairs = [[0.0; LANES]; 2];
        for (i, &sample) in samples.iter().enumerate() {
            [pairs[0][i], pairs[1][i]] = self.criterion.pair(sample as usize);
        }
        let p = keys.len();
        varying.clear();
        if self.plan.max_features >= p {
            let vary = |f: &u32| keys[*f as usize][..samples.len()].iter().any(|&key| key != keys[*f as usize][0]);
            varying.extend(open.varying.iter().filter(vary));
        }
        let mask = u16::MAX >> (LANES - samples.len());
        waiting.push(Part { mask, depth: open.depth, key: open.key, parent: open.parent });
        while let Some(part) = waiting.pop() {
            let mut entries = [0; LANES];
            let n = part.mask.count_ones() as usize;
            for (entry, i) in entries.iter_mut().zip(lanes::rows(part.mask)) {
                *entry = samples[i];
            }
            let entries = &entries[..n];
            self.criterion.sum(entries, totals);
            let (weight, impurity) = (self.criterion.weight(totals), self.criterion.impurity(entries, totals));
            self.criterion.value(totals, value);
            let at = nodes.push(Leaf { n, impurity, weight }, value);
            part.parent.iter().for_each(|&(parent, side)| nodes.link(parent, side, Child::here(at)));
            if self.plan.is_leaf(part.depth, n, weight, impurity) {
                continue;
            }
            let Some(totals) = self.criterion.pair_of_totals(totals) else { continue };
            let mut gain = f64::NEG_INFINITY;
            // Whether the column varies.
            let mut look = |feature: u32| -> bool {
                let Some(cut) = self.best_in_block(feature, &keys[feature as usize], part.mask, &pairs, totals) else {
                    return false;
                };
                if cut.gain > gain {
                    ties.clear();
                    gain = cut.gain;
                }
                if cut.gain == gain {
                    ties.push((feature, cut));
                }
                true
            };
            let mut rng = None;
            let mut draw = || rng.get_or_insert_with(|| ChaCha8Rng::seed_from_u64(part.key)).next_u64();
            if self.plan.max_features >= p {
                varying.iter().for_each(|&feature| _ = look(feature));
            } else {
                // As a larger node draws them: until enough were seen, constant ones too, and one is not.
                deck.put_back();
                let mut varied = false;
                while (deck.drawn() < self.plan.max_features || !varied)
                    && let Some(feature) = deck.draw(&mut draw)
                {
                    varied |= look(feature);
                }
            }
            let chosen = if ties.len() > 1 { below(ties.len(), draw()) } else { 0 };
            let Some(&(feature, cut)) = ties.get(chosen) else { continue };
            ties.clear();
            let goes_left = |&i: &usize| keys[feature as usize][i] <= cut.below;
            let left = lanes::rows(part.mask).filter(goes_left).fold(0, |mask, i| mask | 1 << i);
            let missing_left = 2 * u16::count_ones(left) as usize > n;
            let threshold = between(self.number(feature, cut.below), self.number(feature, cut.above));
            nodes.split(at, feature, threshold, missing_left, None);
            for (side, mask) in [(1, part.mask & !left), (0, left)] {
                let key = child_key(part.key, side as u64);
                waiting.push(Part { mask, depth: part.depth + 1, key, parent: Some((at, side)) });
            }
        }
        Ok(true)
    }

    /// Reads the keys of all columns of so many rows; false where a value of ranks is missing.
    fn read(&self, samples: &[u32], keys: &mut Vec<[u32; LANES]>) -> bool {
        keys.resize(self.shared.columns.shape().1, [0; LANES]);
        if let Columns::Ranked(ranks, _) = self.shared.columns {
            return keys.iter_mut().enumerate().all(|(j, keys)| ranks.read(samples, j, keys));
        }
        for (i, &sample) in samples.iter().enumerate() {
            match self.shared.columns {
                Columns::F64(x) => {
                    keys.iter_mut().zip(x.row(sample as usize)).for_each(|(keys, &v)| keys[i] = key(v as f32));
                }
                Columns::F32(x) => keys.iter_mut().zip(x.row(sample as usize)).for_each(|(keys, &v)| keys[i] = key(v)),
                _ => {}
            }
        }
        true
    }

    /// The number that a key stands for.
    fn number(&self, feature: u32, key: u32) -> f32 {
        match self.shared.columns {
            Columns::Ranked(ranks, _) => ranks.values(feature as usize)[key as usize],
            _ => unkey(key),
        }
    }

    /// The best split of a column that tells values apart.
    #[inline(always)]
    fn best_in_block(
        &self,
        feature: u32,
        keys: &[u32; LANES],
        mask: u16,
        pairs: &Pairs,
        totals: [f64; 2],
    ) -> Option<Cut> {
        let mut closed = 0;
        loop {
            let cut = lanes::best::<C>(keys, (mask, closed), pairs, totals)?;
            let apart = match self.shared.columns {
                Columns::Ranked(ranks, _) => ranks.are_apart(feature as usize, cut.below, cut.above),
                _ => unkey(cut.above) > unkey(cut.below) + TIE,
            };
            if apart {
                return Some(cut);
            }
            closed |= lanes::rows(mask).filter(|&i| keys[i] == cut.below).fold(0, |mask, i| mask | 1 << i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::criterion::{Classes, GiniOne, Moments, SquaredErrorOne};
    use super::super::split::Limits;
    use super::super::{Ground, Tree, rows_that_count};
    use super::*;
    use ironlearn_linalg::Control;
    use ndarray::Array2;

    /// With blocks, and without, where improvements are compared with next to nothing. Many rows are looked at in bins.
    fn both<C: Criterion>(plan: &Plan, criterion: &C, x: &Array2<f64>, weights: Option<&[f64]>) -> [Tree; 2] {
        let ctl = Control::new();
        let (rows, weight) = rows_that_count(x.nrows(), weights).unwrap();
        let bins = (x.nrows() > 1024).then_some(16);
        let ground = Ground::new(Columns::F64(x.view()), plan.max_features, false, bins, &ctl).unwrap();
        [0.0, f64::MIN_POSITIVE].map(|min_decrease| {
            let plan = Plan { min_decrease, ..plan.clone() };
            ground.grow(&plan, criterion, rows.clone(), weight, &[1], &ctl).unwrap()
        })
    }

    #[test]
    fn blocks_grow_the_same_tree() {
        let mut state = 1_u64;
        let mut next = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for (n, max_features, min_split) in (0..60).map(|i| ([3, 16, 17, 400, 3000][i % 5], 1 + i / 5 % 4, 2 + i / 20))
        {
            let any_missing = min_split == 3;
            // Few values, many, values too near to be told apart, and zeros of either sign.
            let x = Array2::from_shape_fn((n, 4), |(_, j)| match j {
                0 => next(3) as f64,
                1 if any_missing && next(9) == 0 => f64::NAN,
                1 => next(1 << 20) as f64,
                2 => next(3) as f64 * 0.5 + next(2) as f64 * 4e-8,
                _ => (next(5) as f64 - 2.0) * if next(2) == 0 { -0.5 } else { 0.5 },
            });
            let y: Vec<f64> = (0..n).map(|i| (x[[i, 0]] * 3.0 + next(7) as f64).floor()).collect();
            let weights: Vec<f64> = (0..n).map(|_| next(3) as f64 + f64::from(n < 4)).collect();
            let plan = Plan {
                max_depth: if n == 400 { 9 } else { usize::MAX },
                min_split,
                limits: Limits { min_leaf: 1, min_weight: 0.0 },
                min_decrease: 0.0,
                max_features,
                max_leaves: None,
                random: false,
                monotonic: None,
                categorical: Vec::new(),
                seed: n as u64,
            };
            for weights in [None, Some(&weights[..])] {
                let criterion = SquaredErrorOne::new(Moments::new((&y[..]).into(), 1, weights));
                assert!(suit(&plan, &criterion, &Columns::F64(x.view())));
                let [a, b] = both(&plan, &criterion, &x, weights);
                assert_eq!(a, b, "{n} {max_features}");
                let codes: Vec<u32> = y.iter().map(|&y| y as u32 % 2).collect();
                let criterion = GiniOne::new(Classes::new((&codes[..]).into(), &[2], weights));
                let [a, b] = both(&plan, &criterion, &x, weights);
                assert_eq!(a, b, "{n} {max_features}");
            }
        }
    }
}
