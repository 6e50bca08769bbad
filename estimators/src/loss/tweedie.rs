//! Half the deviance of Poisson, Gamma and the other Tweedie distributions, by the log link or, for Tweedie, the
//! identity. Terms of y alone are left out.

use super::{Link, Loss, Mean, Smooth};

/// `exp(z) − y·z`: half the Poisson deviance with mean exp(z). y ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HalfPoisson;

/// `z + y·exp(−z)`: half the Gamma deviance with mean exp(z). y > 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HalfGamma;

/// Half the Tweedie deviance with mean exp(z): `exp((2−p)·z)/(2−p) − y·exp((1−p)·z)/(1−p)`, with its limits at the
/// powers 1 and 2; power 0 is `(exp(z) − y)²/2` and, like every power below 1 or above 2, not convex in z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfTweedie {
    /// The power of the mean that the variance grows with: 0, or 1 and above; below 0 for extreme stable ones.
    pub power: f64,
}

/// [`HalfTweedie`] with mean z; for powers other than 0 infinite where z ≤ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfTweedieIdentity {
    /// As in [`HalfTweedie`].
    pub power: f64,
}

/// Whether a Tweedie distribution of this power can give y.
fn observable(power: f64, y: f64) -> bool {
    if power <= 0.0 {
        y.is_finite()
    } else if power < 2.0 {
        y >= 0.0 && y.is_finite()
    } else {
        y > 0.0 && y.is_finite()
    }
}

impl Loss for HalfPoisson {
    fn value(&self, y: f64, z: f64) -> f64 {
        z.exp() - y * z
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        z.exp() - y
    }

    fn value_gradient(&self, y: f64, z: f64) -> (f64, f64) {
        let mean = z.exp();
        (mean - y * z, mean - y)
    }
}

impl Smooth for HalfPoisson {
    fn curvature(&self, _y: f64, z: f64) -> f64 {
        z.exp()
    }

    fn all(&self, y: f64, z: f64) -> (f64, f64, f64) {
        let mean = z.exp();
        (mean - y * z, mean - y, mean)
    }
}

impl Mean for HalfPoisson {
    fn link(&self) -> Link {
        Link::Log
    }

    fn allows(&self, y: f64) -> bool {
        observable(1.0, y)
    }
}

impl Loss for HalfGamma {
    fn value(&self, y: f64, z: f64) -> f64 {
        z + y * (-z).exp()
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        1.0 - y * (-z).exp()
    }

    fn value_gradient(&self, y: f64, z: f64) -> (f64, f64) {
        let ratio = y * (-z).exp();
        (z + ratio, 1.0 - ratio)
    }
}

impl Smooth for HalfGamma {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        y * (-z).exp()
    }

    fn all(&self, y: f64, z: f64) -> (f64, f64, f64) {
        let ratio = y * (-z).exp();
        (z + ratio, 1.0 - ratio, ratio)
    }
}

impl Mean for HalfGamma {
    fn link(&self) -> Link {
        Link::Log
    }

    fn allows(&self, y: f64) -> bool {
        observable(2.0, y)
    }
}

impl Loss for HalfTweedie {
    fn value(&self, y: f64, z: f64) -> f64 {
        self.value_gradient(y, z).0
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        self.value_gradient(y, z).1
    }

    fn value_gradient(&self, y: f64, z: f64) -> (f64, f64) {
        let p = self.power;
        if p == 0.0 {
            let mean = z.exp();
            return ((mean - y) * (mean - y) / 2.0, mean * (mean - y));
        } else if p == 1.0 {
            return HalfPoisson.value_gradient(y, z);
        } else if p == 2.0 {
            return HalfGamma.value_gradient(y, z);
        }
        let (a, b) = (((2.0 - p) * z).exp(), y * ((1.0 - p) * z).exp());
        (a / (2.0 - p) - b / (1.0 - p), a - b)
    }
}

impl Smooth for HalfTweedie {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        let p = self.power;
        (2.0 - p) * ((2.0 - p) * z).exp() - (1.0 - p) * y * ((1.0 - p) * z).exp()
    }

    /// Where the second derivative may be negative, its expectation: `exp((2−p)·z)` (Fisher's scoring).
    fn majorant(&self, y: f64, z: f64) -> f64 {
        let convex = (1.0..=2.0).contains(&self.power) && self.allows(y);
        if convex { self.curvature(y, z) } else { ((2.0 - self.power) * z).exp() }
    }
}

impl Mean for HalfTweedie {
    fn link(&self) -> Link {
        Link::Log
    }

    fn allows(&self, y: f64) -> bool {
        observable(self.power, y)
    }
}

impl HalfTweedieIdentity {
    fn outside(&self, z: f64) -> bool {
        self.power != 0.0 && z <= 0.0
    }
}

impl Loss for HalfTweedieIdentity {
    fn value(&self, y: f64, z: f64) -> f64 {
        let p = self.power;
        if self.outside(z) {
            f64::INFINITY
        } else if p == 0.0 {
            (y - z) * (y - z) / 2.0
        } else if p == 1.0 {
            z - if y == 0.0 { 0.0 } else { y * z.ln() }
        } else if p == 2.0 {
            y / z + z.ln()
        } else {
            z.powf(2.0 - p) / (2.0 - p) - y * z.powf(1.0 - p) / (1.0 - p)
        }
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        if self.outside(z) {
            return f64::NEG_INFINITY;
        }
        if self.power == 0.0 { z - y } else { z.powf(-self.power) * (z - y) }
    }
}

impl Smooth for HalfTweedieIdentity {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        let p = self.power;
        if self.outside(z) {
            f64::INFINITY
        } else if p == 0.0 {
            1.0
        } else {
            z.powf(-p) * (1.0 - p) + p * y * z.powf(-p - 1.0)
        }
    }

    /// Where the second derivative may be negative, its expectation: `z^(−p)` (Fisher's scoring).
    fn majorant(&self, y: f64, z: f64) -> f64 {
        let curvature = self.curvature(y, z);
        if (0.0..=1.0).contains(&self.power) && self.allows(y) { curvature } else { z.powf(-self.power) }
    }
}

impl Mean for HalfTweedieIdentity {
    fn link(&self) -> Link {
        Link::Identity
    }

    fn allows(&self, y: f64) -> bool {
        observable(self.power, y)
    }
}
