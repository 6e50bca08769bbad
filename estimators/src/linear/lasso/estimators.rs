//! Lasso and ElasticNet: each target by itself.

use super::fit::fit;
use super::model::LassoModel;
use super::settings::{Precompute, Selection, Settings, in_range, settings};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result};
use serde::{Deserialize, Serialize};

/// Minimises `1/(2·Σw)·Σ w·(y − X·coef − b)² + alpha·Σ|coef|`, for each target by itself (Tibshirani 1996).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lasso {
    /// Penalty strength, in units of y·x. Range [0, ∞).
    pub alpha: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether second moments of all columns are formed beforehand.
    pub precompute: Precompute,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for Lasso {
    fn default() -> Self {
        Lasso {
            alpha: 1.0,
            fit_intercept: true,
            precompute: Precompute::Flag(false),
            max_iter: 1000,
            tol: 1e-4,
            positive: false,
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl Lasso {
    /// What the solver is told.
    pub fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &self.precompute, positive: self.positive, joint: false)
    }
}

impl Params for Lasso {
    const NAME: &'static str = "Lasso";

    fn validate(&self) -> Result<()> {
        in_range(Self::NAME, "alpha", self.alpha, f64::INFINITY)?;
        self.settings().check()
    }
}

impl<B: Backend> FitOn<B> for Lasso {
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

/// Minimises `1/(2·Σw)·Σ w·(y − X·coef − b)² + alpha·(l1_ratio·Σ|coef| + ½·(1 − l1_ratio)·Σ coef²)`, for each target by
/// itself (Zou and Hastie 2005).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ElasticNet {
    /// Penalty strength, in units of y·x. Range [0, ∞).
    pub alpha: f64,
    /// The share of the L1 part. Range [0, 1].
    pub l1_ratio: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether second moments of all columns are formed beforehand.
    pub precompute: Precompute,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for ElasticNet {
    fn default() -> Self {
        ElasticNet {
            alpha: 1.0,
            l1_ratio: 0.5,
            fit_intercept: true,
            precompute: Precompute::Flag(false),
            max_iter: 1000,
            tol: 1e-4,
            positive: false,
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl ElasticNet {
    /// What the solver is told.
    pub fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &self.precompute, positive: self.positive, joint: false)
    }
}

impl Params for ElasticNet {
    const NAME: &'static str = "ElasticNet";

    fn validate(&self) -> Result<()> {
        in_range(Self::NAME, "alpha", self.alpha, f64::INFINITY)?;
        in_range(Self::NAME, "l1_ratio", self.l1_ratio, 1.0)?;
        self.settings().check()
    }
}

impl<B: Backend> FitOn<B> for ElasticNet {
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
