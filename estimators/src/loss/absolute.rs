//! Losses of regression with kinks: the quantile loss and the tube of support vector regression.

use super::{Bounded, Loss, Smooth};

/// `quantile·r` for r = y − z ≥ 0, else `(quantile − 1)·r` (Koenker and Bassett 1978, doi:10.2307/1913643).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pinball {
    /// The quantile, range (0, 1); ½ is half the absolute error.
    pub quantile: f64,
}

/// `max(0, |y − z| − epsilon)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpsilonInsensitive {
    /// Half the width of the tube, in units of y. Range [0, ∞).
    pub epsilon: f64,
}

/// `max(0, |y − z| − epsilon)²`, without a factor ½ (as in scikit-learn).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredEpsilonInsensitive {
    /// Half the width of the tube, in units of y. Range [0, ∞).
    pub epsilon: f64,
}

impl Loss for Pinball {
    fn value(&self, y: f64, z: f64) -> f64 {
        let r = y - z;
        if r >= 0.0 { self.quantile * r } else { (self.quantile - 1.0) * r }
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        if y >= z { -self.quantile } else { 1.0 - self.quantile }
    }
}

impl Loss for EpsilonInsensitive {
    fn value(&self, y: f64, z: f64) -> f64 {
        ((y - z).abs() - self.epsilon).max(0.0)
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        if y - z > self.epsilon {
            -1.0
        } else if z - y > self.epsilon {
            1.0
        } else {
            0.0
        }
    }
}

impl Loss for SquaredEpsilonInsensitive {
    fn value(&self, y: f64, z: f64) -> f64 {
        let outside = ((y - z).abs() - self.epsilon).max(0.0);
        outside * outside
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        2.0 * ((z - y).abs() - self.epsilon).max(0.0) * (z - y).signum()
    }
}

impl Smooth for SquaredEpsilonInsensitive {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        if (y - z).abs() > self.epsilon { 2.0 } else { 0.0 }
    }
}

impl Bounded for SquaredEpsilonInsensitive {
    fn largest_curvature(&self) -> f64 {
        2.0
    }
}
