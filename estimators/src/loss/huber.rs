//! Huber's loss: squared near the truth, absolute far from it.

use super::{Loss, Smooth};

/// `r²/2` for |r| ≤ delta, else `delta·(|r| − delta/2)`, with r = y − z (Huber 1964, doi:10.1214/aoms/1177703732).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    /// Where it turns straight, in units of y. Range (0, ∞).
    pub delta: f64,
}

impl Loss for Huber {
    fn value(&self, y: f64, z: f64) -> f64 {
        let r = (y - z).abs();
        if r <= self.delta { r * r / 2.0 } else { self.delta * (r - self.delta / 2.0) }
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        (z - y).clamp(-self.delta, self.delta)
    }
}

impl Smooth for Huber {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        f64::from(u8::from((y - z).abs() <= self.delta))
    }

    fn majorant(&self, y: f64, z: f64) -> f64 {
        let r = (y - z).abs();
        if r <= self.delta { 1.0 } else { self.delta / r }
    }
}
