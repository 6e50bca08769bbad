//! PoissonRegressor, GammaRegressor and TweedieRegressor: deviances with an L2 penalty.

use super::LinearModel;
use super::glm::Task;
use super::glm::lbfgs::Stop;
use super::glm::objective::Penalty;
use super::glm::rows::Numbers;
use crate::loss::{HalfGamma, HalfPoisson, HalfSquared, HalfTweedie, HalfTweedieIdentity, Link, Mean, Smooth};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// scikit-learn's names of solvers; both run the same algorithm (see [`super::glm`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DevianceSolver {
    /// L-BFGS, started from the Hessian.
    Lbfgs,
    /// The same.
    NewtonCholesky,
}

/// The link of a [`TweedieRegressor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TweedieLink {
    /// The identity for powers up to 0, else the logarithm.
    Auto,
    /// The mean is the raw prediction.
    Identity,
    /// The mean is the exponential of the raw prediction.
    Log,
}

macro_rules! deviance {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Strength of the penalty, range [0, ∞).
            pub alpha: f64,
            /// Whether b is fitted; otherwise 0.
            pub fit_intercept: bool,
            /// The solver's name.
            pub solver: DevianceSolver,
            /// Steps. Range [1, ∞).
            pub max_iter: usize,
            /// The largest entry of the gradient at which to stop, range (0, ∞).
            pub tol: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    $($field: $default,)*
                    alpha: 1.0,
                    fit_intercept: true,
                    solver: DevianceSolver::Lbfgs,
                    max_iter: 100,
                    tol: 1e-4,
                }
            }
        }

        impl $name {
            fn common(&self) -> Common {
                let $name { alpha, fit_intercept, solver, max_iter, tol, .. } = *self;
                Common { name: stringify!($name), alpha, fit_intercept, solver, max_iter, tol }
            }
        }
    };
}

deviance! {
    /// Minimises `Σ w·(exp(z) − y·z) / Σ w + alpha/2·‖coef‖²` with `z = X·coef + b`: half the Poisson deviance. y ≥ 0.
    PoissonRegressor {}
}

deviance! {
    /// Minimises `Σ w·(z + y·exp(−z)) / Σ w + alpha/2·‖coef‖²` with `z = X·coef + b`: half the Gamma deviance. y > 0.
    GammaRegressor {}
}

deviance! {
    /// Minimises half the average Tweedie deviance plus `alpha/2·‖coef‖²`; the mean is a function of `X·coef + b`.
    TweedieRegressor {
        /// The power of the mean with which the variance grows: not between 0 and 1.
        power: f64 = 0.0,
        /// How the mean follows from the raw prediction.
        link: TweedieLink = TweedieLink::Auto,
    }
}

/// The parameters that all three have.
struct Common {
    name: &'static str,
    alpha: f64,
    fit_intercept: bool,
    solver: DevianceSolver,
    max_iter: usize,
    tol: f64,
}

