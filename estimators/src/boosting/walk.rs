//! Predicting: compact nodes, several rows (or, for few rows, several trees) at once, blocks of rows in parallel.
//!
//! A step is 16 bytes. Siblings are neighbours, and a leaf leads to itself, so that rows of different depth walk
//! together without a branch.

use super::split::CategorySet;
use super::trees::Trees;
use crate::binning::Mapper;
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use std::ops::Range;

/// The nodes of all trees, each tree's in the order of its levels.
#[derive(Debug, Clone)]
pub struct Walks {
    steps: Vec<Step>,
    /// What a row that ends there gets.
    values: Vec<f64>,
    /// The root of each tree.
    roots: Vec<u32>,
    sets: Vec<CategorySet>,
    /// The features that hold categories.
    categorical: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// The threshold, or, as bits, the number of the set of categories.
    threshold: f64,
    /// The feature, and two flags.
    feature: u32,
    /// The left child; the right one follows it.
    next: u32,
}

const MISSING_LEFT: u32 = 1 << 31;
const CATEGORIES: u32 = 1 << 30;
const FEATURE: u32 = CATEGORIES - 1;
/// Rows or trees that walk together.
const TOGETHER: usize = 8;
/// Rows of a block, and those that go through all trees at a time.
const BLOCK: usize = 512;
const NEAR: usize = 64;

impl Walks {
    /// The compact form of checked trees.
    pub fn new(trees: &Trees, mapper: &Mapper) -> Self {
        let mut walks = Walks {
            steps: Vec::with_capacity(trees.left.len()),
            values: Vec::with_capacity(trees.left.len()),
            roots: Vec::with_capacity(trees.n_trees()),
            sets: (0..trees.categories.len() / 32).map(|set| trees.category_set(set)).collect(),
            categorical: (0..mapper.features.len()).filter(|&j| mapper.features[j].is_categorical()).collect(),
        };
        let mut order: Vec<u32> = Vec::new();
        for tree in 0..trees.n_trees() {
            let start = trees.nodes(tree).start;
            let root = walks.steps.len();
            walks.roots.push(root as u32);
            order.clear();
            order.push(0);
            let mut at = 0;
            while at < order.len() {
                let node = start + order[at] as usize;
                walks.values.push(trees.value[node]);
                walks.steps.push(if trees.left[node] < 0 {
                    Step { threshold: f64::INFINITY, feature: MISSING_LEFT, next: (root + at) as u32 }
                } else {
                    let next = (root + order.len()) as u32;
                    order.extend([trees.left[node] as u32, trees.right[node] as u32]);
                    let missing = if trees.missing_left[node] != 0 { MISSING_LEFT } else { 0 };
                    let feature = trees.feature[node] as u32 | missing;
                    match trees.set[node] {
                        -1 => Step { threshold: trees.threshold[node], feature, next },
                        set => Step { threshold: f64::from_bits(set as u64), feature: feature | CATEGORIES, next },
                    }
                });
                at += 1;
            }
        }
        walks
    }

    #[inline(always)]
    fn step<const CATEGORICAL: bool, F: Real>(&self, at: u32, row: &[F]) -> u32 {
        let step = self.steps[at as usize];
        let value = row[(step.feature & FEATURE) as usize].widen();
        let missing = u32::from(value.is_nan()) & (step.feature >> 31);
        // Without a branch: which way a row goes cannot be guessed.
        let left = if CATEGORICAL && step.feature & CATEGORIES != 0 {
            let code = value as usize & 255;
            let set = &self.sets[step.threshold.to_bits() as usize];
            let known = !value.is_nan() && set[code / 64] >> (code % 64) & 1 != 0;
            u32::from(known) | missing
        } else {
            u32::from(value <= step.threshold) | missing
        };
        step.next + (left ^ 1)
    }

