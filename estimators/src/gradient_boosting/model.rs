//! A boosted model: the start, the trees, and how the fit went.

use super::loss::Loss;
use super::walk::Forest;
use crate::tree::{NumberTree, Tree, apply};
use crate::{
    AnyMatrix, ApplyOn, Attribute, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result,
    bad_input,
};
use ndarray::{Array1, Array2, Array3, Axis};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::OnceLock;

/// A sum of trees: raw predictions are `start + learning_rate · Σ trees`, in the order of the stages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Boosted {
    /// What was reduced.
    pub loss: Loss,
    /// The number of columns of X.
    pub n_features: usize,
    /// The share of each tree's leaves that is taken.
    pub learning_rate: f64,
    /// The raw predictions before the first tree, one for each output; `None`: another estimator's, which the caller
    /// knows ([`Boosted::raw_from`]).
    #[serde(default)]
    pub start: Option<Vec<f64>>,
    /// Stages × outputs.
    pub trees: Vec<Tree>,
    /// The number of features that were drawn for each split.
    pub max_features: usize,
    /// The seed; a fit that goes on from this model takes its random numbers from the same streams.
    pub seed: u64,
    /// What is paid on the rows learnt from, after each stage.
    #[serde(with = "crate::saved::vector")]
    pub train_score: Vec<f64>,
    /// What is paid on the rows left out by subsampling, after each stage; empty without subsampling.
    #[serde(default, with = "crate::saved::vector")]
    pub oob_scores: Vec<f64>,
    /// By how much each stage lowered that.
    #[serde(default, with = "crate::saved::vector")]
    pub oob_improvement: Vec<f64>,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
    /// The form that predictions walk, made when first needed.
    #[serde(skip)]
    pub(super) forest: OnceLock<Forest>,
}

impl Boosted {
    /// Trees of a stage.
    pub fn outputs(&self) -> usize {
        self.loss.outputs()
    }

    /// The number of stages.
    pub fn stages(&self) -> usize {
        self.trees.len() / self.outputs().max(1)
    }

    /// Tree `k`, stages × outputs, as a model of its own.
    pub fn tree(&self, k: usize) -> Option<NumberTree> {
        let tree = self.trees.get(k)?.clone();
        Some(NumberTree { tree, max_features: self.max_features, categories: None, report: Report::direct("exact") })
    }

    fn check_rows(&self, x: &AnyMatrix<'_>) -> Result<()> {
        if x.ncols() != self.n_features {
            let name = if self.loss.classes() > 0 { "GradientBoostingClassifier" } else { "GradientBoostingRegressor" };
            let (found, wanted) = (x.ncols(), self.n_features);
            bad_input!("X has {found} features, but {name} is expecting {wanted} features as input.");
        }
        if !x.all_finite() {
            bad_input!("Input X contains NaN or infinity.");
        }
        crate::tree::columns::check_values(x)
    }

    /// Adds the trees of some stages to the raw predictions `raw`, n × outputs.
    ///
    /// # Errors
    /// [`Error::Input`] for X or `raw` of another shape; [`Error::Linalg`] where the run was interrupted.
    pub fn raw_from(
        &self,
        x: &AnyMatrix<'_>,
        raw: Array2<f64>,
        stages: Range<usize>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        self.check_start(x, &raw, &stages)?;
        let mut raw = if raw.is_standard_layout() { raw } else { raw.as_standard_layout().into_owned() };
        self.add_stages(x, stages, raw.as_slice_mut().unwrap_or(&mut []), ctl)?;
        Ok(raw)
    }

    /// The raw predictions after each of some stages, stages × n × outputs; `raw` are those before the first of them.
    ///
    /// # Errors
    /// As [`Boosted::raw_from`].
    pub fn staged_from(
        &self,
        x: &AnyMatrix<'_>,
        raw: &Array2<f64>,
        stages: Range<usize>,
        ctl: &Control,
    ) -> Result<Array3<f64>> {
        self.check_start(x, raw, &stages)?;
        let mut after = Array3::zeros((stages.len(), raw.nrows(), raw.ncols()));
        for (s, stage) in stages.enumerate() {
            let (before, mut now) = after.view_mut().split_at(Axis(0), s);
            let mut now = now.index_axis_mut(Axis(0), 0);
            now.assign(&before.outer_iter().next_back().unwrap_or(raw.view()));
            self.add_stages(x, stage..stage + 1, now.as_slice_mut().unwrap_or(&mut []), ctl)?;
        }
        Ok(after)
    }

    fn check_start(&self, x: &AnyMatrix<'_>, raw: &Array2<f64>, stages: &Range<usize>) -> Result<()> {
        self.check_rows(x)?;
        if raw.dim() != (x.nrows(), self.outputs()) || stages.end > self.stages() || stages.start > stages.end {
            bad_input!("raw predictions of another shape than rows × outputs, or stages that are not there");
        }
        Ok(())
    }

    /// Adds the trees of some stages to `raw`, n × outputs.
    fn add_stages(&self, x: &AnyMatrix<'_>, stages: Range<usize>, raw: &mut [f64], ctl: &Control) -> Result<()> {
        let k = self.outputs();
        let forest = self.forest.get_or_init(|| Forest::new(&self.trees));
        forest.add(x, stages.start * k..stages.end * k, k, self.learning_rate, raw, ctl)
    }

    /// The raw predictions before the first tree.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where they come from another estimator.
    pub fn start_of(&self, rows: usize) -> Result<Array2<f64>> {
        match &self.start {
            Some(start) => Ok(Array2::from_shape_fn((rows, start.len()), |(_, k)| start[k])),
            None => Err(Error::Unsupported(
                "this model starts from the predictions of another estimator (init), which is not part of it".into(),
            )),
        }
    }

