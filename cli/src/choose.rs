//! Which estimator a name stands for, and whether the target is to be classified or calculated.

use crate::{Failure, args};
use ironlearn::registry::{ESTIMATORS, Task};
use ironlearn_datasets::{Column, Values};

/// A number is a class below this many distinct ones, where they are whole and each is in five rows on average.
const MOST_CLASSES: usize = 20;

/// What the shell calls an estimator: `decision-tree` stands for `decision-tree-classifier` and
/// `decision-tree-regressor`, and the target decides.
pub fn shell_name(short: &str) -> &str {
    let family = short.strip_suffix("-classifier").or(short.strip_suffix("-regressor")).unwrap_or(short);
    // Where another estimator bears the family's name, this one keeps its own.
    if ESTIMATORS.iter().any(|(_, other, _)| *other == family) { short } else { family }
}

/// The names of the estimators that `keep` keeps, each once.
fn names(keep: impl Fn(Task) -> bool) -> String {
    let mut names: Vec<&str> = Vec::new();
    for &(_, short, task) in ESTIMATORS {
        if keep(task) && !names.contains(&shell_name(short)) {
            names.push(shell_name(short));
        }
    }
    names.join(", ")
}

/// The estimators that a name stands for: one, or one for each task. The shell's names (`decision-tree`), the
/// registry's (`decision-tree-classifier`) and scikit-learn's class names are known.
///
/// # Errors
/// [`Failure::Usage`], with what there is.
pub fn named(name: &str) -> Result<Vec<(&'static str, Task)>, Failure> {
    let is = |short: &str, class: &str| short == name || shell_name(short) == name || class.eq_ignore_ascii_case(name);
    let found: Vec<_> =
        ESTIMATORS.iter().filter(|(class, short, _)| is(short, class)).map(|&(class, _, task)| (class, task)).collect();
    if found.is_empty() {
        return Err(Failure::Usage(format!("there is no model '{name}'; there are {}", names(|_| true))));
    }
    Ok(found)
}

/// The estimator to use, and why.
#[derive(Debug, PartialEq)]
pub struct Choice {
    /// scikit-learn's class name.
    pub estimator: &'static str,
    /// What it learns.
    pub task: Task,
    /// Why, where there was a choice.
    pub because: Option<String>,
}

