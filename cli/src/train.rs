//! `train`: from a file to a model, with its scores on rows that it has not seen.

use crate::args::{Fill, Train};
use crate::layout::count;
use crate::scores::Scores;
use crate::session::{Session, tell};
use crate::split::{Parts, split};
use crate::{Failure, choose, columns, evaluate, inspect, output, params, read, scores};
use ironlearn::pipeline::{TablePipeline, TargetColumn, rows_with_target};
use ironlearn::preprocess::Strategy;
use ironlearn::registry::Task;
use ironlearn::{AnyEstimator, Saved};
use ironlearn_datasets::Table;
use ironlearn_dispatch::Device;
use ndarray::ArrayView1;
use serde_json::{Value, json};
use std::time::Instant;

/// What is fitted, and to what.
struct Plan {
    pipeline: TablePipeline,
    device: Device,
    target: Option<String>,
    task: Task,
}

/// Rows with their weights.
struct Rows {
    table: Table,
    weights: Option<Vec<f64>>,
}

impl Rows {
    fn take(&self, rows: &[usize]) -> Rows {
        let weights = self.weights.as_ref().map(|weights| rows.iter().map(|&row| weights[row]).collect());
        Rows { table: self.table.take(rows), weights }
    }
}

/// Runs the command.
///
/// # Errors
/// Where the command, the file or the fit is at fault.
pub fn run(given: &Train, session: &Session) -> Result<(), Failure> {
    // What can be wrong without the file is looked at before the file is read.
    let named = choose::named(&given.model)?;
    let estimators = read_params(&named, &given.param)?;
    let device = device(&given.device)?;
    if given.holdout.is_some() && given.test_size == 0.0 {
        return Err(Failure::Usage("--holdout needs rows that are held out, but --test-size is 0".into()));
    }
    // Opened before the work, so that a wrong path is told at once.
    let out = given.out.as_deref().map(output::Output::create).transpose()?;

    let reading = read::table(&given.file, &given.reading, &given.types, session)?;
    let mut table = reading.table;
    let n_read = table.n_rows();
    let mut without = 0;
    if let Some(target) = &given.target {
        if table.column(target).is_none() {
            return Err(read::no_column(&table, "--target", target));
        }
        let kept = rows_with_target(&table, target)?;
        without = n_read - kept.len();
        if kept.is_empty() {
            return Err(Failure::Failed(format!("no row of {} has a '{target}'", read::name(&given.file))));
        }
        if without > 0 {
            table = table.take(&kept);
        }
    }
    for column in &given.drop {
        if given.target.as_ref() == Some(column) {
            return Err(Failure::Usage(format!("{column} is the target and cannot be left out")));
        }
        table.remove(column).ok_or_else(|| read::no_column(&table, "--drop", column))?;
    }
    if given.weights.is_some() && given.weights == given.target {
        return Err(Failure::Usage("the weights and the target are the same column".into()));
    }
    let weights = read::take_weights(&mut table, given.weights.as_deref())?;
    let target = given.target.as_deref().and_then(|name| table.column(name));
    let choice = choose::choose(&given.model, &named, target, given.task)?;
    let estimator = match estimators.into_iter().find(|(name, _)| *name == choice.estimator) {
        Some((_, made)) => made?,
        None => return Err(Failure::Usage(format!("there is no model {}", choice.estimator))),
    };
    let mut pipeline = TablePipeline::new(estimator);
    pipeline.numbers = if given.fill == Fill::Mean { Strategy::Mean } else { Strategy::Median };
    pipeline.max_levels = given.max_levels;
    if columns::fits_dense(&pipeline, &table) {
        pipeline.sparse_threshold = 0.0;
    }
    let plan = Plan { pipeline, device, target: given.target.clone(), task: choice.task };

    let all = Rows { table, weights };
    session.say(format!("{}: {} rows", read::name(&given.file), count(n_read)));
    if let (Some(target), true) = (&plan.target, without > 0) {
        session.say(format!("{} rows without a '{target}' are left out", count(without)));
    }
    columns::lines(&plan.pipeline, &all.table, plan.target.as_deref()).iter().for_each(|line| session.say(line));
    let task = evaluate::task_name(choice.task);
    let because = choice.because.map(|because| format!(": {because}")).unwrap_or_default();
    session.say(format!("{}, {task}{because}", choice.estimator));

    let parts = parts(&plan, &all.table, given)?;
    let (n_train, n_test) = (parts.train.len(), parts.test.len());
    let (mut rest, train, test) = if n_test == 0 {
        (None, all, None)
    } else {
        let (train, test) = (all.take(&parts.train), all.take(&parts.test));
        (given.refit.then_some(all), train, Some(test))
    };
    drop(parts);
    if let (Some(path), Some(test)) = (&given.holdout, &test) {
        output::write_table(&with_weights(test, given.weights.as_deref())?, path)?;
    }

    let began = Instant::now();
    let mut saved = fit(&plan, &train, session)?;
    let mut seconds = began.elapsed().as_secs_f64();
    let scores = match &test {
        Some(test) => Some(scores::score(&saved, &test.table, test.weights.as_deref(), session)?),
        None => None,
    };
    drop((train, test));
    let mut fitted_to = n_train;
    if let Some(all) = rest.take() {
        let began = Instant::now();
        saved = fit(&plan, &all, session)?;
        seconds = began.elapsed().as_secs_f64();
        fitted_to = all.table.n_rows();
    }
    let report = saved.model()?.report().clone();
    report.warnings.iter().for_each(|warning| session.say(format!("warning: {}", warning.message)));
    if let Some(mut out) = out {
        saved.missing = read::markers(&given.reading);
        out.write(saved.to_bytes()?)?;
        out.finish()?;
    }

    let result = Outcome { saved: &saved, scores: scores.as_ref(), fitted_to, n_test, seconds };
    let text = if given.json {
        format!("{:#}\n", result.json(given, n_read, without, reading.skipped, &plan))
    } else {
        result.lines(given).join("\n") + "\n"
    };
    // Where the model itself goes to standard output, its scores do not.
    if given.out.as_deref().is_some_and(read::is_stream) {
        text.lines().for_each(tell);
        return Ok(());
    }
    output::to_stdout(text.as_bytes())
}

