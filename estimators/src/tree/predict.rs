//! Walking a tree: compact nodes, several rows at once, blocks of rows in parallel.
//!
//! A step is 12 bytes. Its threshold is the largest `f32` that is at most the node's `f64` threshold, so comparing
//! `f32` values with it gives the same answer; siblings are neighbours; a leaf leads to itself, so that rows of
//! different depth walk together without a branch.

use super::Tree;
use super::columns::{INFINITE, any_infinite, check_values};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Compressed, Layout, Matrix, Real, threads, with_matrix};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// The nodes of a tree in the order of their levels.
#[derive(Debug, Clone)]
pub struct Steps {
    steps: Vec<Step>,
    /// The node of each step.
    nodes: Vec<u32>,
    depth: usize,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    threshold: f32,
    /// The feature, and in the highest bit whether missing values go left.
    feature: u32,
    /// The left child; the right one follows it.
    next: u32,
}

const MISSING_LEFT: u32 = 1 << 31;
/// Rows that walk together.
const TOGETHER: usize = 8;
/// Rows of a block.
const BLOCK: usize = 512;

/// The largest `f32` that is at most `threshold`.
fn floor_f32(threshold: f64) -> f32 {
    let near = threshold as f32;
    if f64::from(near) > threshold { near.next_down() } else { near }
}

impl Steps {
    fn new(tree: &Tree) -> Self {
        let n = tree.node_count();
        let (mut steps, mut nodes) = (Vec::with_capacity(n), vec![0_u32]);
        nodes.reserve(n);
        while steps.len() < nodes.len() {
            let (at, node) = (steps.len(), nodes[steps.len()] as usize);
            steps.push(match tree.children(node) {
                Some([left, right]) => {
                    let missing = if tree.missing_go_to_left[node] != 0 { MISSING_LEFT } else { 0 };
                    let next = nodes.len() as u32;
                    nodes.extend([left as u32, right as u32]);
                    let threshold = floor_f32(tree.threshold[node]);
                    Step { threshold, feature: tree.feature[node] as u32 | missing, next }
                }
                None => Step { threshold: f32::INFINITY, feature: MISSING_LEFT, next: at as u32 },
            });
        }
        Steps { steps, nodes, depth: tree.max_depth() }
    }

    #[inline(always)]
    fn step<F: Real>(&self, at: u32, row: &[F]) -> u32 {
        let step = self.steps[at as usize];
        let value = row[(step.feature & !MISSING_LEFT) as usize].widen() as f32;
        // Without a branch: which way a row goes cannot be guessed.
        let left = u32::from(value <= step.threshold) | (u32::from(value.is_nan()) & (step.feature >> 31));
        step.next + (left ^ 1)
    }

    /// The leaf of one row.
    fn leaf<F: Real>(&self, row: &[F]) -> u32 {
        let mut at = 0;
        loop {
            let next = self.step(at, row);
            if next == at {
                return self.nodes[at as usize];
            }
            at = next;
        }
    }

    /// The leaves of rows that lie one after the other.
    fn leaves<F: Real>(&self, rows: &[F], width: usize, sink: &mut impl FnMut(usize, u32)) {
        let groups = rows.chunks_exact(width * TOGETHER);
        let rest = groups.remainder();
        let mut done = 0;
        for group in groups {
            let mut at = [0_u32; TOGETHER];
            for _ in 0..self.depth {
                let mut moved = false;
                for (at, row) in at.iter_mut().zip(group.chunks_exact(width)) {
                    let next = self.step(*at, row);
                    moved |= next != *at;
                    *at = next;
                }
                if !moved {
                    break;
                }
            }
            for at in at {
                sink(done, self.nodes[at as usize]);
                done += 1;
            }
        }
        for row in rest.chunks_exact(width) {
            sink(done, self.leaf(row));
            done += 1;
        }
    }
}

/// Some trees over the same features, walked together.
struct Walk<'a> {
    trees: &'a [Tree],
    width: usize,
}

impl Walk<'_> {
    /// Calls `sink(tree, row in the range, leaf)` for each tree and row; false where a value is infinite.
    fn rows(&self, x: &AnyMatrix<'_>, rows: Range<usize>, sink: &mut impl FnMut(usize, usize, u32)) -> bool {
        with_matrix!(x, x => match x {
            Matrix::Sparse(x) if x.layout() == Layout::Row => self.sparse(x, rows, sink),
            _ => match x.as_rows() {
                Some(values) => self.dense(&values[rows.start * self.width..rows.end * self.width], sink),
                None => {
                    let mut packed = vec![0.0_f32; rows.len() * self.width];
                    x.pack(rows, 0..self.width, self.width, &mut packed);
                    self.dense(&packed, sink)
                }
            }
        })
    }

    /// Walks rows that lie one after the other. One tree takes a few at a time, as the look for infinite values has
    /// just brought them near; of several, each takes the whole block, so that its nodes stay near.
    fn dense<F: Real>(&self, values: &[F], sink: &mut impl FnMut(usize, usize, u32)) -> bool {
        const NEAR: usize = 64;
        if let [tree] = self.trees {
            let (steps, mut finite) = (tree.steps(), true);
            for (i, chunk) in values.chunks(NEAR * self.width).enumerate() {
                finite &= !any_infinite(chunk);
                steps.leaves(chunk, self.width, &mut |row, leaf| sink(0, i * NEAR + row, leaf));
            }
            return finite;
        }
        let finite = !any_infinite(values);
        for (k, tree) in self.trees.iter().enumerate() {
            tree.steps().leaves(values, self.width, &mut |row, leaf| sink(k, row, leaf));
        }
        finite
    }

    /// Walks CSR rows one by one: each is laid out among zeros and taken away again.
    fn sparse<F: Real>(
        &self,
        x: &Compressed<'_, F>,
        rows: Range<usize>,
        sink: &mut impl FnMut(usize, usize, u32),
    ) -> bool {
        let mut row = vec![F::zero(); self.width];
        for (i, major) in rows.enumerate() {
            x.for_slice(major, |j, v| row[j] += v);
            for (k, tree) in self.trees.iter().enumerate() {
                sink(k, i, tree.steps().leaf(&row));
            }
            x.for_slice(major, |j, _| row[j] = F::zero());
        }
        true
    }

    /// Rows that are packed or walked at a time: the whole of a CSC matrix where it fits, as its columns are scattered.
    fn block(&self, x: &AnyMatrix<'_>) -> usize {
        let by_column = with_matrix!(x, x => matches!(x, Matrix::Sparse(x) if x.layout() == Layout::Column));
        let budget: usize = if by_column { 1 << 24 } else { 1 << 17 };
        let most = if by_column { usize::MAX } else { BLOCK * if self.trees.len() > 1 { 4 } else { 1 } };
        (budget / self.width).clamp(1, most)
    }
}

