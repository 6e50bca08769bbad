//! The functions of `ironlearn.svm` about linear machines.

use crate::array::X;
use crate::run::{Options, run};
use ironlearn::Data;
use ironlearn::svm::linear::{self, BoundLoss};
use numpy::{PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;

/// The least C for which a model with an L1 penalty has a coefficient that is not 0, for class codes of (n, 1).
#[pyfunction]
#[pyo3(signature = (x, codes, n_classes, squared_hinge, intercept_scaling, options=None))]
pub fn l1_min_c(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    codes: PyReadonlyArray2<'_, u32>,
    n_classes: usize,
    squared_hinge: bool,
    intercept_scaling: Option<f64>,
    options: Option<Options>,
) -> PyResult<f64> {
    let loss = if squared_hinge { BoundLoss::SquaredHinge } else { BoundLoss::Log };
    let (x, codes) = (X::borrow(x)?, codes.to_owned_array());
    let data = Data::new(x.matrix()?).with_classes(codes.view(), vec![n_classes]);
    let work = |ctl: &ironlearn::Control| linear::l1_min_c(&data, loss, intercept_scaling, ctl);
    Ok(run(py, options.unwrap_or_default(), work)?.0)
}
