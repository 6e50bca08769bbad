//! Rows between Python and the transformers of the core: a matrix as it is, or a list of columns.
//!
//! A column is a tuple of its name, its kind and its entries: `("n", "number", float64)`, `("t", "object", object)` of
//! str, None and NaN, `("t", "unicode", uint32 code points (n, width))`, `("t", "codes", uint32, [levels])`,
//! `("d", "time", int64 milliseconds)`.

use crate::array::X;
use ironlearn::datasets::{Column, MISSING, MISSING_TIME, Values};
use ironlearn::linalg::Layout;
use ironlearn::preprocess::Block;
use ironlearn::preprocess::block::NONE;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList, PyString, PyTuple};
use std::borrow::Cow;
use std::collections::HashMap;

/// Rows from Python, kept alive while the core looks at them.
pub enum Rows<'py> {
    /// A matrix.
    Matrix(X<'py>),
    /// Columns.
    Columns(Vec<Column>),
}

impl<'py> Rows<'py> {
    /// Borrows a matrix, or reads a list of columns.
    ///
    /// # Errors
    /// `TypeError` for anything else.
    pub fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyList>() {
            Ok(list) => Ok(Rows::Columns(list.iter().map(|item| column(&item)).collect::<PyResult<_>>()?)),
            Err(_) => X::borrow(object).map(Rows::Matrix),
        }
    }

    /// The rows, for as long as this borrow lives.
    ///
    /// # Errors
    /// `ValueError` where a sparse matrix's arrays do not fit together.
    pub fn block(&self) -> PyResult<Block<'_>> {
        Ok(match self {
            Rows::Matrix(x) => Block::Matrix(x.matrix()?),
            Rows::Columns(columns) => Block::Columns(columns.iter().map(Cow::Borrowed).collect()),
        })
    }
}

fn contiguous<'py, T: numpy::Element + Copy>(object: &Bound<'py, PyAny>) -> PyResult<Vec<T>> {
    let array: PyReadonlyArray1<'py, T> =
        object.cast::<PyArray1<T>>().map_err(|_| PyTypeError::new_err("a column of another type"))?.try_readonly()?;
    Ok(array.as_array().to_vec())
}

fn column(item: &Bound<'_, PyAny>) -> PyResult<Column> {
    let parts = item.cast::<PyTuple>().map_err(|_| PyTypeError::new_err("a column is a tuple"))?;
    let (name, kind): (String, String) = (parts.get_item(0)?.extract()?, parts.get_item(1)?.extract()?);
    let entries = parts.get_item(2)?;
    let values = match kind.as_str() {
        "number" => Values::Number(contiguous(&entries)?),
        "time" => Values::Time(contiguous(&entries)?),
        "codes" => {
            let codes: Vec<u32> = contiguous(&entries)?;
            let levels: Vec<String> = parts.get_item(3)?.extract()?;
            if codes.iter().any(|&code| code < NONE && code as usize >= levels.len()) {
                return Err(PyValueError::new_err("a code without a level"));
            }
            Values::Text { codes, levels }
        }
        "object" => match objects(&entries)? {
            Some((codes, levels)) => Values::Text { codes, levels },
            None => return Err(PyTypeError::new_err("a column of text holds something else")),
        },
        "unicode" => {
            let array: PyReadonlyArray2<'_, u32> = entries.cast::<PyArray2<u32>>()?.try_readonly()?;
            unicode(array)?
        }
        other => return Err(PyTypeError::new_err(format!("no kind of column: {other}"))),
    };
    Ok(Column { name, values })
}

