//! A fitted tree: a struct of arrays, one entry a node, the root first.

use super::categories::CategorySets;
use crate::walk::{Fork, Steps, Test};
use crate::{Error, Result};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// The nodes of a tree. Children come after their parents; a leaf has no children (-1) and no feature (-2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tree {
    /// The number of columns of X.
    pub n_features: usize,
    /// The number of classes of each output; 1 for numbers.
    pub n_classes: Vec<usize>,
    /// The left child of each node: rows whose value is at most the threshold.
    #[serde(with = "crate::saved::array1_i32")]
    pub children_left: Array1<i32>,
    /// The right child of each node.
    #[serde(with = "crate::saved::array1_i32")]
    pub children_right: Array1<i32>,
    /// The feature that splits each node.
    #[serde(with = "crate::saved::array1_i32")]
    pub feature: Array1<i32>,
    /// The threshold of each node, between two `f32` values; infinite where only missing values go right.
    #[serde(with = "crate::saved::array1")]
    pub threshold: Array1<f64>,
    /// The criterion's impurity of each node.
    #[serde(with = "crate::saved::array1")]
    pub impurity: Array1<f64>,
    /// The rows of each node.
    #[serde(with = "crate::saved::counts")]
    pub n_node_samples: Array1<u32>,
    /// The weight of the rows of each node.
    #[serde(with = "crate::saved::array1")]
    pub weighted_n_node_samples: Array1<f64>,
    /// Whether missing values go left (1).
    #[serde(with = "crate::saved::array1_u8")]
    pub missing_go_to_left: Array1<u8>,
    /// Nodes × (outputs × the largest number of classes): class fractions, or numbers in units of y.
    #[serde(with = "crate::saved::array2")]
    pub value: Array2<f64>,
    /// The sets of categories where such decide, not thresholds: X holds their codes then (see [`super::Categories`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<CategorySets>,
    /// The form that predictions walk, made when first needed.
    #[serde(skip)]
    pub(super) steps: OnceLock<Steps<f32>>,
}

impl PartialEq for Tree {
    /// Whether all arrays hold the same numbers (NaN equals nothing).
    fn eq(&self, other: &Self) -> bool {
        (self.n_features, &self.n_classes) == (other.n_features, &other.n_classes)
            && self.children_left == other.children_left
            && self.children_right == other.children_right
            && self.feature == other.feature
            && self.threshold == other.threshold
            && self.impurity == other.impurity
            && self.n_node_samples == other.n_node_samples
            && self.weighted_n_node_samples == other.weighted_n_node_samples
            && self.missing_go_to_left == other.missing_go_to_left
            && self.value == other.value
            && self.categories == other.categories
    }
}

impl Tree {
    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        self.feature.len()
    }

    /// The number of outputs.
    pub fn n_outputs(&self) -> usize {
        self.n_classes.len()
    }

    /// The largest number of classes of an output.
    pub fn max_n_classes(&self) -> usize {
        self.n_classes.iter().copied().max().unwrap_or(1)
    }

    /// The number of leaves.
    pub fn n_leaves(&self) -> usize {
        self.children_left.iter().filter(|&&child| child < 0).count()
    }

    /// The two children of a node, unless it is a leaf.
    pub fn children(&self, node: usize) -> Option<[usize; 2]> {
        let (left, right) = (self.children_left[node], self.children_right[node]);
        (left >= 0).then_some([left as usize, right as usize])
    }

    /// The form that predictions walk.
    pub(super) fn steps(&self) -> &Steps<f32> {
        self.steps.get_or_init(|| {
            let sets = self.categories.as_ref().map(|sets| sets.lookup());
            let array = |array| -> &[i32] { ndarray::Array1::as_slice(array).unwrap_or(&[]) };
            let (left, right) = (array(&self.children_left), array(&self.children_right));
            let (feature, threshold) = (array(&self.feature), self.threshold.as_slice().unwrap_or(&[]));
            let missing_left = self.missing_go_to_left.as_slice().unwrap_or(&[]);
            Steps::new(self.node_count(), self.n_features, |node| {
                let left = usize::try_from(left[node]).ok()?;
                let test = match sets.and_then(|sets| Some(sets.words(sets.set(node)?))) {
                    Some((places, words)) => Test::Other(places, words),
                    None => Test::UpTo(threshold[node]),
                };
                Some(Fork {
                    children: [left, right[node] as usize],
                    feature: feature[node] as u32,
                    missing_left: missing_left[node] != 0,
                    test,
                })
            })
        })
    }

    /// For each node its parent; the root has none.
    pub fn parents(&self) -> Vec<Option<usize>> {
        let mut parents = vec![None; self.node_count()];
        for node in 0..self.node_count() {
            for child in self.children(node).into_iter().flatten() {
                parents[child] = Some(node);
            }
        }
        parents
    }

    /// The number of levels below the root.
    pub fn max_depth(&self) -> usize {
        let mut depths = vec![0; self.node_count()];
        for node in 0..self.node_count() {
            for child in self.children(node).into_iter().flatten() {
                depths[child] = depths[node] + 1;
            }
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// For each feature the total decrease of impurity by its splits, weighted by rows; they add up to 1 (or are 0).
    pub fn feature_importances(&self) -> Array1<f64> {
        let mut importances = Array1::zeros(self.n_features);
        let part = |node: usize| self.weighted_n_node_samples[node] * self.impurity[node];
        for node in 0..self.node_count() {
            if let Some([left, right]) = self.children(node) {
                importances[self.feature[node] as usize] += part(node) - part(left) - part(right);
            }
        }
        importances /= self.weighted_n_node_samples[0];
        let total: f64 = importances.sum();
        if total > 0.0 {
            importances /= total;
        }
        importances
    }

    /// Checks that the arrays form one tree, so that walking it ends and looks nothing up out of range.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its tree {what}")));
        let n = self.node_count();
        let lengths = [
            self.children_left.len(),
            self.children_right.len(),
            self.threshold.len(),
            self.impurity.len(),
            self.n_node_samples.len(),
            self.weighted_n_node_samples.len(),
            self.missing_go_to_left.len(),
            self.value.nrows(),
        ];
        if n == 0 || n > i32::MAX as usize || lengths.iter().any(|&length| length != n) {
            return bad("has arrays of different lengths");
        }
        if self.n_features == 0 || self.n_features > i32::MAX as usize {
            return bad("has no features");
        }
        let stride = self.n_outputs().checked_mul(self.max_n_classes());
        if self.n_classes.contains(&0) || self.n_classes.is_empty() || stride != Some(self.value.ncols()) {
            return bad("has values of another shape than outputs × classes");
        }
        let mut has_parent = vec![false; n];
        has_parent[0] = true;
        for node in 0..n {
            let (left, right) = (self.children_left[node], self.children_right[node]);
            if (left, right) == (-1, -1) {
                continue;
            }
            let within = |child: i32| child > node as i32 && (child as usize) < n;
            if !within(left) || !within(right) || left == right {
                return bad("has a child that does not come after its parent");
            }
            if self.feature[node] < 0 || self.feature[node] as usize >= self.n_features {
                return bad("splits on a feature that X does not have");
            }
            for child in [left as usize, right as usize] {
                if std::mem::replace(&mut has_parent[child], true) {
                    return bad("has a node with two parents");
                }
            }
        }
        if has_parent.contains(&false) {
            return bad("has a node without a parent");
        }
        self.categories.as_ref().map_or(Ok(()), |sets| sets.check(n, |node| self.children_left[node] >= 0))
    }
}
