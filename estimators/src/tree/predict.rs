//! Predicting: blocks of rows in parallel, each block through one tree after the other.

use super::Tree;
use super::columns::{INFINITE, any_infinite, check_values};
use crate::walk::{Copied, Rows, Steps, TOGETHER, UNKNOWN};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Compressed, Layout, Matrix, Real, threads, with_matrix};
use ndarray::Array2;
use std::borrow::Borrow;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows of a block at most, and numbers in them, where trees are small.
const BLOCK: usize = 2048;
const NUMBERS: usize = 1 << 17;
/// The same where trees are large: what is read of a tree is read once for a block, so a block has many rows.
const LARGE_BLOCK: usize = 1 << 16;
const LARGE_NUMBERS: usize = 1 << 21;
/// Steps of all trees that the caches keep while small blocks pass.
const LARGE: usize = 1 << 15;
/// Trees for which a copy of the rows pays, and rows that are worth an order of their own where trees are large.
const MANY: usize = 8;
const ORDERED: usize = 1024;
/// Walks that are worth a block of their own.
const WORTH: usize = 4096;

/// Some trees over the same features, walked together.
struct Walk<'a> {
    trees: Vec<&'a Steps<f32>>,
    width: usize,
    /// The features that hold categories for some tree.
    coded: Vec<usize>,
    /// Whether the trees are too large for the caches.
    large: bool,
    /// A large block takes long: who asks to stop is heard after each tree.
    ctl: &'a Control,
}

impl<'a> Walk<'a> {
    fn new(trees: &'a [impl Borrow<Tree> + Sync], width: usize, ctl: &'a Control) -> Self {
        let trees: Vec<&Steps<f32>> = trees.iter().map(|tree| tree.borrow().steps()).collect();
        let mut coded = vec![false; width];
        trees.iter().flat_map(|steps| steps.coded()).for_each(|&feature| coded[feature as usize] = true);
        let coded = (0..width).filter(|&feature| coded[feature]).collect();
        let large = trees.len() > 1 && trees.iter().map(|steps| steps.len()).sum::<usize>() > LARGE;
        Walk { trees, width, coded, large, ctl }
    }

    /// Calls `sink(tree, first row, leaves)` with the leaves of some rows of the range, tree by tree for each row;
    /// false where a value is infinite.
    fn rows(&self, x: &AnyMatrix<'_>, rows: Range<usize>, sink: &mut impl FnMut(usize, usize, &[u32])) -> bool {
        with_matrix!(x, x => match x {
            _ if !self.coded.is_empty() => self.coded(x, rows, sink),
            Matrix::Sparse(x) if x.layout() == Layout::Row => self.sparse(x, rows, sink),
            _ => match x.as_rows() {
                // Several trees read `f32` values; one would not win back the time to make them.
                Some(values) if self.trees.len() == 1 || size_of_val(values) == 4 * values.len() => {
                    self.dense(&values[rows.start * self.width..rows.end * self.width], sink)
                }
                _ => {
                    let mut packed = vec![0.0_f32; rows.len() * self.width];
                    x.pack(rows, 0..self.width, self.width, &mut packed);
                    self.dense(&packed, sink)
                }
            }
        })
    }

    /// Walks rows whose categories become codes. Numbers that are no code are taken as missing.
    fn coded<F: Real>(
        &self,
        x: &Matrix<'_, F>,
        rows: Range<usize>,
        sink: &mut impl FnMut(usize, usize, &[u32]),
    ) -> bool {
        let (p, n) = (self.width, rows.len());
        let (mut packed, mut column) = (vec![0.0_f32; n * p], vec![0.0_f64; n]);
        x.pack(rows.clone(), 0..p, p, &mut packed);
        let finite = !any_infinite(&packed);
        for &j in &self.coded {
            x.pack(rows.clone(), j..j + 1, 1, &mut column);
            for (row, &v) in packed.chunks_exact_mut(p).zip(&column) {
                let known = v >= 0.0 && v < f64::from(UNKNOWN) && v.fract() == 0.0;
                row[j] = if known { v as f32 } else { UNKNOWN as f32 };
            }
        }
        self.dense(&packed, sink) & finite
    }

