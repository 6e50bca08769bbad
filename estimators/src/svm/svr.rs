//! Epsilon-support vector regression.

use super::alone::{Alone, numbers};
use super::fit::Ground;
use super::problems::{read, tube};
use super::settings::{Gamma, Settings};
use super::{SvmKind, SvmModel};
use crate::kernel::KernelFunction;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// Numbers by a tube that forgives small errors: minimises `½·‖w‖² + Σ C·weight·max(0, |y − w·φ(x) − b| − epsilon)`.
///
/// Rows of weight 0 or less leave no trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SVR {
    /// The kernel: linear, polynomial, rbf, sigmoid or precomputed.
    pub kernel: KernelFunction,
    /// The exponent of the polynomial kernel, a whole number in [0, ∞).
    pub degree: f64,
    /// The kernel's factor.
    pub gamma: Gamma,
    /// What the polynomial and sigmoid kernels add. Any finite number.
    pub coef0: f64,
    /// The cost of a unit of error outside of the tube. Range (0, ∞).
    #[serde(rename = "C")]
    pub c: f64,
    /// Errors up to it cost nothing, in units of y. Range [0, ∞).
    pub epsilon: f64,
    /// Whether rows that nothing draws from their bounds are put aside for a while.
    pub shrinking: bool,
    /// The violation of the optimality conditions at which to stop, in units of the target. Range (0, ∞).
    pub tol: f64,
    /// Megabytes for rows of the kernel matrix. Range (0, ∞).
    pub cache_size: f64,
    /// The most steps of each problem; −1 means max(10⁷, 100·rows), so that every fit ends.
    pub max_iter: i64,
}

impl Default for SVR {
    fn default() -> Self {
        SVR {
            kernel: KernelFunction::Rbf,
            degree: 3.0,
            gamma: Gamma::default(),
            coef0: 0.0,
            c: 1.0,
            epsilon: 0.1,
            shrinking: true,
            tol: 1e-3,
            cache_size: 200.0,
            max_iter: -1,
        }
    }
}

impl Params for SVR {
    const NAME: &'static str = "SVR";

    fn validate(&self) -> Result<()> {
        let settings = Settings::from(self);
        settings.validate()?;
        if !(self.epsilon.is_finite() && self.epsilon >= 0.0) {
            let expected = "a float in the range [0.0, inf)".into();
            let found = self.epsilon.to_string();
            return Err(Error::Parameter { estimator: Self::NAME, name: "epsilon", expected, found });
        }
        settings.check_share("C", self.c, f64::INFINITY)
    }
}

impl<B: Backend> FitOn<B> for SVR {
    type Model = SvmModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&SvmModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<SvmModel> {
        let machine = Alone {
            kind: SvmKind::Numbers,
            settings: Settings::from(&**params),
            problem: |ground: &Ground<'_>| {
                let y = numbers(Self::NAME, data, ground)?;
                let costs: Vec<f64> = ground.weights.iter().map(|w| w * params.c).collect();
                Ok(tube(&y, &costs, params.epsilon))
            },
            read,
        };
        machine.fit(data, &on.host_name(), ctl)
    }
}
