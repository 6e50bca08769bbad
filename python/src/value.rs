//! Parameters between Python objects and the core's plain values.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use rmpv::Value;

/// The value of a plain object: None, bool, int, float, str, bytes, and lists, tuples, arrays and dicts of them.
///
/// # Errors
/// `TypeError` for anything else.
pub fn from_python(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    if object.is_none() {
        return Ok(Value::Nil);
    }
    if object.is_instance_of::<PyBool>() {
        return Ok(Value::Boolean(object.extract()?));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(match object.extract::<i64>() {
            Ok(v) => Value::from(v),
            // Beyond 64 bits an integer is as good as the nearest float.
            Err(_) => object.extract::<u64>().map(Value::from).or_else(|_| object.extract().map(Value::F64))?,
        });
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Value::F64(object.extract()?));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Value::from(text.to_cow()?.as_ref()));
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Value::Binary(bytes.as_bytes().to_vec()));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let items = object.try_iter()?.map(|item| from_python(&item?));
        return Ok(Value::Array(items.collect::<PyResult<_>>()?));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let entries = dict.iter().map(|(k, v)| Ok((from_python(&k)?, from_python(&v)?)));
        return Ok(Value::Map(entries.collect::<PyResult<_>>()?));
    }
    // NumPy's scalars and arrays become Python's numbers and lists.
    if let Ok(plain) = object.call_method0("tolist") {
        return from_python(&plain);
    }
    Err(PyTypeError::new_err(format!("a parameter cannot be {}", object.get_type())))
}

/// Parameters by name.
///
/// # Errors
/// As [`from_python`].
pub fn named(params: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Value)>> {
    params.iter().map(|(name, value)| Ok((name.extract()?, from_python(&value)?))).collect()
}

/// The object for a value.
///
/// # Errors
/// What building a Python object can raise.
pub fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Nil => py.None().into_bound(py),
        Value::Boolean(v) => v.into_pyobject(py)?.to_owned().into_any(),
        Value::Integer(v) => match v.as_i64() {
            Some(v) => v.into_pyobject(py)?.into_any(),
            None => v.as_u64().into_pyobject(py)?.into_any(),
        },
        Value::F32(v) => v.into_pyobject(py)?.into_any(),
        Value::F64(v) => v.into_pyobject(py)?.into_any(),
        Value::String(v) => v.as_str().unwrap_or_default().into_pyobject(py)?.into_any(),
        Value::Binary(v) | Value::Ext(_, v) => v.as_slice().into_pyobject(py)?.into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            items.iter().try_for_each(|item| list.append(to_python(py, item)?))?;
            list.into_any()
        }
        Value::Map(entries) => {
            let dict = PyDict::new(py);
            entries.iter().try_for_each(|(k, v)| dict.set_item(to_python(py, k)?, to_python(py, v)?))?;
            dict.into_any()
        }
    })
}
