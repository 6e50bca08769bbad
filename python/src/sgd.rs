//! Coefficients for stochastic gradients to begin from.

use crate::array;
use crate::model::Model;
use ironlearn::linear::sgd::{Fitted, Stepped};
use ironlearn::{AnyModel, Dtype};
use ndarray::{Array1, Array2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A model of the estimator `name` as if no step had been made, to start a fit from: coef (problems, features) or
/// (features,), intercept one for each problem (`SGDOneClassSVM`: its offset).
#[pyfunction]
pub fn sgd_start(name: &str, coef: &Bound<'_, PyAny>, intercept: &Bound<'_, PyAny>) -> PyResult<Model> {
    let (coef, intercept) = (array::rows_f64(coef)?, array::rows_f64(intercept)?.row(0).to_owned());
    fn begin<M: Fitted>(coef: Array2<f64>, intercept: Array1<f64>) -> Stepped<M> {
        Stepped::begin(coef, intercept, Dtype::F64)
    }
    Ok(Model::new(match name {
        "SGDClassifier" => AnyModel::SGDClassifier(begin(coef, intercept)),
        "Perceptron" => AnyModel::Perceptron(begin(coef, intercept)),
        "PassiveAggressiveClassifier" => AnyModel::PassiveAggressiveClassifier(begin(coef, intercept)),
        "SGDRegressor" => AnyModel::SGDRegressor(begin(coef, intercept)),
        "PassiveAggressiveRegressor" => AnyModel::PassiveAggressiveRegressor(begin(coef, intercept)),
        "SGDOneClassSVM" => AnyModel::SGDOneClassSVM(begin(coef, intercept.mapv(|offset| 1.0 - offset))),
        other => return Err(PyValueError::new_err(format!("{other} does not start from coefficients"))),
    }))
}
