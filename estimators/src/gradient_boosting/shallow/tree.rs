//! Growing one shallow tree.

use super::Grown;
use super::binned::Binned;
use super::search::{Look, Node as Sums, Room, Search, Split};
use super::sums::{self, Record, Records};
use crate::Result;
use crate::tree::grow::Plan;
use crate::tree::nodes::{Child, Node, Nodes, UNDEFINED, join};
use crate::tree::open::{PURE, below, child_key};
use crate::tree::split::between;
use ironlearn_linalg::{Control, threads};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Sums over bins are made on one thread where fewer numbers than this are added or looked through.
const SMALL: usize = 1 << 15;

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
    let tree = join(&[grower.nodes], plan.max_leaves.is_none(), binned.shape().1, &[1]);
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

    /// Sums over all bins of all features, all zero.
    fn room(&mut self) -> Vec<Record<S>> {
        let length = self.binned.shape().1 * self.binned.width();
        match self.free.pop() {
            Some(mut room) => {
                room.fill([0.0; S]);
                room
            }
            None => vec![[0.0; S]; length],
        }
    }

    /// Features that one task works on.
    fn block(&self, rows: usize) -> usize {
        let p = self.binned.shape().1;
        let small = p * (rows + self.binned.width()) < SMALL;
        if small { p } else { p.div_ceil(2 * self.ctl.threads()) }
    }

    fn own_rows(&self, leaf: &Leaf<S>) -> Option<&[u32]> {
        (leaf.range.len() < self.gradient.len()).then(|| &self.rows[leaf.range.clone()])
    }

    /// Sums a node's rows by bin, and looks for its split.
    fn fill(&self, leaf: &Leaf<S>, sums: &mut [Record<S>]) -> Result<Vec<Look>> {
        let (width, block) = (self.binned.width(), self.block(leaf.range.len()));
        let (rows, search) = (self.own_rows(leaf), self.search(&leaf.totals));
        let jobs: Vec<_> = sums.chunks_mut(block * width).map(Mutex::new).collect();
        let looks = threads::map(self.ctl, jobs.len(), |i| {
            let mut sums = jobs[i].lock().unwrap_or_else(PoisonError::into_inner);
            let mut looker = Looker::new(&search);
            for (j, sums) in sums.chunks_mut(width).enumerate() {
                let feature = i * block + j;
                sums::add(self.binned, feature, rows, &self.records.rows, sums);
                looker.look(feature, sums);
            }
            looker.looks
        })?;
        Ok(looks.into_iter().flatten().collect())
    }

    /// Sums the smaller child's rows by bin, takes them away from the parent's sums, which become the larger's, and
    /// looks for the splits of both where they are wanted.
    fn part(
        &self,
        small: &Leaf<S>,
        large: &Leaf<S>,
        wanted: [bool; 2],
        of_small: &mut [Record<S>],
        of_large: &mut [Record<S>],
    ) -> Result<[Vec<Look>; 2]> {
        let (width, block) = (self.binned.width(), self.block(small.range.len()));
        let rows = self.own_rows(small);
        let searches = [self.search(&small.totals), self.search(&large.totals)];
        let pairs = of_small.chunks_mut(block * width).zip(of_large.chunks_mut(block * width));
        let jobs: Vec<_> = pairs.map(Mutex::new).collect();
        let looks = threads::map(self.ctl, jobs.len(), |i| {
            let mut pair = jobs[i].lock().unwrap_or_else(PoisonError::into_inner);
            let (of_small, of_large) = &mut *pair;
            let mut lookers = [Looker::new(&searches[0]), Looker::new(&searches[1])];
            for (j, (small, large)) in of_small.chunks_mut(width).zip(of_large.chunks_mut(width)).enumerate() {
                let feature = i * block + j;
                sums::add(self.binned, feature, rows, &self.records.rows, small);
                if wanted[0] {
                    lookers[0].look(feature, small);
                }
                if wanted[1] {
                    sums::take_away(large, small);
                    lookers[1].look(feature, large);
                }
            }
            lookers.map(|looker| looker.looks)
        })?;
        let mut both = [Vec::new(), Vec::new()];
        for [small, large] in looks {
            both[0].extend(small);
            both[1].extend(large);
        }
        Ok(both)
    }

    /// The best split of all that were seen; of equally good ones on different features one is drawn.
    fn choose(&self, leaf: &Leaf<S>, looks: Vec<Look>) -> Option<Split> {
        let mut rng = ChaCha8Rng::seed_from_u64(leaf.key);
        self.choose_by(leaf, looks, &mut || rng.next_u64())
    }

    fn choose_by(&self, leaf: &Leaf<S>, looks: Vec<Look>, draw: &mut impl FnMut() -> u64) -> Option<Split> {
        let search = self.search(&leaf.totals);
        let mut best: Vec<Split> = Vec::new();
        let mut keep = |split: Split| -> f64 {
            let top = best.first().map_or(f64::NEG_INFINITY, |best| best.gain);
            if split.gain > top {
                best.clear();
            }
            if split.gain >= top {
                best.push(split);
            }
            top.max(split.gain)
        };
        let mut top = f64::NEG_INFINITY;
        let mut inside = Vec::new();
        for look in looks {
            if let Some(split) = look.best {
                top = keep(split);
            }
            inside.extend(look.inside);
        }
        // The most promising first: what it finds makes the others not worth a look.
        inside.sort_unstable_by(|a, b| b.bound.total_cmp(&a.bound));
        let is_here = |row: usize| self.marks[row] == leaf.mark;
        for inside in inside {
            if inside.bound < top {
                break;
            }
            if let Some(split) = search.look_inside(&inside, &self.records.rows, is_here) {
                top = keep(split);
            }
        }
        // On one feature the first of equals wins: inside a bin comes before its border.
        best.sort_by_key(|split| (split.feature, split.bin, split.inside.is_none()));
        best.dedup_by_key(|split| split.feature);
        match best.len() {
            0 => None,
            1 => Some(best[0]),
            n => Some(best[below(n, draw())]),
        }
    }

    /// The best split over features drawn without replacement until enough were seen, and one is not constant.
    fn draw(&mut self, leaf: &Leaf<S>) -> Result<Option<Split>> {
        let mut rng = ChaCha8Rng::seed_from_u64(leaf.key);
        let mut sums = self.free.pop().unwrap_or_else(|| vec![[0.0; S]; self.binned.width()]);
        let (p, rows, search) = (self.binned.shape().1, self.own_rows(leaf), self.search(&leaf.totals));
        let is_here = |row: usize| self.marks[row] == leaf.mark;
        let mut deck: Vec<u32> = (0..p as u32).collect();
        let mut looker = Looker::new(&search);
        let (mut seen, mut varied) = (0, false);
        while seen < p && (seen < self.plan.max_features || !varied) {
            self.ctl.check()?;
            deck.swap(seen, seen + below(p - seen, rng.next_u64()));
            let feature = deck[seen] as usize;
            sums.fill([0.0; S]);
            sums::add(self.binned, feature, rows, &self.records.rows, &mut sums);
            looker.look(feature, &sums);
            seen += 1;
            varied = varied
                || match looker.looks.last().and_then(|look| look.only) {
                    Some(bin) => search.varies(feature, bin, is_here),
                    None => true,
                };
        }
        let chosen = self.choose_by(leaf, looker.looks, &mut || rng.next_u64());
        self.free.push(sums);
        Ok(chosen)
    }

    /// Adds a node to the tree, as a leaf.
    fn add(&mut self, leaf: &Leaf<S>) -> usize {
        let at = self.nodes.nodes.len();
        let totals = &leaf.totals;
        self.nodes.values.push(totals.value());
        self.nodes.nodes.push(Node {
            children: [Child::NONE; 2],
            feature: UNDEFINED,
            n: totals.node.n as u32,
            threshold: f64::from(UNDEFINED),
            impurity: totals.impurity(),
            weight: totals.node.weight,
            missing_left: false,
            set: -1,
        });
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
        let node = &mut self.nodes.nodes[at];
        (node.feature, node.threshold) = (feature as i32, between(last, first));
        // The values are told apart as by any split: more on the left of the middle leaves them missing on the left.
        node.missing_left = 2 * (middle - leaf.range.start) > leaf.range.len();
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

    fn depth_first(&mut self, root: Leaf<S>) -> Result<()> {
        let mut stack: Vec<(Leaf<S>, Option<(usize, usize)>)> = vec![(root, None)];
        while let Some((leaf, parent)) = stack.pop() {
            let at = self.add(&leaf);
            if let Some((parent, side)) = parent {
                self.nodes.nodes[parent].children[side] = Child::here(at);
            }
            match (leaf.split, self.improvement(&leaf)) {
                (Some(split), Some(_)) => {
                    let [left, right] = self.open(leaf, split, at)?;
                    stack.push((right, Some((at, 1))));
                    stack.push((left, Some((at, 0))));
                }
                _ => self.release(leaf.sums),
            }
        }
        Ok(())
    }

    /// Always splits the leaf that improves most; of equals, the one that was found first.
    fn best_first(&mut self, root: Leaf<S>, most: usize) -> Result<()> {
        let mut waiting: Vec<Option<Leaf<S>>> = Vec::new();
        let mut heap = BinaryHeap::new();
        let mut leaves = 1;
        let wait = |grower: &mut Self, mut leaf: Leaf<S>, heap: &mut BinaryHeap<Frontier>, waiting: &mut Vec<_>| {
            let at = grower.add(&leaf);
            match grower.improvement(&leaf) {
                Some(improvement) => heap.push(Frontier { improvement, at }),
                None => grower.release(std::mem::take(&mut leaf.sums)),
            }
            waiting.push(Some(leaf));
            at
        };
        wait(self, root, &mut heap, &mut waiting);
        while let Some(Frontier { at, .. }) = heap.pop() {
            if leaves >= most {
                break;
            }
            let Some(leaf) = waiting[at].take() else { continue };
            let Some(split) = leaf.split else { continue };
            leaves += 1;
            for (side, child) in self.open(leaf, split, at)?.into_iter().enumerate() {
                let child = wait(self, child, &mut heap, &mut waiting);
                self.nodes.nodes[at].children[side] = Child::here(child);
            }
        }
        Ok(())
    }
}

/// Looks at features one after the other; what was found on one spares looks at others.
struct Looker<'a> {
    search: &'a Search<'a>,
    room: Box<Room>,
    floor: f64,
    looks: Vec<Look>,
}

impl<'a> Looker<'a> {
    fn new(search: &'a Search<'a>) -> Self {
        Looker { search, room: Box::default(), floor: f64::NEG_INFINITY, looks: Vec::new() }
    }

    fn look<const S: usize>(&mut self, feature: usize, sums: &[Record<S>]) {
        let look = self.search.look(feature, sums, self.floor, &mut self.room);
        if let Some(best) = look.best {
            self.floor = self.floor.max(best.gain);
        }
        self.looks.push(look);
    }
}

/// A leaf that waits to be split.
struct Frontier {
    improvement: f64,
    at: usize,
}

impl Ord for Frontier {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.improvement.total_cmp(&other.improvement).then(other.at.cmp(&self.at))
    }
}

impl PartialOrd for Frontier {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Frontier {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Frontier {}
