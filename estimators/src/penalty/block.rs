//! The penalty that takes a feature in or leaves it out for all outputs together.

use super::{Gauged, Penalty};

/// `l1·‖w‖ + ½·l2·‖w‖²` on each feature's block: L2/L1, the multi-task lasso's, and its elastic net.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockElasticNet {
    /// Range [0, ∞).
    pub l1: f64,
    /// Range [0, ∞).
    pub l2: f64,
}

fn norm(block: &[f64]) -> f64 {
    block.iter().map(|v| v * v).sum::<f64>().sqrt()
}

impl Penalty for BlockElasticNet {
    fn value(&self, block: &[f64]) -> f64 {
        let length = norm(block);
        self.l1 * length + 0.5 * self.l2 * length * length
    }

    #[inline]
    fn prox(&self, block: &mut [f64], step: f64) {
        let length = norm(block);
        let keep = (length - step * self.l1).max(0.0);
        let scale = if keep > 0.0 { keep / (length * (1.0 + step * self.l2)) } else { 0.0 };
        block.iter_mut().for_each(|u| *u *= scale);
    }

    fn violation(&self, block: &[f64], gradient: &[f64]) -> f64 {
        let length = norm(block);
        if length == 0.0 {
            return (norm(gradient) - self.l1).max(0.0);
        }
        let slope = self.l1 / length + self.l2;
        block.iter().zip(gradient).map(|(w, g)| (g + slope * w).powi(2)).sum::<f64>().sqrt()
    }
}

impl Gauged for BlockElasticNet {
    fn l1(&self) -> f64 {
        self.l1
    }

    fn l2(&self) -> f64 {
        self.l2
    }

    #[inline]
    fn polar(&self, c: &[f64]) -> f64 {
        norm(c)
    }
}
