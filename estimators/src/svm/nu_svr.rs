//! Nu-support vector regression.

use super::alone::{Alone, numbers};
use super::fit::Ground;
use super::problems::{narrow_tube, read_narrow_tube};
use super::settings::{Gamma, Settings};
use super::{SvmKind, SvmModel};
use crate::kernel::KernelFunction;
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// Numbers by the narrowest tube outside of which a share `nu` of the rows lies (Schölkopf et al. 2000): minimises
/// `½·‖w‖² + C·(nu·Σ weight·epsilon + Σ weight·max(0, |y − w·φ(x) − b| − epsilon))`, epsilon too.
///
/// Rows of weight 0 or less leave no trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NuSVR {
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
    /// An upper bound of the share of errors and a lower bound of the share of support vectors. Range (0, 1].
    pub nu: f64,
    /// Whether rows that nothing draws from their bounds are put aside for a while.
    pub shrinking: bool,
    /// The violation of the optimality conditions at which to stop, in units of the target. Range (0, ∞).
    pub tol: f64,
    /// Megabytes for rows of the kernel matrix. Range (0, ∞).
    pub cache_size: f64,
    /// The most steps of each problem; −1 means max(10⁷, 100·rows), so that every fit ends.
    pub max_iter: i64,
}

impl Default for NuSVR {
    fn default() -> Self {
        NuSVR {
            kernel: KernelFunction::Rbf,
            degree: 3.0,
            gamma: Gamma::default(),
            coef0: 0.0,
            c: 1.0,
            nu: 0.5,
            shrinking: true,
            tol: 1e-3,
            cache_size: 200.0,
            max_iter: -1,
        }
    }
}

impl Params for NuSVR {
    const NAME: &'static str = "NuSVR";

    fn validate(&self) -> Result<()> {
        let settings = Settings::from(self);
        settings.validate()?;
        settings.check_share("nu", self.nu, 1.0)?;
        settings.check_share("C", self.c, f64::INFINITY)
    }
}

impl<B: Backend> FitOn<B> for NuSVR {
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
                Ok(narrow_tube(&y, &costs, params.nu))
            },
            read: read_narrow_tube,
        };
        machine.fit(data, &on.host_name(), ctl)
    }
}
