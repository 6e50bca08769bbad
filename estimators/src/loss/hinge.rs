//! The hinge family: losses of two classes that vanish beyond a margin. y is the class code, m = (2y − 1)·z.

use super::{Loss, Smooth};

/// `max(0, threshold − m)`: support vector machines at threshold 1, the perceptron at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hinge {
    /// The margin from which on nothing is paid.
    pub threshold: f64,
}

/// `max(0, threshold − m)²`, without a factor ½ (as in scikit-learn).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredHinge {
    /// The margin from which on nothing is paid.
    pub threshold: f64,
}

/// `max(0, 1 − m)²` for m ≥ −1, else `−4·m` (Zhang 2004, doi:10.1145/1015330.1015332).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ModifiedHuber;

fn sign(y: f64) -> f64 {
    2.0 * y - 1.0
}

impl Loss for Hinge {
    fn value(&self, y: f64, z: f64) -> f64 {
        (self.threshold - sign(y) * z).max(0.0)
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        if sign(y) * z <= self.threshold { -sign(y) } else { 0.0 }
    }
}

impl Loss for SquaredHinge {
    fn value(&self, y: f64, z: f64) -> f64 {
        let short = (self.threshold - sign(y) * z).max(0.0);
        short * short
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        -2.0 * sign(y) * (self.threshold - sign(y) * z).max(0.0)
    }
}

impl Smooth for SquaredHinge {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        if sign(y) * z < self.threshold { 2.0 } else { 0.0 }
    }
}

impl Loss for ModifiedHuber {
    fn value(&self, y: f64, z: f64) -> f64 {
        let m = sign(y) * z;
        let short = (1.0 - m).max(0.0);
        if m < -1.0 { -4.0 * m } else { short * short }
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        let m = sign(y) * z;
        if m < -1.0 { -4.0 * sign(y) } else { -2.0 * sign(y) * (1.0 - m).max(0.0) }
    }
}

impl Smooth for ModifiedHuber {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        if (-1.0..1.0).contains(&(sign(y) * z)) { 2.0 } else { 0.0 }
    }
}
