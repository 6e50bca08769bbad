//! A fitted kernel machine: its support vectors with their dual coefficients.

use super::machine::Machine;
use super::settings::Shape;
use super::solver::End;
use crate::kernel::{FittedRows, Kernel, KernelFunction, PreparedRows, Reference};
use crate::{
    AnyMatrix, Attribute, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result, Warning,
    WarningKind,
};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a kernel machine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SvmKind {
    /// Class codes.
    Classes,
    /// Numbers.
    Numbers,
    /// 1 for what is like the rows of the fit, −1 for the rest.
    Outliers,
}

/// `f(x) = Σ dual·k(x, row) + intercept`, for each pair of classes or once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SvmModel {
    /// What it answers.
    pub kind: SvmKind,
    /// The kernel, its parameters resolved.
    pub kernel: Kernel,
    /// The support vectors, those of each class after one another.
    pub rows: PreparedRows,
    /// Where they are among the rows of the fit.
    #[serde(with = "crate::saved::array1_i32")]
    pub support: Array1<i32>,
    /// How many each class has; one number where there are no classes.
    #[serde(with = "crate::saved::array1_i32")]
    pub n_support: Array1<i32>,
    /// See [`Machine::dual_coef`].
    #[serde(with = "crate::saved::array2")]
    pub dual_coef: Array2<f64>,
    /// See [`Machine::intercept`].
    #[serde(with = "crate::saved::array1")]
    pub intercept: Array1<f64>,
    /// The slope of each pair's sigmoid; empty without probabilities.
    #[serde(with = "crate::saved::array1")]
    pub prob_a: Array1<f64>,
    /// The place of each pair's sigmoid; empty without probabilities.
    #[serde(with = "crate::saved::array1")]
    pub prob_b: Array1<f64>,
    /// The shape of the scores of more than two classes.
    pub shape: Shape,
    /// Whether predictions follow the scores of the classes instead of the votes.
    pub break_ties: bool,
    /// Rows of the fit.
    pub n_fit: usize,
    /// Columns of the fit.
    pub features: usize,
    /// Whether it was fitted to sparse rows.
    pub sparse: bool,
    /// The objective of each problem.
    #[serde(with = "crate::saved::array1")]
    pub objective: Array1<f64>,
    /// For each problem the rows whose coefficient is as large as it may be.
    #[serde(with = "crate::saved::array1_i32")]
    pub bounded: Array1<i32>,
    /// What the fit had to say.
    pub report: Report,
}

/// What the user hears of problems that did not end at their tolerance.
pub(super) fn end_warnings(ends: &[End], max_iter: i64) -> Vec<Warning> {
    let message = if ends.contains(&End::Steps) && max_iter >= 0 {
        format!(
            "Solver terminated early (max_iter={max_iter}).  Consider pre-processing your data with StandardScaler or \
             MinMaxScaler."
        )
    } else if ends.contains(&End::Steps) {
        "Solver terminated early after max(10,000,000, 100 n_samples) steps.  Consider pre-processing your data with \
         StandardScaler or MinMaxScaler, or a smaller C."
            .to_owned()
    } else if ends.iter().any(|end| *end != End::Converged) {
        "Solver terminated early: rounding hides what is left to gain.  Consider pre-processing your data with \
         StandardScaler or MinMaxScaler, or a smaller C."
            .to_owned()
    } else {
        return Vec::new();
    };
    vec![Warning { kind: WarningKind::Convergence, message }]
}

impl SvmModel {
    /// The number of classes; 1 where there are none.
    fn classes(&self) -> usize {
        self.n_support.len()
    }

    /// See [`Machine::values`].
    ///
    /// # Errors
    /// As there.
    pub fn values(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "the model")?;
        let rows = self.reference(ctl)?;
        let machine = Machine {
            rows: &rows,
            n_support: self.n_support.iter().map(|&n| n.max(0) as usize).collect(),
            dual_coef: self.dual_coef.view(),
            intercept: self.intercept.view(),
        };
        machine.values(x, ctl)
    }

    /// The support vectors, ready for predictions.
    ///
    /// # Errors
    /// [`Error::Linalg`] for an interrupted run.
    pub fn reference(&self, ctl: &Control) -> Result<Arc<Reference>> {
        match *self.rows {
            FittedRows::None => {
                let columns = self.support.iter().map(|&i| i.max(0) as usize).collect();
                Ok(Arc::new(Reference::given(self.kernel, columns, self.n_fit)))
            }
            _ => self.rows.reference(self.kernel, ctl),
        }
    }
}

impl Model for SvmModel {
    fn n_features_in(&self) -> usize {
        self.features
    }

    fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("a support vector machine whose {what}")));
        let vectors = match &*self.rows {
            FittedRows::None => self.support.len(),
            FittedRows::Dense(rows) if rows.ncols() != self.features => return bad("rows are of another width"),
            FittedRows::Dense(rows) => rows.nrows(),
            FittedRows::Sparse(rows) => {
                rows.check()?;
                if rows.columns != self.features || self.features > u32::MAX as usize {
                    return bad("rows are of another width");
                }
                rows.len()
            }
        };
        let precomputed = self.kernel.function == KernelFunction::Precomputed;
        if precomputed != (*self.rows == FittedRows::None) || (precomputed && self.features != self.n_fit) {
            return bad("kernel does not fit its rows");
        }
        if self.kernel.function.is_for_histograms() {
            return bad("kernel is none that it can have");
        }
        let k = self.classes();
        let sum: i64 = self.n_support.iter().map(|&n| i64::from(n)).sum();
        let (lines, pairs) = match (self.kind, k) {
            (SvmKind::Classes, 2..=100_000) => (k - 1, k * (k - 1) / 2),
            (SvmKind::Numbers | SvmKind::Outliers, 1) => (1, 1),
            _ => return bad("classes are missing"),
        };
        let fits = self.features > 0
            && self.support.len() == vectors
            && self.n_support.iter().all(|&n| n >= 0)
            && sum == vectors as i64
            && self.dual_coef.dim() == (lines, vectors)
            && self.intercept.len() == pairs
            && self.support.iter().all(|&i| i >= 0 && (i as usize) < self.n_fit)
            && [0, pairs].contains(&self.prob_a.len())
            && self.prob_a.len() == self.prob_b.len();
        if fits { Ok(()) } else { bad("parts do not fit together") }
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let floats = |a: &Array1<f64>| Attribute::Floats(a.clone().into_dyn(), Dtype::F64);
        let integers = |a: &Array1<i32>| Attribute::Int32s(a.clone().into_dyn());
        let steps: Array1<i32> = self.report.iterations.iter().map(|&n| n.min(i32::MAX as usize) as i32).collect();
        vec![
            ("support_", integers(&self.support)),
            ("_n_support", integers(&self.n_support)),
            ("_dual_coef_", Attribute::Floats(self.dual_coef.clone().into_dyn(), Dtype::F64)),
            ("_intercept_", floats(&self.intercept)),
            ("_probA", floats(&self.prob_a)),
            ("_probB", floats(&self.prob_b)),
            ("_num_iter", integers(&steps)),
            ("_gamma", Attribute::Float(self.kernel.gamma)),
            ("_sparse", Attribute::Flag(self.sparse)),
            ("_objective", floats(&self.objective)),
            ("_bounded", integers(&self.bounded)),
            ("fit_status_", Attribute::Int(i64::from(!self.report.converged))),
        ]
    }
}

impl PredictOn for SvmModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let mut values = self.values(x, ctl)?;
        match self.kind {
            SvmKind::Numbers => Ok(values),
            SvmKind::Outliers => {
                values.mapv_inplace(|v| if v > 0.0 { 1.0 } else { -1.0 });
                Ok(values)
            }
            SvmKind::Classes => {
                let k = self.classes();
                let by_scores = self.break_ties && self.shape == Shape::Ovr && k > 2;
                let mut scores = vec![0.0; k];
                let mut codes = Array2::zeros((values.nrows(), 1));
                for (values, code) in values.rows().into_iter().zip(codes.iter_mut()) {
                    let best = if by_scores {
                        Machine::scores(values, k, &mut scores);
                        (0..k).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
                    } else {
                        Machine::vote(values, k)
                    };
                    *code = best as f64;
                }
                Ok(codes)
            }
        }
    }
}

impl DecisionOn for SvmModel {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let values = self.values(x, ctl)?;
        match (self.kind, self.classes(), self.shape) {
            (SvmKind::Classes, 2, _) => Ok(-values),
            (SvmKind::Classes, k, Shape::Ovr) => {
                let mut scores = Array2::zeros((values.nrows(), k));
                for (values, mut scores) in values.rows().into_iter().zip(scores.rows_mut()) {
                    Machine::scores(values, k, scores.as_slice_mut().unwrap_or_default());
                }
                Ok(scores)
            }
            _ => Ok(values),
        }
    }
}

impl ProbaOn for SvmModel {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        if self.prob_a.is_empty() {
            return Err(Error::Unsupported("predict_proba is not available when fitted with probability=False".into()));
        }
        let values = self.values(x, ctl)?;
        let (a, b) = (self.prob_a.to_vec(), self.prob_b.to_vec());
        Ok(vec![Machine::probabilities(values.view(), &a, &b, self.classes())])
    }
}
