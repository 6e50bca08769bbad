//! LinearSVC: the hinge losses of two or more classes with an L1 or L2 penalty.

use super::crammer_singer::AllClasses;
use super::labels::Labels;
use super::problem::{Pays, Problem, solve_all};
use super::settings::{positive, report};
use super::{Auto, Dual, MultiClass, Norm, with_rows};
use crate::class_weight::ClassWeight;
use crate::linear::{LinearClassifier, Probabilities};
use crate::{Backend, Checked, Control, Data, Dtype, FitOn, Matrix, Params, Report, Result};
use ironlearn_linalg::{Real, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// The losses of [`LinearSVC`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HingeLoss {
    /// `max(0, 1 − m)`.
    Hinge,
    /// `max(0, 1 − m)²`.
    #[default]
    SquaredHinge,
}

/// Minimises `½‖w‖² + ½(b/intercept_scaling)² + C·Σ weight·loss(y·(x·w + b))`, or with `penalty: L1` the sums of
/// absolute values instead of half the squares, for each class against the rest (of two classes once). In
/// [`MultiClass::CrammerSinger`] all classes have one problem.
///
/// Of several classes a class's weight counts for its own rows where it is told from the rest, whose rows count 1 each,
/// as in liblinear; of two classes both weights count.
///
/// The parameters name liblinear's solvers; ours have the same optimum. For more rows than columns: Newton's method for
/// the squared hinge (up to 1,500 columns; with conjugate gradients, all classes side by side, on dense X of fewer than
/// ten rows a column and more than 150 columns, 1,000 where most entries are not 0), an interior point for the hinge (up
/// to 1,000 columns). For others: coordinate descent on the dual. L1: Newton's method over working sets, on
/// more than 200 columns of sparse X column by column. Crammer and
/// Singer's problem: an interior point up to 1,000 coefficients of all classes, else coordinate descent on the dual, with
/// conjugate gradients over the variables that are free. Each ends where
/// liblinear's own rule would, where the duality gap is a hundredth of `tol` of the objective, or beyond;
/// `report.iterations` counts our iterations, one a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinearSVC {
    /// The penalty.
    pub penalty: Norm,
    /// The loss.
    pub loss: HingeLoss,
    /// The formulation that is asked for.
    pub dual: Dual,
    /// liblinear's tolerance. Range (0, ∞).
    pub tol: f64,
    /// The weight of the losses. Range (0, ∞).
    #[serde(rename = "C")]
    pub c: f64,
    /// What several classes are made into.
    pub multi_class: MultiClass,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// How little the intercept is penalised. Range (0, ∞).
    pub intercept_scaling: f64,
    /// What the classes count; `None`: 1 each.
    pub class_weight: Option<ClassWeight>,
    /// The seed of the order of rows, where coordinate descent on the dual visits them.
    pub random_state: u64,
    /// Iterations. Range [0, ∞). Crammer and Singer's problem is solved however many it takes (up to 100,000), as
    /// liblinear does; there this is what more than earns a warning.
    pub max_iter: usize,
}

impl Default for LinearSVC {
    fn default() -> Self {
        LinearSVC {
            penalty: Norm::L2,
            loss: HingeLoss::SquaredHinge,
            dual: Dual::Rule(Auto::Auto),
            tol: 1e-4,
            c: 1.0,
            multi_class: MultiClass::Ovr,
            fit_intercept: true,
            intercept_scaling: 1.0,
            class_weight: None,
            random_state: 0,
            max_iter: 1000,
        }
    }
}

impl Params for LinearSVC {
    const NAME: &'static str = "LinearSVC";

    fn validate(&self) -> Result<()> {
        positive(Self::NAME, "tol", self.tol)?;
        positive(Self::NAME, "C", self.c)?;
        positive(Self::NAME, "intercept_scaling", self.intercept_scaling)
    }
}

impl LinearSVC {
    /// Which formulation is asked for.
    fn formulation(&self, shape: (usize, usize)) -> Result<bool> {
        let (loss, both) = match (self.loss, self.penalty) {
            (HingeLoss::Hinge, Norm::L2) => ("hinge", (false, true)),
            (HingeLoss::Hinge, Norm::L1) => ("hinge", (false, false)),
            (HingeLoss::SquaredHinge, Norm::L2) => ("squared_hinge", (true, true)),
            (HingeLoss::SquaredHinge, Norm::L1) => ("squared_hinge", (true, false)),
        };
        self.dual.resolve(shape, (self.penalty, loss), both)
    }

