//! RidgeClassifier and RidgeClassifierCV: ridge regression to −1 and 1.

use super::classifier::{LinearClassifier, Probabilities};
use super::ridge_choice::Choice;
use super::ridge_cv::{GcvMode, RidgeCV, Scoring, Search, check_alphas};
use super::{LinearModel, Ridge, RidgeSolver};
use crate::class_weight::ClassWeight;
use crate::folds::Folds;
use crate::{
    AnyMatrix, Attribute, Backend, Checked, Coefficients, Control, Data, DecisionOn, Error, FitOn, Model, Params,
    PredictOn, Report, Result, Target, bad_input,
};
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// Classes by [`Ridge`] on one target a class, 1 for its rows and −1 for the others (two classes: one target).
/// Several outputs of two classes each are labels that a row can have together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RidgeClassifier {
    /// Penalty strength, in units of x². Range [0, ∞).
    pub alpha: f64,
    /// Whether intercepts are fitted.
    pub fit_intercept: bool,
    /// As in [`Ridge`].
    pub max_iter: Option<usize>,
    /// As in [`Ridge`].
    pub tol: f64,
    /// Weights of the classes; `None` means 1 each.
    pub class_weight: Option<ClassWeight>,
    /// The algorithm.
    pub solver: RidgeSolver,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// The random stream of `sag` and `saga`.
    pub random_state: u64,
}

impl Default for RidgeClassifier {
    fn default() -> Self {
        let Ridge { fit_intercept, max_iter, tol, solver, positive, random_state, .. } = Ridge::default();
        RidgeClassifier { alpha: 1.0, fit_intercept, max_iter, tol, class_weight: None, solver, positive, random_state }
    }
}

impl RidgeClassifier {
    fn ridge(&self) -> Ridge {
        let RidgeClassifier { alpha, fit_intercept, max_iter, tol, solver, positive, random_state, .. } = *self;
        Ridge { alpha: alpha.into(), fit_intercept, max_iter, tol, solver, positive, random_state }
    }
}

impl Params for RidgeClassifier {
    const NAME: &'static str = "RidgeClassifier";

    fn validate(&self) -> Result<()> {
        self.ridge().validate().map_err(|error| named(error, Self::NAME))
    }
}

/// The same mistake, of another estimator.
fn named(error: Error, estimator: &'static str) -> Error {
    match error {
        Error::Parameter { name, expected, found, .. } => Error::Parameter { estimator, name, expected, found },
        other => other,
    }
}

/// [`RidgeClassifier`] with the one of `alphas` that does best on rows that it was not fitted to; see [`RidgeCV`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RidgeClassifierCV {
    /// The penalties to try, in units of x². Range (0, ∞); with `cv` [0, ∞).
    pub alphas: Vec<f64>,
    /// Whether intercepts are fitted.
    pub fit_intercept: bool,
    /// What judges; `None` means the negative mean squared error of the targets −1 and 1 without `cv`, accuracy with it.
    pub scoring: Option<Scoring>,
    /// The folds, by class where they are a number; `None` leaves out each row in turn.
    pub cv: Option<Folds>,
    /// Weights of the classes; `None` means 1 each.
    pub class_weight: Option<ClassWeight>,
    /// As in [`RidgeCV`].
    pub store_cv_results: bool,
    /// As in [`RidgeCV`].
    pub keep_path: bool,
}

impl Default for RidgeClassifierCV {
    fn default() -> Self {
        let RidgeCV { alphas, fit_intercept, .. } = RidgeCV::default();
        RidgeClassifierCV {
            alphas,
            fit_intercept,
            scoring: None,
            cv: None,
            class_weight: None,
            store_cv_results: false,
            keep_path: false,
        }
    }
}

impl Params for RidgeClassifierCV {
    const NAME: &'static str = "RidgeClassifierCV";

    fn validate(&self) -> Result<()> {
        check_alphas(Self::NAME, &self.alphas, self.cv.as_ref())?;
        if self.cv.is_some() && self.store_cv_results {
            return Err(Error::Parameters("cv!=None and store_cv_results=True are incompatible".into()));
        }
        Ok(())
    }
}

