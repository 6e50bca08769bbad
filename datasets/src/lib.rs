//! Data for ironlearn: a typed [`Table`], a CSV reader that makes one, five bundled sets, and seeded made-up data.
//!
//! # Reading a file
//!
//! [`read_csv`] infers each column's type over the whole file: numbers, ISO dates and times, or text. Missing entries
//! (empty, `?`, `NA` …), quotes, blanks after commas, gzip and zip need no word from the user; what is wrong with a
//! file is an [`Error`] that names the line and the column. [`read_csv_from`] reads any stream:
//!
//! ```
//! use ironlearn_datasets::{ColumnType, CsvOptions, Values, read_csv_from};
//!
//! let file = "\
//! origin, dep_delay, time_hour, zip
//! EWR,    2,         2013-01-01 10:00, 07114
//! LGA,    NA,        2013-01-01 11:00, 11371
//! ";
//! let mut options = CsvOptions::default();
//! options.types.insert("zip".into(), ColumnType::Text); // its leading zero matters
//! let table = read_csv_from(file.as_bytes(), "flights.csv", &options)?.table;
//! let kinds: Vec<&str> = table.columns().iter().map(|column| column.values.column_type().name()).collect();
//! assert_eq!(kinds, ["text", "number", "time", "text"]);
//! let Values::Number(delays) = &table.column("dep_delay").unwrap().values else { unreachable!() };
//! assert!(delays[0] == 2.0 && delays[1].is_nan());
//!
//! let broken = read_csv_from("a,b\n1,2\n3\n".as_bytes(), "broken.csv", &CsvOptions::default());
//! let message = broken.unwrap_err().to_string();
//! assert_eq!(message, "broken.csv, line 3: 1 fields where 2 are expected (column 2 is missing)");
//! # Ok::<(), ironlearn_datasets::Error>(())
//! ```
//!
//! # Bundled and made-up data
//!
//! ```
//! let iris = ironlearn_datasets::iris();
//! assert_eq!((iris.data.dim(), iris.target_names.len()), ((150, 4), 3));
//!
//! let made = ironlearn_datasets::regression().rows(200).cols(30).informative(5).seed(7).build();
//! assert_eq!(made.target.len(), 200);
//! ```

mod bundled;
mod column;
pub mod csv;
mod error;
mod generate;
mod table;

pub use bundled::{Bunch, breast_cancer, diabetes, digits, iris, wine};
pub use column::{Column, ColumnType, MISSING, MISSING_TIME, Values};
pub use csv::{CsvOptions, Reading, parse_time, read_csv, read_csv_from};
pub use error::{Error, Result};
pub use generate::{Blobs, Classification, MadeClasses, MadeRegression, Regression, blobs, classification, regression};
pub use table::Table;
