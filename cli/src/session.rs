//! What all commands share: where the account of a run goes, threads, the progress bar.

use crate::args::Common;
use crate::{Failure, interrupt};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ironlearn::Control;
use ironlearn::linalg::control::Progress;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

/// The common options, at work.
pub struct Session {
    quiet: bool,
    threads: Option<usize>,
}

/// Writes a line to standard error. Where nobody reads it, nothing happens. What a file holds cannot steer the terminal.
pub fn tell(line: &str) {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

impl Session {
    /// From the options.
    pub fn new(common: &Common) -> Self {
        Session { quiet: common.quiet, threads: common.threads.map(usize::from) }
    }

    /// Adds a line to the account.
    pub fn say(&self, line: impl AsRef<str>) {
        if !self.quiet {
            tell(line.as_ref());
        }
    }

    /// Runs `work` with the threads asked for, a progress bar on a terminal, and Ctrl-C.
    pub fn run<R, E: Into<Failure>>(
        &self,
        what: &str,
        work: impl FnOnce(&Control) -> Result<R, E>,
    ) -> Result<R, Failure> {
        let bar = self.bar(what);
        let ctl = Control::new().with_threads(self.threads).with_progress(Arc::new(Steps(bar.clone())));
        let _running = interrupt::running(ctl.cancel());
        let result = work(&ctl);
        bar.finish_and_clear();
        result.map_err(Into::into)
    }

    /// Runs what has no steps and cannot be stopped but by ending the process.
    pub fn wait<R, E: Into<Failure>>(&self, what: &str, work: impl FnOnce() -> Result<R, E>) -> Result<R, Failure> {
        let bar = self.bar(what);
        let result = work();
        bar.finish_and_clear();
        result.map_err(Into::into)
    }

    fn bar(&self, what: &str) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

struct Steps(ProgressBar);

impl Progress for Steps {
    fn step(&self, done: usize, total: usize, measure: f64) {
        if self.0.is_hidden() {
            return;
        }
        if total > 0 && self.0.length() != Some(total as u64) {
            self.0.set_length(total as u64);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_bar} {pos}/{len} {elapsed} {msg}")
            {
                self.0.set_style(style);
            }
        }
        self.0.set_position(done as u64);
        if measure.is_finite() {
            self.0.set_message(format!("{measure:.6e}"));
        }
    }
}
