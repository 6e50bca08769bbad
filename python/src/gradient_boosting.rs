//! Gradient boosting for Python: a fit that starts from another estimator and is watched, and predictions by stages.

use crate::array::{self, X, Y};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use crate::value;
use ironlearn::gradient_boosting::{
    Boosted, BoostedClasses, BoostedNumbers, Extra, GradientBoostingClassifier, GradientBoostingRegressor, Stage,
};
use ironlearn::{AnyEstimator, AnyMatrix, AnyModel, Checked, Control, Data, Dtype, Error};
use ndarray::{Array, Array2, Dimension};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use std::time::Instant;

/// Fits `name` as [`crate::model::fit`] does. `raw` are raw predictions (n, outputs) to start from. `watch` is called
/// with (stage, train score, improvement out of bag or None, model) after each stage and says whether to stop;
/// it gets the model where `models`, else None.
#[pyfunction]
#[pyo3(signature = (name, params, x, y, n_classes, sample_weight, raw, start, watch, models, options))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn boost(
    py: Python<'_>,
    name: &str,
    params: &Bound<'_, PyDict>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    n_classes: Option<Vec<usize>>,
    sample_weight: Option<&Bound<'_, PyAny>>,
    raw: Option<&Bound<'_, PyAny>>,
    start: Option<&Bound<'_, Model>>,
    watch: Option<Py<PyAny>>,
    models: bool,
    options: Options,
) -> PyResult<Model> {
    let estimator = AnyEstimator::with_params(name, &value::named(params)?).map_err(|error| exception(py, &error))?;
    let (x, y) = (X::borrow(x)?, Y::borrow(y)?);
    let weights = sample_weight.map(array::weights).transpose()?;
    let data = Data::new(x.matrix()?).with_weights(weights.as_ref().map(array::view1));
    let data = match (&y, n_classes) {
        (Y::Values(y), _) => data.with_values(array::view2(y)),
        (Y::Codes(codes), n) => data.with_classes(codes.as_array(), n.unwrap_or_default()),
    };
    let raw = raw.map(array::rows_f64).transpose()?;
    let start = start.map(|model| &*model.get().inner);
    let began = Instant::now();
    let heard = |stage: &Stage<'_>, wrap: &dyn Fn(Boosted) -> AnyModel| -> Result<bool, Error> {
        let Some(watch) = &watch else { return Ok(false) };
        Python::attach(|py| {
            let model = models.then(|| Model::new(wrap((stage.model)())));
            let answer = watch.call1(py, (stage.index, stage.train_score, stage.oob_improvement, model))?;
            answer.is_truthy(py)
        })
        .map_err(|raised| Error::Callable(Arc::new(raised)))
    };
    let watched = watch.is_some();
    let (inner, ctl) = run(py, options, |ctl| {
        let view = raw.as_ref().map(|raw| raw.view());
        match &estimator {
            AnyEstimator::GradientBoostingClassifier(params) => {
                let wrap = |boosted| AnyModel::GradientBoostingClassifier(BoostedClasses { boosted });
                let watch = |stage: &Stage<'_>| heard(stage, &wrap);
                let extra = Extra { start: view, watch: if watched { Some(&watch) } else { None } };
                let start = match start {
                    Some(AnyModel::GradientBoostingClassifier(model)) => Some(model),
                    _ => None,
                };
                GradientBoostingClassifier::fit_with(Checked::new_ref(params)?, &data, start, extra, ctl)
                    .map(AnyModel::GradientBoostingClassifier)
            }
            AnyEstimator::GradientBoostingRegressor(params) => {
                let wrap = |boosted| AnyModel::GradientBoostingRegressor(BoostedNumbers { boosted });
                let watch = |stage: &Stage<'_>| heard(stage, &wrap);
                let extra = Extra { start: view, watch: if watched { Some(&watch) } else { None } };
                let start = match start {
                    Some(AnyModel::GradientBoostingRegressor(model)) => Some(model),
                    _ => None,
                };
                GradientBoostingRegressor::fit_with(Checked::new_ref(params)?, &data, start, extra, ctl)
                    .map(AnyModel::GradientBoostingRegressor)
            }
            other => Err(Error::Unsupported(format!("{} is no gradient boosting", other.name()))),
        }
    })?;
    Ok(Model::fitted(inner, ctl.trace(), began.elapsed().as_secs_f64()))
}