/// The codes and levels of text, None and NaN; `None` where an entry is something else.
fn objects(entries: &Bound<'_, PyAny>) -> PyResult<Option<(Vec<u32>, Vec<String>)>> {
    let py = entries.py();
    let array = entries.cast::<PyArray1<Py<PyAny>>>().map_err(|_| PyTypeError::new_err("expected objects"))?;
    let array = array.try_readonly()?;
    // The array keeps every object alive, so an address stands for one object: the last one seen of each slot.
    let mut by_address = vec![(0_usize, 0_u32); 4096];
    let mut by_text: HashMap<String, u32> = HashMap::new();
    let mut levels: Vec<String> = Vec::new();
    let mut codes = Vec::with_capacity(array.len()?);
    for object in array.as_array() {
        let address = object.as_ptr() as usize;
        let slot = (address >> 4) % by_address.len();
        if by_address[slot].0 == address {
            codes.push(by_address[slot].1);
            continue;
        }
        let object = object.bind(py);
        let code = if let Ok(text) = object.cast::<PyString>() {
            let text = text.to_str()?;
            match by_text.get(text) {
                Some(&code) => code,
                None => {
                    let code = levels.len() as u32;
                    by_text.insert(text.to_owned(), code);
                    levels.push(text.to_owned());
                    code
                }
            }
        } else if object.is_none() {
            NONE
        } else if object.cast::<PyFloat>().is_ok_and(|v| v.value().is_nan()) || object.get_type().name()? == "NAType" {
            MISSING
        } else {
            return Ok(None);
        };
        by_address[slot] = (address, code);
        codes.push(code);
    }
    Ok(Some((codes, levels)))
}

/// Text from an array of code points, a row an entry, filled up with zeros.
fn unicode(array: PyReadonlyArray2<'_, u32>) -> PyResult<Values> {
    let array = array.as_array();
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let (mut codes, mut levels) = (Vec::with_capacity(array.nrows()), Vec::new());
    let mut buffer = Vec::new();
    for row in array.rows() {
        let length = row.iter().rposition(|&c| c != 0).map_or(0, |last| last + 1);
        buffer.clear();
        buffer.extend(row.iter().take(length));
        let code = match known.get(&buffer) {
            Some(&code) => code,
            None => {
                let text: Option<String> = buffer.iter().map(|&c| char::from_u32(c)).collect();
                let text = text.ok_or_else(|| PyValueError::new_err("text with a surrogate"))?;
                known.insert(buffer.clone(), levels.len() as u32);
                levels.push(text);
                levels.len() as u32 - 1
            }
        };
        codes.push(code);
    }
    Ok(Values::Text { codes, levels })
}

type Codes<'py> = (Bound<'py, PyArray1<u32>>, Vec<String>);

/// The codes (uint32) and levels of an object array of text, None (4294967294) and NaN (4294967295); None where an entry
/// is something else.
#[pyfunction]
pub fn factorize<'py>(py: Python<'py>, entries: &Bound<'py, PyAny>) -> PyResult<Option<Codes<'py>>> {
    Ok(objects(entries)?.map(|(codes, levels)| (codes.into_pyarray(py), levels)))
}

/// ISO 8601 texts as milliseconds since 1970, as the shell reads them: the smallest int64 where missing, None where one
/// is no time.
#[pyfunction]
pub fn parse_times<'py>(py: Python<'py>, texts: Vec<Option<String>>) -> Option<Bound<'py, PyArray1<i64>>> {
    let one = |text: Option<String>| match text {
        None => Some(MISSING_TIME),
        Some(text) => ironlearn::datasets::parse_time(text.as_bytes()),
    };
    let times: Option<Vec<i64>> = texts.into_iter().map(one).collect();
    times.map(|times| times.into_pyarray(py))
}

/// What a transform gives: a float array, the parts of a scipy matrix (format, data, indices, indptr, shape), or a list
/// of columns: float64 arrays, pairs of codes and levels, int64 times.
///
/// # Errors
/// What building a Python object can raise.
pub fn to_python<'py>(py: Python<'py>, block: Block<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match block {
        Block::Dense(x) => x.into_pyarray(py).into_any(),
        Block::Dense32(x) => x.into_pyarray(py).into_any(),
        Block::Sparse(x) => {
            let format = if x.layout == Layout::Row { "csr" } else { "csc" };
            let (data, indices, indptr) =
                (x.data.into_pyarray(py), x.indices.into_pyarray(py), x.indptr.into_pyarray(py));
            (format, data, indices, indptr, x.shape).into_pyobject(py)?.into_any()
        }
        Block::Matrix(x) => x.to_dense().into_pyarray(py).into_any(),
        Block::Columns(columns) => {
            let list = PyList::empty(py);
            for column in columns {
                match column.into_owned().values {
                    Values::Number(v) => list.append(v.into_pyarray(py))?,
                    Values::Text { codes, levels } => list.append((codes.into_pyarray(py), levels))?,
                    Values::Time(v) => list.append(v.into_pyarray(py))?,
                }
            }
            list.into_any()
        }
    })
}
