//! The rows that early stopping keeps back, and the score on them.

use super::options::Options;
use crate::{Result, bad_input, folds};

/// Rows to hold out of `0..n`: those given, or a random share; with classes, that share of each of them.
///
/// # Errors
/// [`crate::Error::Input`] where nothing is left on either side, or where none of the held-out rows has a weight.
pub fn choose(
    options: &Options,
    n: usize,
    class_of: Option<&dyn Fn(usize) -> usize>,
    weight: impl Fn(usize) -> f64,
) -> Result<Vec<u32>> {
    let mut rows = match &options.validation_rows {
        Some(rows) => rows.0.clone(),
        None => folds::held_out(n, options.validation_fraction, class_of, &mut options.seeds.stream(0)),
    };
    rows.sort_unstable();
    rows.dedup();
    if rows.last().is_some_and(|&last| last as usize >= n) {
        bad_input!("validation_rows has a row beyond the {n} of X");
    }
    if rows.is_empty() || rows.len() == n {
        bad_input!(
            "Splitting {n} samples into a train set and a validation set with validation_fraction={} led to an empty \
             set ({} and {} samples). Please either change validation_fraction, increase number of samples, or disable \
             early_stopping.",
            options.validation_fraction,
            n - rows.len(),
            rows.len()
        );
    }
    rows.retain(|&i| weight(i as usize) != 0.0);
    if rows.is_empty() {
        bad_input!("The sample weights for validation set are all zero, consider using a different random state.");
    }
    Ok(rows)
}

/// The share of the weight of rows whose score has the right sign.
pub fn accuracy(predicted: &[f64], rows: &[u32], is_right: impl Fn(usize) -> bool, w: impl Fn(usize) -> f64) -> f64 {
    let (mut right, mut all) = (0.0, 0.0);
    for (&p, &i) in predicted.iter().zip(rows) {
        let (i, weight) = (i as usize, w(i as usize));
        all += weight;
        right += if (p > 0.0) == is_right(i) { weight } else { 0.0 };
    }
    right / all
}

/// The weighted R².
pub fn r2(predicted: &[f64], rows: &[u32], y: &[f64], w: impl Fn(usize) -> f64) -> f64 {
    let sum = |f: &dyn Fn(usize, f64) -> f64| -> f64 {
        predicted.iter().zip(rows).map(|(&p, &i)| w(i as usize) * f(i as usize, p)).sum()
    };
    let mean = sum(&|i, _| y[i]) / sum(&|_, _| 1.0);
    let (left, all) = (sum(&|i, p| (y[i] - p) * (y[i] - p)), sum(&|i, _| (y[i] - mean) * (y[i] - mean)));
    match (left, all) {
        (_, all) if all != 0.0 => 1.0 - left / all,
        (left, _) => f64::from(u8::from(left == 0.0)),
    }
}