    fn intercept(&self) -> Option<f64> {
        self.fit_intercept.then_some(self.intercept_scaling)
    }

    /// The problem in which `class` is positive and the rest is not.
    fn one_against_rest(&self, labels: &Labels, class: usize, dual: bool) -> Problem {
        let two = labels.n_classes == 2;
        let is = |code: u32| code as usize == class;
        let weight = |code: u32| if two || is(code) { labels.of_class[code as usize] } else { 1.0 };
        let rows = labels.codes.iter().zip(&labels.weights);
        Problem {
            pays: if self.loss == HingeLoss::Hinge { Pays::Hinge } else { Pays::SquaredHinge },
            norm: self.penalty,
            y: labels.codes.iter().map(|&code| if is(code) { 1.0 } else { -1.0 }).collect(),
            cost: rows.map(|(&code, w)| self.c * w * weight(code)).collect(),
            intercept: self.intercept(),
            tol: self.tol,
            max_iter: self.max_iter,
            dual,
            seed: (self.random_state, class as u64),
        }
    }

    fn ovr<B: Backend, F: Real>(
        &self,
        labels: &Labels,
        x: Matrix<'_, F>,
        on: &B,
        ctl: &Control,
    ) -> Result<(Array2<f64>, Array1<f64>, Report)> {
        let dual = self.formulation(x.shape())?;
        let positive: Vec<usize> = if labels.n_classes == 2 { vec![1] } else { (0..labels.n_classes).collect() };
        let cols = x.ncols();
        let problems: Vec<Problem> = positive.iter().map(|&k| self.one_against_rest(labels, k, dual)).collect();
        let answers = solve_all(&problems, x, on, ctl)?;
        let coef = Array2::from_shape_fn((answers.len(), cols), |(k, j)| answers[k].coef[j]);
        let intercept = answers.iter().map(|a| a.intercept).collect();
        let converged = answers.iter().all(|a| a.converged);
        let report =
            report(answers[0].solver, answers.iter().map(|a| a.iterations).collect(), converged, self.max_iter);
        Ok((coef, intercept, report))
    }

    fn together<B: Backend, F: Real>(
        &self,
        labels: &Labels,
        x: Matrix<'_, F>,
        on: &B,
        ctl: &Control,
    ) -> Result<(Array2<f64>, Array1<f64>, Report)> {
        let rows = labels.codes.iter().zip(&labels.weights);
        let all = AllClasses {
            codes: &labels.codes,
            n_classes: labels.n_classes,
            cost: rows.map(|(&code, w)| self.c * w * labels.of_class[code as usize]).collect(),
            intercept: self.intercept(),
            tol: self.tol,
            seed: self.random_state,
        };
        let cols = x.ncols();
        let found = all.solve(x, on, ctl)?;
        let report = report(found.solver, vec![found.iterations], found.converged, self.max_iter);
        let intercept = Array1::from(found.intercept);
        if labels.n_classes > 2 {
            return Ok((found.coef, intercept, report));
        }
        // Of two classes the score is the difference.
        let coef = Array2::from_shape_fn((1, cols), |(_, j)| found.coef[[1, j]] - found.coef[[0, j]]);
        Ok((coef, Array1::from_elem(1, intercept[1] - intercept[0]), report))
    }
}

impl<B: Backend> FitOn<B> for LinearSVC {
    type Model = LinearClassifier;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LinearClassifier>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearClassifier> {
        let labels = Labels::of(data, Self::NAME, params.class_weight.as_ref())?;
        let (coef, intercept, report) = with_matrix!(data.x.reborrow(), x => {
            with_rows(x, |x| match params.multi_class {
                MultiClass::Ovr => params.ovr(&labels, x, on, ctl),
                MultiClass::CrammerSinger => params.together(&labels, x, on, ctl),
            })
        })?;
        // As scikit-learn: float64 whatever X is.
        Ok(LinearClassifier { coef, intercept, dtype: Dtype::F64, probabilities: Probabilities::None, report })
    }
}
