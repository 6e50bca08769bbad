//! Least angle regression and the lasso by its whole path.

mod cross_validation;
mod information;
mod model;
mod path;
mod walk;

pub use cross_validation::{LarsCV, LassoLarsCV};
pub use information::{Criterion, LassoLarsIC};
pub use model::{Chosen, Kept, LarsModel, OutputPath};
pub use path::{path, path_of_moments};
pub use walk::{Given, Precompute};

use super::solver::least_angle::LeastAngle;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, Target};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use walk::Walking;

/// Least angle regression: coefficients move so that all active columns keep one correlation with what is left of y;
/// another joins when it reaches that (Efron, Hastie, Johnstone and Tibshirani 2004, doi 10.1214/009053604000000067).
/// Columns that reach it at exactly the same place are beyond the method: `jitter` keeps them apart. Weighted rows
/// count as repeated ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lars {
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether `XᵀX` is computed first.
    pub precompute: Precompute,
    /// The most steps, each of which lets one column join. Range [1, ∞).
    pub n_nonzero_coefs: usize,
    /// The least share of a column that counts as outside the active columns' span, in units of its length; what is
    /// below 10⁻⁷ makes it join no more. Range [0, ∞).
    pub eps: f64,
    /// Whether the model keeps the whole path.
    pub fit_path: bool,
    /// The upper bound of uniform noise that is added to y, in units of y. Range [0, ∞).
    pub jitter: Option<f64>,
    /// The random stream of the jitter.
    pub random_state: u64,
}

impl Default for Lars {
    fn default() -> Self {
        Lars {
            fit_intercept: true,
            precompute: Precompute::Auto,
            n_nonzero_coefs: 500,
            eps: f64::EPSILON,
            fit_path: true,
            jitter: None,
            random_state: 0,
        }
    }
}

/// The lasso, `1/(2n)·‖y − X·coef − b‖² + alpha·‖coef‖₁`, by its path: least angles, but a coefficient that reaches 0
/// leaves (Efron, Hastie, Johnstone and Tibshirani 2004). n is the number of rows, or the sum of their weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LassoLars {
    /// Where the path ends, in units of y·x. Range [0, ∞).
    pub alpha: f64,
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether `XᵀX` is computed first.
    pub precompute: Precompute,
    /// The most steps. Range [0, ∞).
    pub max_iter: usize,
    /// As for [`Lars`].
    pub eps: f64,
    /// Whether the model keeps the whole path.
    pub fit_path: bool,
    /// Whether coefficients have to be ≥ 0; the path is then right down to its smallest positive knot.
    pub positive: bool,
    /// As for [`Lars`].
    pub jitter: Option<f64>,
    /// The random stream of the jitter.
    pub random_state: u64,
}

impl Default for LassoLars {
    fn default() -> Self {
        LassoLars {
            alpha: 1.0,
            fit_intercept: true,
            precompute: Precompute::Auto,
            max_iter: 500,
            eps: f64::EPSILON,
            fit_path: true,
            positive: false,
            jitter: None,
            random_state: 0,
        }
    }
}

/// An error where `found` is not finite or below 0.
pub(super) fn not_negative(estimator: &'static str, name: &'static str, found: f64) -> Result<()> {
    if found.is_finite() && found >= 0.0 {
        return Ok(());
    }
    let expected = "a float in the range [0.0, inf)".into();
    Err(Error::Parameter { estimator, name, expected, found: found.to_string() })
}

/// An error where `found` is 0.
pub(super) fn at_least_one(estimator: &'static str, name: &'static str, found: usize) -> Result<()> {
    if found >= 1 {
        return Ok(());
    }
    let expected = "an int in the range [1, inf)".into();
    Err(Error::Parameter { estimator, name, expected, found: found.to_string() })
}

impl Params for Lars {
    const NAME: &'static str = "Lars";

