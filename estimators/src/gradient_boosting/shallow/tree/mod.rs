//! Growing one shallow tree: its nodes, and how one is split ([`Grow`]).

mod looks;

use super::Grown;
use super::binned::Binned;
use super::search::{Node as Sums, Search, Split};
use super::sums::{Record, Records};
use crate::Result;
use crate::growth::{self, Grow, child_key, divide};
use crate::tree::grow::{PURE, Plan};
use crate::tree::nodes::{self, Child, Nodes, join};
use crate::tree::split::between;
use ironlearn_linalg::Control;
use std::ops::Range;

/// A node that is not split yet.
struct Leaf<const S: usize> {
    /// The parent's place, and on which side of it the node is; none: the root.
    parent: Option<(usize, usize)>,
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

/// A node in the tree that can be split.
struct Ready<const S: usize> {
    at: usize,
    improvement: f64,
    split: Split,
    leaf: Leaf<S>,
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
    growth::grow(&mut grower, root, plan.max_leaves, ctl)?;
    let tree = join(vec![grower.nodes], binned.shape().1, &[1]);
    let mut leaves = grower.marks;
    for leaf in leaves.iter_mut().filter(|leaf| **leaf != u32::MAX) {
        *leaf = grower.nodes_of[*leaf as usize];
    }
    Ok(Grown { tree, leaves })
}

impl<const S: usize> Grow for Grower<'_, S> {
    type Node = Leaf<S>;
    type Ready = Ready<S>;

    fn add(&mut self, mut leaf: Leaf<S>) -> Result<Option<Ready<S>>> {
        let totals = &leaf.totals;
        let (n, impurity, weight) = (totals.node.n, totals.impurity(), totals.node.weight);
        let at = self.nodes.push(nodes::Leaf { n, impurity, weight }, &[totals.value()]);
        self.nodes_of[leaf.mark as usize] = at as u32;
        if let Some((parent, side)) = leaf.parent {
            self.nodes.link(parent, side, Child::here(at));
        }
        if let Some(split) = leaf.split {
            // The decrease of impurity, weighted by the node's share.
            let Sums { sum, weight, .. } = leaf.totals.node;
            let improvement = (split.gain - sum * sum / weight) / self.weight;
            if improvement + PURE >= self.plan.min_decrease {
                return Ok(Some(Ready { at, improvement, split, leaf }));
            }
        }
        self.release(std::mem::take(&mut leaf.sums));
        Ok(None)
    }

    fn worth(&self, ready: &Ready<S>) -> f64 {
        ready.improvement
    }

    /// The children have their splits, where they can be split.
    fn split(&mut self, ready: Ready<S>, last: bool) -> Result<[Leaf<S>; 2]> {
        let Ready { at, mut leaf, split, .. } = ready;
        let feature = split.feature as usize;
        let marks = &self.marks;
        let (before, after) = self.search(&leaf.totals).neighbours(&split, |row| marks[row] == leaf.mark);
        let marks = [self.new_mark(), self.new_mark()];
        let middle = leaf.range.start + self.divide(&leaf.range, feature, before, marks);
        // The values are told apart as by any split: more on the left of the middle leaves them missing on the left.
        let missing_left = 2 * (middle - leaf.range.start) > leaf.range.len();
        self.nodes.split(at, split.feature, between(before, after), missing_left, None);
        let child = |side: usize, range: Range<usize>| {
            let totals = self.totals(&range);
            let (parent, depth) = (Some((at, side)), leaf.depth + 1);
            let (key, mark) = (child_key(leaf.key, side as u64), marks[side]);
            Leaf { parent, range, depth, key, mark, totals, sums: Vec::new(), split: None }
        };
        let mut pair = [child(0, leaf.range.start..middle), child(1, middle..leaf.range.end)];
        let grows = [0, 1].map(|side| !last && !self.is_leaf(pair[side].depth, &pair[side].totals));
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

    fn leave(&mut self, ready: Ready<S>) {
        self.release(ready.leaf.sums);
    }
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
        self.plan.is_leaf(depth, totals.node.n, totals.node.weight, totals.impurity())
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
        let key = child_key(self.plan.seed, 0);
        let mut root = Leaf { parent: None, range, depth: 0, key, mark, totals, sums: Vec::new(), split: None };
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

    fn release(&mut self, sums: Vec<Record<S>>) {
        if !sums.is_empty() {
            self.free.push(sums);
        }
    }

    /// Puts the rows whose value is at most `last` first, in order, and marks both sides; the number of the first.
    fn divide(&mut self, range: &Range<usize>, feature: usize, last: f32, marks: [u32; 2]) -> usize {
        let values = self.binned.column(feature);
        let Grower { rows, other, marks: marked, .. } = self;
        divide(&mut rows[range.clone()], other, |row| {
            let goes_left = values[row as usize] <= last;
            marked[row as usize] = marks[usize::from(!goes_left)];
            goes_left
        })
    }
}
