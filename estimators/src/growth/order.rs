//! The order in which a tree's nodes are split.

use crate::Result;
use ironlearn_linalg::Control;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A tree that grows.
pub trait Grow {
    /// A node that is not in the tree yet.
    type Node;
    /// A node in the tree whose split is known.
    type Ready;

    /// Adds a node to the tree; `None` where it is a leaf.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    fn add(&mut self, node: Self::Node) -> Result<Option<Self::Ready>>;

    /// What the split of a node is worth.
    fn worth(&self, ready: &Self::Ready) -> f64;

    /// Splits a node; its children, the left one first. After the `last` split both of them stay leaves.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    fn split(&mut self, ready: Self::Ready, last: bool) -> Result<[Self::Node; 2]>;

    /// Makes a node a leaf after all.
    fn leave(&mut self, ready: Self::Ready);
}

/// Grows a tree from its root: with `max_leaves`, the node whose split is worth most is always next, of equals the one that
/// was added first; else depth first, left before right.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
pub fn grow<G: Grow>(tree: &mut G, root: G::Node, max_leaves: Option<usize>, ctl: &Control) -> Result<()> {
    match max_leaves {
        Some(max_leaves) => best_first(tree, root, max_leaves, ctl),
        None => depth_first(tree, root, ctl),
    }
}

fn depth_first<G: Grow>(tree: &mut G, root: G::Node, ctl: &Control) -> Result<()> {
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        ctl.check()?;
        if let Some(ready) = tree.add(node)? {
            let [left, right] = tree.split(ready, false)?;
            stack.push(right);
            stack.push(left);
        }
    }
    Ok(())
}

fn best_first<G: Grow>(tree: &mut G, root: G::Node, max_leaves: usize, ctl: &Control) -> Result<()> {
    let mut frontier: BinaryHeap<Waiting<G::Ready>> = BinaryHeap::new();
    let mut added = 0;
    let mut add = |tree: &mut G, node: G::Node, frontier: &mut BinaryHeap<_>| {
        if let Some(ready) = tree.add(node)? {
            frontier.push(Waiting { worth: tree.worth(&ready), at: Reverse(added), ready });
        }
        added += 1;
        Ok::<_, crate::Error>(())
    };
    add(tree, root, &mut frontier)?;
    let mut leaves = 1;
    while leaves < max_leaves
        && let Some(Waiting { ready, .. }) = frontier.pop()
    {
        ctl.check()?;
        leaves += 1;
        for child in tree.split(ready, leaves >= max_leaves)? {
            add(tree, child, &mut frontier)?;
        }
    }
    frontier.into_iter().for_each(|waiting| tree.leave(waiting.ready));
    Ok(())
}

/// A node that waits to be split.
struct Waiting<T> {
    worth: f64,
    at: Reverse<usize>,
    ready: T,
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth.total_cmp(&other.worth).then(self.at.cmp(&other.at))
    }
}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Waiting<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers: those above 1 are split in two, the larger half on the right, and a split is worth the number.
    #[derive(Default)]
    struct Halves {
        added: Vec<u32>,
        last: Vec<u32>,
        left: Vec<u32>,
    }

    impl Grow for Halves {
        type Node = u32;
        type Ready = u32;

        fn add(&mut self, node: u32) -> Result<Option<u32>> {
            self.added.push(node);
            Ok((node > 1).then_some(node))
        }
        fn worth(&self, ready: &u32) -> f64 {
            f64::from(*ready)
        }
        fn split(&mut self, ready: u32, last: bool) -> Result<[u32; 2]> {
            self.last.extend(last.then_some(ready));
            Ok([ready / 2, ready.div_ceil(2)])
        }
        fn leave(&mut self, ready: u32) {
            self.left.push(ready);
        }
    }

    #[test]
    fn nodes_are_split_depth_first_or_best_first() {
        let ctl = Control::new();
        let mut tree = Halves::default();
        grow(&mut tree, 5, None, &ctl).unwrap();
        assert_eq!(tree.added, [5, 2, 1, 1, 3, 1, 2, 1, 1]);
        assert!(tree.last.is_empty() && tree.left.is_empty());
        let mut tree = Halves::default();
        grow(&mut tree, 9, Some(4), &ctl).unwrap();
        // Of the two fours the first one, that of 9, comes first.
        assert_eq!(tree.added, [9, 4, 5, 2, 3, 2, 2]);
        assert_eq!(tree.last, [4]);
        tree.left.sort_unstable();
        assert_eq!(tree.left, [2, 2, 2, 3]);
        let mut tree = Halves::default();
        grow(&mut tree, 1, Some(4), &ctl).unwrap();
        assert_eq!((tree.added, tree.left), (vec![1], vec![]));
    }
}
