//! One fit and one `Transformer` for every transformer of the core.

use crate::array::{self, Y};
use crate::error::{Heard, exception, heard};
use crate::rows::{self, Rows};
use crate::run::{Options, run, run_here};
use crate::saved::Pipeline;
use crate::value;
use ironlearn::preprocess::{
    AnyTransformer, AnyTransformerModel, Branch, ColumnTransformer, ColumnsModel, FittedBranch, FittedStep, Selector,
    Step, Steps, StepsModel,
};
use ironlearn::saved::{Saved, SavedStep};
use ironlearn::{Control, Target};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// Below this many entries a transform runs in place.
const SMALL: usize = 1 << 12;

/// A fitted transformer of the core. It never changes.
#[pyclass(frozen, module = "ironlearn._core")]
pub struct Transformer {
    pub inner: AnyTransformerModel,
}

/// A group of columns: its name, its columns, and "drop", "passthrough" or a Transformer.
type Group<'py> = (String, Vec<u32>, Bound<'py, PyAny>);

/// Fits the transformer `name`; with `transform`, maps the same rows too (None otherwise).
#[pyfunction]
#[pyo3(signature = (name, params, x, y=None, n_classes=None, sample_weight=None, transform=false, options=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn fit_transformer<'py>(
    py: Python<'py>,
    name: &str,
    params: &Bound<'py, PyDict>,
    x: &Bound<'py, PyAny>,
    y: Option<&Bound<'py, PyAny>>,
    n_classes: Option<Vec<usize>>,
    sample_weight: Option<&Bound<'py, PyAny>>,
    transform: bool,
    options: Option<Options>,
) -> PyResult<(Transformer, Option<Bound<'py, PyAny>>)> {
    let given = value::named(params)?;
    let transformer = AnyTransformer::with_params(name, &given).map_err(|error| exception(py, &error))?;
    let rows = Rows::borrow(x)?;
    let block = rows.block()?;
    let y = y.map(Y::borrow).transpose()?;
    let weights = sample_weight.map(array::weights).transpose()?;
    let target = match (&y, n_classes) {
        (None, _) => Target::None,
        (Some(Y::Values(y)), _) => Target::Values(array::view2(y)),
        (Some(Y::Codes(codes)), Some(n)) => Target::Classes(codes.as_array(), n),
        (Some(Y::Codes(_)), None) => return Err(PyValueError::new_err("class codes need n_classes")),
    };
    let weights = weights.as_ref().map(array::view1);
    let work = |ctl: &Control| match transform {
        true => transformer.fit_transform(&block, &target, weights, ctl).map(|(model, out)| (model, Some(out))),
        false => transformer.fit(&block, &target, weights, ctl).map(|model| (model, None)),
    };
    let ((inner, out), _) = run(py, options.unwrap_or_default(), work)?;
    Ok((Transformer { inner }, out.map(|out| rows::to_python(py, out)).transpose()?))
}

impl Transformer {
    fn on<R: Send>(
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        options: Option<Options>,
        work: impl FnOnce(&ironlearn::preprocess::Block<'_>, &Control) -> ironlearn::Result<R> + Send,
    ) -> PyResult<R> {
        let rows = Rows::borrow(x)?;
        let block = rows.block()?;
        let (n, p) = block.shape();
        if n * p <= SMALL {
            return run_here(py, |ctl| work(&block, ctl));
        }
        Ok(run(py, options.unwrap_or_default(), |ctl| work(&block, ctl))?.0)
    }
}

#[pymethods]
impl Transformer {
    /// The transformer's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    /// The number of columns that it takes.
    #[getter]
    fn n_features_in(&self) -> usize {
        self.inner.n_features_in()
    }

    /// Maps rows; what they became, and warnings as (kind, text).
    #[pyo3(signature = (x, options=None))]
    fn transform<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<(Bound<'py, PyAny>, Heard)> {
        let (out, warnings) = Self::on(py, x, options, |x, ctl| {
            let mut warnings = Vec::new();
            self.inner.transform(x, ctl, &mut warnings).map(|out| (out, warnings))
        })?;
        Ok((rows::to_python(py, out)?, heard(&warnings)))
    }

    /// The rows that a scaler mapped to these.
    #[pyo3(signature = (x, options=None))]
    fn inverse_transform<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let AnyTransformerModel::StandardScaler(scaler) = &self.inner else {
            return Err(PyTypeError::new_err(format!("{} has no native inverse", self.inner.name())));
        };
        rows::to_python(py, Self::on(py, x, options, |x, ctl| scaler.inverse_transform(x, ctl))?)
    }

    /// A scaler that has seen further rows too.
    #[pyo3(signature = (x, sample_weight=None, options=None))]
    fn updated(
        &self,
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        sample_weight: Option<&Bound<'_, PyAny>>,
        options: Option<Options>,
    ) -> PyResult<Transformer> {
        let AnyTransformerModel::StandardScaler(scaler) = &self.inner else {
            return Err(PyTypeError::new_err(format!("{} cannot be updated", self.inner.name())));
        };
        let weights = sample_weight.map(array::weights).transpose()?;
        let weights = weights.as_ref().map(array::view1);
        let mut scaler = scaler.clone();
        let scaler = Self::on(py, x, options, |x, ctl| {
            scaler.update(x, weights, ctl)?;
            Ok(scaler)
        })?;
        Ok(Transformer { inner: scaler.into() })
    }

