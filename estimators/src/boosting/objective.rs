//! What boosting asks of a loss: where to begin, gradients and hessians of all rows, the mean loss, probabilities.

use crate::binning::weighted_percentile;
use crate::loss::{
    Absolute, HalfGamma, HalfPoisson, HalfSquared, Link, LogLoss, Loss, Multinomial, Pinball, Smooth, exp_all,
};
use crate::quantiles;
use crate::{Control, Result};
use ironlearn_linalg::threads;
use serde::{Deserialize, Serialize};

/// A loss of boosting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// `(y − z)² / 2`.
    SquaredError,
    /// `|y − z|`.
    AbsoluteError,
    /// The pinball loss of this quantile.
    Quantile(f64),
    /// Half the Poisson deviance, mean `exp(z)`.
    Poisson,
    /// Half the Gamma deviance, mean `exp(z)`.
    Gamma,
    /// The log loss of two classes.
    LogLoss,
    /// The log loss of this many classes.
    Multinomial(usize),
}

/// Rows of a tile.
const TILE: usize = 4096;

/// The weighted mean; NaN where nothing weighs.
fn mean(values: impl Iterator<Item = f64>, weights: Option<&[f64]>, n: usize) -> f64 {
    match weights {
        None => values.sum::<f64>() / n as f64,
        Some(weights) => {
            let (mut sum, mut total) = (0.0, 0.0);
            for (v, &w) in values.zip(weights) {
                sum += v * w;
                total += w;
            }
            sum / total
        }
    }
}

impl Objective {
    /// Raw predictions of a row, and trees of an iteration.
    pub fn n_outputs(self) -> usize {
        if let Objective::Multinomial(classes) = self { classes } else { 1 }
    }

    /// How a raw prediction becomes a mean.
    pub fn link(self) -> Link {
        match self {
            Objective::Poisson | Objective::Gamma => Link::Log,
            Objective::LogLoss => Link::Logit,
            _ => Link::Identity,
        }
    }

    /// Whether the second derivative is 1 everywhere.
    pub fn constant_hessian(self) -> bool {
        matches!(self, Objective::SquaredError | Objective::AbsoluteError | Objective::Quantile(_))
    }

    /// The quantile of the residuals that a leaf takes instead of a Newton step, where the loss has no second derivative.
    pub fn leaf_quantile(self) -> Option<f64> {
        match self {
            Objective::AbsoluteError => Some(0.5),
            Objective::Quantile(q) => Some(q),
            _ => None,
        }
    }

    /// The quantile of some values with their weights, as a leaf or a beginning takes it; the values are put in another
    /// order.
    pub fn quantile(values: &mut [f64], weights: Option<&[f64]>, quantile: f64) -> f64 {
        match weights {
            None => quantiles::between(values, quantile),
            Some(weights) => {
                let mut pairs: Vec<(f64, f64)> = values.iter().copied().zip(weights.iter().copied()).collect();
                pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
                weighted_percentile(&pairs, 100.0 * quantile, false)
            }
        }
    }

    /// The raw predictions that fit best without any tree.
    pub fn baseline(self, y: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
        let n = y.len();
        let plain = || mean(y.iter().copied(), weights, n);
        let eps = 10.0 * f64::EPSILON;
        vec![match self {
            Objective::SquaredError => plain(),
            Objective::AbsoluteError => Self::quantile(&mut y.to_vec(), weights, 0.5),
            Objective::Quantile(q) => Self::quantile(&mut y.to_vec(), weights, q),
            Objective::Poisson | Objective::Gamma => plain().max(eps).ln(),
            Objective::LogLoss => Link::Logit.of(plain().clamp(eps, 1.0 - eps)),
            Objective::Multinomial(classes) => {
                let share = |k: usize| mean(y.iter().map(|&y| f64::from(u8::from(y as usize == k))), weights, n);
                let logs: Vec<f64> =
                    (0..classes).map(|k| share(k).clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()).collect();
                let middle = logs.iter().sum::<f64>() / classes as f64;
                return logs.into_iter().map(|log| log - middle).collect();
            }
        }]
    }

