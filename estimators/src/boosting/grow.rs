//! Growing one tree on histograms ([`Grow`]).
//!
//! A split divides the node's rows in place, builds the histogram of the smaller child and takes the larger child's as
//! the difference. Histograms are kept in a pool; nothing is allocated by row.

use super::cuts::Cuts;
use super::fixed::Form;
use super::partition::divide;
use super::plan::{Plan, Surroundings};
use super::split::{MIN_HESSIAN, Node, Split};
use crate::binning::{Binned, Channels, Group, Histogram, Row, add_rows, subtract};
use crate::growth::{self, Bounds, Grow};
use crate::{Control, Result};
use ironlearn_linalg::threads;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::ops::Range;

/// A node of a grown tree. Children come after their parents.
#[derive(Debug, Clone)]
pub struct Grown {
    /// The number of levels above.
    pub depth: usize,
    /// The rows, as places in [`Room::rows`].
    pub rows: Range<usize>,
    /// The value, within bounds.
    pub value: f64,
    /// The split and the two children, unless it is a leaf.
    pub split: Option<(Split, [usize; 2])>,
}

/// The rows of the nodes, and room to divide them.
#[derive(Debug, Default)]
pub struct Room {
    /// All rows, those of a node together.
    pub rows: Vec<u32>,
    scratch: Vec<u32>,
}

/// Room for what is kept of a node's rows, in their order, and for histograms.
#[derive(Debug)]
pub struct Pool<R, const C: usize> {
    ordered: Vec<R>,
    free: Vec<Histogram<C>>,
}

impl<R, const C: usize> Default for Pool<R, C> {
    fn default() -> Self {
        Pool { ordered: Vec::new(), free: Vec::new() }
    }
}

/// A node that can be split.
struct Open<const C: usize> {
    at: usize,
    split: Split,
    histogram: Histogram<C>,
    surroundings: Surroundings,
}

/// About how many nanoseconds of work pay for waking threads.
const WORTH_THREADS: usize = 40_000;

/// Grows tree number `stream` on what is `kept` of all rows.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
#[allow(clippy::too_many_arguments, reason = "the parts of one fit")]
pub fn grow<const C: usize, F: Form<C>>(
    binned: &Binned,
    kept: &[F::Row],
    form: F,
    plan: &Plan,
    stream: u64,
    room: &mut Room,
    pool: &mut Pool<F::Row, C>,
    ctl: &Control,
) -> Result<Vec<Grown>> {
    let n = binned.n_rows();
    room.rows.clear();
    room.rows.extend(0..n as u32);
    room.scratch.resize(n, 0);
    let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
    rng.set_stream(stream);
    let mut tree = Tree { binned, kept, form, plan, rng, room, pool, ctl, nodes: Vec::new() };
    let root = tree.root()?;
    growth::grow(&mut tree, root, plan.max_leaves, ctl)?;
    Ok(tree.nodes)
}

struct Tree<'a, const C: usize, F: Form<C>> {
    binned: &'a Binned,
    kept: &'a [F::Row],
    form: F,
    plan: &'a Plan,
    rng: ChaCha8Rng,
    room: &'a mut Room,
    pool: &'a mut Pool<F::Row, C>,
    ctl: &'a Control,
    nodes: Vec<Grown>,
}

/// A child whose best split is wanted: the node and which features may split it.
struct Wanted {
    node: Node,
    features: Option<Vec<bool>>,
}

/// The histograms of one group of features, and what was found on them.
struct Task<'a, const C: usize> {
    group: &'a Group,
    small: &'a mut [Channels<C>],
    large: Option<&'a mut [Channels<C>]>,
    found: [Option<Split>; 2],
}

