//! What all kernel machines are told: the kernel, when to stop, how much memory.

use super::fit::Ground;
use super::solver::{Sizes, Stop};
use crate::kernel::{Kernel, KernelFunction};
use crate::{Error, Result, bad_input};
use serde::{Deserialize, Serialize};

/// The kernel's factor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Gamma {
    /// By a rule.
    Rule(GammaRule),
    /// A number, range [0, ∞).
    Value(f64),
}

/// A rule for the kernel's factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GammaRule {
    /// 1 / (columns · variance of all numbers of X).
    Scale,
    /// 1 / columns.
    Auto,
}

impl Default for Gamma {
    fn default() -> Self {
        Gamma::Rule(GammaRule::Scale)
    }
}

/// The shape of the scores of more than two classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One for each class: votes of the pairs, and between them what the pairs say.
    #[default]
    Ovr,
    /// One for each pair of classes; positive: the first of the pair.
    Ovo,
}

/// The parameters that all kernel machines share.
pub(super) struct Settings {
    pub name: &'static str,
    pub kernel: KernelFunction,
    pub gamma: Gamma,
    pub degree: f64,
    pub coef0: f64,
    pub tol: f64,
    pub cache_size: f64,
    pub max_iter: i64,
    pub shrinking: bool,
}

/// Up to so many variables are solved as one block, where there is memory for its matrix.
pub(super) const WHOLE: usize = 2048;

/// The most problems that are solved side by side: each takes its part of the memory.
pub(super) const SIDE_BY_SIDE: usize = 8;

impl Settings {
    pub fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: self.name, name, expected: expected.into(), found })
        };
        let known = [
            KernelFunction::Linear,
            KernelFunction::Polynomial,
            KernelFunction::Rbf,
            KernelFunction::Sigmoid,
            KernelFunction::Precomputed,
        ];
        if !known.contains(&self.kernel) {
            let found = format!("{:?}", self.kernel).to_lowercase();
            return wrong("kernel", "one of linear, poly, rbf, sigmoid, precomputed", found);
        }
        if let Gamma::Value(gamma) = self.gamma
            && !(gamma.is_finite() && gamma >= 0.0)
        {
            return wrong("gamma", "'scale', 'auto' or a float in the range [0.0, inf)", gamma.to_string());
        }
        if !(self.degree >= 0.0 && self.degree.fract() == 0.0) {
            return wrong("degree", "an int in the range [0, inf)", self.degree.to_string());
        }
        if !self.coef0.is_finite() {
            return wrong("coef0", "a finite float", self.coef0.to_string());
        }
        for (name, value) in [("tol", self.tol), ("cache_size", self.cache_size)] {
            if !(value.is_finite() && value > 0.0) {
                return wrong(name, "a float in the range (0.0, inf)", value.to_string());
            }
        }
        if self.max_iter < -1 {
            return wrong("max_iter", "an int in the range [-1, inf)", self.max_iter.to_string());
        }
        Ok(())
    }

    /// Checks a number of (0, most].
    pub fn check_share(&self, name: &'static str, value: f64, most: f64) -> Result<()> {
        if value > 0.0 && value <= most {
            return Ok(());
        }
        let range = if most == 1.0 { "a float in the range (0.0, 1.0]" } else { "a float in the range (0.0, inf]" };
        Err(Error::Parameter { estimator: self.name, name, expected: range.into(), found: value.to_string() })
    }

    /// The kernel on the rows of `ground`: rows without weight leave no trace in its factor either.
    ///
    /// # Errors
    /// [`Error::Input`] where the numbers are so large that their variance is not finite.
    pub fn kernel(&self, ground: &Ground<'_>) -> Result<Kernel> {
        let features = ground.x.ncols();
        let gamma = match self.gamma {
            _ if self.kernel == KernelFunction::Precomputed => 0.0,
            Gamma::Value(gamma) => gamma,
            Gamma::Rule(GammaRule::Auto) => 1.0 / features as f64,
            Gamma::Rule(GammaRule::Scale) => match variance(ground) {
                v if !v.is_finite() => bad_input!(
                    "The dual coefficients or intercepts are not finite. The input data may contain large values and \
                     need to be preprocessed."
                ),
                v if v > 0.0 => 1.0 / (features as f64 * v),
                _ => 1.0,
            },
        };
        Ok(Kernel { function: self.kernel, gamma, degree: self.degree, coef0: self.coef0 })
    }

    pub fn stop(&self) -> Stop {
        Stop { tol: self.tol, max_iter: usize::try_from(self.max_iter).ok() }
    }

    /// The bytes that numbers of the kernel matrix may take.
    pub fn bytes(&self) -> usize {
        (self.cache_size * f64::from(1 << 20)) as usize
    }

    /// The sizes of a problem that has `memory` bytes for rows of numbers of `size` bytes.
    pub fn sizes(&self, memory: usize, size: usize) -> Sizes {
        Sizes { whole: (memory / size).isqrt().min(WHOLE), block: 1024, memory, shrinking: self.shrinking }
    }
}

/// The settings of machines, which name them all alike.
macro_rules! settings_of {
    ($($machine:ident),*) => {
        $(impl From<&super::$machine> for Settings {
            fn from(params: &super::$machine) -> Self {
                Settings {
                    name: <super::$machine as crate::Params>::NAME,
                    kernel: params.kernel,
                    gamma: params.gamma,
                    degree: params.degree,
                    coef0: params.coef0,
                    tol: params.tol,
                    cache_size: params.cache_size,
                    max_iter: params.max_iter,
                    shrinking: params.shrinking,
                }
            }
        })*
    };
}
settings_of!(SVC, NuSVC, SVR, NuSVR, OneClassSVM);

/// The variance of all numbers of the rows.
fn variance(ground: &Ground<'_>) -> f64 {
    let p = ground.x.ncols();
    let (mut sum, mut squares, mut origin) = (0.0_f64, 0.0_f64, 0.0);
    if let Some(rows) = ground.unpacked() {
        for (_, v) in ground.picked.iter().flat_map(|&i| rows.row(i)) {
            sum += v;
            squares += v * v;
        }
    } else {
        let mut row = vec![0.0_f64; p];
        for (k, &i) in ground.picked.iter().enumerate() {
            ground.pack(i, &mut row);
            if k == 0 {
                // Around the first row's mean: squares of what is far from 0 would lose digits.
                origin = row.iter().sum::<f64>() / p as f64;
            }
            sum += row.iter().map(|v| v - origin).sum::<f64>();
            squares += row.iter().map(|v| (v - origin) * (v - origin)).sum::<f64>();
        }
    }
    let count = (ground.picked.len() * p) as f64;
    let variance = squares / count - (sum / count) * (sum / count);
    if variance < 0.0 { 0.0 } else { variance }
}