    /// Adds trees to the predictions of rows that lie one after the other; tree t of them adds to output t modulo k.
    fn add<const CATEGORICAL: bool, F: Real>(
        &self,
        rows: &[F],
        width: usize,
        trees: &Range<usize>,
        out: &mut [f64],
        k: usize,
    ) {
        let roots = &self.roots[trees.clone()];
        let whole = rows.len() / width / TOGETHER * TOGETHER;
        let (groups, rest) = rows.split_at(whole * width);
        let (out_groups, out_rest) = out.split_at_mut(whole * k);
        for (t, &root) in roots.iter().enumerate() {
            let output = t % k;
            for first in (0..whole).step_by(TOGETHER) {
                let mine: [&[F]; TOGETHER] =
                    std::array::from_fn(|j| &groups[(first + j) * width..(first + j + 1) * width]);
                let mut at = [root; TOGETHER];
                loop {
                    let mut moved = 0;
                    for j in 0..TOGETHER {
                        let next = self.step::<CATEGORICAL, F>(at[j], mine[j]);
                        moved |= next ^ at[j];
                        at[j] = next;
                    }
                    if moved == 0 {
                        break;
                    }
                }
                for j in 0..TOGETHER {
                    out_groups[(first + j) * k + output] += self.values[at[j] as usize];
                }
            }
        }
        // The last rows one by one, several trees at once.
        for (row, out) in rest.chunks_exact(width).zip(out_rest.chunks_exact_mut(k)) {
            for (first, roots) in roots.chunks(TOGETHER).enumerate() {
                let mut at = [roots[0]; TOGETHER];
                at[..roots.len()].copy_from_slice(roots);
                loop {
                    let mut moved = 0;
                    for at in &mut at {
                        let next = self.step::<CATEGORICAL, F>(*at, row);
                        moved |= next ^ *at;
                        *at = next;
                    }
                    if moved == 0 {
                        break;
                    }
                }
                for (t, at) in at[..roots.len()].iter().enumerate() {
                    out[(first * TOGETHER + t) % k] += self.values[*at as usize];
                }
            }
        }
    }

    /// Adds some trees to `out`, row by row `k` predictions; the first of `trees` is one of output 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for sparse X; [`ironlearn_linalg::Error::Interrupted`].
    pub fn predict(
        &self,
        x: &AnyMatrix<'_>,
        mapper: &Mapper,
        trees: Range<usize>,
        out: &mut [f64],
        k: usize,
        ctl: &Control,
    ) -> Result<()> {
        if x.is_sparse() {
            bad_input!("Sparse data was passed for X, but dense data is required.");
        }
        threads::fill_rows(ctl, out, k, BLOCK, |first, out| {
            with_matrix!(x, x => self.block(x, mapper, first, &trees, out, k));
        })?;
        Ok(())
    }

    fn block<F: Real>(
        &self,
        x: &Matrix<'_, F>,
        mapper: &Mapper,
        first: usize,
        trees: &Range<usize>,
        out: &mut [f64],
        k: usize,
    ) {
        let width = x.ncols();
        match x.as_rows() {
            Some(values) if self.categorical.is_empty() => {
                let rows = &values[first * width..(first + out.len() / k) * width];
                for (rows, out) in rows.chunks(NEAR * width).zip(out.chunks_mut(NEAR * k)) {
                    self.add::<false, F>(rows, width, trees, out, k);
                }
            }
            _ => {
                let mut packed = vec![0.0_f64; NEAR * width];
                for (i, out) in out.chunks_mut(NEAR * k).enumerate() {
                    let rows = out.len() / k;
                    let packed = &mut packed[..rows * width];
                    x.pack(first + i * NEAR..first + i * NEAR + rows, 0..width, width, packed);
                    for &j in &self.categorical {
                        let (bins, unknown) = (&mapper.features[j], mapper.features[j].n_bins());
                        for row in packed.chunks_exact_mut(width) {
                            let code = bins.bin(row[j]) as usize;
                            row[j] = if code == unknown { f64::NAN } else { code as f64 };
                        }
                    }
                    if self.categorical.is_empty() {
                        self.add::<false, f64>(packed, width, trees, out, k);
                    } else {
                        self.add::<true, f64>(packed, width, trees, out, k);
                    }
                }
            }
        }
    }
}
