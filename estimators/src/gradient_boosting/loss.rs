//! The losses of boosting: their start, their negative gradients and what they pay, in scikit-learn's units.

use crate::loss::sigmoid;
use crate::quantiles;
use serde::{Deserialize, Serialize};

/// What boosting reduces. y is a number or, for classes, a code.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Loss {
    /// `ln(1 + exp(z)) − y·z`, two classes.
    Binary,
    /// `ln Σₖ exp(zₖ) − z_y`, this many classes.
    Multinomial(usize),
    /// `exp(−(2y − 1)·z)`, two classes.
    Exponential,
    /// `(y − z)²/2`.
    Squared,
    /// `|y − z|`.
    Absolute,
    /// Squared up to `delta` from the truth and straight beyond; delta is this quantile of |y − z|.
    Huber {
        /// The quantile.
        alpha: f64,
        /// The present delta.
        delta: f64,
    },
    /// `alpha·(y − z)` where y ≥ z, else `(1 − alpha)·(z − y)`.
    Quantile {
        /// The quantile.
        alpha: f64,
    },
}

/// The sums of the losses and of the weights of some rows, apart by group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paid {
    /// For each group the loss and the weight.
    pub groups: [(f64, f64); 3],
}

impl Paid {
    /// Adds others.
    pub fn add(&mut self, other: &Paid) {
        for (to, from) in self.groups.iter_mut().zip(other.groups) {
            to.0 += from.0;
            to.1 += from.1;
        }
    }
}

/// Some rows as a loss sees them: y, weights and groups (0: learnt from; 1: left out; 2: held out).
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// y, or class codes.
    pub y: &'a [f64],
    /// The weights.
    pub weights: Option<&'a [f64]>,
    /// The groups; none: all are learnt from.
    pub groups: Option<&'a [u8]>,
}

impl Loss {
    /// Raw predictions of a row, and trees of a stage.
    pub fn outputs(&self) -> usize {
        match self {
            Loss::Multinomial(classes) => *classes,
            _ => 1,
        }
    }

    /// The number of classes; 0 for numbers.
    pub fn classes(&self) -> usize {
        match self {
            Loss::Binary | Loss::Exponential => 2,
            Loss::Multinomial(classes) => *classes,
            _ => 0,
        }
    }

    /// By what scores are multiplied: scikit-learn tells whole deviances where its losses are half of them.
    pub fn factor(&self) -> f64 {
        if matches!(self, Loss::Squared | Loss::Binary) { 2.0 } else { 1.0 }
    }

    /// The best constant predictions, as scikit-learn's dummies with their links give them.
    pub fn start(&self, y: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let total: f64 = (0..y.len()).map(weight).sum();
        let share = |class: usize| {
            let own: f64 = (0..y.len()).filter(|&i| y[i] == class as f64).map(weight).sum();
            (own / total).clamp(f64::EPSILON, 1.0 - f64::EPSILON)
        };
        let quantile = |q: f64| match weights {
            Some(weights) => quantiles::weighted(y.iter().copied().zip(weights.iter().copied()).collect(), q),
            None => quantiles::between(&mut y.to_vec(), q),
        };
        match *self {
            Loss::Binary | Loss::Exponential => {
                let p = share(1);
                let logit = (p / (1.0 - p)).ln();
                vec![if *self == Loss::Binary { logit } else { logit / 2.0 }]
            }
            Loss::Multinomial(classes) => {
                let logs: Vec<f64> = (0..classes).map(|class| share(class).ln()).collect();
                let mean = logs.iter().sum::<f64>() / classes as f64;
                logs.into_iter().map(|log| log - mean).collect()
            }
            Loss::Squared => vec![(0..y.len()).map(|i| weight(i) * y[i]).sum::<f64>() / total],
            Loss::Absolute | Loss::Huber { .. } => vec![quantile(0.5)],
            Loss::Quantile { alpha } => vec![quantile(alpha)],
        }
    }

