//! The length of each step.

use crate::loss::Loss;
use serde::{Deserialize, Serialize};

/// How long steps are, under scikit-learn's names. t counts the steps from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LearningRate {
    /// `eta0`.
    Constant,
    /// `1 / (alpha·(t₀ + t − 1))`, where t₀ makes the first step fit the size of weights that alpha suggests (Bottou).
    Optimal,
    /// `eta0 / t^power_t`.
    Invscaling,
    /// `eta0`, and a fifth of it each time that passes stop to help.
    Adaptive,
    /// Passive-aggressive I: `min(eta0, loss / ‖x‖²)` (Crammer et al. 2006).
    Pa1,
    /// Passive-aggressive II: `loss / (‖x‖² + 1/(2·eta0))`.
    Pa2,
}

impl LearningRate {
    /// Whether steps follow from the loss alone.
    pub fn is_passive_aggressive(self) -> bool {
        matches!(self, LearningRate::Pa1 | LearningRate::Pa2)
    }
}

/// t₀ of [`LearningRate::Optimal`].
pub fn optimal_start<L: Loss>(loss: L, alpha: f64) -> f64 {
    let typical = (1.0 / alpha.sqrt()).sqrt();
    let first = typical / loss.gradient(1.0, -typical).max(1.0);
    1.0 / (first * alpha)
}

/// `1 / t^power`; roots are exact and cheap for the two defaults.
#[inline]
pub fn inverse_power(t: f64, power: f64) -> f64 {
    if power == 0.25 {
        1.0 / t.sqrt().sqrt()
    } else if power == 0.5 {
        1.0 / t.sqrt()
    } else {
        1.0 / t.powf(power)
    }
}
