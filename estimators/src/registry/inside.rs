//! Estimators as parameters of others: named, as a map, and with parameters of their own as `estimator__NAME`.

use super::{AnyEstimator, ESTIMATORS, Task};
use crate::members::MOST_NESTED;
use crate::{Error, Result};
use rmpv::Value;
use std::borrow::Cow;

/// The parameter that holds an estimator.
const ESTIMATOR: &str = "estimator";
/// What the names of its own parameters begin with.
const OF_ESTIMATOR: &str = "estimator__";

/// The parameters of `outer` with the estimator inside, if one is given, as one value: `{class: {parameter: value}}`.
/// `depth` is the number of estimators around `outer`.
///
/// # Errors
/// [`Error::Parameters`] for an estimator that is not there or lies too deep, and for its parameters.
pub(super) fn put_together<'a>(
    outer: &str,
    given: &'a [(String, Value)],
    depth: usize,
) -> Result<Cow<'a, [(String, Value)]>> {
    let is_inside = |name: &str| name == ESTIMATOR || name.starts_with(OF_ESTIMATOR);
    let takes_one =
        || AnyEstimator::by_name(outer).is_some_and(|of| of.params().iter().any(|(name, _)| name == ESTIMATOR));
    if !given.iter().any(|(name, value)| is_inside(name) && !value.is_nil()) || !takes_one() {
        return Ok(Cow::Borrowed(given));
    }
    if depth + 1 >= MOST_NESTED {
        return Err(Error::Parameters(format!("more than {MOST_NESTED} estimators lie in one another")));
    }
    let (mut named, mut own, mut rest) = (None, Vec::new(), Vec::new());
    for (name, value) in given {
        if let Some(of_it) = name.strip_prefix(OF_ESTIMATOR) {
            own.push((of_it.to_owned(), value.clone()));
        } else if name == ESTIMATOR && !value.is_nil() {
            named = Some(value);
        } else if name != ESTIMATOR {
            rest.push((name.clone(), value.clone()));
        }
    }
    let (name, mut params) = match named {
        Some(Value::String(name)) => (class(outer, name.as_str().unwrap_or_default())?, Vec::new()),
        Some(Value::Map(one)) => match one.as_slice() {
            [(Value::String(name), Value::Map(fields))] => {
                let field = |(k, v): &(Value, Value)| (k.as_str().unwrap_or_default().to_owned(), v.clone());
                (class(outer, name.as_str().unwrap_or_default())?, fields.iter().map(field).collect())
            }
            _ => return Err(not_an_estimator(outer, &Value::Map(one.clone()))),
        },
        Some(other) => return Err(not_an_estimator(outer, other)),
        None => {
            let first = own.first().map_or("", |(name, _)| name);
            return Err(Error::Parameters(format!(
                "'{OF_ESTIMATOR}{first}' is a parameter of the estimator inside {outer}, which is not given: name it, \
                 such as estimator=DecisionTreeClassifier"
            )));
        }
    };
    // What is given by name counts more than what the map holds.
    params.retain(|(name, _)| !own.iter().any(|(given, _)| given == name));
    params.extend(own);
    let inner = AnyEstimator::read(name, &put_together(name, &params, depth + 1)?)?;
    rest.push((ESTIMATOR.to_owned(), to_value(&inner)?));
    Ok(Cow::Owned(rest))
}

/// The class that a user names: by its own name, or by the shell's, where `decision-tree` is the one that learns what
/// `outer` learns.
fn class(outer: &str, name: &str) -> Result<&'static str> {
    let task = ESTIMATORS.iter().find(|(class, ..)| *class == outer).map(|(.., task)| *task);
    let family = |short: &str, task: &Task| match task {
        Task::Classification => short.strip_suffix("-classifier") == Some(name),
        _ => short.strip_suffix("-regressor") == Some(name),
    };
    let of_family = |&&(_, short, of): &&(&str, &str, Task)| Some(of) == task && family(short, &of);
    let found = ESTIMATORS.iter().find(|(class, short, _)| *class == name || *short == name);
    let found = found.or_else(|| ESTIMATORS.iter().find(of_family));
    found.map(|(class, ..)| *class).ok_or_else(|| Error::Parameters(format!("there is no estimator {name}")))
}

