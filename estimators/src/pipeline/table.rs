//! The steps that a table's columns call for, by their types.

use super::target::TargetColumn;
use super::{InputColumn, Pipeline};
use crate::preprocess::{
    AnyTransformer, Block, Branch, ColumnTransformer, DateTimeEncoder, FrequencyEncoder, OnUnknown, OneHotEncoder,
    OrdinalEncoder, Selector, SimpleImputer, StandardScaler, Steps, Strategy, TargetEncoder, Unknown,
};
use crate::{AnyEstimator, Backend, Control, Result, Saved, Target, bad_input};
use ironlearn_datasets::{ColumnType, Table, Values};
use ndarray::ArrayView1;
use rmpv::Value;

/// The parameter that says which features hold categories.
const MARKS: &str = "categorical_features";

/// How a table becomes X, and the estimator that is fitted to it.
///
/// * Numbers: missing ones become the column's median (or mean), with a column of 0 and 1 that says where; then scaled
///   to mean 0 and variance 1. A column without any number goes.
/// * Text: one column of 0 and 1 for each level, a missing entry being a level. Above [`TablePipeline::max_levels`]
///   levels: what the target is on average where the level occurs, by cross-fitting; without a target, how frequent the
///   level is; then scaled. A level that was not seen gets zeros, or the average.
///   Where the estimator's `categorical_features` is `from_dtype`, text of few levels becomes codes instead, which the
///   estimator is told to be categories; a missing or new level is a missing value.
/// * Times: year, month, day, day of the week, hour and epoch, treated as numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePipeline {
    /// The estimator.
    pub estimator: AnyEstimator,
    /// What missing numbers become: [`Strategy::Median`] (the default) or [`Strategy::Mean`].
    pub numbers: Strategy,
    /// The largest number of levels that are one-hot encoded. Default 255.
    pub max_levels: usize,
    /// Below which density X is stored sparsely; 0: never. Range [0, 1]. Default 0.3.
    pub sparse_threshold: f64,
}

impl TablePipeline {
    /// With the defaults.
    pub fn new(estimator: AnyEstimator) -> Self {
        TablePipeline { estimator, numbers: Strategy::Median, max_levels: 255, sparse_threshold: 0.3 }
    }

    /// Whether text becomes categories of the estimator.
    pub fn marks_text(&self) -> bool {
        let by_type = |(name, value): &(String, Value)| name == MARKS && value.as_str() == Some("from_dtype");
        self.estimator.params().iter().any(by_type)
    }

    fn is_few(&self, values: &Values) -> bool {
        matches!(values, Values::Text { levels, .. } if levels.len() <= self.max_levels)
    }

    /// The estimator that is fitted to X: where text becomes categories, with their places, which come first.
    fn on_places(&self, table: &Table) -> Result<AnyEstimator> {
        if !self.marks_text() {
            return Ok(self.estimator.clone());
        }
        let n = table.columns().iter().filter(|column| self.is_few(&column.values)).count();
        let places = Value::Array((0..n).map(Value::from).collect());
        let place = |(name, value): (String, Value)| if name == MARKS { (name, places.clone()) } else { (name, value) };
        let params: Vec<(String, Value)> = self.estimator.params().into_iter().map(place).collect();
        AnyEstimator::with_params(self.estimator.name(), &params)
    }

