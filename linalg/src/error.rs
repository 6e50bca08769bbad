//! What can go wrong below the estimators.

/// An error of the linear algebra or of the machinery that runs it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The caller asked the run to stop (see [`crate::Control::cancel`]).
    #[error("interrupted")]
    Interrupted,
    /// A matrix that has to be positive definite is not.
    #[error("the matrix is not positive definite (leading minor {0})")]
    NotPositiveDefinite(usize),
    /// A matrix that has to have full rank has not; the text says which, and what helps.
    #[error("{0}")]
    Singular(String),
    /// A LAPACK routine reported failure.
    #[error("{routine} failed with info = {info}")]
    Lapack {
        /// The routine's name.
        routine: &'static str,
        /// Its `info` value.
        info: i32,
    },
    /// Arrays whose shapes do not fit together.
    #[error("{0}")]
    Shape(String),
    /// The device asked for is not there, or failed.
    #[error("{0}")]
    Device(String),
}

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