/// A fitted [`RidgeClassifier`] or [`RidgeClassifierCV`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RidgeClassifierModel {
    /// Scores and their classes.
    pub linear: LinearClassifier,
    /// Whether each row of coefficients is a label by itself.
    pub multilabel: bool,
    /// How the penalty was chosen, where it was.
    #[serde(default)]
    pub choice: Option<Choice>,
}

impl RidgeClassifierModel {
    fn new(model: LinearModel, multilabel: bool, choice: Option<Choice>) -> Self {
        let LinearModel { coef, intercept, dtype, report, .. } = model;
        let linear = LinearClassifier { coef, intercept, dtype, probabilities: Probabilities::None, report };
        RidgeClassifierModel { linear, multilabel, choice }
    }
}

impl Model for RidgeClassifierModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        self.choice.as_ref().map_or(Ok(()), Choice::check)
    }

    fn report(&self) -> &Report {
        self.linear.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = self.linear.attributes();
        attributes.extend(self.choice.iter().flat_map(|choice| choice.attributes(self.linear.dtype)));
        attributes
    }
}

impl DecisionOn for RidgeClassifierModel {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.decision_on(x, ctl)
    }
}

impl PredictOn for RidgeClassifierModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        if !self.multilabel {
            return self.linear.predict_on(x, ctl);
        }
        Ok(self.decision_on(x, ctl)?.mapv(|score| f64::from(u8::from(score > 0.0))))
    }
}

/// Targets of −1 and 1 (n × classes; two classes: n × 1), the weights of the rows, and whether they are labels.
fn targets(
    data: &Data<'_>,
    estimator: &str,
    class_weight: Option<&ClassWeight>,
) -> Result<(Array2<f64>, Option<Array1<f64>>, bool)> {
    data.check()?;
    let (codes, n_classes) = data.classes(estimator)?;
    let sign = |yes: bool| if yes { 1.0 } else { -1.0 };
    let multilabel = codes.ncols() > 1;
    let y = if multilabel {
        if n_classes.iter().any(|&k| k > 2) {
            bad_input!("Multioutput target data is not supported with label binarization");
        }
        codes.mapv(|code| sign(code == 1))
    } else if n_classes[0] > 2 {
        Array2::from_shape_fn((codes.nrows(), n_classes[0]), |(i, k)| sign(codes[[i, 0]] as usize == k))
    } else {
        codes.mapv(|code| sign(code == 1))
    };
    let own = data.weights.as_ref().map(|w| w.to_vec());
    let weights = match class_weight {
        Some(weight) => Some(weight.of_rows(codes, n_classes, own.as_deref())?),
        None => own,
    };
    Ok((y, weights.map(Array1::from), multilabel))
}

fn with_targets<'a>(data: &'a Data<'_>, y: ArrayView2<'a, f64>, weights: Option<&'a Array1<f64>>) -> Data<'a> {
    Data { x: data.x.reborrow(), target: Target::Values(y), weights: weights.map(|w| w.view()) }
}

impl<B: Backend> FitOn<B> for RidgeClassifier {
    type Model = RidgeClassifierModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&RidgeClassifierModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<RidgeClassifierModel> {
        let (y, weights, multilabel) = targets(data, Self::NAME, params.class_weight.as_ref())?;
        let data = with_targets(data, y.view(), weights.as_ref());
        let model = Ridge::fit_checked(&Checked::new(params.ridge())?, &data, None, on, ctl)?;
        Ok(RidgeClassifierModel::new(model, multilabel, None))
    }
}

impl<B: Backend> FitOn<B> for RidgeClassifierCV {
    type Model = RidgeClassifierModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&RidgeClassifierModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<RidgeClassifierModel> {
        let (y, weights, multilabel) = targets(data, Self::NAME, params.class_weight.as_ref())?;
        let codes = data.classes(Self::NAME)?.0;
        let search = RidgeCV {
            alphas: params.alphas.clone(),
            fit_intercept: params.fit_intercept,
            scoring: params.scoring,
            cv: params.cv.clone(),
            gcv_mode: GcvMode::Auto,
            store_cv_results: params.store_cv_results,
            alpha_per_target: false,
            keep_path: params.keep_path,
        };
        let with_y = with_targets(data, y.view(), weights.as_ref());
        let (model, choice) = Search { params: &search, codes: Some(codes) }.run(&with_y, y.view(), on, ctl)?;
        Ok(RidgeClassifierModel::new(model, multilabel, Some(choice)))
    }
}
