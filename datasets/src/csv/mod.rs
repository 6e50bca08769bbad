//! Reads a CSV file into a typed table, in one pass over the file (two if a column's type shows late).

mod column;
mod delimiter;
mod quoted;
mod records;
mod source;
#[cfg(test)]
mod tests;
mod value;

pub use value::time as parse_time;

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::Path;

use self::column::{Builder, Missing};
use self::delimiter::likely_delimiter;
use self::records::{Records, Trouble};
use self::source::Source;
use crate::{Column, ColumnType, Error, Result, Table, Values};

/// How a CSV file is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct CsvOptions {
    /// The delimiter; `None`, the default, finds out which of comma, semicolon and tab it is.
    pub delimiter: Option<u8>,
    /// Whether the first row names the columns (default true). Otherwise they are named `x0`, `x1` …
    pub header: bool,
    /// Types of columns that are not to be inferred, by name (default none).
    pub types: BTreeMap<String, ColumnType>,
    /// The fields that mean "missing", exactly as spelled (quotes and blanks around them aside).
    pub missing: Vec<String>,
    /// Skip and count a row with a wrong number of fields, invalid UTF-8, text after a closing quote or a value that
    /// does not parse as the type given for its column (default false: such a row is an error).
    pub skip_bad_rows: bool,
}

/// The default of [`CsvOptions::missing`]: what pandas takes for missing, and `?`.
pub const MISSING_MARKERS: [&str; 20] = [
    "", "?", "NA", "N/A", "NaN", "nan", "null", "None", "NULL", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "-NaN",
    "-nan", "-1.#IND", "1.#IND", "-1.#QNAN", "1.#QNAN",
];

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions {
            delimiter: None,
            header: true,
            types: BTreeMap::new(),
            missing: MISSING_MARKERS.map(str::to_owned).to_vec(),
            skip_bad_rows: false,
        }
    }
}

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// The table.
    pub table: Table,
    /// Rows skipped (only with [`CsvOptions::skip_bad_rows`]).
    pub skipped: usize,
    /// Why the first of them was skipped.
    pub first_skipped: Option<Error>,
    /// The delimiter, given or found.
    pub delimiter: u8,
}

/// Reads a CSV file: plain, gzip or a zip archive of one file, told by its content.
///
/// Types are inferred over the whole file: a column whose entries, apart from missing ones, are all numbers is of
/// numbers (and so is one of missing entries only); if all are ISO 8601 dates or times, of times; otherwise of text.
/// Blanks around a field go, unless quotes hold them; blank lines are no rows; a byte-order mark and CRLF are no
/// matter. Unnamed columns are named as pandas names them (`Unnamed: 0`).
///
/// Time: one pass, a second when a column of numbers or times turns out to be text. Memory: the table and a buffer; the
/// compressed file too where it cannot be opened again (a pipe).
///
/// # Errors
/// See [`Error`]: each names the file, and the line and column where there is one.
pub fn read_csv(path: &Path, options: &CsvOptions) -> Result<Reading> {
    read_source(&Source::file(path)?, options)
}

/// Reads CSV from a stream, for instance standard input, whose name in messages is `source_name`. As [`read_csv`].
///
/// # Errors
/// As [`read_csv`].
pub fn read_csv_from(reader: impl Read, source_name: &str, options: &CsvOptions) -> Result<Reading> {
    read_source(&Source::stream(reader, source_name)?, options)
}

