//! The log loss of two classes, and the two functions behind it.

use super::{Link, Loss, Mean, Smooth};

/// `1 / (1 + exp(−z))`, without overflow.
pub fn sigmoid(z: f64) -> f64 {
    let e = (-z.abs()).exp();
    let small = e / (1.0 + e);
    if z >= 0.0 { 1.0 / (1.0 + e) } else { small }
}

/// `ln(1 + exp(z))`, without overflow or loss of digits.
pub fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// `ln(1 + exp(z)) − y·z`: minus the log likelihood of the class code y, whose probability of 1 is `sigmoid(z)`.
/// y may be any number of [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LogLoss;

impl Loss for LogLoss {
    fn value(&self, y: f64, z: f64) -> f64 {
        // Each half by itself loses no digits: at y = 1, ln(1 + exp(−z)).
        z.max(0.0) - y * z + (-z.abs()).exp().ln_1p()
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        self.value_gradient(y, z).1
    }

    fn value_gradient(&self, y: f64, z: f64) -> (f64, f64) {
        let (value, gradient, _) = self.all(y, z);
        (value, gradient)
    }
}

impl Smooth for LogLoss {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        self.all(y, z).2
    }

    fn all(&self, y: f64, z: f64) -> (f64, f64, f64) {
        let e = (-z.abs()).exp();
        let near = 1.0 / (1.0 + e);
        let far = e * near;
        // p − y with the digits of the smaller of p and 1 − p.
        let gradient = if z >= 0.0 { (1.0 - y) - far } else { far - y };
        (z.max(0.0) - y * z + e.ln_1p(), gradient, near * far)
    }
}

impl Mean for LogLoss {
    fn link(&self) -> Link {
        Link::Logit
    }

    fn allows(&self, y: f64) -> bool {
        (0.0..=1.0).contains(&y)
    }
}
