//! Predictions of many trees in one pass: all nodes side by side, rows by blocks, several rows at once.
//!
//! A step is 12 bytes: the largest `f32` that is at most the node's threshold, the feature, the left child, whose
//! sibling follows it. A leaf leads to itself, so that rows of different depth walk together without a branch.

use crate::tree::Tree;
use crate::{AnyMatrix, Control, Result};
use ironlearn_linalg::{Layout, Matrix, threads, with_matrix};
use std::ops::Range;

#[derive(Debug, Clone, Copy)]
struct Step {
    threshold: f32,
    feature: u32,
    next: u32,
}

/// All trees, ready to be walked.
#[derive(Debug, Clone)]
pub struct Forest {
    steps: Vec<Step>,
    /// The value of each step, where it is a leaf.
    values: Vec<f64>,
    /// For each tree its root and its depth.
    trees: Vec<(u32, u32)>,
    n_features: usize,
}

/// Rows that walk together.
const TOGETHER: usize = 8;
/// Numbers of a block of rows, at most.
const BLOCK: usize = 1 << 13;
/// The same where X is a CSC matrix.
const MOST: usize = 1 << 24;

/// The largest `f32` that is at most `threshold`.
fn floor_f32(threshold: f64) -> f32 {
    let near = threshold as f32;
    if f64::from(near) > threshold { near.next_down() } else { near }
}

impl Forest {
    /// Lays the trees out.
    pub fn new(all: &[Tree]) -> Self {
        let count = all.iter().map(Tree::node_count).sum();
        let (mut steps, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut trees = Vec::with_capacity(all.len());
        for tree in all {
            let root = steps.len();
            trees.push((root as u32, tree.max_depth() as u32));
            let mut nodes = vec![0_usize];
            while steps.len() - root < nodes.len() {
                let (at, node) = (steps.len(), nodes[steps.len() - root]);
                values.push(tree.value[[node, 0]]);
                steps.push(match tree.children(node) {
                    Some([left, right]) => {
                        let next = (root + nodes.len()) as u32;
                        nodes.extend([left, right]);
                        Step { threshold: floor_f32(tree.threshold[node]), feature: tree.feature[node] as u32, next }
                    }
                    None => Step { threshold: f32::INFINITY, feature: 0, next: at as u32 },
                });
            }
        }
        Forest { steps, values, trees, n_features: all.first().map_or(1, |tree| tree.n_features) }
    }

    /// Adds `rate` times the trees to `out`, rows × outputs: tree t goes to output t modulo `outputs`.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn add(
        &self,
        x: &AnyMatrix<'_>,
        trees: Range<usize>,
        outputs: usize,
        rate: f64,
        out: &mut [f64],
        ctl: &Control,
    ) -> Result<()> {
        let p = self.n_features;
        // The columns of a CSC matrix are scattered: many rows are packed at a time.
        let by_column = with_matrix!(x, x => matches!(x, Matrix::Sparse(x) if x.layout() == Layout::Column));
        let block = if by_column { (MOST / p).max(TOGETHER) } else { (BLOCK / p).clamp(TOGETHER, 512) };
        Ok(threads::fill_rows(ctl, out, outputs, block, |first, out| {
            let n = out.len() / outputs;
            let mut packed = vec![0.0_f32; n.next_multiple_of(TOGETHER) * p];
            with_matrix!(x, x => self.pack(x, first..first + n, &mut packed));
            self.add_block(&packed, trees.clone(), outputs, rate, out);
        })?)
    }

    fn pack<F: ironlearn_linalg::Real>(&self, x: &Matrix<'_, F>, rows: Range<usize>, packed: &mut [f32]) {
        let p = self.n_features;
        match x.as_rows() {
            Some(values) => {
                for (to, from) in packed.iter_mut().zip(&values[rows.start * p..rows.end * p]) {
                    *to = from.widen() as f32;
                }
            }
            None => x.pack(rows.clone(), 0..p, p, &mut packed[..rows.len() * p]),
        }
    }

    fn add_block(&self, packed: &[f32], trees: Range<usize>, outputs: usize, rate: f64, out: &mut [f64]) {
        let p = self.n_features;
        for (t, &(root, depth)) in trees.clone().zip(&self.trees[trees]) {
            let output = t % outputs;
            for (group, out) in packed.chunks_exact(p * TOGETHER).zip(out.chunks_mut(outputs * TOGETHER)) {
                let mut at = [root; TOGETHER];
                for _ in 0..depth {
                    for (i, at) in at.iter_mut().enumerate() {
                        let step = self.steps[*at as usize];
                        let value = group[i * p + step.feature as usize];
                        *at = step.next + u32::from(!(value <= step.threshold));
                    }
                }
                for (out, at) in out.chunks_mut(outputs).zip(at) {
                    out[output] += rate * self.values[at as usize];
                }
            }
        }
    }
}
