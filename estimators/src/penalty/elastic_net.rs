//! The elastic net's penalty (Zou and Hastie 2005), with or without a sign.

use super::{Gauged, Penalty, soft_threshold};

/// `l1·Σ|w| + ½·l2·Σw²`; with `positive` infinite where an entry is negative. On blocks: entry by entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ElasticNet {
    /// Range [0, ∞).
    pub l1: f64,
    /// Range [0, ∞).
    pub l2: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
}

impl Penalty for ElasticNet {
    fn value(&self, block: &[f64]) -> f64 {
        let one = |&w: &f64| {
            if self.positive && w < 0.0 { f64::INFINITY } else { self.l1 * w.abs() + 0.5 * self.l2 * w * w }
        };
        block.iter().map(one).sum()
    }

    #[inline]
    fn prox(&self, block: &mut [f64], step: f64) {
        for u in block {
            let near = soft_threshold(*u, step * self.l1) / (1.0 + step * self.l2);
            *u = if self.positive { near.max(0.0) } else { near };
        }
    }

    fn violation(&self, block: &[f64], gradient: &[f64]) -> f64 {
        let one = |(&w, &g): (&f64, &f64)| {
            let slope = g + self.l2 * w;
            if w > 0.0 {
                (slope + self.l1).abs()
            } else if w < 0.0 {
                if self.positive { f64::INFINITY } else { (slope - self.l1).abs() }
            } else if self.positive {
                (-slope - self.l1).max(0.0)
            } else {
                (slope.abs() - self.l1).max(0.0)
            }
        };
        block.iter().zip(gradient).map(one).fold(0.0, f64::max)
    }
}

impl Gauged for ElasticNet {
    fn l1(&self) -> f64 {
        self.l1
    }

    fn l2(&self) -> f64 {
        self.l2
    }

    #[inline]
    fn polar(&self, c: &[f64]) -> f64 {
        let one = |&c: &f64| if self.positive { c.max(0.0) } else { c.abs() };
        c.iter().map(one).fold(0.0, f64::max)
    }
}
