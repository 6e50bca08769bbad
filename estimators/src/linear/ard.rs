//! ARDRegression: automatic relevance determination, a precision for each coefficient.

use super::LinearModel;
use super::bayes_model::{BayesianModel, check_priors, one_target, undetermined};
use super::evidence::{precision, variance};
use super::lars::at_least_one;
use super::problem::{Problem, TOO_LARGE, check_regression};
use super::solver::relevance::Moments;
use crate::{Backend, Checked, Control, Data, Dtype, FitOn, Params, Report, Result, bad_input};
use ironlearn_linalg::{Real, with_matrix};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

/// As [`super::BayesianRidge`], with a precision lambda of its own for each coefficient (MacKay 1994; Tipping 2001). A
/// coefficient whose precision reaches `threshold_lambda` is fixed at 0.
///
/// With at least as many rows as columns each iteration factors a part of the second moments, else a matrix of the
/// rows' products (Woodbury), and the whole covariance is found only at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ARDRegression {
    /// Iterations at most, range [1, ∞).
    pub max_iter: usize,
    /// Ends where the coefficients change by less in all (the sum of magnitudes). Range [0, ∞).
    pub tol: f64,
    /// Shape of alpha's gamma prior, range [0, ∞).
    pub alpha_1: f64,
    /// Inverse scale of alpha's gamma prior, range [0, ∞).
    pub alpha_2: f64,
    /// Shape of the gamma prior of each lambda, range [0, ∞).
    pub lambda_1: f64,
    /// Inverse scale of the gamma prior of each lambda, range [0, ∞).
    pub lambda_2: f64,
    /// Whether the log marginal likelihood is found at each iteration.
    pub compute_score: bool,
    /// From this precision on a coefficient is 0. Range [0, ∞).
    pub threshold_lambda: f64,
    /// Whether an intercept is fitted.
    pub fit_intercept: bool,
}

impl Default for ARDRegression {
    fn default() -> Self {
        ARDRegression {
            max_iter: 300,
            tol: 1e-3,
            alpha_1: 1e-6,
            alpha_2: 1e-6,
            lambda_1: 1e-6,
            lambda_2: 1e-6,
            compute_score: false,
            threshold_lambda: 1e4,
            fit_intercept: true,
        }
    }
}

impl Params for ARDRegression {
    const NAME: &'static str = "ARDRegression";

    fn validate(&self) -> Result<()> {
        at_least_one(Self::NAME, "max_iter", self.max_iter)?;
        check_priors(
            Self::NAME,
            &[
                ("tol", self.tol),
                ("alpha_1", self.alpha_1),
                ("alpha_2", self.alpha_2),
                ("lambda_1", self.lambda_1),
                ("lambda_2", self.lambda_2),
                ("threshold_lambda", self.threshold_lambda),
            ],
        )
    }
}

impl<B: Backend> FitOn<B> for ARDRegression {
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
            if problem.rows() >= problem.cols() {
                let (problem, moments) = problem.moments(params.fit_intercept)?;
                let Some(moments) = moments else {
                    bad_input!("{TOO_LARGE}");
                };
                let xty = moments.xty.index_axis_move(Axis(1), 0);
                return params.learn(&problem, &Moments::Columns { gram: moments.gram, xty }, dtype);
            }
            let problem = problem.centred(params.fit_intercept)?;
            let mut rows = problem.x.as_ref().to_dense();
            rows -= &problem.x_mean;
            problem.scale_rows(&mut rows);
            let y = problem.targets().index_axis_move(Axis(1), 0);
            params.learn(&problem, &Moments::Rows { rows, y }, dtype)
        })
    }
}

