//! BayesianRidge: ridge regression whose penalty is learnt with the noise, by the evidence.

use super::LinearModel;
use super::bayes_model::{BayesianModel, check_priors, one_target, undetermined};
use super::evidence::{Evidence, precision, variance};
use super::lars::at_least_one;
use super::problem::{Problem, check_regression};
use crate::{Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result};
use ironlearn_linalg::{Real, with_matrix};
use ndarray::{Array1, Axis};
use serde::{Deserialize, Serialize};

/// Finds the precisions of the noise (alpha) and of the coefficients (lambda) that make the data most likely, each
/// under a gamma prior, and the coefficients at these (MacKay 1992; updates of Tipping 2001, appendix A).
///
/// One decomposition of the centred, weighted X serves all iterations: by singular values, or by the second moments where
/// X is sparse and has more rows than columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BayesianRidge {
    /// Iterations at most, range [1, ∞).
    pub max_iter: usize,
    /// Ends where the coefficients change by less in all (the sum of magnitudes). Range (0, ∞).
    pub tol: f64,
    /// Shape of alpha's gamma prior, range [0, ∞).
    pub alpha_1: f64,
    /// Inverse scale of alpha's gamma prior, range [0, ∞).
    pub alpha_2: f64,
    /// Shape of lambda's gamma prior, range [0, ∞).
    pub lambda_1: f64,
    /// Inverse scale of lambda's gamma prior, range [0, ∞).
    pub lambda_2: f64,
    /// The first alpha, range [0, ∞); `None` means 1 / the variance of y. Not 0 where `lambda_init` is.
    pub alpha_init: Option<f64>,
    /// The first lambda, range [0, ∞); `None` means 1.
    pub lambda_init: Option<f64>,
    /// Whether the log marginal likelihood is found at each iteration.
    pub compute_score: bool,
    /// Whether an intercept is fitted; it is no part of the probabilistic model.
    pub fit_intercept: bool,
}

impl Default for BayesianRidge {
    fn default() -> Self {
        BayesianRidge {
            max_iter: 300,
            tol: 1e-3,
            alpha_1: 1e-6,
            alpha_2: 1e-6,
            lambda_1: 1e-6,
            lambda_2: 1e-6,
            alpha_init: None,
            lambda_init: None,
            compute_score: false,
            fit_intercept: true,
        }
    }
}

impl Params for BayesianRidge {
    const NAME: &'static str = "BayesianRidge";

    fn validate(&self) -> Result<()> {
        at_least_one(Self::NAME, "max_iter", self.max_iter)?;
        if !(self.tol.is_finite() && self.tol > 0.0) {
            return Err(Error::Parameter {
                estimator: Self::NAME,
                name: "tol",
                expected: "a float in the range (0.0, inf)".into(),
                found: self.tol.to_string(),
            });
        }
        if self.alpha_init == Some(0.0) && self.lambda_init == Some(0.0) {
            return Err(Error::Parameters("alpha_init and lambda_init cannot both be 0: no penalty follows".into()));
        }
        check_priors(
            Self::NAME,
            &[
                ("alpha_1", self.alpha_1),
                ("alpha_2", self.alpha_2),
                ("lambda_1", self.lambda_1),
                ("lambda_2", self.lambda_2),
                ("alpha_init", self.alpha_init.unwrap_or(0.0)),
                ("lambda_init", self.lambda_init.unwrap_or(0.0)),
            ],
        )
    }
}

impl<B: Backend> FitOn<B> for BayesianRidge {
    type Model = BayesianModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&BayesianModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<BayesianModel> {
        // The variance of y asks for weights that do not sum to 0, with an intercept or without.
        check_regression(data, true)?;
        let y = data.values(Self::NAME)?;
        one_target(Self::NAME, y.ncols())?;
        let dtype = data.x.dtype();
        with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y, data.weights.as_ref().map(|w| w.view()), ctl);
            let (problem, evidence) = Evidence::new(problem, params.fit_intercept)?;
            params.learn(&problem, &evidence, dtype)
        })
    }
}

impl BayesianRidge {
    fn learn<B: Backend, F: Real>(
        &self,
        problem: &Problem<'_, '_, B, F>,
        evidence: &Evidence,
        dtype: Dtype,
    ) -> Result<BayesianModel> {
        let mut alpha = self.alpha_init.unwrap_or_else(|| precision(1.0 / (variance(problem) + f64::EPSILON)));
        let mut lambda = self.lambda_init.unwrap_or(1.0);
        let score = |alpha: f64, lambda: f64, sizes| {
            let prior = |shape: f64, rate: f64, v: f64| shape * v.ln() - rate * v;
            evidence.log_likelihood(alpha, lambda, sizes)
                + prior(self.lambda_1, self.lambda_2, lambda)
                + prior(self.alpha_1, self.alpha_2, alpha)
        };
        let mut scores = Vec::new();
        let mut before: Option<Array1<f64>> = None;
        let mut report = Report { solver: evidence.solver.to_owned(), ..Report::default() };
        let mut iterations = 0;
        while iterations < self.max_iter && !report.converged {
            iterations += 1;
            let penalty = evidence.penalty(alpha, lambda);
            let sizes = evidence.sizes(penalty);
            if self.compute_score {
                scores.push(score(alpha, lambda, sizes));
            }
            let coef = evidence.coef(penalty);
            let gamma = evidence.determined(penalty);
            lambda = precision((gamma + 2.0 * self.lambda_1) / (sizes.1 + 2.0 * self.lambda_2));
            let free = evidence.weight_sum - gamma + 2.0 * self.alpha_1;
            if free > 0.0 {
                alpha = precision(free / (sizes.0 + 2.0 * self.alpha_2));
            } else {
                undetermined(&mut report);
                alpha = precision(alpha);
            }
            let change = before.map_or(f64::INFINITY, |b| (&coef - &b).iter().map(|d| d.abs()).sum());
            report.converged = change < self.tol;
            before = Some(coef);
            problem.ctl.step(iterations, self.max_iter, change)?;
        }
        report.iterations.push(iterations);
        let penalty = evidence.penalty(alpha, lambda);
        if self.compute_score {
            scores.push(score(alpha, lambda, evidence.sizes(penalty)));
        }
        let coef = evidence.coef(penalty).insert_axis(Axis(1));
        let linear = LinearModel::new(coef, &problem.x_mean, &problem.y_mean, dtype, report);
        Ok(BayesianModel {
            linear,
            alpha,
            lambda: vec![lambda],
            shared_lambda: true,
            sigma: evidence.covariance(alpha, lambda),
            kept: (0..problem.cols()).collect(),
            x_mean: problem.x_mean.clone(),
            scores,
        })
    }
}

#[cfg(test)]
#[path = "bayes_tests.rs"]
mod tests;
