//! Boosting classifiers: SAMME.

use super::rounds::{Outcome, Rounds};
use super::{AdaBoostClasses, AdaBoostClassifier};
use crate::members::{Chance, Learner, one_column};
use crate::{Backend, Checked, Control, Data, Params, Result, bad_input};

/// Boosts with random numbers of the caller's choice; see [`AdaBoostClassifier`].
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit, an estimator that takes no weights, or one that is worse than
/// chance at once; those of the estimator and of `chance`.
pub fn boost_classes<B: Backend>(
    params: &Checked<AdaBoostClassifier>,
    data: &Data<'_>,
    chance: &mut dyn Chance,
    on: &B,
    ctl: &Control,
) -> Result<AdaBoostClasses> {
    data.check()?;
    data.check_finite()?;
    data.check_weights_not_negative()?;
    let (codes, n_classes) = data.classes(AdaBoostClassifier::NAME)?;
    let &[k] = n_classes else {
        bad_input!("AdaBoostClassifier predicts one output, not {}", n_classes.len());
    };
    let base = params.base();
    if !base.takes_weights() {
        bad_input!("{} doesn't support sample_weight.", base.name());
    }
    let quiet = ctl.quiet();
    let learner = Learner::new(&base, data, on, &quiet)?;
    let rounds = Rounds::run(data, params.n_estimators, ctl, |round, weights| {
        let seed = chance.seed(round)?;
        let member = learner.fit(seed, Some(weights), &quiet)?;
        let predicted = one_column(member.predict(&data.x, &quiet)?, codes.nrows())?;
        let wrong: Vec<bool> = predicted.iter().zip(codes).map(|(p, &code)| *p != f64::from(code)).collect();
        let (mut missed, mut total) = (0.0, 0.0);
        for (&w, &wrong) in weights.iter().zip(&wrong) {
            missed += if wrong { w } else { 0.0 };
            total += w;
        }
        let error = missed / total;
        if error <= 0.0 {
            return Ok((seed, Outcome::Member(member, 1.0, 0.0)));
        }
        if error >= 1.0 - 1.0 / k as f64 {
            if round == 0 {
                bad_input!(
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than random, ensemble can not be fit."
                );
            }
            return Ok((seed, Outcome::End(member)));
        }
        let own = params.learning_rate * (((1.0 - error) / error).ln() + (k as f64 - 1.0).ln());
        // After the last round nobody looks at the weights.
        if round + 1 < params.n_estimators {
            let factor = own.exp();
            weights.iter_mut().zip(&wrong).filter(|(_, wrong)| **wrong).for_each(|(w, _)| *w *= factor);
        }
        Ok((seed, Outcome::Member(member, own, error)))
    })?;
    ctl.absorb(&quiet);
    Ok(AdaBoostClasses { rounds, codes: (0..k as u32).collect() })
}
