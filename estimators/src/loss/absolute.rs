//! Losses of regression with a tube in which nothing is paid: those of support vector regression.

use super::{Loss, Smooth};

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
