//! Questions to cluster centres as they are now: the attribute of a fitted KMeans, which a user may have assigned.

use crate::array::{self, X};
use crate::model::SMALL;
use crate::run::{Options, run, run_here};
use ironlearn::linalg::{Dtype, host::nearest, with_matrix};
use ironlearn::{AnyMatrix, Control, Result};
use ndarray::{Array1, Array2};
use numpy::IntoPyArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Runs `work` on X and the centres; None where X is not one that can be used as it is (type, shape, a value that is
/// not finite): then the caller validates it to say why.
fn ask<R: Send>(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    centers: &Bound<'_, PyAny>,
    options: Option<Options>,
    work: impl FnOnce(&AnyMatrix<'_>, &Array2<f64>, &Control) -> Result<Option<R>> + Send,
) -> PyResult<Option<R>> {
    let Ok(borrowed) = X::borrow(x) else { return Ok(None) };
    let x = borrowed.matrix()?;
    let centers = array::rows_f64(centers)?;
    if x.ncols() != centers.ncols() || x.nrows() == 0 || centers.is_empty() {
        return Ok(None);
    }
    let small = x.nrows() * x.ncols() * centers.nrows().min(16) <= SMALL;
    let work = |ctl: &Control| work(&x, &centers, ctl);
    if small { run_here(py, work) } else { Ok(run(py, options.unwrap_or_default(), work)?.0) }
}

/// The index of the nearest centre for each row: int32 (n,), or None. `validated`: the caller knows that X is finite.
#[pyfunction]
#[pyo3(signature = (x, centers, validated, options=None))]
pub fn nearest_center<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    centers: &Bound<'py, PyAny>,
    validated: bool,
    options: Option<Options>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let labels = ask(py, x, centers, options, |x, centers, ctl| {
        let (labels, finite) = with_matrix!(x, x => nearest::labels(x, centers.view(), ctl))?;
        Ok((finite || validated).then_some(labels))
    })?;
    Ok(labels.map(|labels: Array1<i32>| labels.into_pyarray(py).into_any()))
}

/// The distance of each row to each centre: (n, k), float32 where both are, or None.
#[pyfunction]
#[pyo3(signature = (x, centers, validated, options=None))]
pub fn center_distances<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    centers: &Bound<'py, PyAny>,
    validated: bool,
    options: Option<Options>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let narrow = centers.getattr("dtype")?.getattr("itemsize")?.extract::<usize>()? == 4;
    let answer = ask(py, x, centers, options, |x, centers, ctl| {
        let dtype = if narrow { x.dtype() } else { Dtype::F64 };
        let distances = with_matrix!(x, x => nearest::distances(x, centers.view(), ctl))?;
        let finite = validated || distances.column(0).iter().all(|v| v.is_finite());
        Ok(finite.then_some((distances, dtype)))
    })?;
    Ok(answer.map(|(distances, dtype)| array::to_numpy(py, distances, dtype)))
}

/// `Σ w·‖x − c‖²` with the nearest centre c of each row, or None.
#[pyfunction]
#[pyo3(signature = (x, centers, validated, sample_weight=None, options=None))]
pub fn center_inertia(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    centers: &Bound<'_, PyAny>,
    validated: bool,
    sample_weight: Option<&Bound<'_, PyAny>>,
    options: Option<Options>,
) -> PyResult<Option<f64>> {
    let weights = sample_weight.map(array::weights).transpose()?;
    let weights = weights.as_ref().map(array::view1);
    ask(py, x, centers, options, |x, centers, ctl| {
        let (_, squares) = with_matrix!(x, x => nearest::nearest(x, centers.view(), ctl))?;
        let finite = validated || squares.iter().all(|v| v.is_finite());
        Ok(finite.then(|| weights.map_or_else(|| squares.sum(), |weights| weights.dot(&squares))))
    })
}

/// Rows drawn by k-means++: the centres (k, p) in the type of X, and their indices.
#[pyfunction]
#[pyo3(signature = (x, n_clusters, sample_weight=None, n_local_trials=None, random_state=0, options=None))]
pub fn kmeans_plusplus<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    n_clusters: usize,
    sample_weight: Option<&Bound<'py, PyAny>>,
    n_local_trials: Option<usize>,
    random_state: u64,
    options: Option<Options>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    if n_local_trials == Some(0) {
        return Err(PyValueError::new_err("n_local_trials must be at least 1"));
    }
    let borrowed = X::borrow(x)?;
    let x = borrowed.matrix()?;
    let weights = sample_weight.map(array::weights).transpose()?;
    let weights = weights.as_ref().map(array::view1);
    let (centers, rows) = run(py, options.unwrap_or_default(), |ctl| {
        ironlearn::cluster::kmeans_plusplus(&x, n_clusters, weights, n_local_trials, random_state, ctl)
    })?
    .0;
    let rows: Array1<i64> = rows.into_iter().map(|row| row as i64).collect();
    Ok((array::to_numpy(py, centers, x.dtype()), rows.into_pyarray(py).into_any()))
}
