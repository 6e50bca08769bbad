//! `predict`: the predictions of a model for the rows of a file, as CSV.

use crate::args::Predict;
use crate::output::{self, Output};
use crate::session::Session;
use crate::{Failure, read};
use ironlearn::registry::Task;
use ironlearn_datasets::{ColumnType, Values};
use ndarray::Array2;

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
    let mut ids: Vec<&Values> = Vec::new();
    for id in &given.id {
        ids.push(&table.column(id).ok_or_else(|| read::no_column(&table, "--id", id))?.values);
    }
    let (predicted, proba) = session.run("predicting", |ctl| {
        let rows = saved.transform(saved.arrange(&table)?, ctl, &mut Vec::new())?;
        let x = rows.matrix()?.ok_or_else(|| ironlearn::Error::Input("the estimator was given no numbers".into()))?;
        let model = saved.model()?;
        let proba = if given.proba { model.predict_proba(&x, ctl)? } else { Vec::new() };
        Ok::<_, ironlearn::Error>((model.predict(&x, ctl)?, proba))
    })?;
    let names = class_names(&saved, task);
    let mut heads: Vec<String> = given.id.iter().map(|id| output::field(id).into_owned()).collect();
    heads.extend(numbered("prediction", predicted.ncols()));
    for (output, p) in proba.iter().enumerate() {
        let of = |class: usize| match names.get(output).and_then(|names| names.get(class)) {
            Some(name) => output::field(&format!("probability_{name}")).into_owned(),
            None => format!("probability_{class}"),
        };
        heads.extend((0..p.ncols()).map(of));
    }
    out.write(heads.join(",") + "\n")?;
    let mut line = String::new();
    for row in 0..predicted.nrows() {
        line.clear();
        for id in &ids {
            line += &output::entry(id, row);
            line.push(',');
        }
        for output in 0..predicted.ncols() {
            if output > 0 {
                line.push(',');
            }
            let v = predicted[[row, output]];
            match names.get(output) {
                None => line += &output::number(v),
                Some(names) => match names.get(v as usize) {
                    Some(name) => line += &output::field(name),
                    None => {
                        return Err(Failure::Failed(format!("the model predicts class {v}, but names no such class")));
                    }
                },
            }
        }
        proba.iter().for_each(|p| probabilities(p, row, &mut line));
        line.push('\n');
        out.write(&line)?;
    }
    out.finish()
}

fn probabilities(p: &Array2<f64>, row: usize, line: &mut String) {
    for v in p.row(row) {
        line.push(',');
        *line += &output::number(*v);
    }
}

/// The names of the classes of each output.
fn class_names(saved: &ironlearn::Saved, task: Task) -> Vec<Vec<String>> {
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
