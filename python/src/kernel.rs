//! Kernel ridge regression from the attributes that the Python object has at the time.

use crate::array::{self, X};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use ironlearn::kernel::{FittedRows, KernelFunction};
use ironlearn::kernel_ridge::KernelRidgeModel;
use ironlearn::{AnyModel, Dtype};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

fn inner<'a>(model: &'a Bound<'_, Model>) -> PyResult<&'a KernelRidgeModel> {
    match &*model.get().inner {
        AnyModel::KernelRidge(inner) => Ok(inner),
        _ => Err(PyValueError::new_err("a model without dual coefficients")),
    }
}

/// Predictions of a KernelRidge model, with these rows and dual coefficients (n, outputs) in place of its own: float64
/// (m, outputs). Rows of None: the model's, or where its kernel is precomputed `x` is the kernel matrix.
#[pyfunction]
#[pyo3(signature = (model, x, rows, dual_coef, options=None))]
pub fn kernel_predict<'py>(
    py: Python<'py>,
    model: &Bound<'py, Model>,
    x: &Bound<'py, PyAny>,
    rows: Option<&Bound<'py, PyAny>>,
    dual_coef: &Bound<'py, PyAny>,
    options: Option<Options>,
) -> PyResult<Bound<'py, PyAny>> {
    let model = inner(model)?;
    let dual = array::rows_f64(dual_coef)?;
    let x = X::borrow(x)?;
    let x = x.matrix()?;
    let rows = rows.map(X::borrow).transpose()?;
    let rows = rows.as_ref().map(X::matrix).transpose()?;
    let given = model.kernel.function == KernelFunction::Precomputed;
    let (length, width) = match &rows {
        Some(rows) if !given => rows.shape(),
        _ => (model.dual_coef.nrows(), ironlearn::Model::n_features_in(model)),
    };
    if dual.nrows() != length || x.ncols() != width {
        return Err(PyValueError::new_err("X_fit_, dual_coef_ and X do not fit together"));
    }
    let work = |ctl: &ironlearn::Control| match given {
        true => KernelRidgeModel::predict_precomputed(dual.view(), &x, ctl),
        false => model.predict_with(rows.as_ref(), dual.view(), &x, ctl),
    };
    let (y, _) = run(py, options.unwrap_or_default(), work)?;
    Ok(array::to_numpy(py, y, Dtype::F64))
}

/// The rows of a KernelRidge model: None, a dense array, or the shape, data, indices and offsets of CSR.
#[pyfunction]
pub fn kernel_rows<'py>(py: Python<'py>, model: &Bound<'py, Model>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let model = inner(model)?;
    Ok(match &*model.rows {
        FittedRows::None => None,
        FittedRows::Dense(rows) => Some(array::to_numpy(py, rows.clone(), model.dtype)),
        FittedRows::Sparse(rows) => {
            let data = array::to_numpy(py, rows.data.clone(), model.dtype);
            let integers = |a: &ndarray::Array1<i64>| numpy::IntoPyArray::into_pyarray(a.clone(), py);
            let parts = ((rows.len(), rows.columns), data, integers(&rows.indices), integers(&rows.indptr));
            Some(parts.into_pyobject(py)?.into_any())
        }
    })
}

/// The KernelRidge model with other dual coefficients: (n, outputs).
#[pyfunction]
pub fn kernel_with_dual(py: Python<'_>, model: &Bound<'_, Model>, dual_coef: &Bound<'_, PyAny>) -> PyResult<Model> {
    let mut changed = inner(model)?.clone();
    changed.dual_coef = array::rows_f64(dual_coef)?;
    ironlearn::Model::check(&changed).map_err(|error| exception(py, &error))?;
    Ok(Model::new(AnyModel::KernelRidge(changed)))
}
