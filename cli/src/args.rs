//! The commands and their options; help texts come from here too.

use clap::{Args, Parser, Subcommand, ValueEnum};
use ironlearn_datasets::ColumnType;
use std::num::NonZeroUsize;
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the data or the model does not allow it, 2 wrong usage, \
                          130 interrupted (Ctrl-C).";

/// Trains machine-learning models on CSV files and uses them.
#[derive(Debug, Parser)]
#[command(name = "ironlearn", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for all commands.
    #[command(flatten)]
    pub common: Common,
}

/// What all commands take.
#[derive(Debug, Args)]
pub struct Common {
    /// Threads to use [default: IRONLEARN_NUM_THREADS, OMP_NUM_THREADS, or all processors]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Say nothing but errors and results
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit a model to the rows of a file, and score it on rows held out
    #[command(after_help = EXIT_CODES)]
    Train(Train),
    /// Predict the rows of a file, as CSV
    #[command(after_help = EXIT_CODES)]
    Predict(Predict),
    /// Score a model on the rows of a file
    #[command(after_help = EXIT_CODES)]
    Evaluate(Evaluate),
    /// Show what a model file holds
    #[command(after_help = EXIT_CODES)]
    Inspect(Inspect),
    /// List the models with their parameters and defaults
    #[command(after_help = EXIT_CODES)]
    Models(Models),
}

/// How a file is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading the file")]
pub struct Reading {
    /// Another spelling of a missing entry, beside the empty field, ?, NA, N/A, NaN, null, None and the like
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub missing: Vec<String>,
    /// Take only what --missing names for missing
    #[arg(long)]
    pub no_default_missing: bool,
    /// The delimiter: one character, or tab [default: found out: comma, semicolon or tab]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// The first row is data; columns are named x0, x1, …
    #[arg(long)]
    pub no_header: bool,
    /// Skip and count rows that cannot be read, instead of stopping at the first
    #[arg(long)]
    pub skip_bad_rows: bool,
}

/// `train`.
#[derive(Debug, Args)]
pub struct Train {
    /// CSV, plain or gzip or zip; - is standard input
    pub file: PathBuf,
    /// The column to predict; none for clustering and outliers
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    /// The model's name, as `ironlearn models` lists it
    #[arg(long, value_name = "NAME")]
    pub model: String,
    /// A parameter of the model; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub param: Vec<String>,
    /// Where to write the model; - is standard output
    #[arg(long, value_name = "MODEL")]
    pub out: Option<PathBuf>,
    /// What to learn, instead of what the target suggests
    #[arg(long, value_enum)]
    pub task: Option<Task>,
    /// A column of weights: a row of weight 2 counts as two rows
    #[arg(long, value_name = "COL")]
    pub weights: Option<String>,
    /// A column to leave out; repeatable
    #[arg(long, value_name = "COL")]
    pub drop: Vec<String>,
    /// A column's type, instead of what its entries suggest; repeatable
    #[arg(long = "type", value_name = "COL=number|text|time", value_parser = column_type)]
    pub types: Vec<(String, ColumnType)>,
    /// The part of the rows to hold out and score on; 0 for none
    #[arg(long, value_name = "PART", default_value_t = 0.25, value_parser = part)]
    pub test_size: f64,
    /// Where the drawing of the held-out rows starts
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Write the held-out rows to this CSV file
    #[arg(long, value_name = "FILE")]
    pub holdout: Option<PathBuf>,
    /// After scoring, fit the final model to all rows
    #[arg(long)]
    pub refit: bool,
    /// What missing numbers become
    #[arg(long, value_enum, default_value_t = Fill::Median)]
    pub fill: Fill,
    /// Text columns of more levels than this are encoded by the target instead of one column a level
    #[arg(long, value_name = "N", default_value_t = 255)]
    pub max_levels: usize,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Where to fit: cpu, cuda or cuda:N
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
}

/// `predict`.
#[derive(Debug, Args)]
pub struct Predict {
    /// A model file; - is standard input
    pub model: PathBuf,
    /// CSV, plain or gzip or zip; - is standard input
    pub file: PathBuf,
    /// Add the probability of each class
    #[arg(long)]
    pub proba: bool,
    /// A column to repeat in front of the prediction; repeatable
    #[arg(long, value_name = "COL")]
    pub id: Vec<String>,
    /// Where to write the predictions
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
}

/// `evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A model file; - is standard input
    pub model: PathBuf,
    /// CSV with the target, plain or gzip or zip; - is standard input
    pub file: PathBuf,
    /// A column of weights: a row of weight 2 counts as two rows
    #[arg(long, value_name = "COL")]
    pub weights: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// How the file is read.
    #[command(flatten)]
    pub reading: Reading,
}

/// `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// A model file; - is standard input
    pub model: PathBuf,
    /// Print everything, as JSON
    #[arg(long)]
    pub json: bool,
}

/// `models`.
#[derive(Debug, Args)]
pub struct Models {
    /// Only this model
    pub name: Option<String>,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a model with a target learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Task {
    /// Classes.
    Classification,
    /// Numbers.
    Regression,
}

/// What missing numbers become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fill {
    /// The column's median.
    Median,
    /// The column's mean.
    Mean,
}

fn column_type(text: &str) -> Result<(String, ColumnType), String> {
    // A column's name may hold an equals sign; a type does not.
    let (column, kind) = text.rsplit_once('=').ok_or("expected COL=number, COL=text or COL=time")?;
    Ok((column.to_owned(), kind.parse().map_err(|error: ironlearn_datasets::Error| error.to_string())?))
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(part) if (0.0..1.0).contains(&part) => Ok(part),
        _ => Err("expected a number from 0 to below 1".into()),
    }
}

/// clap's account of a mistake, in one line and without the usage.
pub fn one_line(error: &clap::Error) -> String {
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is needed: train, predict, evaluate, inspect or models (see --help)".into();
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let said = said.join(" ");
    format!("{} (see --help)", said.strip_prefix("error: ").unwrap_or(&said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_options_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_mistake_is_told_in_one_line() {
        let said = |arguments: &[&str]| one_line(&Arguments::try_parse_from(arguments).unwrap_err());
        assert!(said(&["ironlearn"]).starts_with("a command is needed"));
        let missing = said(&["ironlearn", "train", "a.csv"]);
        assert!(missing.contains("--model <NAME>") && missing.ends_with("(see --help)"), "{missing}");
        assert!(!missing.contains('\n') && !missing.contains("Usage"), "{missing}");
        let size = said(&["ironlearn", "train", "a.csv", "--model", "ridge", "--test-size", "2"]);
        assert!(size.contains("expected a number from 0 to below 1"), "{size}");
        let kind = said(&["ironlearn", "train", "a.csv", "--model", "ridge", "--type", "a=integer"]);
        assert!(kind.contains("number, text or time"), "{kind}");
    }
}
