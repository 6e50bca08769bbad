//! Data for ironlearn: a typed [`Table`] and the CSV reader that makes one.

pub mod csv;
mod error;
mod table;

pub use csv::{CsvOptions, Reading, read_csv, read_csv_from};
pub use error::{Error, Result};
pub use table::{Column, ColumnType, MISSING, MISSING_TIME, Table, Values};
