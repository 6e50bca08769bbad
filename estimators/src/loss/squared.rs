//! Half the squared error.

use super::{Link, Loss, Mean, Smooth};

/// `(y − z)² / 2`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HalfSquared;

impl Loss for HalfSquared {
    fn value(&self, y: f64, z: f64) -> f64 {
        (y - z) * (y - z) / 2.0
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        z - y
    }
}

impl Smooth for HalfSquared {
    fn curvature(&self, _y: f64, _z: f64) -> f64 {
        1.0
    }
}

impl Mean for HalfSquared {
    fn link(&self) -> Link {
        Link::Identity
    }

    fn allows(&self, y: f64) -> bool {
        y.is_finite()
    }
}
