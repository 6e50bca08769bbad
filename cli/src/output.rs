//! Writing results: to standard output, or to a file that is there whole or not at all.

use crate::Failure;
use crate::read::is_stream;
use ironlearn_datasets::{MISSING, MISSING_TIME, Table, Values};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The files that have not got their names yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes all unfinished files: the process is about to end.
pub fn remove_unfinished() {
    let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    unfinished.iter().for_each(|part| drop(fs::remove_file(part)));
}

/// Writes to standard output.
///
/// # Errors
/// [`Failure::NoReader`] where nobody reads any more.
pub fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| failed("standard output", &error))
}

fn failed(name: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::NoReader,
        _ => Failure::Failed(format!("cannot write {name}: {error}")),
    }
}

/// A file that gets its name when it is finished, or standard output.
pub struct Output {
    name: String,
    writer: Option<BufWriter<Box<dyn Write>>>,
    /// Where it is written, and what it becomes.
    renamed: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Opens `path` for writing; `-` is standard output.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        if is_stream(path) {
            let writer = Some(BufWriter::new(Box::new(io::stdout()) as Box<dyn Write>));
            return Ok(Output { name: "standard output".into(), writer, renamed: None });
        }
        let name = path.display().to_string();
        let cannot = |error: io::Error| failed(&name, &error);
        // A pipe or a device is written in place; of a link, what it points to is replaced.
        let (at, renamed) = match fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(Failure::Failed(format!("cannot write {name}: it is a folder"))),
            Ok(there) if !there.is_file() => (path.to_owned(), None),
            found => {
                let target = if found.is_ok() { fs::canonicalize(path).map_err(cannot)? } else { path.to_owned() };
                let mut part = target.clone().into_os_string();
                part.push(format!(".{}.part", std::process::id()));
                (PathBuf::from(&part), Some((PathBuf::from(part), target)))
            }
        };
        let file = if renamed.is_some() { File::create(&at) } else { File::options().write(true).open(&at) };
        let writer: Box<dyn Write> = Box::new(file.map_err(cannot)?);
        if renamed.is_some() {
            UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(at);
        }
        Ok(Output { name, writer: Some(BufWriter::new(writer)), renamed })
    }

    /// Writes `bytes`.
    ///
    /// # Errors
    /// [`Failure::NoReader`] where nobody reads any more, and where the disk is full.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        match &mut self.writer {
            Some(writer) => writer.write_all(bytes.as_ref()).map_err(|error| failed(&self.name, &error)),
            None => Ok(()),
        }
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn finish(mut self) -> Result<(), Failure> {
        if let Some(mut writer) = self.writer.take() {
            writer.flush().map_err(|error| failed(&self.name, &error))?;
        }
        if let Some((from, to)) = &self.renamed {
            fs::rename(from, to).map_err(|error| failed(&self.name, &error))?;
        }
        // What was renamed is not there to be removed.
        Ok(())
    }
}

impl Drop for Output {
    /// An unfinished file goes.
    fn drop(&mut self) {
        if let Some((part, _)) = &self.renamed {
            let _ = fs::remove_file(part);
            UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| other != part);
        }
    }
}

/// Text as a field of a CSV file.
pub fn field(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, ',' | '"' | '\n' | '\r' | ';' | '\t');
    if text.chars().all(plain) && text.trim() == text && !text.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    }
}

/// A number with as many digits as it takes to read the same number back.
pub fn number(v: f64) -> String {
    if v.fract() == 0.0 && v.abs() < 1e15 && !(v == 0.0 && v.is_sign_negative()) {
        format!("{v}")
    } else {
        format!("{v:?}")
    }
}

/// Entry `row` of a column as a field; a missing one is empty.
pub fn entry(values: &Values, row: usize) -> Cow<'_, str> {
    match values {
        Values::Number(values) if values[row].is_nan() => Cow::Borrowed(""),
        Values::Number(values) => Cow::Owned(number(values[row])),
        Values::Text { codes, .. } if codes[row] == MISSING => Cow::Borrowed(""),
        Values::Text { codes, levels } => field(&levels[codes[row] as usize]),
        Values::Time(values) if values[row] == MISSING_TIME => Cow::Borrowed(""),
        Values::Time(values) => Cow::Owned(time(values[row])),
    }
}

/// Milliseconds since 1970 as ISO 8601, in UTC.
fn time(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.to_string(),
        Err(_) => milliseconds.to_string(),
    }
}

/// Writes a table as CSV.
///
/// # Errors
/// As [`Output::create`] and [`Output::write`].
pub fn write_table(table: &Table, path: &Path) -> Result<(), Failure> {
    let mut out = Output::create(path)?;
    let head: Vec<Cow<'_, str>> = table.names().map(field).collect();
    out.write(head.join(",") + "\n")?;
    let mut line = String::new();
    for row in 0..table.n_rows() {
        line.clear();
        for (j, column) in table.columns().iter().enumerate() {
            if j > 0 {
                line.push(',');
            }
            line += &entry(&column.values, row);
        }
        // A lone missing entry would be a blank line, which is no row.
        line += if line.is_empty() { "\"\"\n" } else { "\n" };
        out.write(&line)?;
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironlearn_datasets::{Column, CsvOptions, read_csv};

    #[test]
    fn numbers_read_back_the_same() {
        for v in [0.1, 1.0, -3.0, 1e300, 5e-324, 0.1 + 0.2, 1e15, 123_456_789_012_345.0, f64::INFINITY, -0.0] {
            assert_eq!(number(v).parse::<f64>().unwrap().to_bits(), v.to_bits(), "{}", number(v));
        }
        assert_eq!((number(3.0), number(0.5), number(1e300)), ("3".into(), "0.5".into(), "1e300".into()));
    }

    #[test]
    fn a_written_table_reads_back_the_same() {
        let folder = std::env::temp_dir().join(format!("ironlearn-output-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("table.csv");
        let table = Table::new(vec![
            Column::number("a,b", vec![0.1, f64::NAN, -2.0]),
            Column::text("t \"q\"", [Some("x, y"), None, Some(" padded\n")]),
            Column::time("when", vec![0, 1_357_034_400_000, MISSING_TIME]),
        ])
        .unwrap();
        write_table(&table, &path).unwrap();
        let read = read_csv(&path, &CsvOptions::default()).unwrap().table;
        let shown = |table: &Table| format!("{table:?}");
        assert_eq!(shown(&read), shown(&table));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the unfinished file is gone");
        drop(Output::create(&folder.join("never")).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(Output::create(&folder).is_err() && Output::create(&folder.join("no/such")).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
