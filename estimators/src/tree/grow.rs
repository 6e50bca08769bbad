//! The one grower: it opens nodes, finds their splits and hands their rows on, whatever the criterion.
//!
//! Large nodes are worked on by all threads, feature by feature; small ones become tasks, one thread each. What is a
//! task depends on sizes only, and random numbers come from a stream per node, so the tree is the same at any number
//! of threads.

use super::columns::Columns;
use super::nodes::{Child, Node, Nodes, UNDEFINED, join};
use super::source::{Scratch, Shared, Source};
use super::split::{Bounds, Candidate, Found, Limits, Search};
use super::{Criterion, Tree, order};
use crate::Result;
use ironlearn_linalg::{Control, threads};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Nodes with fewer entries (rows × features) are tasks of one thread.
const TASK: usize = 1 << 18;

/// Impurities up to this count as 0.
const PURE: f64 = f64::EPSILON;

/// How a tree grows: the parameters, resolved for the data.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Levels below the root.
    pub max_depth: usize,
    /// Rows of a node that is split, at least.
    pub min_split: usize,
    /// What a split has to respect.
    pub limits: Limits,
    /// The improvement that a split has to bring, at least.
    pub min_decrease: f64,
    /// Features drawn for each split.
    pub max_features: usize,
    /// Leaves, at most; growth is then best first.
    pub max_leaves: Option<usize>,
    /// Whether thresholds are drawn at random.
    pub random: bool,
    /// For each feature -1, 0 or 1, by the first output or class 0.
    pub monotonic: Option<Vec<i8>>,
    /// The seed.
    pub seed: u64,
}

/// A node whose split is not known yet.
struct Open {
    range: Range<usize>,
    depth: usize,
    /// The node's random stream.
    key: u64,
    /// Features not known to be constant here, rising.
    active: Arc<[u32]>,
    /// The list that has its rows.
    list: u32,
    /// Not known for the root.
    impurity: Option<f64>,
    bounds: Bounds,
}

/// One worker's room.
struct Worker<C: Criterion> {
    totals: C::Totals,
    side: C::Totals,
    scan: C::Scan,
    scratch: Scratch,
    value: Vec<f64>,
}

struct Grower<'a, 'x, C: Criterion> {
    plan: &'a Plan,
    criterion: &'a C,
    shared: Shared<'a, 'x>,
    weight: f64,
    ctl: &'a Control,
}

/// Grows a tree on the given rows of `columns` (rising). `weight` is the weight of all rows, and output k has
/// `n_classes[k]` classes (1 for numbers).
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
pub fn grow<C: Criterion>(
    plan: &Plan,
    criterion: &C,
    columns: &Columns<'_>,
    rows: Vec<u32>,
    weight: f64,
    n_classes: &[usize],
    ctl: &Control,
) -> Result<Tree> {
    // Splitting p lists costs about as much as sorting a sixteenth of them.
    let dense = !matches!(columns, Columns::Sparse(_));
    let pieces = if dense && !plan.random && 16 * plan.max_features >= columns.shape().1 {
        let mut lists = order::presort(columns, &rows, ctl)?;
        let source = Source::Sorted(lists.chunks_mut(rows.len()).collect());
        Grower { plan, criterion, shared: Shared::new(columns), weight, ctl }.pieces(source, rows.len())?
    } else if dense {
        from_samples(plan, criterion, &columns.packed(), rows, weight, ctl)?
    } else {
        from_samples(plan, criterion, columns, rows, weight, ctl)?
    };
    Ok(join(&pieces, plan.max_leaves.is_none(), columns.shape().1, n_classes))
}

/// Grows by sorting, or drawing, node by node.
fn from_samples<C: Criterion>(
    plan: &Plan,
    criterion: &C,
    columns: &Columns<'_>,
    mut rows: Vec<u32>,
    weight: f64,
    ctl: &Control,
) -> Result<Vec<Nodes>> {
    let grower = Grower { plan, criterion, shared: Shared::new(columns), weight, ctl };
    grower.shared.note_places(&rows, 0);
    let n = rows.len();
    grower.pieces(Source::Samples(&mut rows, 0), n)
}

