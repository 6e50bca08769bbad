//! A named column of a table, its type, and its entries, each possibly missing.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The code of a missing entry in [`Values::Text`].
pub const MISSING: u32 = u32::MAX;
/// A missing entry in [`Values::Time`].
pub const MISSING_TIME: i64 = i64::MIN;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Real numbers.
    Number,
    /// Text, one of a set of levels.
    Text,
    /// Dates and times.
    Time,
}

impl ColumnType {
    /// The type's name: `number`, `text` or `time`.
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::Number => "number",
            ColumnType::Text => "text",
            ColumnType::Time => "time",
        }
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.name())
    }
}

impl std::str::FromStr for ColumnType {
    type Err = Error;
    fn from_str(name: &str) -> Result<ColumnType> {
        match name {
            "number" => Ok(ColumnType::Number),
            "text" => Ok(ColumnType::Text),
            "time" => Ok(ColumnType::Time),
            _ => Err(Error::Table(format!("{name:?} is no column type: number, text or time"))),
        }
    }
}

/// The entries of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN where missing. Infinities are numbers.
    Number(Vec<f64>),
    /// Text, each entry a code into `levels`, [`MISSING`] where missing. Levels are distinct, and in order of first
    /// appearance when they come from a file or from [`Table::take`](crate::Table::take).
    Text {
        /// The entries.
        codes: Vec<u32>,
        /// What the codes mean.
        levels: Vec<String>,
    },
    /// Milliseconds since 1970-01-01 UTC; [`MISSING_TIME`] where missing.
    Time(Vec<i64>),
}

impl Values {
    /// The number of entries.
    pub fn len(&self) -> usize {
        match self {
            Values::Number(values) => values.len(),
            Values::Text { codes, .. } => codes.len(),
            Values::Time(values) => values.len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the column holds.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Values::Number(_) => ColumnType::Number,
            Values::Text { .. } => ColumnType::Text,
            Values::Time(_) => ColumnType::Time,
        }
    }

    /// Whether entry `row` is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Values::Number(values) => values[row].is_nan(),
            Values::Text { codes, .. } => codes[row] == MISSING,
            Values::Time(values) => values[row] == MISSING_TIME,
        }
    }

    /// The number of missing entries.
    pub fn n_missing(&self) -> usize {
        (0..self.len()).filter(|&row| self.is_missing(row)).count()
    }

    /// The entries at `rows`, in that order. Levels that no taken row uses are dropped, the rest renumbered in order
    /// of first appearance: a training part knows nothing of the held-out part's levels.
    ///
    /// # Panics
    /// If a row is out of range.
    pub fn take(&self, rows: &[usize]) -> Values {
        match self {
            Values::Number(values) => Values::Number(rows.iter().map(|&row| values[row]).collect()),
            Values::Time(values) => Values::Time(rows.iter().map(|&row| values[row]).collect()),
            Values::Text { codes, levels } => {
                let mut renumbered = vec![MISSING; levels.len()];
                let mut kept: Vec<String> = Vec::new();
                let taken = rows.iter().map(|&row| match codes[row] {
                    MISSING => MISSING,
                    code => {
                        let new = &mut renumbered[code as usize];
                        if *new == MISSING {
                            *new = kept.len() as u32;
                            kept.push(levels[code as usize].clone());
                        }
                        *new
                    }
                });
                Values::Text { codes: taken.collect(), levels: kept }
            }
        }
    }
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// Its entries.
    pub values: Values,
}

impl Column {
    /// A column of numbers.
    pub fn number(name: impl Into<String>, values: Vec<f64>) -> Column {
        Column { name: name.into(), values: Values::Number(values) }
    }

    /// A column of text, its levels collected in order of first appearance; `None` where missing.
    pub fn text<'a>(name: impl Into<String>, entries: impl IntoIterator<Item = Option<&'a str>>) -> Column {
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut levels = Vec::new();
        let mut codes = Vec::new();
        for entry in entries {
            codes.push(match entry {
                None => MISSING,
                Some(text) => *known.entry(text).or_insert_with(|| {
                    levels.push(text.to_owned());
                    levels.len() as u32 - 1
                }),
            });
        }
        Column { name: name.into(), values: Values::Text { codes, levels } }
    }

    /// A column of times, in milliseconds since 1970-01-01 UTC.
    pub fn time(name: impl Into<String>, values: Vec<i64>) -> Column {
        Column { name: name.into(), values: Values::Time(values) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_written_and_read_by_its_name() {
        for kind in [ColumnType::Number, ColumnType::Text, ColumnType::Time] {
            assert_eq!(kind.to_string().parse::<ColumnType>().unwrap(), kind);
        }
        assert!("integer".parse::<ColumnType>().is_err());
    }
}
