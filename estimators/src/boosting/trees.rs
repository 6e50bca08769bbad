//! The trees of a fitted model: a struct of arrays, one entry a node, tree after tree.

use super::grow::Grown;
use super::split::{CategorySet, Side};
use crate::binning::{FeatureBins, Mapper};
use crate::saved;
use crate::{Error, Result};
use ndarray::Array1;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Trees. A node comes before those below it, its left child right after it; children are counted from the tree's root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    /// Where each tree starts; one entry more.
    #[serde(with = "saved::array1_i64")]
    pub starts: Array1<i64>,
    /// The left child of each node; -1: a leaf.
    #[serde(with = "saved::array1_i32")]
    pub left: Array1<i32>,
    /// The right child of each node; -1: a leaf.
    #[serde(with = "saved::array1_i32")]
    pub right: Array1<i32>,
    /// The feature that splits each node; -2: a leaf.
    #[serde(with = "saved::array1_i32")]
    pub feature: Array1<i32>,
    /// Values up to this one lead left; infinite where only missing ones lead right, 0 where categories decide.
    #[serde(with = "saved::array1")]
    pub threshold: Array1<f64>,
    /// The bin of that threshold.
    #[serde(with = "saved::array1_u8")]
    pub bin: Array1<u8>,
    /// Which of `categories` lead left; -1: none, the threshold decides.
    #[serde(with = "saved::array1_i32")]
    pub set: Array1<i32>,
    /// Whether missing values lead left (1).
    #[serde(with = "saved::array1_u8")]
    pub missing_left: Array1<u8>,
    /// The value of each node; that of a leaf is added to the prediction.
    #[serde(with = "saved::array1")]
    pub value: Array1<f64>,
    /// The loss that the split of each node saved; -1: a leaf.
    #[serde(with = "saved::array1")]
    pub gain: Array1<f64>,
    /// The rows of each node.
    #[serde(with = "saved::array1_i64")]
    pub count: Array1<i64>,
    /// The number of levels above each node.
    #[serde(with = "saved::array1_i32")]
    pub depth: Array1<i32>,
    /// Sets of categories, 32 bytes each, one bit a category.
    #[serde(with = "saved::array1_u8")]
    pub categories: Array1<u8>,
}

impl Default for Trees {
    fn default() -> Self {
        let (ints, floats, bytes) = (|| Array1::from(vec![]), || Array1::from(vec![]), || Array1::from(vec![]));
        Trees {
            starts: Array1::from(vec![0]),
            left: ints(),
            right: ints(),
            feature: ints(),
            threshold: floats(),
            bin: bytes(),
            set: ints(),
            missing_left: bytes(),
            value: floats(),
            gain: floats(),
            count: Array1::from(vec![]),
            depth: ints(),
            categories: bytes(),
        }
    }
}

/// Trees that are being collected.
#[derive(Debug)]
pub struct Growing {
    starts: Vec<i64>,
    left: Vec<i32>,
    right: Vec<i32>,
    feature: Vec<i32>,
    threshold: Vec<f64>,
    bin: Vec<u8>,
    set: Vec<i32>,
    missing_left: Vec<u8>,
    value: Vec<f64>,
    gain: Vec<f64>,
    count: Vec<i64>,
    depth: Vec<i32>,
    categories: Vec<u8>,
}

impl Growing {
    /// Goes on from trees that are there.
    pub fn from(trees: &Trees) -> Self {
        Growing {
            starts: trees.starts.to_vec(),
            left: trees.left.to_vec(),
            right: trees.right.to_vec(),
            feature: trees.feature.to_vec(),
            threshold: trees.threshold.to_vec(),
            bin: trees.bin.to_vec(),
            set: trees.set.to_vec(),
            missing_left: trees.missing_left.to_vec(),
            value: trees.value.to_vec(),
            gain: trees.gain.to_vec(),
            count: trees.count.to_vec(),
            depth: trees.depth.to_vec(),
            categories: trees.categories.to_vec(),
        }
    }

