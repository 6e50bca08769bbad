//! The only conversions between arrays of Python and matrices of the core. What can be borrowed is not copied.

use ironlearn::linalg::{Compressed, Indices, Layout};
use ironlearn::{AnyMatrix, Attribute, Dtype, Matrix};
use ndarray::{Array2, ArrayD, ArrayView1, ArrayView2};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

/// X from Python, kept alive and readable while the core looks at it.
pub enum X<'py> {
    /// A dense array.
    F64(PyReadonlyArray2<'py, f64>),
    /// A dense array of `float32`.
    F32(PyReadonlyArray2<'py, f32>),
    /// A CSR or CSC matrix of scipy.
    Sparse(Sparse<'py>),
}

/// The parts of a scipy matrix.
pub struct Sparse<'py> {
    layout: Layout,
    shape: (usize, usize),
    indptr: IndexArray<'py>,
    indices: IndexArray<'py>,
    data: Values<'py>,
}

enum IndexArray<'py> {
    I32(PyReadonlyArray1<'py, i32>),
    I64(PyReadonlyArray1<'py, i64>),
}

enum Values<'py> {
    F32(PyReadonlyArray1<'py, f32>),
    F64(PyReadonlyArray1<'py, f64>),
}

/// A borrowed array, if `object` is one of this element type whose memory Rust may read in place.
fn dense<'py, T: Element>(object: &Bound<'py, PyAny>) -> Option<PyReadonlyArray2<'py, T>> {
    let array = object.cast::<PyArray2<T>>().ok()?;
    let aligned = array.data().is_aligned();
    aligned.then(|| array.try_readonly().ok()).flatten()
}

fn flat<'py, T: Element>(object: &Bound<'py, PyAny>) -> Option<PyReadonlyArray1<'py, T>> {
    let array = object.cast::<PyArray1<T>>().ok()?;
    (array.data().is_aligned() && array.is_contiguous()).then(|| array.try_readonly().ok()).flatten()
}

impl<'py> X<'py> {
    /// Borrows X: a 2-D array of `float32` or `float64`, or a CSR or CSC matrix of those.
    ///
    /// # Errors
    /// `TypeError` for anything else: the Python classes convert before they call.
    pub fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Some(x) = dense::<f64>(object) {
            return Ok(X::F64(x));
        }
        if let Some(x) = dense::<f32>(object) {
            return Ok(X::F32(x));
        }
        if object.cast::<PyUntypedArray>().is_ok() {
            // Another layout (unaligned, foreign byte order) or type: one converted copy.
            let numpy = object.py().import("numpy")?;
            let array = numpy.call_method1("require", (object, "float64", "CA"))?;
            return match dense::<f64>(&array) {
                Some(x) => Ok(X::F64(x)),
                None => Err(PyValueError::new_err("Expected 2D array: X has another number of dimensions.")),
            };
        }
        Sparse::borrow(object).map(X::Sparse)
    }

    /// Borrows X where that takes no conversion; `None` elsewhere.
    pub fn borrow_as_is(object: &Bound<'py, PyAny>) -> Option<Self> {
        if let Some(x) = dense::<f64>(object) {
            return Some(X::F64(x));
        }
        if let Some(x) = dense::<f32>(object) {
            return Some(X::F32(x));
        }
        if object.cast::<PyUntypedArray>().is_ok() {
            return None;
        }
        Sparse::borrow(object).map(X::Sparse).ok()
    }

    /// The matrix, for as long as this borrow lives.
    ///
    /// # Errors
    /// `ValueError` where a sparse matrix's arrays do not fit together.
    pub fn matrix(&self) -> PyResult<AnyMatrix<'_>> {
        match self {
            X::F64(x) => Ok(AnyMatrix::F64(Matrix::Dense(x.as_array()))),
            X::F32(x) => Ok(AnyMatrix::F32(Matrix::Dense(x.as_array()))),
            X::Sparse(x) => x.matrix(),
        }
    }
}

impl<'py> Sparse<'py> {
    fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let expected = || {
            PyTypeError::new_err(format!(
                "expected a 2-D numpy array or a scipy CSR or CSC matrix of float32 or float64, got {}",
                object.get_type()
            ))
        };
        let format: String = object.getattr("format").and_then(|f| f.extract()).map_err(|_| expected())?;
        let layout = match format.as_str() {
            "csr" => Layout::Row,
            "csc" => Layout::Column,
            _ => return Err(expected()),
        };
        let index = |name: &str| {
            let array = object.getattr(name)?;
            if let Some(array) = flat::<i32>(&array) {
                return Ok(IndexArray::I32(array));
            }
            flat::<i64>(&array).map(IndexArray::I64).ok_or_else(expected)
        };
        let data = object.getattr("data")?;
        let data = match flat::<f64>(&data) {
            Some(values) => Values::F64(values),
            None => Values::F32(flat::<f32>(&data).ok_or_else(expected)?),
        };
        Ok(Sparse {
            layout,
            shape: object.getattr("shape")?.extract()?,
            indptr: index("indptr")?,
            indices: index("indices")?,
            data,
        })
    }

    fn matrix(&self) -> PyResult<AnyMatrix<'_>> {
        fn indices<'a>(array: &'a IndexArray<'_>) -> PyResult<Indices<'a>> {
            Ok(match array {
                IndexArray::I32(a) => Indices::I32(a.as_slice()?),
                IndexArray::I64(a) => Indices::I64(a.as_slice()?),
            })
        }
        let bad = |error: ironlearn::linalg::Error| PyValueError::new_err(error.to_string());
        let (indptr, index) = (indices(&self.indptr)?, indices(&self.indices)?);
        Ok(match &self.data {
            Values::F64(v) => AnyMatrix::F64(Matrix::Sparse(
                Compressed::new(self.layout, self.shape, indptr, index, v.as_slice()?).map_err(bad)?,
            )),
            Values::F32(v) => AnyMatrix::F32(Matrix::Sparse(
                Compressed::new(self.layout, self.shape, indptr, index, v.as_slice()?).map_err(bad)?,
            )),
        })
    }
}

