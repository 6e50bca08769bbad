//! Growing one shallow tree: its nodes, and how one is opened.

mod looks;
mod order;

use super::Grown;
use super::binned::Binned;
use super::search::{Node as Sums, Search, Split};
use super::sums::{Record, Records};
use crate::Result;
use crate::tree::grow::Plan;
use crate::tree::nodes::{self, Nodes, join};
use crate::tree::open::{PURE, child_key};
use crate::tree::split::between;
use ironlearn_linalg::Control;
use std::ops::Range;

/// A node that is in the tree, but not split.
struct Leaf<const S: usize> {
    /// Its rows' place in the order of rows.
    range: Range<usize>,
    depth: usize,
    /// The node's random stream.
    key: u64,
    /// What its rows are marked with.
    mark: u32,
    totals: Totals,
    /// The sums over bins, where all features are looked at.
    sums: Vec<Record<S>>,
    split: Option<Split>,
}

/// Direct sums over a node's rows.
#[derive(Clone, Copy)]
struct Totals {
    node: Sums,
    squares: f64,
    low: f64,
    high: f64,
}

impl Totals {
    fn impurity(&self) -> f64 {
        if self.low == self.high {
            return 0.0;
        }
        let mean = self.node.sum / self.node.weight;
        self.squares / self.node.weight - mean * mean
    }

    fn value(&self) -> f64 {
        if self.low == self.high { self.low } else { self.node.sum / self.node.weight }
    }
}

struct Grower<'a, const S: usize> {
    binned: &'a Binned,
    plan: &'a Plan,
    gradient: &'a [f64],
    weights: Option<&'a [f64]>,
    records: Records<S>,
    weight: f64,
    ctl: &'a Control,
    /// The rows, by node.
    rows: Vec<u32>,
    other: Vec<u32>,
    /// For each row the node that has it.
    marks: Vec<u32>,
    /// For each mark its node in the tree.
    nodes_of: Vec<u32>,
    nodes: Nodes,
    free: Vec<Vec<Record<S>>>,
}

/// Grows a tree; see [`super::Shallow::grow`].
pub fn grow<const S: usize>(
    binned: &Binned,
    plan: &Plan,
    gradient: &[f64],
    weights: Option<&[f64]>,
    rows: Vec<u32>,
    weight: f64,
    ctl: &Control,
) -> Result<Grown> {
    let n = gradient.len();
    let mut marks = vec![u32::MAX; n];
    if rows.len() == n {
        marks.fill(0);
    } else {
        rows.iter().for_each(|&row| marks[row as usize] = 0);
    }
    let records = Records::<S>::new(gradient, weights);
    let (other, free, nodes) = (vec![0; rows.len()], Vec::new(), Nodes::default());
    let nodes_of = Vec::new();
    let mut grower =
        Grower { binned, plan, gradient, weights, records, weight, ctl, rows, other, marks, nodes_of, nodes, free };
    let root = grower.root()?;
    match plan.max_leaves {
        None => grower.depth_first(root)?,
        Some(most) => grower.best_first(root, most)?,
    }
    let tree = join(vec![grower.nodes], binned.shape().1, &[1]);
    let mut leaves = grower.marks;
    for leaf in leaves.iter_mut().filter(|leaf| **leaf != u32::MAX) {
        *leaf = grower.nodes_of[*leaf as usize];
    }
    Ok(Grown { tree, leaves })
}

