//! The shell of ironlearn: a CSV file becomes a model, and a model predicts the rows of another.
//!
//! Results (scores, predictions, models) go to standard output, the account of the run to standard error. One line
//! says what went wrong; the exit code says which kind it is ([`Failure::exit_code`]).

mod args;
mod choose;
mod columns;
mod evaluate;
mod failure;
mod inspect;
mod interrupt;
mod layout;
mod models;
mod output;
mod params;
mod predict;
mod read;
mod scores;
mod session;
mod split;
mod train;

use args::{Arguments, Command};
use clap::Parser;
pub use failure::Failure;
use session::Session;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        session::tell(&format!("error: internal error{place}: please report this with the command and its data"));
    }));
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(Failure::Told));
    let Err(failure) = result else { return ExitCode::SUCCESS };
    if let Some(message) = failure.message() {
        session::tell(&format!("error: {message}"));
    }
    ExitCode::from(failure.exit_code())
}

fn run() -> Result<(), Failure> {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => return Err(Failure::Usage(args::one_line(&error))),
        // Help and version.
        Err(asked) => return output::to_stdout(asked.render().to_string().as_bytes()),
    };
    interrupt::listen()?;
    let session = Session::new(&arguments.common);
    match &arguments.command {
        Command::Train(train) => train::run(train, &session),
        Command::Predict(predict) => predict::run(predict, &session),
        Command::Evaluate(evaluate) => evaluate::run(evaluate, &session),
        Command::Inspect(inspect) => inspect::run(inspect),
        Command::Models(models) => models::run(models),
    }
}
