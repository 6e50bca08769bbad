//! What all kernel machines are told: the kernel, when to stop, how much memory.

use super::solver::{Sizes, Stop};
use crate::kernel::{Kernel, KernelFunction, SparseRows};
use crate::{AnyMatrix, Error, Result, bad_input};
use ironlearn_linalg::{Layout, Matrix, with_matrix};
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

    /// The kernel on the rows `picked` of `x`: rows without weight leave no trace in its factor either.
    ///
    /// # Errors
    /// [`Error::Input`] where the numbers are so large that their variance is not finite.
    pub fn kernel(&self, x: &AnyMatrix<'_>, picked: &[usize]) -> Result<Kernel> {
        let features = x.ncols();
        let gamma = match self.gamma {
            _ if self.kernel == KernelFunction::Precomputed => 0.0,
            Gamma::Value(gamma) => gamma,
            Gamma::Rule(GammaRule::Auto) => 1.0 / features as f64,
            Gamma::Rule(GammaRule::Scale) => match variance(x, picked) {
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

    /// The sizes of each of so many problems whose rows have numbers of `size` bytes.
    pub fn sizes(&self, problems: usize, size: usize) -> Sizes {
        let memory = (self.cache_size * f64::from(1 << 20)) as usize / problems.clamp(1, SIDE_BY_SIDE);
        Sizes { whole: (memory / size).isqrt().min(2048), block: 1024, memory, shrinking: self.shrinking }
    }
}

/// Whether the rows of `x` are packed: those that are dense, and those of CSR that are small all the same.
pub(super) fn packs(x: &AnyMatrix<'_>) -> bool {
    with_matrix!(x, x => match x {
        Matrix::Dense(_) => true,
        Matrix::Sparse(s) => s.layout() == Layout::Row && x.nrows().saturating_mul(x.ncols()) <= 1 << 18,
    })
}

/// The variance of all numbers of the rows `picked`.
fn variance(x: &AnyMatrix<'_>, picked: &[usize]) -> f64 {
    let p = x.ncols();
    let (mut sum, mut squares, mut origin) = (0.0_f64, 0.0_f64, 0.0);
    if packs(x) {
        let mut row = vec![0.0_f64; p];
        for (k, &i) in picked.iter().enumerate() {
            with_matrix!(x, x => x.pack(i..i + 1, 0..p, p, &mut row));
            if k == 0 {
                // Around the first row's mean: squares of what is far from 0 would lose digits.
                origin = row.iter().sum::<f64>() / p as f64;
            }
            sum += row.iter().map(|v| v - origin).sum::<f64>();
            squares += row.iter().map(|v| (v - origin) * (v - origin)).sum::<f64>();
        }
    } else if let Some(rows) = SparseRows::of(x) {
        for (_, v) in picked.iter().flat_map(|&i| rows.row(i)) {
            sum += v;
            squares += v * v;
        }
    }
    let count = (picked.len() * p) as f64;
    let variance = squares / count - (sum / count) * (sum / count);
    if variance < 0.0 { 0.0 } else { variance }
}
