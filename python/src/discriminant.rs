//! Discriminants whose covariances an object of the user has estimated.

use crate::array::{self, X, Y};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use crate::value;
use ironlearn::{AnyEstimator, Data};
use ironlearn_dispatch::on_device;
use ndarray::Array2;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::time::Instant;

/// Fits `name` to X (n, p) and class codes (n, 1) with covariances (p, p) of each class, and after those, for a linear
/// discriminant, of all rows.
#[pyfunction]
#[pyo3(signature = (name, params, x, codes, n_classes, covariances, options=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn fit_covariances(
    py: Python<'_>,
    name: &str,
    params: &Bound<'_, PyDict>,
    x: &Bound<'_, PyAny>,
    codes: &Bound<'_, PyAny>,
    n_classes: usize,
    covariances: Vec<Bound<'_, PyAny>>,
    options: Option<Options>,
) -> PyResult<Model> {
    let given = value::named(params)?;
    let estimator = AnyEstimator::with_params(name, &given).map_err(|error| exception(py, &error))?;
    let (x, codes) = (X::borrow(x)?, Y::borrow(codes)?);
    let Y::Codes(codes) = &codes else { return Err(PyTypeError::new_err("expected class codes")) };
    let covariances: Vec<Array2<f64>> = covariances.iter().map(array::rows_f64).collect::<PyResult<_>>()?;
    let data = Data::new(x.matrix()?).with_classes(codes.as_array(), vec![n_classes]);
    let began = Instant::now();
    let options = options.unwrap_or_default();
    let device = options.device(py)?;
    let work = |ctl: &ironlearn::Control| on_device!(&device, backend => estimator.fit_covariances(&data, &covariances, backend, ctl));
    let (inner, ctl) = run(py, options, work)?;
    Ok(Model::fitted(inner, ctl.trace(), began.elapsed().as_secs_f64()))
}