impl<const C: usize, F: Form<C>> Grow for Tree<'_, C, F> {
    /// Both children are in the tree when their parent is split; one that can be split comes with its split.
    type Node = Option<Open<C>>;
    type Ready = Open<C>;

    fn add(&mut self, node: Option<Open<C>>) -> Result<Option<Open<C>>> {
        Ok(node)
    }

    fn worth(&self, open: &Open<C>) -> f64 {
        open.split.gain
    }

    fn split(&mut self, open: Open<C>, last: bool) -> Result<[Option<Open<C>>; 2]> {
        let Open { at: parent, split, histogram: mut large, surroundings } = open;
        let depth = self.nodes[parent].depth + 1;
        let whole = self.nodes[parent].rows.clone();
        let final_level = last || self.plan.max_depth.is_some_and(|most| depth >= most);
        let least = 2 * u64::from(self.plan.rule.min_samples_leaf);
        let goes_on = split.sums.map(|sums| !final_level && u64::from(sums.count) >= least);
        let wanted = goes_on.contains(&true);
        let small_side = usize::from(split.sums[0].count >= split.sums[1].count);
        let small_rows = if wanted { split.sums[small_side].count as usize } else { 0 };
        self.pool.ordered.resize(self.pool.ordered.len().max(small_rows), Row::NONE);
        let ordered = wanted.then(|| (small_side == 0, &mut self.pool.ordered[..small_rows]));
        let Room { rows, scratch } = &mut *self.room;
        let left = divide(self.binned, &split, &mut rows[whole.clone()], scratch, self.kept, ordered, self.ctl)?;
        let middle = whole.start + left;
        let places = [whole.start..middle, middle..whole.end];
        let children = [self.nodes.len(), self.nodes.len() + 1];
        for (rows, value) in places.iter().cloned().zip(split.values) {
            self.nodes.push(Grown { depth, rows, value, split: None });
        }
        self.nodes[parent].split = Some((split, children));
        if !wanted {
            self.pool.free.push(large);
            return Ok([None, None]);
        }
        let surroundings = self.plan.surroundings(&split, &surroundings);
        let node = |side: usize, tree: &mut Self| {
            let bounds = surroundings[side].bounds;
            let node = Node { sums: split.sums[side], value: split.values[side], bounds };
            goes_on[side].then(|| Wanted { node, features: tree.draw(&surroundings[side]) })
        };
        let mut by_size = [node(0, self), node(1, self)];
        if small_side == 1 {
            by_size.reverse();
        }
        let mut small = self.take_histogram();
        let mut found = self.fill(Some(places[small_side].clone()), &mut small, Some(&mut large), by_size)?;
        let mut histograms = [small, large];
        if small_side == 1 {
            found.reverse();
            histograms.reverse();
        }
        let [left, right] = histograms;
        let [of_left, of_right] = surroundings;
        Ok([self.open(children[0], found[0], left, of_left), self.open(children[1], found[1], right, of_right)])
    }

    fn leave(&mut self, open: Open<C>) {
        self.pool.free.push(open.histogram);
    }
}