    /// The names of the new columns.
    fn feature_names_out(&self, names: Vec<String>) -> Vec<String> {
        self.inner.feature_names_out(&names)
    }

    /// What was learnt, as plain values; numbers as the bytes of float64.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value::to_python(py, &self.inner.to_value().map_err(|error| exception(py, &error))?)
    }

    /// The transformer `name` of what [`Transformer::state`] gave, changed or made by hand; checked.
    #[staticmethod]
    fn from_state(py: Python<'_>, name: &str, state: &Bound<'_, PyAny>) -> PyResult<Self> {
        let inner = AnyTransformerModel::from_value(name, value::from_python(state)?);
        Ok(Transformer { inner: inner.map_err(|error| exception(py, &error))? })
    }

    /// Groups of columns side by side: (name, columns, "drop" or "passthrough" or a Transformer) each.
    #[staticmethod]
    fn of_columns(
        py: Python<'_>,
        n_features_in: usize,
        groups: Vec<Group<'_>>,
        sparse_output: bool,
        sparse_threshold: f64,
        verbose_feature_names_out: bool,
    ) -> PyResult<Self> {
        let mut params =
            ColumnTransformer { sparse_threshold, verbose_feature_names_out, ..ColumnTransformer::default() };
        let mut branches = Vec::new();
        for (name, columns, step) in groups {
            let (fitted, plain) = match step.extract::<String>().as_deref() {
                Ok("drop") => (FittedStep::Drop, Step::Drop),
                Ok("passthrough") => (FittedStep::Passthrough, Step::Passthrough),
                _ => {
                    let step = step.cast::<Transformer>()?.get();
                    let plain = Step::Transform(Box::new(step.inner.params()));
                    (FittedStep::Model(Box::new(step.inner.clone())), plain)
                }
            };
            if name == "remainder" {
                params.remainder = plain;
            } else {
                let selectors = columns.iter().map(|&j| Selector::Index(j)).collect();
                params.transformers.push(Branch { name: name.clone(), step: plain, columns: selectors });
            }
            branches.push(FittedBranch { name, columns, step: fitted });
        }
        let inner = AnyTransformerModel::from(ColumnsModel { params, n_features_in, branches, sparse_output });
        inner.check().map_err(|error| exception(py, &error))?;
        Ok(Transformer { inner })
    }

    /// Transformers one after the other.
    #[staticmethod]
    fn of_steps(steps: Vec<(String, PyRef<'_, Transformer>)>) -> Self {
        let params = Steps { steps: steps.iter().map(|(name, step)| (name.clone(), step.inner.params())).collect() };
        let steps = steps.into_iter().map(|(name, step)| (name, step.inner.clone())).collect();
        Transformer { inner: StepsModel { params, steps }.into() }
    }

    /// The steps of a pipeline: name and Transformer each.
    fn steps(&self) -> Option<Vec<(String, Transformer)>> {
        let AnyTransformerModel::Pipeline(model) = &self.inner else { return None };
        Some(model.steps.iter().map(|(name, step)| (name.clone(), Transformer { inner: step.clone() })).collect())
    }

    /// The groups of a column transformer: name, columns and "drop", "passthrough" or a Transformer each.
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Option<Vec<Group<'py>>>> {
        let AnyTransformerModel::ColumnTransformer(model) = &self.inner else { return Ok(None) };
        let one = |branch: &FittedBranch| {
            let step = match &branch.step {
                FittedStep::Drop => "drop".into_pyobject(py)?.into_any(),
                FittedStep::Passthrough => "passthrough".into_pyobject(py)?.into_any(),
                FittedStep::Model(model) => Bound::new(py, Transformer { inner: (**model).clone() })?.into_any(),
            };
            Ok((branch.name.clone(), branch.columns.clone(), step))
        };
        model.branches.iter().map(one).collect::<PyResult<_>>().map(Some)
    }

    /// The bytes of a model file with this transformer alone.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let step = SavedStep { name: String::new(), model: self.inner.clone() };
        let bytes = Saved::of_steps(vec![step]).to_bytes().map_err(|error| exception(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The transformer in the bytes of such a file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let saved = Saved::from_bytes(bytes).map_err(|error| exception(py, &error))?;
        match saved.steps.into_iter().next() {
            Some(step) => Ok(Transformer { inner: step.model }),
            None => Err(PyValueError::new_err("not a usable ironlearn model: it holds no transformer")),
        }
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
        Ok((py.get_type::<Transformer>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }
}

/// A file's transformers, and the types of the columns that they take: `number`, `text`, `time` or None where any.
impl Pipeline {
    /// The types of the columns that the first of `steps` takes.
    pub fn kinds(step: &AnyTransformerModel) -> Vec<Option<ironlearn::datasets::ColumnType>> {
        step.input_types()
    }
}