/// Fills `out` (`width` entries a row) by `write(tree, leaf, entries)`, in the order of the trees.
///
/// # Errors
/// [`crate::Error::Input`] for infinite values; [`ironlearn_linalg::Error::Interrupted`].
pub(crate) fn fill_by<T: Send>(
    trees: &[Tree],
    x: &AnyMatrix<'_>,
    out: &mut [T],
    width: usize,
    ctl: &Control,
    write: impl Fn(usize, usize, &mut [T]) + Sync + Send,
) -> Result<()> {
    if x.is_sparse() {
        check_values(x)?;
    }
    let walk = Walk { trees, width: x.ncols() };
    trees.iter().for_each(|tree| {
        tree.steps();
    });
    let infinite = AtomicBool::new(false);
    threads::fill_rows(ctl, out, width, walk.block(x), |first, out| {
        let rows = first..first + out.len() / width;
        let write = &mut |tree, row, leaf| write(tree, leaf as usize, &mut out[row * width..(row + 1) * width]);
        if !walk.rows(x, rows, write) {
            infinite.store(true, Ordering::Relaxed);
        }
    })?;
    if infinite.into_inner() {
        bad_input!("{INFINITE}");
    }
    Ok(())
}

impl Tree {
    pub(super) fn steps(&self) -> &Steps {
        self.steps.get_or_init(|| Steps::new(self))
    }

    /// Fills `out` (`width` entries a row) by `write(leaf, entries)`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for infinite values; [`ironlearn_linalg::Error::Interrupted`].
    pub fn fill<T: Send>(
        &self,
        x: &AnyMatrix<'_>,
        out: &mut [T],
        width: usize,
        ctl: &Control,
        write: impl Fn(usize, &mut [T]) + Sync + Send,
    ) -> Result<()> {
        fill_by(std::slice::from_ref(self), x, out, width, ctl, |_, leaf, out| write(leaf, out))
    }

    /// The leaf of each row.
    ///
    /// # Errors
    /// As [`Tree::fill`].
    pub fn apply(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<i64>> {
        let mut leaves = vec![0; x.nrows()];
        self.fill(x, &mut leaves, 1, ctl, |leaf, out| out[0] = leaf as i64)?;
        Ok(leaves)
    }

    /// For each row the nodes from the root to its leaf, in the order of their numbers, as CSR: offsets and nodes.
    ///
    /// # Errors
    /// As [`Tree::fill`].
    pub fn decision_path(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
        let leaves = self.apply(x, ctl)?;
        Ok(paths(std::slice::from_ref(self), &leaves))
    }
}

/// For each row the nodes from the roots to its leaves (as many a row as there are trees), as CSR: the nodes of a tree
/// are numbered on from those of the trees before it.
pub(crate) fn paths(trees: &[Tree], leaves: &[i64]) -> (Vec<i64>, Vec<i64>) {
    let parents: Vec<_> = trees.iter().map(Tree::parents).collect();
    let before = |sum: &mut usize, tree: &Tree| {
        *sum += tree.node_count();
        Some(*sum - tree.node_count())
    };
    let starts: Vec<usize> = trees.iter().scan(0, before).collect();
    let (mut offsets, mut nodes) = (vec![0], Vec::new());
    for row in leaves.chunks(trees.len().max(1)) {
        for ((&leaf, parents), start) in row.iter().zip(&parents).zip(&starts) {
            let first = nodes.len();
            let path = std::iter::successors(Some(leaf as usize), |&node| parents[node]);
            nodes.extend(path.map(|node| (start + node) as i64));
            nodes[first..].reverse();
        }
        offsets.push(nodes.len() as i64);
    }
    (offsets, nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_round_down() {
        assert_eq!(floor_f32(0.1_f32.into()), 0.1);
        assert!(f64::from(floor_f32(0.3)) <= 0.3 && f64::from(floor_f32(0.3).next_up()) > 0.3);
        assert_eq!(floor_f32(f64::INFINITY), f32::INFINITY);
        assert_eq!(floor_f32(1e300), f32::MAX);
        assert!(floor_f32(f64::NAN).is_nan());
    }
}
