//! A fitted isolation forest: scores by the depths of leaves.

use super::together::check_trees;
use crate::tree::{Tree, apply, fill_by, paths};
use crate::{AnyMatrix, ApplyOn, Attribute, Control, DecisionOn, Error, Model, PredictOn, Report, Result};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// A forest of random splits, and the score below which a row is an outlier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IsolationModel {
    /// The number of columns of X.
    pub n_features: usize,
    /// The trees.
    pub trees: Vec<Tree>,
    /// The seed of each tree.
    pub seeds: Vec<u64>,
    /// The features that each tree may use, rising.
    pub features: Vec<Vec<u32>>,
    /// How many rows each tree was grown on.
    pub sample_size: usize,
    /// The score below which a row is an outlier.
    pub offset: f64,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
    /// For each node of each tree its depth and the mean depth of its rows below it, made when first needed.
    #[serde(skip)]
    pub(super) lengths: OnceLock<Vec<Vec<f64>>>,
}

/// The mean depth of n rows in a tree of random splits.
pub(super) fn average_path_length(n: usize) -> f64 {
    const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
    match n {
        ..=1 => 0.0,
        2 => 1.0,
        n => {
            let rest = n as f64 - 1.0;
            2.0 * (rest.ln() + EULER_GAMMA) - 2.0 * rest / n as f64
        }
    }
}

fn lengths(tree: &Tree) -> Vec<f64> {
    let mut depths = vec![0.0; tree.node_count()];
    for node in 0..tree.node_count() {
        for child in tree.children(node).into_iter().flatten() {
            depths[child] = depths[node] + 1.0;
        }
    }
    depths.iter().zip(&tree.n_node_samples).map(|(depth, &n)| depth + average_path_length(n as usize)).collect()
}

impl IsolationModel {
    /// After trees were added.
    pub(super) fn forget_lengths(&mut self) {
        self.lengths = OnceLock::new();
    }

    /// The score of each row: the lower, the more it is an outlier; in [-1, 0].
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns or infinite values; an interrupted run.
    pub fn scores(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<f64>> {
        self.check_columns(x, "IsolationForest")?;
        let lengths = self.lengths.get_or_init(|| self.trees.iter().map(lengths).collect());
        let mut depths = vec![0.0; x.nrows()];
        fill_by(&self.trees, x, &mut depths, 1, ctl, |tree, leaves, out| {
            let lengths = &lengths[tree];
            out.iter_mut().zip(leaves).for_each(|(out, &leaf)| *out += lengths[leaf as usize]);
        })?;
        let average = self.trees.len() as f64 * average_path_length(self.sample_size);
        let score = |depth: f64| -(-if average != 0.0 { depth / average } else { 1.0 }).exp2();
        Ok(depths.into_iter().map(score).collect())
    }
}

impl Model for IsolationModel {
    fn n_features_in(&self) -> usize {
        self.n_features
    }
    fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its isolation forest {what}")));
        check_trees(&self.trees)?;
        if self.trees[0].n_features != self.n_features {
            return bad("has trees over another number of features");
        }
        if self.seeds.len() != self.trees.len() || self.features.len() != self.trees.len() {
            return bad("has another number of seeds or lists of features than of trees");
        }
        let rising = |f: &Vec<u32>| f.windows(2).all(|pair| pair[0] < pair[1]);
        let within = |f: &Vec<u32>| f.last().is_some_and(|&last| (last as usize) < self.n_features);
        if !self.features.iter().all(|f| rising(f) && within(f)) {
            return bad("has a list of features that X does not have");
        }
        Ok(())
    }
    fn report(&self) -> &Report {
        &self.report
    }
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("max_samples_", Attribute::Int(self.sample_size as i64)), ("offset_", Attribute::Float(self.offset))]
    }
}

impl DecisionOn for IsolationModel {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let scores = self.scores(x, ctl)?;
        Ok(Array1::from(scores).mapv_into(|score| score - self.offset).insert_axis(Axis(1)))
    }
}

impl PredictOn for IsolationModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        Ok(self.decision_on(x, ctl)?.mapv_into(|score| if score < 0.0 { -1.0 } else { 1.0 }))
    }
}

impl ApplyOn for IsolationModel {
    fn apply_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
        self.check_columns(x, "IsolationForest")?;
        apply(&self.trees, x, ctl)
    }
    fn decision_path_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
        let leaves = self.apply_on(x, ctl)?;
        paths(&self.trees, leaves.as_slice().unwrap_or(&[]), ctl)
    }
    fn trees(&self) -> Vec<&Tree> {
        self.trees.iter().collect()
    }
}
