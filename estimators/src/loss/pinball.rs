//! Losses of a median and of other quantiles.

use super::Loss;

/// `|y − z|`, whose minimum is the median.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Absolute;

/// `quantile·(y − z)` where y ≥ z, else `(1 − quantile)·(z − y)`: its minimum is that quantile (Koenker and Bassett
/// 1978, doi:10.2307/1913643).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pinball {
    /// The quantile. Range [0, 1].
    pub quantile: f64,
}

impl Loss for Absolute {
    fn value(&self, y: f64, z: f64) -> f64 {
        (y - z).abs()
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        if z > y { 1.0 } else { -1.0 }
    }
}

impl Loss for Pinball {
    fn value(&self, y: f64, z: f64) -> f64 {
        if y >= z { self.quantile * (y - z) } else { (1.0 - self.quantile) * (z - y) }
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        if y >= z { -self.quantile } else { 1.0 - self.quantile }
    }
}
