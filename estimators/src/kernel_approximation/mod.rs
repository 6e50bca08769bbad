//! Features whose plain products are nearly a kernel's, so that a linear model on them is nearly one with the kernel, in
//! time that is linear in the rows: [`Nystroem`] by the kernel with some of the rows, [`RBFSampler`] by random waves.

mod cosine;
mod nystroem;
mod rbf_sampler;
mod root;
#[cfg(test)]
mod tests;

pub use nystroem::{KernelFeatures, Nystroem, landmarks};
pub use rbf_sampler::{RBFSampler, RandomWaves, WaveScale, WidthRule};
pub use root::inverse_root;

use crate::preprocess::Block;
use crate::{AnyMatrix, Result, bad_input};

/// Rows of numbers for a fit: finite, and at least one of each dimension.
fn check(x: &AnyMatrix<'_>) -> Result<()> {
    let (n, p) = x.shape();
    if n == 0 || p == 0 {
        bad_input!("Found array with {n} sample(s) and {p} feature(s) while a minimum of 1 is required.");
    }
    if !x.all_finite() {
        bad_input!("Input X contains NaN or infinity.");
    }
    Ok(())
}

/// Calls `with` with the rows as a matrix.
fn with_numbers<R>(x: &Block<'_>, with: impl FnOnce(AnyMatrix<'_>) -> Result<R>) -> Result<R> {
    let numbers;
    let x = match x {
        Block::Columns(_) => {
            numbers = x.clone().into_numbers()?;
            numbers.matrix()?
        }
        _ => x.matrix()?,
    };
    match x {
        Some(x) => with(x),
        None => bad_input!("a block without numbers"),
    }
}
