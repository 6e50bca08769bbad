//! Pointwise losses: what a fit pays for predicting `z` where the truth is `y`. Linear models and boosting share them.
//!
//! A loss is a small `Copy` value; what it can do is a trait bound. Every loss is a [`Loss`] (a value and a
//! subgradient in z); one with a second derivative is [`Smooth`]; one whose mean is a known function of z has a
//! [`Link`]. A solver names what it needs: `Newton` asks for `Smooth`, and a hinge given to it does not compile.
//!
//! Conventions: z is the raw prediction, before any link. Losses of two classes take the class code, y = 0 or 1, and
//! speak of the margin m = (2y − 1)·z. The weights of rows are the caller's.

mod absolute;
mod exponential;
mod hinge;
mod huber;
mod link;
mod logistic;
mod multinomial;
mod pinball;
mod squared;
mod tweedie;

pub use absolute::{EpsilonInsensitive, SquaredEpsilonInsensitive};
pub use exponential::exp_all;
pub use hinge::{Hinge, ModifiedHuber, SquaredHinge};
pub use huber::Huber;
pub use link::Link;
pub use logistic::{LogLoss, sigmoid, softplus};
pub use multinomial::Multinomial;
pub use pinball::{Absolute, Pinball};
pub use squared::HalfSquared;
pub use tweedie::{HalfGamma, HalfPoisson, HalfTweedie, HalfTweedieIdentity};

/// A loss of one row: convex in the raw prediction `z` where its type does not say otherwise.
pub trait Loss: Copy + Send + Sync {
    /// The loss, in its own units; constants that depend on y alone may be left out.
    fn value(&self, y: f64, z: f64) -> f64;

    /// The derivative in z; at a kink a subgradient.
    fn gradient(&self, y: f64, z: f64) -> f64;

    /// Both at once, where that is cheaper.
    fn value_gradient(&self, y: f64, z: f64) -> (f64, f64) {
        (self.value(y, z), self.gradient(y, z))
    }

    /// The sum of the losses of some rows, whose raw predictions become the derivatives. A loss with exponentials
    /// does this for many rows at once.
    fn tile(&self, y: &[f64], z: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for (&y, z) in y.iter().zip(z) {
            let (value, gradient) = self.value_gradient(y, *z);
            *z = gradient;
            sum += value;
        }
        sum
    }

    /// [`Loss::tile`] with a weight for each row.
    fn weighted_tile(&self, y: &[f64], weights: &[f64], z: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for ((&y, &w), z) in y.iter().zip(weights).zip(z) {
            // A row of no weight is no row, whatever it would pay.
            if w == 0.0 {
                *z = 0.0;
                continue;
            }
            let (value, gradient) = self.value_gradient(y, *z);
            *z = w * gradient;
            sum += w * value;
        }
        sum
    }
}

/// A loss with a continuous derivative, whose second derivative exists but at single points.
pub trait Smooth: Loss {
    /// The second derivative in z (at single points from one side); ≥ 0 where the loss is convex.
    fn curvature(&self, y: f64, z: f64) -> f64;

    /// Value, derivative and second derivative, where that is cheaper than one by one.
    fn all(&self, y: f64, z: f64) -> (f64, f64, f64) {
        let (value, gradient) = self.value_gradient(y, z);
        (value, gradient, self.curvature(y, z))
    }

    /// A curvature that is never negative and does not vanish where the loss is not flat: the second derivative
    /// where that will do, else what a Newton step may stand on (Fisher's scoring, for losses that are not convex).
    fn majorant(&self, y: f64, z: f64) -> f64 {
        self.curvature(y, z)
    }
}

/// A loss that belongs to a family of distributions: its mean is a function of z.
pub trait Mean: Loss {
    /// The link from the mean to z.
    fn link(&self) -> Link;

    /// Whether y may be observed.
    fn allows(&self, y: f64) -> bool;
}

#[cfg(test)]
mod tests;