    /// Fills `gradient` with the negative gradients at the raw predictions `raw` (both rows × outputs), and returns
    /// what is paid.
    pub fn look(&self, rows: Rows<'_>, raw: &[f64], gradient: &mut [f64]) -> Paid {
        match *self {
            Loss::Binary if rows.weights.is_none() && rows.groups.is_none() => binary(rows.y, raw, gradient),
            Loss::Binary => each(rows, raw, gradient, |y, z| {
                let e = (-z.abs()).exp();
                (z.max(0.0) - y * z + e.ln_1p(), logistic(y, z, e))
            }),
            Loss::Exponential => each(rows, raw, gradient, |y, z| {
                let sign = 2.0 * y - 1.0;
                let value = (-sign * z).exp();
                (value, sign * value)
            }),
            Loss::Squared => each(rows, raw, gradient, |y, z| ((y - z) * (y - z) / 2.0, y - z)),
            Loss::Absolute => each(rows, raw, gradient, |y, z| ((y - z).abs(), if z > y { -1.0 } else { 1.0 })),
            Loss::Huber { delta, .. } => each(rows, raw, gradient, |y, z| {
                let (r, far) = (y - z, (y - z).abs());
                (if far <= delta { r * r / 2.0 } else { delta * (far - delta / 2.0) }, r.max(-delta).min(delta))
            }),
            Loss::Quantile { alpha } => each(rows, raw, gradient, |y, z| {
                if y >= z { (alpha * (y - z), alpha) } else { ((1.0 - alpha) * (z - y), alpha - 1.0) }
            }),
            Loss::Multinomial(classes) => multinomial(classes, rows, raw, gradient),
        }
    }

    /// The probabilities of a row's classes.
    pub fn probabilities(&self, raw: &[f64], out: &mut [f64]) {
        match self {
            Loss::Binary | Loss::Exponential => {
                let z = if *self == Loss::Binary { raw[0] } else { 2.0 * raw[0] };
                out[1] = sigmoid(z);
                out[0] = 1.0 - out[1];
            }
            _ => {
                softmax(raw, out);
            }
        }
    }
}

/// The softmax of `raw`; returns the logarithm of the sum of the exponentials.
fn softmax(raw: &[f64], out: &mut [f64]) -> f64 {
    let top = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (out, z) in out.iter_mut().zip(raw) {
        *out = (z - top).exp();
        sum += *out;
    }
    out.iter_mut().for_each(|out| *out /= sum);
    top + sum.ln()
}

fn each(rows: Rows<'_>, raw: &[f64], gradient: &mut [f64], one: impl Fn(f64, f64) -> (f64, f64)) -> Paid {
    let mut paid = Paid::default();
    for (i, ((&y, &z), gradient)) in rows.y.iter().zip(raw).zip(gradient).enumerate() {
        let (value, negative) = one(y, z);
        *gradient = negative;
        note(&mut paid, rows, i, value);
    }
    paid
}

fn note(paid: &mut Paid, rows: Rows<'_>, i: usize, value: f64) {
    let weight = rows.weights.map_or(1.0, |w| w[i]);
    let (sum, all) = &mut paid.groups[usize::from(rows.groups.map_or(0, |groups| groups[i])).min(2)];
    *all += weight;
    *sum += weight * value;
}

/// The negative gradient `y − p` with the digits of the smaller of p and 1 − p; `e` is `exp(−|z|)`.
#[inline(always)]
fn logistic(y: f64, z: f64, e: f64) -> f64 {
    let far = e / (1.0 + e);
    if z >= 0.0 { far - (1.0 - y) } else { y - far }
}

