//! HistGradientBoostingClassifier: boosted trees that predict classes.

use super::held_out::HeldOut;
use super::model::BoostedClasses;
use super::objective::Objective;
use super::params::{EarlyStopping, Interactions, Settings, StoppingRule, settings};
use super::run::Boosting;
use crate::class_weight::ClassWeight;
use crate::tree::{Categorical, Count};
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, bad_input};
use serde::{Deserialize, Serialize};

/// What the trees reduce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassLoss {
    /// The log loss: one tree an iteration for two classes, else one a class.
    #[default]
    LogLoss,
}

/// Gradient boosting on histograms for classes.
///
/// Each iteration adds a tree (more than two classes: one a class) that takes a Newton step on the log loss. NaN is a
/// missing value and goes to the side where it helps most. An iteration costs O(rows · features · depth) additions of
/// bytes' bins, for each tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistGradientBoostingClassifier {
    /// What the trees reduce.
    pub loss: ClassLoss,
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
    /// For each feature whether the probability of class 1 may only rise (1), only fall (-1) or both (0).
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
    /// Weights of the classes, which multiply the weights of the rows.
    pub class_weight: Option<ClassWeight>,
}

impl Default for HistGradientBoostingClassifier {
    fn default() -> Self {
        HistGradientBoostingClassifier {
            loss: ClassLoss::LogLoss,
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
            class_weight: None,
        }
    }
}

impl HistGradientBoostingClassifier {
    fn settings(&self, classes: usize) -> Settings {
        settings!(self, if classes <= 2 { Objective::LogLoss } else { Objective::Multinomial(classes) })
    }

    /// Bins the data and begins, for a caller who looks at each iteration. Where other data are held out, their y are
    /// class codes.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`].
    pub fn begin(
        params: &Checked<Self>,
        data: &Data<'_>,
        held_out: HeldOut<'_>,
        start: Option<&BoostedClasses>,
        ctl: &Control,
    ) -> Result<Boosting> {
        data.check()?;
        let (codes, n_classes) = data.classes(Self::NAME)?;
        let &[classes] = n_classes else {
            bad_input!("{} predicts one output, y has {}", Self::NAME, n_classes.len());
        };
        if let HeldOut::Data(_, y, _) = &held_out
            && y.iter().any(|&y| !(y >= 0.0 && y < classes.max(2) as f64))
        {
            bad_input!("y_val holds a class that y does not");
        }
        let own = data.weights.as_ref().map(|w| w.to_vec());
        let weights = match &params.class_weight {
            Some(rule) => Some(rule.of_rows(codes, n_classes, own.as_deref())?),
            None => own,
        };
        let y: Vec<f64> = codes.iter().map(|&code| f64::from(code)).collect();
        let start = start.map(|model| &model.boosted);
        Boosting::new(params.settings(classes), &data.x, &y, weights.as_deref(), held_out, start, ctl)
    }
}

impl Params for HistGradientBoostingClassifier {
    const NAME: &'static str = "HistGradientBoostingClassifier";

    fn validate(&self) -> Result<()> {
        self.settings(2).validate()
    }
}

impl<B: Backend> FitOn<B> for HistGradientBoostingClassifier {
    type Model = BoostedClasses;

    /// With `start` it goes on from that model's trees, up to `max_iter` in all; the data are binned anew.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&BoostedClasses>,
        on: &B,
        ctl: &Control,
    ) -> Result<BoostedClasses> {
        let boosting = ctl.timed("boost", &on.host_name(), || {
            let mut boosting = Self::begin(params, data, HeldOut::Drawn, start, ctl)?;
            boosting.run(ctl)?;
            Ok::<_, crate::Error>(boosting)
        })?;
        Ok(BoostedClasses { boosted: boosting.model() })
    }
}