impl Common {
    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: self.name, name, expected: expected.into(), found })
        };
        if !(self.alpha >= 0.0 && self.alpha.is_finite()) {
            return wrong("alpha", "a float in the range [0.0, inf)", self.alpha.to_string());
        }
        if !(self.tol > 0.0 && self.tol.is_finite()) {
            return wrong("tol", "a float in the range (0.0, inf)", self.tol.to_string());
        }
        if self.max_iter == 0 {
            return wrong("max_iter", "an int in the range [1, inf)", "0".into());
        }
        Ok(())
    }

    /// `loss_name` is scikit-learn's, for its message.
    fn fit<B: Backend, L: Smooth + Mean>(
        &self,
        loss: L,
        loss_name: &str,
        data: &Data<'_>,
        start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        data.check()?;
        // A negative weight takes a row's deviance off the sum, as in scikit-learn.
        if data.weights.as_ref().is_some_and(|w| !(w.sum() > 0.0)) {
            bad_input!("Weights sum to zero, can't be normalized");
        }
        let y = data.values(self.name)?;
        if y.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", y.dim());
        }
        let y = y.column(0).to_vec();
        if !y.iter().all(|&y| loss.allows(y)) {
            bad_input!("Some value(s) of y are out of the valid range of the loss '{loss_name}'.");
        }
        let p = data.x.ncols();
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let start = match start {
            Some(model) if model.coef.dim() == (1, p) => (model.coef.clone(), model.intercept.clone()),
            _ => {
                let mut intercept = Array1::zeros(1);
                if self.fit_intercept {
                    intercept[0] = loss.link().of(average(&y, weights.as_deref()));
                }
                (Array2::zeros((1, p)), intercept)
            }
        };
        if !start.1[0].is_finite() {
            bad_input!("the mean of y is at the edge of what the loss allows: there is no finite intercept");
        }
        if !self.fit_intercept && !loss.value(y[0], 0.0).is_finite() && start.0.iter().all(|&v| v == 0.0) {
            bad_input!("this power with the identity link needs fit_intercept: a prediction of 0 has no deviance");
        }
        let rows = Numbers { loss, y, weights, two_classes: false };
        let stop = Stop::at(self.tol, self.max_iter);
        let task = Task { rows: &rows, fit_intercept: self.fit_intercept, stop, share_of_zero: false };
        let penalties = [Penalty::uniform(p, self.alpha, 0.0)];
        let mut found = with_matrix!(data.x.reborrow(), x => task.path(x, &penalties, start, on, ctl))?;
        let Some(found) = found.pop() else { bad_input!("nothing to fit") };
        let mut report = Report { iterations: vec![found.iterations], converged: found.converged, ..Report::default() };
        let (name, max_iter) = match self.solver {
            DevianceSolver::Lbfgs => ("lbfgs", self.max_iter),
            DevianceSolver::NewtonCholesky => ("newton-cholesky", self.max_iter),
        };
        report.solver = name.into();
        if !found.converged {
            let message = match self.solver {
                DevianceSolver::Lbfgs => format!(
                    "lbfgs failed to converge after {} iteration(s) (status=1):\nSTOP: TOTAL NO. OF ITERATIONS REACHED \
                     LIMIT\n\nIncrease the number of iterations to improve the convergence (max_iter={max_iter}).",
                    found.iterations
                ),
                DevianceSolver::NewtonCholesky => {
                    format!("Newton solver did not converge after {max_iter} iterations.")
                }
            };
            report.warnings.push(Warning { kind: WarningKind::Convergence, message });
        }
        let dtype = data.x.dtype();
        Ok(LinearModel {
            coef: found.coef.mapv(|v| dtype.round(v)),
            intercept: found.intercept.mapv(|v| dtype.round(v)),
            dtype,
            link: rows.loss.link(),
            rank: None,
            singular: None,
            report,
        })
    }
}

fn average(y: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => y.iter().sum::<f64>() / y.len() as f64,
        Some(w) => y.iter().zip(w).map(|(y, w)| y * w).sum::<f64>() / w.iter().sum::<f64>(),
    }
}

impl Params for PoissonRegressor {
    const NAME: &'static str = "PoissonRegressor";

    fn validate(&self) -> Result<()> {
        self.common().validate()
    }
}

impl Params for GammaRegressor {
    const NAME: &'static str = "GammaRegressor";

    fn validate(&self) -> Result<()> {
        self.common().validate()
    }
}

impl Params for TweedieRegressor {
    const NAME: &'static str = "TweedieRegressor";

    fn validate(&self) -> Result<()> {
        if !self.power.is_finite() {
            return Err(Error::Parameter {
                estimator: Self::NAME,
                name: "power",
                expected: "a float in the range (-inf, inf)".into(),
                found: self.power.to_string(),
            });
        }
        if self.power > 0.0 && self.power < 1.0 {
            let power = self.power;
            return Err(Error::Parameters(format!("no Tweedie distribution has a power between 0 and 1, as {power}")));
        }
        self.common().validate()
    }
}

impl<B: Backend> FitOn<B> for PoissonRegressor {
    type Model = LinearModel;

    /// Goes on from the coefficients of `start`.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        params.common().fit(HalfPoisson, "HalfPoissonLoss", data, start, on, ctl)
    }
}

impl<B: Backend> FitOn<B> for GammaRegressor {
    type Model = LinearModel;

    /// Goes on from the coefficients of `start`.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        params.common().fit(HalfGamma, "HalfGammaLoss", data, start, on, ctl)
    }
}

impl<B: Backend> FitOn<B> for TweedieRegressor {
    type Model = LinearModel;

    /// Goes on from the coefficients of `start`.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        let (common, power) = (params.common(), params.power);
        let link = match params.link {
            TweedieLink::Identity => Link::Identity,
            TweedieLink::Auto if power <= 0.0 => Link::Identity,
            _ => Link::Log,
        };
        match link {
            Link::Identity if power == 0.0 => common.fit(HalfSquared, "HalfTweedieLossIdentity", data, start, on, ctl),
            Link::Identity => {
                common.fit(HalfTweedieIdentity { power }, "HalfTweedieLossIdentity", data, start, on, ctl)
            }
            _ => common.fit(HalfTweedie { power }, "HalfTweedieLoss", data, start, on, ctl),
        }
    }
}

#[cfg(test)]
#[path = "deviance_tests.rs"]
mod tests;
