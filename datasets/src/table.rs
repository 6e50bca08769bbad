//! The table: named columns of numbers, text or times, each entry possibly missing. What a file holds before a model's
//! own preprocessing makes a matrix of it.

use std::collections::HashSet;

use crate::{Column, Error, MISSING, Result, Values};

/// A typed table. All columns have `n_rows` entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    n_rows: usize,
    columns: Vec<Column>,
}

impl Table {
    /// A table of columns.
    ///
    /// # Errors
    /// Columns of different lengths, two of one name, text codes without a level, or two equal levels in one column.
    pub fn new(columns: Vec<Column>) -> Result<Table> {
        let n_rows = columns.first().map_or(0, |column| column.values.len());
        let mut names = HashSet::new();
        for Column { name, values } in &columns {
            if values.len() != n_rows {
                let first = &columns[0].name;
                let found = values.len();
                return Err(Error::Table(format!("column {name:?} has {found} entries, {first:?} has {n_rows}")));
            }
            if !names.insert(name.as_str()) {
                return Err(Error::Table(format!("two columns are named {name:?}")));
            }
            if let Values::Text { codes, levels } = values {
                if let Some(code) = codes.iter().find(|&&code| code != MISSING && code as usize >= levels.len()) {
                    let count = levels.len();
                    return Err(Error::Table(format!("column {name:?} has the code {code} but only {count} levels")));
                }
                let mut seen = HashSet::with_capacity(levels.len());
                if let Some(twice) = levels.iter().find(|level| !seen.insert(level.as_str())) {
                    return Err(Error::Table(format!("column {name:?} has the level {twice:?} twice")));
                }
            }
        }
        Ok(Table { n_rows, columns })
    }

    /// A table whose columns are known to fit together.
    pub(crate) fn trusted(n_rows: usize, columns: Vec<Column>) -> Table {
        Table { n_rows, columns }
    }

    /// The number of rows; 0 where there are no columns.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, in order, by value.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The rows given, in that order and as often as given; unused text levels go (see [`Values::take`]).
    ///
    /// # Panics
    /// If a row is out of range.
    pub fn take(&self, rows: &[usize]) -> Table {
        let columns =
            self.columns.iter().map(|Column { name, values }| Column { name: name.clone(), values: values.take(rows) });
        Table { n_rows: if self.columns.is_empty() { 0 } else { rows.len() }, columns: columns.collect() }
    }

    /// A copy without the column of that name; a plain copy if there is none.
    pub fn without(&self, name: &str) -> Table {
        let columns: Vec<Column> = self.columns.iter().filter(|column| column.name != name).cloned().collect();
        Table { n_rows: if columns.is_empty() { 0 } else { self.n_rows }, columns }
    }

    /// Takes the column of that name out of the table, without a copy; `None` (the table unchanged) if there is none.
    pub fn remove(&mut self, name: &str) -> Option<Column> {
        let at = self.columns.iter().position(|column| column.name == name)?;
        let column = self.columns.remove(at);
        if self.columns.is_empty() {
            self.n_rows = 0;
        }
        Some(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MISSING_TIME;

    fn table() -> Table {
        Table::new(vec![
            Column::number("n", vec![1.0, f64::NAN, 3.0]),
            Column::text("t", [Some("b"), Some("a"), None]),
            Column::time("d", vec![0, MISSING_TIME, 5]),
        ])
        .unwrap()
    }

    #[test]
    fn takes_rows_and_drops_levels_that_they_do_not_use() {
        let taken = table().take(&[2, 1, 1]);
        assert_eq!(taken.n_rows(), 3);
        assert_eq!(
            taken.column("t").unwrap().values,
            Values::Text { codes: vec![MISSING, 0, 0], levels: vec!["a".into()] }
        );
        assert_eq!(taken.column("d").unwrap().values, Values::Time(vec![5, MISSING_TIME, MISSING_TIME]));
        let Values::Number(numbers) = &taken.column("n").unwrap().values else { panic!() };
        assert!(numbers[0] == 3.0 && numbers[1].is_nan() && numbers[2].is_nan());
        assert_eq!(table().take(&[]).n_rows(), 0);
    }

    #[test]
    fn drops_and_removes_columns() {
        let mut table = table();
        assert_eq!(table.without("t").names().collect::<Vec<_>>(), ["n", "d"]);
        assert_eq!(table.without("absent").columns().len(), 3);
        assert_eq!(table.remove("n").unwrap().values.n_missing(), 1);
        assert!(table.remove("n").is_none() && table.column("n").is_none());
        assert_eq!(table.n_rows(), 3);
        assert_eq!((table.remove("t").is_some(), table.remove("d").is_some(), table.n_rows()), (true, true, 0));
    }

    #[test]
    fn refuses_columns_that_do_not_fit_together() {
        let number = |name: &str, len| Column::number(name, vec![0.0; len]);
        let text = |codes: Vec<u32>, levels: &[&str]| Column {
            name: "t".into(),
            values: Values::Text { codes, levels: levels.iter().map(|level| (*level).into()).collect() },
        };
        let message = |columns| Table::new(columns).unwrap_err().to_string();
        assert_eq!(message(vec![number("a", 1), number("b", 2)]), "column \"b\" has 2 entries, \"a\" has 1");
        assert_eq!(message(vec![number("a", 1), number("a", 1)]), "two columns are named \"a\"");
        assert_eq!(message(vec![text(vec![2], &["x", "y"])]), "column \"t\" has the code 2 but only 2 levels");
        assert_eq!(message(vec![text(vec![0], &["x", "x"])]), "column \"t\" has the level \"x\" twice");
        assert_eq!(Table::new(vec![]).unwrap().n_rows(), 0);
    }
}