impl<const C: usize, F: Form<C>> Tree<'_, C, F> {
    /// The root, in the tree, with its split.
    fn root(&mut self) -> Result<Option<Open<C>>> {
        let n = self.binned.n_rows();
        let mut histogram = self.take_histogram();
        let surroundings = self.plan.surroundings_of_root();
        // Without a look for splits: the sums of the root come from its histogram.
        self.fill(None, &mut histogram, None, [None, None])?;
        let sum = match self.binned.n_columns() {
            0 => self.kept.iter().fold([0; C], |sum, row| total(&[sum, row.channels()])),
            _ => total(&histogram[self.binned.bins_of_column(0)]),
        };
        let sums = self.form.sums(&sum);
        self.nodes.push(Grown { depth: 0, rows: 0..n, value: 0.0, split: None });
        let mut found = None;
        if n >= 2 * self.plan.rule.min_samples_leaf as usize && sums.hessian >= MIN_HESSIAN {
            let node = Node { sums, value: 0.0, bounds: Bounds::NONE };
            let wanted = Wanted { node, features: self.draw(&surroundings) };
            [found, _] = self.search(&mut histogram, &wanted)?;
        }
        Ok(self.open(0, found, histogram, surroundings))
    }

    fn take_histogram(&mut self) -> Histogram<C> {
        let n_bins = self.binned.n_bins();
        self.pool.free.pop().filter(|h| h.len() == n_bins).unwrap_or_else(|| vec![[0; C]; n_bins])
    }

    /// The node at `at` with the split that was found; without one its histogram goes back.
    fn open(
        &mut self,
        at: usize,
        found: Option<Split>,
        histogram: Histogram<C>,
        surroundings: Surroundings,
    ) -> Option<Open<C>> {
        match found {
            Some(split) => Some(Open { at, split, histogram, surroundings }),
            None => {
                self.pool.free.push(histogram);
                None
            }
        }
    }

    /// The features that a node may be split on; `None`: all.
    fn draw(&mut self, surroundings: &Surroundings) -> Option<Vec<bool>> {
        self.plan.draw(surroundings, self.binned.n_features(), &mut self.rng)
    }

    /// The best split of a node whose histogram is there.
    fn search(&self, histogram: &mut Histogram<C>, wanted: &Wanted) -> Result<[Option<Split>; 2]> {
        let wanted = [Some(wanted), None];
        self.run(histogram, None, self.binned.n_bins() * 5, |task| {
            let bins = &*task.small;
            task.found = [self.best(task.group, bins, wanted[0]), None];
        })
    }

    /// Builds the histogram of the rows at `places` (all where `None`), which the pool has in order; takes it from
    /// `large`; looks for the best splits of both.
    fn fill(
        &self,
        places: Option<Range<usize>>,
        small: &mut Histogram<C>,
        large: Option<&mut Histogram<C>>,
        wanted: [Option<Wanted>; 2],
    ) -> Result<[Option<Split>; 2]> {
        let rows = places.map(|places| &self.room.rows[places]);
        let kept = rows.map_or(self.kept, |rows| &self.pool.ordered[..rows.len()]);
        let cost = kept.len() * self.binned.n_columns() / 2 + self.binned.n_bins() * 10;
        self.run(small, large, cost, |task| {
            task.small.fill([0; C]);
            add_rows(self.binned, task.group, rows, kept, task.small);
            if let Some(large) = &mut task.large {
                subtract(large, task.small);
                task.found[1] = self.best(task.group, large, wanted[1].as_ref());
            }
            task.found[0] = self.best(task.group, task.small, wanted[0].as_ref());
        })
    }

    /// The best split on the features of a group; of equal ones that of the first feature.
    fn best(&self, group: &Group, bins: &[Channels<C>], wanted: Option<&Wanted>) -> Option<Split> {
        let wanted = wanted?;
        let start = self.binned.bins_of_group(group).start;
        let mut best: Option<Split> = None;
        let (mut room, mut cuts) = ([[0; C]; 256], Cuts::default());
        for column in group.columns.clone() {
            let mine = self.binned.bins_of_column(column);
            let codes = &bins[mine.start - start..mine.end - start];
            let features = self.binned.features(column);
            let all = if features.len() > 1 { total(codes) } else { [0; C] };
            for feature in features.iter().map(|&feature| feature as usize) {
                if wanted.features.as_ref().is_some_and(|mask| !mask[feature]) {
                    continue;
                }
                let bins = self.binned.bins_of(feature, codes, &all, &mut room);
                best =
                    better(best, self.plan.rule.best(self.binned, feature, bins, &wanted.node, &self.form, &mut cuts));
            }
        }
        best
    }

    /// Runs `work` on each group, on threads where it pays.
    fn run(
        &self,
        small: &mut Histogram<C>,
        large: Option<&mut Histogram<C>>,
        cost: usize,
        work: impl Fn(&mut Task<'_, C>) + Sync + Send,
    ) -> Result<[Option<Split>; 2]> {
        let mut tasks = Vec::with_capacity(self.binned.groups().len());
        let mut small = small.as_mut_slice();
        let mut large = large.map(|h| h.as_mut_slice());
        for group in self.binned.groups() {
            let length = self.binned.bins_of_group(group).len();
            let mine = small.split_off_mut(..length).unwrap_or_default();
            let others = large.as_mut().and_then(|large| large.split_off_mut(..length));
            tasks.push(Task { group, small: mine, large: others, found: [None, None] });
        }
        if cost >= WORTH_THREADS {
            threads::each(self.ctl, &mut tasks, |_, task| work(task))?;
        } else {
            tasks.iter_mut().for_each(&work);
        }
        let mut found = [None, None];
        for task in tasks {
            for (found, new) in found.iter_mut().zip(task.found) {
                *found = better(*found, new);
            }
        }
        Ok(found)
    }
}

/// The sums of all bins.
fn total<const C: usize>(bins: &[Channels<C>]) -> Channels<C> {
    let mut sum = [0; C];
    bins.iter().for_each(|bin| sum.iter_mut().zip(bin).for_each(|(s, v)| *s += v));
    sum
}

/// The one that saves more; of equal ones that of the first feature.
fn better(first: Option<Split>, second: Option<Split>) -> Option<Split> {
    match (&first, &second) {
        (Some(a), Some(b)) if b.gain > a.gain || b.gain == a.gain && b.feature < a.feature => second,
        (None, _) => second,
        _ => first,
    }
}