    /// Writes gradient and hessian of each row and output into `pairs` (output after output) from the raw predictions
    /// (likewise).
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn gradients(
        self,
        y: &[f64],
        weights: Option<&[f64]>,
        raw: &[f64],
        pairs: &mut [[f32; 2]],
        ctl: &Control,
    ) -> Result<()> {
        match self {
            Objective::SquaredError => kinked(HalfSquared, y, weights, raw, pairs, ctl),
            Objective::AbsoluteError => kinked(Absolute, y, weights, raw, pairs, ctl),
            Objective::Quantile(quantile) => kinked(Pinball { quantile }, y, weights, raw, pairs, ctl),
            Objective::Poisson => smooth(HalfPoisson, y, weights, raw, pairs, ctl),
            Objective::Gamma => smooth(HalfGamma, y, weights, raw, pairs, ctl),
            Objective::LogLoss => two_classes(y, weights, raw, pairs, ctl),
            Objective::Multinomial(classes) => several(classes, y, weights, raw, pairs, ctl),
        }
    }

    /// The weighted mean of the loss.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn mean_loss(self, y: &[f64], weights: Option<&[f64]>, raw: &[f64], ctl: &Control) -> Result<f64> {
        fn sum<L: Loss>(loss: L, y: &[f64], weights: Option<&[f64]>, raw: &[f64], ctl: &Control) -> Result<f64> {
            let one = |i: usize| weights.map_or(1.0, |w| w[i]) * loss.value(y[i], raw[i]);
            let parts = threads::map_tiles(ctl, y.len(), TILE, |rows| rows.map(one).sum::<f64>())?;
            Ok(parts.into_iter().sum())
        }
        let n = y.len();
        let total = weights.map_or(n as f64, |w| w.iter().sum());
        let sum = match self {
            Objective::SquaredError => sum(HalfSquared, y, weights, raw, ctl)?,
            Objective::AbsoluteError => sum(Absolute, y, weights, raw, ctl)?,
            Objective::Quantile(quantile) => sum(Pinball { quantile }, y, weights, raw, ctl)?,
            Objective::Poisson => sum(HalfPoisson, y, weights, raw, ctl)?,
            Objective::Gamma => sum(HalfGamma, y, weights, raw, ctl)?,
            Objective::LogLoss => sum(LogLoss, y, weights, raw, ctl)?,
            Objective::Multinomial(classes) => {
                let parts = threads::map_tiles(ctl, n, TILE, |rows| {
                    let mut z = vec![0.0; classes];
                    let mut one = |i: usize| {
                        z.iter_mut().enumerate().for_each(|(k, z)| *z = raw[k * n + i]);
                        weights.map_or(1.0, |w| w[i]) * Multinomial.value(y[i] as usize, &z)
                    };
                    rows.map(&mut one).sum::<f64>()
                })?;
                parts.into_iter().sum()
            }
        };
        Ok(sum / total)
    }
}

/// Losses whose second derivative is taken to be 1.
fn kinked<L: Loss>(
    loss: L,
    y: &[f64],
    weights: Option<&[f64]>,
    raw: &[f64],
    pairs: &mut [[f32; 2]],
    ctl: &Control,
) -> Result<()> {
    threads::fill_rows(ctl, pairs, 1, TILE, |first, pairs| {
        let rows = y[first..].iter().zip(&raw[first..]).zip(pairs.iter_mut());
        match weights {
            None => rows.for_each(|((&y, &z), pair)| *pair = [loss.gradient(y, z) as f32, 1.0]),
            Some(weights) => rows.zip(&weights[first..]).for_each(|(((&y, &z), pair), &w)| {
                *pair = [(w * loss.gradient(y, z)) as f32, w as f32];
            }),
        }
    })?;
    Ok(())
}

fn smooth<L: Smooth>(
    loss: L,
    y: &[f64],
    weights: Option<&[f64]>,
    raw: &[f64],
    pairs: &mut [[f32; 2]],
    ctl: &Control,
) -> Result<()> {
    threads::fill_rows(ctl, pairs, 1, TILE, |first, pairs| {
        let rows = y[first..].iter().zip(&raw[first..]).zip(pairs.iter_mut()).enumerate();
        rows.for_each(|(i, ((&y, &z), pair))| {
            let (_, gradient, hessian) = loss.all(y, z);
            let w = weights.map_or(1.0, |w| w[first + i]);
            *pair = [(w * gradient) as f32, (w * hessian) as f32];
        });
    })?;
    Ok(())
}

/// Rows whose exponentials are taken at once.
const NEAR: usize = 256;

