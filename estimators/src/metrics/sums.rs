//! Weighted sums over rows, and the checks that all scores share.

use crate::{Result, bad_input};
use ndarray::ArrayView1;

/// Numbers summed by themselves before their sum joins the others: keeps the rounding of long sums small.
const BLOCK: usize = 1024;

/// The weights of the rows; without any, 1 each.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a>(Option<ArrayView1<'a, f64>>);

impl<'a> Weights<'a> {
    /// Checks the number of rows of everything, and the weights.
    pub(super) fn new(n: usize, predicted: usize, weights: Option<ArrayView1<'a, f64>>) -> Result<Self> {
        if n != predicted {
            bad_input!("Found input variables with inconsistent numbers of samples: [{n}, {predicted}]");
        }
        if n == 0 {
            bad_input!("Found array with 0 sample(s) while a minimum of 1 is required.");
        }
        if let Some(weights) = weights {
            if weights.len() != n {
                bad_input!("sample_weight.shape == ({},), expected ({n},)!", weights.len());
            }
            if weights.iter().any(|w| !w.is_finite()) {
                bad_input!("Input sample_weight contains NaN or infinity.");
            }
            if weights.iter().any(|&w| w < 0.0) {
                bad_input!("Negative values in data passed to `sample_weight`");
            }
            if weights.iter().all(|&w| w == 0.0) {
                bad_input!("Sample weights must contain at least one non-zero number.");
            }
        }
        Ok(Weights(weights))
    }

    /// The weight of row `i`.
    pub(super) fn of(&self, i: usize) -> f64 {
        self.0.map_or(1.0, |weights| weights[i])
    }

    /// `Σ w·value(i)` over rows of positive weight.
    pub(super) fn sum(&self, n: usize, value: impl Fn(usize) -> f64) -> f64 {
        let mut total = 0.0;
        for first in (0..n).step_by(BLOCK) {
            let mut block = 0.0;
            for i in first..n.min(first + BLOCK) {
                let weight = self.of(i);
                if weight > 0.0 {
                    block += weight * value(i);
                }
            }
            total += block;
        }
        total
    }

    /// `Σ w·value(i) / Σ w`.
    pub(super) fn mean(&self, n: usize, value: impl Fn(usize) -> f64) -> f64 {
        self.sum(n, value) / self.sum(n, |_| 1.0)
    }
}

/// Checks that all numbers are finite.
pub(super) fn check_finite<'a>(what: &str, values: impl IntoIterator<Item = &'a f64>) -> Result<()> {
    if values.into_iter().any(|v| !v.is_finite()) {
        bad_input!("Input {what} contains NaN or infinity.");
    }
    Ok(())
}
