//! Reading what the commands are given: a table for training, a table for a model, a model.

use crate::args;
use crate::session::Session;
use crate::{Failure, layout};
use ironlearn::{Labels, Saved};
use ironlearn_datasets::{ColumnType, CsvOptions, Error, Reading, Table, Values, read_csv, read_csv_from};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::path::Path;

/// Whether a path stands for standard input or output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file's name for messages.
pub fn name(path: &Path) -> String {
    if is_stream(path) { "standard input".into() } else { path.display().to_string() }
}

/// The spellings of a missing entry; `None` for the usual ones.
pub fn markers(reading: &args::Reading) -> Option<Vec<String>> {
    if reading.missing.is_empty() && !reading.no_default_missing {
        return None;
    }
    let usual = if reading.no_default_missing { Vec::new() } else { CsvOptions::default().missing };
    Some(usual.into_iter().chain(reading.missing.iter().cloned()).collect())
}

fn options(
    reading: &args::Reading,
    types: BTreeMap<String, ColumnType>,
    of_model: Option<&Vec<String>>,
) -> Result<CsvOptions, Failure> {
    let mut options = CsvOptions { header: !reading.no_header, types, ..CsvOptions::default() };
    if let Some(missing) = markers(reading).or(of_model.cloned()) {
        options.missing = missing;
    }
    options.skip_bad_rows = reading.skip_bad_rows;
    options.delimiter = match reading.delimiter.as_deref() {
        None => None,
        Some("tab" | "\\t") => Some(b'\t'),
        Some(text) => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
            _ => return Err(Failure::Usage(format!("--delimiter {text:?}: expected one character, or tab"))),
        },
    };
    Ok(options)
}

fn csv(
    path: &Path,
    options: &CsvOptions,
    session: &Session,
    told: impl FnOnce(Error) -> Failure,
) -> Result<Reading, Failure> {
    let reading = session.wait(&format!("reading {}", name(path)), || {
        let reading = if is_stream(path) {
            read_csv_from(std::io::stdin().lock(), "standard input", options)
        } else {
            read_csv(path, options)
        };
        reading.map_err(told)
    })?;
    if reading.skipped > 0 {
        let first = reading.first_skipped.as_ref().map(|error| format!(" (the first: {error})")).unwrap_or_default();
        session.say(format!("{} rows skipped that cannot be read{first}", layout::count(reading.skipped)));
    }
    Ok(reading)
}

/// A table whose columns' types are found out, but for those given.
///
/// # Errors
/// Where the file cannot be read.
pub fn table(
    path: &Path,
    reading: &args::Reading,
    types: &[(String, ColumnType)],
    session: &Session,
) -> Result<Reading, Failure> {
    csv(path, &options(reading, types.iter().cloned().collect(), None)?, session, Failure::from)
}

/// A table for `saved`: the columns that it needs have its types, and those of `others` the types given. Missing entries
/// are spelled as in the file that it was trained on, unless the options say otherwise.
///
/// # Errors
/// Where the file cannot be read or lacks a column.
pub fn for_model(
    path: &Path,
    reading: &args::Reading,
    saved: &Saved,
    others: &[(&str, ColumnType)],
    session: &Session,
) -> Result<Reading, Failure> {
    let mut types: BTreeMap<String, ColumnType> = saved.columns.iter().map(|c| (c.name.clone(), c.kind)).collect();
    if types.is_empty() {
        let named = saved.feature_names.iter().flatten();
        types.extend(named.map(|name| (name.clone(), ColumnType::Number)));
    }
    for (name, kind) in others {
        types.entry((*name).to_owned()).or_insert(*kind);
    }
    csv(path, &options(reading, types, saved.missing.as_ref())?, session, |error| lacking(error, saved))
}

/// The type that the target of `saved` has in a file.
pub fn target_type(saved: &Saved) -> ColumnType {
    match saved.classes.first() {
        Some(Labels::Text(_)) => ColumnType::Text,
        _ => ColumnType::Number,
    }
}

/// Takes a column of weights out of a table.
///
/// # Errors
/// Where it is not there, or holds what cannot be a weight.
pub fn take_weights(table: &mut Table, column: Option<&str>) -> Result<Option<Vec<f64>>, Failure> {
    let Some(name) = column else { return Ok(None) };
    let Some(column) = table.remove(name) else { return Err(no_column(table, "--weights", name)) };
    let Values::Number(weights) = column.values else {
        let found = column.values.column_type();
        return Err(Failure::Failed(format!("the weights in column '{name}' are {found}, numbers are needed")));
    };
    if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        let found = weights[row];
        let found = if found.is_nan() { "missing".into() } else { found.to_string() };
        return Err(Failure::Failed(format!(
            "the weight of row {} in column '{name}' is {found}; weights are numbers from 0",
            row + 1
        )));
    }
    Ok(Some(weights))
}

/// A column was named that is not there.
pub fn no_column(table: &Table, option: &str, name: &str) -> Failure {
    let names: Vec<&str> = table.names().collect();
    Failure::Failed(format!("{option} {name}: there is no such column; there are {}", names.join(", ")))
}

/// Reads a model file.
///
/// # Errors
/// Where it cannot be read, or is none.
pub fn model(path: &Path) -> Result<Saved, Failure> {
    let named = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", name(path)));
    let read = |from: &mut dyn Read| {
        // The start is looked at first: what is no model may have no end.
        let mut bytes = Vec::new();
        let mut from = from;
        (&mut from).take(1 << 16).read_to_end(&mut bytes)?;
        if bytes.starts_with(ironlearn::saved::MAGIC) {
            from.read_to_end(&mut bytes)?;
        }
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = if is_stream(path) {
        let mut input = std::io::stdin().lock();
        if input.is_terminal() {
            return Err(Failure::Usage("standard input is a terminal: a model file is needed there".into()));
        }
        read(&mut input)
    } else {
        std::fs::File::open(path).and_then(|mut file| read(&mut file))
    };
    let bytes = bytes.map_err(|error| Failure::Failed(format!("cannot read {}: {error}", name(path))))?;
    Saved::from_bytes(&bytes).map_err(|error| named(&error))
}

/// Fails where both the model and the table are to come from standard input.
///
/// # Errors
/// [`Failure::Usage`].
pub fn check_streams(model: &Path, file: &Path) -> Result<(), Failure> {
    if is_stream(model) && is_stream(file) {
        return Err(Failure::Usage("MODEL and FILE cannot both be standard input".into()));
    }
    Ok(())
}

/// Says which columns are missing where the reader only names the first.
fn lacking(error: Error, saved: &Saved) -> Failure {
    match error {
        Error::UnknownColumn { file, columns, name } => {
            let needed = saved.columns.iter().map(|c| &c.name).chain(saved.feature_names.iter().flatten());
            let mut absent: Vec<&String> = needed.filter(|name| !columns.contains(name)).collect();
            absent.dedup();
            if absent.is_empty() {
                return Failure::Failed(format!("{file} has no column '{name}'; it has {}", columns.join(", ")));
            }
            let absent: Vec<&str> = absent.into_iter().map(String::as_str).collect();
            Failure::Failed(format!(
                "{file} lacks columns that the model needs: {}; it has {}",
                absent.join(", "),
                columns.join(", ")
            ))
        }
        other => other.into(),
    }
}
