//! The order in which nodes are opened.

use super::{Grower, Leaf};
use crate::Result;
use crate::tree::nodes::Child;
use std::collections::BinaryHeap;

impl<const S: usize> Grower<'_, S> {
    pub(super) fn depth_first(&mut self, root: Leaf<S>) -> Result<()> {
        let mut stack: Vec<(Leaf<S>, Option<(usize, usize)>)> = vec![(root, None)];
        while let Some((leaf, parent)) = stack.pop() {
            let at = self.add(&leaf);
            if let Some((parent, side)) = parent {
                self.nodes.link(parent, side, Child::here(at));
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
    pub(super) fn best_first(&mut self, root: Leaf<S>, most: usize) -> Result<()> {
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
                self.nodes.link(at, side, Child::here(child));
            }
        }
        Ok(())
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
