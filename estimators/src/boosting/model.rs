//! Fitted boosting: what classification and regression share, and what they answer.

use super::objective::Objective;
use super::trees::Trees;
use super::walk::Walks;
use crate::binning::Mapper;
use crate::loss::sigmoid;
use crate::{
    AnyMatrix, Attribute, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result, saved,
};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::OnceLock;

/// Trees whose sum is the raw prediction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Boosted {
    /// The loss.
    pub objective: Objective,
    /// The raw prediction without trees, one an output.
    #[serde(with = "saved::vector")]
    pub baseline: Vec<f64>,
    /// The bins that the trees were grown on; a prediction needs the categories.
    pub mapper: Mapper,
    /// The trees, one an output and iteration: iteration after iteration.
    pub trees: Trees,
    /// Whether early stopping was in force.
    pub early_stopping: bool,
    /// Scores (minus the loss) on the rows trained on: before the first tree and after each iteration, where early
    /// stopping looked at them.
    #[serde(with = "saved::vector")]
    pub train_score: Vec<f64>,
    /// The same on the rows held out.
    #[serde(with = "saved::vector")]
    pub validation_score: Vec<f64>,
    /// Whether rows had weights.
    pub weighted: bool,
    /// Whether features were marked as categories.
    pub marked: bool,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
    /// The form that predictions walk, made when first needed.
    #[serde(skip)]
    pub(super) walks: OnceLock<Walks>,
}

impl PartialEq for Boosted {
    fn eq(&self, other: &Self) -> bool {
        (self.objective, &self.baseline, &self.mapper) == (other.objective, &other.baseline, &other.mapper)
            && (self.early_stopping, self.weighted, self.marked) == (other.early_stopping, other.weighted, other.marked)
            && self.trees == other.trees
            && self.train_score == other.train_score
            && self.validation_score == other.validation_score
    }
}

/// Rows of a tile of what follows the trees.
const TILE: usize = 1024;

impl Boosted {
    /// Trees of an iteration.
    pub fn n_outputs(&self) -> usize {
        self.objective.n_outputs()
    }

    /// The number of iterations.
    pub fn n_iter(&self) -> usize {
        self.trees.n_trees() / self.n_outputs().max(1)
    }

    /// Adds the trees of some iterations to raw predictions, n × outputs.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns or iterations that there are not.
    pub fn add_iterations(
        &self,
        x: &AnyMatrix<'_>,
        iterations: Range<usize>,
        raw: &mut [f64],
        ctl: &Control,
    ) -> Result<()> {
        let k = self.n_outputs();
        if iterations.end > self.n_iter() || raw.len() != x.nrows() * k {
            return Err(Error::Input(format!("there are {} iterations", self.n_iter())));
        }
        let walks = self.walks.get_or_init(|| Walks::new(&self.trees, &self.mapper));
        walks.predict(x, (&self.trees, &self.mapper), iterations.start * k..iterations.end * k, raw, k, ctl)
    }

    /// The raw predictions of the baseline alone.
    pub fn begin(&self, n: usize) -> Vec<f64> {
        self.baseline.iter().copied().cycle().take(n * self.n_outputs()).collect()
    }

    /// The raw predictions, n × outputs.
    ///
    /// # Errors
    /// As [`Boosted::add_iterations`].
    pub fn raw(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let mut raw = self.begin(x.nrows());
        self.add_iterations(x, 0..self.n_iter(), &mut raw, ctl)?;
        matrix(x.nrows(), self.n_outputs(), raw)
    }

    fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its boosting {what}")));
        let k = self.n_outputs();
        if k == 0 || self.baseline.len() != k || !self.trees.n_trees().is_multiple_of(k) {
            return bad("has another number of trees than outputs");
        }
        if self.mapper.features.is_empty() || self.mapper.features.len() >= 1 << 30 {
            return bad("has no features");
        }
        self.mapper.check(self.mapper.features.len())?;
        self.trees.check(&self.mapper)
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let scores = |v: &[f64]| Attribute::Floats(Array1::from(v.to_vec()).into_dyn(), Dtype::F64);
        let mut all = vec![
            ("n_iter_", Attribute::Int(self.n_iter() as i64)),
            ("n_trees_per_iteration_", Attribute::Int(self.n_outputs() as i64)),
            ("do_early_stopping_", Attribute::Flag(self.early_stopping)),
            ("train_score_", scores(&self.train_score)),
            ("validation_score_", scores(&self.validation_score)),
        ];
        if self.marked {
            let mask = self.mapper.features.iter().map(|bins| u8::from(bins.is_categorical()));
            all.push(("is_categorical_", Attribute::Flags(mask.collect())));
        }
        all
    }
}

fn matrix(rows: usize, columns: usize, values: Vec<f64>) -> Result<Array2<f64>> {
    Array2::from_shape_vec((rows, columns), values).map_err(|error| Error::Input(error.to_string()))
}

/// Probabilities from raw predictions, n × classes (two, where there is one output).
pub fn probabilities(raw: &Array2<f64>) -> Array2<f64> {
    let n = raw.nrows();
    if raw.ncols() == 1 {
        let mut out = Array2::zeros((n, 2));
        for (mut out, &z) in out.rows_mut().into_iter().zip(raw) {
            out[1] = sigmoid(z);
            out[0] = 1.0 - out[1];
        }
        return out;
    }
    let mut out = raw.clone();
    for mut row in out.rows_mut() {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|z| (z - largest).exp());
        let sum = row.sum();
        row.mapv_inplace(|v| v / sum);
    }
    out
}

/// Class codes from raw predictions.
pub fn codes(raw: &Array2<f64>) -> Array1<f64> {
    if raw.ncols() == 1 {
        return raw.iter().map(|&z| f64::from(u8::from(z > 0.0))).collect();
    }
    let best = |row: ndarray::ArrayView1<'_, f64>| {
        let mut best = 0;
        for (code, z) in row.iter().enumerate() {
            if *z > row[best] {
                best = code;
            }
        }
        best as f64
    };
    raw.rows().into_iter().map(best).collect()
}

macro_rules! boosted_model {
    ($name:ident, $doc:literal, $estimator:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name {
            /// The trees and all that is with them.
            pub boosted: Boosted,
        }

        impl Model for $name {
            fn n_features_in(&self) -> usize {
                self.boosted.mapper.features.len()
            }
            fn check(&self) -> Result<()> {
                self.boosted.check()
            }
            fn report(&self) -> &Report {
                &self.boosted.report
            }
            fn attributes(&self) -> Vec<(&'static str, Attribute)> {
                self.boosted.attributes()
            }
        }

        impl DecisionOn for $name {
            /// The raw predictions, n × outputs.
            fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
                self.check_columns(x, $estimator)?;
                self.boosted.raw(x, ctl)
            }
        }
    };
}

boosted_model!(BoostedClasses, "Boosted trees that predict classes.", "HistGradientBoostingClassifier");
boosted_model!(BoostedNumbers, "Boosted trees that predict numbers.", "HistGradientBoostingRegressor");

impl PredictOn for BoostedNumbers {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let mut raw = self.decision_on(x, ctl)?;
        let link = self.boosted.objective.link();
        if link != crate::loss::Link::Identity {
            let out = raw.as_slice_mut().unwrap_or_default();
            ironlearn_linalg::threads::fill_rows(ctl, out, 1, TILE, |_, out| {
                out.iter_mut().for_each(|z| *z = link.inverse(*z));
            })?;
        }
        Ok(raw)
    }
}

impl PredictOn for BoostedClasses {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        Ok(codes(&self.decision_on(x, ctl)?).insert_axis(ndarray::Axis(1)))
    }
}

impl ProbaOn for BoostedClasses {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        Ok(vec![probabilities(&self.decision_on(x, ctl)?)])
    }
}
