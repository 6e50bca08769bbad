//! Early stopping: the rows that are held out, and when it is enough.

use super::objective::Objective;
use super::params::Settings;
use crate::tree::Count;
use crate::{AnyMatrix, Result, bad_input};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What early stopping looks at.
#[derive(Debug, Clone)]
pub enum HeldOut<'a> {
    /// A part of the rows, drawn as the parameters say; each class gives its share.
    Drawn,
    /// These rows: those trained on and those held out.
    Rows(&'a [u32], &'a [u32]),
    /// Other data: X, y and weights.
    Data(AnyMatrix<'a>, &'a [f64], Option<&'a [f64]>),
    /// The rows trained on.
    Nothing,
}

/// Whether none of the last `patience` scores is better than the one before them by more than `tol`.
pub fn stopped(scores: &[f64], patience: usize, tol: f64) -> bool {
    let Some(at) = scores.len().checked_sub(patience.saturating_add(1)) else { return false };
    !scores[at + 1..].iter().any(|&score| score > scores[at] + tol)
}

/// Rows to train on and rows held out, both rising; of each class the same share.
///
/// # Errors
/// [`crate::Error::Input`] where none is left to train on, or none held out.
pub fn draw(settings: &Settings, y: &[f64]) -> Result<(Vec<u32>, Vec<u32>)> {
    let n = y.len();
    let wanted = match settings.validation_fraction {
        Some(Count::Rows(rows)) => usize::try_from(rows).unwrap_or(usize::MAX),
        Some(Count::Share(share)) => (share * n as f64).ceil() as usize,
        None => 0,
    };
    if wanted == 0 || wanted >= n {
        bad_input!("validation_fraction leaves {} of {n} rows to train on", n.saturating_sub(wanted));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(settings.random_state);
    rng.set_stream(u64::MAX);
    let mut order: Vec<(u64, u32)> = (0..n as u32).map(|row| (rng.next_u64(), row)).collect();
    order.sort_unstable();
    if matches!(settings.objective, Objective::LogLoss | Objective::Multinomial(_)) {
        // By class, each in random order; every so many rows one is held out.
        order.sort_by(|a, b| y[a.1 as usize].total_cmp(&y[b.1 as usize]));
    }
    let (mut train, mut held) = (Vec::with_capacity(n - wanted), Vec::with_capacity(wanted));
    for (i, &(_, row)) in order.iter().enumerate() {
        let takes = (i as u128 + 1) * wanted as u128 / n as u128 > i as u128 * wanted as u128 / n as u128;
        if takes { held.push(row) } else { train.push(row) }
    }
    train.sort_unstable();
    held.sort_unstable();
    Ok((train, held))
}