    /// The step that makes X of `table`. `has_target`: whether text of many levels can be encoded by a target.
    pub fn columns(&self, table: &Table, has_target: bool) -> ColumnTransformer {
        let impute = || SimpleImputer { strategy: self.numbers, add_indicator: true, ..SimpleImputer::default() };
        let scale = || AnyTransformer::from(StandardScaler::default());
        let (mut numbers, mut few, mut many, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for column in table.columns() {
            let group = match &column.values {
                Values::Number(_) => &mut numbers,
                values if self.is_few(values) => &mut few,
                Values::Text { .. } => &mut many,
                Values::Time(_) => &mut times,
            };
            group.push(Selector::Name(column.name.clone()));
        }
        let mut branches = Vec::new();
        if self.marks_text() && !few.is_empty() {
            let encoder = OrdinalEncoder {
                handle_unknown: Unknown::UseEncodedValue,
                unknown_value: Some(f64::NAN),
                ..OrdinalEncoder::default()
            };
            branches.push(Branch::new("categories", encoder, std::mem::take(&mut few)));
        }
        if !numbers.is_empty() {
            let steps = Steps::new([("impute", impute().into()), ("scale", scale())]);
            branches.push(Branch::new("numbers", steps, numbers));
        }
        if !few.is_empty() {
            let encoder = OneHotEncoder { handle_unknown: OnUnknown::Ignore, ..OneHotEncoder::default() };
            branches.push(Branch::new("text", encoder, few));
        }
        if !many.is_empty() {
            let encoder: AnyTransformer =
                if has_target { TargetEncoder::default().into() } else { FrequencyEncoder::default().into() };
            branches.push(Branch::new("levels", Steps::new([("encode", encoder), ("scale", scale())]), many));
        }
        if !times.is_empty() {
            let expand = DateTimeEncoder::default().into();
            let steps = Steps::new([("expand", expand), ("impute", impute().into()), ("scale", scale())]);
            branches.push(Branch::new("times", steps, times));
        }
        ColumnTransformer {
            transformers: branches,
            sparse_threshold: self.sparse_threshold,
            verbose_feature_names_out: false,
            ..ColumnTransformer::default()
        }
    }

    /// Fits to all columns but the target. Every row needs a target: see [`super::rows_with_target`].
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a missing or unsuitable target, and those of the steps.
    pub fn fit<B: Backend>(
        &self,
        table: &Table,
        target: Option<&str>,
        weights: Option<ArrayView1<'_, f64>>,
        on: &B,
        ctl: &Control,
    ) -> Result<Saved> {
        let task = self.estimator.task();
        let y = match (task, target) {
            (task, Some(_)) if !task.has_target() => bad_input!("{} takes no target", self.estimator.name()),
            (task, None) if !task.has_target() => None,
            (_, None) => bad_input!("{} needs a target column", self.estimator.name()),
            (_, Some(name)) => match table.column(name) {
                None => bad_input!("the table has no column '{name}' to be the target"),
                Some(column) => Some(TargetColumn::learn(column, task)?),
            },
        };
        let kept: Vec<_> = table.columns().iter().filter(|c| Some(c.name.as_str()) != target).cloned().collect();
        let table = Table::new(kept).map_err(|error| crate::Error::Input(error.to_string()))?;
        if table.columns().is_empty() {
            bad_input!("the table has no column besides the target");
        }
        let of_target = match &y {
            None => Target::None,
            Some(TargetColumn::Values(values)) => Target::Values(values.view()),
            Some(TargetColumn::Classes(codes, labels)) => Target::Classes(codes.view(), vec![labels.len()]),
        };
        let columns = self.columns(&table, y.is_some());
        let name = self.estimator.name().to_lowercase();
        let pipeline =
            Pipeline { steps: vec![("columns".into(), columns.into())], estimator: (name, self.on_places(&table)?) };
        let mut saved = pipeline.fit(&Block::from(&table), &of_target, weights, on, ctl)?;
        let input = |c: &ironlearn_datasets::Column| InputColumn { name: c.name.clone(), kind: c.values.column_type() };
        saved.columns = table.columns().iter().map(input).collect();
        saved.target = target.map(str::to_owned);
        if let Some(TargetColumn::Classes(_, labels)) = y {
            saved.classes = vec![labels];
        }
        Ok(saved)
    }

    /// What becomes of columns of a type, in words.
    pub fn describe(&self, kind: ColumnType) -> String {
        let strategy = if self.numbers == Strategy::Mean { "mean" } else { "median" };
        match kind {
            ColumnType::Number => format!("missing ones by the {strategy}, scaled"),
            ColumnType::Text if self.marks_text() => {
                format!("categories; above {} levels by the target", self.max_levels)
            }
            ColumnType::Text => format!("one-hot; above {} levels by the target", self.max_levels),
            ColumnType::Time => "year, month, day, weekday, hour and epoch, scaled".into(),
        }
    }
}
