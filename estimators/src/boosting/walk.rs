//! Predicting: small trees by their cuts, many rows at once; large trees and single rows walk ([`crate::walk`]).

use super::trees::Trees;
use crate::binning::Mapper;
use crate::walk::{Block, Fork, LANES, Masks, Rows, Steps, TOGETHER, Test, UNKNOWN};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use std::ops::Range;

/// The forms of all trees that predictions use.
#[derive(Debug, Clone)]
pub struct Walks {
    steps: Vec<Steps<f64>>,
    /// Where no tree is too large and this pays.
    masks: Option<Masks>,
    /// The features that hold categories.
    categorical: Vec<usize>,
}

/// Rows of a block, and those that go through all trees at a time.
const BLOCK: usize = 1024;
const NEAR: usize = 4 * LANES;
/// Rows that are worth room for [`LANES`].
const WORTH: usize = 8;

/// For each node, where trees have sets, the categories that go to the other side than missing values.
fn others(trees: &Trees, mapper: &Mapper) -> Vec<[i64; 4]> {
    let mut others = vec![[0; 4]; if trees.categories.is_empty() { 0 } else { trees.set.len() }];
    for (node, others) in others.iter_mut().enumerate() {
        let Ok(set) = usize::try_from(trees.set[node]) else { continue };
        let (lead_left, n_bins) = (trees.category_set(set), mapper.features[trees.feature[node] as usize].n_bins());
        for code in 0..n_bins {
            let left = lead_left[code / 64] >> (code % 64) & 1 != 0;
            others[code / 64] |= i64::from(left != (trees.missing_left[node] != 0)) << (code % 64);
        }
    }
    others
}

impl Walks {
    /// The forms of checked trees.
    pub fn new(trees: &Trees, mapper: &Mapper) -> Self {
        let p = mapper.features.len();
        let others = others(trees, mapper);
        let fork = |tree: usize, node: usize| {
            let at = trees.starts[tree] as usize + node;
            let left = usize::try_from(trees.left[at]).ok()?;
            let test = match trees.set[at] {
                -1 => Test::UpTo(trees.threshold[at]),
                _ => Test::Other(&[0, 1, 2, 3], &others[at]),
            };
            let (feature, missing_left) = (trees.feature[at] as u32, trees.missing_left[at] != 0);
            Some(Fork { children: [left, trees.right[at] as usize], feature, missing_left, test })
        };
        let value = |tree: usize, node: usize| trees.value[trees.starts[tree] as usize + node];
        let counts: Vec<usize> = (0..trees.n_trees()).map(|tree| trees.nodes(tree).len()).collect();
        Walks {
            steps: (0..).zip(&counts).map(|(tree, &count)| Steps::new(count, p, |node| fork(tree, node))).collect(),
            masks: if Masks::pay() { Masks::new(&counts, p, fork, value) } else { None },
            categorical: (0..p).filter(|&j| mapper.features[j].is_categorical()).collect(),
        }
    }

    /// Adds some trees to `out`, row by row `k` predictions; the first of `run` is one of output 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for sparse X; [`ironlearn_linalg::Error::Interrupted`].
    pub fn predict(
        &self,
        x: &AnyMatrix<'_>,
        (trees, mapper): (&Trees, &Mapper),
        run: Range<usize>,
        out: &mut [f64],
        k: usize,
        ctl: &Control,
    ) -> Result<()> {
        if x.is_sparse() {
            bad_input!("Sparse data was passed for X, but dense data is required.");
        }
        let part = Part { walks: self, trees, mapper, run, k };
        threads::fill_rows(ctl, out, k, BLOCK, |first, out| {
            with_matrix!(x, x => part.add(x, first, out));
        })?;
        Ok(())
    }
}

/// Some trees of a model with `k` outputs.
struct Part<'a> {
    walks: &'a Walks,
    trees: &'a Trees,
    mapper: &'a Mapper,
    run: Range<usize>,
    k: usize,
}