impl ARDRegression {
    fn learn<B: Backend, F: Real>(
        &self,
        problem: &Problem<'_, '_, B, F>,
        moments: &Moments,
        dtype: Dtype,
    ) -> Result<BayesianModel> {
        let (n, p) = (problem.rows(), problem.cols());
        let weight_sum = problem.weights.as_ref().map_or(n as f64, |w| w.sum());
        let targets = problem.targets().index_axis_move(Axis(1), 0);
        // A y that does not vary says of every coefficient, also of a constant column's, that it is 0.
        let flat = problem.y.iter().all(|&y| y == problem.y[[0, 0]]) && (problem.center || problem.y[[0, 0]] == 0.0);
        let mut alpha = precision(1.0 / (variance(problem) + f64::EPSILON));
        let mut lambda: Array1<f64> = Array1::ones(p);
        let mut kept: Vec<usize> = (0..p).collect();
        let mut coef: Array1<f64> = Array1::zeros(p);
        let mut report = Report { solver: "cholesky".into(), ..Report::default() };
        let (mut scores, mut iterations) = (Vec::new(), 0);
        let mut before: Option<Array1<f64>> = None;
        while iterations < self.max_iter && !report.converged && !kept.is_empty() {
            iterations += 1;
            let found = moments.posterior(alpha, &lambda, &kept, problem.ctl)?;
            kept.iter().zip(&found.mean).for_each(|(&j, &mean)| coef[j] = mean);
            let sse: f64 = (&targets - &problem.times(&coef)?).iter().map(|r| r * r).sum();
            let mut determined = 0.0;
            for (&j, &gamma) in kept.iter().zip(&found.determined) {
                let gamma = if flat && gamma <= f64::EPSILON { 1.0 } else { gamma };
                determined += gamma;
                lambda[j] = precision((gamma + 2.0 * self.lambda_1) / (coef[j] * coef[j] + 2.0 * self.lambda_2));
            }
            let free = weight_sum - determined + 2.0 * self.alpha_1;
            if free > 0.0 {
                alpha = precision(free / (sse + 2.0 * self.alpha_2));
            } else {
                undetermined(&mut report);
            }
            for &j in &kept {
                coef[j] = if lambda[j] < self.threshold_lambda { coef[j] } else { 0.0 };
            }
            kept.retain(|&j| lambda[j] < self.threshold_lambda);
            if self.compute_score {
                scores.push(self.score(alpha, &lambda, &coef, sse, found.log_det, weight_sum));
            }
            let change = before.map_or(f64::INFINITY, |b| (&coef - &b).iter().map(|d| d.abs()).sum());
            report.converged = change < self.tol;
            before = Some(coef.clone());
            problem.ctl.step(iterations, self.max_iter, change)?;
        }
        report.converged |= kept.is_empty();
        report.iterations.push(iterations);
        let mut sigma = Array2::zeros((0, 0));
        if !kept.is_empty() {
            let mean;
            (mean, sigma) = moments.distribution(alpha, &lambda, &kept, problem.ctl)?;
            kept.iter().zip(&mean).for_each(|(&j, &mean)| coef[j] = mean);
        }
        let coef = coef.insert_axis(Axis(1));
        Ok(BayesianModel {
            linear: LinearModel::new(coef, &problem.x_mean, &problem.y_mean, dtype, report),
            alpha,
            lambda: lambda.to_vec(),
            shared_lambda: false,
            sigma,
            kept,
            x_mean: problem.x_mean.clone(),
            scores,
        })
    }

    /// What the iteration raises; `log_det` is of the covariance of the coefficients.
    fn score(
        &self,
        alpha: f64,
        lambda: &Array1<f64>,
        coef: &Array1<f64>,
        sse: f64,
        log_det: f64,
        weight_sum: f64,
    ) -> f64 {
        let of_lambda: f64 = lambda.iter().map(|l| self.lambda_1 * l.ln() - self.lambda_2 * l).sum();
        let logs: f64 = lambda.iter().map(|l| l.ln()).sum();
        let length: f64 = lambda.iter().zip(coef).map(|(l, c)| l * c * c).sum();
        let prior = of_lambda + self.alpha_1 * alpha.ln() - self.alpha_2 * alpha;
        prior + 0.5 * (log_det + weight_sum * alpha.ln() + logs) - 0.5 * (alpha * sse + length)
    }
}