impl<const S: usize> Grower<'_, S> {
    fn all_features(&self) -> bool {
        self.plan.max_features >= self.binned.shape().1
    }

    fn totals(&self, range: &Range<usize>) -> Totals {
        let rows = &self.rows[range.clone()];
        let (mut sum, mut weight, mut squares) = (0.0, 0.0, 0.0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &row in rows {
            let g = self.gradient[row as usize];
            let w = self.weights.map_or(1.0, |w| w[row as usize]);
            sum += w * g;
            weight += w;
            squares += w * g * g;
            low = low.min(g);
            high = high.max(g);
        }
        Totals { node: Sums { n: rows.len(), sum, weight }, squares, low, high }
    }

    /// Whether a node cannot be split, whatever its rows.
    fn is_leaf(&self, depth: usize, totals: &Totals) -> bool {
        let plan = self.plan;
        depth >= plan.max_depth
            || totals.node.n < plan.min_split
            || totals.node.n / 2 < plan.limits.min_leaf
            || totals.node.weight < 2.0 * plan.limits.min_weight
            || totals.impurity() <= PURE
    }

    fn search(&self, totals: &Totals) -> Search<'_> {
        let (step, least) = (self.records.step, self.records.least);
        Search { binned: self.binned, node: totals.node, limits: self.plan.limits, step, least }
    }

    fn new_mark(&mut self) -> u32 {
        self.nodes_of.push(u32::MAX);
        self.nodes_of.len() as u32 - 1
    }

    fn root(&mut self) -> Result<Leaf<S>> {
        let (range, mark) = (0..self.rows.len(), self.new_mark());
        let totals = self.totals(&range);
        let mut root =
            Leaf { range, depth: 0, key: child_key(self.plan.seed, 0), mark, totals, sums: Vec::new(), split: None };
        if !self.is_leaf(0, &totals) {
            if self.all_features() {
                let mut sums = self.room();
                let looks = self.fill(&root, &mut sums)?;
                (root.sums, root.split) = (sums, self.choose(&root, looks));
            } else {
                root.split = self.draw(&root)?;
            }
        }
        Ok(root)
    }

    /// Adds a node to the tree, as a leaf.
    fn add(&mut self, leaf: &Leaf<S>) -> usize {
        let totals = &leaf.totals;
        let (n, impurity, weight) = (totals.node.n, totals.impurity(), totals.node.weight);
        let at = self.nodes.push(nodes::Leaf { n, impurity, weight }, &[totals.value()]);
        self.nodes_of[leaf.mark as usize] = at as u32;
        at
    }

    /// What a split brings: the decrease of impurity, weighted by the node's share.
    fn improvement(&self, leaf: &Leaf<S>) -> Option<f64> {
        let Sums { sum, weight, .. } = leaf.totals.node;
        let improvement = (leaf.split?.gain - sum * sum / weight) / self.weight;
        (improvement + PURE >= self.plan.min_decrease).then_some(improvement)
    }

    /// Splits node `at`; the children have their splits, where they can be split.
    fn open(&mut self, mut leaf: Leaf<S>, split: Split, at: usize) -> Result<[Leaf<S>; 2]> {
        self.ctl.check()?;
        let feature = split.feature as usize;
        let marks = &self.marks;
        let (last, first) = self.search(&leaf.totals).neighbours(&split, |row| marks[row] == leaf.mark);
        let marks = [self.new_mark(), self.new_mark()];
        let middle = leaf.range.start + self.divide(&leaf.range, feature, last, marks);
        // The values are told apart as by any split: more on the left of the middle leaves them missing on the left.
        let missing_left = 2 * (middle - leaf.range.start) > leaf.range.len();
        self.nodes.split(at, split.feature, between(last, first), missing_left, None);
        let child = |side: usize, range: Range<usize>| {
            let totals = self.totals(&range);
            let (depth, key, mark) = (leaf.depth + 1, child_key(leaf.key, side as u64), marks[side]);
            Leaf { range, depth, key, mark, totals, sums: Vec::new(), split: None }
        };
        let mut pair = [child(0, leaf.range.start..middle), child(1, middle..leaf.range.end)];
        let grows = [0, 1].map(|side| !self.is_leaf(pair[side].depth, &pair[side].totals));
        if !self.all_features() {
            for side in [0, 1] {
                if grows[side] {
                    pair[side].split = self.draw(&pair[side])?;
                }
            }
        } else if grows.contains(&true) {
            let small = usize::from(pair[1].range.len() < pair[0].range.len());
            let large = 1 - small;
            let wanted = [grows[small], grows[large]];
            let (mut of_small, mut of_large) = (self.room(), std::mem::take(&mut leaf.sums));
            let looks = self.part(&pair[small], &pair[large], wanted, &mut of_small, &mut of_large)?;
            for (side, looks) in [small, large].into_iter().zip(looks) {
                if grows[side] {
                    pair[side].split = self.choose(&pair[side], looks);
                }
            }
            (pair[small].sums, pair[large].sums) = (of_small, of_large);
        }
        self.release(leaf.sums);
        Ok(pair)
    }

    fn release(&mut self, sums: Vec<Record<S>>) {
        if !sums.is_empty() {
            self.free.push(sums);
        }
    }

    /// Puts the rows whose value is at most `last` first, in order, and marks both sides; the number of the first.
    fn divide(&mut self, range: &Range<usize>, feature: usize, last: f32, marks: [u32; 2]) -> usize {
        let values = self.binned.column(feature);
        let rows = &mut self.rows[range.clone()];
        let (mut left, mut right) = (0, 0);
        for i in 0..rows.len() {
            let row = rows[i];
            let goes_left = values[row as usize] <= last;
            self.marks[row as usize] = marks[usize::from(!goes_left)];
            // Every row is written to both sides and kept on one: which way it goes cannot be guessed.
            rows[left] = row;
            self.other[right] = row;
            left += usize::from(goes_left);
            right += usize::from(!goes_left);
        }
        rows[left..].copy_from_slice(&self.other[..right]);
        left
    }
}
