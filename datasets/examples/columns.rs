//! Prints the columns of a CSV file as they are read: name, type, missing entries, levels.
//!
//! `cargo run --release -p ironlearn-datasets --example columns -- flights.csv.zip`

use std::path::Path;
use std::time::Instant;

use ironlearn_datasets::{CsvOptions, Values, read_csv};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: columns FILE")?;
    let start = Instant::now();
    let reading = read_csv(Path::new(&path), &CsvOptions::default())?;
    let seconds = start.elapsed().as_secs_f64();
    for column in reading.table.columns() {
        let levels = match &column.values {
            Values::Text { levels, .. } => format!(", {} levels", levels.len()),
            _ => String::new(),
        };
        let kind = column.values.column_type();
        println!("{:24} {kind:8} {} missing{levels}", column.name, column.values.n_missing());
    }
    println!("{} rows read in {seconds:.3} s", reading.table.n_rows());
    Ok(())
}
