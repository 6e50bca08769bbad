//! Which subsets a TheilSenRegressor asks for: Python draws them, so that they are scikit-learn's.

use crate::error::exception;
use crate::value;
use ironlearn::linear::TheilSenRegressor;
use ironlearn::registry::read_params;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// For n rows and p columns: rows of a subset, number of subsets, whether they are drawn, the breakdown point.
#[pyfunction]
pub fn theil_sen_plan(
    py: Python<'_>,
    params: &Bound<'_, PyDict>,
    n: usize,
    p: usize,
) -> PyResult<(usize, usize, bool, f64)> {
    let given = value::named(params)?;
    let plan = read_params::<TheilSenRegressor>(&given).and_then(|of| of.plan(n, p));
    let plan = plan.map_err(|error| exception(py, &error))?;
    Ok((plan.n_subsamples, plan.n_subpopulation, plan.drawn, plan.breakdown))
}
