//! A linear model with a normal distribution of its coefficients: what BayesianRidge and ARDRegression end in.

use super::LinearModel;
use super::lars::not_negative;
use crate::report::{Warning, WarningKind};
use crate::{
    AnyMatrix, Attribute, Coefficients, Control, DeviationOn, Dtype, Error, Model, PredictOn, Report, Result, bad_input,
};
use ironlearn_linalg::lapack::Blas;
use ironlearn_linalg::{threads, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Rows of X in one tile of the pass that finds standard deviations.
const TILE_ROWS: usize = 256;

/// `y ~ N(X·w + intercept, 1/alpha)` with `w ~ N(coef, sigma)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BayesianModel {
    /// The means of the coefficients.
    pub linear: LinearModel,
    /// The precision of the noise, in units of 1/y².
    pub alpha: f64,
    /// The precisions of the coefficients: one for all, or one each.
    pub lambda: Vec<f64>,
    /// Whether lambda is one for all.
    pub shared_lambda: bool,
    /// The covariance of the coefficients of `kept`.
    #[serde(with = "crate::saved::array2")]
    pub sigma: Array2<f64>,
    /// The columns whose coefficients are not fixed at 0, rising.
    pub kept: Vec<usize>,
    /// The means of the columns of X; 0 without an intercept.
    #[serde(with = "crate::saved::array1")]
    pub x_mean: Array1<f64>,
    /// The log marginal likelihood at each iteration, where asked for.
    pub scores: Vec<f64>,
}

impl Model for BayesianModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        let (p, k) = (self.n_features_in(), self.kept.len());
        let lambdas = if self.shared_lambda { 1 } else { p };
        let fits = self.sigma.dim() == (k, k) && self.x_mean.len() == p && self.lambda.len() == lambdas;
        if !fits || self.kept.iter().any(|&j| j >= p) || !self.kept.is_sorted_by(|a, b| a < b) {
            return Err(Error::File("the covariance does not fit the coefficients".into()));
        }
        if self.linear.coef.nrows() != 1 {
            return Err(Error::File(format!("a Bayesian model of {} targets", self.linear.coef.nrows())));
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return Err(Error::File(format!("a precision of {}", self.alpha)));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        self.linear.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let dtype = self.linear.dtype;
        let floats = |v: &[f64]| Attribute::Floats(Array1::from(v.to_vec()).into_dyn(), dtype);
        let lambda = if self.shared_lambda { Attribute::Float(self.lambda[0]) } else { floats(&self.lambda) };
        let mut attributes = self.linear.attributes();
        attributes.extend([
            ("alpha_", Attribute::Float(self.alpha)),
            ("lambda_", lambda),
            ("sigma_", Attribute::Floats(self.sigma.clone().into_dyn(), dtype)),
            ("scores_", Attribute::Floats(Array1::from(self.scores.clone()).into_dyn(), Dtype::F64)),
            ("n_iter_", Attribute::Int(self.report().iterations.first().copied().unwrap_or(0) as i64)),
            ("X_offset_", Attribute::Floats(self.x_mean.clone().into_dyn(), dtype)),
            ("X_scale_", Attribute::Floats(Array1::ones(self.x_mean.len()).into_dyn(), dtype)),
        ]);
        attributes
    }
}

impl PredictOn for BayesianModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}

/// Of the coefficients and of the noise together; the intercept counts as known.
impl DeviationOn for BayesianModel {
    fn deviation_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "the model")?;
        let (n, p, k) = (x.nrows(), x.ncols(), self.kept.len());
        let mut deviations = Array2::from_elem((n, 1), (1.0 / self.alpha).sqrt());
        if k == 0 {
            return Ok(deviations);
        }
        let sigma = self.sigma.as_standard_layout();
        let sigma = sigma.as_slice().unwrap_or_default();
        let out = deviations.as_slice_mut().unwrap_or_default();
        threads::fill_rows(ctl, out, 1, TILE_ROWS, |first, out| {
            let m = out.len();
            let (mut rows, mut centred, mut scaled) = (vec![0.0; m * p], vec![0.0; m * k], vec![0.0; m * k]);
            with_matrix!(x, x => x.pack(first..first + m, 0..p, p, &mut rows));
            for (row, centred) in rows.chunks_exact(p).zip(centred.chunks_exact_mut(k)) {
                centred.iter_mut().zip(&self.kept).for_each(|(c, &j)| *c = row[j] - self.x_mean[j]);
            }
            f64::gemm((false, false), (m, k, k), 1.0, &centred, k, sigma, k, 0.0, &mut scaled, k);
            for (out, (a, b)) in out.iter_mut().zip(centred.chunks_exact(k).zip(scaled.chunks_exact(k))) {
                let variance: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                *out = (variance.max(0.0) + 1.0 / self.alpha).sqrt();
            }
        })?;
        Ok(deviations)
    }
}

/// The shapes and rates of the gamma distributions of the precisions, checked.
pub(super) fn check_priors(estimator: &'static str, priors: &[(&'static str, f64)]) -> Result<()> {
    priors.iter().try_for_each(|&(name, value)| not_negative(estimator, name, value))
}

/// The one target of these models.
pub(super) fn one_target(estimator: &str, targets: usize) -> Result<()> {
    if targets != 1 {
        bad_input!("{estimator} takes one target, got {targets}: y should be a 1d array");
    }
    Ok(())
}

/// Says, once, that the noise could not be told.
pub(super) fn undetermined(report: &mut Report) {
    if report.warnings.is_empty() {
        report.warnings.push(Warning {
            kind: WarningKind::User,
            message: "the weights of the rows add up to no more than the number of coefficients that they determine: \
                      alpha_ stays at the value before. Weights that add up to the number of rows avoid that."
                .into(),
        });
    }
}
