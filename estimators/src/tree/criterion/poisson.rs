//! The Poisson deviance of y around the mean of each side.

use super::moments::{Left, Moments, Sums, sums_criterion};
use super::{Criterion, row};

/// Half the Poisson deviance around the mean, averaged over the outputs. Sides whose y add up to 0 are refused.
#[derive(Debug)]
pub struct Poisson<'a>(pub Moments<'a>);

/// Sums no larger than this count as 0.
const NOTHING: f64 = f64::EPSILON;

impl Criterion for Poisson<'_> {
    sums_criterion!();

    fn of(&self, entries: &[u32]) -> Self {
        Self(self.0.of(entries))
    }

    fn impurity(&self, entries: &[u32], totals: &Sums) -> f64 {
        if totals.sums.iter().any(|&sum| sum <= NOTHING) {
            return f64::INFINITY;
        }
        if totals.extent.iter().all(|(low, high)| low == high) {
            return 0.0;
        }
        let outputs = self.0.outputs;
        let mut loss = 0.0;
        for (k, sum) in totals.sums.iter().enumerate() {
            let mean = sum / totals.weight;
            for &entry in entries {
                let y = self.0.y[row(entry) * outputs + k];
                if y > 0.0 {
                    loss += self.0.weight_of(row(entry)) * y * (y / mean).ln();
                }
            }
        }
        loss / (totals.weight * outputs as f64)
    }
    fn gain(&self, scan: &Left) -> f64 {
        let (left, right) = self.weights(scan);
        let mut gain = 0.0;
        for (&l, total) in scan.left.iter().zip(&scan.total) {
            let r = total - l;
            if l <= NOTHING || r <= NOTHING {
                return f64::NEG_INFINITY;
            }
            gain += l * (l / left).ln() + r * (r / right).ln();
        }
        gain
    }
}
