//! Kernel ridge regression: ridge in the space of a kernel.

mod model;
mod solve;

pub use model::KernelRidgeModel;

use crate::kernel::{FittedRows, Kernel, KernelFunction, Reference};
use crate::linear::PerOutput;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·(y − K·d)² + alpha·dᵀ·K·d` over the dual coefficients d, for the kernel matrix K of the rows of X with
/// each other: with unit weights `(K + alpha·1)·d = y`. No intercept is fitted (Saunders, Gammerman and Vovk 1998).
///
/// K is factored by Cholesky in n³/3 operations, beside n² numbers twice over.
/// Where it is singular (or not positive), the shortest least-squares solution is taken, with a warning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KernelRidge {
    /// Penalty strength, in units of the kernel; one for all targets, or one each. Range [0, ∞).
    pub alpha: PerOutput,
    /// The kernel.
    pub kernel: KernelFunction,
    /// The kernel's factor, range [0, ∞); `None` means 1 / the number of columns, of the chi-squared kernel 1.
    pub gamma: Option<f64>,
    /// The exponent of the polynomial kernel, range [0, ∞).
    pub degree: f64,
    /// What the polynomial and sigmoid kernels add. Any finite number.
    pub coef0: f64,
}

impl Default for KernelRidge {
    fn default() -> Self {
        KernelRidge { alpha: 1.0.into(), kernel: KernelFunction::Linear, gamma: None, degree: 3.0, coef0: 1.0 }
    }
}

impl Params for KernelRidge {
    const NAME: &'static str = "KernelRidge";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        if let Some(found) = self.alpha.values().iter().find(|a| !(a.is_finite() && **a >= 0.0)) {
            return wrong("alpha", "a float in the range [0.0, inf)", found.to_string());
        }
        for (name, value) in [("gamma", self.gamma.unwrap_or(0.0)), ("degree", self.degree)] {
            if !(value.is_finite() && value >= 0.0) {
                return wrong(name, "a float in the range [0.0, inf)", value.to_string());
            }
        }
        if !self.coef0.is_finite() {
            return wrong("coef0", "a finite float", self.coef0.to_string());
        }
        Ok(())
    }
}

impl<B: Backend> FitOn<B> for KernelRidge {
    type Model = KernelRidgeModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&KernelRidgeModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<KernelRidgeModel> {
        data.check()?;
        data.check_finite()?;
        data.check_weights_not_negative()?;
        let y = data.values(Self::NAME)?;
        let alphas = params.alpha.spread(y.ncols())?;
        let (n, p) = data.x.shape();
        let kernel = Kernel::new(params.kernel, params.gamma, params.degree, params.coef0, p);
        let (rows, matrix) = if kernel.function == KernelFunction::Precomputed {
            if n != p {
                bad_input!("Precomputed metric requires shape (n_queries, n_indexed). Got ({n}, {p}) for {n} indexed.");
            }
            (FittedRows::None, data.x.to_dense())
        } else {
            kernel.check_rows(&data.x)?;
            let reference = Reference::new(kernel, &data.x, ctl)?;
            let matrix = ctl.timed("kernel", &on.host_name(), || reference.upper(&data.x, ctl))?;
            (FittedRows::of(&data.x), matrix)
        };
        let weights = data.weights.as_ref().map(|w| w.view());
        let (dual_coef, report) =
            ctl.timed("cholesky", &on.host_name(), || solve::solve(matrix, y, &alphas, weights, ctl))?;
        Ok(KernelRidgeModel { kernel, rows: rows.into(), dual_coef, dtype: data.x.dtype(), report })
    }
}

#[cfg(test)]
mod tests;
