//! Quantile regression forests (Meinshausen 2006, JMLR 7): the rows of the fit, weighted by how often they share a leaf
//! with the row that is asked about, are its conditional distribution.

use super::model::NumberForest;
use crate::tree::{Coded, Tree, fill_by};
use crate::{AnyMatrix, Error, Model, Result, bad_input};
use ironlearn_linalg::{Control, threads};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Where the rows of the fit ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LeafSamples {
    /// The targets, rising.
    #[serde(with = "crate::saved::array1")]
    y: Array1<f64>,
    /// The weights of the rows, in the order of the targets.
    #[serde(with = "crate::saved::array1")]
    weights: Array1<f64>,
    /// Trees × rows, in the order of the targets: the leaf.
    #[serde(with = "crate::saved::array2_i32")]
    leaves: Array2<i32>,
    #[serde(skip)]
    index: OnceLock<Vec<Index>>,
}

impl PartialEq for LeafSamples {
    fn eq(&self, other: &Self) -> bool {
        (&self.y, &self.weights, &self.leaves) == (&other.y, &other.weights, &other.leaves)
    }
}

/// The rows of each leaf of a tree, rising, and the weight of each leaf.
#[derive(Debug, Clone)]
struct Index {
    starts: Vec<u32>,
    rows: Vec<u32>,
    weights: Vec<f64>,
}

impl LeafSamples {
    /// Sends the rows of the fit down the trees; those without weight are left out.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub(super) fn new(
        trees: &[Tree],
        x: &AnyMatrix<'_>,
        y: &[f64],
        weights: Option<&[f64]>,
        ctl: &Control,
    ) -> Result<Self> {
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        let mut order: Vec<usize> = (0..y.len()).filter(|&row| weight(row) > 0.0).collect();
        order.sort_by(|&a, &b| y[a].total_cmp(&y[b]));
        let mut leaves = Array2::zeros((trees.len(), order.len()));
        let mut of_rows = vec![0_i32; y.len()];
        for (tree, mut leaves) in trees.iter().zip(leaves.rows_mut()) {
            fill_by(std::slice::from_ref(tree), x, &mut of_rows, 1, ctl, |_, some, out| {
                out.iter_mut().zip(some).for_each(|(out, &leaf)| *out = leaf as i32);
            })?;
            leaves.iter_mut().zip(&order).for_each(|(leaf, &row)| *leaf = of_rows[row]);
        }
        Ok(LeafSamples {
            y: order.iter().map(|&row| y[row]).collect(),
            weights: order.iter().map(|&row| weight(row)).collect(),
            leaves,
            index: OnceLock::new(),
        })
    }

    /// Checks that the parts fit to the trees.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn check(&self, trees: &[Tree]) -> Result<()> {
        let n = self.y.len();
        let fits = n > 0 && self.weights.len() == n && self.leaves.dim() == (trees.len(), n);
        let rising = self.y.iter().all(|y| y.is_finite()) && self.y.windows(2).into_iter().all(|y| y[0] <= y[1]);
        let weighty = self.weights.iter().all(|&w| w > 0.0 && w.is_finite());
        let is_leaf = |(tree, leaf): (&Tree, &i32)| {
            usize::try_from(*leaf).is_ok_and(|leaf| leaf < tree.node_count() && tree.children(leaf).is_none())
        };
        let ends = || trees.iter().zip(self.leaves.rows()).all(|(t, row)| row.iter().all(|leaf| is_leaf((t, leaf))));
        if fits && rising && weighty && ends() {
            return Ok(());
        }
        Err(Error::File("its forest has samples that do not fit to its trees".to_owned()))
    }

    fn index(&self, trees: &[Tree]) -> &[Index] {
        self.index.get_or_init(|| {
            let of_tree = |(tree, leaves): (&Tree, ndarray::ArrayView1<'_, i32>)| {
                let mut starts = vec![0_u32; tree.node_count() + 1];
                let mut weights = vec![0.0; tree.node_count()];
                for (&leaf, w) in leaves.iter().zip(&self.weights) {
                    starts[leaf as usize + 1] += 1;
                    weights[leaf as usize] += w;
                }
                for node in 0..tree.node_count() {
                    starts[node + 1] += starts[node];
                }
                let (mut at, mut rows) = (starts.clone(), vec![0; leaves.len()]);
                for (row, &leaf) in leaves.iter().enumerate() {
                    rows[at[leaf as usize] as usize] = row as u32;
                    at[leaf as usize] += 1;
                }
                Index { starts, rows, weights }
            };
            trees.iter().zip(self.leaves.rows()).map(of_tree).collect()
        })
    }
}

impl NumberForest {
    /// For each row the quantiles `q` of its conditional distribution, n × quantiles: the smallest target below or at
    /// which the rows of the fit that share its leaves have so much of their weight.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the fit did not keep its samples; [`Error::Input`] for a quantile outside [0, 1] or
    /// X that does not fit; an interrupted run.
    pub fn predict_quantiles(&self, x: &AnyMatrix<'_>, q: &[f64], ctl: &Control) -> Result<Array2<f64>> {
        let Some(samples) = &self.samples else {
            return Err(Error::Unsupported(
                "quantiles need the samples in the leaves: fit the forest with keep_samples=True".to_owned(),
            ));
        };
        if let Some(q) = q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            bad_input!("a quantile lies in [0, 1], not at {q}");
        }
        self.check_columns(x, "RandomForestRegressor")?;
        let mut leaves = vec![0_u32; x.nrows() * self.trees.len()];
        let coded = Coded::new(self.categories.as_ref(), x, ctl)?;
        fill_by(&self.trees, &coded.x(), &mut leaves, self.trees.len(), ctl, |tree, some, out| {
            out.chunks_exact_mut(self.trees.len()).zip(some).for_each(|(out, &leaf)| out[tree] = leaf);
        })?;
        let index = samples.index(&self.trees);
        let mut out = Array2::zeros((x.nrows(), q.len()));
        let (width, trees) = (q.len().max(1), self.trees.len());
        let values = out.as_slice_mut().unwrap_or(&mut []);
        threads::fill_rows(ctl, values, width, 64, |first, out| {
            let mut held: Vec<(u32, f64)> = Vec::new();
            for (i, out) in out.chunks_mut(width).enumerate() {
                held.clear();
                for (index, &leaf) in index.iter().zip(&leaves[(first + i) * trees..(first + i + 1) * trees]) {
                    let leaf = leaf as usize;
                    let rows = &index.rows[index.starts[leaf] as usize..index.starts[leaf + 1] as usize];
                    held.extend(rows.iter().map(|&row| (row, samples.weights[row as usize] / index.weights[leaf])));
                }
                held.sort_unstable_by_key(|&(row, _)| row);
                let total: f64 = held.iter().map(|(_, w)| w).sum();
                for (out, &q) in out.iter_mut().zip(q) {
                    let mut sum = 0.0;
                    // Rounding must not step over the row at which a sum should end.
                    let wanted = q * total * (1.0 - 1e-12);
                    let reached = held.iter().find(|(_, w)| {
                        sum += w;
                        sum >= wanted
                    });
                    let row = reached.or(held.last()).map_or(0, |(row, _)| *row);
                    *out = samples.y[row as usize];
                }
            }
        })?;
        Ok(out)
    }
}
