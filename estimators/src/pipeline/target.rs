//! A column of a table as a target.

use crate::registry::Task;
use crate::{Labels, Result, bad_input};
use ironlearn_datasets::{Column, Table, Values};
use ndarray::Array2;

/// A target made of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetColumn {
    /// Numbers, n × 1.
    Values(Array2<f64>),
    /// Class codes, n × 1, and the classes in the order of their codes.
    Classes(Array2<u32>, Labels),
}

/// The rows of `table` that have a target.
///
/// # Errors
/// [`crate::Error::Input`] where there is no such column.
pub fn rows_with_target(table: &Table, target: &str) -> Result<Vec<usize>> {
    match table.column(target) {
        None => bad_input!("the table has no column '{target}' to be the target"),
        Some(column) => Ok((0..table.n_rows()).filter(|&row| !column.values.is_missing(row)).collect()),
    }
}

impl TargetColumn {
    /// The target for an estimator: numbers for regression; for classification the classes that occur, sorted.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where entries are missing, and for a type that does not suit.
    pub fn learn(column: &Column, task: Task) -> Result<Self> {
        let missing = column.values.n_missing();
        if missing > 0 {
            bad_input!("{missing} entries of the target '{}' are missing", column.name);
        }
        match (&column.values, task) {
            (Values::Number(values), Task::Regression) => Self::numbers(&column.name, values),
            (Values::Number(values), _) => {
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted.dedup();
                let whole = sorted.iter().all(|v| v.fract() == 0.0 && v.abs() < 9e15);
                let labels =
                    if whole { Labels::Int(sorted.iter().map(|&v| v as i64).collect()) } else { Labels::Float(sorted) };
                Self::classes(column, &labels)
            }
            (Values::Text { codes, levels }, Task::Classification) => {
                let mut used = vec![false; levels.len()];
                codes.iter().for_each(|&code| used[code as usize] = true);
                let mut names: Vec<String> =
                    levels.iter().zip(used).filter(|(_, used)| *used).map(|(name, _)| name.clone()).collect();
                names.sort_unstable();
                Self::classes(column, &Labels::Text(names))
            }
            (values, _) => {
                bad_input!("the target '{}' holds {}, where numbers are needed", column.name, values.column_type())
            }
        }
    }

    /// The target as a fitted model's classes name it; without classes, numbers. Class code `labels.len()` stands for
    /// an entry that is none of the classes.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where entries are missing or of another type than the classes.
    pub fn known(column: &Column, labels: Option<&Labels>) -> Result<Self> {
        let missing = column.values.n_missing();
        if missing > 0 {
            bad_input!("{missing} entries of the target '{}' are missing", column.name);
        }
        match (&column.values, labels) {
            (_, Some(labels)) => Self::classes(column, labels),
            (Values::Number(values), None) => Self::numbers(&column.name, values),
            (values, None) => {
                bad_input!("the target '{}' holds {}, where numbers are needed", column.name, values.column_type())
            }
        }
    }

    fn numbers(name: &str, values: &[f64]) -> Result<Self> {
        if values.iter().any(|v| !v.is_finite()) {
            bad_input!("the target '{name}' holds infinite numbers");
        }
        Ok(TargetColumn::Values(Array2::from_shape_fn((values.len(), 1), |(row, _)| values[row])))
    }

    fn classes(column: &Column, labels: &Labels) -> Result<Self> {
        let unknown = labels.len() as u32;
        let find = |at: Option<usize>| at.map_or(unknown, |code| code as u32);
        let codes: Vec<u32> = match (&column.values, labels) {
            (Values::Text { codes, levels }, Labels::Text(names)) => {
                let map: Vec<u32> = levels.iter().map(|l| find(names.iter().position(|name| name == l))).collect();
                codes.iter().map(|&code| map[code as usize]).collect()
            }
            (Values::Number(values), Labels::Int(names)) => {
                values.iter().map(|v| find(names.binary_search_by(|n| (*n as f64).total_cmp(v)).ok())).collect()
            }
            (Values::Number(values), Labels::Float(names)) => {
                values.iter().map(|v| find(names.binary_search_by(|n| n.total_cmp(v)).ok())).collect()
            }
            (Values::Number(values), Labels::Bool(names)) => {
                values.iter().map(|v| find(names.iter().position(|&n| f64::from(u8::from(n)) == *v))).collect()
            }
            (values, _) => {
                bad_input!("the target '{}' holds {}, the model's classes do not", column.name, values.column_type())
            }
        };
        let n = codes.len();
        Ok(TargetColumn::Classes(Array2::from_shape_vec((n, 1), codes).unwrap_or_default(), labels.clone()))
    }
}
