//! Paths of penalties without an estimator.

use crate::array::{self, X, Y};
use crate::error::{Heard, exception, heard};
use crate::run::{Options, run};
use crate::value;
use ironlearn::linear::lasso::{Alphas, ElasticNet, PathOptions};
use ironlearn::registry::read_params;
use ironlearn::{Data, Dtype};
use ndarray::{Array1, Array3};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

type Found<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Vec<usize>, Heard);

/// Coefficients along a path of penalty strengths: alphas, coefs (strengths, features, targets), dual gaps, passes over
/// coordinates, warnings.
///
/// x, y: as `fit` takes them; several targets are penalised together. params: ElasticNet's. alphas: float64, or how many.
/// start: coefficients (features, targets) to begin with. offset: what is taken off the columns of a sparse x. products:
/// `x.T @ y` (features, targets), for a given Gram matrix.
#[pyfunction]
#[pyo3(signature = (x, y, params, alphas, eps=1e-3, joint=false, start=None, offset=None, products=None,
    sample_weight=None, options=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn enet_path<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    params: &Bound<'py, PyDict>,
    alphas: &Bound<'py, PyAny>,
    eps: f64,
    joint: bool,
    start: Option<&Bound<'py, PyAny>>,
    offset: Option<PyReadonlyArray1<'py, f64>>,
    products: Option<&Bound<'py, PyAny>>,
    sample_weight: Option<&Bound<'py, PyAny>>,
    options: Option<Options>,
) -> PyResult<Found<'py>> {
    let given = value::named(params)?;
    let params: ElasticNet = read_params(&given).map_err(|error| exception(py, &error))?;
    let x = X::borrow(x)?;
    let Y::Values(y) = Y::borrow(y)? else { return Err(PyTypeError::new_err("y of codes")) };
    let weights = sample_weight.map(array::weights).transpose()?;
    let data = Data::new(x.matrix()?).with_weights(weights.as_ref().map(array::view1)).with_values(array::view2(&y));
    let alphas = match alphas.extract::<usize>() {
        Ok(count) => Alphas::Count(count),
        Err(_) => Alphas::Given(alphas.extract()?),
    };
    let dtype = data.x.dtype();
    let (p, t) = (data.x.ncols(), y.as_array().ncols());
    let mut settings = params.settings();
    settings.joint = joint;
    let start = start.map(array::rows_f64).transpose()?;
    let path_options = PathOptions {
        settings,
        alphas,
        l1_ratio: params.l1_ratio,
        eps,
        start: start.map(|s| s.iter().copied().collect()),
        offset: offset.as_ref().map(array::view1),
        products: products.map(array::rows_f64).transpose()?,
    };
    let options = options.unwrap_or_default();
    let device = options.device(py)?;
    let work = |ctl: &_| ironlearn_dispatch::enet_path(&data, &path_options, &device, ctl);
    let (path, _) = run(py, options, work)?;
    let k = path.alphas.len();
    let flat: Vec<f64> = path.coefs.into_iter().flatten().collect();
    let coefs = Array3::from_shape_vec((k, p, t), flat).unwrap_or_default();
    let gaps: Array1<f64> = path.ended.iter().map(|e| e.gap).collect();
    let warnings: Vec<_> = path.ended.iter().filter_map(|e| e.warning()).collect();
    Ok((
        array::to_numpy(py, Array1::from(path.alphas), Dtype::F64),
        array::to_numpy(py, coefs, dtype),
        array::to_numpy(py, gaps, Dtype::F64),
        path.ended.iter().map(|e| e.passes).collect(),
        heard(&warnings),
    ))
}
