//! Trees for Python: their arrays, from which scikit-learn's own `Tree` can be built.

use crate::array::to_numpy;
use crate::error::exception;
use ironlearn::forest::{Draws, Sample};
use ironlearn::tree::{Categories, ClassTree, NumberTree, Tree};
use ironlearn::{AnyModel, Dtype, Report};
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::exceptions::{PyIndexError, PyTypeError};
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
    dict.set_item("n_node_samples", integers(py, tree.n_node_samples.mapv(i64::from)))?;
    dict.set_item("weighted_n_node_samples", floats(&tree.weighted_n_node_samples))?;
    dict.set_item("missing_go_to_left", integers(py, tree.missing_go_to_left.mapv(i64::from)))?;
    dict.set_item("categorical", tree.categories.is_some())?;
    dict.set_item("value", to_numpy(py, tree.value.clone(), Dtype::F64))?;
    Ok(dict)
}

/// The seed of each tree of a forest.
///
/// # Errors
/// `TypeError` where the model is no forest.
pub fn seeds(model: &AnyModel) -> PyResult<&[u64]> {
    match model {
        AnyModel::RandomForestClassifier(m) | AnyModel::ExtraTreesClassifier(m) => Ok(&m.seeds),
        AnyModel::RandomForestRegressor(m) | AnyModel::ExtraTreesRegressor(m) => Ok(&m.seeds),
        AnyModel::IsolationForest(m) => Ok(&m.seeds),
        AnyModel::RandomTreesEmbedding(m) => Ok(&m.seeds),
        other => Err(no_forest(other)),
    }
}

/// How many rows each tree of a forest drew; 0: it was grown on all.
///
/// # Errors
/// `TypeError` where the model is no forest of classes or numbers.
pub fn rows_drawn(model: &AnyModel) -> PyResult<usize> {
    match model {
        AnyModel::RandomForestClassifier(m) | AnyModel::ExtraTreesClassifier(m) => Ok(m.rows_drawn),
        AnyModel::RandomForestRegressor(m) | AnyModel::ExtraTreesRegressor(m) => Ok(m.rows_drawn),
        other => Err(no_forest(other)),
    }
}

/// The features that tree `k` of an isolation forest may use.
///
/// # Errors
/// `TypeError` where the model is no isolation forest, `IndexError` where it has no such tree.
pub fn features(model: &AnyModel, k: usize) -> PyResult<&[u32]> {
    let AnyModel::IsolationForest(forest) = model else { return Err(no_forest(model)) };
    let features = forest.features.get(k);
    features.map(Vec::as_slice).ok_or_else(|| PyIndexError::new_err(format!("the model has no tree {k}")))
}

fn no_forest(model: &AnyModel) -> PyErr {
    PyTypeError::new_err(format!("a model of {} is no such forest", model.name()))
}

/// Tree `k` as a model of its own, of the estimator `name`, over the given features where it has not all.
///
/// # Errors
/// `IndexError` where the model has no such tree, `TypeError` for an estimator that is no tree.
pub fn alone(model: &AnyModel, k: usize, name: &str, features: Option<&[u32]>) -> PyResult<AnyModel> {
    let mut tree = of(model, k)?.clone();
    if let Some(features) = features {
        let place = |f: i32| features.iter().position(|&g| g as i32 == f).map_or(f, |at| at as i32);
        tree.feature.mapv_inplace(place);
        tree.n_features = features.len();
    }
    let (max_features, report) = (tree.n_features, Report::direct("exact"));
    let categories = categories(model).cloned();
    Ok(match name {
        "DecisionTreeClassifier" => {
            AnyModel::DecisionTreeClassifier(ClassTree { tree, max_features, categories, report })
        }
        "ExtraTreeClassifier" => AnyModel::ExtraTreeClassifier(ClassTree { tree, max_features, categories, report }),
        "DecisionTreeRegressor" => {
            AnyModel::DecisionTreeRegressor(NumberTree { tree, max_features, categories, report })
        }
        "ExtraTreeRegressor" => AnyModel::ExtraTreeRegressor(NumberTree { tree, max_features, categories, report }),
        other => return Err(PyTypeError::new_err(format!("{other} is no tree"))),
    })
}

/// The values of the features that hold categories, where the trees of a model split by such.
fn categories(model: &AnyModel) -> Option<&Categories> {
    match model {
        AnyModel::RandomForestClassifier(m) | AnyModel::ExtraTreesClassifier(m) => m.categories.as_ref(),
        AnyModel::RandomForestRegressor(m) | AnyModel::ExtraTreesRegressor(m) => m.categories.as_ref(),
        _ => None,
    }
}

/// The numbers of the leaves of each tree.
pub fn leaves<'py>(py: Python<'py>, model: &AnyModel) -> Vec<Bound<'py, PyAny>> {
    let of_tree = |tree: &Tree| {
        let leaves = (0..tree.node_count()).filter(|&node| tree.children(node).is_none());
        integers(py, leaves.map(|node| node as i64).collect::<ndarray::Array1<i64>>())
    };
    model.trees().into_iter().map(of_tree).collect()
}

fn rows(py: Python<'_>, rows: impl IntoIterator<Item = u32>) -> Bound<'_, PyAny> {
    rows.into_iter().map(|row| row as i32).collect::<Vec<_>>().into_pyarray(py).into_any()
}

/// The rows that the tree of this seed is grown on in a forest: `size` of `n`, with replacement.
#[pyfunction]
pub fn forest_rows<'py>(
    py: Python<'py>,
    seed: u64,
    n: usize,
    size: usize,
    weights: Option<PyReadonlyArray1<'py, f64>>,
) -> Bound<'py, PyAny> {
    let weights = weights.map(|w| w.as_array().to_vec());
    rows(py, Draws::new(n, size, weights.as_deref()).rows(seed))
}

/// The rows that the tree of this seed is grown on in an isolation forest.
#[pyfunction]
pub fn isolation_rows<'py>(
    py: Python<'py>,
    seed: u64,
    n: usize,
    size: usize,
    replace: bool,
    weights: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyAny>> {
    let weights = weights.map(|w| w.as_array().to_vec());
    let sample = Sample::new(n, size, replace, weights).map_err(|error| exception(py, &error))?;
    Ok(rows(py, sample.rows(seed)))
}