/// Chooses among what the name stands for, by the target (without its missing entries) and by what was asked for.
///
/// # Errors
/// Where a target is missing, or is there and not wanted, or the model does not do what is asked.
pub fn choose(
    name: &str,
    found: &[(&'static str, Task)],
    target: Option<&Column>,
    asked: Option<args::Task>,
) -> Result<Choice, Failure> {
    let clusters = found.iter().find(|(_, task)| !task.has_target());
    let Some(target) = target else {
        return match clusters {
            Some(_) if asked.is_some() => Err(Failure::Usage(format!("{name} takes no --task"))),
            Some(&(estimator, task)) => Ok(Choice { estimator, task, because: None }),
            None => Err(Failure::Usage(format!("{name} needs a column to predict: --target COL"))),
        };
    };
    if clusters.is_some() {
        return Err(Failure::Usage(format!("{name} takes no --target (--drop leaves a column out)")));
    }
    let (suggested, because) = suggestion(target);
    let task = match (asked, found) {
        (Some(args::Task::Classification), _) => Task::Classification,
        (Some(args::Task::Regression), _) => Task::Regression,
        (None, [(_, only)]) => *only,
        (None, _) => suggested,
    };
    let Some(&(estimator, task)) = found.iter().find(|(_, of)| *of == task) else {
        let does = if task == Task::Classification { "regression" } else { "classification" };
        return Err(Failure::Usage(format!("{name} does {does} only")));
    };
    let (column, values) = (&target.name, &target.values);
    match (task, values) {
        (Task::Regression, Values::Number(_)) | (Task::Classification, Values::Text { .. }) => {}
        (Task::Classification, Values::Number(numbers)) => {
            let fraction = numbers.iter().find(|v| !v.is_nan() && v.fract() != 0.0);
            if let Some(v) = fraction.filter(|_| asked.is_none()) {
                return Err(Failure::Failed(format!(
                    "{name} predicts classes, but the target '{column}' holds {v}: is it a number to calculate? \
                     (--task classification takes each number as a class)"
                )));
            }
        }
        (Task::Regression, _) => {
            let classifiers = names(|task| task == Task::Classification);
            let other = if classifiers.is_empty() { String::new() } else { format!(" (for classes: {classifiers})") };
            let kind = values.column_type();
            return Err(Failure::Failed(format!(
                "{name} calculates numbers, but the target '{column}' holds {kind}{other}"
            )));
        }
        _ => {
            let kind = values.column_type();
            return Err(Failure::Failed(format!("the target '{column}' holds {kind}; it can be text or numbers")));
        }
    }
    let because = match asked {
        Some(_) => Some("as asked".into()),
        None if found.len() > 1 => Some(because),
        None => None,
    };
    Ok(Choice { estimator, task, because })
}

/// What a target suggests, and why.
fn suggestion(target: &Column) -> (Task, String) {
    match &target.values {
        Values::Number(values) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
            let (n, whole) = (sorted.len(), sorted.iter().all(|v| v.fract() == 0.0));
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.dedup();
            let k = sorted.len();
            if whole && (k <= 2 || (k <= MOST_CLASSES && n >= 5 * k)) {
                (Task::Classification, format!("'{}' holds {k} different whole numbers", target.name))
            } else if whole {
                (Task::Regression, format!("'{}' holds {k} different numbers", target.name))
            } else {
                (Task::Regression, format!("'{}' holds numbers that are not whole", target.name))
            }
        }
        Values::Text { .. } => (Task::Classification, format!("'{}' holds text", target.name)),
        Values::Time(_) => (Task::Regression, format!("'{}' holds times", target.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[(&str, Task)] = &[("TreeC", Task::Classification), ("TreeR", Task::Regression)];

    fn task(target: Column, asked: Option<args::Task>) -> Task {
        choose("tree", BOTH, Some(&target), asked).unwrap().task
    }

    #[test]
    fn the_target_decides_where_a_name_stands_for_both() {
        let numbers = |values: Vec<f64>| Column::number("y", values);
        assert_eq!(task(Column::text("y", [Some("a"), Some("b")]), None), Task::Classification);
        assert_eq!(task(numbers(vec![0.0, 1.0, 1.0, f64::NAN]), None), Task::Classification);
        assert_eq!(task(numbers((0..100).map(|i| f64::from(i % 20)).collect()), None), Task::Classification);
        assert_eq!(task(numbers((0..100).map(|i| f64::from(i % 21)).collect()), None), Task::Regression);
        assert_eq!(task(numbers(vec![1.0, 2.0, 3.0]), None), Task::Regression);
        assert_eq!(task(numbers(vec![0.5, 1.0]), None), Task::Regression);
        assert_eq!(task(numbers(vec![0.0, 1.0]), Some(args::Task::Regression)), Task::Regression);
        assert_eq!(task(numbers(vec![0.5, 1.0]), Some(args::Task::Classification)), Task::Classification);
    }

    #[test]
    fn mistakes_say_what_is_wanted() {
        let number = Column::number("y", vec![0.5]);
        let text = Column::text("y", [Some("a")]);
        let said = |found, target, asked| choose("m", found, target, asked).unwrap_err().message().unwrap();
        let (classes, numbers, groups) = (&BOTH[..1], &BOTH[1..], &[("K", Task::Clustering)]);
        assert!(said(numbers, None, None).contains("--target"));
        assert!(said(groups, Some(&number), None).contains("no --target"));
        assert!(said(numbers, Some(&text), None).contains("holds text"));
        assert!(said(classes, Some(&number), None).contains("holds 0.5"));
        assert!(said(numbers, Some(&number), Some(args::Task::Classification)).contains("regression only"));
        assert!(said(BOTH, Some(&Column::time("y", vec![0])), None).contains("holds time"));
        assert!(named("percepton").unwrap_err().message().unwrap().contains("ridge"));
        assert_eq!(named("ridge").unwrap(), named("Ridge").unwrap());
    }
}