impl Part<'_> {
    /// Adds to the predictions of rows from `first` on.
    fn add<F: Real>(&self, x: &Matrix<'_, F>, first: usize, out: &mut [f64]) {
        let n = out.len() / self.k;
        let by_masks = match &self.walks.masks {
            Some(masks) => {
                let whole = if n % LANES < WORTH { n / LANES * LANES } else { n };
                self.add_masks(masks, x, first, &mut out[..whole * self.k]);
                whole
            }
            None => 0,
        };
        self.add_steps(x, first + by_masks, &mut out[by_masks * self.k..]);
    }

    fn add_masks<F: Real>(&self, masks: &Masks, x: &Matrix<'_, F>, first: usize, out: &mut [f64]) {
        let k = self.k;
        let mut blocks = vec![masks.block(); (out.len() / k).min(NEAR).div_ceil(LANES)];
        let mut sums = vec![[0.0; LANES]; blocks.len() * k];
        for (first, out) in (first..).step_by(NEAR).zip(out.chunks_mut(NEAR * k)) {
            let here = (out.len() / k).div_ceil(LANES);
            for ((b, block), sums) in blocks[..here].iter_mut().enumerate().zip(sums.chunks_exact_mut(k)) {
                let out = &out[b * LANES * k..((b + 1) * LANES * k).min(out.len())];
                for (i, out) in out.chunks_exact(k).enumerate() {
                    sums.iter_mut().zip(out).for_each(|(sums, &out)| sums[i] = out);
                }
                self.lay(masks, x, first + b * LANES..first + b * LANES + out.len() / k, block);
            }
            masks.add(&blocks[..here], self.run.clone(), &mut sums[..here * k]);
            for (out, sums) in out.chunks_mut(LANES * k).zip(sums.chunks_exact(k)) {
                for (i, out) in out.chunks_exact_mut(k).enumerate() {
                    out.iter_mut().zip(sums).for_each(|(out, sums)| *out = sums[i]);
                }
            }
        }
    }

    /// Lays rows side by side.
    fn lay<F: Real>(&self, masks: &Masks, x: &Matrix<'_, F>, rows: Range<usize>, block: &mut Block) {
        let n = rows.len();
        match x.as_rows() {
            Some(values) => {
                let p = x.ncols();
                for (i, row) in values[rows.start * p..rows.end * p].chunks_exact(p).enumerate() {
                    for (lanes, &j) in block.numbers.iter_mut().zip(masks.numbers()) {
                        lanes[i] = row[j as usize].widen();
                    }
                }
            }
            None => {
                for (lanes, &j) in block.numbers.iter_mut().zip(masks.numbers()) {
                    x.pack(rows.clone(), j as usize..j as usize + 1, 1, &mut lanes[..n]);
                }
            }
        }
        for (lanes, &j) in block.codes.iter_mut().zip(masks.codes()) {
            let mut values = [0.0; LANES];
            x.pack(rows.clone(), j as usize..j as usize + 1, 1, &mut values[..n]);
            for (code, &v) in lanes.iter_mut().zip(&values[..n]) {
                *code = self.code(j as usize, v).unwrap_or(u8::MAX);
            }
        }
    }

    /// The code of a category; `None` where a value is none.
    fn code(&self, feature: usize, value: f64) -> Option<u8> {
        let bins = &self.mapper.features[feature];
        Some(bins.bin(value)).filter(|&code| usize::from(code) < bins.n_bins())
    }

    /// Rows that walk: together where they are many, else each through several trees at once.
    fn add_steps<F: Real>(&self, x: &Matrix<'_, F>, first: usize, out: &mut [f64]) {
        let (k, p) = (self.k, x.ncols());
        let steps = &self.walks.steps[self.run.clone()];
        let value =
            |t: usize, leaf: u32| self.trees.value[self.trees.starts[self.run.start + t] as usize + leaf as usize];
        let mut packed = vec![0.0_f64; (out.len() / k).min(NEAR) * p];
        let mut leaves = [0_u32; NEAR];
        for (first, out) in (first..).step_by(NEAR).zip(out.chunks_mut(NEAR * k)) {
            let n = out.len() / k;
            let rows = &mut packed[..n * p];
            x.pack(first..first + n, 0..p, p, rows);
            for &j in &self.walks.categorical {
                for row in rows.chunks_exact_mut(p) {
                    row[j] = self.code(j, row[j]).map_or(UNKNOWN, u32::from).into();
                }
            }
            let whole = n / TOGETHER * TOGETHER;
            if whole > 0 {
                for (t, steps) in steps.iter().enumerate() {
                    steps.leaves(Rows::Gaps(&rows[..whole * p], p), &mut leaves[..whole]);
                    for (out, &leaf) in out.chunks_exact_mut(k).zip(&leaves[..whole]) {
                        out[t % k] += value(t, leaf);
                    }
                }
            }
            let (groups, rest) = steps.as_chunks::<TOGETHER>();
            for (row, out) in rows.chunks_exact(p).zip(out.chunks_exact_mut(k)).skip(whole) {
                for (g, group) in groups.iter().enumerate() {
                    let leaves = Steps::leaves_of_row(group.each_ref(), row);
                    (g * TOGETHER..).zip(leaves).for_each(|(t, leaf)| out[t % k] += value(t, leaf));
                }
                for (t, steps) in (groups.len() * TOGETHER..).zip(rest) {
                    out[t % k] += value(t, steps.leaf(row));
                }
            }
        }
    }
}
