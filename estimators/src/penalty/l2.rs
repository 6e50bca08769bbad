//! The L2 penalty: ridge's.

use super::{Penalty, Smooth};

/// `½·strength·‖w‖²`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct L2 {
    /// Range [0, ∞).
    pub strength: f64,
}

impl Penalty for L2 {
    fn value(&self, block: &[f64]) -> f64 {
        0.5 * self.strength * block.iter().map(|w| w * w).sum::<f64>()
    }

    fn prox(&self, block: &mut [f64], step: f64) {
        block.iter_mut().for_each(|u| *u /= 1.0 + step * self.strength);
    }

    fn violation(&self, block: &[f64], gradient: &[f64]) -> f64 {
        let square = block.iter().zip(gradient).map(|(w, g)| (g + self.strength * w).powi(2)).sum::<f64>();
        square.sqrt()
    }
}

impl Smooth for L2 {
    fn add_gradient(&self, block: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(block).for_each(|(o, w)| *o += self.strength * w);
    }

    fn curvature(&self) -> f64 {
        self.strength
    }
}
