//! Trees for Python: their arrays, from which scikit-learn's own `Tree` can be built.

use crate::array::to_numpy;
use ironlearn::tree::Tree;
use ironlearn::{AnyModel, Dtype};
use numpy::IntoPyArray;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Tree `k` of a model.
///
/// # Errors
/// `IndexError` where the model has no such tree.
pub fn of(model: &AnyModel, k: usize) -> PyResult<&Tree> {
    let tree = model.trees().get(k).copied();
    tree.ok_or_else(|| PyIndexError::new_err(format!("the model has no tree {k}")))
}

/// Integers for Python.
pub fn integers<D: ndarray::Dimension>(py: Python<'_>, array: ndarray::Array<i64, D>) -> Bound<'_, PyAny> {
    array.into_pyarray(py).into_any()
}

/// A tree's arrays and counts under scikit-learn's names.
///
/// # Errors
/// What building Python objects can raise.
pub fn arrays<'py>(py: Python<'py>, tree: &Tree) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let floats = |array: &ndarray::Array1<f64>| to_numpy(py, array.clone(), Dtype::F64);
    dict.set_item("n_features", tree.n_features)?;
    dict.set_item("n_classes", &tree.n_classes)?;
    dict.set_item("node_count", tree.node_count())?;
    dict.set_item("max_depth", tree.max_depth())?;
    dict.set_item("children_left", integers(py, tree.children_left.mapv(i64::from)))?;
    dict.set_item("children_right", integers(py, tree.children_right.mapv(i64::from)))?;
    dict.set_item("feature", integers(py, tree.feature.mapv(i64::from)))?;
    dict.set_item("threshold", floats(&tree.threshold))?;
    dict.set_item("impurity", floats(&tree.impurity))?;
    dict.set_item("n_node_samples", integers(py, tree.n_node_samples.clone()))?;
    dict.set_item("weighted_n_node_samples", floats(&tree.weighted_n_node_samples))?;
    dict.set_item("missing_go_to_left", integers(py, tree.missing_go_to_left.mapv(i64::from)))?;
    dict.set_item("value", to_numpy(py, tree.value.clone(), Dtype::F64))?;
    Ok(dict)
}
