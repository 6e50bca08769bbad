//! One `fit` and one `Model` for every estimator.

use crate::array::{self, X, Y};
use crate::error::{exception, heard};
use crate::run::{Options, run, run_here};
use crate::tree;
use crate::value;
use ironlearn::linalg::Trace;
use ironlearn::preprocess::AnyTransformer;
use ironlearn::registry::ESTIMATORS;
use ironlearn::saved::Saved;
use ironlearn::{AnyEstimator, AnyModel, Control, Data, Dtype};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::sync::Arc;
use std::time::Instant;

/// Below this many numbers in X a prediction runs in place: no thread, the GIL held for microseconds.
pub const SMALL: usize = 1 << 14;

/// A fitted model of the core. It never changes.
#[pyclass(frozen, module = "ironlearn._core")]
pub struct Model {
    pub(crate) inner: Arc<AnyModel>,
    trace: Vec<Trace>,
    seconds: f64,
}

/// Fits the estimator `name` to data that the caller has validated.
///
/// x: 2-D float array or CSR/CSC. y: float64 (n, outputs), or uint32 class codes together with `n_classes`.
/// `options`: device, n_threads, progress.
#[pyfunction]
#[pyo3(signature = (name, params, x, y=None, n_classes=None, sample_weight=None, start=None, options=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn fit(
    py: Python<'_>,
    name: &str,
    params: &Bound<'_, PyDict>,
    x: &Bound<'_, PyAny>,
    y: Option<&Bound<'_, PyAny>>,
    n_classes: Option<Vec<usize>>,
    sample_weight: Option<&Bound<'_, PyAny>>,
    start: Option<&Bound<'_, Model>>,
    options: Option<Options>,
) -> PyResult<Model> {
    let given = value::named(params)?;
    let estimator = AnyEstimator::with_params(name, &given).map_err(|error| exception(py, &error))?;
    let x = X::borrow(x)?;
    let y = y.map(Y::borrow).transpose()?;
    let weights = sample_weight.map(array::weights).transpose()?;
    let mut data = Data::new(x.matrix()?).with_weights(weights.as_ref().map(array::view1));
    data = match (&y, n_classes) {
        (None, _) => data,
        (Some(Y::Values(y)), _) => data.with_values(array::view2(y)),
        (Some(Y::Codes(codes)), Some(n)) => data.with_classes(codes.as_array(), n),
        (Some(Y::Codes(_)), None) => return Err(PyValueError::new_err("class codes need n_classes")),
    };
    let start = start.map(|model| &*model.get().inner);
    let began = Instant::now();
    let options = options.unwrap_or_default();
    let device = options.device(py)?;
    let (inner, ctl) = run(py, options, |ctl| ironlearn_dispatch::fit(&estimator, &data, start, &device, ctl))?;
    Ok(Model { inner: inner.into(), trace: ctl.trace(), seconds: began.elapsed().as_secs_f64() })
}

impl Model {
    /// A model that was not fitted here.
    pub fn new(inner: impl Into<Arc<AnyModel>>) -> Self {
        Model { inner: inner.into(), trace: Vec::new(), seconds: 0.0 }
    }

    /// A model with the account of its fit.
    pub fn fitted(inner: AnyModel, trace: Vec<Trace>, seconds: f64) -> Self {
        Model { inner: inner.into(), trace, seconds }
    }

    /// Runs `work` on X, in place where X is small.
    ///
    /// # Errors
    /// Those of X and of `work`.
    pub fn on<R: Send>(
        &self,
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        options: Option<Options>,
        work: impl FnOnce(&ironlearn::AnyMatrix<'_>, &Control) -> ironlearn::Result<R> + Send,
    ) -> PyResult<R> {
        let x = X::borrow(x)?;
        let x = x.matrix()?;
        if x.nrows() * x.ncols() <= SMALL {
            return run_here(py, |ctl| work(&x, ctl));
        }
        Ok(run(py, options.unwrap_or_default(), |ctl| work(&x, ctl))?.0)
    }
}

#[pymethods]
impl Model {
    /// The estimator's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    /// What it learns: `regression`, `classification`, `clustering` or `outliers`.
    #[getter]
    fn task(&self) -> String {
        format!("{:?}", self.inner.task()).to_lowercase()
    }

