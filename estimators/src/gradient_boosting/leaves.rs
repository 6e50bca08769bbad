//! The step of each leaf: what minimises the loss of its rows, by one Newton step or by a quantile (Friedman 2001,
//! doi:10.1214/aos/1013203451, algorithm 1, step 5; with scikit-learn's factors).

use super::loss::Loss;
use super::shallow::Grown;
use crate::quantiles;

/// Curvatures below this count as 0: such a leaf takes no step.
const FLAT: f64 = 1e-150;

/// What the leaves' steps are taken from.
#[derive(Debug)]
pub struct Target<'a> {
    /// The loss.
    pub loss: Loss,
    /// Which of its outputs.
    pub output: usize,
    /// y, or class codes.
    pub y: &'a [f64],
    /// The weights.
    pub weights: Option<&'a [f64]>,
    /// The negative gradients of this output.
    pub gradient: &'a [f64],
    /// The raw predictions, rows × outputs.
    pub raw: &'a [f64],
    /// The rows that were learnt from.
    pub rows: &'a [u32],
}

/// Puts each leaf's step in the place of its value.
pub fn step(grown: &mut Grown, target: &Target<'_>) {
    match target.loss {
        // The mean gradient, which is there, is the step.
        Loss::Squared => {}
        Loss::Binary => newton(grown, target, 1.0, |y, g| (y - g) * (1.0 - (y - g))),
        Loss::Multinomial(classes) => {
            let output = target.output as f64;
            let share = (classes - 1) as f64 / classes as f64;
            newton(grown, target, share, |y, g| {
                let p = f64::from(u8::from(y == output)) - g;
                p * (1.0 - p)
            });
        }
        Loss::Exponential => newton(grown, target, 1.0, |y, g| if y == 0.0 { -g } else { g }),
        Loss::Absolute => each(grown, target, |rows| at(rows, 0.5)),
        Loss::Quantile { alpha } => each(grown, target, |rows| at(rows, alpha)),
        Loss::Huber { delta, .. } => each(grown, target, |rows| {
            let median = at(rows.clone(), 0.5);
            let (mut sum, mut weight) = (0.0, 0.0);
            for (residual, w) in rows {
                sum += w * (residual - median).clamp(-delta, delta);
                weight += w;
            }
            median + sum / weight
        }),
    }
}

fn at(rows: Vec<(f64, f64)>, q: f64) -> f64 {
    if rows.iter().all(|(_, weight)| *weight == 1.0) {
        return quantiles::plain(rows.into_iter().map(|(value, _)| value).collect(), q);
    }
    quantiles::weighted(rows, q)
}

/// The mean of the gradients over the mean of the curvatures.
fn newton(grown: &mut Grown, target: &Target<'_>, share: f64, curvature: impl Fn(f64, f64) -> f64) {
    let mut sums = vec![(0.0, 0.0, 0.0); grown.tree.node_count()];
    for &row in target.rows {
        let row = row as usize;
        let (w, g) = (target.weights.map_or(1.0, |w| w[row]), target.gradient[row]);
        let sum = &mut sums[grown.leaves[row] as usize];
        sum.0 += w * g;
        sum.1 += w * curvature(target.y[row], g);
        sum.2 += w;
    }
    for (leaf, (gradient, curvature, weight)) in sums.into_iter().enumerate() {
        if grown.tree.children_left[leaf] < 0 {
            let curvature = curvature / weight;
            let step = if curvature.abs() < FLAT { 0.0 } else { share * (gradient / weight) / curvature };
            grown.tree.value[[leaf, 0]] = step;
        }
    }
}

/// A step from the residuals and weights of each leaf's rows.
fn each(grown: &mut Grown, target: &Target<'_>, step: impl Fn(Vec<(f64, f64)>) -> f64) {
    let mut rows: Vec<Vec<(f64, f64)>> = vec![Vec::new(); grown.tree.node_count()];
    for &row in target.rows {
        let row = row as usize;
        let w = target.weights.map_or(1.0, |w| w[row]);
        rows[grown.leaves[row] as usize].push((target.y[row] - target.raw[row], w));
    }
    for (leaf, rows) in rows.into_iter().enumerate() {
        if grown.tree.children_left[leaf] < 0 {
            grown.tree.value[[leaf, 0]] = step(rows);
        }
    }
}
