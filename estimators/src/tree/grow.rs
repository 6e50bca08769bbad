//! Growing a tree on a node's own rows, whatever the criterion ([`Grow`]).
//!
//! Large nodes are worked on by all threads, feature by feature; small ones become tasks, one thread each. What is a
//! task depends on sizes only, and random numbers come from a stream per node, so the tree is the same at any number
//! of threads. Nor does it depend on the copies that small nodes are grown on (see [`Columns::of`]).

use super::block;
use super::columns::Columns;
use super::nodes::{Child, Nodes, join};
use super::open::{Grower, Open, Worker};
use super::order;
use super::ranked::BINNED;
use super::shared::{Scratch, Shared};
use super::source::Source;
use super::split::Limits;
use super::varying::Varying;
use super::{Criterion, Tree};
use crate::Result;
use crate::growth::{self, Bounds, Grow, child_key};
use ironlearn_linalg::{Control, threads};
use std::sync::{Mutex, PoisonError};

/// Nodes with fewer entries (rows × features) are tasks of one thread.
const TASK: usize = 1 << 18;

/// Impurities up to this count as 0.
pub(crate) const PURE: f64 = f64::EPSILON;

/// Nodes of at most so many values (rows × all features) are grown on a copy of them: about what a core's cache holds.
const COPY: usize = 1 << 19;

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
    /// Which features hold categories, as codes; empty: none does.
    pub categorical: Vec<bool>,
    /// The seed.
    pub seed: u64,
}

impl Plan {
    /// Whether a node of `n` rows cannot be split, whatever they are.
    pub(crate) fn is_leaf(&self, depth: usize, n: usize, weight: f64, impurity: f64) -> bool {
        depth >= self.max_depth
            || n < self.min_split
            || n / 2 < self.limits.min_leaf
            || weight < 2.0 * self.limits.min_weight
            || impurity <= PURE
    }
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
    let pieces = if is_presorted(columns, plan.max_features, plan.random) {
        let mut lists = order::presort(columns, &rows, ctl)?;
        from_lists(plan, criterion, columns, &mut lists, rows.len(), weight, ctl)?
    } else if matches!(columns, Columns::Sparse(_)) {
        from_samples(plan, criterion, columns, rows, weight, ctl)?
    } else {
        from_samples(plan, criterion, &columns.packed(), rows, weight, ctl)?
    };
    Ok(join(pieces, columns.shape().1, n_classes))
}

/// Whether trees with `max_features` features a node grow faster on sorted lists.
pub(crate) fn is_presorted(columns: &Columns<'_>, max_features: usize, random: bool) -> bool {
    // Splitting p lists costs about as much as sorting a sixteenth of them.
    !matches!(columns, Columns::Sparse(_)) && !random && 16 * max_features >= columns.shape().1
}

/// Grows on each feature's sorted entries of `n` rows, one after the other.
pub(crate) fn from_lists<C: Criterion>(
    plan: &Plan,
    criterion: &C,
    columns: &Columns<'_>,
    lists: &mut [u32],
    n: usize,
    weight: f64,
    ctl: &Control,
) -> Result<Vec<Nodes>> {
    let source = Source::Sorted(lists.chunks_mut(n).collect());
    let blocks = source.is_complete() && block::suit(plan, criterion, columns);
    Grower { plan, criterion, shared: Shared::new(columns), weight, blocks, ctl }.pieces(source, n)
}

/// Grows by sorting, or drawing, node by node.
pub(super) fn from_samples<C: Criterion>(
    plan: &Plan,
    criterion: &C,
    columns: &Columns<'_>,
    mut rows: Vec<u32>,
    weight: f64,
    ctl: &Control,
) -> Result<Vec<Nodes>> {
    let blocks = block::suit(plan, criterion, columns);
    let grower = Grower { plan, criterion, shared: Shared::new(columns), weight, blocks, ctl };
    grower.shared.note_places(&rows, 0);
    let n = rows.len();
    grower.pieces(Source::Samples(&mut rows, 0), n)
}

/// A part of a tree that grows: all of it, what all threads work on, or one thread's task.
struct Part<'g, 'a, 'x, 's, C: Criterion> {
    grower: &'g Grower<'a, 'x, C>,
    source: &'g mut Source<'s>,
    worker: &'g mut Worker<C>,
    nodes: &'g mut Nodes,
    /// Where nodes of few rows are put aside, for tasks of their own.
    tasks: Option<&'g mut Vec<Open>>,
}

/// A node whose split is known and made: its place, the improvement and the children.
struct Opened(usize, f64, [Open; 2]);

impl<C: Criterion> Grow for Part<'_, '_, '_, '_, C> {
    type Node = Open;
    type Ready = Opened;

    /// Adds a node; where all below it are grown on a copy of its rows, which stays at hand (see [`Columns::of`]), these too.
    fn add(&mut self, open: Open) -> Result<Option<Opened>> {
        let Part { grower, source, worker, nodes, tasks } = self;
        let (at, wide) = (nodes.len(), grower.is_wide(&open));
        let mut link = |child: Child| open.parent.iter().for_each(|&(parent, side)| nodes.link(parent, side, child));
        match tasks {
            Some(tasks) if !wide => {
                link(Child::piece(tasks.len() + 1));
                tasks.push(open);
                return Ok(None);
            }
            _ => link(Child::here(at)),
        }
        if tasks.is_none() && grower.plan.max_leaves.is_none() {
            if grower.is_block(open.range.len()) && grower.block(source, &open, worker, nodes)? {
                return Ok(None);
            }
            let listed = grower.is_listed(open.range.len(), source);
            if listed || grower.is_copied(open.range.len(), source) {
                grower.copied(source, open, listed, worker, nodes)?;
                return Ok(None);
            }
        }
        let opened = grower.open(source, &open, worker, nodes, wide)?;
        Ok(opened.map(|(improvement, children)| Opened(at, improvement, children)))
    }