/// The log loss of two classes, as [`LogLoss`] has it.
fn two_classes(y: &[f64], weights: Option<&[f64]>, raw: &[f64], pairs: &mut [[f32; 2]], ctl: &Control) -> Result<()> {
    let pair = |y: f64, z: f64, e: f64, w: f64| {
        let near = 1.0 / (1.0 + e);
        let far = e * near;
        // p − y with the digits of the smaller of p and 1 − p.
        let gradient = if z >= 0.0 { (1.0 - y) - far } else { far - y };
        [(w * gradient) as f32, (w * (near * far)) as f32]
    };
    threads::fill_rows(ctl, pairs, 1, TILE, |tile, pairs| {
        for (i, pairs) in pairs.chunks_mut(NEAR).enumerate() {
            let first = tile + i * NEAR;
            let rows = first..first + pairs.len();
            let (y, raw) = (&y[rows.clone()], &raw[rows.clone()]);
            let mut e = [0.0; NEAR];
            e.iter_mut().zip(raw).for_each(|(e, z)| *e = -z.abs());
            exp_all(&mut e[..pairs.len()]);
            let rows_in = pairs.iter_mut().zip(y).zip(raw).zip(&e);
            match weights {
                None => rows_in.for_each(|(((out, &y), &z), &e)| *out = pair(y, z, e, 1.0)),
                Some(weights) => {
                    rows_in.zip(&weights[rows]).for_each(|((((out, &y), &z), &e), &w)| *out = pair(y, z, e, w));
                }
            }
        }
    })?;
    Ok(())
}

/// One tile of the several classes' pairs: a piece of each class.
struct Piece<'a> {
    first: usize,
    pairs: Vec<&'a mut [[f32; 2]]>,
}

/// The log loss of several classes: probabilities p by the softmax, p less the truth, p·(1 − p).
fn several(
    classes: usize,
    y: &[f64],
    weights: Option<&[f64]>,
    raw: &[f64],
    pairs: &mut [[f32; 2]],
    ctl: &Control,
) -> Result<()> {
    let n = y.len();
    let mut pieces: Vec<Piece<'_>> =
        (0..n).step_by(TILE).map(|first| Piece { first, pairs: Vec::with_capacity(classes) }).collect();
    for of_class in pairs.chunks_mut(n) {
        pieces.iter_mut().zip(of_class.chunks_mut(TILE)).for_each(|(piece, pairs)| piece.pairs.push(pairs));
    }
    threads::each(ctl, &mut pieces, |_, piece| {
        let mut p = vec![0.0; classes * NEAR];
        for start in (0..piece.pairs[0].len()).step_by(NEAR) {
            let first = piece.first + start;
            let m = NEAR.min(piece.pairs[0].len() - start);
            softmax(classes, m, |k| &raw[k * n + first..k * n + first + m], &mut p);
            for (k, pairs) in piece.pairs.iter_mut().enumerate() {
                let rows = pairs[start..start + m].iter_mut().zip(&p[k * NEAR..]).zip(&y[first..]).enumerate();
                for (i, ((pair, &p), &y)) in rows {
                    let truth = if y == k as f64 { 1.0 } else { 0.0 };
                    let w = weights.map_or(1.0, |w| w[first + i]);
                    *pair = [(w * (p - truth)) as f32, (w * (p * (1.0 - p))) as f32];
                }
            }
        }
    })?;
    Ok(())
}

/// The probabilities of m rows, class after class, [`NEAR`] places each, from the raw predictions of each class.
fn softmax<'a>(classes: usize, m: usize, raw: impl Fn(usize) -> &'a [f64], p: &mut [f64]) {
    let (mut largest, mut sum) = ([f64::NEG_INFINITY; NEAR], [0.0; NEAR]);
    for k in 0..classes {
        largest.iter_mut().zip(raw(k)).for_each(|(largest, &z)| *largest = if z > *largest { z } else { *largest });
    }
    for (k, p) in p.chunks_exact_mut(NEAR).enumerate() {
        p.iter_mut().zip(raw(k)).zip(&largest).for_each(|((p, &z), &largest)| *p = z - largest);
        exp_all(&mut p[..m]);
        sum.iter_mut().zip(&p[..m]).for_each(|(sum, p)| *sum += p);
    }
    sum.iter_mut().for_each(|sum| *sum = 1.0 / *sum);
    for p in p.chunks_exact_mut(NEAR) {
        p.iter_mut().zip(&sum).for_each(|(p, scale)| *p *= scale);
    }
}
