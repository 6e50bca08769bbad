//! HistGradientBoostingRegressor: boosted trees that predict numbers.

use super::held_out::HeldOut;
use super::model::BoostedNumbers;
use super::objective::Objective;
use super::params::{EarlyStopping, Interactions, Settings, StoppingRule, settings};
use super::run::Boosting;
use crate::tree::{Categorical, Count};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// What the trees reduce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberLoss {
    /// Half the squared error.
    #[default]
    SquaredError,
    /// The absolute error: the median.
    AbsoluteError,
    /// Half the Gamma deviance, with mean exp(z); y > 0.
    Gamma,
    /// Half the Poisson deviance, with mean exp(z); y ≥ 0.
    Poisson,
    /// The pinball loss of `quantile`.
    Quantile,
}

/// Gradient boosting on histograms for numbers.
///
/// Each iteration adds a tree that takes a Newton step on the mean loss (for a median or another quantile: a gradient
/// step whose leaves take that quantile of their residuals). NaN is a missing value and goes to the side where it helps
/// most. An iteration costs O(rows · features · depth) additions of bytes' bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistGradientBoostingRegressor {
    /// What the trees reduce.
    pub loss: NumberLoss,
    /// The quantile of the loss of that name. Range [0, 1].
    pub quantile: Option<f64>,
    /// What each tree's values are multiplied by. Range (0, ∞).
    pub learning_rate: f64,
    /// Iterations, at most. Range [1, ∞).
    pub max_iter: u64,
    /// Leaves of a tree, at most. Range [2, ∞); `None`: no limit.
    pub max_leaf_nodes: Option<u64>,
    /// Levels of a tree below its root. Range [1, ∞); `None`: no limit.
    pub max_depth: Option<u64>,
    /// Rows of a leaf, at least. Range [1, ∞).
    pub min_samples_leaf: u64,
    /// What is added to the hessians of a node. Range [0, ∞).
    pub l2_regularization: f64,
    /// The share of the features that is drawn for each node. Range (0, 1].
    pub max_features: f64,
    /// Bins of a feature, that of missing values aside. Range [2, 255].
    pub max_bins: u64,
    /// Which features hold categories, at most `max_bins` of them each.
    pub categorical_features: Option<Categorical>,
    /// For each feature whether the prediction may only rise (1), only fall (-1) or both (0).
    pub monotonic_cst: Option<Vec<i8>>,
    /// Which features may meet on one path of a tree; `None`: all.
    pub interaction_cst: Option<Interactions>,
    /// Whether to stop where the loss does not fall any more.
    pub early_stopping: EarlyStopping,
    /// Rows held out for early stopping, or the share of them; `None`: it looks at the rows trained on.
    pub validation_fraction: Option<Count>,
    /// Iterations without improvement after which to stop. Range [1, ∞).
    pub n_iter_no_change: u64,
    /// What counts as an improvement. Range [0, ∞).
    pub tol: f64,
    /// The seed of all random choices.
    pub random_state: u64,
}

impl Default for HistGradientBoostingRegressor {
    fn default() -> Self {
        HistGradientBoostingRegressor {
            loss: NumberLoss::SquaredError,
            quantile: None,
            learning_rate: 0.1,
            max_iter: 100,
            max_leaf_nodes: Some(31),
            max_depth: None,
            min_samples_leaf: 20,
            l2_regularization: 0.0,
            max_features: 1.0,
            max_bins: 255,
            categorical_features: None,
            monotonic_cst: None,
            interaction_cst: None,
            early_stopping: EarlyStopping::Rule(StoppingRule::Auto),
            validation_fraction: Some(Count::Share(0.1)),
            n_iter_no_change: 10,
            tol: 1e-7,
            random_state: 0,
        }
    }
}

impl HistGradientBoostingRegressor {
    fn objective(&self) -> Objective {
        match self.loss {
            NumberLoss::SquaredError => Objective::SquaredError,
            NumberLoss::AbsoluteError => Objective::AbsoluteError,
            NumberLoss::Gamma => Objective::Gamma,
            NumberLoss::Poisson => Objective::Poisson,
            NumberLoss::Quantile => Objective::Quantile(self.quantile.unwrap_or(0.5)),
        }
    }

    fn settings(&self) -> Settings {
        settings!(self, self.objective())
    }

    /// Bins the data and begins, for a caller who looks at each iteration.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`].
    pub fn begin(
        params: &Checked<Self>,
        data: &Data<'_>,
        held_out: HeldOut<'_>,
        start: Option<&BoostedNumbers>,
        ctl: &Control,
    ) -> Result<Boosting> {
        data.check()?;
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("{} predicts one output, y has {}", Self::NAME, y.ncols());
        }
        let y: Vec<f64> = y.iter().copied().collect();
        let held_y = if let HeldOut::Data(_, y, _) = &held_out { y } else { [].as_slice() };
        let allowed = |y: &[f64]| match params.loss {
            NumberLoss::Gamma => y.iter().all(|&y| y > 0.0),
            NumberLoss::Poisson => y.iter().all(|&y| y >= 0.0),
            _ => true,
        };
        if !allowed(&y) || !allowed(held_y) || (params.loss == NumberLoss::Poisson && y.iter().all(|&y| y == 0.0)) {
            match params.loss {
                NumberLoss::Gamma => bad_input!("loss='gamma' requires strictly positive y."),
                _ => bad_input!("loss='poisson' requires non-negative y and sum(y) > 0."),
            }
        }
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let start = start.map(|model| &model.boosted);
        Boosting::new(params.settings(), &data.x, &y, weights.as_deref(), held_out, start, ctl)
    }
}

impl Params for HistGradientBoostingRegressor {
    const NAME: &'static str = "HistGradientBoostingRegressor";

    fn validate(&self) -> Result<()> {
        let fits = self.quantile.is_none_or(|q| (0.0..=1.0).contains(&q));
        if !fits || (self.loss == NumberLoss::Quantile && self.quantile.is_none()) {
            return Err(Error::Parameter {
                estimator: Self::NAME,
                name: "quantile",
                expected: "a float in the range [0.0, 1.0], given for loss='quantile'".into(),
                found: self.quantile.map_or("None".into(), |q| q.to_string()),
            });
        }
        self.settings().validate()
    }
}

impl<B: Backend> FitOn<B> for HistGradientBoostingRegressor {
    type Model = BoostedNumbers;

    /// With `start` it goes on from that model's trees, up to `max_iter` in all; the data are binned anew.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&BoostedNumbers>,
        on: &B,
        ctl: &Control,
    ) -> Result<BoostedNumbers> {
        let boosting = ctl.timed("boost", &on.host_name(), || {
            let mut boosting = Self::begin(params, data, HeldOut::Drawn, start, ctl)?;
            boosting.run(ctl)?;
            Ok::<_, crate::Error>(boosting)
        })?;
        Ok(BoostedNumbers { boosted: boosting.model() })
    }
}
