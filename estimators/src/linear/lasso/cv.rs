//! The family with its penalty chosen by cross-validation.

use super::choice::{Search, Shares, check_search};
use super::model::LassoModel;
use super::path::Alphas;
use super::settings::{Precompute, Selection, Settings, settings};
use crate::{Backend, Checked, Control, Data, FitOn, Folds, Params, Result};
use serde::{Deserialize, Serialize};

/// Each path begins at 0: `start` is not used.
macro_rules! searched {
    ($($params:ty: $shares:expr;)*) => {$(
        impl<B: Backend> FitOn<B> for $params {
            type Model = LassoModel;

            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                _start: Option<&LassoModel>,
                on: &B,
                ctl: &Control,
            ) -> Result<LassoModel> {
                let shares: fn(&Self) -> &[f64] = $shares;
                let (eps, alphas, cv) = (params.eps, &params.alphas, &params.cv);
                Search { settings: params.settings(), l1_ratios: shares(params), eps, alphas, cv }.run(data, on, ctl)
            }
        }
    )*};
}

searched! {
    LassoCV: |_| &[1.0];
    ElasticNetCV: |params| params.l1_ratio.values();
    MultiTaskLassoCV: |_| &[1.0];
    MultiTaskElasticNetCV: |params| params.l1_ratio.values();
}

/// [`super::Lasso`] with the strength chosen by the mean squared error on the rows left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LassoCV {
    /// The smallest strength of a counted path relative to the largest. Range (0, ∞).
    pub eps: f64,
    /// The strengths to choose from.
    pub alphas: Alphas,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether second moments of all columns are formed beforehand.
    pub precompute: Precompute,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// The division of the rows.
    pub cv: Folds,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for LassoCV {
    fn default() -> Self {
        LassoCV {
            eps: 1e-3,
            alphas: Alphas::default(),
            fit_intercept: true,
            precompute: Precompute::AUTO,
            max_iter: 1000,
            tol: 1e-4,
            cv: Folds::default(),
            positive: false,
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl LassoCV {
    fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &self.precompute, positive: self.positive, joint: false)
    }
}

impl Params for LassoCV {
    const NAME: &'static str = "LassoCV";

    fn validate(&self) -> Result<()> {
        check_search(Self::NAME, self.eps, &self.alphas, &self.cv)?;
        self.settings().check()
    }
}

/// [`super::ElasticNet`] with strength and share of the L1 part chosen by the mean squared error on the rows left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ElasticNetCV {
    /// The share of the L1 part, or several to choose from. Range [0, 1].
    pub l1_ratio: Shares,
    /// The smallest strength of a counted path relative to the largest. Range (0, ∞).
    pub eps: f64,
    /// The strengths to choose from.
    pub alphas: Alphas,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether second moments of all columns are formed beforehand.
    pub precompute: Precompute,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// The division of the rows.
    pub cv: Folds,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for ElasticNetCV {
    fn default() -> Self {
        ElasticNetCV {
            l1_ratio: Shares::One(0.5),
            eps: 1e-3,
            alphas: Alphas::default(),
            fit_intercept: true,
            precompute: Precompute::AUTO,
            max_iter: 1000,
            tol: 1e-4,
            cv: Folds::default(),
            positive: false,
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl ElasticNetCV {
    fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &self.precompute, positive: self.positive, joint: false)
    }
}

impl Params for ElasticNetCV {
    const NAME: &'static str = "ElasticNetCV";

    fn validate(&self) -> Result<()> {
        self.l1_ratio.check(Self::NAME)?;
        check_search(Self::NAME, self.eps, &self.alphas, &self.cv)?;
        self.settings().check()
    }
}

/// [`super::MultiTaskLasso`] with the strength chosen by the mean squared error on the rows left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiTaskLassoCV {
    /// The smallest strength of a counted path relative to the largest. Range (0, ∞).
    pub eps: f64,
    /// The strengths to choose from.
    pub alphas: Alphas,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// The division of the rows.
    pub cv: Folds,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for MultiTaskLassoCV {
    fn default() -> Self {
        MultiTaskLassoCV {
            eps: 1e-3,
            alphas: Alphas::default(),
            fit_intercept: true,
            max_iter: 1000,
            tol: 1e-4,
            cv: Folds::default(),
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl MultiTaskLassoCV {
    fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &Precompute::AUTO, positive: false, joint: true)
    }
}

impl Params for MultiTaskLassoCV {
    const NAME: &'static str = "MultiTaskLassoCV";

    fn validate(&self) -> Result<()> {
        check_search(Self::NAME, self.eps, &self.alphas, &self.cv)?;
        self.settings().check()
    }
}

/// [`super::MultiTaskElasticNet`] with strength and share of the L1 part chosen by the mean squared error on the rows left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiTaskElasticNetCV {
    /// The share of the L1 part, or several to choose from. Range [0, 1].
    pub l1_ratio: Shares,
    /// The smallest strength of a counted path relative to the largest. Range (0, ∞).
    pub eps: f64,
    /// The strengths to choose from.
    pub alphas: Alphas,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Passes over the coordinates of a working set. Range [1, ∞).
    pub max_iter: usize,
    /// The duality gap has to fall to `tol` times the targets' centred square, and a pass's largest change to `tol`
    /// times the largest coefficient. Range [0, ∞).
    pub tol: f64,
    /// The division of the rows.
    pub cv: Folds,
    /// The order of coordinates.
    pub selection: Selection,
    /// The stream of `random`.
    pub random_state: u64,
}

impl Default for MultiTaskElasticNetCV {
    fn default() -> Self {
        MultiTaskElasticNetCV {
            l1_ratio: Shares::One(0.5),
            eps: 1e-3,
            alphas: Alphas::default(),
            fit_intercept: true,
            max_iter: 1000,
            tol: 1e-4,
            cv: Folds::default(),
            selection: Selection::Cyclic,
            random_state: 0,
        }
    }
}

impl MultiTaskElasticNetCV {
    fn settings(&self) -> Settings<'_> {
        settings!(self, precompute: &Precompute::AUTO, positive: false, joint: true)
    }
}

impl Params for MultiTaskElasticNetCV {
    const NAME: &'static str = "MultiTaskElasticNetCV";

    fn validate(&self) -> Result<()> {
        self.l1_ratio.check(Self::NAME)?;
        check_search(Self::NAME, self.eps, &self.alphas, &self.cv)?;
        self.settings().check()
    }
}
