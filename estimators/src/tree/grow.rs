//! The one grower: it opens nodes, finds their splits and hands their rows on, whatever the criterion.
//!
//! Large nodes are worked on by all threads, feature by feature; small ones become tasks, one thread each. What is a
//! task depends on sizes only, and random numbers come from a stream per node, so the tree is the same at any number
//! of threads. Nor does it depend on the copies that small nodes are grown on (see [`Columns::of`]).

use super::columns::Columns;
use super::nodes::{Child, Nodes, join};
use super::open::{Grower, Open, Worker, child_key};
use super::ranked::BINNED;
use super::shared::{Scratch, Shared};
use super::source::Source;
use super::split::{Bounds, Limits};
use super::{Criterion, Tree, order};
use crate::Result;
use ironlearn_linalg::{Control, threads};
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

/// Nodes with fewer entries (rows × features) are tasks of one thread.
const TASK: usize = 1 << 18;

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
    Grower { plan, criterion, shared: Shared::new(columns), weight, ctl }.pieces(source, n)
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
    let grower = Grower { plan, criterion, shared: Shared::new(columns), weight, ctl };
    grower.shared.note_places(&rows, 0);
    let n = rows.len();
    grower.pieces(Source::Samples(&mut rows, 0), n)
}

impl<C: Criterion> Grower<'_, '_, C> {
    /// All nodes over `n` rows, in one piece or several.
    fn pieces(&self, source: Source<'_>, n: usize) -> Result<Vec<Nodes>> {
        let root = Open {
            range: 0..n,
            depth: 0,
            // Seeds that are neighbours have nothing in common.
            key: child_key(self.plan.seed, 0),
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
        // One thread gains nothing from tasks, and one piece is a tree without a copy.
        if !self.is_wide(&root) || self.ctl.threads() == 1 {
            return Ok(vec![self.task(source, root)?]);
        }
        let mut top = Nodes::default();
        let mut tasks: Vec<Open> = Vec::new();
        let mut worker = self.worker();
        let mut stack = vec![(root, None)];
        while let Some((open, parent)) = stack.pop() {
            if self.is_wide(&open) {
                let at = top.len();
                self.link(&mut top, parent, Child::here(at));
                let opened = self.open(&mut source, &open, &mut worker, &mut top, true)?;
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
            nodes.link(parent, side, child);
        }
    }

    /// Grows one subtree on one thread.
    fn task(&self, mut source: Source<'_>, mut open: Open) -> Result<Nodes> {
        let mut nodes = Nodes::default();
        open.range = 0..open.range.len();
        self.subtree(&mut source, open, &mut self.worker(), &mut nodes)?;
        nodes.shrink();
        Ok(nodes)
    }

    /// Adds a subtree to `nodes`. Where a part of it has few enough rows, it is grown on a copy of them, which stays at
    /// hand (see [`Columns::of`]).
    fn subtree(&self, source: &mut Source<'_>, root: Open, worker: &mut Worker<C>, nodes: &mut Nodes) -> Result<()> {
        let rows = self.shared.columns.shape().0;
        let mut stack = vec![(root, None)];
        while let Some((open, parent)) = stack.pop() {
            self.ctl.check()?;
            let at = nodes.len();
            self.link(nodes, parent, Child::here(at));
            let n = open.range.len();
            let listed = self.is_listed(n, source);
            if listed || self.is_copied(n, rows, source) {
                self.copied(source, open, listed, worker, nodes)?;
                continue;
            }
            if let Some((_, [left, right])) = self.open(source, &open, worker, nodes, false)? {
                stack.push((right, Some((at, 1))));
                stack.push((left, Some((at, 0))));
            }
        }
        Ok(())
    }

    /// Whether a node of `n` of the `rows` is grown on a copy of them: not on one of hardly fewer, and not where so few
    /// features are drawn that many would be copied in vain.
    fn is_copied(&self, n: usize, rows: usize, source: &Source<'_>) -> bool {
        let p = self.shared.columns.shape().1;
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
        let grower = Grower { plan: self.plan, criterion: &criterion, shared, weight: self.weight, ctl: self.ctl };
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
        let grown = grower.subtree(&mut source, open, &mut own, nodes);
        own.scratch.lists = lists;
        std::mem::swap(&mut own.scratch, &mut worker.scratch);
        worker.scratch.copy = Some(columns);
        grown
    }

    /// Always splits the leaf that improves most; of equals, the one that was found first.
    fn best_first(&self, mut source: Source<'_>, root: Open, max_leaves: usize) -> Result<Nodes> {
        let mut nodes = Nodes::default();
        let mut worker = self.worker();
        let mut waiting: Vec<Option<[Open; 2]>> = Vec::new();
        let mut heap: BinaryHeap<Frontier> = BinaryHeap::new();
        let mut add = |open: Open, nodes: &mut Nodes, heap: &mut BinaryHeap<Frontier>, waiting: &mut Vec<_>| {
            let at = nodes.len();
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
                    nodes.link(at, side, Child::here(child));
                }
            }
        }
        Ok(nodes)
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