    /// Walks rows that lie one after the other. One tree takes a few at a time, as the look for infinite values has
    /// just brought them near; of several, each takes the whole block, so that its nodes stay near. Many read a copy.
    fn dense<F: Real>(&self, values: &[F], sink: &mut impl FnMut(usize, usize, &[u32])) -> bool {
        const NEAR: usize = 64;
        let mut finite = true;
        let rows = if self.trees.len() == 1 { NEAR } else { values.len() / self.width };
        let mut leaves = vec![0; rows];
        for (first, values) in (0..).step_by(rows).zip(values.chunks(rows * self.width)) {
            finite &= !any_infinite(values);
            let missing = values.iter().any(|v| v.is_nan());
            let here = values.len() / self.width;
            // With several trees the last rows go one by one through several trees at once.
            let whole = if self.trees.len() == 1 { here } else { here / TOGETHER * TOGETHER };
            let (whole_rows, rest) = values.split_at(whole * self.width);
            let rows = if missing { Rows::Gaps(whole_rows, self.width) } else { Rows::Full(whole_rows, self.width) };
            let alike = (self.large && whole >= ORDERED).then(|| self.trees[0]);
            let pays = self.trees.len() >= MANY && (missing || alike.is_some()) && whole_rows.len() <= LARGE_NUMBERS;
            let mut copy = pays.then(|| Copied::new(rows, alike));
            for (k, steps) in self.trees.iter().enumerate().take(if whole > 0 { usize::MAX } else { 0 }) {
                if self.ctl.check().is_err() {
                    return finite;
                }
                match &mut copy {
                    Some(copy) => copy.leaves(steps, &mut leaves[..whole]),
                    None => steps.leaves(rows, &mut leaves[..whole]),
                }
                sink(k, first, &leaves[..whole]);
            }
            for (i, row) in rest.chunks_exact(self.width).enumerate() {
                self.row(row, &mut |k, leaf| sink(k, first + whole + i, &[leaf]));
            }
        }
        finite
    }

    /// Walks one row, through several trees at once.
    fn row<F: Real>(&self, row: &[F], sink: &mut impl FnMut(usize, u32)) {
        let (groups, rest) = self.trees.as_chunks::<TOGETHER>();
        for (g, group) in groups.iter().enumerate() {
            let leaves = Steps::leaves_of_row(*group, row);
            (0..).zip(leaves).for_each(|(j, leaf)| sink(g * TOGETHER + j, leaf));
        }
        for (k, steps) in (groups.len() * TOGETHER..).zip(rest) {
            sink(k, steps.leaf(row));
        }
    }

    /// Walks CSR rows one by one: each is laid out among zeros and taken away again.
    fn sparse<F: Real>(
        &self,
        x: &Compressed<'_, F>,
        rows: Range<usize>,
        sink: &mut impl FnMut(usize, usize, &[u32]),
    ) -> bool {
        let mut row = vec![F::zero(); self.width];
        for (i, major) in rows.enumerate() {
            x.for_slice(major, |j, v| row[j] += v);
            self.row(&row, &mut |k, leaf| sink(k, i, &[leaf]));
            x.for_slice(major, |j, _| row[j] = F::zero());
        }
        true
    }

    /// Rows that are packed or walked at a time: the same number for each thread. Of a CSC matrix as many as fit, as
    /// its columns are scattered.
    fn block(&self, x: &AnyMatrix<'_>) -> usize {
        let by_column = with_matrix!(x, x => matches!(x, Matrix::Sparse(x) if x.layout() == Layout::Column));
        let (budget, most) = match by_column {
            true => (1 << 24, usize::MAX),
            false if self.large && !x.is_sparse() => (LARGE_NUMBERS, LARGE_BLOCK),
            false => (NUMBERS, BLOCK),
        };
        let most = (budget / self.width).clamp(1, most);
        let (n, threads) = (x.nrows(), self.ctl.threads());
        let rounds = n.div_ceil(most.saturating_mul(threads)).max(1);
        let worth = (WORTH / self.trees.len().max(1)).max(TOGETHER);
        n.div_ceil(rounds * threads).next_multiple_of(TOGETHER).max(worth).min(most)
    }
}

