//! The lasso with its penalty chosen by an information criterion.

use super::model::{Chosen, LarsModel};
use super::not_negative;
use super::walk::{Given, Precompute, Walking};
use crate::linear::LinearRegression;
use crate::linear::problem::Problem;
use crate::linear::solver::columns::dense;
use crate::linear::solver::least_angle::LeastAngle;
use crate::{Backend, Checked, Control, Data, FitOn, Params, PredictOn, Result, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array1, Axis};
use serde::{Deserialize, Serialize};

/// What a coefficient that is not 0 costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criterion {
    /// 2 (Akaike).
    #[default]
    Aic,
    /// log n (Schwarz).
    Bic,
}

/// [`super::LassoLars`] at the knot of its path where `n·log(2πσ²) + ‖y − ŷ‖²/σ² + cost·(coefficients that are not 0)`
/// is least (Zou, Hastie and Tibshirani, "On the degrees of freedom of the lasso", 2007,
/// doi 10.1214/009053607000000127).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LassoLarsIC {
    /// What a coefficient costs.
    pub criterion: Criterion,
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Whether `XᵀX` is computed first.
    pub precompute: Precompute,
    /// The most steps. Range [0, ∞).
    pub max_iter: usize,
    /// As for [`super::Lars`].
    pub eps: f64,
    /// Whether coefficients have to be ≥ 0.
    pub positive: bool,
    /// σ², in units of y². Range [0, ∞). `None`: that of the residuals of least squares, for more rows than
    /// coefficients.
    pub noise_variance: Option<f64>,
}

impl Default for LassoLarsIC {
    fn default() -> Self {
        LassoLarsIC {
            criterion: Criterion::Aic,
            fit_intercept: true,
            precompute: Precompute::Auto,
            max_iter: 500,
            eps: f64::EPSILON,
            positive: false,
            noise_variance: None,
        }
    }
}

impl Params for LassoLarsIC {
    const NAME: &'static str = "LassoLarsIC";

    fn validate(&self) -> Result<()> {
        not_negative(Self::NAME, "eps", self.eps)?;
        not_negative(Self::NAME, "noise_variance", self.noise_variance.unwrap_or(0.0))
    }
}

impl LassoLarsIC {
    /// Fits with what the caller has computed already.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`]; [`crate::Error::Input`] for matrices of other shapes.
    pub fn fit_given<B: Backend>(
        params: &Checked<Self>,
        data: &Data<'_>,
        given: Given<'_>,
        on: &B,
        ctl: &Control,
    ) -> Result<LarsModel> {
        let rule = LeastAngle {
            lasso: true,
            positive: params.positive,
            alpha_min: 0.0,
            max_iter: params.max_iter,
            eps: params.eps,
            n_samples: 1.0,
        };
        let (fit_intercept, precompute) = (params.fit_intercept, params.precompute);
        let walking = Walking { rule, fit_intercept, precompute, given };
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("LassoLarsIC fits one target, but y has {}", y.ncols());
        }
        let walked = walking.walk(data, Self::NAME, on, ctl)?;
        let path = &walked.paths[0];
        let coefs = dense(&path.knots, walked.p);
        let weights = data.weights.as_ref().map(|w| w.view());
        let squares = with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let (x_mean, y_mean) = walked.means.clone();
            let problem =
                Problem { x_mean, y_mean, center: fit_intercept, ..Problem::uncentred(on, &x, y.view(), weights, ctl) };
            let residuals = problem.apply(coefs.t())? - &problem.targets();
            Ok::<_, crate::Error>((&residuals * &residuals).sum_axis(Axis(0)))
        })?;
        let eps = walked.dtype.eps();
        let free = coefs.map_axis(Axis(1), |knot| knot.iter().filter(|c| c.abs() > eps).count() as f64);
        let n = data.weights.as_ref().map_or(data.x.nrows() as f64, |w| w.sum());
        let noise_variance = match params.noise_variance {
            Some(given) => given,
            None => params.estimate(data, n, on, ctl)?,
        };
        let cost = match params.criterion {
            Criterion::Aic => 2.0,
            Criterion::Bic => n.ln(),
        };
        let constant = n * (2.0 * std::f64::consts::PI * noise_variance).ln();
        let values: Array1<f64> =
            squares.iter().zip(&free).map(|(s, k)| constant + s / noise_variance + cost * k).collect();
        // The first of the least ones; NaN, of a variance of 0, ends the search as it does NumPy's.
        let mut best = 0;
        for (k, value) in values.iter().enumerate() {
            if value.is_nan() || *value < values[best] {
                best = k;
            }
            if value.is_nan() {
                break;
            }
        }
        let alpha = path.alphas[best];
        let coef = coefs.row(best).to_owned().insert_axis(Axis(1));
        let mut model = walked.into_model(coef, true);
        model.paths.iter_mut().for_each(|path| path.kept = None);
        model.chosen = Some(Chosen::Criterion { alpha, values, noise_variance });
        Ok(model)
    }

    /// The mean square of what least squares leaves, for the rows that are beyond the coefficients.
    fn estimate<B: Backend>(&self, data: &Data<'_>, n: f64, on: &B, ctl: &Control) -> Result<f64> {
        let used = data.x.ncols() + usize::from(self.fit_intercept);
        if n <= used as f64 {
            bad_input!(
                "You are using LassoLarsIC in the case where the number of samples is smaller than the number of \
                 features. In this setting, getting a good estimate for the variance of the noise is not possible. \
                 Provide an estimate of the noise variance in the constructor."
            );
        }
        let squares =
            LinearRegression { fit_intercept: self.fit_intercept, positive: self.positive, ..Default::default() };
        let model = LinearRegression::fit_checked(&Checked::new(squares)?, data, None, on, ctl)?;
        let left = model.predict_on(&data.x, ctl)? - data.values(Self::NAME)?;
        let squares = left.column(0).mapv(|v| v * v);
        let sum = data.weights.as_ref().map_or(squares.sum(), |w| w.dot(&squares));
        Ok(sum / (n - used as f64))
    }
}

impl<B: Backend> FitOn<B> for LassoLarsIC {
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
