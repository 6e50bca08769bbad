//! The search of RANSACRegressor with subsets that Python draws, and what a model file holds of it.

use crate::array::{self, X, Y};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use crate::value;
use ironlearn::linear::RANSACRegressor;
use ironlearn::linear::ransac::{RansacModel, Subset, search};
use ironlearn::registry::read_params;
use ironlearn::{AnyModel, Attribute, Checked, Control, Data, Error};
use ndarray::Array1;
use numpy::PyReadonlyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// An operation, its place, its calls and their seconds.
type Ran = (&'static str, String, usize, f64);

/// The rows that agree, trials, trials left out, and what ran.
type Found<'py> = (Option<Bound<'py, PyAny>>, usize, usize, Vec<Ran>);

/// Which rows agree with the best subset (None: there is none), the number of trials, and how many were left out
/// because too few rows agreed; then what ran where: (operation, place, calls, seconds). `draw(n, size)` gives the rows
/// of a subset as a list.
#[pyfunction]
#[pyo3(signature = (params, x, y, sample_weight, draw, options=None))]
pub fn ransac_search<'py>(
    py: Python<'py>,
    params: &Bound<'py, PyDict>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    sample_weight: Option<&Bound<'py, PyAny>>,
    draw: Py<PyAny>,
    options: Option<Options>,
) -> PyResult<Found<'py>> {
    let given = value::named(params)?;
    let checked = read_params::<RANSACRegressor>(&given).and_then(Checked::new);
    let checked = checked.map_err(|error| exception(py, &error))?;
    let x = X::borrow(x)?;
    let Y::Values(y) = Y::borrow(y)? else { return Err(PyTypeError::new_err("expected y as float64")) };
    let weights = sample_weight.map(array::weights).transpose()?;
    let data = Data::new(x.matrix()?).with_values(array::view2(&y)).with_weights(weights.as_ref().map(array::view1));
    let mut rows = |subset: Subset| {
        let drawn = Python::attach(|py| draw.call1(py, (subset.n, subset.size))?.extract::<Vec<u32>>(py));
        drawn.map_err(|raised| Error::Callable(Arc::new(raised)))
    };
    let work = |ctl: &Control| search(&checked, &data, &mut rows, ctl);
    let (found, ctl) = run(py, options.unwrap_or_default(), work)?;
    let ran = ctl.trace().into_iter().map(|t| (t.op, t.place, t.calls, t.seconds)).collect();
    let mask = |inliers: Vec<bool>| {
        let flags: Array1<u8> = inliers.into_iter().map(u8::from).collect();
        array::attribute(py, Attribute::Flags(flags))
    };
    Ok((found.consensus.map(|c| mask(c.inliers)).transpose()?, found.trials, found.skips, ran))
}

/// The model of a search that ended in `linear`, a model of LinearRegression. `counts`: trials, subsets left out for
/// too few rows, for their data, for their model.
#[pyfunction]
pub fn ransac_model(
    linear: &Bound<'_, Model>,
    inlier_mask: PyReadonlyArray1<'_, bool>,
    counts: (u64, u64, u64, u64),
) -> PyResult<Model> {
    let AnyModel::LinearRegression(linear) = &*linear.get().inner else {
        return Err(PyValueError::new_err("expected a model of LinearRegression"));
    };
    let (n_trials, n_skips_no_inliers, n_skips_invalid_data, n_skips_invalid_model) = counts;
    Ok(Model::new(AnyModel::RANSACRegressor(RansacModel {
        linear: linear.clone(),
        n_trials,
        n_skips_no_inliers,
        n_skips_invalid_data,
        n_skips_invalid_model,
        inlier_mask: inlier_mask.as_array().to_vec(),
    })))
}

/// The model of LinearRegression inside a model of RANSACRegressor.
#[pyfunction]
pub fn ransac_linear(model: &Bound<'_, Model>) -> PyResult<Model> {
    match &*model.get().inner {
        AnyModel::RANSACRegressor(model) => Ok(Model::new(AnyModel::LinearRegression(model.linear.clone()))),
        _ => Err(PyValueError::new_err("expected a model of RANSACRegressor")),
    }
}
