//! Opening a node: its sums, its best split over the features that are drawn, its two children.

use super::Criterion;
use super::columns::Columns;
use super::grow::{PURE, Plan};
use super::nodes::{Leaf, Nodes};
use super::shared::{Scratch, Shared};
use super::source::Source;
use super::split::{Candidate, Found, Place, Search};
use super::varying::Varying;
use crate::Result;
use crate::growth::{Bounds, Deck, below, child_key};
use ironlearn_linalg::{Control, threads};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cell::Cell;
use std::ops::Range;

/// A node whose split is not known yet.
pub(super) struct Open {
    /// The parent's place, and on which side of it the node is; none: a root.
    pub(super) parent: Option<(usize, usize)>,
    pub(super) range: Range<usize>,
    pub(super) depth: usize,
    /// The node's random stream.
    pub(super) key: u64,
    /// Features not known to be constant here.
    pub(super) varying: Varying,
    /// The list that has its rows.
    pub(super) list: u32,
    /// Not known for the root.
    pub(super) impurity: Option<f64>,
    pub(super) bounds: Bounds,
}

/// One worker's room.
pub(super) struct Worker<C: Criterion> {
    pub(super) totals: C::Totals,
    pub(super) side: C::Totals,
    pub(super) scan: C::Scan,
    pub(super) scratch: Scratch,
    pub(super) value: Vec<f64>,
    /// All features, to be drawn from.
    pub(super) deck: Deck,
}

/// One tree's growth.
pub(super) struct Grower<'a, 'x, C: Criterion> {
    pub(super) plan: &'a Plan,
    pub(super) criterion: &'a C,
    pub(super) shared: Shared<'a, 'x>,
    pub(super) weight: f64,
    /// Whether nodes of few rows on lists are grown as blocks (see [`super::block`]).
    pub(super) blocks: bool,
    pub(super) ctl: &'a Control,
}

impl<C: Criterion> Grower<'_, '_, C> {
    /// Room for one worker.
    pub(super) fn worker(&self) -> Worker<C> {
        Worker {
            totals: self.criterion.totals(),
            side: self.criterion.totals(),
            scan: self.criterion.scan(),
            scratch: Scratch::default(),
            value: vec![0.0; self.criterion.stride()],
            deck: Deck::new(0..self.shared.columns.shape().1 as u32),
        }
    }

    /// Adds the node to `nodes`; returns the improvement of its split and the children, unless it is a leaf.
    pub(super) fn open(
        &self,
        source: &mut Source<'_>,
        open: &Open,
        worker: &mut Worker<C>,
        nodes: &mut Nodes,
        wide: bool,
    ) -> Result<Option<(f64, [Open; 2])>> {
        let Open { range, depth, .. } = open;
        let n = range.len();
        let entries = source.rows(range, open.list);
        self.criterion.sum(entries, &mut worker.totals);
        let weight = self.criterion.weight(&worker.totals);
        let impurity = open.impurity.unwrap_or_else(|| self.criterion.impurity(entries, &worker.totals));
        self.criterion.value(&worker.totals, &mut worker.value);
        if self.plan.monotonic.is_some() {
            clip(&mut worker.value, open.bounds);
        }
        let at = nodes.push(Leaf { n, impurity, weight }, &worker.value);
        if self.plan.is_leaf(*depth, n, weight, impurity) {
            return Ok(None);
        }
        let mut constant = Vec::new();
        let most = weight * impurity * self.criterion.unit();
        let Some((feature, split)) = self.find(source, open, most, worker, wide, &mut constant)? else {
            return Ok(None);
        };
        let (threshold, set) = match split.at {
            Place::Categories(_) | Place::Subset(_) => {
                let sums = (self.criterion, &worker.totals);
                (0.0, Some(source.settle_categories(range, feature, &split, sums, &self.shared, &mut worker.scratch)))
            }
            _ => (source.settle(range, feature, &split, &self.shared, &mut worker.scratch), None),
        };
        let middle = range.start + split.n_left;
        let mut sides = [range.start..middle, middle..range.end].map(|range| {
            let entries = source.rows(&range, feature);
            self.criterion.sum(entries, &mut worker.side);
            let impurity = self.criterion.impurity(entries, &worker.side);
            self.criterion.value(&worker.side, &mut worker.value);
            (range, impurity, self.criterion.weight(&worker.side), worker.value[0])
        });
        let [(_, impurity_left, weight_left, _), (_, impurity_right, weight_right, _)] = sides;
        let decrease = impurity - weight_right / weight * impurity_right - weight_left / weight * impurity_left;
        let improvement = weight / self.weight * decrease;
        if improvement + PURE < self.plan.min_decrease {
            return Ok(None);
        }
        let varying = open.varying.without(&constant);
        let grows = |(range, impurity, weight, _): &(Range<usize>, f64, f64, f64)| {
            !self.plan.is_leaf(depth + 1, range.len(), *weight, *impurity)
        };
        if sides.iter().any(|side| grows(side) && !self.is_block(side.0.len())) {
            let (scratch, ctl) = (&mut worker.scratch, wide.then_some(self.ctl));
            source.divide(range, feature, split.n_left, &varying, &self.shared, scratch, ctl)?;
        }
        nodes.split(at, feature, threshold, split.missing_left, set);
        let bounds = open.bounds.of_children(self.sign(feature), sides[0].3, sides[1].3);
        let mut child = |side: usize| Open {
            parent: Some((at, side)),
            range: std::mem::take(&mut sides[side].0),
            depth: depth + 1,
            key: child_key(open.key, side as u64),
            varying: varying.clone(),
            list: feature,
            impurity: Some(sides[side].1),
            bounds: bounds[side],
        };
        Ok(Some((improvement, [child(0), child(1)])))
    }

