//! What can go wrong with data: each error says where, so that a person can open the file and mend it.

use crate::ColumnType;

/// An error of reading or assembling data. `file` is the name the source was given, lines and columns count from 1,
/// and a line is that on which the row starts (a quoted field may hold line breaks).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened.
    #[error("cannot open {file}: {source}")]
    Open {
        /// The file's name.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The source failed while it was read, or its compressed content is damaged.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file's name.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The content is of a kind that is not read.
    #[error("{file} is {found}; what is read is CSV in UTF-8, plain, gzip or zip")]
    Content {
        /// The file's name.
        file: String,
        /// What the content is.
        found: String,
    },
    /// The source holds nothing, not even a header.
    #[error("{file} is empty")]
    Empty {
        /// The file's name.
        file: String,
    },
    /// The source holds a header but no row that could be read.
    #[error("{file} has a header but no rows ({skipped} skipped)")]
    NoRows {
        /// The file's name.
        file: String,
        /// Rows skipped on request.
        skipped: usize,
    },
    /// Two columns bear the same name.
    #[error("{file}: two columns are named {name:?}")]
    DuplicateColumn {
        /// The file's name.
        file: String,
        /// The name.
        name: String,
    },
    /// A type was given for a column that is not there.
    #[error("{file} has no column {name:?}, for which a type was given; its columns are {}", .columns.join(", "))]
    UnknownColumn {
        /// The file's name.
        file: String,
        /// The name asked for.
        name: String,
        /// The names there are.
        columns: Vec<String>,
    },
    /// A row has more or fewer fields than the header.
    #[error("{file}, line {line}: {found} fields where {expected} are expected{}", at_column(*.found, *.expected))]
    Fields {
        /// The file's name.
        file: String,
        /// The row's line.
        line: u64,
        /// The number of fields in the row.
        found: usize,
        /// The number of columns.
        expected: usize,
    },
    /// A field is not valid UTF-8.
    #[error("{file}, line {line}, column {column}: not valid UTF-8")]
    Utf8 {
        /// The file's name.
        file: String,
        /// The row's line.
        line: u64,
        /// The column: its number, and its name where it has one.
        column: String,
    },
    /// A field does not parse as the type given for its column.
    #[error("{file}, line {line}, column {column}: {value:?} is not {}", wanted(*.expected))]
    Value {
        /// The file's name.
        file: String,
        /// The row's line.
        line: u64,
        /// The column: its number and its name.
        column: String,
        /// The field.
        value: String,
        /// The type given for the column.
        expected: ColumnType,
    },
    /// Something other than a delimiter follows a closing quote.
    #[error(
        "{file}, line {line}, column {column}: text after a closing quote (a quote inside a field is written twice)"
    )]
    AfterQuote {
        /// The file's name.
        file: String,
        /// The row's line.
        line: u64,
        /// The column's number.
        column: usize,
    },
    /// A quote is opened and never closed. Not skipped on request: where the next row would start is unknown.
    #[error("{file}, line {line}, column {column}: a quote is opened and never closed")]
    OpenQuote {
        /// The file's name.
        file: String,
        /// The row's line.
        line: u64,
        /// The column's number.
        column: usize,
    },
    /// The file was changed by someone else while it was read.
    #[error("{file} changed while it was read")]
    Changed {
        /// The file's name.
        file: String,
    },
    /// Columns that do not make a table.
    #[error("{0}")]
    Table(String),
}

fn at_column(found: usize, expected: usize) -> String {
    if found < expected {
        format!(" (column {} is missing)", found + 1)
    } else {
        format!(" (the first too many is column {})", expected + 1)
    }
}

fn wanted(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Number => "a number",
        ColumnType::Text => "text",
        ColumnType::Time => "an ISO 8601 date or time",
    }
}

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
