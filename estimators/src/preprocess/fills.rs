//! What fills each column: the statistics that [`SimpleImputer`] learns.

use super::block::{NONE, for_rows};
use super::categories::{Categories, Category, Missing};
use super::imputer::{Imputer, SimpleImputer, Strategy};
use super::{Block, FitTransformer};
use crate::{AnyMatrix, Checked, Control, Error, Result, Target, bad_input};
use ironlearn_datasets::{Column, MISSING, Values};
use ironlearn_linalg::{threads, with_matrix};
use ndarray::ArrayView1;

/// What fills a column, `None` where it goes; whether entries of it are missing.
type Fill = (Option<Category>, bool);

/// Whether a number is missing.
pub(super) fn is_missing(v: f64, missing: &Category) -> bool {
    match missing {
        Category::Number(marker) if !marker.is_nan() => v == *marker,
        Category::Text(_) => false,
        _ => v.is_nan(),
    }
}

/// The codes of a text column that count as missing.
pub(super) fn missing_codes(levels: &[String], missing: &Category) -> Option<u32> {
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
    fn fill_text(&self, column: &Column) -> Result<Fill> {
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

/// The mean of each column over what is there, and whether something is missing, in one pass over the rows.
fn means(params: &SimpleImputer, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Result<Fill>>> {
    let (n, p) = x.shape();
    let tile = (32_768 / p.max(1)).clamp(16, 1024);
    let marker = match params.missing_values {
        Category::Number(v) => v,
        _ => f64::NAN,
    };
    let parts = threads::map_tiles(ctl, n, tile * 16, |rows| {
        let (mut sum, mut count) = (vec![0.0; p], vec![0.0; p]);
        let mut values = vec![0.0_f64; tile * p];
        let mut part = vec![0.0; p];
        for start in rows.clone().step_by(tile) {
            let end = rows.end.min(start + tile);
            with_matrix!(x, x => x.pack(start..end, 0..p, p, &mut values));
            part.fill(0.0);
            for row in values[..(end - start) * p].chunks_exact(p) {
                for ((&v, s), c) in row.iter().zip(&mut part).zip(&mut count) {
                    let there = !(v.is_nan() && marker.is_nan()) && v != marker;
                    *s += if there { v } else { 0.0 };
                    *c += if there { 1.0 } else { 0.0 };
                }
            }
            sum.iter_mut().zip(&part).for_each(|(s, part)| *s += part);
        }
        (sum, count)
    })?;
    let (mut sum, mut count) = (vec![0.0; p], vec![0.0; p]);
    for (s, c) in parts {
        sum.iter_mut().zip(s).for_each(|(total, part)| *total += part);
        count.iter_mut().zip(c).for_each(|(total, part)| *total += part);
    }
    let fill = |j: usize| {
        let empty = params.keep_empty_features.then_some(0.0);
        let value = if count[j] > 0.0 { Some(sum[j] / count[j]) } else { empty };
        Ok((value.map(Category::Number), count[j] < n as f64))
    };
    Ok((0..p).map(fill).collect())
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
        let of_numbers = |values: Vec<f64>, zeros: usize| -> Result<Fill> {
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
            Some(matrix) if params.strategy == Strategy::Mean => means(params, &matrix, ctl)?,
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
