//! Boosting step by step, for scores that Python computes, and what is inside a fitted model.

use crate::array::{self, X, Y};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use crate::value;
use ironlearn::boosting::{
    Boosted, BoostedClasses, BoostedNumbers, Boosting as Run, HeldOut, HistGradientBoostingClassifier,
    HistGradientBoostingRegressor, probabilities,
};
use ironlearn::linalg::Trace;
use ironlearn::registry::read_params;
use ironlearn::{AnyModel, Checked, Control, Data, Dtype};
use ndarray::{Array1, Array2};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Instant;

/// A run of boosting with its binned data.
#[pyclass(frozen, module = "ironlearn._core")]
pub struct Boosting {
    inner: Mutex<State>,
    classes: bool,
}

struct State {
    run: Run,
    control: Control,
    seconds: f64,
}

/// What early stopping looks at: rows (those trained on, those held out), or data (X, y, weights).
#[derive(FromPyObject)]
pub enum Held<'py> {
    Rows(PyReadonlyArray1<'py, u32>, PyReadonlyArray1<'py, u32>),
    Data(Bound<'py, PyAny>, PyReadonlyArray1<'py, f64>, Option<PyReadonlyArray1<'py, f64>>),
}

/// Bins the data and begins. The arguments are those of `fit`; `held` is as [`Held`], or None: the rows trained on.
#[pyfunction]
#[pyo3(signature = (name, params, x, y, n_classes=None, sample_weight=None, held=None, start=None, options=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn boosting_begin(
    py: Python<'_>,
    name: &str,
    params: &Bound<'_, PyDict>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    n_classes: Option<Vec<usize>>,
    sample_weight: Option<&Bound<'_, PyAny>>,
    held: Option<Held<'_>>,
    start: Option<&Bound<'_, Model>>,
    options: Option<Options>,
) -> PyResult<Boosting> {
    let began = Instant::now();
    let given = value::named(params)?;
    let (x, y) = (X::borrow(x)?, Y::borrow(y)?);
    let weights = sample_weight.map(array::weights).transpose()?;
    let data = Data::new(x.matrix()?).with_weights(weights.as_ref().map(array::view1));
    let data = match (&y, n_classes) {
        (Y::Values(y), _) => data.with_values(array::view2(y)),
        (Y::Codes(codes), Some(n)) => data.with_classes(codes.as_array(), n),
        (Y::Codes(_), None) => return Err(PyValueError::new_err("class codes need n_classes")),
    };
    let other = match &held {
        Some(Held::Data(x, ..)) => Some(X::borrow(x)?),
        _ => None,
    };
    let held_out = match (&held, &other) {
        (None, _) => HeldOut::Nothing,
        (Some(Held::Rows(train, rest)), _) => {
            let (train, rest) = (train.as_slice()?, rest.as_slice()?);
            let n = data.x.nrows();
            if train.is_empty() || train.iter().chain(rest).any(|&row| row as usize >= n) {
                return Err(PyValueError::new_err("rows that X does not have"));
            }
            HeldOut::Rows(train, rest)
        }
        (Some(Held::Data(_, y, weights)), Some(x)) => {
            let weights = weights.as_ref().map(|w| w.as_slice()).transpose()?;
            let (matrix, y) = (x.matrix()?, y.as_slice()?);
            if matrix.nrows() != y.len() || weights.is_some_and(|w| w.len() != y.len()) {
                return Err(PyValueError::new_err("X_val, y_val and sample_weight_val have different lengths"));
            }
            HeldOut::Data(matrix, y, weights)
        }
        (Some(Held::Data(..)), None) => unreachable!("borrowed above"),
    };
    let start = start.map(|model| &*model.get().inner);
    let options = options.unwrap_or_default();
    options.device(py)?;
    let wrong = || exception(py, &ironlearn::Error::Parameters("start is another estimator's model".into()));
    let fail = |error: ironlearn::Error| exception(py, &error);
    let (classes, (run, control)) = match name {
        "HistGradientBoostingClassifier" => {
            let params = read_params::<HistGradientBoostingClassifier>(&given).and_then(Checked::new).map_err(fail)?;
            let start = match start {
                None => None,
                Some(AnyModel::HistGradientBoostingClassifier(model)) => Some(model),
                Some(_) => return Err(wrong()),
            };
            let begin = |ctl: &Control| {
                ctl.timed("bin", "cpu", || HistGradientBoostingClassifier::begin(&params, &data, held_out, start, ctl))
            };
            (true, crate::run::run(py, options, begin)?)
        }
        "HistGradientBoostingRegressor" => {
            let params = read_params::<HistGradientBoostingRegressor>(&given).and_then(Checked::new).map_err(fail)?;
            let start = match start {
                None => None,
                Some(AnyModel::HistGradientBoostingRegressor(model)) => Some(model),
                Some(_) => return Err(wrong()),
            };
            let begin = |ctl: &Control| {
                ctl.timed("bin", "cpu", || HistGradientBoostingRegressor::begin(&params, &data, held_out, start, ctl))
            };
            (false, crate::run::run(py, options, begin)?)
        }
        other => return Err(PyValueError::new_err(format!("{other} does not boost step by step"))),
    };
    let state = State { run, control, seconds: began.elapsed().as_secs_f64() };
    Ok(Boosting { inner: Mutex::new(state), classes })
}

