//! The functions of `ironlearn.isotonic`.

use crate::array;
use ironlearn::isotonic;
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::prelude::*;

/// The nearest monotonic sequence to y (float64), weighted; weights are positive.
#[pyfunction]
#[pyo3(signature = (y, weights, increasing))]
pub fn isotonic_regression<'py>(
    py: Python<'py>,
    y: PyReadonlyArray1<'py, f64>,
    weights: Option<PyReadonlyArray1<'py, f64>>,
    increasing: bool,
) -> Bound<'py, PyAny> {
    let y = array::view1(&y).to_vec();
    let weights = weights.map_or_else(|| vec![1.0; y.len()], |w| array::view1(&w).to_vec());
    isotonic::isotonic_regression(&y, &weights, increasing).into_pyarray(py).into_any()
}

/// Whether y rises with x, and the warning that is due where that is in doubt.
#[pyfunction]
pub fn check_increasing(x: PyReadonlyArray1<'_, f64>, y: PyReadonlyArray1<'_, f64>) -> (bool, Option<&'static str>) {
    let found = isotonic::direction(&array::view1(&x).to_vec(), &array::view1(&y).to_vec());
    (found.increasing, found.doubtful.then_some(isotonic::DOUBTFUL))
}