fn read_source(source: &Source<'_>, options: &CsvOptions) -> Result<Reading> {
    let missing = Missing::new(&options.missing);
    let mut first = source.read(|input| Pass::open(input, source, options)?.run(options, &missing))?;
    if first.n_rows == 0 {
        return Err(Error::NoRows { file: source.name().to_owned(), skipped: first.skipped.len() });
    }
    let again: Vec<usize> = (0..first.columns.len()).filter(|&index| first.columns[index].is_again()).collect();
    if !again.is_empty() {
        let n_fields = first.columns.len();
        let text = source
            .read(|input| Pass::open(input, source, options)?.run_again(&again, n_fields, &first.skipped, &missing))?;
        for (index, builder) in again.into_iter().zip(text) {
            first.columns[index] = builder;
        }
    }
    let changed = || Error::Changed { file: source.name().to_owned() };
    let values: Option<Vec<Values>> = first.columns.into_iter().map(Builder::finish).collect();
    let values = values.filter(|all| all.iter().all(|values| values.len() == first.n_rows)).ok_or_else(changed)?;
    let columns = first.names.into_iter().zip(values).map(|(name, values)| Column { name, values }).collect();
    Ok(Reading {
        table: Table::trusted(first.n_rows, columns),
        skipped: first.skipped.len(),
        first_skipped: first.first_skipped,
        delimiter: first.delimiter,
    })
}

/// One pass over the source, past the header.
struct Pass<'a> {
    records: Records<&'a mut dyn Read>,
    file: &'a str,
    names: Vec<String>,
    delimiter: u8,
    /// Whether the first row is data, and already in `records`.
    at_row: bool,
}

struct FirstPass {
    names: Vec<String>,
    columns: Vec<Builder>,
    delimiter: u8,
    n_rows: usize,
    /// The rows skipped, counted from 0 among all rows of the file.
    skipped: Vec<usize>,
    first_skipped: Option<Error>,
}

impl<'a> Pass<'a> {
    fn open(input: &'a mut dyn Read, source: &'a Source<'_>, options: &CsvOptions) -> Result<Pass<'a>> {
        let file = source.name();
        let mut delimiter = b',';
        let mut records = Records::new(input, |first| {
            delimiter = options.delimiter.unwrap_or_else(|| likely_delimiter(first));
            delimiter
        })
        .map_err(|error| source.read_error(error))?;
        let first = records.first_bytes();
        if memchr::memchr(b'\n', first).is_none() && first.trim_ascii_end().contains(&b'\r') {
            let found = "text whose lines end in a carriage return alone".to_owned();
            return Err(Error::Content { file: file.to_owned(), found });
        }
        if !records.advance().map_err(|trouble| told(trouble, file, records.line()))? {
            return Err(Error::Empty { file: file.to_owned() });
        }
        let mut pass = Pass { records, file, names: Vec::new(), delimiter, at_row: !options.header };
        pass.names =
            if options.header { pass.header()? } else { (0..pass.records.len()).map(|i| format!("x{i}")).collect() };
        Ok(pass)
    }

    fn header(&self) -> Result<Vec<String>> {
        let mut names = Vec::with_capacity(self.records.len());
        let mut seen = HashSet::new();
        for index in 0..self.records.len() {
            let utf8 = |_| Error::Utf8 {
                file: self.file.to_owned(),
                line: self.records.line(),
                column: (index + 1).to_string(),
            };
            let mut name = std::str::from_utf8(self.records.field(index)).map_err(utf8)?.to_owned();
            if name.is_empty() {
                name = format!("Unnamed: {index}");
            }
            if !seen.insert(name.clone()) {
                return Err(Error::DuplicateColumn { file: self.file.to_owned(), name });
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Goes to the next row, good or bad; false at the end.
    fn advance(&mut self) -> Result<bool, Trouble> {
        if std::mem::take(&mut self.at_row) { Ok(true) } else { self.records.advance() }
    }

    /// The first pass: all columns, each of the type given or found.
    fn run(mut self, options: &CsvOptions, missing: &Missing) -> Result<FirstPass> {
        if let Some(name) = options.types.keys().find(|name| !self.names.contains(name)) {
            return Err(Error::UnknownColumn { file: self.file.to_owned(), name: name.clone(), columns: self.names });
        }
        let mut columns: Vec<Builder> =
            self.names.iter().map(|name| Builder::new(options.types.get(name).copied())).collect();
        let demanding: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].demands().is_some()).collect();
        let others: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].demands().is_none()).collect();
        let (mut n_rows, mut skipped, mut first_skipped) = (0, Vec::new(), None);
        loop {
            let added = match self.advance() {
                Ok(false) => break,
                Ok(true) => self.add_row(&mut columns, &demanding, &others, missing),
                Err(trouble) => Err(told(trouble, self.file, self.records.line())),
            };
            match added {
                Ok(()) => n_rows += 1,
                Err(error) if !options.skip_bad_rows || !is_of_a_row(&error) => return Err(error),
                Err(error) => {
                    skipped.push(n_rows + skipped.len());
                    first_skipped.get_or_insert(error);
                }
            }
        }
        Ok(FirstPass { names: self.names, columns, delimiter: self.delimiter, n_rows, skipped, first_skipped })
    }

