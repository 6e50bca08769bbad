//! Least angles and the lasso's path, with the end chosen by held-out rows.

use super::model::{Chosen, LarsModel};
use super::walk::{Given, Precompute, Walking};
use super::{at_least_one, not_negative};
use crate::folds::{Folds, Split};
use crate::linear::held_out::{answers, weights_of};
use crate::linear::problem::{Problem, check_regression};
use crate::linear::solver::columns::dense;
use crate::linear::solver::least_angle::{LeastAngle, Path};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, Warning, bad_input};
use ironlearn_linalg::{Real, threads, with_matrix};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// [`super::Lars`], ended where the mean squared error of held-out rows is least. Between the knots of a fold's path
/// errors are those of coefficients in between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LarsCV {
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether `XᵀX` is computed first, in each fold.
    pub precompute: Precompute,
    /// The most steps. Range [0, ∞).
    pub max_iter: usize,
    /// How rows are divided.
    pub cv: Folds,
    /// The most places of the path that are compared. Range [1, ∞).
    pub max_n_alphas: usize,
    /// As for [`super::Lars`].
    pub eps: f64,
}

/// [`super::LassoLars`] with `alpha` chosen by held-out rows, as [`LarsCV`] chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LassoLarsCV {
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether `XᵀX` is computed first, in each fold.
    pub precompute: Precompute,
    /// The most steps. Range [0, ∞).
    pub max_iter: usize,
    /// How rows are divided.
    pub cv: Folds,
    /// The most places of the path that are compared. Range [1, ∞).
    pub max_n_alphas: usize,
    /// As for [`super::Lars`].
    pub eps: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
}

impl Default for LarsCV {
    fn default() -> Self {
        let (precompute, cv) = (Precompute::Auto, Folds::default());
        LarsCV { fit_intercept: true, precompute, max_iter: 500, cv, max_n_alphas: 1000, eps: f64::EPSILON }
    }
}

impl Default for LassoLarsCV {
    fn default() -> Self {
        let LarsCV { fit_intercept, precompute, max_iter, cv, max_n_alphas, eps } = LarsCV::default();
        LassoLarsCV { fit_intercept, precompute, max_iter, cv, max_n_alphas, eps, positive: false }
    }
}

impl Params for LarsCV {
    const NAME: &'static str = "LarsCV";

    fn validate(&self) -> Result<()> {
        self.cv.validate(Self::NAME)?;
        at_least_one(Self::NAME, "max_n_alphas", self.max_n_alphas)?;
        not_negative(Self::NAME, "eps", self.eps)
    }
}

impl Params for LassoLarsCV {
    const NAME: &'static str = "LassoLarsCV";

    fn validate(&self) -> Result<()> {
        self.cv.validate(Self::NAME)?;
        at_least_one(Self::NAME, "max_n_alphas", self.max_n_alphas)?;
        not_negative(Self::NAME, "eps", self.eps)
    }
}

/// What both have in common.
struct Choice<'p> {
    name: &'static str,
    walking: Walking<'p>,
    cv: &'p Folds,
    max_n_alphas: usize,
}

/// The path of one fold, and what it leaves of the held-out rows: knots × rows.
struct Judged {
    path: Path,
    residuals: Array2<f64>,
    weights: Option<Array1<f64>>,
}

impl Choice<'_> {
    fn fit<B: Backend>(mut self, data: &Data<'_>, on: &B, ctl: &Control) -> Result<LarsModel> {
        check_regression(data, self.walking.fit_intercept)?;
        let y = data.values(self.name)?;
        if y.ncols() != 1 {
            bad_input!("{} fits one target, but y has {}", self.name, y.ncols());
        }
        let weights = data.weights.as_ref().map(|w| w.view());
        let splits = self.cv.splits(data.x.nrows())?;
        let judged = with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let fold = |k: usize| self.judge(&splits[k], &x, y.view(), weights.as_ref().map(|w| w.view()), on, ctl);
            threads::map(ctl, splits.len(), fold)?.into_iter().collect::<Result<Vec<Judged>>>()
        })?;
        let alphas = places(judged.iter().map(|fold| fold.path.alphas.as_slice()), self.max_n_alphas);
        let (alphas, mse) = errors(&alphas, &judged);
        let means: Vec<f64> = mse.rows().into_iter().map(|row| row.sum() / row.len() as f64).collect();
        let Some(best) = (0..means.len()).min_by(|&a, &b| means[a].total_cmp(&means[b])) else {
            bad_input!("no place of the path has a finite error in all folds");
        };
        self.walking.rule.alpha_min = alphas[best];
        let walked = self.walking.walk(data, self.name, on, ctl)?;
        let coef = walked.last();
        let mut model = walked.into_model(coef, true);
        let heard: Vec<Warning> = judged.into_iter().flat_map(|fold| fold.path.warnings).collect();
        model.linear.report.warnings.splice(..0, heard);
        model.chosen = Some(Chosen::CrossValidation { alpha: alphas[best], alphas, mse });
        Ok(model)
    }

    /// The path of the training rows, and its errors on the others.
    fn judge<B: Backend, F: Real>(
        &self,
        split: &Split,
        x: &B::Placed<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        on: &B,
        ctl: &Control,
    ) -> Result<Judged> {
        let counts = weights_of(&split.train, weights.as_ref().map(|w| w.view()), y.nrows());
        let n_samples = counts.sum();
        if n_samples <= 0.0 {
            bad_input!("a split of cv has no rows of positive weight to learn from");
        }
        let mut walking = self.walking.clone();
        walking.rule.n_samples = n_samples;
        let problem = Problem::uncentred(on, x, y.view(), Some(counts.view()), ctl);
        let (problem, mut paths) = walking.paths(problem)?;
        let path = paths.remove(0);
        let coefs = dense(&path.knots, problem.cols());
        let answered = answers(x.as_ref(), &split.test, coefs.t(), ctl)?;
        let middle = coefs.dot(&problem.x_mean);
        let mut residuals = answered.reversed_axes().as_standard_layout().into_owned();
        for (mut row, middle) in residuals.rows_mut().into_iter().zip(&middle) {
            for (value, i) in row.iter_mut().zip(split.test.iter()) {
                *value += problem.y_mean[0] - middle - y[[i, 0]];
            }
        }
        let weights = weights.map(|w| split.test.iter().map(|i| w[i]).collect());
        Ok(Judged { path, residuals, weights })
    }
}