    fn validate(&self) -> Result<()> {
        at_least_one(Self::NAME, "n_nonzero_coefs", self.n_nonzero_coefs)?;
        not_negative(Self::NAME, "eps", self.eps)?;
        not_negative(Self::NAME, "jitter", self.jitter.unwrap_or(0.0))
    }
}

impl Params for LassoLars {
    const NAME: &'static str = "LassoLars";

    fn validate(&self) -> Result<()> {
        not_negative(Self::NAME, "alpha", self.alpha)?;
        not_negative(Self::NAME, "eps", self.eps)?;
        not_negative(Self::NAME, "jitter", self.jitter.unwrap_or(0.0))
    }
}

/// A path whose end the parameters say.
pub trait FixedPath: Params {
    /// What leads the walk.
    fn rule(&self) -> LeastAngle;
    /// Whether an intercept is fitted, what is computed first, whether the path is kept.
    fn options(&self) -> (bool, Precompute, bool);
    /// The bound of the noise, where there is some, and its stream.
    fn noise(&self) -> Option<(f64, u64)>;

    /// Fits with what the caller has computed already.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`]; [`Error::Input`] for matrices of other shapes.
    fn fit_given<B: Backend>(
        params: &Checked<Self>,
        data: &Data<'_>,
        given: Given<'_>,
        on: &B,
        ctl: &Control,
    ) -> Result<LarsModel> {
        let (fit_intercept, precompute, keep) = params.options();
        let noisy = match params.noise() {
            Some((most, seed)) => Some(with_noise(data, Self::NAME, most, seed)?),
            None => None,
        };
        let target = noisy.as_ref().map_or(data.target.reborrow(), |y| Target::Values(y.view()));
        let data = Data { x: data.x.reborrow(), target, weights: data.weights.as_ref().map(|w| w.view()) };
        let walking = Walking { rule: params.rule(), fit_intercept, precompute, given };
        let walked = walking.walk(&data, Self::NAME, on, ctl)?;
        let coef = walked.last();
        Ok(walked.into_model(coef, keep))
    }
}

/// y with uniform noise below `most`, the same for each output of a row.
fn with_noise(data: &Data<'_>, name: &str, most: f64, seed: u64) -> Result<Array2<f64>> {
    let mut y = data.values(name)?.to_owned();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for mut row in y.rows_mut() {
        row += most * ((random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64);
    }
    Ok(y)
}

impl FixedPath for Lars {
    fn rule(&self) -> LeastAngle {
        let (max_iter, eps) = (self.n_nonzero_coefs, self.eps);
        LeastAngle { lasso: false, positive: false, alpha_min: 0.0, max_iter, eps, n_samples: 1.0 }
    }

    fn options(&self) -> (bool, Precompute, bool) {
        (self.fit_intercept, self.precompute, self.fit_path)
    }

    fn noise(&self) -> Option<(f64, u64)> {
        self.jitter.map(|most| (most, self.random_state))
    }
}

impl FixedPath for LassoLars {
    fn rule(&self) -> LeastAngle {
        LeastAngle {
            lasso: true,
            positive: self.positive,
            alpha_min: self.alpha,
            max_iter: self.max_iter,
            eps: self.eps,
            n_samples: 1.0,
        }
    }

    fn options(&self) -> (bool, Precompute, bool) {
        (self.fit_intercept, self.precompute, self.fit_path)
    }

    fn noise(&self) -> Option<(f64, u64)> {
        self.jitter.map(|most| (most, self.random_state))
    }
}

macro_rules! fit_fixed_path {
    ($($params:ty),*) => {$(
        impl<B: Backend> FitOn<B> for $params {
            type Model = LarsModel;

            fn fit_checked(
                params: &Checked<Self>,
                data: &Data<'_>,
                _start: Option<&LarsModel>,
                on: &B,
                ctl: &Control,
            ) -> Result<LarsModel> {
                Self::fit_given(params, data, Given::default(), on, ctl)
            }
        }
    )*};
}

fit_fixed_path!(Lars, LassoLars);

#[cfg(test)]
mod tests;
