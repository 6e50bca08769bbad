//! Orthogonal matching pursuit: least squares with few columns, one chosen at a time.

mod cross_validation;
mod model;
mod path;

pub use cross_validation::OrthogonalMatchingPursuitCV;
pub use model::PursuitModel;
pub use path::{path, path_of_moments};

use super::LinearModel;
use super::lars::Precompute;
use super::problem::{Problem, TOO_LARGE, check_regression};
use super::solver::columns::{Moments, Rows};
use super::solver::pursuit::{Pursued, Until, pursue};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result, bad_input};
use ironlearn_linalg::{Real, with_matrix};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Least squares over few columns: the one that has most to do with what is left of y joins, then all are fitted anew
/// (Mallat and Zhang 1993; Pati, Rezaiifar and Krishnaprasad 1993). Weighted rows count as repeated ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrthogonalMatchingPursuit {
    /// How many columns join. Range [1, p]. `None`: a tenth of them, at least one.
    pub n_nonzero_coefs: Option<usize>,
    /// The squared residual at which to stop, in units of y²; takes the place of `n_nonzero_coefs`. Range [0, ∞).
    pub tol: Option<f64>,
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether `XᵀX` is computed first.
    pub precompute: Precompute,
}

impl Default for OrthogonalMatchingPursuit {
    fn default() -> Self {
        let precompute = Precompute::Auto;
        OrthogonalMatchingPursuit { n_nonzero_coefs: None, tol: None, fit_intercept: true, precompute }
    }
}

impl Params for OrthogonalMatchingPursuit {
    const NAME: &'static str = "OrthogonalMatchingPursuit";

    fn validate(&self) -> Result<()> {
        super::lars::at_least_one(Self::NAME, "n_nonzero_coefs", self.n_nonzero_coefs.unwrap_or(1))?;
        super::lars::not_negative(Self::NAME, "tol", self.tol.unwrap_or(0.0))
    }
}

impl OrthogonalMatchingPursuit {
    /// When to stop, for p columns, and how many may join.
    fn until(&self, p: usize) -> Result<Until> {
        if let Some(tol) = self.tol {
            return Ok(Until::SquaredResidual(tol));
        }
        let most = self.n_nonzero_coefs.unwrap_or_else(|| (p / 10).max(1));
        if most > p {
            bad_input!("The number of atoms cannot be more than the number of features");
        }
        Ok(Until::Columns(most))
    }
}

/// Pursues each output of a problem whose means are known yet (`center` asks for them).
///
/// # Errors
/// [`Error::Input`], [`Error::Linalg`].
pub(super) fn pursue_all<'a, 'x, B: Backend, F: Real>(
    problem: Problem<'a, 'x, B, F>,
    center: bool,
    precompute: bool,
    until: Until,
) -> Result<(Problem<'a, 'x, B, F>, Vec<Pursued>)> {
    let t = problem.y.ncols();
    if !precompute {
        let problem = problem.centred(center)?;
        let each = (0..t).map(|k| pursue(&mut Rows::new(&problem, k), until, problem.ctl)).collect::<Result<_>>()?;
        return Ok((problem, each));
    }
    let (problem, moments) = problem.moments(center)?;
    let Some(moments) = moments else {
        bad_input!("{TOO_LARGE}");
    };
    let each = (0..t).map(|k| {
        let (gram, xty, yty) = (moments.gram.view(), moments.xty.column(k), moments.yty[k]);
        pursue(&mut Moments { gram, xty, yty }, until, problem.ctl)
    });
    let each = each.collect::<Result<_>>()?;
    Ok((problem, each))
}

impl<B: Backend> FitOn<B> for OrthogonalMatchingPursuit {
    type Model = PursuitModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&PursuitModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<PursuitModel> {
        check_regression(data, params.fit_intercept)?;
        let y = data.values(Self::NAME)?;
        let (n, p) = data.x.shape();
        let until = params.until(p)?;
        // A matrix of all products is not worth it for more columns than rows, however many the outputs.
        let precompute = params.precompute.resolve(n, p, 1);
        with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y, data.weights.as_ref().map(|w| w.view()), ctl);
            let (problem, each) = pursue_all(problem, params.fit_intercept, precompute, until)?;
            let mut coef = Array2::zeros((p, each.len()));
            let mut report = Report::direct("omp");
            for (k, found) in each.into_iter().enumerate() {
                found.last().into_iter().for_each(|(j, v)| coef[[j, k]] = v);
                report.iterations.push(found.steps.len());
                report.warnings.extend(found.warning);
            }
            let linear = LinearModel::new(coef, &problem.x_mean, &problem.y_mean, data.x.dtype(), report);
            let n_nonzero_coefs = match until {
                Until::Columns(k) => Some(k),
                Until::SquaredResidual(_) => None,
            };
            Ok::<_, Error>(PursuitModel { linear, n_nonzero_coefs })
        })
    }
}

#[cfg(test)]
mod tests;