fn not_an_estimator(outer: &str, found: &Value) -> Error {
    Error::Parameters(format!(
        "The 'estimator' parameter of {outer} has to be the name of an estimator, None, or its name and parameters. Got \
         {found} instead."
    ))
}

/// `{class: {parameter: value}}`.
fn to_value(estimator: &AnyEstimator) -> Result<Value> {
    let failed = |error: &dyn std::fmt::Display| Error::Parameters(format!("{}: {error}", estimator.name()));
    let bytes = rmp_serde::to_vec_named(estimator).map_err(|error| failed(&error))?;
    rmpv::decode::read_value(&mut bytes.as_slice()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(given: &[(&str, Value)]) -> Result<AnyEstimator> {
        let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        AnyEstimator::with_params("BaggingClassifier", &given)
    }

    fn base(of: &AnyEstimator) -> &AnyEstimator {
        let AnyEstimator::BaggingClassifier(p) = of else { unreachable!() };
        p.estimator.as_deref().unwrap()
    }

    #[test]
    fn an_estimator_inside_is_named_and_has_parameters() {
        let tree = made(&[("estimator", "DecisionTreeClassifier".into()), ("estimator__max_depth", 3.into())]).unwrap();
        let AnyEstimator::DecisionTreeClassifier(inner) = base(&tree) else { unreachable!() };
        assert_eq!(inner.max_depth, Some(3));
        // What was written down is read again, and can be changed.
        let AnyEstimator::BaggingClassifier(_) = &tree else { unreachable!() };
        assert_eq!(AnyEstimator::with_params("BaggingClassifier", &tree.params()).unwrap(), tree);
        let deep = made(&[
            ("estimator", "adaboost-classifier".into()),
            ("estimator__n_estimators", 7.into()),
            ("estimator__estimator", "decision-tree-classifier".into()),
            ("estimator__estimator__max_depth", 2.into()),
        ])
        .unwrap();
        let AnyEstimator::AdaBoostClassifier(boost) = base(&deep) else { unreachable!() };
        assert_eq!(boost.n_estimators, 7);
        let family = made(&[("estimator", "decision-tree".into())]).unwrap();
        assert_eq!(base(&family).name(), "DecisionTreeClassifier");
        assert_eq!(made(&[("estimator", Value::Nil)]).unwrap(), made(&[]).unwrap());
    }

    #[test]
    fn mistakes_are_told_by_name() {
        let said = |given: &[(&str, Value)]| made(given).and_then(|m| m.validate()).unwrap_err().to_string();
        assert!(said(&[("estimator", "Rigde".into())]).contains("no estimator Rigde"));
        assert!(said(&[("estimator", "Ridge".into())]).contains("a classifier"));
        assert!(said(&[("estimator", 3.into())]).contains("Got 3"));
        assert!(said(&[("estimator__max_depth", 3.into())]).contains("estimator=DecisionTreeClassifier"));
        let wrong = [("estimator", "DecisionTreeClassifier".into()), ("estimator__depth", 3.into())];
        assert!(said(&wrong).contains("no parameter 'depth'"));
        let names = ["estimator", "estimator__estimator", "estimator__estimator__estimator"];
        let bags = names.map(|name| (name, Value::from("BaggingClassifier")));
        assert!(made(&bags).unwrap().validate().is_ok());
        let mut deep = bags.to_vec();
        deep.push(("estimator__estimator__estimator__estimator", "BaggingClassifier".into()));
        assert!(said(&deep).contains("lie in one another"));
        let far = "estimator__".repeat(100_000);
        assert!(said(&[("estimator", "Ridge".into()), (&far, 1.into())]).contains("no parameter"));
    }
}
