//! `inspect`: what a model file holds.

use crate::args::Inspect;
use crate::evaluate::task_name;
use crate::layout::{Layout, cell, count};
use crate::params::{number, shown, to_json};
use crate::{Failure, output, read};
use ironlearn::{Attribute, Labels, Saved};
use ndarray::ArrayD;
use serde_json::{Map, Value, json};

/// The largest coefficients that are shown.
const SHOWN: usize = 20;

/// Runs the command.
///
/// # Errors
/// Where the file cannot be read, or is no model.
pub fn run(given: &Inspect) -> Result<(), Failure> {
    let saved = read::model(&given.model)?;
    if given.json {
        return output::to_stdout(format!("{:#}\n", to_object(&saved)).as_bytes());
    }
    let lines = describe(&saved);
    output::to_stdout((lines.join("\n") + "\n").as_bytes())
}

fn describe(saved: &Saved) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |head: &str, text: String| lines.push(format!("{head:<10}{text}"));
    match &saved.model {
        Some(model) => add("model", format!("{}, {}", model.name(), task_name(model.task()))),
        None => add("model", "none: transformers only".into()),
    }
    add("written", format!("by ironlearn {}", cell(&saved.ironlearn, 20)));
    if let Some(target) = &saved.target {
        add("target", cell(target, 60));
    }
    if let Some(missing) = &saved.missing {
        add("missing", cell(&missing.iter().map(|m| format!("{m:?}")).collect::<Vec<_>>().join(", "), 200));
    }
    for labels in &saved.classes {
        let names: Vec<String> = (0..labels.len().min(SHOWN)).filter_map(|c| labels.name(c)).collect();
        let more = if labels.len() > SHOWN { ", …" } else { "" };
        add("classes", format!("{} ({}{more})", count(labels.len()), cell(&names.join(", "), 200)));
    }
    let params: Vec<String> = saved.params.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
    if !params.is_empty() {
        add("params", cell(&params.join(", "), 1000));
    }
    for step in &saved.steps {
        add("step", format!("{}: {}", cell(&step.name, 40), step.model.name()));
    }
    if let Some(model) = &saved.model {
        let report = model.report();
        let mut fit = if report.converged { "converged".to_owned() } else { "NOT converged".to_owned() };
        if !report.solver.is_empty() {
            fit += &format!(", {}", cell(&report.solver, 40));
        }
        if let Some(iterations) = report.iterations.iter().max() {
            fit += &format!(", {iterations} iterations");
        }
        add("fit", fit);
        report.warnings.iter().for_each(|warning| add("warning", cell(&warning.message, 300)));
    }
    if !saved.columns.is_empty() {
        lines.push(String::new());
        lines.push(format!("{} columns", count(saved.columns.len())));
        let mut table = Layout::new(&["column", "type"]);
        saved.columns.iter().for_each(|c| table.row([cell(&c.name, 40), c.kind.name().into()]));
        lines.extend(table.lines());
    }
    let Some(model) = &saved.model else { return lines };
    let attributes = model.attributes();
    lines.push(String::new());
    lines.push("fitted".into());
    let mut table = Layout::new(&["attribute", "value"]);
    attributes.iter().for_each(|(name, value)| table.row([(*name).to_owned(), summary(value)]));
    lines.extend(table.lines());
    lines.extend(coefficients(saved, &attributes));
    lines
}