/// The log loss of two classes without weights: one logarithm serves many rows.
fn binary(y: &[f64], raw: &[f64], gradient: &mut [f64]) -> Paid {
    /// So many factors up to 2 stay far from overflow.
    const FACTORS: usize = 512;
    const CLOSE: f64 = 1e-2;
    let mut sum = 0.0;
    let chunks = y.chunks(FACTORS).zip(raw.chunks(FACTORS)).zip(gradient.chunks_mut(FACTORS));
    for ((y, raw), gradient) in chunks {
        let mut product = 1.0;
        for ((&y, &z), gradient) in y.iter().zip(raw).zip(gradient) {
            let e = (-z.abs()).exp();
            *gradient = logistic(y, z, e);
            sum += z.max(0.0) - y * z;
            product *= 1.0 + e;
        }
        // Factors next to 1 have lost their digits.
        let is_close = product < 1.0 + CLOSE;
        sum += if is_close { raw.iter().map(|z| (-z.abs()).exp().ln_1p()).sum() } else { product.ln() };
    }
    Paid { groups: [(sum, y.len() as f64), (0.0, 0.0), (0.0, 0.0)] }
}

fn multinomial(classes: usize, rows: Rows<'_>, raw: &[f64], gradient: &mut [f64]) -> Paid {
    let mut paid = Paid::default();
    for (i, (raw, gradient)) in raw.chunks(classes).zip(gradient.chunks_mut(classes)).enumerate() {
        let code = rows.y[i] as usize;
        let value = softmax(raw, gradient) - raw[code];
        for (class, gradient) in gradient.iter_mut().enumerate() {
            *gradient = f64::from(u8::from(class == code)) - *gradient;
        }
        note(&mut paid, rows, i, value);
    }
    paid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Negative gradients against differences of the losses.
    #[test]
    fn gradients_are_differences_of_losses() {
        let losses = [
            Loss::Binary,
            Loss::Exponential,
            Loss::Squared,
            Loss::Absolute,
            Loss::Huber { alpha: 0.9, delta: 0.7 },
            Loss::Quantile { alpha: 0.3 },
            Loss::Multinomial(3),
        ];
        for loss in losses {
            for (y, z) in [(0.0, 0.3), (1.0, -2.0), (1.0, 0.4), (0.0, 1.5)] {
                for weights in [None, Some([2.0].as_slice())] {
                    let k = loss.outputs();
                    let mut raw: Vec<f64> = (0..k).map(|c| z + 0.4 * c as f64).collect();
                    let rows = Rows { y: &[y], weights, groups: None };
                    let (mut gradient, mut unused) = (vec![0.0; k], vec![0.0; k]);
                    loss.look(rows, &raw, &mut gradient);
                    for c in 0..k {
                        let step = 1e-6;
                        raw[c] += step;
                        let more = loss.look(rows, &raw, &mut unused).groups[0];
                        raw[c] -= 2.0 * step;
                        let less = loss.look(rows, &raw, &mut unused).groups[0];
                        raw[c] += step;
                        let slope = (less.0 - more.0) / more.1 / (2.0 * step);
                        // Differences of numbers near 1, over 2e-6: eps / 1e-6 is 2e-10, the curvature adds less.
                        assert!((gradient[c] - slope).abs() < 1e-8, "{loss:?} at {y}, {z}: {} {slope}", gradient[c]);
                    }
                }
            }
        }
    }

    #[test]
    fn one_logarithm_serves_many_rows() {
        let y: Vec<f64> = (0..2000).map(|i| f64::from(i % 3 % 2)).collect();
        let raw: Vec<f64> = (0..2000).map(|i| f64::from(i % 97) * 0.3 - 14.0).collect();
        let (mut a, mut b) = (vec![0.0; 2000], vec![0.0; 2000]);
        let fast = Loss::Binary.look(Rows { y: &y, weights: None, groups: None }, &raw, &mut a);
        let groups = vec![0; 2000];
        let plain = Loss::Binary.look(Rows { y: &y, weights: None, groups: Some(&groups) }, &raw, &mut b);
        assert_eq!(a, b);
        let (fast, plain) = (fast.groups[0], plain.groups[0]);
        assert!((fast.0 - plain.0).abs() < 1e-12 * plain.0 && fast.1 == plain.1);
    }
}
