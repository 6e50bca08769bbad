//! Predictions of linear models from the attributes that the Python object has at the time.

use crate::array::{self, X};
use crate::error::exception;
use crate::model::{Model, SMALL};
use crate::run::{Options, run, run_here};
use ironlearn::linalg::{Real, host::matmul::affine, threads::fill_rows, with_matrix};
use ironlearn::linear::Probabilities;
use ironlearn::linear::classifier::class_of;
use ironlearn::loss::Link;
use ironlearn::{AnyMatrix, AnyModel, Control, Dtype};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use numpy::{Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyFloat;

/// Coefficients, borrowed where they are `float64` in one or two dimensions.
enum Coefficients<'py> {
    Flat(PyReadonlyArray1<'py, f64>),
    Rows(PyReadonlyArray2<'py, f64>),
    /// With whether they had one dimension, and whether they are `float32`.
    Owned(Array2<f64>, bool, bool),
}

impl<'py> Coefficients<'py> {
    fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(Ok(a)) = object.cast::<PyArray1<f64>>().map(|a| a.try_readonly()) {
            return Ok(Coefficients::Flat(a));
        }
        if let Ok(Ok(a)) = object.cast::<PyArray2<f64>>().map(|a| a.try_readonly()) {
            return Ok(Coefficients::Rows(a));
        }
        if let Ok(Ok(a)) = object.cast::<PyArray1<f32>>().map(|a| a.try_readonly()) {
            let row = a.as_array().insert_axis(Axis(0)).mapv(f64::from);
            return Ok(Coefficients::Owned(row, true, true));
        }
        let narrow = object.cast::<PyArray2<f32>>().is_ok();
        let flat = object.getattr("ndim").and_then(|n| n.extract::<usize>()).is_ok_and(|n| n == 1);
        Ok(Coefficients::Owned(array::rows_f64(object)?, flat, narrow))
    }

    /// The rows, whether they were one dimension, and whether they are `float32`.
    fn view(&self) -> (ArrayView2<'_, f64>, bool, bool) {
        match self {
            Coefficients::Flat(a) => (a.as_array().insert_axis(Axis(0)), true, false),
            Coefficients::Rows(a) => (a.as_array(), false, false),
            Coefficients::Owned(a, flat, narrow) => (a.view(), *flat, *narrow),
        }
    }
}

/// Rows of a result that one thread finishes at a time.
const BLOCK: usize = 4096;

/// What is asked of a linear model.
#[derive(Clone, Copy)]
enum Answer {
    Scores,
    /// Class codes, int64.
    Classes,
    Probabilities(Probabilities),
    /// The mean by a link.
    Mean(Link),
}

impl Answer {
    fn named(name: &str) -> PyResult<Self> {
        Ok(match name {
            "scores" => Answer::Scores,
            "classes" => Answer::Classes,
            "softmax" => Answer::Probabilities(Probabilities::Softmax),
            "one_vs_rest" => Answer::Probabilities(Probabilities::OneVsRest),
            "modified_huber" => Answer::Probabilities(Probabilities::ModifiedHuber),
            "log" => Answer::Mean(Link::Log),
            other => return Err(PyValueError::new_err(format!("a linear model gives no '{other}'"))),
        })
    }
}

/// `X·coefᵀ + intercept` with the given coefficients, checked: the attributes of a linear model as they are now.
/// Where X is not one that can be used as it is (type, shape, a value that is not finite) the answer is None, and the
/// caller validates it to say why. `answer` is `scores`, `classes`, or how probabilities follow from the scores:
/// `softmax`, `one_vs_rest`, `modified_huber`; or the link by which the mean follows from them: `log`.
#[pyfunction]
#[pyo3(signature = (x, coef, intercept, options=None, answer="scores"))]
pub fn linear_predict<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    coef: &Bound<'py, PyAny>,
    intercept: &Bound<'py, PyAny>,
    options: Option<Options>,
    answer: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let answer = Answer::named(answer)?;
    let Some(borrowed) = X::borrow_as_is(x) else { return Ok(None) };
    let x = borrowed.matrix()?;
    let coef = Coefficients::borrow(coef)?;
    let (b, flat, narrow) = coef.view();
    if x.ncols() != b.ncols() || x.nrows() == 0 {
        return Ok(None);
    }
    let c = match intercept.cast::<PyFloat>() {
        Ok(number) => vec![number.extract::<f64>()?],
        Err(_) => array::rows_f64(intercept)?.row(0).to_vec(),
    };
    if c.len() != 1 && c.len() != b.nrows() {
        return Err(PyValueError::new_err(format!("{} intercepts for {} outputs", c.len(), b.nrows())));
    }
    let dtype = if narrow && x.dtype() == Dtype::F32 { Dtype::F32 } else { Dtype::F64 };
    if matches!(answer, Answer::Scores) && dtype == Dtype::F32 {
        let y = computed(py, &x, b, &c, options, |y: Array2<f32>, _| Ok(y))?;
        return y.map(|y| shaped(py, y, flat)).transpose();
    }
    if matches!(answer, Answer::Classes) {
        let classes = computed(py, &x, b, &c, options, |y: Array2<f64>, ctl| {
            let mut classes = Array1::<i64>::zeros(y.nrows());
            fill_rows(ctl, classes.as_slice_mut().unwrap_or_default(), 1, BLOCK, |first, out| {
                out.iter_mut().zip(first..).for_each(|(code, i)| *code = class_of(y.row(i)) as i64);
            })?;
            Ok(classes)
        })?;
        return Ok(classes.map(|classes| classes.into_pyarray(py).into_any()));
    }
    let finished = |mut y: Array2<f64>, ctl: &Control| {
        if let Answer::Mean(link) = answer {
            fill_rows(ctl, y.as_slice_mut().unwrap_or_default(), 1, BLOCK, |_, out| {
                out.iter_mut().for_each(|z| *z = link.inverse(*z));
            })?;
        }
        Ok(y)
    };
    let Some(y) = computed(py, &x, b, &c, options, finished)? else { return Ok(None) };
    match answer {
        Answer::Scores | Answer::Mean(_) | Answer::Classes => {}
        Answer::Probabilities(kind) => {
            let p = kind.of(y).map_err(|error| exception(py, &error))?;
            return Ok(Some(array::to_numpy(py, p, dtype)));
        }
    }
    match dtype {
        Dtype::F32 => shaped(py, y.mapv(|v| v as f32), flat).map(Some),
        Dtype::F64 => shaped(py, y, flat).map(Some),
    }
}

