//! RidgeCV: the penalty of Ridge by cross-validation.

use super::problem::{Problem, check_regression};
use super::ridge_choice::{Choice, Kept, chosen, scored};
use super::ridge_path::Path;
use super::{LinearModel, Ridge};
use crate::folds::Folds;
use crate::{
    AnyMatrix, Attribute, Backend, Checked, Coefficients, Control, Data, Error, FitOn, Model, Params, PredictOn,
    Report, Result,
};
use ironlearn_linalg::with_matrix;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// [`Ridge`] with the one of `alphas` that predicts rows best that it was not fitted to.
///
/// Without `cv` each row is left out in turn: the errors of all those fits follow from one decomposition of X, by the
/// eigenvectors of its second moments (or of the rows' products, with fewer rows than columns) or its singular
/// vectors. With `cv` a fit a fold and penalty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RidgeCV {
    /// The penalties to try, in units of x². Range (0, ∞); with `cv` [0, ∞).
    pub alphas: Vec<f64>,
    /// Whether an intercept is fitted.
    pub fit_intercept: bool,
    /// What judges; `None` means the negative mean squared error without `cv`, R² with it.
    pub scoring: Option<Scoring>,
    /// The folds; `None` leaves out each row in turn.
    pub cv: Option<Folds>,
    /// The decomposition.
    pub gcv_mode: GcvMode,
    /// Whether the model keeps each left-out row's squared error (with `scoring`, its prediction), for every penalty.
    pub store_cv_results: bool,
    /// Whether each target gets a penalty of its own.
    pub alpha_per_target: bool,
    /// Whether the model keeps the coefficients of every penalty (and fold), for a caller that judges by itself.
    pub keep_path: bool,
}

impl Default for RidgeCV {
    fn default() -> Self {
        RidgeCV {
            alphas: vec![0.1, 1.0, 10.0],
            fit_intercept: true,
            scoring: None,
            cv: None,
            gcv_mode: GcvMode::Auto,
            store_cv_results: false,
            alpha_per_target: false,
            keep_path: false,
        }
    }
}

/// How X is decomposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GcvMode {
    /// `eigen`, or `svd` where a penalty is below 10⁻¹⁰ times the largest squared singular value.
    Auto,
    /// Singular vectors of dense X; sparse X goes by `eigen`.
    Svd,
    /// Eigenvectors of the second moments, or of the products of rows.
    Eigen,
}

/// What judges a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// R², the mean over the targets.
    R2,
    /// Minus the mean squared error.
    NegMeanSquaredError,
    /// Minus the mean absolute error.
    NegMeanAbsoluteError,
    /// The share of rows with the right class (classifiers).
    Accuracy,
}

/// Checks what RidgeCV and RidgeClassifierCV have in common.
pub(super) fn check_alphas(estimator: &'static str, alphas: &[f64], cv: Option<&Folds>) -> Result<()> {
    let parameter = |expected: &str, found: String| {
        Err(Error::Parameter { estimator, name: "alphas", expected: expected.into(), found })
    };
    if alphas.is_empty() {
        return parameter("at least one float", "none".into());
    }
    let range = if cv.is_some() { "floats in the range [0.0, inf)" } else { "floats in the range (0.0, inf)" };
    if let Some(found) = alphas.iter().find(|a| !(a.is_finite() && (**a > 0.0 || cv.is_some() && **a == 0.0))) {
        return parameter(range, found.to_string());
    }
    cv.map_or(Ok(()), |folds| folds.validate(estimator))
}

impl Params for RidgeCV {
    const NAME: &'static str = "RidgeCV";

    fn validate(&self) -> Result<()> {
        check_alphas(Self::NAME, &self.alphas, self.cv.as_ref())?;
        if self.scoring == Some(Scoring::Accuracy) {
            return Err(Error::Parameters("scoring='accuracy' is for classifiers".into()));
        }
        if self.cv.is_some() && self.store_cv_results {
            return Err(Error::Parameters("cv!=None and store_cv_results=True are incompatible".into()));
        }
        if self.cv.is_some() && self.alpha_per_target {
            return Err(Error::Parameters("cv!=None and alpha_per_target=True are incompatible".into()));
        }
        Ok(())
    }
}

/// A fitted [`RidgeCV`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RidgeCvModel {
    /// The model at the chosen penalty.
    pub linear: LinearModel,
    /// The choice.
    pub choice: Choice,
}

impl Model for RidgeCvModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        self.choice.check()
    }

    fn report(&self) -> &Report {
        self.linear.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = self.linear.attributes();
        attributes.extend(self.choice.attributes(self.linear.dtype));
        attributes
    }
}