    /// Adds the current row to all columns, or to none: the columns that may refuse it come first.
    fn add_row(&self, columns: &mut [Builder], demanding: &[usize], others: &[usize], missing: &Missing) -> Result<()> {
        self.check_row(columns.len())?;
        // The row as a whole is UTF-8, and a field is cut at ASCII bytes: this check cannot fail, and costs little.
        let field = |index: usize| std::str::from_utf8(self.records.field(index)).unwrap_or_default();
        for (done, &index) in demanding.iter().enumerate() {
            if !columns[index].push(field(index), missing) {
                let expected = columns[index].demands().unwrap_or(ColumnType::Number);
                demanding[..done].iter().for_each(|&before| columns[before].pop());
                let (line, column, value) = (self.records.line(), self.place(index), field(index).to_owned());
                return Err(Error::Value { file: self.file.to_owned(), line, column, value, expected });
            }
        }
        for &index in others {
            columns[index].push(field(index), missing);
        }
        Ok(())
    }

    /// The second pass: some columns, as text, without the rows that the first pass skipped.
    fn run_again(
        mut self,
        again: &[usize],
        n_fields: usize,
        skipped: &[usize],
        missing: &Missing,
    ) -> Result<Vec<Builder>> {
        let mut columns: Vec<Builder> = again.iter().map(|_| Builder::new(Some(ColumnType::Text))).collect();
        let mut skipped = skipped.iter().copied().peekable();
        for row in 0.. {
            let found = self.advance();
            if skipped.next_if_eq(&row).is_some() {
                continue;
            }
            if !found.map_err(|trouble| told(trouble, self.file, self.records.line()))? {
                break;
            }
            self.check_row(n_fields)?;
            for (column, &index) in columns.iter_mut().zip(again) {
                column.push(std::str::from_utf8(self.records.field(index)).unwrap_or_default(), missing);
            }
        }
        Ok(columns)
    }

    /// Whether the current row has the right number of fields, all of UTF-8.
    fn check_row(&self, expected: usize) -> Result<()> {
        let (file, line) = (|| self.file.to_owned(), self.records.line());
        if self.records.len() != expected {
            return Err(Error::Fields { file: file(), line, found: self.records.len(), expected });
        }
        if std::str::from_utf8(self.records.row_bytes()).is_err() {
            let bad = |&index: &usize| std::str::from_utf8(self.records.field(index)).is_err();
            let column = self.place((0..expected).find(bad).unwrap_or(0));
            return Err(Error::Utf8 { file: file(), line, column });
        }
        Ok(())
    }

    /// A column for a message: its number and its name.
    fn place(&self, index: usize) -> String {
        format!("{} ({})", index + 1, self.names[index])
    }
}

/// Whether an error concerns one row only, so that the next can be read.
fn is_of_a_row(error: &Error) -> bool {
    matches!(error, Error::Fields { .. } | Error::Utf8 { .. } | Error::Value { .. } | Error::AfterQuote { .. })
}

fn told(trouble: Trouble, file: &str, line: u64) -> Error {
    let file = file.to_owned();
    match trouble {
        Trouble::Io(source) => Error::Read { file, source },
        Trouble::AfterQuote(field) => Error::AfterQuote { file, line, column: field + 1 },
        Trouble::OpenQuote(field) => Error::OpenQuote { file, line, column: field + 1 },
    }
}