    /// The number of trees.
    pub fn n_trees(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The number, the leaves and the largest depth of the last `k` trees, or of those that there are.
    pub fn last(&self, k: usize) -> (usize, usize, usize) {
        let k = k.min(self.n_trees());
        let start = self.starts[self.n_trees() - k] as usize;
        let leaves = self.left[start..].iter().filter(|&&child| child < 0).count();
        (k, leaves, self.depth[start..].iter().copied().max().unwrap_or(0) as usize)
    }

    /// Adds a tree, its nodes in the order of a walk that goes left first.
    pub fn push(&mut self, nodes: &[Grown], mapper: &Mapper) {
        let start = self.left.len();
        let mut waiting: Vec<(usize, Option<usize>)> = vec![(0, None)];
        while let Some((from, right_of)) = waiting.pop() {
            let at = self.left.len();
            if let Some(parent) = right_of {
                self.right[parent] = (at - start) as i32;
            }
            let node = &nodes[from];
            self.value.push(node.value);
            self.count.push(node.rows.len() as i64);
            self.depth.push(node.depth as i32);
            let Some((split, [left, right])) = &node.split else {
                self.gain.push(-1.0);
                self.leaf();
                continue;
            };
            self.gain.push(split.gain);
            self.left.push((at + 1 - start) as i32);
            self.right.push(-1);
            self.feature.push(split.feature as i32);
            self.missing_left.push(u8::from(split.missing_left));
            let (threshold, bin, set) = match (split.side, &mapper.features[split.feature as usize]) {
                (Side::UpTo(bin), FeatureBins::Numeric(thresholds)) => {
                    (thresholds.get(bin as usize).copied().unwrap_or(f64::INFINITY), bin, -1)
                }
                (Side::UpTo(bin), FeatureBins::Categories(_)) => (f64::INFINITY, bin, -1),
                (Side::In(categories), _) => {
                    let set = self.categories.len() / 32;
                    self.categories.extend(categories.iter().flat_map(|word| word.to_le_bytes()));
                    (0.0, 0, set as i32)
                }
            };
            self.threshold.push(threshold);
            self.bin.push(bin);
            self.set.push(set);
            waiting.push((*right, Some(at)));
            waiting.push((*left, None));
        }
        self.starts.push(self.left.len() as i64);
    }

    fn leaf(&mut self) {
        self.left.push(-1);
        self.right.push(-1);
        self.feature.push(-2);
        self.threshold.push(0.0);
        self.bin.push(0);
        self.set.push(-1);
        self.missing_left.push(0);
    }

    /// The trees so far.
    pub fn trees(&self) -> Trees {
        Trees {
            starts: self.starts.clone().into(),
            left: self.left.clone().into(),
            right: self.right.clone().into(),
            feature: self.feature.clone().into(),
            threshold: self.threshold.clone().into(),
            bin: self.bin.clone().into(),
            set: self.set.clone().into(),
            missing_left: self.missing_left.clone().into(),
            value: self.value.clone().into(),
            gain: self.gain.clone().into(),
            count: self.count.clone().into(),
            depth: self.depth.clone().into(),
            categories: self.categories.clone().into(),
        }
    }
}

impl Trees {
    /// The number of trees.
    pub fn n_trees(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Where the nodes of a tree lie.
    pub fn nodes(&self, tree: usize) -> Range<usize> {
        self.starts[tree] as usize..self.starts[tree + 1] as usize
    }

    /// A set of categories.
    pub fn category_set(&self, set: usize) -> CategorySet {
        let bytes = self.categories.as_slice().unwrap_or(&[]);
        let words = bytes[32 * set..32 * set + 32].as_chunks::<8>().0;
        std::array::from_fn(|i| u64::from_le_bytes(words[i]))
    }

    /// Checks that the arrays form trees over these bins, so that walking them ends and looks nothing up out of range.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self, mapper: &Mapper) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("one of its trees {what}")));
        let n = self.left.len();
        let lengths = [
            self.right.len(),
            self.feature.len(),
            self.threshold.len(),
            self.bin.len(),
            self.set.len(),
            self.missing_left.len(),
            self.value.len(),
            self.gain.len(),
            self.count.len(),
            self.depth.len(),
        ];
        if lengths.iter().any(|&length| length != n)
            || n > i32::MAX as usize
            || !self.categories.len().is_multiple_of(32)
        {
            return bad("has arrays of different lengths");
        }
        let ends = (self.starts.first(), self.starts.last());
        let rises = self.starts.iter().zip(self.starts.iter().skip(1)).all(|(a, b)| a < b);
        if ends != (Some(&0), Some(&(n as i64))) || !rises {
            return bad("does not start where the one before it ends");
        }
        for tree in 0..self.n_trees() {
            let nodes = self.nodes(tree);
            let mut has_parent = vec![false; nodes.len()];
            has_parent[0] = true;
            for (place, node) in nodes.clone().enumerate() {
                let (left, right) = (self.left[node], self.right[node]);
                if (left, right) == (-1, -1) {
                    continue;
                }
                for child in [left, right] {
                    if child <= place as i32 || child as usize >= nodes.len() {
                        return bad("has a child that does not come after its parent");
                    }
                    if std::mem::replace(&mut has_parent[child as usize], true) {
                        return bad("has a node with two parents");
                    }
                }
                let Some(bins) = usize::try_from(self.feature[node]).ok().and_then(|f| mapper.features.get(f)) else {
                    return bad("splits on a feature that X does not have");
                };
                let set = self.set[node];
                let known = set == -1 || (bins.is_categorical() && (set as usize) < self.categories.len() / 32);
                if !known || set < -1 || self.threshold[node].is_nan() {
                    return bad("has a split that does not divide values");
                }
            }
            if has_parent.contains(&false) {
                return bad("has a node without a parent");
            }
        }
        Ok(())
    }
}