    /// The constraint of a feature.
    fn sign(&self, feature: u32) -> i8 {
        self.plan.monotonic.as_ref().map_or(0, |signs| signs[feature as usize])
    }

    /// The best split over the features that are drawn, and the features found to be constant.
    fn find(
        &self,
        source: &Source<'_>,
        open: &Open,
        most: f64,
        worker: &mut Worker<C>,
        wide: bool,
        constant: &mut Vec<u32>,
    ) -> Result<Option<(u32, Candidate)>> {
        let mut rng = None;
        let mut draw = || rng.get_or_insert_with(|| ChaCha8Rng::seed_from_u64(open.key)).next_u64();
        let Worker { totals, scan, scratch, deck, .. } = worker;
        let totals = &*totals;
        // The best gain so far.
        let top = Cell::new(f64::NEG_INFINITY);
        let look = |(feature, bits): (u32, u64), wanted: f64, scratch: &mut Scratch, scan: &mut C::Scan| -> Found {
            let (criterion, limits, monotonic) = (self.criterion, self.plan.limits, (self.sign(feature), open.bounds));
            let search = Search { criterion, totals, limits, monotonic, most, wanted };
            let categorical = self.plan.categorical.get(feature as usize) == Some(&true);
            let (range, shared) = (&open.range, &self.shared);
            match (self.plan.random, categorical) {
                (true, _) => source.random(range, feature, (bits, categorical), &search, shared, scratch, scan),
                (false, false) => source.best(range, feature, &search, shared, scratch, scan),
                (false, true) => source.best_subset(range, feature, &search, shared, scratch, scan),
            }
        };
        let lay_out = |scan: &mut C::Scan| {
            if source.is_unsorted() && (self.plan.random || matches!(self.shared.columns, Columns::Ranked(..))) {
                self.criterion.lay_out(source.rows(&open.range, open.list), scan);
            }
        };
        if !wide {
            lay_out(scan);
        }
        let mut best: Option<(u32, Candidate)> = None;
        let mut ties: Vec<(u32, Candidate)> = Vec::new();
        let mut keep = |feature: u32, found: Found, constant: &mut Vec<u32>| {
            if found.constant {
                constant.push(feature);
            }
            if let Some(split) = found.best {
                match &best {
                    Some((_, top)) if split.gain < top.gain => {}
                    Some((_, top)) if split.gain == top.gain => ties.push((feature, split)),
                    _ => {
                        ties.clear();
                        top.set(split.gain);
                        best = Some((feature, split));
                    }
                }
            }
        };
        let p = self.shared.columns.shape().1;
        let mut all = |features: &[(u32, u64)], constant: &mut Vec<u32>| -> Result<()> {
            if wide {
                let found = threads::map(self.ctl, features.len(), |j| {
                    let mut scan = self.criterion.scan();
                    lay_out(&mut scan);
                    look(features[j], f64::NEG_INFINITY, &mut Scratch::default(), &mut scan)
                })?;
                features.iter().zip(found).for_each(|(f, found)| keep(f.0, found, constant));
            } else {
                for &f in features {
                    keep(f.0, look(f, top.get(), scratch, scan), constant);
                }
            }
            Ok(())
        };
        if self.plan.max_features >= p && !self.plan.random && !wide {
            for f in open.varying.iter() {
                keep(f, look((f, 0), top.get(), scratch, scan), constant);
            }
        } else if self.plan.max_features >= p {
            let features: Vec<_> =
                open.varying.iter().map(|f| (f, if self.plan.random { draw() } else { 0 })).collect();
            all(&features, constant)?;
        } else {
            // Features are drawn without replacement until enough were seen, constant ones too, and one is not.
            deck.put_back();
            let mut varied = false;
            while deck.drawn() < p && (deck.drawn() < self.plan.max_features || !varied) {
                let wanted = self.plan.max_features.max(deck.drawn() + 1);
                let mut features = Vec::new();
                while deck.drawn() < wanted
                    && let Some(feature) = deck.draw(&mut draw)
                {
                    if open.varying.contains(feature) {
                        features.push((feature, if self.plan.random { draw() } else { 0 }));
                    }
                }
                let before = constant.len();
                all(&features, constant)?;
                varied |= constant.len() - before < features.len();
            }
        }
        Ok(match (best, ties.len()) {
            (best, 0) => best,
            (Some(first), n) => Some(match below(n + 1, draw()) {
                0 => first,
                i => ties[i - 1],
            }),
            (None, _) => None,
        })
    }
}

/// Keeps a value inside its bounds; of two classes, the second takes the rest.
fn clip(value: &mut [f64], bounds: Bounds) {
    value[0] = bounds.hold(value[0]);
    if let [first, second] = value {
        *second = 1.0 - *first;
    }
}
