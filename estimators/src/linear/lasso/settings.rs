//! Parameters that the family shares, and their checks.

use crate::{Error, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// The order of coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// One after the other, with acceleration.
    #[default]
    Cyclic,
    /// Drawn, with replacement.
    Random,
}

/// Whether second moments of all columns are formed beforehand. Sparse X never has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Precompute {
    /// `true`: always; `false`: where that is the cheaper way.
    Flag(bool),
    /// `"auto"`: where that is the cheaper way.
    Named(Auto),
    /// As given: p × p, of the centred and weighted columns.
    Given(Given),
}

/// The one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auto {
    /// See [`Precompute::Named`].
    Auto,
}

/// A matrix of second moments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// p × p, symmetric.
    #[serde(with = "crate::saved::array2")]
    pub gram: Array2<f64>,
}

impl Precompute {
    /// Where that is the cheaper way.
    pub const AUTO: Precompute = Precompute::Named(Auto::Auto);

    /// The matrix, where one was given.
    pub fn given(&self) -> Option<&Array2<f64>> {
        match self {
            Precompute::Given(given) => Some(&given.gram),
            _ => None,
        }
    }
}

/// What every fit of the family is told.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    /// The estimator's name.
    pub name: &'static str,
    /// Whether b is fitted.
    pub fit_intercept: bool,
    /// See [`Precompute`].
    pub precompute: &'a Precompute,
    /// Passes over coordinates, for each penalty.
    pub max_iter: usize,
    /// Relative duality gap.
    pub tol: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
    /// Whether a feature's coefficients over the targets are penalised together.
    pub joint: bool,
}

/// The settings of an estimator, from the fields that all of the family have, and what only some have.
macro_rules! settings {
    ($params:expr, precompute: $precompute:expr, positive: $positive:expr, joint: $joint:expr) => {
        $crate::linear::lasso::settings::Settings {
            name: Self::NAME,
            fit_intercept: $params.fit_intercept,
            precompute: $precompute,
            max_iter: $params.max_iter,
            tol: $params.tol,
            positive: $positive,
            selection: $params.selection,
            random_state: $params.random_state,
            joint: $joint,
        }
    };
}
pub(super) use settings;

impl Settings<'_> {
    /// Checks what has a range.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(&self) -> Result<()> {
        in_range(self.name, "tol", self.tol, f64::INFINITY)?;
        if self.max_iter == 0 {
            return Err(wrong(self.name, "max_iter", "an int in the range [1, inf)", "0".into()));
        }
        Ok(())
    }

    /// When a solver stops.
    pub fn rule(&self) -> crate::linear::solver::coordinate::Rule {
        let random = (self.selection == Selection::Random).then_some(self.random_state);
        crate::linear::solver::coordinate::Rule { tol: self.tol, max_iter: self.max_iter, random }
    }
}

/// A number in [0, `most`].
///
/// # Errors
/// [`Error::Parameter`].
pub fn in_range(estimator: &'static str, name: &'static str, value: f64, most: f64) -> Result<()> {
    if value >= 0.0 && value <= most && value.is_finite() {
        return Ok(());
    }
    let close = if most.is_finite() { format!("{most:?}]") } else { "inf)".into() };
    Err(wrong(estimator, name, &format!("a float in the range [0.0, {close}"), value.to_string()))
}

/// A parameter outside its range.
pub fn wrong(estimator: &'static str, name: &'static str, expected: &str, found: String) -> Error {
    Error::Parameter { estimator, name, expected: expected.into(), found }
}
