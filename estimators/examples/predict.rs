//! Predicts the rows of a CSV file by a model file, whoever wrote it; one number a line, as the shell prints them:
//! `cargo run --release --example predict -- flights.ironlearn flights.csv`.

use ironlearn::datasets::{CsvOptions, read_csv};
use ironlearn::{Control, Saved};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: predict MODEL FILE".into());
    };
    let model = Saved::read(model.as_ref())?;
    let table = read_csv(file.as_ref(), &CsvOptions::default())?.table;
    let predicted = model.predict_table(&table, &Control::new())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for value in predicted.column(0) {
        writeln!(out, "{value}")?;
    }
    Ok(())
}
