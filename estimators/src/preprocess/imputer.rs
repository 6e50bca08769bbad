//! Missing entries filled by what is usual in their column.

use super::block::{NONE, for_rows};
use super::categories::{Categories, Category, Missing};
use super::{Block, FitTransformer, Sparse, Transformer, transformer};
use crate::{AnyMatrix, Checked, Control, Error, Matrix, Params, Result, Target, Warning, WarningKind, bad_input};
use ironlearn_datasets::{Column, ColumnType, MISSING, Values};
use ironlearn_linalg::{Layout, Real, threads, with_matrix};
use ndarray::{Array2, ArrayView1, ArrayView2};
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
    fn name(self) -> &'static str {
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

/// Whether a number is missing.
fn is_missing(v: f64, missing: &Category) -> bool {
    match missing {
        Category::Number(marker) if !marker.is_nan() => v == *marker,
        Category::Text(_) => false,
        _ => v.is_nan(),
    }
}

/// The codes of a text column that count as missing.
fn missing_codes(levels: &[String], missing: &Category) -> Option<u32> {
    match missing {
        Category::Missing(Missing::None) => Some(NONE),
        Category::Text(marker) => levels.iter().position(|l| l == marker).map(|i| i as u32),
        Category::Number(marker) if !marker.is_nan() => None,
        _ => Some(MISSING),
    }
}

impl SimpleImputer {
    /// What fills a column whose entries are `known` and `zeros` further zeros.
    fn fill(&self, mut known: Vec<f64>, zeros: usize) -> Result<Option<Category>> {
        let n = known.len() + zeros;
        let number = |v| Ok(Some(Category::Number(v)));
        if self.strategy == Strategy::Constant {
            let value = self.fill_value.clone().unwrap_or(Category::Number(0.0));
            if let Category::Text(text) = &value {
                bad_input!("fill_value='{text}' cannot be cast to the input data that is numeric.");
            }
            return Ok((n > 0 || self.keep_empty_features).then_some(value));
        }
        if n == 0 {
            return Ok(self.keep_empty_features.then_some(Category::Number(0.0)));
        }
        match self.strategy {
            Strategy::Median => {
                known.resize(n, 0.0);
                let (below, &mut high, _) = known.select_nth_unstable_by(n / 2, f64::total_cmp);
                if n % 2 == 1 {
                    return number(high);
                }
                let low = below.iter().copied().max_by(f64::total_cmp).unwrap_or(high);
                number(0.5 * low + 0.5 * high)
            }
            Strategy::MostFrequent => {
                let column = Column::number("", known);
                let (found, mut counts) = Categories::learn(&column)?;
                let Categories::Number { values, .. } = found else { return Ok(None) };
                let mut values = values;
                match values.iter().position(|&v| v == 0.0) {
                    Some(at) => counts[at] += zeros as u64,
                    None if zeros > 0 => {
                        values.push(0.0);
                        counts.push(zeros as u64);
                    }
                    None => {}
                }
                let best = values.iter().zip(counts).max_by(|a, b| a.1.cmp(&b.1).then(b.0.total_cmp(a.0)));
                Ok(best.map(|(&v, _)| Category::Number(v)))
            }
            _ => {
                let mut sum = 0.0;
                for tile in known.chunks(1024) {
                    sum += tile.iter().sum::<f64>();
                }
                number(sum / n as f64)
            }
        }
    }

