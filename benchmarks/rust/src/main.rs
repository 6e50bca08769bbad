//! One process of the comparison in Rust: one library, one estimator, on the arrays that the Python side wrote.
//!
//! `rust-peers LIBRARY ESTIMATOR FOLDER ROWS REPEATS BUDGET PARAMS` prints one line of JSON; `rust-peers latency`
//! prints the time of one row through a fitted Ridge. ROWS 0 means all rows, PARAMS is a JSON object.

mod arrays;
mod latency;
mod linfa_peer;
mod ours;
mod smartcore_peer;
mod timing;

use arrays::Arrays;
use timing::Effort;

type Outcome = Result<serde_json::Value, Box<dyn std::error::Error>>;

fn run(arguments: &[String]) -> Outcome {
    if arguments.first().is_some_and(|a| a == "latency") {
        return Ok(latency::ridge());
    }
    let [library, estimator, folder, rows, repeats, budget, params] = arguments else {
        return Err("usage: rust-peers LIBRARY ESTIMATOR FOLDER ROWS REPEATS BUDGET PARAMS".into());
    };
    let arrays = Arrays::read(folder.as_ref(), rows.parse()?)?;
    let effort = Effort { repeats: repeats.parse()?, seconds: budget.parse()? };
    let params: serde_json::Map<String, serde_json::Value> = serde_json::from_str(params)?;
    match library.as_str() {
        "ironlearn" => ours::run(estimator, &arrays, effort, &params),
        "linfa" => linfa_peer::run(estimator, &arrays, effort, &params),
        "smartcore" => smartcore_peer::run(estimator, &arrays, effort, &params),
        other => Err(format!("no library {other}").into()),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(outcome) => println!("{outcome}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