fn boosted(model: &AnyModel) -> PyResult<&Boosted> {
    match model {
        AnyModel::GradientBoostingClassifier(model) => Ok(&model.boosted),
        AnyModel::GradientBoostingRegressor(model) => Ok(&model.boosted),
        other => Err(PyTypeError::new_err(format!("{} is no gradient boosting", other.name()))),
    }
}

/// The raw predictions (n, outputs) of X after the stages before `last`: those after the stages before `first` are
/// `raw`; None: the model's own start.
#[pyfunction]
pub fn boosted_raw<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    x: &Bound<'py, PyAny>,
    raw: Option<&Bound<'py, PyAny>>,
    first: usize,
    last: usize,
    options: Options,
) -> PyResult<Bound<'py, PyAny>> {
    from_raw(py, model, x, raw, options, |trees, x, raw, ctl| trees.raw_from(x, raw, first..last, ctl))
}

/// The raw predictions (stages, n, outputs) of X after each of the stages from `first` to before `last`, as
/// [`boosted_raw`].
#[pyfunction]
pub fn boosted_stages<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    x: &Bound<'py, PyAny>,
    raw: Option<&Bound<'py, PyAny>>,
    first: usize,
    last: usize,
    options: Options,
) -> PyResult<Bound<'py, PyAny>> {
    from_raw(py, model, x, raw, options, |trees, x, raw, ctl| trees.staged_from(x, &raw, first..last, ctl))
}

/// What `work` makes of the raw predictions from which it goes on; None: the model's own start.
fn from_raw<'py, D: Dimension>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    x: &Bound<'py, PyAny>,
    raw: Option<&Bound<'py, PyAny>>,
    options: Options,
    work: impl FnOnce(&Boosted, &AnyMatrix<'_>, Array2<f64>, &Control) -> Result<Array<f64, D>, Error> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let model = model.get();
    let trees = boosted(&model.inner)?;
    let raw: Option<Array2<f64>> = raw.map(array::rows_f64).transpose()?;
    let found = model
        .on(py, x, Some(options), |x, ctl| work(trees, x, raw.map_or_else(|| trees.start_of(x.nrows()), Ok)?, ctl))?;
    Ok(array::to_numpy(py, found, Dtype::F64))
}

/// The probabilities of the classes (n, classes) that belong to raw predictions (n, outputs).
#[pyfunction]
pub fn boosted_probabilities<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    raw: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let proba = boosted(&model.get().inner)?.probabilities(&array::rows_f64(raw)?);
    Ok(array::to_numpy(py, proba, Dtype::F64))
}

/// The constant that the model starts from (one for each output), where it does not start from another estimator; the
/// seed of its random streams; Huber's delta, where it has one; the importances of the features.
#[pyfunction]
#[allow(clippy::type_complexity, reason = "a tuple of Python")]
pub fn boosted_parts<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
) -> PyResult<(Option<Vec<f64>>, u64, Option<f64>, Bound<'py, PyAny>)> {
    let model = boosted(&model.get().inner)?;
    let delta = match model.loss {
        ironlearn::gradient_boosting::Loss::Huber { delta, .. } => Some(delta),
        _ => None,
    };
    Ok((model.start.clone(), model.seed, delta, array::to_numpy(py, model.feature_importances(), Dtype::F64)))
}

/// Tree `k` (stages × outputs) as a model of DecisionTreeRegressor.
#[pyfunction]
pub fn boosted_tree(model: &Bound<'_, Model>, k: usize) -> PyResult<Model> {
    let tree = boosted(&model.get().inner)?.tree(k);
    let tree = tree.ok_or_else(|| pyo3::exceptions::PyIndexError::new_err(format!("the model has no tree {k}")))?;
    Ok(Model::new(AnyModel::DecisionTreeRegressor(tree)))
}