    /// What fills a column of text, and whether it has missing entries.
    fn fill_text(&self, column: &Column) -> Result<(Option<Category>, bool)> {
        let Values::Text { codes, levels } = &column.values else { return Ok((None, false)) };
        let missing = missing_codes(levels, &self.missing_values);
        let has_missing = missing.is_some_and(|m| codes.contains(&m));
        let mut counts = vec![0_u64; levels.len()];
        codes.iter().filter(|&&c| c < NONE && Some(c) != missing).for_each(|&c| counts[c as usize] += 1);
        let empty = codes.iter().all(|&c| Some(c) == missing);
        let fill = match self.strategy {
            Strategy::Mean | Strategy::Median => {
                let first = levels.first().map_or("", String::as_str);
                let name = self.strategy.name();
                bad_input!(
                    "Cannot use {name} strategy with non-numeric data:\ncould not convert string to float: '{first}'"
                )
            }
            _ if empty && !self.keep_empty_features => None,
            Strategy::MostFrequent if empty => Some(Category::Number(0.0)),
            Strategy::MostFrequent => {
                let best = (0..levels.len()).filter(|&l| counts[l] > 0);
                let best = best.max_by(|&a, &b| counts[a].cmp(&counts[b]).then(levels[b].cmp(&levels[a])));
                Some(best.map_or(Category::Missing(Missing::None), |l| Category::Text(levels[l].clone())))
            }
            Strategy::Constant => Some(match &self.fill_value {
                None => Category::Text("missing_value".into()),
                Some(value) => value.clone(),
            }),
        };
        Ok((fill, has_missing))
    }
}

impl FitTransformer for SimpleImputer {
    type Model = Imputer;

    /// The target is not looked at; weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<Imputer> {
        let (n, p) = x.shape();
        if n == 0 || p == 0 {
            bad_input!("Found array with {n} sample(s) and {p} feature(s) while a minimum of 1 is required.");
        }
        if weights.is_some() {
            return Err(Error::Unsupported("SimpleImputer takes no sample_weight".into()));
        }
        let missing = &params.missing_values;
        let of_numbers = |values: Vec<f64>, zeros: usize| -> Result<(Option<Category>, bool)> {
            let before = values.len();
            let known: Vec<f64> = values.into_iter().filter(|&v| !is_missing(v, missing)).collect();
            let has_missing = known.len() < before;
            Ok((params.fill(known, zeros)?, has_missing))
        };
        let found = match x.matrix()? {
            Some(matrix) if matrix.is_sparse() => {
                if is_missing(0.0, missing) {
                    bad_input!(
                        "Imputation not possible when missing_values == 0 and input is sparse. Provide a dense array \
                         instead."
                    );
                }
                let mut columns = vec![Vec::new(); p];
                let entry = |e: Option<(usize, f64)>| e.into_iter().for_each(|(j, v)| columns[j].push(v));
                with_matrix!(matrix, x => for_rows(&x, entry));
                threads::map(ctl, p, |j| of_numbers(columns[j].clone(), n - columns[j].len().min(n)))?
            }
            Some(matrix) => {
                // Some columns at a time, so that each row's cache line is read once.
                const WIDTH: usize = 8;
                let groups = threads::map(ctl, p.div_ceil(WIDTH), |group| {
                    let cols = group * WIDTH..p.min((group + 1) * WIDTH);
                    let mut columns = vec![Vec::with_capacity(n); cols.len()];
                    let mut tile = vec![0.0; 1024 * cols.len()];
                    for start in (0..n).step_by(1024) {
                        let rows = start..n.min(start + 1024);
                        let m = rows.len();
                        with_matrix!(matrix, x => x.pack(rows, cols.clone(), cols.len(), &mut tile));
                        for (j, column) in columns.iter_mut().enumerate() {
                            column.extend((0..m).map(|i| tile[i * cols.len() + j]));
                        }
                    }
                    columns.into_iter().map(|c| of_numbers(c, 0)).collect::<Vec<_>>()
                })?;
                groups.into_iter().flatten().collect()
            }
            None => threads::map(ctl, p, |j| {
                let column = x.column(j)?;
                match &column.values {
                    Values::Number(values) => of_numbers(values.clone(), 0),
                    Values::Text { .. } => params.fill_text(&column),
                    Values::Time(_) => bad_input!("column '{}' holds times: expand them into numbers", column.name),
                }
            })?,
        };
        let mut model = Imputer { params: (**params).clone(), fills: Vec::new(), indicated: Vec::new() };
        for (j, of) in found.into_iter().enumerate() {
            let (fill, has_missing) = of?;
            model.fills.push(fill);
            if params.add_indicator && has_missing {
                model.indicated.push(j as u32);
            }
        }
        Ok(model)
    }
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
                        levels.push(super::one_hot::show(&Category::Number(*v)));
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
