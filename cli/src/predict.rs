//! `predict`: the predictions of a model for the rows of a file, as CSV.

use crate::args::Predict;
use crate::output::{self, Output};
use crate::session::Session;
use crate::{Failure, read};
use ironlearn::registry::Task;
use ironlearn::{Control, Saved};
use ironlearn_datasets::{ColumnType, Table, Values};
use ndarray::Array2;

/// Rows that are predicted at once: X of all rows need not fit into memory. No row's prediction depends on the others.
const BATCH: usize = 1 << 16;

/// Runs the command.
///
/// # Errors
/// Where the file does not fit the model, or the predictions cannot be written.
pub fn run(given: &Predict, session: &Session) -> Result<(), Failure> {
    read::check_streams(&given.model, &given.file)?;
    let saved = read::model(&given.model)?;
    let task = saved.model()?.task();
    if given.proba && task != Task::Classification {
        let name = saved.model()?.name();
        return Err(Failure::Usage(format!("--proba: {name} has no classes, so no probabilities")));
    }
    let mut out = Output::create(&given.out)?;
    // Read as text, so that an identifier keeps its spelling (007), unless the model needs it as something else.
    let ids: Vec<(&str, ColumnType)> = given.id.iter().map(|id| (id.as_str(), ColumnType::Text)).collect();
    let table = read::for_model(&given.file, &given.reading, &saved, &ids, session)?.table;
    let classes = class_names(&saved, task);
    let mut ids: Vec<&Values> = Vec::new();
    for id in &given.id {
        ids.push(&table.column(id).ok_or_else(|| read::no_column(&table, "--id", id))?.values);
    }
    session.run("predicting", |ctl| {
        let n = table.n_rows();
        for first in (0..n).step_by(BATCH) {
            ctl.step(first, n, f64::NAN)?;
            let rows = first..n.min(first + BATCH);
            let answers = if n <= BATCH {
                Answers::of(&saved, &table, given.proba, ctl)?
            } else {
                Answers::of(&saved, &table.take(&rows.clone().collect::<Vec<_>>()), given.proba, ctl)?
            };
            if first == 0 {
                out.write(answers.heads(&given.id, &classes))?;
            }
            let mut line = String::new();
            for (i, row) in rows.enumerate() {
                line.clear();
                for id in &ids {
                    line += &output::entry(id, row);
                    line.push(',');
                }
                answers.write(i, &classes, &mut line)?;
                out.write(&line)?;
            }
        }
        Ok::<_, Failure>(())
    })?;
    out.finish()
}

/// What the model says about some rows.
struct Answers {
    predicted: Array2<f64>,
    /// One matrix for each output; none unless asked for.
    proba: Vec<Array2<f64>>,
}

impl Answers {
    fn of(saved: &Saved, table: &Table, proba: bool, ctl: &Control) -> ironlearn::Result<Self> {
        let rows = saved.transform(saved.arrange(table)?, ctl, &mut Vec::new())?;
        let x = rows.matrix()?.ok_or_else(|| ironlearn::Error::Input("the estimator was given no numbers".into()))?;
        let model = saved.model()?;
        let proba = if proba { model.predict_proba(&x, ctl)? } else { Vec::new() };
        Ok(Answers { predicted: model.predict(&x, ctl)?, proba })
    }

    /// The first line of the file.
    fn heads(&self, ids: &[String], classes: &[Vec<String>]) -> String {
        let mut heads: Vec<String> = ids.iter().map(|id| output::field(id).into_owned()).collect();
        heads.extend(numbered("prediction", self.predicted.ncols()));
        for (output, p) in self.proba.iter().enumerate() {
            let of = |class: usize| match classes.get(output).and_then(|names| names.get(class)) {
                Some(name) => output::field(&format!("probability_{name}")).into_owned(),
                None => format!("probability_{class}"),
            };
            heads.extend((0..p.ncols()).map(of));
        }
        heads.join(",") + "\n"
    }

    /// Row `i`, behind its identifiers.
    fn write(&self, i: usize, classes: &[Vec<String>], line: &mut String) -> Result<(), Failure> {
        for (output, &v) in self.predicted.row(i).iter().enumerate() {
            if output > 0 {
                line.push(',');
            }
            match classes.get(output) {
                None => *line += &output::number(v),
                // `as` would make class 0 of NaN and of -1.
                Some(names) => match (v >= 0.0).then(|| names.get(v as usize)).flatten() {
                    Some(name) => *line += &output::field(name),
                    None => {
                        return Err(Failure::Failed(format!("the model predicts class {v}, but names no such class")));
                    }
                },
            }
        }
        for v in self.proba.iter().flat_map(|p| p.row(i)) {
            line.push(',');
            *line += &output::number(*v);
        }
        line.push('\n');
        Ok(())
    }
}

/// The names of the classes of each output.
fn class_names(saved: &Saved, task: Task) -> Vec<Vec<String>> {
    if task != Task::Classification {
        return Vec::new();
    }
    let all = |labels: &ironlearn::Labels| (0..labels.len()).filter_map(|code| labels.name(code)).collect();
    saved.classes.iter().map(all).collect()
}

/// `name`, or `name_0`, `name_1` … where there are several.
fn numbered(name: &str, n: usize) -> Vec<String> {
    if n == 1 { vec![name.to_owned()] } else { (0..n).map(|i| format!("{name}_{i}")).collect() }
}
