//! Boosting regressors: R2.

use super::rounds::{Outcome, Rounds};
use super::{AdaBoostNumbers, AdaBoostRegressor};
use crate::members::{Chance, Slicer, Sorted, fit_part, one_column};
use crate::{Backend, Checked, Control, Data, Params, Result, Target, bad_input};
use ironlearn_linalg::Layout;
use ndarray::Axis;

/// Boosts with random numbers of the caller's choice; see [`AdaBoostRegressor`].
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit; those of the estimator and of `chance`.
pub fn boost_numbers<B: Backend>(
    params: &Checked<AdaBoostRegressor>,
    data: &Data<'_>,
    chance: &mut dyn Chance,
    on: &B,
    ctl: &Control,
) -> Result<AdaBoostNumbers> {
    data.check()?;
    data.check_finite()?;
    data.check_weights_not_negative()?;
    let y = data.values(AdaBoostRegressor::NAME)?;
    if y.ncols() != 1 {
        bad_input!("AdaBoostRegressor predicts one output, not {}", y.ncols());
    }
    if u32::try_from(y.nrows()).is_err() {
        bad_input!("AdaBoostRegressor draws from up to {} rows, not {}", u32::MAX, y.nrows());
    }
    let base = params.base();
    let quiet = ctl.quiet();
    let sorted = Sorted::of(&base, data, &quiet)?;
    let slicer = Slicer::new(&data.x, Layout::Row);
    let rounds = Rounds::run(data, params.n_estimators, ctl, |round, weights| {
        let seed = chance.seed(round)?;
        let rows = draw(weights, &chance.uniforms(round, weights.len())?);
        let member = match &sorted {
            Some(sorted) => quiet.timed("grow_tree", &on.host_name(), || sorted.fit(seed, &rows, &quiet))?,
            None => {
                let part = slicer.take(&rows);
                let drawn = y.select(Axis(0), &rows.iter().map(|&row| row as usize).collect::<Vec<_>>());
                fit_part(&base, seed, &part.matrix()?, &Target::Values(drawn.view()), None, on, &quiet)?
            }
        };
        let predicted = one_column(member.predict(&data.x, &quiet)?, weights.len())?;
        let mut far: Vec<f64> = predicted.iter().zip(y).map(|(p, y)| (p - y).abs()).collect();
        let counting = far.iter().zip(&*weights).filter(|(_, w)| **w > 0.0);
        let most = counting.fold(0.0_f64, |most, (&far, _)| most.max(far));
        if most != 0.0 {
            far.iter_mut().for_each(|far| *far /= most);
        }
        far.iter_mut().for_each(|far| *far = params.loss.of(*far));
        let error: f64 = far.iter().zip(&*weights).map(|(far, w)| if *w > 0.0 { far * w } else { 0.0 }).sum();
        if error <= 0.0 {
            return Ok((seed, Outcome::Member(member, 1.0, 0.0)));
        }
        if error >= 0.5 || error.is_nan() {
            return Ok((seed, Outcome::End(member)));
        }
        let beta = error / (1.0 - error);
        if round + 1 < params.n_estimators {
            for (w, far) in weights.iter_mut().zip(&far).filter(|(w, _)| **w > 0.0) {
                *w *= beta.powf((1.0 - far) * params.learning_rate);
            }
        }
        Ok((seed, Outcome::Member(member, params.learning_rate * (1.0 / beta).ln(), error)))
    })?;
    ctl.absorb(&quiet);
    Ok(AdaBoostNumbers { rounds })
}

/// The rows that random numbers in [0, 1) stand for, each in proportion to its weight.
fn draw(weights: &[f64], uniforms: &[f64]) -> Vec<u32> {
    let sum = |total: &mut f64, w: &f64| {
        *total += w;
        Some(*total)
    };
    let mut sums: Vec<f64> = weights.iter().scan(0.0, sum).collect();
    let total = sums.last().copied().unwrap_or(1.0);
    sums.iter_mut().for_each(|sum| *sum /= total);
    // The first row whose sum exceeds the number: never one without weight.
    let row = |u: &f64| sums.partition_point(|sum| sum <= u).min(weights.len() - 1) as u32;
    uniforms.iter().map(row).collect()
}