impl PredictOn for RidgeCvModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}

/// What RidgeCV and RidgeClassifierCV choose by.
pub(super) struct Search<'a> {
    pub params: &'a RidgeCV,
    /// Class codes, where rows are judged by them.
    pub codes: Option<ArrayView2<'a, u32>>,
}

impl Search<'_> {
    /// Chooses the penalty and fits with it; `y` is n × t.
    pub fn run<B: Backend>(
        &self,
        data: &Data<'_>,
        y: ArrayView2<'_, f64>,
        on: &B,
        ctl: &Control,
    ) -> Result<(LinearModel, Choice)> {
        check_regression(data, self.params.fit_intercept)?;
        match &self.params.cv {
            None => self.by_rows(data, y, on, ctl),
            Some(folds) => self.by_folds(folds, data, y, on, ctl),
        }
    }

    /// Leaves out each row in turn.
    fn by_rows<B: Backend>(
        &self,
        data: &Data<'_>,
        y: ArrayView2<'_, f64>,
        on: &B,
        ctl: &Control,
    ) -> Result<(LinearModel, Choice)> {
        let RidgeCV { alphas, fit_intercept, gcv_mode, .. } = self.params;
        let (t, dtype) = (y.ncols(), data.x.dtype());
        let smallest = match gcv_mode {
            GcvMode::Auto => alphas.iter().copied().fold(f64::INFINITY, f64::min),
            _ => f64::INFINITY,
        };
        with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y.reborrow(), data.weights.as_ref().map(|w| w.view()), ctl);
            let (problem, path) = Path::new(problem, *fit_intercept, *gcv_mode == GcvMode::Svd, smallest)?;
            let judged = self.params.scoring.is_some();
            let keep = judged || self.params.store_cv_results || self.params.keep_path;
            let left_out = path.left_out(&problem, alphas, keep)?;
            let squares = |errors: &Array2<f64>| {
                let mut squares = errors.mapv(|e| e * e);
                problem.weights.iter().for_each(|w| squares.rows_mut().into_iter().zip(w).for_each(|(mut r, w)| r *= *w));
                squares
            };
            let predictions = |errors: &Array2<f64>| Array2::from_shape_fn(errors.dim(), |(i, c)| y[[i, c % t]] - errors[[i, c]]);
            let scores = match self.params.scoring {
                None => -(left_out.squares / problem.rows() as f64),
                Some(scoring) => scored(scoring, y.view(), &predictions(&left_out.errors), problem.weights.as_ref().map(|w| w.view()), self.codes.as_ref().map(|c| c.view())),
            };
            let best = chosen(&scores, self.params.alpha_per_target);
            let mut coef = Array2::zeros((problem.cols(), t));
            let model = |coef: Array2<f64>| LinearModel::new(coef, &problem.x_mean, &problem.y_mean, dtype, Report::direct(path.solver));
            let mut kept = None;
            if self.params.keep_path {
                let models = alphas.iter().map(|&alpha| Ok(model(path.coef(&problem, alpha)?))).collect::<Result<Vec<_>>>()?;
                kept = Some(Kept { models, predictions: predictions(&left_out.errors) });
            }
            for (k, &m) in best.iter().enumerate() {
                if best.iter().position(|b| *b == m) == Some(k) {
                    let at = path.coef(&problem, alphas[m])?;
                    best.iter().enumerate().filter(|(_, b)| **b == m).for_each(|(l, _)| coef.column_mut(l).assign(&at.column(l)));
                }
            }
            let mut choice = Choice::new(alphas, &scores, &best, self.params.alpha_per_target);
            let rows = |a: Array2<f64>| a.rows().into_iter().map(|r| r.to_vec()).collect::<Vec<_>>();
            choice.cv_results = match (self.params.store_cv_results, judged || self.params.keep_path) {
                (false, _) => None,
                (true, false) => Some(rows(squares(&left_out.errors))),
                (true, true) => Some(rows(predictions(&left_out.errors))),
            };
            choice.kept = kept;
            Ok((model(coef), choice))
        })
    }

    /// A fit a fold and penalty: rows that a fold does not learn from weigh nothing.
    fn by_folds<B: Backend>(
        &self,
        folds: &Folds,
        data: &Data<'_>,
        y: ArrayView2<'_, f64>,
        on: &B,
        ctl: &Control,
    ) -> Result<(LinearModel, Choice)> {
        let (n, t, alphas) = (data.x.nrows(), y.ncols(), &self.params.alphas);
        let splits = match &self.codes {
            Some(codes) if codes.ncols() == 1 => folds.stratified(&codes.column(0).to_vec())?,
            _ => folds.splits(n)?,
        };
        let scoring = self.params.scoring.unwrap_or(if self.codes.is_some() { Scoring::Accuracy } else { Scoring::R2 });
        let mut scores = Array2::zeros((1, alphas.len()));
        let mut models = Vec::new();
        for (done, split) in splits.iter().enumerate() {
            let mut weights = ndarray::Array1::zeros(n);
            split.train.iter().for_each(|i| weights[i] += data.weights.as_ref().map_or(1.0, |w| w[i]));
            let fold = Data {
                x: data.x.reborrow(),
                target: crate::Target::Values(y.reborrow()),
                weights: Some(weights.view()),
            };
            let path = self.fold(&fold, y.view(), on, ctl)?;
            let rows: Vec<usize> = split.test.iter().collect();
            let truth = y.select(ndarray::Axis(0), &rows);
            let codes = self.codes.as_ref().map(|c| c.select(ndarray::Axis(0), &rows));
            let mut predictions = Array2::zeros((rows.len(), alphas.len() * t));
            for (m, model) in path.iter().enumerate() {
                let all = model.predict_on(&data.x, ctl)?;
                let mut block = predictions.slice_mut(ndarray::s![.., m * t..(m + 1) * t]);
                block.assign(&all.select(ndarray::Axis(0), &rows));
            }
            let of_test = data.weights.as_ref().map(|w| w.select(ndarray::Axis(0), &rows));
            let of_test = of_test.as_ref().map(|w| w.view());
            let of_fold = scored(scoring, truth.view(), &predictions, of_test, codes.as_ref().map(|c| c.view()));
            scores += &of_fold.mean_axis(ndarray::Axis(0)).unwrap_or_default();
            if self.params.keep_path {
                models.extend(path);
            }
            ctl.step(done + 1, splits.len(), 0.0)?;
        }
        scores /= splits.len() as f64;
        let best = chosen(&scores, false);
        let whole = Data {
            x: data.x.reborrow(),
            target: crate::Target::Values(y.reborrow()),
            weights: data.weights.as_ref().map(|w| w.view()),
        };
        let model = self.ridge(alphas[best[0]], &whole, on, ctl)?;
        let mut choice = Choice::new(alphas, &scores, &best, false);
        choice.kept = self.params.keep_path.then_some(Kept { models, predictions: Array2::zeros((0, 0)) });
        Ok((model, choice))
    }

    fn ridge<B: Backend>(&self, alpha: f64, data: &Data<'_>, on: &B, ctl: &Control) -> Result<LinearModel> {
        let ridge = Ridge { alpha: alpha.into(), fit_intercept: self.params.fit_intercept, ..Ridge::default() };
        Ridge::fit_checked(&Checked::new(ridge)?, data, None, on, ctl)
    }

    /// The models of one fold, one a penalty.
    fn fold<B: Backend>(
        &self,
        data: &Data<'_>,
        y: ArrayView2<'_, f64>,
        on: &B,
        ctl: &Control,
    ) -> Result<Vec<LinearModel>> {
        let alphas = &self.params.alphas;
        let smallest = alphas.iter().copied().fold(f64::INFINITY, f64::min);
        if smallest == 0.0 || alphas.len() == 1 {
            return alphas.iter().map(|&alpha| self.ridge(alpha, data, on, ctl)).collect();
        }
        check_regression(data, self.params.fit_intercept)?;
        with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y.reborrow(), data.weights.as_ref().map(|w| w.view()), ctl);
            let (problem, path) = Path::new(problem, self.params.fit_intercept, false, smallest)?;
            let model = |coef| LinearModel::new(coef, &problem.x_mean, &problem.y_mean, data.x.dtype(), Report::direct(path.solver));
            alphas.iter().map(|&alpha| Ok(model(path.coef(&problem, alpha)?))).collect()
        })
    }
}

impl<B: Backend> FitOn<B> for RidgeCV {
    type Model = RidgeCvModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&RidgeCvModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<RidgeCvModel> {
        data.check()?;
        let y = data.values(Self::NAME)?;
        let (linear, choice) = Search { params, codes: None }.run(data, y, on, ctl)?;
        Ok(RidgeCvModel { linear, choice })
    }
}

#[cfg(test)]
#[path = "ridge_cv_tests.rs"]
mod tests;
