//! Missing entries filled by what is usual in their column.

use super::block::{NONE, for_rows};
use super::categories::{Category, Missing};
use super::fills::{is_missing, missing_codes};
use super::{Block, Sparse, Transformer, transformer};
use crate::{AnyMatrix, Control, Error, Matrix, Params, Result, Warning, WarningKind, bad_input};
use ironlearn_datasets::{Column, ColumnType, MISSING, Values};
use ironlearn_linalg::{Layout, Real, threads, with_matrix};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Replaces each missing entry by a statistic of its column, learnt from the entries that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimpleImputer {
    /// What counts as missing.
    pub missing_values: Category,
    /// The statistic.
    pub strategy: Strategy,
    /// The value for [`Strategy::Constant`]; `None` means 0 for numbers and `missing_value` for text.
    pub fill_value: Option<Category>,
    /// Whether a column of 0 and 1 is added for each column that had missing entries at the fit.
    pub add_indicator: bool,
    /// Whether columns without any entry at the fit are kept, filled with 0 or `fill_value`; otherwise they go.
    pub keep_empty_features: bool,
}

impl Default for SimpleImputer {
    fn default() -> Self {
        SimpleImputer {
            missing_values: Category::Missing(Missing::Nan),
            strategy: Strategy::Mean,
            fill_value: None,
            add_indicator: false,
            keep_empty_features: false,
        }
    }
}

/// What a missing entry becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The mean of the column.
    #[default]
    Mean,
    /// The median of the column.
    Median,
    /// The most frequent entry, the smallest of several; also for text.
    MostFrequent,
    /// A given value.
    Constant,
}

impl Strategy {
    pub(super) fn name(self) -> &'static str {
        match self {
            Strategy::Mean => "mean",
            Strategy::Median => "median",
            Strategy::MostFrequent => "most_frequent",
            Strategy::Constant => "constant",
        }
    }
}

impl Params for SimpleImputer {
    const NAME: &'static str = "SimpleImputer";
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

/// A fitted [`SimpleImputer`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imputer {
    /// The parameters of the fit.
    pub params: SimpleImputer,
    /// What fills each column; `None` for one that goes.
    pub fills: Vec<Option<Category>>,
    /// The columns that get a column of 0 and 1, rising.
    pub indicated: Vec<u32>,
}

impl Imputer {
    fn kept(&self) -> Vec<usize> {
        (0..self.fills.len()).filter(|&j| self.fills[j].is_some()).collect()
    }

    fn number(&self, j: usize) -> f64 {
        match self.fills[j] {
            Some(Category::Number(v)) => v,
            _ => f64::NAN,
        }
    }

    fn dense<F: Real>(&self, x: ArrayView2<'_, F>, ctl: &Control) -> Result<Array2<F>> {
        let kept = self.kept();
        let width = kept.len() + self.indicated.len();
        let missing = &self.params.missing_values;
        let marker = match missing {
            Category::Number(v) if !v.is_nan() => Some(*v),
            _ => None,
        };
        let fills: Vec<F> = kept.iter().map(|&j| F::narrow(self.number(j))).collect();
        let mut out = Array2::from_elem((x.nrows(), width), F::zero());
        let all = kept.len() == x.ncols();
        threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), width, 1024, |first, out| {
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                let row = x.row(first + i);
                match (marker, row.as_slice()) {
                    (None, Some(row)) if all => {
                        for ((o, &v), &fill) in out.iter_mut().zip(row).zip(&fills) {
                            *o = if v.is_nan() { fill } else { v };
                        }
                    }
                    _ => {
                        for ((o, &j), &fill) in out.iter_mut().zip(&kept).zip(&fills) {
                            *o = if is_missing(row[j].widen(), missing) { fill } else { row[j] };
                        }
                    }
                }
                for (o, &j) in out[kept.len()..].iter_mut().zip(&self.indicated) {
                    *o = if is_missing(row[j as usize].widen(), missing) { F::one() } else { F::zero() };
                }
            }
        })?;
        Ok(out)
    }

    fn sparse<F: Real>(&self, x: &Matrix<'_, F>) -> Sparse {
        let kept = self.kept();
        let missing = &self.params.missing_values;
        let (mut to, mut flag) = (vec![None; self.fills.len()], vec![None; self.fills.len()]);
        kept.iter().enumerate().for_each(|(new, &old)| to[old] = Some(new as i32));
        self.indicated.iter().enumerate().for_each(|(k, &j)| flag[j as usize] = Some((kept.len() + k) as i32));
        let shape = (x.nrows(), kept.len() + self.indicated.len());
        let mut out = Sparse { layout: Layout::Row, shape, indptr: vec![0], indices: Vec::new(), data: Vec::new() };
        for_rows(x, |entry| match entry {
            None => out.indptr.push(out.data.len() as i64),
            Some((j, v)) => {
                let gone = is_missing(v, missing);
                if let Some(new) = to[j] {
                    out.indices.push(new);
                    out.data.push(if gone { F::narrow(self.number(j)).widen() } else { v });
                }
                if let (true, Some(new)) = (gone, flag[j]) {
                    out.indices.push(new);
                    out.data.push(1.0);
                }
            }
        });
        out
    }

    fn fill_column(&self, j: usize, column: &Column) -> Result<Column> {
        let missing = &self.params.missing_values;
        let name = column.name.clone();
        let values = match (&column.values, &self.fills[j]) {
            (Values::Number(values), Some(Category::Number(fill))) => {
                Values::Number(values.iter().map(|&v| if is_missing(v, missing) { *fill } else { v }).collect())
            }
            (Values::Text { codes, levels }, Some(fill)) => {
                let mut levels = levels.clone();
                let gone = missing_codes(&levels, missing);
                let fill = match fill {
                    Category::Text(text) => levels.iter().position(|l| l == text).unwrap_or_else(|| {
                        levels.push(text.clone());
                        levels.len() - 1
                    }) as u32,
                    Category::Missing(Missing::None) => NONE,
                    Category::Missing(Missing::Nan) => MISSING,
                    Category::Number(v) => {
                        levels.push(super::learn::show(&Category::Number(*v)));
                        levels.len() as u32 - 1
                    }
                };
                let codes = codes.iter().map(|&c| if Some(c) == gone { fill } else { c }).collect();
                Values::Text { codes, levels }
            }
            (Values::Number(values), Some(Category::Text(fill))) if values.iter().all(|v| v.is_nan()) => {
                Values::Text { codes: vec![0; values.len()], levels: vec![fill.clone()] }
            }
            _ => bad_input!("column '{name}' does not hold what it held at the fit"),
        };
        Ok(Column { name, values })
    }
}

