//! The content of a model file: columns, steps and an estimator.

use crate::array;
use crate::error::exception;
use crate::model::Model;
use crate::rows::Rows;
use crate::run::{Options, run, run_here};
use crate::transformer::Transformer;
use crate::value;
use ironlearn::datasets::ColumnType;
use ironlearn::pipeline::InputColumn;
use ironlearn::saved::{Saved, SavedStep};
use ironlearn::{Control, Dtype, Labels};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// A fitted pipeline as it lies in a file. It never changes.
#[pyclass(frozen, module = "ironlearn._core")]
pub struct Pipeline {
    inner: Saved,
}

/// The classes of one output from an array of integers, floats, booleans or text.
fn labels(classes: &Bound<'_, PyAny>) -> PyResult<Labels> {
    let kind: String = classes.getattr("dtype")?.getattr("kind")?.extract()?;
    let list = classes.call_method0("tolist")?;
    let labels = match kind.as_str() {
        "i" | "u" => list.extract().map(Labels::Int),
        "f" => list.extract().map(Labels::Float),
        "b" => list.extract().map(Labels::Bool),
        _ => list.extract().map(Labels::Text),
    };
    labels.map_err(|_| PyTypeError::new_err("classes have to be integers, floats, booleans or text to be saved"))
}

#[pymethods]
impl Pipeline {
    /// The pipeline of its parts. columns: (name, type) each, type None for numbers.
    #[new]
    #[pyo3(signature = (steps, model=None, *, estimator=None, params=None, columns=None, feature_names=None,
                        classes=None, target=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        steps: Vec<(String, PyRef<'_, Transformer>)>,
        model: Option<PyRef<'_, Model>>,
        estimator: Option<String>,
        params: Option<&Bound<'_, PyDict>>,
        columns: Option<Vec<String>>,
        feature_names: Option<Vec<String>>,
        classes: Option<Vec<Bound<'_, PyAny>>>,
        target: Option<String>,
    ) -> PyResult<Self> {
        let steps: Vec<SavedStep> =
            steps.into_iter().map(|(name, step)| SavedStep { name, model: step.inner.clone() }).collect();
        let kinds = steps.first().map(|step| Self::kinds(&step.model)).unwrap_or_default();
        let mut inner = Saved::of_steps(steps);
        inner.model = model.map(|model| model.inner.clone());
        inner.estimator = estimator;
        if let Some(params) = params {
            inner.params = value::named(params)?;
        }
        if let Some(names) = columns {
            let kind = |j: usize| kinds.get(j).copied().flatten().unwrap_or(ColumnType::Number);
            let input = |(j, name)| InputColumn { name, kind: kind(j) };
            inner.columns = names.into_iter().enumerate().map(input).collect();
        }
        inner.feature_names = feature_names;
        inner.classes = classes.unwrap_or_default().iter().map(labels).collect::<PyResult<_>>()?;
        inner.target = target;
        Ok(Pipeline { inner })
    }

    /// The bytes of the file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.inner.to_bytes().map_err(|error| exception(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The pipeline in the bytes of a file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        Ok(Pipeline { inner: Saved::from_bytes(bytes).map_err(|error| exception(py, &error))? })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Pipeline>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    /// The version of ironlearn that wrote it.
    #[getter]
    fn version(&self) -> &str {
        &self.inner.ironlearn
    }

    /// The columns of a table that it takes: name and type each.
    #[getter]
    fn columns(&self) -> Vec<(String, &'static str)> {
        self.inner.columns.iter().map(|c| (c.name.clone(), c.kind.name())).collect()
    }

    /// The names of the columns of X, where they were named.
    #[getter]
    fn feature_names(&self) -> Option<Vec<String>> {
        self.inner.feature_names.clone()
    }

    /// The transformers: name and Transformer each.
    #[getter]
    fn steps(&self) -> Vec<(String, Transformer)> {
        self.inner.steps.iter().map(|s| (s.name.clone(), Transformer { inner: s.model.clone() })).collect()
    }

    /// The estimator's model.
    #[getter]
    fn model(&self) -> Option<Model> {
        self.inner.model.clone().map(Model::new)
    }

    /// The estimator's name as a step.
    #[getter]
    fn estimator(&self) -> Option<String> {
        self.inner.estimator.clone()
    }

    /// The estimator's parameters.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, v) in &self.inner.params {
            dict.set_item(name, value::to_python(py, v)?)?;
        }
        Ok(dict)
    }

    /// The classes of each output, as lists.
    #[getter]
    fn classes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let one = |labels: &Labels| match labels {
            Labels::Int(v) => v.clone().into_pyobject(py),
            Labels::Float(v) => v.clone().into_pyobject(py),
            Labels::Bool(v) => v.clone().into_pyobject(py),
            Labels::Text(v) => v.clone().into_pyobject(py),
        };
        self.inner.classes.iter().map(|l| Ok(one(l)?.into_any())).collect()
    }

    /// The name of the target.
    #[getter]
    fn target(&self) -> Option<String> {
        self.inner.target.clone()
    }

    /// Predicted numbers, class codes or labels: float64 (n, outputs).
    #[pyo3(signature = (x, options=None))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let rows = Rows::borrow(x)?;
        let block = rows.block()?;
        let work = |ctl: &Control| self.inner.predict(block, ctl);
        Ok(array::to_numpy(py, run(py, options.unwrap_or_default(), work)?.0, Dtype::F64))
    }

    /// Class probabilities, one float64 array (n, classes) an output.
    #[pyo3(signature = (x, options=None))]
    fn predict_proba<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        options: Option<Options>,
    ) -> PyResult<Bound<'py, PyList>> {
        let rows = Rows::borrow(x)?;
        let block = rows.block()?;
        let work = |ctl: &Control| self.inner.predict_proba(block, ctl);
        let outputs = run(py, options.unwrap_or_default(), work)?.0;
        PyList::new(py, outputs.into_iter().map(|p| array::to_numpy(py, p, Dtype::F64)))
    }

    /// The names of the columns that the estimator sees.
    fn feature_names_out(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        run_here(py, |_| Ok(self.inner.feature_names_out()))
    }
}
