//! The rounds of boosting that both kinds share: weights that grow where estimators err.

use crate::members::{check_members, nested};
use crate::{AnyModel, Control, Data, Error, Report, Result, Warning, WarningKind, bad_input};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// The fitted estimators, in their order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rounds {
    /// The estimators.
    #[serde(deserialize_with = "nested::models")]
    pub members: Vec<AnyModel>,
    /// The seed of each.
    pub seeds: Vec<u64>,
    /// The weight of each, and 0 for rounds that were not reached (of which 2²⁰ are written down at most).
    #[serde(with = "crate::saved::vector")]
    pub estimator_weights: Vec<f64>,
    /// The error of each on the weighted rows, and 1 for rounds that were not reached.
    #[serde(with = "crate::saved::vector")]
    pub estimator_errors: Vec<f64>,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

/// What a round comes to.
pub(super) enum Outcome {
    /// An estimator, its weight and its error.
    Member(AnyModel, f64, f64),
    /// The end, with an estimator that has no weight where it is the only one.
    End(AnyModel),
}

impl Rounds {
    /// Boosts. `round(k, weights)` gives the seed of round k and what it comes to; it raises the weights, which add up
    /// to 1 before.
    ///
    /// # Errors
    /// Those of `round`; [`Error::Input`] for weights without a sum.
    pub(super) fn run(
        data: &Data<'_>,
        n_estimators: usize,
        ctl: &Control,
        mut round: impl FnMut(usize, &mut [f64]) -> Result<(u64, Outcome)>,
    ) -> Result<Rounds> {
        let mut weights = first_weights(data)?;
        // A weight that has become tiny counts for something again; one that was 0 never does.
        let least: Vec<f64> = weights.iter().map(|&w| if w == 0.0 { 0.0 } else { f64::EPSILON }).collect();
        let mut rounds = Rounds {
            members: Vec::new(),
            seeds: Vec::new(),
            estimator_weights: Vec::new(),
            estimator_errors: Vec::new(),
            report: Report::direct("adaboost"),
        };
        let mut known = Vec::new();
        for k in 0..n_estimators {
            weights.iter_mut().zip(&least).for_each(|(w, &least)| *w = w.max(least));
            let (seed, outcome) = round(k, &mut weights)?;
            let (member, weight, error) = match outcome {
                Outcome::Member(member, weight, error) => (member, weight, error),
                Outcome::End(member) => {
                    if rounds.members.is_empty() {
                        rounds.members.push(member);
                        rounds.seeds.push(seed);
                    }
                    break;
                }
            };
            rounds.members.push(member);
            rounds.seeds.push(seed);
            known.push((weight, error));
            ctl.step(k + 1, n_estimators, error).map_err(Error::from)?;
            let total: f64 = weights.iter().sum();
            if error == 0.0 || total <= 0.0 {
                break;
            }
            if !total.is_finite() {
                let message = format!(
                    "Sample weights have reached infinite values, at iteration {k}, causing overflow. Iterations \
                     stopped. Try lowering the learning rate."
                );
                rounds.report.warnings.push(Warning { kind: WarningKind::User, message });
                break;
            }
            weights.iter_mut().for_each(|w| *w /= total);
        }
        rounds.report.iterations = vec![rounds.members.len()];
        rounds.estimator_weights = known.iter().map(|&(weight, _)| weight).collect();
        rounds.estimator_errors = known.iter().map(|&(_, error)| error).collect();
        let most = n_estimators.min(rounds.members.len().max(1 << 20));
        rounds.estimator_weights.resize(most, 0.0);
        rounds.estimator_errors.resize(most, 1.0);
        Ok(rounds)
    }

    /// The number of columns of X.
    pub(super) fn n_features(&self) -> usize {
        self.members.first().map_or(0, AnyModel::n_features_in)
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its boosted estimators {what}")));
        if self.members.is_empty() {
            return bad("are none");
        }
        let (n, rounds) = (self.members.len(), self.estimator_weights.len());
        if self.seeds.len() != n || rounds < n || self.estimator_errors.len() != rounds {
            return bad("have other numbers of seeds, weights or errors");
        }
        check_members(&self.members)?;
        for member in &self.members {
            if member.n_features_in() != self.n_features() {
                return bad("take different numbers of columns");
            }
        }
        Ok(())
    }

    /// The estimators with their weights.
    pub(super) fn weighted(&self) -> impl Iterator<Item = (&AnyModel, f64)> {
        self.members.iter().zip(self.estimator_weights.iter().copied())
    }

    pub(super) fn attributes(&self) -> Vec<(&'static str, crate::Attribute)> {
        let floats = |v: &[f64]| crate::Attribute::Floats(Array1::from(v.to_vec()).into_dyn(), crate::Dtype::F64);
        vec![
            ("estimator_weights_", floats(&self.estimator_weights)),
            ("estimator_errors_", floats(&self.estimator_errors)),
        ]
    }
}

/// The weights of the rows before the first round: they add up to 1.
fn first_weights(data: &Data<'_>) -> Result<Vec<f64>> {
    let n = data.x.nrows();
    let Some(own) = &data.weights else { return Ok(vec![1.0 / n as f64; n]) };
    let total: f64 = own.iter().sum();
    if total <= 0.0 {
        bad_input!("Sample weights must contain at least one non-zero number.");
    }
    if !total.is_finite() {
        bad_input!("the sum of sample_weight overflows");
    }
    Ok(own.iter().map(|w| w / total).collect())
}