impl Transformer for Imputer {
    type Params = SimpleImputer;

    fn params(&self) -> &SimpleImputer {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.fills.len()
    }

    fn check(&self) -> Result<()> {
        let rising = self.indicated.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = self.indicated.last().is_none_or(|&last| (last as usize) < self.fills.len());
        if self.fills.is_empty() || !rising || !inside {
            return Err(Error::File("an imputer whose indicators are none of its columns".into()));
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, warnings: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let gone: Vec<String> =
            self.fills.iter().enumerate().filter(|(_, fill)| fill.is_none()).map(|(j, _)| j.to_string()).collect();
        if !gone.is_empty() {
            let (list, strategy) = (gone.join(" "), self.params.strategy.name());
            let message = format!(
                "Skipping features without any observed values: [{list}]. At least one non-missing value is needed for \
                 imputation with strategy='{strategy}'."
            );
            warnings.push(Warning { kind: WarningKind::User, message });
        }
        match x.matrix()? {
            Some(AnyMatrix::F32(Matrix::Dense(x))) => return Ok(Block::Dense32(self.dense(x, ctl)?)),
            Some(AnyMatrix::F64(Matrix::Dense(x))) => return Ok(Block::Dense(self.dense(x, ctl)?)),
            Some(sparse) => return Ok(Block::Sparse(with_matrix!(sparse, x => self.sparse(&x)))),
            None => {}
        }
        let n = x.shape().0;
        let mut out = Vec::new();
        for j in self.kept() {
            out.push(self.fill_column(j, x.column(j)?.as_ref())?);
        }
        for &j in &self.indicated {
            let column = x.column(j as usize)?;
            let gone = |row: usize| match &column.values {
                Values::Number(values) => is_missing(values[row], &self.params.missing_values),
                Values::Text { codes, levels } => {
                    missing_codes(levels, &self.params.missing_values) == Some(codes[row])
                }
                Values::Time(_) => false,
            };
            let flags = (0..n).map(|row| f64::from(u8::from(gone(row)))).collect();
            out.push(Column::number(format!("missingindicator_{}", column.name), flags));
        }
        let all_numbers = out.iter().all(|c| matches!(c.values, Values::Number(_)));
        let block = Block::Columns(out.into_iter().map(Cow::Owned).collect());
        if all_numbers { block.into_numbers() } else { Ok(block) }
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        let kind = |fill: &Option<Category>| match fill {
            Some(Category::Number(_)) => Some(ColumnType::Number),
            Some(_) => Some(ColumnType::Text),
            None => None,
        };
        self.fills.iter().map(kind).collect()
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        let kept = self.kept().into_iter().filter_map(|j| names.get(j).cloned());
        let flags = self.indicated.iter().filter_map(|&j| names.get(j as usize));
        kept.chain(flags.map(|name| format!("missingindicator_{name}"))).collect()
    }
}
