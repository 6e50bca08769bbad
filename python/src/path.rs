//! Paths that scikit-learn offers as functions, and fits with inner products that the user has computed.

use crate::array::{self, X, Y};
use crate::error::{Heard, exception, heard};
use crate::model::Model;
use crate::run::{Options, run};
use crate::value;
use ironlearn::linear::lars::{self, Given, Precompute};
use ironlearn::linear::omp;
use ironlearn::linear::solver::least_angle::LeastAngle;
use ironlearn::linear::solver::pursuit::Until;
use ironlearn::{AnyEstimator, Data, Dtype};
use ironlearn_dispatch::on_device;
use ndarray::{Array1, Array2};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::time::Instant;

/// `XᵀX` and `Xᵀy` as the user has them.
#[derive(FromPyObject)]
pub struct Products<'py>(Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>);

impl Products<'_> {
    fn read(&self) -> PyResult<[Option<Array2<f64>>; 2]> {
        let read = |a: &Option<Bound<'_, PyAny>>| a.as_ref().map(array::rows_f64).transpose();
        Ok([read(&self.0)?, read(&self.1)?])
    }
}

/// Fits `name` with `XᵀX` (p, p) and `Xᵀy` (p, outputs), either of which may be None.
#[pyfunction]
#[pyo3(signature = (name, params, x, y, products, options=None))]
pub fn fit_given(
    py: Python<'_>,
    name: &str,
    params: &Bound<'_, PyDict>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    products: Products<'_>,
    options: Option<Options>,
) -> PyResult<Model> {
    let given = value::named(params)?;
    let estimator = AnyEstimator::with_params(name, &given).map_err(|error| exception(py, &error))?;
    let (x, y, [gram, xty]) = (X::borrow(x)?, values(y)?, products.read()?);
    let data = Data::new(x.matrix()?).with_values(y.view());
    let given = Given { gram: gram.as_ref().map(|g| g.view()), xty: xty.as_ref().map(|c| c.view()) };
    let began = Instant::now();
    let options = options.unwrap_or_default();
    let device = options.device(py)?;
    let work =
        |ctl: &ironlearn::Control| on_device!(&device, backend => estimator.fit_given(&data, given, backend, ctl));
    let (inner, ctl) = run(py, options, work)?;
    Ok(Model::fitted(inner, ctl.trace(), began.elapsed().as_secs_f64()))
}

fn values(y: &Bound<'_, PyAny>) -> PyResult<Array2<f64>> {
    match Y::borrow(y)? {
        Y::Values(y) => Ok(array::view2(&y).to_owned()),
        Y::Codes(_) => Err(PyTypeError::new_err("expected y as float64")),
    }
}

/// Which path: lasso, positive, alpha_min, max_iter, eps, n_samples.
type Rule = (bool, bool, f64, usize, f64, f64);

/// Alphas, active columns, coefficients (knots, p), warnings.
type Walked<'py> = (Bound<'py, PyAny>, Vec<usize>, Bound<'py, PyAny>, Heard);

/// For one output the coefficients after each step (steps, p), and warnings.
type Pursued<'py> = (Bound<'py, PyAny>, Heard);

/// The path of X (n, p) and y (n, 1) as they are, or, where X is None, of `products` alone: alphas, active columns,
/// coefficients (knots, p), warnings. `precompute` is whether `XᵀX` is made where it is not there.
#[pyfunction]
#[pyo3(signature = (x, y, products, precompute, rule, options=None))]
pub fn lars_path<'py>(
    py: Python<'py>,
    x: Option<&Bound<'py, PyAny>>,
    y: Option<&Bound<'py, PyAny>>,
    products: Products<'py>,
    precompute: bool,
    rule: Rule,
    options: Option<Options>,
) -> PyResult<Walked<'py>> {
    let (lasso, positive, alpha_min, max_iter, eps, n_samples) = rule;
    let rule = LeastAngle { lasso, positive, alpha_min, max_iter, eps, n_samples };
    let [gram, xty] = products.read()?;
    let options = options.unwrap_or_default();
    let (p, path) = match (x, y, &gram, &xty) {
        (Some(x), Some(y), ..) => {
            let (x, y) = (X::borrow(x)?, values(y)?);
            let data = Data::new(x.matrix()?).with_values(y.view());
            let given = Given { gram: gram.as_ref().map(|g| g.view()), xty: xty.as_ref().map(|c| c.view()) };
            let precompute = if precompute { Precompute::Yes } else { Precompute::No };
            let device = options.device(py)?;
            let work = |ctl: &ironlearn::Control| on_device!(&device, backend => lars::path(&data, rule, precompute, given, backend, ctl));
            (data.x.ncols(), run(py, options, work)?.0)
        }
        (None, _, Some(gram), Some(xty)) => {
            let xty = xty.iter().copied().collect::<Array1<f64>>();
            let work = |ctl: &ironlearn::Control| lars::path_of_moments(gram.view(), xty.view(), &rule, ctl);
            (xty.len(), run(py, options, work)?.0)
        }
        _ => return Err(PyTypeError::new_err("expected X and y, or their inner products")),
    };
    let alphas = array::to_numpy(py, Array1::from(path.alphas.clone()), Dtype::F64);
    let coef = array::to_numpy(py, path.coefficients(p), Dtype::F64);
    Ok((alphas, path.active, coef, heard(&path.warnings)))
}

/// Matching pursuits of X (n, p) and y (n, outputs) as they are, or, where X is None, of `products` and the squared
/// norms of y: for each output the coefficients after each step (steps, p), and warnings. They stop after `n_columns`,
/// or, where that is None, at the squared residual `tol`.
#[pyfunction]
#[pyo3(signature = (x, y, products, squares, precompute, n_columns, tol, options=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn orthogonal_mp<'py>(
    py: Python<'py>,
    x: Option<&Bound<'py, PyAny>>,
    y: Option<&Bound<'py, PyAny>>,
    products: Products<'py>,
    squares: Option<Vec<f64>>,
    precompute: bool,
    n_columns: Option<usize>,
    tol: f64,
    options: Option<Options>,
) -> PyResult<Vec<Pursued<'py>>> {
    let until = n_columns.map_or(Until::SquaredResidual(tol), Until::Columns);
    let options = options.unwrap_or_default();
    let (p, found) = match (x, y, products.read()?) {
        (Some(x), Some(y), _) => {
            let (x, y) = (X::borrow(x)?, values(y)?);
            let data = Data::new(x.matrix()?).with_values(y.view());
            let device = options.device(py)?;
            let work = |ctl: &ironlearn::Control| on_device!(&device, backend => omp::path(&data, until, precompute, backend, ctl));
            (data.x.ncols(), run(py, options, work)?.0)
        }
        (None, _, [Some(gram), Some(xty)]) => {
            let squares = squares.map(Array1::from);
            let work = |ctl: &ironlearn::Control| {
                omp::path_of_moments(gram.view(), xty.view(), squares.as_ref().map(|s| s.view()), until, ctl)
            };
            (xty.nrows(), run(py, options, work)?.0)
        }
        _ => return Err(PyTypeError::new_err("expected X and y, or their inner products")),
    };
    let each =
        found.iter().map(|found| (array::to_numpy(py, found.coefficients(p), Dtype::F64), heard(&found.warning)));
    Ok(each.collect())
}