    /// The number of columns that X has to have.
    #[getter]
    fn n_features_in(&self) -> usize {
        self.inner.n_features_in()
    }

    /// Predicted numbers, class codes or labels: float64 (n, outputs).
    #[pyo3(signature = (x, options=None))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let y = self.on(py, x, options, |x, ctl| self.inner.predict(x, ctl))?;
        Ok(array::to_numpy(py, y, Dtype::F64))
    }

    /// Class probabilities, one float64 array (n, classes) an output.
    #[pyo3(signature = (x, options=None))]
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyList>> {
        let outputs = self.on(py, x, options, |x, ctl| self.inner.predict_proba(x, ctl))?;
        PyList::new(py, outputs.into_iter().map(|p| array::to_numpy(py, p, Dtype::F64)))
    }

    /// Scores of the classes, or of another kind that the estimator tells: float64 (n, scores).
    #[pyo3(signature = (x, options=None))]
    fn decision_function<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let scores = self.on(py, x, options, |x, ctl| self.inner.decision_function(x, ctl))?;
        Ok(array::to_numpy(py, scores, Dtype::F64))
    }

    /// The standard deviations of the predictions: float64 (n, outputs).
    #[pyo3(signature = (x, options=None))]
    fn predict_deviation<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let deviations = self.on(py, x, options, |x, ctl| self.inner.predict_deviation(x, ctl))?;
        Ok(array::to_numpy(py, deviations, Dtype::F64))
    }

    /// New coordinates of the rows: float64 (n, new columns).
    #[pyo3(signature = (x, options=None))]
    fn transform<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let z = self.on(py, x, options, |x, ctl| self.inner.transform(x, ctl))?;
        Ok(array::to_numpy(py, z, Dtype::F64))
    }

    /// The leaf of each row in each tree: int64 (n, trees).
    #[pyo3(signature = (x, options=None))]
    fn apply<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let leaves = self.on(py, x, options, |x, ctl| self.inner.apply(x, ctl))?;
        Ok(tree::integers(py, leaves))
    }

    /// The nodes that each row passes, as the offsets and indices of a CSR matrix.
    #[pyo3(signature = (x, options=None))]
    fn decision_path<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let (offsets, nodes) = self.on(py, x, options, |x, ctl| self.inner.decision_path(x, ctl))?;
        Ok((tree::integers(py, offsets.into()), tree::integers(py, nodes.into())))
    }

    /// Tree `k`'s arrays and counts under scikit-learn's names.
    fn tree<'py>(&self, py: Python<'py>, k: usize) -> PyResult<Bound<'py, PyDict>> {
        tree::arrays(py, tree::of(&self.inner, k)?)
    }

    /// Tree `k` as a model of its own, of the estimator `name`.
    #[pyo3(signature = (k, name, features=None))]
    fn tree_model(&self, k: usize, name: &str, features: Option<Vec<u32>>) -> PyResult<Self> {
        Ok(Model::new(tree::alone(&self.inner, k, name, features.as_deref())?))
    }

    /// The seed of each tree of a forest.
    fn tree_seeds(&self) -> PyResult<Vec<u64>> {
        Ok(tree::seeds(&self.inner)?.to_vec())
    }

    /// How many rows each tree of a forest drew.
    fn rows_drawn(&self) -> PyResult<usize> {
        tree::rows_drawn(&self.inner)
    }

    /// The features that tree `k` of an isolation forest may use.
    fn tree_features(&self, k: usize) -> PyResult<Vec<u32>> {
        Ok(tree::features(&self.inner, k)?.to_vec())
    }

    /// The numbers of the leaves of each tree.
    fn leaves<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyAny>> {
        tree::leaves(py, &self.inner)
    }

    /// Quantiles of the conditional distributions of a forest of numbers: float64 (n, quantiles).
    #[pyo3(signature = (x, q, options=None))]
    fn predict_quantiles<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        q: Vec<f64>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let quantiles = self.on(py, x, options, |x, ctl| match &*self.inner {
            AnyModel::RandomForestRegressor(m) | AnyModel::ExtraTreesRegressor(m) => m.predict_quantiles(x, &q, ctl),
            other => Err(ironlearn::Error::Unsupported(format!("a model of {} has no quantiles", other.name()))),
        })?;
        Ok(array::to_numpy(py, quantiles, Dtype::F64))
    }

    /// The scores of an isolation forest: float64 (n,).
    #[pyo3(signature = (x, options=None))]
    fn score_samples<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let scores = self.on(py, x, options, |x, ctl| match &*self.inner {
            AnyModel::IsolationForest(forest) => forest.scores(x, ctl),
            other => Err(ironlearn::Error::Unsupported(format!("a model of {} has no scores", other.name()))),
        })?;
        Ok(array::to_numpy(py, ndarray::Array1::from(scores), Dtype::F64))
    }

    /// Tree `k`'s number of nodes, depth and number of leaves.
    fn tree_size(&self, k: usize) -> PyResult<(usize, usize, usize)> {
        let tree = tree::of(&self.inner, k)?;
        Ok((tree.node_count(), tree.max_depth(), tree.n_leaves()))
    }

    /// The share of the decrease of impurity that each feature brought to tree `k`.
    fn feature_importances<'py>(&self, py: Python<'py>, k: usize) -> PyResult<Bound<'py, PyAny>> {
        Ok(array::to_numpy(py, tree::of(&self.inner, k)?.feature_importances(), Dtype::F64))
    }

    /// The alphas at which pruning cuts a branch of tree `k`, and the impurities of the leaves.
    fn pruning_path<'py>(&self, py: Python<'py>, k: usize) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let (alphas, impurities) = tree::of(&self.inner, k)?.pruning_path();
        let array = |v: Vec<f64>| array::to_numpy(py, ndarray::Array1::from(v), Dtype::F64);
        Ok((array(alphas), array(impurities)))
    }

    /// The fitted attributes under scikit-learn's names.
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.inner.attributes() {
            dict.set_item(name, array::attribute(py, value)?)?;
        }
        Ok(dict)
    }

    /// The plain account of the fit: solver, iterations, converged, warnings, seconds, ops.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (dict, report) = (PyDict::new(py), self.inner.report());
        dict.set_item("solver", &report.solver)?;
        dict.set_item("iterations", &report.iterations)?;
        dict.set_item("converged", report.converged)?;
        dict.set_item("warnings", heard(&report.warnings))?;
        dict.set_item("seconds", self.seconds)?;
        let ops = self.trace.iter().map(|t| (t.op, t.place.clone(), t.calls, t.seconds));
        dict.set_item("ops", ops.collect::<Vec<_>>())?;
        Ok(dict)
    }

    /// The bytes of the model file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = Saved::new(self.inner.clone()).to_bytes().map_err(|error| exception(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The model in the bytes of a model file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let saved = Saved::from_bytes(bytes).map_err(|error| exception(py, &error))?;
        saved.model().map_err(|error| exception(py, &error)).map(|model| Model::new(model.clone()))
    }

    /// A linear model with other coefficients: (outputs, features) or (features,), and one intercept or one each.
    fn with_coefficients(
        &self,
        py: Python<'_>,
        coef: &Bound<'_, PyAny>,
        intercept: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let (coef, intercept) = (array::rows_f64(coef)?, array::rows_f64(intercept)?);
        let inner = self.inner.with_coefficients(coef, intercept.row(0).to_owned());
        let inner = inner.map_err(|error| exception(py, &error))?;
        Ok(Model::fitted(inner, self.trace.clone(), self.seconds))
    }

    /// Itself: it never changes.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Itself: it never changes.
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyDict>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Model>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }
}

/// Name, short name and task of every estimator.
#[pyfunction]
pub fn estimators() -> Vec<(&'static str, &'static str, String)> {
    ESTIMATORS.iter().map(|(name, short, task)| (*name, *short, format!("{task:?}").to_lowercase())).collect()
}

/// The parameters of the estimator or transformer `name`, with their defaults.
#[pyfunction]
pub fn parameters<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
    let params = match AnyEstimator::by_name(name) {
        Some(estimator) => estimator.params(),
        None => AnyTransformer::with_params(name, &[]).map_err(|error| exception(py, &error))?.params(),
    };
    let dict = PyDict::new(py);
    for (name, default) in params {
        dict.set_item(name, value::to_python(py, &default)?)?;
    }
    Ok(dict)
}