    fn worth(&self, Opened(_, improvement, _): &Opened) -> f64 {
        *improvement
    }

    fn split(&mut self, Opened(.., children): Opened, _: bool) -> Result<[Open; 2]> {
        Ok(children)
    }

    fn leave(&mut self, Opened(at, ..): Opened) {
        self.nodes.prune(at);
    }
}

impl<C: Criterion> Grower<'_, '_, C> {
    /// All nodes over `n` rows, in one piece or several.
    fn pieces(&self, mut source: Source<'_>, n: usize) -> Result<Vec<Nodes>> {
        let root = Open {
            parent: None,
            range: 0..n,
            depth: 0,
            // Seeds that are neighbours have nothing in common.
            key: child_key(self.plan.seed, 0),
            varying: Varying::all(self.shared.columns.shape().1),
            list: 0,
            impurity: None,
            bounds: Bounds::NONE,
        };
        // Best first the next node is not known before; else one piece is a tree without a copy.
        if self.plan.max_leaves.is_some() || !self.is_wide(&root) {
            return Ok(vec![self.task(source, root)?]);
        }
        let (mut top, mut tasks) = (Nodes::default(), Vec::new());
        self.part(&mut source, root, &mut self.worker(), &mut top, Some(&mut tasks))?;
        let ranges: Vec<_> = tasks.iter().map(|open| open.range.clone()).collect();
        let jobs: Vec<_> = source.take_apart(&ranges).into_iter().zip(tasks).map(|j| Mutex::new(Some(j))).collect();
        let grown = threads::map(self.ctl, jobs.len(), |j| {
            match jobs[j].lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some((source, open)) => self.task(source, Open { parent: None, ..open }),
                None => Ok(Nodes::default()),
            }
        })?;
        std::iter::once(Ok(top)).chain(grown).collect()
    }

    /// Whether all threads work on a node together; one thread gains nothing from it.
    fn is_wide(&self, open: &Open) -> bool {
        open.range.len() * open.varying.len().min(self.plan.max_features) >= TASK && self.ctl.threads() > 1
    }

    /// Adds a node and what is below it to `nodes`.
    fn part(
        &self,
        source: &mut Source<'_>,
        root: Open,
        worker: &mut Worker<C>,
        nodes: &mut Nodes,
        tasks: Option<&mut Vec<Open>>,
    ) -> Result<()> {
        let mut part = Part { grower: self, source, worker, nodes, tasks };
        growth::grow(&mut part, root, self.plan.max_leaves, self.ctl)
    }

    /// Grows a piece of its own.
    fn task(&self, mut source: Source<'_>, mut open: Open) -> Result<Nodes> {
        let mut nodes = Nodes::default();
        open.range = 0..open.range.len();
        self.part(&mut source, open, &mut self.worker(), &mut nodes, None)?;
        nodes.shrink();
        Ok(nodes)
    }

    /// Whether a node of `n` rows is grown on a copy of them: not on one of hardly fewer, and not where so few features are
    /// drawn that many would be copied in vain.
    fn is_copied(&self, n: usize, source: &Source<'_>) -> bool {
        let (rows, p) = self.shared.columns.shape();
        matches!(source, Source::Samples(..))
            && !matches!(self.shared.columns, Columns::Sparse(_))
            && (n >= 16 && 2 * n <= rows)
            && (n * p <= COPY && rows * p > COPY)
            && p <= 8 * self.plan.max_features
    }

    /// Whether a node of `n` rows, whose parents looked at bins, is grown on sorted lists: where most features are looked at
    /// in each node.
    fn is_listed(&self, n: usize, source: &Source<'_>) -> bool {
        source.is_unsorted()
            && (16..BINNED).contains(&n)
            && matches!(self.shared.columns, Columns::Ranked(..))
            && 2 * self.plan.max_features > self.shared.columns.shape().1
    }

    /// Adds the subtree of `open` to `nodes`, grown on a copy of its rows; on lists of them where `listed`.
    fn copied(
        &self,
        source: &Source<'_>,
        mut open: Open,
        listed: bool,
        worker: &mut Worker<C>,
        nodes: &mut Nodes,
    ) -> Result<()> {
        let rows = source.rows(&open.range, open.list);
        let criterion = self.criterion.of(rows);
        let Some(columns) = self.shared.columns.of(rows, &mut worker.scratch.copy) else { return Ok(()) };
        let shared = Shared::new(&columns);
        let (plan, weight, ctl) = (self.plan, self.weight, self.ctl);
        let mut grower = Grower { plan, criterion: &criterion, shared, weight, blocks: self.blocks, ctl };
        let mut rows: Vec<u32> = (0..rows.len() as u32).collect();
        open.range = 0..rows.len();
        let mut own = grower.worker();
        std::mem::swap(&mut own.scratch, &mut worker.scratch);
        let mut lists = std::mem::take(&mut own.scratch.lists);
        let mut source = match &columns {
            Columns::Ranked(ranks, _) if listed => {
                let Scratch { keys, sorted, .. } = &mut own.scratch;
                ranks.lists(&rows, keys, sorted, &mut lists);
                Source::Sorted(lists.chunks_exact_mut(rows.len()).collect())
            }
            _ => Source::Samples(&mut rows, 0),
        };
        grower.blocks &= !listed || source.is_complete();
        let grown = grower.part(&mut source, open, &mut own, nodes, None);
        own.scratch.lists = lists;
        std::mem::swap(&mut own.scratch, &mut worker.scratch);
        worker.scratch.copy = Some(columns);
        grown
    }
}
