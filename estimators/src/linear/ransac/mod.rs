//! RANSACRegressor: least squares of the largest consensus among rows, found by random subsets.

mod model;
mod picked;
mod search;

pub use model::RansacModel;
pub use search::{Consensus, Draw, Found, Subset, search};

use super::{LinearRegression, subsets};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, Warning, WarningKind, bad_input};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// Random sample consensus (Fischler and Bolles 1981, doi 10.1145/358669.358692): least squares of a few random rows,
/// again and again; rows whose loss is at most a threshold agree with it. The subset with which most rows agree (of
/// equals the one with the highest R² on them) says which rows count, and least squares of these is the model. Weights
/// of rows count in every fit, but neither in draws nor in what agrees. O(trials·n·features).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RANSACRegressor {
    /// Rows of a subset; `None`: one more than there are columns.
    pub min_samples: Option<MinSamples>,
    /// The largest loss of a row that agrees, in units of the loss; `None`: the median absolute deviation of y from its
    /// median. Range [0, ∞).
    pub residual_threshold: Option<f64>,
    /// The most subsets. Range [0, ∞).
    pub max_trials: usize,
    /// So many subsets may be left out, because too few rows agree, before the search ends; `None`: any number.
    pub max_skips: Option<usize>,
    /// The search ends when so many rows agree; `None`: never for that reason.
    pub stop_n_inliers: Option<usize>,
    /// The search ends at so high an R² on the rows that agree; `None`: never for that reason.
    pub stop_score: Option<f64>,
    /// The search ends when, with this probability, one of the subsets had no row that does not belong. Range [0, 1].
    pub stop_probability: f64,
    /// The loss of a row.
    pub loss: RansacLoss,
    /// Whether the lines have an intercept; otherwise 0.
    pub fit_intercept: bool,
    /// As for [`LinearRegression`].
    pub tol: f64,
    /// Whether coefficients have to be ≥ 0 (dense X).
    pub positive: bool,
    /// The random stream of the subsets.
    pub random_state: u64,
}

/// A number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MinSamples {
    /// So many. Range [1, n].
    Count(usize),
    /// This share of all rows, rounded up; 1 is one row, as in scikit-learn. Range (0, 1].
    Share(f64),
}

/// What a row pays for its residuals, of which those of several outputs add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RansacLoss {
    /// |y − ŷ|.
    #[default]
    AbsoluteError,
    /// (y − ŷ)².
    SquaredError,
}

impl Default for RANSACRegressor {
    fn default() -> Self {
        let LinearRegression { fit_intercept, tol, positive } = LinearRegression::default();
        RANSACRegressor {
            min_samples: None,
            residual_threshold: None,
            max_trials: 100,
            max_skips: None,
            stop_n_inliers: None,
            stop_score: None,
            stop_probability: 0.99,
            loss: RansacLoss::default(),
            fit_intercept,
            tol,
            positive,
            random_state: 0,
        }
    }
}

impl Params for RANSACRegressor {
    const NAME: &'static str = "RANSACRegressor";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        match self.min_samples {
            Some(MinSamples::Count(0)) => return wrong("min_samples", "an int in the range [1, inf)", "0".into()),
            Some(MinSamples::Share(share)) if !(share > 0.0 && share <= 1.0) => {
                return wrong("min_samples", "a float in the range (0.0, 1.0]", share.to_string());
            }
            _ => {}
        }
        if let Some(threshold) = self.residual_threshold.filter(|t| !(t.is_finite() && *t >= 0.0)) {
            return wrong("residual_threshold", "a float in the range [0.0, inf)", threshold.to_string());
        }
        if self.stop_score.is_some_and(f64::is_nan) {
            return wrong("stop_score", "a float", "nan".into());
        }
        if !(0.0..=1.0).contains(&self.stop_probability) {
            return wrong("stop_probability", "a float in the range [0.0, 1.0]", self.stop_probability.to_string());
        }
        self.linear().validate()
    }
}

impl RANSACRegressor {
    /// The line that is fitted to a subset, and in the end to the rows that agree.
    pub fn linear(&self) -> LinearRegression {
        LinearRegression { fit_intercept: self.fit_intercept, tol: self.tol, positive: self.positive }
    }

    /// Rows of a subset out of n rows of p columns.
    ///
    /// # Errors
    /// [`Error::Input`] for more than n.
    pub fn subset_size(&self, n: usize, p: usize) -> Result<usize> {
        let k = match self.min_samples {
            None => p + 1,
            Some(MinSamples::Count(k)) => k,
            Some(MinSamples::Share(share)) if share < 1.0 => (share * n as f64).ceil() as usize,
            Some(MinSamples::Share(_)) => 1,
        };
        if k > n {
            bad_input!("`min_samples` may not be larger than number of samples: n_samples = {n}.");
        }
        Ok(k)
    }
}

impl<B: Backend> FitOn<B> for RANSACRegressor {
    type Model = RansacModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&RansacModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<RansacModel> {
        let mut draw = |subset: Subset| {
            let mut rows = vec![0; subset.size];
            subsets::drawn(subset.n, subset.size, params.random_state, subset.trial as u64, &mut rows);
            Ok(rows)
        };
        let found = ctl.timed("consensus", &on.host_name(), || search(params, data, &mut draw, ctl))?;
        let Some(consensus) = &found.consensus else { return Err(Error::Input(found.why_none().into())) };
        // Rows that do not agree weigh nothing: X is not copied.
        let inliers = consensus.inliers.iter().enumerate();
        let weight = |i: usize| data.weights.as_ref().map_or(1.0, |w| w[i]);
        let weights: Array1<f64> = inliers.map(|(i, &inlier)| if inlier { weight(i) } else { 0.0 }).collect();
        let of_inliers = Data { x: data.x.reborrow(), target: data.target.reborrow(), weights: Some(weights.view()) };
        let mut linear = LinearRegression::fit_checked(&Checked::new(params.linear())?, &of_inliers, None, on, ctl)?;
        if found.skipped_too_many {
            let message = "RANSAC found a valid consensus set but exited early due to skipping more iterations than \
                           `max_skips`.";
            linear.report.warnings.push(Warning { kind: WarningKind::Convergence, message: message.into() });
        }
        Ok(RansacModel {
            linear,
            n_trials: found.trials as u64,
            n_skips_no_inliers: found.skips as u64,
            n_skips_invalid_data: 0,
            n_skips_invalid_model: 0,
            inlier_mask: consensus.inliers.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
