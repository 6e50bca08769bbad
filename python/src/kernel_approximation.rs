//! What the transformers of `ironlearn.kernel_approximation` hold, and the parts of Nyström's method that a callable
//! kernel needs.

use crate::array::{self, X};
use crate::error::exception;
use crate::run::{Options, run};
use crate::transformer::Transformer;
use ironlearn::Dtype;
use ironlearn::kernel::FittedRows;
use ironlearn::kernel_approximation::{inverse_root, landmarks};
use ironlearn::preprocess::{AnyTransformerModel, Transformer as _};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

fn other(model: &Transformer) -> PyErr {
    PyTypeError::new_err(format!("{} has no such parts", model.inner.name()))
}

/// Directions (features, m) and offsets (m) of an RBFSampler.
#[pyfunction]
pub fn random_waves<'py>(
    py: Python<'py>,
    model: &Bound<'py, Transformer>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let AnyTransformerModel::RBFSampler(waves) = &model.get().inner else { return Err(other(model.get())) };
    let weights = array::to_numpy(py, waves.weights.clone(), waves.dtype);
    Ok((weights, array::to_numpy(py, ndarray::Array1::from(waves.offsets.clone()), waves.dtype)))
}

/// The RBFSampler with other directions and offsets.
#[pyfunction]
pub fn random_waves_with(
    py: Python<'_>,
    model: &Bound<'_, Transformer>,
    weights: &Bound<'_, PyAny>,
    offsets: &Bound<'_, PyAny>,
) -> PyResult<Transformer> {
    let AnyTransformerModel::RBFSampler(waves) = &model.get().inner else { return Err(other(model.get())) };
    let mut waves = waves.clone();
    waves.weights = array::rows_f64(weights)?;
    waves.offsets = array::rows_f64(offsets)?.into_raw_vec_and_offset().0;
    waves.check().map_err(|error| exception(py, &error))?;
    Ok(Transformer { inner: waves.into() })
}

/// Rows, which rows of the fit they were, and the normalisation.
type Parts<'py> = (Option<Bound<'py, PyAny>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyAny>);

/// Of a Nystroem: the rows (None, dense, or shape, data, indices and offsets of CSR), which rows of the fit they were,
/// and the normalisation (m, m).
#[pyfunction]
pub fn kernel_features<'py>(py: Python<'py>, model: &Bound<'py, Transformer>) -> PyResult<Parts<'py>> {
    let AnyTransformerModel::Nystroem(features) = &model.get().inner else { return Err(other(model.get())) };
    let rows = match &**features.rows {
        FittedRows::None => None,
        FittedRows::Dense(rows) => Some(array::to_numpy(py, rows.clone(), features.dtype)),
        FittedRows::Sparse(rows) => {
            let data = array::to_numpy(py, rows.data.clone(), features.dtype);
            let integers = |a: &ndarray::Array1<i64>| a.clone().into_pyarray(py);
            let parts = ((rows.len(), rows.columns), data, integers(&rows.indices), integers(&rows.indptr));
            Some(parts.into_pyobject(py)?.into_any())
        }
    };
    let normalization = array::to_numpy(py, features.normalization.clone(), features.dtype);
    Ok((rows, features.indices.clone().into_pyarray(py), normalization))
}

/// The Nystroem with other rows (None: its own) and another normalisation.
#[pyfunction]
pub fn kernel_features_with(
    py: Python<'_>,
    model: &Bound<'_, Transformer>,
    rows: Option<&Bound<'_, PyAny>>,
    normalization: &Bound<'_, PyAny>,
) -> PyResult<Transformer> {
    let AnyTransformerModel::Nystroem(features) = &model.get().inner else { return Err(other(model.get())) };
    let mut features = features.clone();
    if let Some(rows) = rows {
        *features.rows = FittedRows::of(&X::borrow(rows)?.matrix()?).into();
    }
    features.normalization = array::rows_f64(normalization)?;
    features.check().map_err(|error| exception(py, &error))?;
    Ok(Transformer { inner: features.into() })
}

/// Which `m` of `n` rows a Nystroem with this seed takes.
#[pyfunction]
pub fn kernel_landmarks(py: Python<'_>, n: usize, m: usize, seed: u64) -> Bound<'_, PyArray1<i64>> {
    landmarks(n, m, seed).into_iter().map(|i| i as i64).collect::<Vec<_>>().into_pyarray(py)
}

/// The inverse root of a kernel matrix, as a Nystroem takes it.
#[pyfunction]
pub fn kernel_root<'py>(py: Python<'py>, matrix: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let matrix = array::rows_f64(matrix)?;
    let (root, _) = run(py, Options::default(), |ctl| inverse_root(&matrix, ctl))?;
    Ok(array::to_numpy(py, root, Dtype::F64))
}
