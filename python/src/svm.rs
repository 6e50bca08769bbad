//! Kernel machines from the attributes that the Python object has at the time.

use crate::array::{self, X};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use ironlearn::kernel::{FittedRows, Reference};
use ironlearn::svm::{Machine, SvmModel};
use ironlearn::{AnyModel, Dtype};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Arc;

macro_rules! inner {
    ($model:expr, $inner:ident => $body:expr) => {
        match $model {
            AnyModel::SVC($inner) => $body,
            AnyModel::NuSVC($inner) => $body,
            AnyModel::SVR($inner) => $body,
            AnyModel::NuSVR($inner) => $body,
            AnyModel::OneClassSVM($inner) => $body,
            _ => return Err(PyValueError::new_err("a model without support vectors")),
        }
    };
}

/// What a kernel machine answers to `x`: `values` of its pairs of classes, codes of `classes`, `scores` of them, or
/// `probabilities`, by these parts in place of its own: the support vectors (None: its own), how many each class has, dual
/// coefficients (classes - 1, n), intercepts, and the parameters of the sigmoids of the pairs.
#[pyfunction]
#[pyo3(signature = (model, x, rows, n_support, dual_coef, intercept, sigmoids, what, options=None))]
#[allow(clippy::too_many_arguments, reason = "the parts of a machine")]
pub fn svm_answer<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    x: &Bound<'py, PyAny>,
    rows: Option<&Bound<'py, PyAny>>,
    n_support: Vec<usize>,
    dual_coef: &Bound<'py, PyAny>,
    intercept: &Bound<'py, PyAny>,
    sigmoids: Option<(Vec<f64>, Vec<f64>)>,
    what: &str,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let own: &SvmModel = inner!(&*model.get().inner, m => m);
    let (dual, intercept) = (array::rows_f64(dual_coef)?, array::rows_f64(intercept)?);
    let x = X::borrow(x)?;
    let x = x.matrix()?;
    let rows = rows.map(X::borrow).transpose()?;
    let rows = rows.as_ref().map(X::matrix).transpose()?;
    let classes = n_support.len();
    let (values, _) = run(py, options.unwrap_or_default(), |ctl| {
        let rows = match &rows {
            Some(rows) => Arc::new(Reference::new(own.kernel, rows, ctl)?),
            None => own.reference(ctl)?,
        };
        let (n_support, dual_coef) = (n_support.clone(), dual.view());
        Machine { rows: &rows, n_support, dual_coef, intercept: intercept.row(0) }.values(&x, ctl)
    })?;
    let answer = match (what, &sigmoids) {
        ("classes", _) => {
            let codes = values.rows().into_iter().map(|row| Machine::vote(row, classes) as f64);
            ndarray::Array1::from_iter(codes).insert_axis(ndarray::Axis(1))
        }
        ("scores", _) => {
            let mut scores = ndarray::Array2::zeros((values.nrows(), classes));
            for (values, mut scores) in values.rows().into_iter().zip(scores.rows_mut()) {
                Machine::scores(values, classes, scores.as_slice_mut().unwrap_or_default());
            }
            scores
        }
        ("probabilities", Some((a, b))) if a.len() == values.ncols() && b.len() == values.ncols() => {
            Machine::probabilities(values.view(), a, b, classes)
        }
        ("values", _) => values,
        _ => return Err(PyValueError::new_err("no such answer of a support vector machine")),
    };
    Ok(array::to_numpy(py, answer, Dtype::F64))
}

/// The support vectors of a kernel machine: None, a dense array, or the shape, data, indices and offsets of CSR.
#[pyfunction]
pub fn svm_rows<'py>(py: Python<'py>, model: &Bound<'py, Model>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let rows = inner!(&*model.get().inner, m => &*m.rows);
    Ok(match rows {
        FittedRows::None => None,
        FittedRows::Dense(rows) => Some(array::to_numpy(py, rows.clone(), Dtype::F64)),
        FittedRows::Sparse(rows) => {
            let data = array::to_numpy(py, rows.data.clone(), Dtype::F64);
            let integers = |a: &ndarray::Array1<i64>| numpy::IntoPyArray::into_pyarray(a.mapv(|i| i as i32), py);
            let parts = ((rows.len(), rows.columns), data, integers(&rows.indices), integers(&rows.indptr));
            Some(parts.into_pyobject(py)?.into_any())
        }
    })
}

/// The numbers of rows and columns that a kernel machine was fitted to.
#[pyfunction]
pub fn svm_shape(model: &Bound<'_, Model>) -> PyResult<(usize, usize)> {
    Ok(inner!(&*model.get().inner, m => (m.n_fit, m.features)))
}

/// The kernel machine with other dual coefficients and intercepts.
#[pyfunction]
pub fn svm_with(
    py: Python<'_>,
    model: &Bound<'_, Model>,
    dual_coef: &Bound<'_, PyAny>,
    intercept: &Bound<'_, PyAny>,
) -> PyResult<Model> {
    let mut changed = AnyModel::clone(&model.get().inner);
    inner!(&mut changed, m => {
        m.dual_coef = array::rows_f64(dual_coef)?;
        m.intercept = array::rows_f64(intercept)?.row(0).to_owned();
        ironlearn::Model::check(m).map_err(|error| exception(py, &error))?;
    });
    Ok(Model::new(changed))
}