/// What `then` makes of `X·B + c`, on this thread where X is small; `None` where X holds a value that is not finite.
fn computed<T: Real, R: Send>(
    py: Python<'_>,
    x: &AnyMatrix<'_>,
    b: ArrayView2<'_, f64>,
    c: &[f64],
    options: Option<Options>,
    then: impl FnOnce(Array2<T>, &Control) -> ironlearn::linalg::Result<R> + Send,
) -> PyResult<Option<R>> {
    let work = |ctl: &Control| -> ironlearn::Result<(R, bool)> {
        let (y, finite) = with_matrix!(x, x => affine(x, b.t(), c, ctl))?;
        Ok((then(y, ctl)?, finite))
    };
    let (n, p) = x.shape();
    let (y, finite) = if n * p <= SMALL { run_here(py, work)? } else { run(py, options.unwrap_or_default(), work)?.0 };
    // A value that is not finite leaves its mark on its row, so X itself is looked at only then.
    Ok((finite || x.all_finite()).then_some(y))
}

/// The result as an array of numpy: of one dimension where the coefficients had one.
fn shaped<T: Element>(py: Python<'_>, y: Array2<T>, flat: bool) -> PyResult<Bound<'_, PyAny>> {
    if !flat {
        return Ok(y.into_pyarray(py).into_any());
    }
    let n = y.nrows();
    let y = y.into_shape_with_order(n).map_err(|_| PyValueError::new_err("coef_ holds several rows"))?;
    Ok(y.into_pyarray(py).into_any())
}

/// The model of RidgeCV or RidgeClassifierCV with another choice: the penalties and their scores, one or one a target.
#[pyfunction]
pub fn with_ridge_choice(model: &Bound<'_, Model>, alpha: Vec<f64>, best_score: Vec<f64>) -> PyResult<Model> {
    let mut inner = AnyModel::clone(&model.get().inner);
    let choice = match &mut inner {
        AnyModel::RidgeCV(m) => Some(&mut m.choice),
        AnyModel::RidgeClassifierCV(m) => m.choice.as_mut(),
        _ => None,
    };
    let choice = choice.ok_or_else(|| PyValueError::new_err("a model without a choice of penalty"))?;
    (choice.per_target, choice.alpha, choice.best_score) = (alpha.len() > 1, alpha, best_score);
    choice.kept = None;
    Ok(Model::new(inner))
}