/// The coefficients of one output, the largest first, by the names of what they belong to.
fn coefficients(saved: &Saved, attributes: &[(&'static str, Attribute)]) -> Vec<String> {
    let Some((_, Attribute::Floats(coef, _))) = attributes.iter().find(|(name, _)| *name == "coef_") else {
        return Vec::new();
    };
    let (names, values) = (saved.feature_names_out(), coef.iter().copied().collect::<Vec<f64>>());
    if names.len() != values.len() {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
    let head = if order.len() > SHOWN { format!("the {SHOWN} largest of ") } else { String::new() };
    let mut lines = vec![String::new(), format!("{head}{} coefficients", count(order.len()))];
    let mut table = Layout::new(&["feature", ">coefficient"]);
    order.iter().take(SHOWN).for_each(|&j| table.row([cell(&names[j], 40), format!("{:.6}", values[j])]));
    lines.extend(table.lines());
    lines
}

fn summary(attribute: &Attribute) -> String {
    fn array<T>(values: &ArrayD<T>, of: &str, show: impl Fn(&T) -> String) -> String {
        if values.len() <= 4 {
            let all: Vec<String> = values.iter().map(show).collect();
            return all.join(", ");
        }
        let shape: Vec<String> = values.shape().iter().map(usize::to_string).collect();
        format!("{} {of}", shape.join(" × "))
    }
    match attribute {
        Attribute::Int(v) => v.to_string(),
        Attribute::Float(v) => format!("{v:?}"),
        Attribute::Flag(v) => v.to_string(),
        Attribute::Flags(v) => format!("{} of {} true", v.iter().filter(|&&v| v != 0).count(), v.len()),
        Attribute::Text(text) => cell(text, 60),
        Attribute::Floats(values, _) => array(values, "numbers", |v| format!("{v:?}")),
        Attribute::Int32s(values) => array(values, "integers", i32::to_string),
        Attribute::Int64s(values) => array(values, "integers", i64::to_string),
        Attribute::List(all) => format!("{} arrays", all.len()),
        #[allow(unreachable_patterns, reason = "the list of kinds grows with the estimators")]
        _ => "…".into(),
    }
}

fn to_object(saved: &Saved) -> Value {
    let labels = |labels: &Labels| -> Value {
        match labels {
            Labels::Int(v) => json!(v),
            Labels::Float(v) => v.iter().map(|v| number(*v)).collect(),
            Labels::Bool(v) => json!(v),
            Labels::Text(v) => json!(v),
        }
    };
    let columns = |c: &ironlearn::pipeline::InputColumn| json!({ "name": c.name, "type": c.kind.name() });
    let model = saved.model.as_ref();
    json!({
        "model": model.map(|m| m.name()),
        "task": model.map(|m| task_name(m.task())),
        "ironlearn": saved.ironlearn,
        "target": saved.target,
        "classes": saved.classes.iter().map(labels).collect::<Vec<_>>(),
        "missing": saved.missing,
        "params": saved.params.iter().map(|(k, v)| (k.clone(), to_json(v))).collect::<Map<_, _>>(),
        "columns": saved.columns.iter().map(columns).collect::<Vec<_>>(),
        "steps": saved.steps.iter()
            .map(|step| json!({ "name": step.name, "transformer": step.model.name() })).collect::<Vec<_>>(),
        "features": saved.feature_names_out(),
        "fit": model.map(|m| report(m.report())),
        "attributes": model.map(|m| {
            m.attributes().iter().map(|(name, v)| ((*name).to_owned(), attribute(v))).collect::<Map<_, _>>()
        }),
    })
}

/// The account of a fit as JSON.
pub fn report(report: &ironlearn::Report) -> Value {
    json!({
        "converged": report.converged,
        "solver": report.solver,
        "iterations": report.iterations,
        "warnings": report.warnings.iter().map(|w| w.message.clone()).collect::<Vec<_>>(),
    })
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Int(v) => json!(v),
        Attribute::Float(v) => number(*v),
        Attribute::Flag(v) => json!(v),
        Attribute::Flags(values) => json!(values.iter().map(|&v| v != 0).collect::<Vec<bool>>()),
        Attribute::Text(text) => json!(text),
        Attribute::Floats(values, _) => nested(values.shape(), &mut values.iter().map(|v| number(*v))),
        Attribute::Int32s(values) => nested(values.shape(), &mut values.iter().map(|v| json!(v))),
        Attribute::Int64s(values) => nested(values.shape(), &mut values.iter().map(|v| json!(v))),
        Attribute::List(all) => all.iter().map(attribute).collect(),
    }
}

/// An array as lists in lists.
fn nested(shape: &[usize], values: &mut dyn Iterator<Item = Value>) -> Value {
    match shape.split_first() {
        None => values.next().unwrap_or(Value::Null),
        Some((&n, inner)) => (0..n).map(|_| nested(inner, values)).collect(),
    }
}