/// A stream of its own for each child (the finaliser of SplitMix64, Steele et al. 2014).
fn child_key(key: u64, side: u64) -> u64 {
    let mut z = key.wrapping_mul(2).wrapping_add(side).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `n`, from 64 random bits.
fn below(n: usize, bits: u64) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

impl<C: Criterion> Grower<'_, '_, C> {
    fn worker(&self) -> Worker<C> {
        Worker {
            totals: self.criterion.totals(),
            side: self.criterion.totals(),
            scan: self.criterion.scan(),
            scratch: Scratch::default(),
            value: vec![0.0; self.criterion.stride()],
        }
    }

    /// All nodes over `n` rows, in one piece or several.
    fn pieces(&self, source: Source<'_>, n: usize) -> Result<Vec<Nodes>> {
        let root = Open {
            range: 0..n,
            depth: 0,
            key: self.plan.seed,
            active: (0..self.shared.columns.shape().1 as u32).collect(),
            list: 0,
            impurity: None,
            bounds: Bounds::NONE,
        };
        match self.plan.max_leaves {
            Some(max_leaves) => Ok(vec![self.best_first(source, root, max_leaves)?]),
            None => self.depth_first(source, root),
        }
    }

    fn is_wide(&self, open: &Open) -> bool {
        open.range.len() * open.active.len().min(self.plan.max_features) >= TASK
    }

    fn depth_first(&self, mut source: Source<'_>, root: Open) -> Result<Vec<Nodes>> {
        let mut top = Nodes::default();
        let mut tasks: Vec<Open> = Vec::new();
        let mut worker = self.worker();
        let mut stack = vec![(root, None)];
        while let Some((open, parent)) = stack.pop() {
            if self.is_wide(&open) || parent.is_none() {
                let at = top.nodes.len();
                self.link(&mut top, parent, Child::here(at));
                let opened = self.open(&mut source, &open, &mut worker, &mut top, self.is_wide(&open))?;
                if let Some((_, [left, right])) = opened {
                    stack.push((right, Some((at, 1))));
                    stack.push((left, Some((at, 0))));
                }
            } else {
                tasks.push(open);
                self.link(&mut top, parent, Child::piece(tasks.len()));
            }
        }
        drop(worker);
        let ranges: Vec<_> = tasks.iter().map(|open| open.range.clone()).collect();
        let jobs: Vec<_> = source.take_apart(&ranges).into_iter().zip(tasks).map(|j| Mutex::new(Some(j))).collect();
        let grown = threads::map(self.ctl, jobs.len(), |j| {
            match jobs[j].lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some((source, open)) => self.task(source, open),
                None => Ok(Nodes::default()),
            }
        })?;
        std::iter::once(Ok(top)).chain(grown).collect()
    }

    fn link(&self, nodes: &mut Nodes, parent: Option<(usize, usize)>, child: Child) {
        if let Some((parent, side)) = parent {
            nodes.nodes[parent].children[side] = child;
        }
    }

    /// Grows one subtree on one thread.
    fn task(&self, mut source: Source<'_>, mut open: Open) -> Result<Nodes> {
        let mut nodes = Nodes::default();
        let mut worker = self.worker();
        open.range = 0..open.range.len();
        let mut stack = vec![(open, None)];
        while let Some((open, parent)) = stack.pop() {
            self.ctl.check()?;
            let at = nodes.nodes.len();
            self.link(&mut nodes, parent, Child::here(at));
            if let Some((_, [left, right])) = self.open(&mut source, &open, &mut worker, &mut nodes, false)? {
                stack.push((right, Some((at, 1))));
                stack.push((left, Some((at, 0))));
            }
        }
        nodes.nodes.shrink_to_fit();
        nodes.values.shrink_to_fit();
        Ok(nodes)
    }

    /// Always splits the leaf that improves most; of equals, the one that was found first.
    fn best_first(&self, mut source: Source<'_>, root: Open, max_leaves: usize) -> Result<Nodes> {
        let mut nodes = Nodes::default();
        let mut worker = self.worker();
        let mut waiting: Vec<Option<[Open; 2]>> = Vec::new();
        let mut heap: BinaryHeap<Frontier> = BinaryHeap::new();
        let mut add = |open: Open, nodes: &mut Nodes, heap: &mut BinaryHeap<Frontier>, waiting: &mut Vec<_>| {
            let at = nodes.nodes.len();
            let opened = self.open(&mut source, &open, &mut worker, nodes, self.is_wide(&open))?;
            let (improvement, children) = opened.unzip();
            if let Some(improvement) = improvement {
                heap.push(Frontier { improvement, at });
            }
            waiting.push(children);
            Ok::<_, crate::Error>(at)
        };
        add(root, &mut nodes, &mut heap, &mut waiting)?;
        let mut leaves = 1;
        while let Some(Frontier { at, .. }) = heap.pop() {
            self.ctl.check()?;
            if leaves >= max_leaves {
                nodes.prune(at);
            } else if let Some(children) = waiting[at].take() {
                leaves += 1;
                for (side, child) in children.into_iter().enumerate() {
                    let child = add(child, &mut nodes, &mut heap, &mut waiting)?;
                    nodes.nodes[at].children[side] = Child::here(child);
                }
            }
        }
        Ok(nodes)
    }

    /// Whether a node cannot be split, whatever its rows.
    fn is_leaf(&self, depth: usize, n: usize, weight: f64, impurity: f64) -> bool {
        let plan = self.plan;
        depth >= plan.max_depth
            || n < plan.min_split
            || n / 2 < plan.limits.min_leaf
            || weight < 2.0 * plan.limits.min_weight
            || impurity <= PURE
    }

    /// Adds the node to `nodes`; returns the improvement of its split and the children, unless it is a leaf.
    fn open(
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
        nodes.values.extend_from_slice(&worker.value);
        nodes.nodes.push(Node {
            children: [Child::NONE; 2],
            feature: UNDEFINED,
            threshold: f64::from(UNDEFINED),
            n: n as u32,
            impurity,
            weight,
            missing_left: false,
        });
        if self.is_leaf(*depth, n, weight, impurity) {
            return Ok(None);
        }
        let mut constant = Vec::new();
        let Some((feature, split)) = self.find(source, open, worker, wide, &mut constant)? else { return Ok(None) };
        let threshold = source.settle(range, feature, &split, &self.shared, &mut worker.scratch);
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
        let active: Arc<[u32]> = if constant.is_empty() {
            Arc::clone(&open.active)
        } else {
            constant.sort_unstable();
            open.active.iter().copied().filter(|f| constant.binary_search(f).is_err()).collect()
        };
        let grows = |(range, impurity, weight, _): &(Range<usize>, f64, f64, f64)| {
            !self.is_leaf(depth + 1, range.len(), *weight, *impurity)
        };
        if sides.iter().any(grows) {
            let (scratch, ctl) = (&mut worker.scratch, wide.then_some(self.ctl));
            source.divide(range, feature, split.n_left, &active, &self.shared, scratch, ctl)?;
        }
        let last = nodes.nodes.len() - 1;
        let node = &mut nodes.nodes[last];
        (node.feature, node.threshold, node.missing_left) = (feature as i32, threshold, split.missing_left);
        let bounds = self.child_bounds(feature, open.bounds, sides[0].3, sides[1].3);
        let mut child = |side: usize| Open {
            range: std::mem::take(&mut sides[side].0),
            depth: depth + 1,
            key: child_key(open.key, side as u64),
            active: Arc::clone(&active),
            list: feature,
            impurity: Some(sides[side].1),
            bounds: bounds[side],
        };
        Ok(Some((improvement, [child(0), child(1)])))
    }

    /// The bounds of the two children: the middle of their values separates them where the feature is constrained.
    fn child_bounds(&self, feature: u32, bounds: Bounds, left: f64, right: f64) -> [Bounds; 2] {
        let sign = self.plan.monotonic.as_ref().map_or(0, |signs| signs[feature as usize]);
        let middle = left / 2.0 + right / 2.0;
        let (below, above) = (Bounds { upper: middle, ..bounds }, Bounds { lower: middle, ..bounds });
        match sign {
            0 => [bounds, bounds],
            1 => [below, above],
            _ => [above, below],
        }
    }

    /// The best split over the features that are drawn, and the features found to be constant.
    fn find(
        &self,
        source: &Source<'_>,
        open: &Open,
        worker: &mut Worker<C>,
        wide: bool,
        constant: &mut Vec<u32>,
    ) -> Result<Option<(u32, Candidate)>> {
        let mut rng = None;
        let mut draw = || rng.get_or_insert_with(|| ChaCha8Rng::seed_from_u64(open.key)).next_u64();
        let Worker { totals, scan, scratch, .. } = worker;
        let totals = &*totals;
        let look = |(feature, bits): (u32, u64), scratch: &mut Scratch, scan: &mut C::Scan| -> Found {
            let sign = self.plan.monotonic.as_ref().map_or(0, |signs| signs[feature as usize]);
            let (criterion, limits, monotonic) = (self.criterion, self.plan.limits, (sign, open.bounds));
            let search = Search { criterion, totals, limits, monotonic };
            if self.plan.random {
                source.random(&open.range, feature, bits, &search, &self.shared, scratch, scan)
            } else {
                source.best(&open.range, feature, &search, &self.shared, scratch, scan)
            }
        };
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
                        best = Some((feature, split));
                    }
                }
            }
        };
        let p = self.shared.columns.shape().1;
        let mut all = |features: &[(u32, u64)], constant: &mut Vec<u32>| -> Result<()> {
            if wide {
                let found = threads::map(self.ctl, features.len(), |j| {
                    look(features[j], &mut Scratch::default(), &mut self.criterion.scan())
                })?;
                features.iter().zip(found).for_each(|(f, found)| keep(f.0, found, constant));
            } else {
                for &f in features {
                    keep(f.0, look(f, scratch, scan), constant);
                }
            }
            Ok(())
        };
        if self.plan.max_features >= p && !self.plan.random && !wide {
            for &f in open.active.iter() {
                keep(f, look((f, 0), scratch, scan), constant);
            }
        } else if self.plan.max_features >= p {
            let features: Vec<_> =
                open.active.iter().map(|&f| (f, if self.plan.random { draw() } else { 0 })).collect();
            all(&features, constant)?;
        } else {
            // Features are drawn without replacement until enough were seen, constant ones too, and one is not.
            let mut deck: Vec<u32> = (0..p as u32).collect();
            let mut seen = 0;
            let mut varied = false;
            while seen < p && (seen < self.plan.max_features || !varied) {
                let round = if seen < self.plan.max_features { self.plan.max_features } else { seen + 1 };
                let mut features = Vec::new();
                for i in seen..round.min(p) {
                    deck.swap(i, i + below(p - i, draw()));
                    if open.active.binary_search(&deck[i]).is_ok() {
                        features.push((deck[i], if self.plan.random { draw() } else { 0 }));
                    }
                }
                seen = round;
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
    value[0] = value[0].max(bounds.lower).min(bounds.upper);
    if let [first, second] = value {
        *second = 1.0 - *first;
    }
}

/// A node that waits to be split.
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