impl Boosting {
    fn state(&self) -> PyResult<MutexGuard<'_, State>> {
        match self.inner.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(state)) => Ok(state.into_inner()),
            // Whoever has it may need the interpreter: nobody waits for it here.
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err("this fit is running in another thread")),
        }
    }

    fn work<R: Send>(
        &self,
        py: Python<'_>,
        options: Option<Options>,
        op: &'static str,
        work: impl FnOnce(&mut Run, &Control) -> ironlearn::Result<R> + Send,
    ) -> PyResult<R> {
        let began = Instant::now();
        let mut state = self.state()?;
        let boosting = &mut state.run;
        let timed = |ctl: &Control| ctl.timed(op, "cpu", || work(boosting, ctl));
        let (result, ctl) = run(py, options.unwrap_or_default(), timed)?;
        state.control.absorb(&ctl);
        state.seconds += began.elapsed().as_secs_f64();
        Ok(result)
    }
}

/// Raw predictions as an array (rows, outputs).
fn raw_array<'py>(py: Python<'py>, raw: &[f64], outputs: usize) -> Bound<'py, PyAny> {
    let n = raw.len() / outputs;
    array::to_numpy(py, Array2::from_shape_fn((n, outputs), |(i, k)| raw[k * n + i]), Dtype::F64)
}

#[pymethods]
impl Boosting {
    /// All iterations that are left, with early stopping by the loss.
    #[pyo3(signature = (options=None))]
    fn run(&self, py: Python<'_>, options: Option<Options>) -> PyResult<()> {
        self.work(py, options, "boost", |run, ctl| run.run(ctl))
    }

    /// One iteration.
    #[pyo3(signature = (options=None))]
    fn iterate(&self, py: Python<'_>, options: Option<Options>) -> PyResult<()> {
        self.work(py, options, "boost", |run, ctl| run.iterate(ctl))
    }

    /// Notes minus the mean losses; whether to stop.
    #[pyo3(signature = (options=None))]
    fn score(&self, py: Python<'_>, options: Option<Options>) -> PyResult<bool> {
        self.work(py, options, "score", |run, ctl| run.score(ctl))
    }

    /// Notes scores that were computed elsewhere; whether to stop.
    fn note(&self, train: f64, validation: Option<f64>) -> PyResult<bool> {
        Ok(self.state()?.run.note(train, validation))
    }

    /// The last scores on the rows trained on and on those held out.
    fn last_scores(&self) -> PyResult<(Option<f64>, Option<f64>)> {
        Ok(self.state()?.run.last_scores())
    }

    /// The number of iterations so far.
    #[getter]
    fn n_iter(&self) -> PyResult<usize> {
        Ok(self.state()?.run.n_iter())
    }

    /// Trees, leaves and the largest depth of the last iteration.
    fn last_trees(&self) -> PyResult<(usize, usize, usize)> {
        Ok(self.state()?.run.last_trees())
    }

    /// The raw predictions of the rows trained on: float64 (n, outputs).
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let state = self.state()?;
        Ok(raw_array(py, state.run.raw(), state.run.n_outputs()))
    }

    /// The same of the rows held out; None where there are none.
    fn held_raw<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let state = self.state()?;
        Ok(state.run.held_raw().map(|raw| raw_array(py, raw, state.run.n_outputs())))
    }

    /// The model so far.
    fn model(&self) -> PyResult<Model> {
        let state = self.state()?;
        let boosted = state.run.model();
        let inner = if self.classes {
            AnyModel::HistGradientBoostingClassifier(BoostedClasses { boosted })
        } else {
            AnyModel::HistGradientBoostingRegressor(BoostedNumbers { boosted })
        };
        let trace: Vec<Trace> = state.control.trace();
        Ok(Model::fitted(inner, trace, state.seconds))
    }
}