/// The parameters for each estimator that the name stands for. An error counts only for the one that is chosen, but
/// where all fail there is no need to read the file.
#[allow(clippy::type_complexity, reason = "one use")]
fn read_params(
    named: &[(&'static str, Task)],
    given: &[String],
) -> Result<Vec<(&'static str, Result<AnyEstimator, Failure>)>, Failure> {
    let mut made: Vec<_> = named.iter().map(|&(name, _)| (name, params::read(name, given))).collect();
    if made.iter().all(|(_, made)| made.is_err())
        && let Some((_, Err(failure))) = made.pop()
    {
        return Err(failure);
    }
    Ok(made)
}

fn device(name: &str) -> Result<Device, Failure> {
    name.parse().map_err(|error: ironlearn_linalg::Error| {
        let message = error.to_string();
        if message.starts_with("there is no device") { Failure::Usage(message) } else { Failure::Failed(message) }
    })
}

/// The rows of both parts.
fn parts(plan: &Plan, table: &Table, given: &Train) -> Result<Parts, Failure> {
    let n = table.n_rows();
    let target = plan.target.as_deref().and_then(|name| table.column(name));
    let classes = match target {
        Some(column) if plan.task == Task::Classification => match TargetColumn::learn(column, plan.task)? {
            TargetColumn::Classes(codes, _) => Some(codes.column(0).to_vec()),
            TargetColumn::Values(_) => None,
        },
        _ => None,
    };
    let parts = split(n, classes.as_deref(), given.test_size, given.seed);
    if given.test_size > 0.0 && (parts.test.is_empty() || parts.train.is_empty()) {
        return Err(Failure::Failed(format!(
            "{n} rows are too few to hold some out (--test-size 0 fits to all and scores nothing)"
        )));
    }
    Ok(parts)
}

fn fit(plan: &Plan, rows: &Rows, session: &Session) -> Result<Saved, Failure> {
    let weights = rows.weights.as_deref().map(ArrayView1::from);
    let what = format!("fitting {}", plan.pipeline.estimator.name());
    session.run(&what, |ctl| {
        ironlearn_dispatch::fit_table(&plan.pipeline, &rows.table, plan.target.as_deref(), weights, &plan.device, ctl)
    })
}

/// The rows, with their weights as the column that they were.
fn with_weights(rows: &Rows, name: Option<&str>) -> Result<Table, Failure> {
    let mut columns = rows.table.columns().to_vec();
    if let (Some(name), Some(weights)) = (name, &rows.weights) {
        columns.push(ironlearn_datasets::Column::number(name, weights.clone()));
    }
    Ok(Table::new(columns)?)
}

/// What came of it.
struct Outcome<'a> {
    saved: &'a Saved,
    scores: Option<&'a Scores>,
    fitted_to: usize,
    n_test: usize,
    seconds: f64,
}

impl Outcome<'_> {
    fn lines(&self, given: &Train) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(scores) = self.scores {
            let part = given.test_size * 100.0;
            lines.push(format!("scores on {} rows held out ({part} %, seed {})", count(self.n_test), given.seed));
            lines.extend(scores.lines());
        }
        let all = if self.scores.is_none() {
            "all"
        } else if given.refit {
            "all (--refit)"
        } else {
            "the other"
        };
        let kept = match &given.out {
            Some(path) if read::is_stream(path) => "is on standard output".to_owned(),
            Some(path) => format!("is in {}", path.display()),
            None => "was not kept (--out keeps it)".into(),
        };
        lines.push(format!(
            "the model was fitted to {all} {} rows in {:.2} s and {kept}",
            count(self.fitted_to),
            self.seconds
        ));
        lines
    }

    fn json(&self, given: &Train, n_read: usize, without: usize, skipped: usize, plan: &Plan) -> Value {
        let columns = |c: &ironlearn::pipeline::InputColumn| json!({ "name": c.name, "type": c.kind.name() });
        let saved = self.saved;
        json!({
            "model": plan.pipeline.estimator.name(),
            "task": evaluate::task_name(plan.task),
            "target": plan.target,
            "params": saved.params.iter().map(|(k, v)| (k.clone(), params::to_json(v))).collect::<serde_json::Map<_, _>>(),
            "columns": saved.columns.iter().map(columns).collect::<Vec<_>>(),
            "rows": { "read": n_read, "unreadable": skipped, "without_target": without, "held_out": self.n_test,
                      "fitted_to": self.fitted_to },
            "seed": given.seed,
            "refit": given.refit,
            "device": plan.device.name(),
            "fit": saved.model.as_ref().map(|model| inspect::report(model.report())),
            "fit_seconds": self.seconds,
            "scores": self.scores.map(Scores::json),
            "out": given.out.as_ref().map(|path| path.display().to_string()),
        })
    }
}
