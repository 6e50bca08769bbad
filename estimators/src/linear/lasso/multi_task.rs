//! MultiTaskLasso and MultiTaskElasticNet: a feature is in or out for all targets together.

use super::fit::fit;
use super::model::LassoModel;
use super::settings::{Precompute, Selection, Settings, in_range, settings};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// Minimises `1/(2·Σw)·Σ w·‖y − X·coef − b‖² + alpha·Σⱼ ‖coefⱼ‖`, where coefⱼ are feature j's coefficients for all targets
/// (Obozinski, Taskar and Jordan 2010).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiTaskLasso {
    /// Penalty strength, in units of y·x. Range [0, ∞).
    pub alpha: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for MultiTaskLasso {
    fn default() -> Self {
        MultiTaskLasso {
            alpha: 1.0,
            fit_intercept: true,
            max_iter: 1000,
            tol: 1e-4,
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl MultiTaskLasso {
    fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &Precompute::AUTO, positive: false, joint: true)
    }
}

impl Params for MultiTaskLasso {
    const NAME: &'static str = "MultiTaskLasso";

    fn validate(&self) -> Result<()> {
        in_range(Self::NAME, "alpha", self.alpha, f64::INFINITY)?;
        self.settings().check()
    }
}

impl<B: Backend> FitOn<B> for MultiTaskLasso {
    type Model = LassoModel;

    /// Begins with the coefficients of `start`.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LassoModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LassoModel> {
        fit(&params.settings(), params.alpha, 1.0, data, start, on, ctl)
    }
}

/// Minimises `1/(2·Σw)·Σ w·‖y − X·coef − b‖² + alpha·(l1_ratio·Σⱼ ‖coefⱼ‖ + ½·(1 − l1_ratio)·‖coef‖²)`, where coefⱼ are
/// feature j's coefficients for all targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiTaskElasticNet {
    /// Penalty strength, in units of y·x. Range [0, ∞).
    pub alpha: f64,
    /// The share of the L1 part. Range [0, 1].
    pub l1_ratio: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for MultiTaskElasticNet {
    fn default() -> Self {
        MultiTaskElasticNet {
            alpha: 1.0,
            l1_ratio: 0.5,
            fit_intercept: true,
            max_iter: 1000,
            tol: 1e-4,
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl MultiTaskElasticNet {
    fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &Precompute::AUTO, positive: false, joint: true)
    }
}

impl Params for MultiTaskElasticNet {
    const NAME: &'static str = "MultiTaskElasticNet";

    fn validate(&self) -> Result<()> {
        in_range(Self::NAME, "alpha", self.alpha, f64::INFINITY)?;
        in_range(Self::NAME, "l1_ratio", self.l1_ratio, 1.0)?;
        self.settings().check()
    }
}

impl<B: Backend> FitOn<B> for MultiTaskElasticNet {
    type Model = LassoModel;

    /// Begins with the coefficients of `start`.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LassoModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LassoModel> {
        fit(&params.settings(), params.alpha, params.l1_ratio, data, start, on, ctl)
    }
}