/// The alphas of all knots, rising; every k-th where there are more than `most`.
fn places<'p>(paths: impl Iterator<Item = &'p [f64]>, most: usize) -> Vec<f64> {
    let mut all: Vec<f64> = paths.flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    let stride = (all.len() / most).max(1);
    all.into_iter().step_by(stride).collect()
}

/// The mean squared error of each fold at each place, and the places where all are finite.
fn errors(alphas: &[f64], folds: &[Judged]) -> (Array1<f64>, Array2<f64>) {
    let mut mse = Array2::zeros((alphas.len(), folds.len()));
    for (mut column, fold) in mse.columns_mut().into_iter().zip(folds) {
        // Knots by rising alpha; the first and the last reach as far as is asked for.
        let mut knots: Vec<(f64, usize)> = fold.path.alphas.iter().enumerate().map(|(k, &alpha)| (alpha, k)).collect();
        knots.reverse();
        if let Some(&(first, k)) = knots.first()
            && first != 0.0
        {
            knots.insert(0, (0.0, k));
        }
        if let (Some(&(last, k)), Some(&most)) = (knots.last(), alphas.last())
            && last != most
        {
            knots.push((most, k));
        }
        knots.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (error, &alpha) in column.iter_mut().zip(alphas) {
            *error = error_at(alpha, &knots, fold);
        }
    }
    let finite: Vec<usize> = (0..alphas.len()).filter(|&a| mse.row(a).iter().all(|v: &f64| v.is_finite())).collect();
    let alphas = finite.iter().map(|&a| alphas[a]).collect();
    (alphas, mse.select(ndarray::Axis(0), &finite))
}

/// The mean squared error of coefficients between two knots.
fn error_at(alpha: f64, knots: &[(f64, usize)], fold: &Judged) -> f64 {
    let at = |k: usize| fold.residuals.row(knots[k].1);
    let above = knots.partition_point(|knot| knot.0 < alpha).clamp(1, knots.len().max(2) - 1);
    let residual = if knots.len() == 1 {
        at(0).to_owned()
    } else {
        let (low, high) = (knots[above - 1].0, knots[above].0);
        let share = (alpha - low) / (high - low);
        &at(above - 1) + &((&at(above) - &at(above - 1)) * share)
    };
    let squares = residual.mapv(|v| v * v);
    match &fold.weights {
        Some(weights) => squares.dot(weights) / weights.sum(),
        None => squares.sum() / squares.len() as f64,
    }
}

macro_rules! fit_by_choice {
    ($($params:ty: $lasso:literal, |$given:ident| $positive:expr;)*) => {$(
        impl<B: Backend> FitOn<B> for $params {
            type Model = LarsModel;

            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                _start: Option<&LarsModel>,
                on: &B,
                ctl: &Control,
            ) -> Result<LarsModel> {
                let $given = params;
                let rule = LeastAngle {
                    lasso: $lasso,
                    positive: $positive,
                    alpha_min: 0.0,
                    max_iter: params.max_iter,
                    eps: params.eps,
                    n_samples: 1.0,
                };
                let (fit_intercept, precompute) = (params.fit_intercept, params.precompute);
                let walking = Walking { rule, fit_intercept, precompute, given: Given::default() };
                Choice { name: Self::NAME, walking, cv: &params.cv, max_n_alphas: params.max_n_alphas }.fit(data, on, ctl)
            }
        }
    )*};
}

fit_by_choice! {
    LarsCV: false, |_params| false;
    LassoLarsCV: true, |params| params.positive;
}