/// y from Python: numbers (n, outputs), or class codes.
pub enum Y<'py> {
    /// `float64`.
    Values(PyReadonlyArray2<'py, f64>),
    /// `uint32`.
    Codes(PyReadonlyArray2<'py, u32>),
}

impl<'py> Y<'py> {
    /// Borrows y.
    ///
    /// # Errors
    /// `TypeError` for anything but a 2-D array of `float64` or `uint32`.
    pub fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Some(y) = dense::<f64>(object) {
            return Ok(Y::Values(y));
        }
        let codes = dense::<u32>(object).map(Y::Codes);
        codes.ok_or_else(|| PyTypeError::new_err("expected y as a 2-D array of float64, or of uint32 codes"))
    }
}

/// Weights from Python.
///
/// # Errors
/// `TypeError` for anything but a 1-D array of `float64`.
pub fn weights<'py>(object: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray1<'py, f64>> {
    let array = object.cast::<PyArray1<f64>>().map_err(|_| PyTypeError::new_err("expected weights of float64"))?;
    Ok(array.try_readonly()?)
}

/// A view of one dimension.
pub fn view1<'a>(array: &'a PyReadonlyArray1<'_, f64>) -> ArrayView1<'a, f64> {
    array.as_array()
}

/// A small float array of either type as `f64`, such as a coefficient vector; one dimension becomes one row.
///
/// # Errors
/// `TypeError` or `ValueError` for anything else.
pub fn rows_f64(object: &Bound<'_, PyAny>) -> PyResult<Array2<f64>> {
    if let Some(a) = dense::<f64>(object) {
        return Ok(a.as_array().to_owned());
    }
    if let Some(a) = dense::<f32>(object) {
        return Ok(a.as_array().mapv(f64::from));
    }
    let numpy = object.py().import("numpy")?;
    let array = numpy.call_method1("atleast_2d", (object,))?;
    let array = numpy.call_method1("require", (array, "float64", "CA"))?;
    match dense::<f64>(&array) {
        Some(a) => Ok(a.as_array().to_owned()),
        None => Err(PyValueError::new_err("expected an array of at most two dimensions")),
    }
}

/// An array for Python, of the given type.
pub fn to_numpy<'py, D: ndarray::Dimension>(
    py: Python<'py>,
    array: ndarray::Array<f64, D>,
    dtype: Dtype,
) -> Bound<'py, PyAny> {
    match dtype {
        Dtype::F64 => array.into_pyarray(py).into_any(),
        Dtype::F32 => array.mapv(|v| v as f32).into_pyarray(py).into_any(),
    }
}

/// A fitted attribute for Python.
///
/// # Errors
/// What building a Python object can raise.
pub fn attribute<'py>(py: Python<'py>, value: Attribute) -> PyResult<Bound<'py, PyAny>> {
    fn array<'py, T: Element>(py: Python<'py>, a: ArrayD<T>) -> Bound<'py, PyAny> {
        a.into_pyarray(py).into_any()
    }
    Ok(match value {
        Attribute::Int(v) => v.into_pyobject(py)?.into_any(),
        Attribute::Float(v) => v.into_pyobject(py)?.into_any(),
        Attribute::Flag(v) => pyo3::types::PyBool::new(py, v).to_owned().into_any(),
        Attribute::Flags(v) => v.mapv(|v| v != 0).into_pyarray(py).into_any(),
        Attribute::Text(v) => v.into_pyobject(py)?.into_any(),
        Attribute::Floats(a, dtype) => to_numpy(py, a, dtype),
        Attribute::Int32s(a) => array(py, a),
        Attribute::Int64s(a) => array(py, a),
        Attribute::List(all) => {
            let list = PyList::empty(py);
            all.into_iter().try_for_each(|one| list.append(attribute(py, one)?))?;
            list.into_any()
        }
    })
}

/// A view of two dimensions.
pub fn view2<'a>(array: &'a PyReadonlyArray2<'_, f64>) -> ArrayView2<'a, f64> {
    array.as_array()
}
