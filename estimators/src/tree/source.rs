//! Where a grower finds a node's rows in a feature's order: presorted lists, or a sort (or a draw) per node.
//!
//! Presorting pays where most features are looked at in each node; sorting per node where few are drawn, where X is
//! sparse, and where thresholds are drawn at random. Both hand out the same order, so the tree is the same.

use super::Criterion;
use super::categories::{self, Groups};
use super::columns::Columns;
use super::criterion::row;
use super::drawn;
use super::order::{self, MISSING};
use super::ranked;
use super::shared::{Scratch, Shared};
use super::split::{Candidate, Found, Place, Search, between};
use super::varying::Varying;
use crate::Result;
use ironlearn_linalg::{Control, threads};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// The rows of the nodes of a subtree.
#[derive(Debug)]
pub enum Source<'a> {
    /// For each feature the sorted entries.
    Sorted(Vec<&'a mut [u32]>),
    /// The rows, and where they start among all samples.
    Samples(&'a mut [u32], usize),
}

impl<'a> Source<'a> {
    /// The rows of a node, as entries, in the order of `list` where lists are presorted.
    pub fn rows(&self, node: &Range<usize>, list: u32) -> &[u32] {
        match self {
            Source::Sorted(lists) => &lists[list as usize][node.clone()],
            Source::Samples(rows, _) => &rows[node.clone()],
        }
    }

    /// Whether a node's rows have to be sorted, or divided by a draw, feature by feature.
    pub fn is_unsorted(&self) -> bool {
        matches!(self, Source::Samples(..))
    }

    /// Whether its lists tell that no value is missing.
    pub fn is_complete(&self) -> bool {
        match self {
            // Missing values come last.
            Source::Sorted(lists) => lists.iter().all(|list| list.last().is_none_or(|&entry| entry & MISSING == 0)),
            Source::Samples(..) => false,
        }
    }

    /// Fills `scratch.sorted` with the node's entries in the order of `feature`, or returns them where they lie.
    fn order<'s>(
        &'s self,
        node: &Range<usize>,
        feature: u32,
        shared: &Shared<'_, '_>,
        scratch: &'s mut Scratch,
    ) -> &'s [u32] {
        match self {
            Source::Sorted(lists) => &lists[feature as usize][node.clone()],
            Source::Samples(rows, start) => {
                let rows = &rows[node.clone()];
                shared.values(rows, start + node.start, feature as usize, &mut scratch.values);
                scratch.sorted.clear();
                scratch.sorted.resize(rows.len(), 0);
                order::sort_entries(rows, &scratch.values, &mut scratch.room, &mut scratch.sorted);
                &scratch.sorted
            }
        }
    }

    /// The best split on `feature`.
    pub fn best<C: Criterion>(
        &self,
        node: &Range<usize>,
        feature: u32,
        search: &Search<'_, C>,
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
        scan: &mut C::Scan,
    ) -> Found {
        if let (Source::Samples(rows, start), Columns::Sparse(x)) = (self, shared.columns)
            && C::ADDITIVE
        {
            shared.stored(x, &rows[node.clone()], start + node.start, feature as usize, scratch);
            return search.best_stored(&scratch.sorted, &scratch.values, node.len(), scan);
        }
        if let (Source::Samples(rows, _), Columns::Ranked(ranks, bins)) = (self, shared.columns) {
            return ranked::best(ranks, bins.as_ref(), &rows[node.clone()], feature as usize, search, scratch, scan);
        }
        let entries = self.order(node, feature, shared, scratch);
        let n_missing = entries.iter().rev().take_while(|&&e| e & MISSING != 0).count();
        search.best(entries, n_missing, |row| shared.columns.value(row, feature as usize), scan)
    }

    /// The node's entries in the order of the codes of `feature`, and room for its categories.
    fn by_code<'s>(
        &'s self,
        node: &Range<usize>,
        feature: u32,
        shared: &Shared<'_, '_>,
        scratch: &'s mut Scratch,
    ) -> (&'s [u32], &'s mut Groups) {
        match (self, shared.columns) {
            (Source::Sorted(lists), _) => return (&lists[feature as usize][node.clone()], &mut scratch.groups),
            (Source::Samples(rows, _), Columns::Ranked(ranks, _)) => {
                let Scratch { keys, sorted, .. } = scratch;
                let rows = &rows[node.clone()];
                if !ranks.sort(rows, feature as usize, keys, sorted) {
                    sorted.extend_from_slice(rows);
                }
            }
            _ => {
                self.order(node, feature, shared, scratch);
            }
        }
        (&scratch.sorted, &mut scratch.groups)
    }

    /// The best split on `feature`, which holds categories.
    pub fn best_subset<C: Criterion>(
        &self,
        node: &Range<usize>,
        feature: u32,
        search: &Search<'_, C>,
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
        scan: &mut C::Scan,
    ) -> Found {
        let (entries, groups) = self.by_code(node, feature, shared, scratch);
        categories::best(entries, search, groups, scan)
    }

    /// A split on `feature` drawn by `draw` (64 random bits): by a subset of its categories where it holds such, else by a
    /// threshold.
    #[allow(clippy::too_many_arguments, reason = "the surroundings of one search")]
    pub fn random<C: Criterion>(
        &self,
        node: &Range<usize>,
        feature: u32,
        (draw, categorical): (u64, bool),
        search: &Search<'_, C>,
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
        scan: &mut C::Scan,
    ) -> Found {
        let Source::Samples(rows, start) = self else {
            return Found { constant: true, best: None };
        };
        let rows = &rows[node.clone()];
        shared.values(rows, start + node.start, feature as usize, &mut scratch.values);
        if categorical {
            return categories::subset_of(rows, draw, search, scratch, scan);
        }
        drawn::best(rows, draw, search, scratch, scan)
    }

    /// [`Source::settle`] of a split by categories; returns those that do not go with missing values, rising.
    pub fn settle_categories<C: Criterion>(
        &mut self,
        node: &Range<usize>,
        feature: u32,
        split: &Candidate,
        sums: (&C, &C::Totals),
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
    ) -> Vec<u32> {
        let mut moved = std::mem::take(&mut scratch.entries);
        let (entries, groups) = self.by_code(node, feature, shared, scratch);
        let code = |entry: u32| shared.columns.value(row(entry), feature as usize) as u32;
        let others = categories::settle(entries, split, sums, groups, code, &mut moved);
        match self {
            Source::Sorted(lists) => lists[feature as usize][node.clone()].copy_from_slice(&moved),
            Source::Samples(rows, start) => {
                let rows = &mut rows[node.clone()];
                rows.iter_mut().zip(&moved).for_each(|(to, &entry)| *to = row(entry) as u32);
                shared.note_places(rows, *start + node.start);
            }
        }
        scratch.entries = moved;
        others
    }

    /// Puts the rows that go left first in the list of `feature` (or among the samples), and returns the threshold.
    pub fn settle(
        &mut self,
        node: &Range<usize>,
        feature: u32,
        split: &Candidate,
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
    ) -> f64 {
        let value = |entry: u32| shared.columns.value(row(entry), feature as usize);
        if let Place::Ranks(left, right) = split.at {
            return self.settle_ranks(node, feature, (left, right), split.missing_left, shared, scratch);
        }
        if let Place::Drawn(threshold) = split.at {
            if let Source::Samples(rows, start) = self {
                let rows = &mut rows[node.clone()];
                shared.values(rows, *start + node.start, feature as usize, &mut scratch.values);
                drawn::settle(rows, threshold, split.missing_left, scratch);
                shared.note_places(rows, *start + node.start);
            }
            return threshold;
        }
        if let Source::Samples(..) = self {
            self.order(node, feature, shared, scratch);
        }
        let list = match self {
            Source::Sorted(lists) => &mut lists[feature as usize][node.clone()],
            Source::Samples(rows, _) => {
                let rows = &mut rows[node.clone()];
                rows.copy_from_slice(&scratch.sorted);
                rows
            }
        };
        let n_missing = list.iter().rev().take_while(|&&e| e & MISSING != 0).count();
        let known = list.len() - n_missing;
        let below = if split.missing_left && n_missing > 0 { split.n_left - n_missing } else { split.n_left };
        let threshold =
            if below == known { f64::INFINITY } else { between(value(list[below - 1]), value(list[below])) };
        if split.missing_left && n_missing > 0 {
            list[below..].rotate_right(n_missing);
        }
        if let Source::Samples(rows, start) = self {
            let rows = &mut rows[node.clone()];
            rows.iter_mut().for_each(|entry| *entry = row(*entry) as u32);
            shared.note_places(rows, *start + node.start);
        }
        threshold
    }

    /// [`Source::settle`] between two ranks.
    fn settle_ranks(
        &mut self,
        node: &Range<usize>,
        feature: u32,
        (left, right): (u32, Option<u32>),
        missing_left: bool,
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
    ) -> f64 {
        let (Source::Samples(rows, _), Columns::Ranked(ranks, _)) = (self, shared.columns) else {
            return f64::INFINITY;
        };
        ranked::settle(ranks, &mut rows[node.clone()], feature as usize, left, missing_left, &mut scratch.entries);
        let values = ranks.values(feature as usize);
        right.map_or(f64::INFINITY, |right| between(values[left as usize], values[right as usize]))
    }

    /// Splits the other features' lists as `feature`'s list has been split.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    #[allow(clippy::too_many_arguments, reason = "one split, and the room to make it")]
    pub fn divide(
        &mut self,
        node: &Range<usize>,
        feature: u32,
        n_left: usize,
        varying: &Varying,
        shared: &Shared<'_, '_>,
        scratch: &mut Scratch,
        ctl: Option<&Control>,
    ) -> Result<()> {
        let Source::Sorted(lists) = self else { return Ok(()) };
        for (i, &entry) in lists[feature as usize][node.clone()].iter().enumerate() {
            shared.side[row(entry)].store(u8::from(i < n_left), Ordering::Relaxed);
        }
        let n = node.len();
        match ctl {
            Some(ctl) => {
                let mut wanted = vec![false; lists.len()];
                varying.iter().filter(|&f| f != feature).for_each(|f| wanted[f as usize] = true);
                let lists = lists.iter_mut().zip(wanted).filter(|(_, wanted)| *wanted);
                let jobs: Vec<_> = lists.map(|(list, _)| Mutex::new(&mut list[node.clone()])).collect();
                threads::map(ctl, jobs.len(), |j| {
                    let mut list = jobs[j].lock().unwrap_or_else(PoisonError::into_inner);
                    order::divide(&mut list, &shared.side, &mut vec![0; n]);
                })?;
            }
            None => {
                scratch.entries.resize(n.max(scratch.entries.len()), 0);
                for f in varying.iter().filter(|&f| f != feature) {
                    order::divide(&mut lists[f as usize][node.clone()], &shared.side, &mut scratch.entries);
                }
            }
        }
        Ok(())
    }

    /// Takes the source apart into those of the given nodes, which are disjoint and in rising order.
    pub fn take_apart(self, nodes: &[Range<usize>]) -> Vec<Source<'a>> {
        fn pieces<'a>(mut rest: &'a mut [u32], nodes: &[Range<usize>], mut visit: impl FnMut(usize, &'a mut [u32])) {
            let mut at = 0;
            for (i, node) in nodes.iter().enumerate() {
                let (_, tail) = rest.split_at_mut(node.start - at);
                let (piece, tail) = tail.split_at_mut(node.len());
                visit(i, piece);
                rest = tail;
                at = node.end;
            }
        }
        match self {
            Source::Sorted(lists) => {
                let mut parts: Vec<Vec<&'a mut [u32]>> = nodes.iter().map(|_| Vec::new()).collect();
                for list in lists {
                    pieces(list, nodes, |i, piece| parts[i].push(piece));
                }
                parts.into_iter().map(Source::Sorted).collect()
            }
            Source::Samples(rows, start) => {
                let mut parts = Vec::new();
                pieces(rows, nodes, |i, piece| parts.push(Source::Samples(piece, start + nodes[i].start)));
                parts
            }
        }
    }
}
