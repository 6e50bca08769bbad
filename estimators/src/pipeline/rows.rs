//! A saved model on tables and on numbers: the columns it knows, in the order that it knows them.

use super::{TargetColumn, run_steps};
use crate::preprocess::Block;
use crate::{Control, Error, Result, Saved, Warning, bad_input};
use ironlearn_datasets::{Column, ColumnType, MISSING, MISSING_TIME, Table, Values};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// A column that a model was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

impl Saved {
    /// The number of columns of a row, before any step.
    pub fn n_features_in(&self) -> usize {
        match (self.steps.first(), &self.model) {
            _ if !self.columns.is_empty() => self.columns.len(),
            (Some(step), _) => step.model.n_features_in(),
            (None, Some(model)) => model.n_features_in(),
            (None, None) => 0,
        }
    }

    /// The columns of `table` that the model was fitted to, in its order; others are ignored.
    ///
    /// # Errors
    /// [`Error::Input`] for a missing column or one of another type.
    pub fn arrange<'t>(&self, table: &'t Table) -> Result<Block<'t>> {
        let named: Vec<(&str, ColumnType)> = match &self.feature_names {
            _ if !self.columns.is_empty() => self.columns.iter().map(|c| (c.name.as_str(), c.kind)).collect(),
            Some(names) => names.iter().map(|name| (name.as_str(), ColumnType::Number)).collect(),
            None => {
                let (found, wanted) = (table.columns().len(), self.n_features_in());
                if found != wanted {
                    bad_input!("the table has {found} columns, the model was fitted to {wanted} without names");
                }
                return Ok(Block::from(table));
            }
        };
        let absent: Vec<&str> = named.iter().map(|c| c.0).filter(|name| table.column(name).is_none()).collect();
        if !absent.is_empty() {
            let has: Vec<&str> = table.names().collect();
            bad_input!("the table lacks columns that the model needs: {}; it has {}", list(&absent), list(&has));
        }
        let columns = named.into_iter().filter_map(|(name, kind)| table.column(name).map(|c| typed(c, kind)));
        Ok(Block::Columns(columns.collect::<Result<_>>()?))
    }

    /// What the steps make of the rows of `x`: what the estimator sees.
    ///
    /// # Errors
    /// [`Error::Input`] for other columns than those of the fit.
    pub fn transform<'a>(&self, x: Block<'a>, ctl: &Control, warnings: &mut Vec<Warning>) -> Result<Block<'a>> {
        run_steps(self.steps.iter().map(|step| &step.model), x, ctl, warnings)
    }

    /// Predicts for each row: numbers, class codes or cluster labels, n × outputs.
    ///
    /// # Errors
    /// [`Error::Input`] for other columns than those of the fit, [`Error::Unsupported`] where nothing predicts.
    pub fn predict(&self, x: Block<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let rows = self.transform(x, ctl, &mut Vec::new())?;
        let model = self.model()?;
        match rows.matrix()? {
            Some(x) => model.predict(&x, ctl),
            None => bad_input!("the estimator was given no numbers"),
        }
    }

    /// The probability of each class for each row; one matrix for each output.
    ///
    /// # Errors
    /// As [`Saved::predict`].
    pub fn predict_proba(&self, x: Block<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        let rows = self.transform(x, ctl, &mut Vec::new())?;
        let model = self.model()?;
        match rows.matrix()? {
            Some(x) => model.predict_proba(&x, ctl),
            None => bad_input!("the estimator was given no numbers"),
        }
    }

    /// [`Saved::predict`] for the rows of a table.
    ///
    /// # Errors
    /// As [`Saved::arrange`] and [`Saved::predict`].
    pub fn predict_table(&self, table: &Table, ctl: &Control) -> Result<Array2<f64>> {
        self.predict(self.arrange(table)?, ctl)
    }

    /// [`Saved::predict_proba`] for the rows of a table.
    ///
    /// # Errors
    /// As [`Saved::arrange`] and [`Saved::predict_proba`].
    pub fn predict_proba_table(&self, table: &Table, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        self.predict_proba(self.arrange(table)?, ctl)
    }

    /// The target column of `table`, as this model's classes or as numbers; `None` for a model without a target.
    ///
    /// # Errors
    /// [`Error::Input`] where the table has no such column, and as [`TargetColumn::known`].
    pub fn target_of(&self, table: &Table) -> Result<Option<TargetColumn>> {
        let Some(name) = &self.target else { return Ok(None) };
        if !self.model()?.task().has_target() {
            return Ok(None);
        }
        match table.column(name) {
            None => bad_input!("the table has no column '{name}', the model's target"),
            Some(column) => TargetColumn::known(column, self.classes.first()).map(Some),
        }
    }

    /// The names of the columns that the estimator sees.
    pub fn feature_names_out(&self) -> Vec<String> {
        let names: Vec<String> = match &self.feature_names {
            _ if !self.columns.is_empty() => self.columns.iter().map(|c| c.name.clone()).collect(),
            Some(names) => names.clone(),
            None => (0..self.n_features_in()).map(|j| format!("x{j}")).collect(),
        };
        self.steps.iter().fold(names, |names, step| step.model.feature_names_out(&names))
    }

    /// The estimator's model.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a file that holds transformers alone.
    pub fn model(&self) -> Result<&Arc<crate::AnyModel>> {
        self.model.as_ref().ok_or_else(|| Error::Unsupported("the file holds transformers, but no estimator".into()))
    }
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(20).map(|name| format!("'{name}'")).collect();
    let more = if names.len() > 20 { format!(" and {} more", names.len() - 20) } else { String::new() };
    shown.join(", ") + &more
}

/// A column as one of type `kind`. One without any entry is of any type.
fn typed(column: &Column, kind: ColumnType) -> Result<Cow<'_, Column>> {
    let values = &column.values;
    let found = values.column_type();
    if found == kind {
        return Ok(Cow::Borrowed(column));
    }
    let n = values.len();
    if let Some(row) = (0..n).find(|&row| !values.is_missing(row)) {
        let example = match values {
            Values::Number(values) => values[row].to_string(),
            Values::Text { codes, levels } => format!("'{}'", levels[codes[row] as usize]),
            Values::Time(values) => format!("the time {} ms", values[row]),
        };
        let name = &column.name;
        bad_input!("column '{name}' holds {found} ({example} in row {}), the model needs {kind}", row + 1);
    }
    let values = match kind {
        ColumnType::Number => Values::Number(vec![f64::NAN; n]),
        ColumnType::Text => Values::Text { codes: vec![MISSING; n], levels: Vec::new() },
        ColumnType::Time => Values::Time(vec![MISSING_TIME; n]),
    };
    Ok(Cow::Owned(Column { name: column.name.clone(), values }))
}
