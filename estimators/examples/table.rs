//! Fits a ridge regression to a CSV file with a quarter of the rows held out, and says how well it predicts them:
//! `cargo run --release --example table -- flights.csv arr_delay [column to leave out ...]`.

use ironlearn::datasets::{CsvOptions, read_csv};
use ironlearn::pipeline::{TablePipeline, TargetColumn, rows_with_target};
use ironlearn::{AnyEstimator, Control, Cpu, Saved};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("usage: table FILE TARGET [column to leave out ...]".into());
    };
    let start = Instant::now();
    let mut table = read_csv(file.as_ref(), &CsvOptions::default())?.table;
    for name in arguments {
        table = table.without(&name);
    }
    println!("read {} rows in {:.2} s", table.n_rows(), start.elapsed().as_secs_f64());
    let rows = rows_with_target(&table, &target)?;
    // A fixed quarter of the rows, spread by a multiplicative hash of their number.
    let is_held = |row: &usize| (*row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62 == 0;
    let (held, kept): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(is_held);
    let (train, test) = (table.take(&kept), table.take(&held));
    let ctl = Control::new();
    let start = Instant::now();
    let ridge = AnyEstimator::by_name("Ridge").ok_or("no Ridge")?;
    let model = TablePipeline::new(ridge).fit(&train, Some(&target), None, &Cpu, &ctl)?;
    println!("fitted to {} columns in {:.2} s", model.feature_names_out().len(), start.elapsed().as_secs_f64());
    let bytes = model.to_bytes()?;
    let model = Saved::from_bytes(&bytes)?;
    let start = Instant::now();
    let predicted = model.predict_table(&test, &ctl)?;
    println!("predicted {} rows in {:.2} s, file of {} bytes", held.len(), start.elapsed().as_secs_f64(), bytes.len());
    if let Some(TargetColumn::Values(y)) = model.target_of(&test)? {
        let mean = y.mean().unwrap_or_default();
        let error: f64 = (&y - &predicted).iter().map(|d| d * d).sum();
        let total: f64 = y.iter().map(|v| (v - mean).powi(2)).sum();
        println!("R² of the held-out rows: {:.4}", 1.0 - error / total);
    }
    Ok(())
}
