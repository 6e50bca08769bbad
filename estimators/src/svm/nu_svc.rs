//! Nu-support vector classification.

use super::SvmModel;
use super::classes::{Asked, Classes, fit_classes};
use super::settings::{Gamma, Settings, Shape};
use crate::class_weight::ClassWeight;
use crate::kernel::KernelFunction;
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// Classes by margins of which a share `nu` of the rows may fall short (Schölkopf et al. 2000): for each pair minimises
/// `½·‖w‖² − nu·r + mean(weight·max(0, r − y·(w·φ(x) + b)))` with the margin r.
///
/// Rows of weight 0 or less leave no trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NuSVC {
    /// An upper bound of the share of margin errors and a lower bound of the share of support vectors. Range (0, 1].
    pub nu: f64,
    /// The kernel: linear, polynomial, rbf, sigmoid or precomputed.
    pub kernel: KernelFunction,
    /// The exponent of the polynomial kernel, a whole number in [0, ∞).
    pub degree: f64,
    /// The kernel's factor.
    pub gamma: Gamma,
    /// What the polynomial and sigmoid kernels add. Any finite number.
    pub coef0: f64,
    /// Whether probabilities are fitted, by the scores of five held-out parts.
    pub probability: bool,
    /// Whether rows that nothing draws from their bounds are put aside for a while.
    pub shrinking: bool,
    /// The violation of the optimality conditions at which to stop, in units of the target. Range (0, ∞).
    pub tol: f64,
    /// Megabytes for rows of the kernel matrix. Range (0, ∞).
    pub cache_size: f64,
    /// The most steps of each problem; −1 means max(10⁷, 100·rows), so that every fit ends.
    pub max_iter: i64,
    /// Not used: the problem has no costs that it could multiply. scikit-learn's class has it too.
    pub class_weight: Option<ClassWeight>,
    /// The shape of the scores of more than two classes.
    pub decision_function_shape: Shape,
    /// Whether predictions of more than two classes follow the scores of [`Shape::Ovr`] instead of the votes.
    pub break_ties: bool,
    /// The seed of the parts for probabilities.
    pub random_state: u64,
}

impl Default for NuSVC {
    fn default() -> Self {
        NuSVC {
            nu: 0.5,
            kernel: KernelFunction::Rbf,
            degree: 3.0,
            gamma: Gamma::default(),
            coef0: 0.0,
            probability: false,
            shrinking: true,
            tol: 1e-3,
            cache_size: 200.0,
            max_iter: -1,
            class_weight: None,
            decision_function_shape: Shape::Ovr,
            break_ties: false,
            random_state: 0,
        }
    }
}

impl Params for NuSVC {
    const NAME: &'static str = "NuSVC";

    fn validate(&self) -> Result<()> {
        let settings = Settings::from(self);
        settings.validate()?;
        if self.break_ties && self.decision_function_shape == Shape::Ovo {
            bad_input!("break_ties must be False when decision_function_shape is 'ovo'");
        }
        settings.check_share("nu", self.nu, 1.0)
    }
}

impl<B: Backend> FitOn<B> for NuSVC {
    type Model = SvmModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&SvmModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<SvmModel> {
        let asked = Asked::Share(params.nu);
        let told = Classes {
            settings: Settings::from(&**params),
            asked,
            probability: params.probability,
            seed: params.random_state,
            shape: params.decision_function_shape,
            break_ties: params.break_ties,
        };
        ctl.timed("smo", &on.host_name(), || fit_classes(&told, data, ctl))
    }
}
