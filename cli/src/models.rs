//! `models`: what can be trained, with parameters and defaults.

use crate::choose::{named, shell_name};
use crate::evaluate::task_name;
use crate::layout::Layout;
use crate::params::{shown, to_json};
use crate::{Failure, output};
use ironlearn::AnyEstimator;
use ironlearn::registry::ESTIMATORS;
use serde_json::{Map, Value, json};

/// Runs the command.
///
/// # Errors
/// [`Failure::Usage`] for a model that is not there.
pub fn run(given: &crate::args::Models) -> Result<(), Failure> {
    let only = given.name.as_deref().map(named).transpose()?;
    let wanted = |class: &str| only.as_ref().is_none_or(|only| only.iter().any(|(name, _)| *name == class));
    let (mut list, mut lines) = (Vec::new(), Vec::new());
    for &(class, short, task) in ESTIMATORS.iter().filter(|(class, ..)| wanted(class)) {
        let params = AnyEstimator::by_name(class).map(|estimator| estimator.params()).unwrap_or_default();
        let named: Map<String, Value> = params.iter().map(|(name, value)| (name.clone(), to_json(value))).collect();
        list.push(json!({ "name": shell_name(short), "class": class, "task": task_name(task), "params": named }));
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!("{}: {class}, {}", shell_name(short), task_name(task)));
        let mut table = Layout::new(&["parameter", "default"]);
        params.iter().for_each(|(name, value)| table.row([name.clone(), shown(value)]));
        lines.extend(table.lines());
    }
    if given.json {
        return output::to_stdout(format!("{:#}\n", Value::Array(list)).as_bytes());
    }
    output::to_stdout((lines.join("\n") + "\n").as_bytes())
}
