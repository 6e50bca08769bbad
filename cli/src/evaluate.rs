//! `evaluate`: the scores of a model on the rows of a file.

use crate::args::Evaluate;
use crate::session::Session;
use crate::{Failure, layout, output, read, scores};
use ironlearn::pipeline::rows_with_target;
use ironlearn::registry::Task;
use ironlearn_datasets::ColumnType;
use serde_json::json;

/// Runs the command.
///
/// # Errors
/// Where the file does not fit the model.
pub fn run(given: &Evaluate, session: &Session) -> Result<(), Failure> {
    read::check_streams(&given.model, &given.file)?;
    let saved = read::model(&given.model)?;
    let model = saved.model()?;
    let target = saved.target.clone().filter(|_| model.task().has_target());
    let mut others: Vec<(&str, ColumnType)> = Vec::new();
    others.extend(target.as_deref().map(|name| (name, read::target_type(&saved))));
    others.extend(given.weights.as_deref().map(|name| (name, ColumnType::Number)));
    let reading = read::for_model(&given.file, &given.reading, &saved, &others, session)?;
    let (mut table, skipped) = (reading.table, reading.skipped);
    let mut without = 0;
    if let Some(target) = &target {
        let kept = rows_with_target(&table, target)?;
        without = table.n_rows() - kept.len();
        if without > 0 {
            session.say(format!("{} rows without a '{target}' are left out", layout::count(without)));
            table = table.take(&kept);
        }
        if kept.is_empty() {
            return Err(Failure::Failed(format!("no row of {} has a '{target}'", read::name(&given.file))));
        }
    }
    let weights = read::take_weights(&mut table, given.weights.as_deref())?;
    let scores = scores::score(&saved, &table, weights.as_deref(), session)?;
    let name = model.name();
    if given.json {
        let json = json!({
            "model": name,
            "task": task_name(model.task()),
            "target": target,
            "rows": { "scored": scores.rows, "without_target": without, "unreadable": skipped,
                      "of_unknown_class": scores.unknown },
            "scores": scores.json(),
        });
        return output::to_stdout(format!("{json:#}\n").as_bytes());
    }
    let of = target.map(|target| format!(" of '{target}'")).unwrap_or_default();
    let head = format!("{name}{of} on {} rows of {}", layout::count(scores.rows), read::name(&given.file));
    let lines = std::iter::once(head).chain(scores.lines());
    output::to_stdout((lines.collect::<Vec<_>>().join("\n") + "\n").as_bytes())
}

/// A task's name in JSON.
pub fn task_name(task: Task) -> &'static str {
    match task {
        Task::Regression => "regression",
        Task::Classification => "classification",
        Task::Clustering => "clustering",
        Task::Outliers => "outliers",
    }
}