/// Fills `out` (`width` entries a row) by `write(tree, leaves of some rows, their entries)`, for each row in the order
/// of the trees.
///
/// # Errors
/// [`crate::Error::Input`] for infinite values; [`ironlearn_linalg::Error::Interrupted`].
pub(crate) fn fill_by<T: Send>(
    trees: &[impl Borrow<Tree> + Sync],
    x: &AnyMatrix<'_>,
    out: &mut [T],
    width: usize,
    ctl: &Control,
    write: impl Fn(usize, &[u32], &mut [T]) + Sync + Send,
) -> Result<()> {
    if x.is_sparse() {
        check_values(x)?;
    }
    if trees.iter().any(|tree| tree.borrow().steps.get().is_none()) {
        threads::map(ctl, trees.len(), |k| {
            trees[k].borrow().steps();
        })?;
    }
    let walk = Walk::new(trees, x.ncols(), ctl);
    let infinite = AtomicBool::new(false);
    threads::fill_rows(ctl, out, width, walk.block(x), |first, out| {
        let rows = first..first + out.len() / width;
        let write = &mut |tree, row, leaves: &[u32]| {
            write(tree, leaves, &mut out[row * width..(row + leaves.len()) * width]);
        };
        if !walk.rows(x, rows, write) {
            infinite.store(true, Ordering::Relaxed);
        }
    })?;
    ctl.check()?;
    if infinite.into_inner() {
        bad_input!("{INFINITE}");
    }
    Ok(())
}

impl Tree {
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
        fill_by(std::slice::from_ref(self), x, out, width, ctl, |_, leaves, out| {
            for (&leaf, out) in leaves.iter().zip(out.chunks_exact_mut(width)) {
                write(leaf as usize, out);
            }
        })
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
        paths(std::slice::from_ref(self), &leaves, ctl)
    }
}

/// The leaf of each row in each tree.
///
/// # Errors
/// As [`fill_by`].
pub(crate) fn apply(trees: &[Tree], x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
    let mut leaves = Array2::zeros((x.nrows(), trees.len()));
    let out = leaves.as_slice_mut().unwrap_or(&mut []);
    fill_by(trees, x, out, trees.len(), ctl, |tree, leaves, out| {
        out.chunks_exact_mut(trees.len()).zip(leaves).for_each(|(out, &leaf)| out[tree] = i64::from(leaf));
    })?;
    Ok(leaves)
}

/// For each row the nodes from the roots to its leaves (as many a row as there are trees), as CSR: the nodes of a tree
/// are numbered on from those of the trees before it.
///
/// # Errors
/// [`crate::Error::Linalg`] for an interrupted run.
pub(crate) fn paths(trees: &[Tree], leaves: &[i64], ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
    let parents: Vec<_> = trees.iter().map(Tree::parents).collect();
    let before = |sum: &mut usize, tree: &Tree| {
        *sum += tree.node_count();
        Some(*sum - tree.node_count())
    };
    let starts: Vec<usize> = trees.iter().scan(0, before).collect();
    let (mut offsets, mut nodes) = (vec![0], Vec::new());
    for (i, row) in leaves.chunks(trees.len().max(1)).enumerate() {
        if i % 1024 == 0 {
            ctl.check()?;
        }
        for ((&leaf, parents), start) in row.iter().zip(&parents).zip(&starts) {
            let first = nodes.len();
            let path = std::iter::successors(Some(leaf as usize), |&node| parents[node]);
            nodes.extend(path.map(|node| (start + node) as i64));
            nodes[first..].reverse();
        }
        offsets.push(nodes.len() as i64);
    }
    Ok((offsets, nodes))
}
