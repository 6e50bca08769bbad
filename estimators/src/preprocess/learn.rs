//! The categories of each column, found or given, and what is said of entries that are none of them.

use super::categories::{Categories, Category, Missing, Resolved, UNKNOWN};
use super::{Block, Wanted};
use crate::{Control, Error, Result, bad_input};
use ironlearn_datasets::{Column, Values};
use ironlearn_linalg::threads;
use ndarray::ArrayView1;

/// A category as Python's `repr` writes it.
pub(super) fn show(category: &Category) -> String {
    match category {
        Category::Number(v) if v.fract() == 0.0 && v.abs() < 1e18 => format!("{}", *v as i64),
        Category::Number(v) => format!("{v:?}").replace("NaN", "nan"),
        Category::Text(text) => format!("'{text}'"),
        Category::Missing(Missing::None) => "None".into(),
        Category::Missing(Missing::Nan) => "nan".into(),
    }
}

/// The categories of each column with their counts, found or given.
pub(super) fn learn(
    name: &str,
    wanted: &Wanted,
    refused: bool,
    x: &Block<'_>,
    weights: Option<ArrayView1<'_, f64>>,
    ctl: &Control,
) -> Result<Vec<(Categories, Vec<u64>)>> {
    let (n, p) = x.shape();
    if n == 0 || p == 0 {
        bad_input!("Found array with {n} sample(s) and {p} feature(s) while a minimum of 1 is required.");
    }
    if weights.is_some() {
        return Err(Error::Unsupported(format!("{name} takes no sample_weight")));
    }
    if let Wanted::Given(given) = wanted
        && given.len() != p
    {
        bad_input!("Shape mismatch: if categories is an array, it has to be of shape (n_features,).");
    }
    threads::map(ctl, p, |j| {
        let column = x.column(j)?;
        let Wanted::Given(given) = wanted else { return Categories::learn(&column) };
        let categories = given[j].clone();
        if let Err(Error::File(_)) = categories.check() {
            bad_input!("Unsorted categories are not supported for numerical categories");
        }
        let codes = categories.resolve(&column)?;
        let mut counts = vec![0; categories.len()];
        let mut unknown = Vec::new();
        for row in 0..n {
            match codes.code(row) {
                UNKNOWN => unknown.push(row),
                code => counts[code as usize] += 1,
            }
        }
        if refused && !unknown.is_empty() {
            let list = list_unknown(&column, &unknown)?;
            bad_input!("Found unknown categories [{list}] in column {j} during fit");
        }
        Ok((categories, counts))
    })?
    .into_iter()
    .collect()
}

/// The distinct entries of `rows`, for a message.
fn list_unknown(column: &Column, rows: &[usize]) -> Result<String> {
    let values = match &column.values {
        Values::Text { codes, levels } => {
            let codes = rows.iter().map(|&row| codes[row]).collect();
            let levels = levels.clone();
            Values::Text { codes, levels }
        }
        Values::Number(values) => Values::Number(rows.iter().map(|&row| values[row]).collect()),
        Values::Time(_) => return Ok("times".into()),
    };
    let (found, _) = Categories::learn(&Column { name: column.name.clone(), values })?;
    let shown: Vec<String> = (0..found.len().min(100)).filter_map(|code| found.get(code)).map(|c| show(&c)).collect();
    Ok(shown.join(", "))
}

/// Fails where an entry of column `j` is no category.
pub(super) fn refuse_unknown(column: &Column, codes: &Resolved<'_>, j: usize) -> Result<()> {
    let unknown: Vec<usize> = (0..column.values.len()).filter(|&row| codes.code(row) == UNKNOWN).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let list = list_unknown(column, &unknown)?;
    bad_input!("Found unknown categories [{list}] in column {j} during transform")
}
