//! HuberRegressor: squared loss near the line, absolute loss far from it, and the scale that says what near is.

use super::LinearModel;
use super::robust::{Outliers, RobustModel};
use super::shares::Shares;
use super::solver::concomitant::{Concomitant, Iterate, Solved};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result, Warning, WarningKind};
use ironlearn_linalg::{Matrix, with_matrix};
use ndarray::{Array1, Axis};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·(sigma + 2·sigma·H((y − X·coef − b) / sigma)) + alpha·‖coef‖²` over coef, b and sigma > 0, where H
/// is Huber's loss: `r²/2` up to `epsilon`, straight beyond (Huber 1981, "concomitant scale"; Owen 2007,
/// doi:10.1090/conm/443).
///
/// An interior point method on coefficients and scale at once, with a weighted Gram of X each step: columns of any scale
/// converge alike, an epsilon of 1 (least absolute deviations) as well as a large one (least squares).
///
/// With negative weights, of a positive sum, there may be several minima or none: L-BFGS goes downhill from no
/// coefficients and a scale of 1, where scikit-learn starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HuberRegressor {
    /// Residuals beyond `epsilon·sigma` are outliers. Range [1, ∞).
    pub epsilon: f64,
    /// Steps at most. Range [0, ∞); ten to twenty are usual.
    pub max_iter: usize,
    /// Penalty strength. Range [0, ∞).
    pub alpha: f64,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Steps end where the objective is known to a millionth of this, relative to itself (10⁻¹³ at best). A start with
    /// no larger gradient is an optimum. Range [0, ∞).
    pub tol: f64,
}

impl Default for HuberRegressor {
    fn default() -> Self {
        HuberRegressor { epsilon: 1.35, max_iter: 100, alpha: 1e-4, fit_intercept: true, tol: 1e-5 }
    }
}

impl Params for HuberRegressor {
    const NAME: &'static str = "HuberRegressor";

    fn validate(&self) -> Result<()> {
        let ranges = [("epsilon", self.epsilon, 1.0), ("alpha", self.alpha, 0.0), ("tol", self.tol, 0.0)];
        for (name, value, least) in ranges {
            if !(value.is_finite() && value >= least) {
                let expected = format!("a float in the range [{least:?}, inf)");
                return Err(Error::Parameter { estimator: Self::NAME, name, expected, found: value.to_string() });
            }
        }
        Ok(())
    }
}

impl<B: Backend> FitOn<B> for HuberRegressor {
    type Model = RobustModel<Outliers>;

    /// `start`: its coefficients, intercept and scale are gone on from.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&Self::Model>,
        on: &B,
        ctl: &Control,
    ) -> Result<Self::Model> {
        let shares = Shares::signed(data, Self::NAME, params.fit_intercept)?;
        let signed = shares.weights.iter().any(|&w| w < 0.0);
        let features = data.x.ncols();
        let start = start.filter(|s| s.linear.coef.dim() == (1, features)).map(|s| Iterate {
            coef: s.linear.coef.row(0).to_owned(),
            intercept: s.linear.intercept[0] - shares.middle,
            scale: s.findings.scale,
        });
        // Without steps the answer is where scikit-learn starts; of several minima it is that below.
        let origin = || Iterate { coef: Array1::zeros(features), intercept: -shares.middle, scale: 1.0 };
        let start = start.or_else(|| (params.max_iter == 0 || signed).then(origin));
        let problem = Concomitant {
            y: shares.y,
            weights: shares.weights,
            epsilon: params.epsilon,
            alpha: params.alpha / shares.total,
            intercept: params.fit_intercept,
            tol: (1e-6 * params.tol).clamp(1e-13, 1e-6),
            flat: (params.tol / shares.total).max(1e-12),
            max_iter: params.max_iter,
            spread: shares.spread,
        };
        let solved = with_matrix!(data.x.reborrow(), x => match &x {
            Matrix::Sparse(sparse) => {
                let rows = sparse.by_row();
                let x = on.place(Matrix::Sparse(rows.view(sparse)), ctl)?;
                problem.solve(start, on, &x, ctl)
            }
            Matrix::Dense(_) => problem.solve(start, on, &on.place(x, ctl)?, ctl),
        })?;
        let report = params.report(&solved, if signed { "lbfgs" } else { "interior-point" });
        let found = solved.at;
        let intercept = if params.fit_intercept { found.intercept + shares.middle } else { 0.0 };
        let limit = params.epsilon * found.scale;
        let outliers = solved.residual.iter().map(|r| u8::from(r.abs() > limit)).collect();
        let linear = LinearModel::new(
            found.coef.insert_axis(Axis(1)),
            &Array1::zeros(features),
            &Array1::from_elem(1, intercept),
            data.x.dtype(),
            report,
        );
        Ok(RobustModel { linear, findings: Outliers { scale: found.scale, outliers } })
    }
}

impl HuberRegressor {
    fn report(&self, solved: &Solved, solver: &str) -> Report {
        let mut report = Report::direct(solver);
        report.iterations.push(solved.iterations);
        report.converged = solved.converged;
        if !solved.converged {
            let message = format!(
                "HuberRegressor failed to converge after {} iteration(s): the relative {} is {:.3e}. Increase the number \
                 of iterations to improve the convergence (max_iter={}).",
                solved.iterations,
                if solver == "lbfgs" { "gradient" } else { "gap" },
                solved.gap,
                self.max_iter
            );
            report.warnings.push(Warning { kind: WarningKind::Convergence, message });
        }
        report
    }
}

/// The value of the objective, for tests.
#[cfg(test)]
pub fn objective(
    model: &RobustModel<Outliers>,
    x: &ndarray::Array2<f64>,
    y: &Array1<f64>,
    w: &Array1<f64>,
    params: &HuberRegressor,
) -> f64 {
    use crate::loss::{Huber, Loss};
    let coef = model.linear.coef.row(0);
    let (s, loss) = (model.findings.scale, Huber { delta: params.epsilon });
    let residual = y - &x.dot(&coef) - model.linear.intercept[0];
    let fit: f64 = residual.iter().zip(w).map(|(r, w)| w * s * (1.0 + 2.0 * loss.value(r / s, 0.0))).sum();
    fit + params.alpha * coef.dot(&coef)
}

#[cfg(test)]
#[path = "huber_tests.rs"]
mod tests;
