//! The only place where an error of the core becomes an exception of Python, of the class that scikit-learn raises, and
//! where its warnings become what the Python side shows.

use ironlearn::linalg::Error as LinalgError;
use ironlearn::{Error, Warning};
use pyo3::exceptions::{PyKeyboardInterrupt, PyNotImplementedError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The exception for `error`.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Parameter { .. } => by_name(py, "sklearn.utils._param_validation", "InvalidParameterError", text),
        Error::Parameters(_) | Error::Input(_) | Error::File(_) | Error::Linfa(_) => PyValueError::new_err(text),
        Error::Unsupported(_) => PyNotImplementedError::new_err(text),
        Error::Io(io) => match io.raw_os_error() {
            Some(code) => PyOSError::new_err((code, text)),
            None => PyOSError::new_err(text),
        },
        Error::Callable(inner) => match inner.downcast_ref::<PyErr>() {
            Some(raised) => raised.clone_ref(py),
            None => PyRuntimeError::new_err(text),
        },
        Error::Linalg(inner) => match inner {
            LinalgError::Interrupted => PyKeyboardInterrupt::new_err(()),
            LinalgError::NotPositiveDefinite(_) | LinalgError::Singular(_) | LinalgError::Lapack { .. } => {
                by_name(py, "numpy.linalg", "LinAlgError", text)
            }
            LinalgError::Shape(_) => PyValueError::new_err(text),
            LinalgError::Device(_) => PyRuntimeError::new_err(text),
        },
    }
}

fn by_name(py: Python<'_>, module: &str, class: &str, text: String) -> PyErr {
    match py.import(module).and_then(|m| m.getattr(class)).and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    }
}

/// Warnings as (kind, text).
pub type Heard = Vec<(String, String)>;

/// The warnings for the Python side, which shows them.
pub fn heard<'a>(warnings: impl IntoIterator<Item = &'a Warning>) -> Heard {
    warnings.into_iter().map(|w| (format!("{:?}", w.kind), w.message.clone())).collect()
}
