//! Links: how a raw prediction becomes a mean.

use super::sigmoid;
use serde::{Deserialize, Serialize};

/// `z = g(mean)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// `z = mean`.
    #[default]
    Identity,
    /// `z = ln(mean)`.
    Log,
    /// `z = ln(mean / (1 − mean))`.
    Logit,
}

impl Link {
    /// The raw prediction of a mean.
    pub fn of(self, mean: f64) -> f64 {
        match self {
            Link::Identity => mean,
            Link::Log => mean.ln(),
            Link::Logit => (mean / (1.0 - mean)).ln(),
        }
    }

    /// The mean of a raw prediction.
    pub fn inverse(self, z: f64) -> f64 {
        match self {
            Link::Identity => z,
            Link::Log => z.exp(),
            Link::Logit => sigmoid(z),
        }
    }
}
