//! What the estimators by stochastic gradients are told, in one form, and its checks.

use crate::folds::Rows;
use crate::linear::solver::sgd::{LearningRate, Sgd};
use crate::{Error, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The losses, under scikit-learn's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdLoss {
    /// [`crate::loss::Hinge`] at margin 1: a linear support vector machine.
    Hinge,
    /// [`crate::loss::LogLoss`]: logistic regression.
    LogLoss,
    /// [`crate::loss::ModifiedHuber`].
    ModifiedHuber,
    /// [`crate::loss::SquaredHinge`] at margin 1.
    SquaredHinge,
    /// [`crate::loss::Hinge`] at margin 0.
    Perceptron,
    /// [`crate::loss::HalfSquared`]; classifiers take the classes as -1 and 1.
    SquaredError,
    /// [`crate::loss::Huber`] with `epsilon` as its delta.
    Huber,
    /// [`crate::loss::EpsilonInsensitive`].
    EpsilonInsensitive,
    /// [`crate::loss::SquaredEpsilonInsensitive`].
    SquaredEpsilonInsensitive,
}

impl SgdLoss {
    /// Whether it compares with class codes, 0 or 1, and not with numbers.
    pub fn takes_codes(self) -> bool {
        use SgdLoss::{Hinge, LogLoss, ModifiedHuber, Perceptron, SquaredHinge};
        matches!(self, Hinge | LogLoss | ModifiedHuber | SquaredHinge | Perceptron)
    }
}

/// The penalties, under scikit-learn's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PenaltyName {
    /// `alpha·‖coef‖²/2`.
    L2,
    /// `alpha·‖coef‖₁`.
    L1,
    /// `alpha·(l1_ratio·‖coef‖₁ + (1 − l1_ratio)·‖coef‖²/2)`.
    Elasticnet,
}

/// The seeds of the orders in which rows are visited: one from which each problem's is drawn, or one for each problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Seeds {
    /// One for all.
    One(u64),
    /// One each: a problem a class, or one where there are two.
    Each(Vec<u32>),
}

impl Default for Seeds {
    fn default() -> Self {
        Seeds::One(0)
    }
}

impl Seeds {
    /// The seed of problem `k`.
    pub(super) fn of(&self, k: usize) -> u32 {
        match self {
            Seeds::One(_) => self.stream(k as u64 + 1).next_u32(),
            Seeds::Each(each) => each.get(k).copied().unwrap_or(k as u32 + 1),
        }
    }

    /// A stream of random numbers beside the orders.
    pub(super) fn stream(&self, stream: u64) -> ChaCha8Rng {
        let seed = match self {
            Seeds::One(seed) => *seed,
            Seeds::Each(each) => each.first().copied().unwrap_or(0).into(),
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        random
    }
}

/// What every estimator of this family comes down to.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub loss: SgdLoss,
    pub epsilon: f64,
    pub penalty: Option<PenaltyName>,
    pub alpha: f64,
    pub l1_ratio: Option<f64>,
    pub fit_intercept: bool,
    pub max_iter: usize,
    pub tol: Option<f64>,
    pub shuffle: bool,
    pub seeds: Seeds,
    pub learning_rate: LearningRate,
    pub eta0: f64,
    pub power_t: f64,
    pub early_stopping: bool,
    pub validation_fraction: f64,
    pub validation_rows: Option<Rows>,
    pub n_iter_no_change: usize,
    pub average: usize,
    pub one_class: bool,
}

/// The options of an estimator: the fields that it has under their names, `random_state`, and what it fixes.
macro_rules! options {
    ($params:expr; $($field:ident),*; $($fixed:ident: $value:expr),*) => {
        $crate::linear::sgd::options::Options {
            $($field: $params.$field.clone(),)*
            seeds: $params.random_state.clone(),
            $($fixed: $value,)*
            ..$crate::linear::sgd::options::Options::default()
        }
    };
}
pub(super) use options;

impl Default for Options {
    fn default() -> Self {
        Options {
            loss: SgdLoss::Hinge,
            epsilon: 0.1,
            penalty: Some(PenaltyName::L2),
            alpha: 1e-4,
            l1_ratio: Some(0.15),
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            seeds: Seeds::default(),
            learning_rate: LearningRate::Optimal,
            eta0: 0.01,
            power_t: 0.5,
            early_stopping: false,
            validation_fraction: 0.1,
            validation_rows: None,
            n_iter_no_change: 5,
            average: 0,
            one_class: false,
        }
    }
}

impl Options {
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Parameter`] and [`Error::Parameters`].
    pub fn check(&self, estimator: &'static str) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator, name, expected: expected.into(), found })
        };
        let number = |name, expected: &str, value: f64, holds: bool| {
            if value.is_finite() && holds { Ok(()) } else { wrong(name, expected, value.to_string()) }
        };
        number("alpha", "a float in the range [0.0, inf)", self.alpha, self.alpha >= 0.0)?;
        number("epsilon", "a float in the range [0.0, inf)", self.epsilon, self.epsilon >= 0.0)?;
        if let Some(ratio) = self.l1_ratio {
            number("l1_ratio", "a float in the range [0.0, 1.0] or None", ratio, (0.0..=1.0).contains(&ratio))?;
        }
        if let Some(tol) = self.tol {
            number("tol", "a float in the range [0.0, inf) or None", tol, tol >= 0.0)?;
        }
        if !(self.eta0 > 0.0) {
            return wrong("eta0", "a float in the range (0.0, inf)", self.eta0.to_string());
        }
        number("power_t", "a float", self.power_t, true)?;
        let fraction = self.validation_fraction;
        number("validation_fraction", "a float in the range (0.0, 1.0)", fraction, fraction > 0.0 && fraction < 1.0)?;
        if self.max_iter == 0 {
            return wrong("max_iter", "an int in the range [1, inf)", "0".into());
        }
        if self.n_iter_no_change == 0 {
            return wrong("n_iter_no_change", "an int in the range [1, inf)", "0".into());
        }
        let refused = |message: &str| Err(Error::Parameters(message.to_owned()));
        if self.learning_rate == LearningRate::Optimal && self.alpha == 0.0 {
            return refused(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning rate.",
            );
        }
        if self.learning_rate.is_passive_aggressive()
            && !matches!(self.loss, SgdLoss::Hinge | SgdLoss::EpsilonInsensitive)
        {
            return refused("Learning rates 'pa1' and 'pa2' only work with loss 'hinge' or 'epsilon_insensitive'.");
        }
        if self.penalty == Some(PenaltyName::Elasticnet) && self.l1_ratio.is_none() {
            return refused("l1_ratio must be set when penalty is 'elasticnet'");
        }
        Ok(())
    }

    /// The solver.
    pub fn solver(&self) -> Sgd {
        let (l1, l2) = match self.penalty {
            None => (0.0, 0.0),
            Some(PenaltyName::L2) => (0.0, 1.0),
            Some(PenaltyName::L1) => (1.0, 0.0),
            Some(PenaltyName::Elasticnet) => (self.l1_ratio.unwrap_or(0.0), 1.0 - self.l1_ratio.unwrap_or(0.0)),
        };
        Sgd {
            alpha: self.alpha,
            l1: self.alpha * l1,
            l2: self.alpha * l2,
            learning_rate: self.learning_rate,
            eta0: self.eta0,
            power_t: self.power_t,
            fit_intercept: self.fit_intercept,
            max_iter: self.max_iter,
            tol: self.tol,
            n_iter_no_change: self.n_iter_no_change,
            shuffle: self.shuffle,
            average: self.average,
            one_class: self.one_class,
        }
    }
}
