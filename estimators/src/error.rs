//! What can go wrong in an estimator, and which kind of mistake it is.

use std::sync::Arc;

/// An error of an estimator.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A parameter is outside its range. Python: `InvalidParameterError`, a `ValueError`.
    #[error("The '{name}' parameter of {estimator} must be {expected}. Got {found} instead.")]
    Parameter {
        /// The estimator's name.
        estimator: &'static str,
        /// The parameter's name.
        name: &'static str,
        /// What is allowed.
        expected: String,
        /// What was given.
        found: String,
    },
    /// Parameters that cannot be read: an unknown name, a wrong type. Python: `ValueError`.
    #[error("{0}")]
    Parameters(String),
    /// The data do not fit: shapes, values, labels. Python: `ValueError`.
    #[error("{0}")]
    Input(String),
    /// Something that ironlearn does not do. Python: `NotImplementedError`.
    #[error("{0}")]
    Unsupported(String),
    /// A model file that cannot be read. Python: `ValueError`.
    #[error("not a usable ironlearn model: {0}")]
    File(String),
    /// Reading or writing failed. Python: `OSError`.
    #[error("{0}")]
    Io(Arc<std::io::Error>),
    /// The linear algebra failed, or the run was interrupted.
    #[error(transparent)]
    Linalg(#[from] ironlearn_linalg::Error),
    /// A caller's own function failed; Python gets its exception back.
    #[error("{0}")]
    Callable(Arc<dyn std::error::Error + Send + Sync>),
    /// linfa refused something.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl Error {
    /// A check of an estimator's parameters: the name, whether its value is allowed, what is allowed, what was given. It
    /// fails with [`Error::Parameter`].
    pub(crate) fn check(
        estimator: &'static str,
    ) -> impl Fn(&'static str, bool, &str, &dyn std::fmt::Debug) -> Result<()> {
        move |name, holds, expected, found| {
            if holds {
                return Ok(());
            }
            Err(Error::Parameter { estimator, name, expected: expected.to_owned(), found: format!("{found:?}") })
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Io(Arc::new(error))
    }
}

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Fails with [`Error::Input`] and a formatted message.
#[macro_export]
macro_rules! bad_input {
    ($($message:tt)*) => { return Err($crate::Error::Input(format!($($message)*))) };
}