    /// The raw predictions, n × outputs.
    ///
    /// # Errors
    /// As [`Boosted::raw_from`] and [`Boosted::start_of`].
    pub fn raw(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.raw_from(x, self.start_of(x.nrows())?, 0..self.stages(), ctl)
    }

    /// The probabilities of the classes, n × classes, that belong to raw predictions.
    pub fn probabilities(&self, raw: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros((raw.nrows(), self.loss.classes()));
        let mut row = vec![0.0; self.loss.classes()];
        for (mut out, raw) in out.rows_mut().into_iter().zip(raw.rows()) {
            self.loss.probabilities(&raw.to_vec(), &mut row);
            out.iter_mut().zip(&row).for_each(|(out, p)| *out = *p);
        }
        out
    }

    /// The codes of the classes that belong to raw predictions.
    pub fn codes(raw: &Array2<f64>) -> Array1<f64> {
        let code = |row: ndarray::ArrayView1<'_, f64>| match row.len() {
            1 => f64::from(u8::from(row[0] >= 0.0)),
            _ => {
                let best = row.iter().enumerate().fold(0, |best, (k, z)| if *z > row[best] { k } else { best });
                best as f64
            }
        };
        raw.rows().into_iter().map(code).collect()
    }

    fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its boosted trees {what}")));
        let k = self.outputs();
        if matches!(self.loss, Loss::Multinomial(classes) if !(3..=self.trees.len().max(3)).contains(&classes)) {
            return bad("have a number of classes that their trees do not bear out");
        }
        if self.trees.is_empty() || !self.trees.len().is_multiple_of(k) {
            return bad("are no whole stages");
        }
        if self.start.as_ref().is_some_and(|start| start.len() != k) {
            return bad("start from another number of outputs");
        }
        if self.train_score.len() != self.stages() {
            return bad("have scores of another number of stages");
        }
        for scores in [&self.oob_scores, &self.oob_improvement] {
            if !scores.is_empty() && scores.len() != self.stages() {
                return bad("have scores of another number of stages");
            }
        }
        for tree in &self.trees {
            tree.check()?;
            if tree.n_features != self.n_features || tree.n_classes != [1] {
                return bad("do not fit together");
            }
        }
        Ok(())
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let floats = |values: &[f64]| Attribute::Floats(Array1::from(values.to_vec()).into_dyn(), Dtype::F64);
        let mut all = vec![
            ("train_score_", floats(&self.train_score)),
            ("n_estimators_", Attribute::Int(self.stages() as i64)),
            ("n_trees_per_iteration_", Attribute::Int(self.outputs() as i64)),
            ("max_features_", Attribute::Int(self.max_features as i64)),
        ];
        if let Some(last) = self.oob_scores.last() {
            all.push(("oob_score_", Attribute::Float(*last)));
            all.push(("oob_scores_", floats(&self.oob_scores)));
            all.push(("oob_improvement_", floats(&self.oob_improvement)));
        }
        all
    }

    /// The share of the decrease of the squared error that each feature brought: the mean over all trees that split.
    pub fn feature_importances(&self) -> Array1<f64> {
        let mut sum = Array1::<f64>::zeros(self.n_features);
        for tree in &self.trees {
            let part = |node: usize| tree.weighted_n_node_samples[node] * tree.impurity[node];
            for node in 0..tree.node_count() {
                if let Some([left, right]) = tree.children(node) {
                    let decrease = part(node) - part(left) - part(right);
                    sum[tree.feature[node] as usize] += decrease / tree.weighted_n_node_samples[0];
                }
            }
        }
        let total = sum.sum();
        if self.trees.iter().any(|tree| tree.node_count() > 1) { sum / total } else { sum }
    }
}

macro_rules! boosted_model {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct $name {
            /// The trees.
            pub boosted: Boosted,
        }

        impl Model for $name {
            fn n_features_in(&self) -> usize {
                self.boosted.n_features
            }
            fn check(&self) -> Result<()> {
                self.check_kind()?;
                self.boosted.check()
            }
            fn report(&self) -> &Report {
                &self.boosted.report
            }
            fn attributes(&self) -> Vec<(&'static str, Attribute)> {
                self.boosted.attributes()
            }
        }

        impl ApplyOn for $name {
            fn apply_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
                self.boosted.check_rows(x)?;
                apply(&self.boosted.trees, x, ctl)
            }
            fn decision_path_on(&self, _: &AnyMatrix<'_>, _: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
                Err(Error::Unsupported("boosted trees have no common decision path".into()))
            }
            fn trees(&self) -> Vec<&Tree> {
                self.boosted.trees.iter().collect()
            }
        }
    };
}

boosted_model!(BoostedClasses, "Boosted trees that predict classes.");
boosted_model!(BoostedNumbers, "Boosted trees that predict numbers.");

impl BoostedClasses {
    fn check_kind(&self) -> Result<()> {
        match self.boosted.loss.classes() {
            0 => Err(Error::File("its boosted trees predict numbers, not classes".into())),
            _ => Ok(()),
        }
    }
}

impl BoostedNumbers {
    fn check_kind(&self) -> Result<()> {
        match self.boosted.loss.classes() {
            0 => Ok(()),
            _ => Err(Error::File("its boosted trees predict classes, not numbers".into())),
        }
    }
}

impl PredictOn for BoostedNumbers {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.boosted.raw(x, ctl)
    }
}

impl PredictOn for BoostedClasses {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        Ok(Boosted::codes(&self.boosted.raw(x, ctl)?).insert_axis(ndarray::Axis(1)))
    }
}

impl DecisionOn for BoostedClasses {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.boosted.raw(x, ctl)
    }
}

impl ProbaOn for BoostedClasses {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        Ok(vec![self.boosted.probabilities(&self.boosted.raw(x, ctl)?)])
    }
}
