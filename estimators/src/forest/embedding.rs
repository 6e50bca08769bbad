//! RandomTreesEmbedding: rows as the leaves of random trees that they fall into.

use super::grow::grow_trees;
use super::params::Sampling;
use super::together::check_trees;
use crate::tree::{Count, Growth, MaxFeatures, NumberCriterion, NumberTarget, Splitter, Tree, apply, paths};
use crate::{
    AnyMatrix, ApplyOn, Attribute, Backend, Checked, Control, Data, Error, FitOn, Model, Params, PredictOn, Report,
    Result, Target, TransformOn,
};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Totally random trees as an embedding (Geurts, Ernst and Wehenkel 2006; Moosmann, Triggs and Jurie 2006): each leaf of
/// each tree is a new column, which is 1 for the rows that fall into it. Neighbours tend to share leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RandomTreesEmbedding {
    /// The number of trees. Range [1, ∞).
    pub n_estimators: usize,
    /// Levels below the root. Range [1, ∞); `None`: no limit.
    pub max_depth: Option<u64>,
    /// Rows of a node that is split, at least. Range [2, ∞), or a share in (0, 1].
    pub min_samples_split: Count,
    /// Rows of a leaf, at least. Range [1, ∞), or a share in (0, 1).
    pub min_samples_leaf: Count,
    /// Weight of a leaf, as a share of all weight, at least. Range [0, 0.5].
    pub min_weight_fraction_leaf: f64,
    /// Leaves of a tree, at most. Range [2, ∞); `None`: no limit.
    pub max_leaf_nodes: Option<u64>,
    /// The decrease of the variance of random numbers that a split has to bring. Range [0, ∞).
    pub min_impurity_decrease: f64,
    /// The seed of all random choices.
    pub random_state: u64,
}

impl Default for RandomTreesEmbedding {
    fn default() -> Self {
        RandomTreesEmbedding {
            n_estimators: 100,
            max_depth: Some(5),
            min_samples_split: Count::Rows(2),
            min_samples_leaf: Count::Rows(1),
            min_weight_fraction_leaf: 0.0,
            max_leaf_nodes: None,
            min_impurity_decrease: 0.0,
            random_state: 0,
        }
    }
}

impl RandomTreesEmbedding {
    fn growth(&self) -> Growth<'_> {
        Growth {
            estimator: Self::NAME,
            splitter: Splitter::Random,
            max_depth: self.max_depth,
            min_samples_split: self.min_samples_split,
            min_samples_leaf: self.min_samples_leaf,
            min_weight_fraction_leaf: self.min_weight_fraction_leaf,
            max_features: MaxFeatures::Number(1),
            random_state: self.random_state,
            max_leaf_nodes: self.max_leaf_nodes,
            min_impurity_decrease: self.min_impurity_decrease,
            ccp_alpha: 0.0,
            monotonic_cst: None,
            categorical_features: None,
        }
    }

    fn sampling(&self) -> Sampling {
        Sampling {
            estimator: Self::NAME,
            n_estimators: self.n_estimators,
            bootstrap: false,
            oob_score: false,
            max_samples: None,
            max_bins: None,
        }
    }
}

impl Params for RandomTreesEmbedding {
    const NAME: &'static str = "RandomTreesEmbedding";

    fn validate(&self) -> Result<()> {
        self.growth().validate()?;
        self.sampling().validate()
    }
}

/// A fitted embedding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingModel {
    /// The trees.
    pub trees: Vec<Tree>,
    /// The seed of each tree.
    pub seeds: Vec<u64>,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl<B: Backend> FitOn<B> for RandomTreesEmbedding {
    type Model = EmbeddingModel;

    /// Goes on from the trees of `start`, up to `n_estimators`. The target is ignored.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&EmbeddingModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<EmbeddingModel> {
        let data = Data { x: data.x, target: Target::None, weights: data.weights };
        data.check()?;
        if let Some(start) = start
            && start.n_features_in() != data.x.ncols()
        {
            crate::bad_input!("warm_start goes on with trees over {} features", start.n_features_in());
        }
        // The trees are grown on numbers that mean nothing: which of the drawn thresholds is best is random too.
        let mut rng = ChaCha8Rng::seed_from_u64(params.random_state);
        let y =
            Array2::from_shape_simple_fn((data.x.nrows(), 1), || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64);
        let target = NumberTarget::new(NumberCriterion::SquaredError, y.view())?;
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let grown = ctl.timed("grow_forest", &on.host_name(), || {
            grow_trees(
                &data.x,
                &params.growth(),
                &params.sampling(),
                weights.as_deref(),
                start.map(|start| (&*start.trees, &*start.seeds)),
                None,
                |growth, ground, weights, ctl| target.grow(growth, ground, weights, ctl),
                ctl,
            )
        })?;
        Ok(EmbeddingModel { trees: grown.trees, seeds: grown.seeds, report: grown.report })
    }
}

impl Model for EmbeddingModel {
    fn n_features_in(&self) -> usize {
        self.trees.first().map_or(0, |tree| tree.n_features)
    }
    fn check(&self) -> Result<()> {
        check_trees(&self.trees)?;
        if self.seeds.len() != self.trees.len() {
            return Err(Error::File("its forest has another number of seeds than of trees".to_owned()));
        }
        Ok(())
    }
    fn report(&self) -> &Report {
        &self.report
    }
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("n_outputs_", Attribute::Int(1))]
    }
}

impl PredictOn for EmbeddingModel {
    /// n × trees: the leaf of each row in each tree.
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        Ok(self.apply_on(x, ctl)?.mapv(|leaf| leaf as f64))
    }
}

impl TransformOn for EmbeddingModel {
    /// One column a leaf, tree after tree, leaves in the order of their numbers.
    fn transform_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let leaves = self.apply_on(x, ctl)?;
        let mut columns: Vec<Vec<u32>> = Vec::new();
        let mut width = 0_u32;
        for tree in &self.trees {
            let column = |node: usize| {
                width += u32::from(tree.children(node).is_none());
                width.saturating_sub(1)
            };
            columns.push((0..tree.node_count()).map(column).collect());
        }
        let mut out = Array2::zeros((x.nrows(), width as usize));
        for (row, mut out) in leaves.rows().into_iter().zip(out.rows_mut()) {
            for (column, &leaf) in columns.iter().zip(row) {
                out[column[leaf as usize] as usize] = 1.0;
            }
        }
        Ok(out)
    }
}

impl ApplyOn for EmbeddingModel {
    fn apply_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
        self.check_columns(x, "RandomTreesEmbedding")?;
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
