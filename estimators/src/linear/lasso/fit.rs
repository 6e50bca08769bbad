//! One fit of the family: from data to a model.

use super::design::{Design, Plan};
use super::model::LassoModel;
use super::path::follow;
use super::settings::Settings;
use crate::linear::LinearModel;
use crate::linear::problem::{check_regression, check_signed_regression};
use crate::linear::solver::coordinate::Outcome;
use crate::{Backend, Control, Data, Dtype, Error, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::{Real, with_matrix};
use ndarray::{Array1, Array2};

/// How the fit of one strength ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ended {
    /// The duality gap, per row.
    pub gap: f64,
    /// The gap that was asked for, per row.
    pub goal: f64,
    /// Passes over coordinates.
    pub passes: usize,
    /// Whether the rule was met.
    pub converged: bool,
    /// The strength.
    pub alpha: f64,
}

impl Ended {
    /// From the solver's units.
    pub fn new(outcome: Outcome, weight_sum: f64, alpha: f64) -> Self {
        let Outcome { gap, goal, passes, converged } = outcome;
        Ended { gap: gap / weight_sum, goal: goal / weight_sum, passes, converged, alpha }
    }

    /// What a user should hear, where the rule was not met.
    pub fn warning(&self) -> Option<Warning> {
        let mut message = format!(
            "Objective did not converge. You might want to increase the number of iterations, to scale the features or \
             to penalise more. Duality gap: {:.6e}, tolerance: {:.3e}",
            self.gap, self.goal
        );
        if self.alpha < f64::EPSILON {
            message += "\nWithout an L1 penalty, Ridge or LinearRegression are the faster models.";
        }
        (!self.converged).then_some(Warning { kind: WarningKind::Convergence, message })
    }
}

/// Where coefficients overflow.
pub fn not_finite() -> Error {
    let message = "Coordinate descent iterations resulted in non-finite parameter values. The input data may contain \
                   large values and need to be preprocessed.";
    Error::Input(message.into())
}

/// Checks targets and weights. Weights of rows of sparse X may be negative, as in scikit-learn: there they stand in sums;
/// rows of dense X are multiplied by their roots.
///
/// # Errors
/// [`Error::Input`].
pub fn check(data: &Data<'_>, center: bool) -> Result<()> {
    if data.x.is_sparse() { check_signed_regression(data, center) } else { check_regression(data, center) }
}

/// Fits one strength to each target, or to all together.
///
/// # Errors
/// As [`crate::FitOn::fit_checked`].
pub fn fit<B: Backend>(
    settings: &Settings<'_>,
    alpha: f64,
    l1_ratio: f64,
    data: &Data<'_>,
    start: Option<&LassoModel>,
    on: &B,
    ctl: &Control,
) -> Result<LassoModel> {
    check(data, settings.fit_intercept)?;
    let y = data.values(settings.name)?;
    let plan =
        Plan { center: settings.fit_intercept, precompute: settings.precompute, penalties: y.ncols(), offset: None };
    with_matrix!(data.x, x => {
        let x = on.place(x, ctl)?;
        let design = Design::new(on, &x, y, data.weights.as_ref().map(|w| w.view()), plan, ctl)?;
        of_design(settings, alpha, l1_ratio, &design, start, data.x.dtype(), ctl)
    })
}

/// The same on a design.
///
/// # Errors
/// As [`fit`].
pub fn of_design<B: Backend, F: Real>(
    settings: &Settings<'_>,
    alpha: f64,
    l1_ratio: f64,
    design: &Design<'_, '_, B, F>,
    start: Option<&LassoModel>,
    dtype: Dtype,
    ctl: &Control,
) -> Result<LassoModel> {
    let (p, t) = (design.x_mean.len(), design.y_mean.len());
    if let Some(start) = start
        && start.linear.coef.dim() != (t, p)
    {
        bad_input!("a start of shape {:?} does not fit {t} targets of {p} features", start.linear.coef.dim());
    }
    let step = if settings.joint { t } else { 1 };
    let mut coef = Array2::zeros((p, t));
    let mut report = Report { converged: true, solver: "coordinate descent".into(), ..Report::default() };
    let mut dual_gap = Vec::new();
    for first in (0..t).step_by(step) {
        let outputs = first..first + step;
        let begin = |j: usize, k: usize| start.map_or(0.0, |s| s.linear.coef[[k, j]]);
        let begin = (0..p).flat_map(|j| outputs.clone().map(move |k| (j, k))).map(|(j, k)| begin(j, k)).collect();
        let mut source = design.source(outputs.clone())?;
        let path = follow(source.as_mut(), settings, &[alpha], l1_ratio, design.weight_sum, begin, ctl)?;
        for (at, w) in path.coefs[0].iter().enumerate() {
            coef[[at / step, first + at % step]] = *w;
        }
        let ended = path.ended[0];
        report.iterations.push(ended.passes);
        report.converged &= ended.converged;
        report.warnings.extend(ended.warning());
        dual_gap.push(ended.gap);
    }
    let zeros = (Array1::zeros(p), Array1::zeros(t));
    let (x_mean, y_mean) = if settings.fit_intercept { (&design.x_mean, &design.y_mean) } else { (&zeros.0, &zeros.1) };
    let linear = LinearModel::new(coef, x_mean, y_mean, dtype, report);
    if linear.intercept.iter().chain(&linear.coef).any(|v| !v.is_finite()) {
        return Err(not_finite());
    }
    Ok(LassoModel { linear, dual_gap, choice: None })
}
