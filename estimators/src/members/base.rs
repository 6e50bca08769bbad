//! The estimator inside: whether it is of the right kind, and which seed it has.

use crate::registry::Task;
use crate::{AnyEstimator, AnyModel, Error, Result};
use rmpv::Value;

/// How deep estimators may lie in one another.
pub const MOST_NESTED: usize = 4;

/// The estimator inside another, where there is one.
fn inside(estimator: &AnyEstimator) -> Option<&AnyEstimator> {
    match estimator {
        AnyEstimator::AdaBoostClassifier(p) => p.estimator.as_deref(),
        AnyEstimator::AdaBoostRegressor(p) => p.estimator.as_deref(),
        AnyEstimator::BaggingClassifier(p) => p.estimator.as_deref(),
        AnyEstimator::BaggingRegressor(p) => p.estimator.as_deref(),
        _ => None,
    }
}

/// The models inside another.
fn models_inside(model: &AnyModel) -> &[AnyModel] {
    match model {
        AnyModel::AdaBoostClassifier(m) => &m.rounds.members,
        AnyModel::AdaBoostRegressor(m) => &m.rounds.members,
        AnyModel::BaggingClassifier(m) => &m.bags.members,
        AnyModel::BaggingRegressor(m) => &m.bags.members,
        _ => &[],
    }
}

/// Checks models that lie inside another, and that they do not lie deeper in it than a file may hold.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn check_members(members: &[AnyModel]) -> Result<()> {
    fn deeper_than(members: &[AnyModel], most: usize) -> bool {
        !members.is_empty() && (most == 0 || members.iter().any(|m| deeper_than(models_inside(m), most - 1)))
    }
    if deeper_than(members, MOST_NESTED - 1) {
        return Err(Error::File(format!("more than {MOST_NESTED} estimators lie in one another")));
    }
    members.iter().try_for_each(AnyModel::check)
}

/// Checks that the estimator inside `outer` learns `task`, lies not too deep, and has parameters in their ranges.
///
/// # Errors
/// [`Error::Parameter`].
pub(crate) fn check_base(outer: &'static str, base: Option<&AnyEstimator>, task: Task) -> Result<()> {
    let Some(base) = base else { return Ok(()) };
    let wrong = |expected: String| {
        let found = base.name().to_owned();
        Err(Error::Parameter { estimator: outer, name: "estimator", expected, found })
    };
    if base.task() != task {
        let kind = if task == Task::Classification { "a classifier" } else { "a regressor" };
        return wrong(format!("None or {kind}"));
    }
    if std::iter::successors(Some(base), |e| inside(e)).nth(MOST_NESTED - 1).is_some() {
        return wrong(format!("an estimator with at most {} others inside one another", MOST_NESTED - 2));
    }
    base.validate()
}

/// The estimator with `seed` as its `random_state`, where it has one.
///
/// # Errors
/// [`Error::Parameters`] where its parameters cannot be written and read again.
pub(crate) fn with_seed(base: &AnyEstimator, seed: u64) -> Result<AnyEstimator> {
    let failed = |error: &dyn std::fmt::Display| Error::Parameters(format!("{}: {error}", base.name()));
    let bytes = rmp_serde::to_vec_named(base).map_err(|error| failed(&error))?;
    let mut whole = rmpv::decode::read_value(&mut bytes.as_slice()).map_err(|error| failed(&error))?;
    // {name: {parameter: value, …}}
    let Value::Map(outer) = &mut whole else { return Ok(base.clone()) };
    let fields = outer.iter_mut().filter_map(|(_, fields)| match fields {
        Value::Map(fields) => Some(fields),
        _ => None,
    });
    let mut seeds = fields.flatten().filter(|(name, _)| name.as_str() == Some("random_state"));
    match seeds.next() {
        Some(found) => found.1 = Value::from(seed),
        None => return Ok(base.clone()),
    }
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &whole).map_err(|error| failed(&error))?;
    rmp_serde::from_slice(&bytes).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::ESTIMATORS;
    #[test]
    fn seeds_are_set_where_there_are_some() {
        let forest = AnyEstimator::by_name("RandomForestClassifier").unwrap();
        let AnyEstimator::RandomForestClassifier(seeded) = with_seed(&forest, 17).unwrap() else { unreachable!() };
        assert_eq!(seeded.random_state, 17);
        let ridge = AnyEstimator::by_name("LinearRegression").unwrap();
        assert_eq!(with_seed(&ridge, 17).unwrap(), ridge);
        for &(name, ..) in ESTIMATORS {
            assert!(with_seed(&AnyEstimator::by_name(name).unwrap(), 5).is_ok(), "{name}");
        }
    }
}