fn boosted(model: &Model) -> PyResult<&Boosted> {
    match &*model.inner {
        AnyModel::HistGradientBoostingClassifier(model) => Ok(&model.boosted),
        AnyModel::HistGradientBoostingRegressor(model) => Ok(&model.boosted),
        other => Err(PyTypeError::new_err(format!("a model of {} is not boosted on histograms", other.name()))),
    }
}

/// The raw predictions of iterations `first` to `last` for `x`, added to a copy of `raw` (n, outputs) where it is given,
/// else to the baseline.
#[pyfunction]
#[pyo3(signature = (model, x, first, last, raw=None, options=None))]
pub fn boosting_raw<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    x: &Bound<'py, PyAny>,
    first: usize,
    last: usize,
    raw: Option<&Bound<'py, PyArray2<f64>>>,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let boosted = boosted(model.get())?;
    let x = X::borrow(x)?;
    let x = x.matrix()?;
    let k = boosted.n_outputs();
    let mut out = match raw {
        None => boosted.begin(x.nrows()),
        Some(raw) => raw.try_readonly()?.as_array().iter().copied().collect(),
    };
    let work = |ctl: &Control| {
        let (found, wanted) = (x.ncols(), boosted.mapper.features.len());
        if found != wanted {
            let message = format!("X has {found} features, but the trees were grown on {wanted} features.");
            return Err(ironlearn::Error::Input(message));
        }
        boosted.add_iterations(&x, first..last, &mut out, ctl)
    };
    if x.nrows() * x.ncols() <= crate::model::SMALL {
        crate::run::run_here(py, work)?;
    } else {
        run(py, options.unwrap_or_default(), work)?;
    }
    let out = Array2::from_shape_vec((x.nrows(), k), out).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok(array::to_numpy(py, out, Dtype::F64))
}

/// Probabilities (n, classes) of raw predictions (n, outputs).
#[pyfunction]
pub fn boosting_probabilities<'py>(py: Python<'py>, raw: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    Ok(array::to_numpy(py, probabilities(&array::rows_f64(raw)?), Dtype::F64))
}

/// What a model consists of: baseline, thresholds or categories of each feature, and the nodes of all trees.
#[pyfunction]
pub fn boosting_parts<'py>(py: Python<'py>, model: &Bound<'py, Model>) -> PyResult<Bound<'py, PyDict>> {
    let (boosted, dict) = (boosted(model.get())?, PyDict::new(py));
    let floats = |v: &[f64]| array::to_numpy(py, Array1::from(v.to_vec()), Dtype::F64);
    let trees = &boosted.trees;
    let ints = |v: &Array1<i32>| PyArray1::from_iter(py, v.iter().copied().map(i64::from));
    let bytes = |v: &Array1<u8>| PyArray1::from_iter(py, v.iter().copied());
    dict.set_item("baseline", floats(&boosted.baseline))?;
    let features = boosted.mapper.features.iter().map(|bins| {
        use ironlearn::binning::FeatureBins::{Categories, Numeric};
        let (Numeric(values) | Categories(values)) = bins;
        (bins.is_categorical(), floats(values))
    });
    dict.set_item("bins", features.collect::<Vec<_>>())?;
    dict.set_item("weighted", boosted.weighted)?;
    dict.set_item("starts", PyArray1::from_iter(py, trees.starts.iter().copied()))?;
    dict.set_item("left", ints(&trees.left))?;
    dict.set_item("right", ints(&trees.right))?;
    dict.set_item("feature", ints(&trees.feature))?;
    dict.set_item("threshold", floats(trees.threshold.as_slice().unwrap_or_default()))?;
    dict.set_item("bin", bytes(&trees.bin))?;
    dict.set_item("set", ints(&trees.set))?;
    dict.set_item("missing_left", bytes(&trees.missing_left))?;
    dict.set_item("value", floats(trees.value.as_slice().unwrap_or_default()))?;
    dict.set_item("gain", floats(trees.gain.as_slice().unwrap_or_default()))?;
    dict.set_item("count", PyArray1::from_iter(py, trees.count.iter().copied()))?;
    dict.set_item("depth", ints(&trees.depth))?;
    dict.set_item("categories", bytes(&trees.categories))?;
    Ok(dict)
}
