//! How estimators and models inside others are read: no deeper than the stack bears, whoever wrote them.

use super::MOST_NESTED;
use crate::{AnyEstimator, AnyModel};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::cell::Cell;

thread_local! {
    /// How many lists of members, or estimators inside others, are being read around this one.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// One level, which ends when this is dropped.
struct Level;

impl Level {
    /// Begins a level, of which there may be `most`.
    fn enter<E: Error>(most: usize) -> Result<Level, E> {
        if DEPTH.get() >= most {
            return Err(E::custom(format!("more than {MOST_NESTED} estimators lie in one another")));
        }
        DEPTH.set(DEPTH.get() + 1);
        Ok(Level)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// The models inside another, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// The deserialiser's, and where models lie too deep in one another.
pub(crate) fn models<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<AnyModel>, D::Error> {
    // The innermost has no list.
    let _level = Level::enter(MOST_NESTED - 1)?;
    Vec::deserialize(d)
}

/// The estimator inside another, likewise.
///
/// # Errors
/// As [`models`].
pub(crate) fn estimator<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Box<AnyEstimator>>, D::Error> {
    // The innermost may have the parameter too, and nothing there.
    let _level = Level::enter(MOST_NESTED)?;
    Option::deserialize(d)
}
