//! What the columns of a table become, in words and in numbers.

use crate::layout::{Layout, cell, count};
use ironlearn::pipeline::TablePipeline;
use ironlearn::preprocess::Strategy;
use ironlearn_datasets::{Table, Values};

/// X is dense up to this many numbers (1 GiB): direct solvers and trees are several times faster on it.
const DENSE: usize = 1 << 27;

/// Whether X will be small enough to be dense.
pub fn fits_dense(pipeline: &TablePipeline, table: &Table) -> bool {
    let of = |values: &Values| match values {
        Values::Number(_) => 2,
        Values::Text { levels, .. } if levels.len() <= pipeline.max_levels && !pipeline.marks_text() => {
            levels.len() + 1
        }
        Values::Text { .. } => 1,
        Values::Time(_) => 7,
    };
    let width: usize = table.columns().iter().map(|column| of(&column.values)).sum();
    table.n_rows().saturating_mul(width) <= DENSE
}

/// The columns, their types, what is missing and what becomes of them.
pub fn lines(pipeline: &TablePipeline, table: &Table, target: Option<&str>) -> Vec<String> {
    let mut lines = Layout::new(&["column", "type", ">missing", ">levels", "becomes"]);
    for column in table.columns() {
        let kind = column.values.column_type();
        let becomes = if target == Some(column.name.as_str()) {
            "the target".to_owned()
        } else {
            becomes(pipeline, &column.values, target.is_some())
        };
        let levels = match &column.values {
            Values::Text { levels, .. } => count(levels.len()),
            _ => String::new(),
        };
        lines.row([cell(&column.name, 40), kind.name().into(), count(column.values.n_missing()), levels, becomes]);
    }
    lines.lines()
}

/// What becomes of a column, in words: see [`TablePipeline`].
fn becomes(pipeline: &TablePipeline, values: &Values, has_target: bool) -> String {
    let filled = if pipeline.numbers == Strategy::Mean { "missing: mean" } else { "missing: median" };
    match values {
        Values::Number(_) => format!("a number, scaled ({filled})"),
        Values::Text { levels, .. } if levels.len() <= pipeline.max_levels && pipeline.marks_text() => {
            "a category".into()
        }
        Values::Text { levels, .. } if levels.len() <= pipeline.max_levels => "one column a level".into(),
        Values::Text { .. } if has_target => "the target's mean by level, scaled".into(),
        Values::Text { .. } => "how often its level occurs, scaled".into(),
        Values::Time(_) => "year … hour and epoch, scaled".into(),
    }
}
