//! The L1 penalty: the lasso's.

use super::{ElasticNet, Gauged, Penalty};

/// `strength·Σ|w|`; with `positive` infinite where an entry is negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct L1 {
    /// Range [0, ∞).
    pub strength: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
}

impl L1 {
    fn net(self) -> ElasticNet {
        ElasticNet { l1: self.strength, l2: 0.0, positive: self.positive }
    }
}

impl Penalty for L1 {
    fn value(&self, block: &[f64]) -> f64 {
        self.net().value(block)
    }

    fn prox(&self, block: &mut [f64], step: f64) {
        self.net().prox(block, step);
    }

    fn violation(&self, block: &[f64], gradient: &[f64]) -> f64 {
        self.net().violation(block, gradient)
    }
}

impl Gauged for L1 {
    fn l1(&self) -> f64 {
        self.strength
    }

    fn l2(&self) -> f64 {
        0.0
    }

    fn polar(&self, c: &[f64]) -> f64 {
        self.net().polar(c)
    }
}
