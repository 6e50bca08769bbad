//! The only place where work leaves the GIL.
//!
//! The work runs on the calling thread, which in turn uses the pool, and looks for signals every few milliseconds,
//! where it asks whether to stop and while it waits for the pool: Ctrl-C sets the run's flag, the work sees it at its
//! next tile and ends, and the signal's own exception (`KeyboardInterrupt`, usually) is raised.

use crate::error::exception;
use ironlearn::linalg::{Attend, Progress, threads};
use ironlearn::{Control, Error, Result};
use ironlearn_dispatch::Device;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// What surrounds one call from Python: the tuple (device, n_threads, progress).
#[derive(Default)]
pub struct Options {
    /// The device's name; empty: the CPU.
    device: String,
    /// The number of threads; `None`: all allowed.
    n_threads: Option<usize>,
    /// Called with (done, total, measure) after each step.
    progress: Option<Py<PyAny>>,
}

impl<'py> FromPyObject<'_, 'py> for Options {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (device, n_threads, progress) = object.extract()?;
        Ok(Options { device, n_threads, progress })
    }
}

impl Options {
    /// The device, opened.
    ///
    /// # Errors
    /// `RuntimeError` where it is not there: "no CUDA device: …".
    pub fn device(&self, py: Python<'_>) -> PyResult<Device> {
        let name = if self.device.is_empty() { "cpu" } else { &self.device };
        name.parse().map_err(|error| exception(py, &Error::Linalg(error)))
    }

    /// The control of a run, and where a progress callback's exception is kept.
    fn control(self) -> (Control, Arc<Mutex<Option<PyErr>>>) {
        let raised = Arc::new(Mutex::new(None));
        let mut ctl = Control::new().with_threads(self.n_threads);
        if let Some(callback) = self.progress {
            let stop = ctl.cancel();
            let told = Listener { callback, stop, raised: Arc::clone(&raised) };
            ctl = ctl.with_progress(Arc::new(told));
        }
        (ctl, raised)
    }
}

struct Listener {
    callback: Py<PyAny>,
    stop: Arc<std::sync::atomic::AtomicBool>,
    raised: Arc<Mutex<Option<PyErr>>>,
}

impl Progress for Listener {
    fn step(&self, done: usize, total: usize, measure: f64) {
        Python::attach(|py| {
            if let Err(error) = self.callback.call1(py, (done, total, measure)) {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                self.stop.store(true, Ordering::Relaxed);
            }
        });
    }
}

/// Looks for signals, of which only the main thread of Python hears.
#[derive(Default)]
struct Signals {
    raised: Mutex<Option<PyErr>>,
}

impl Attend for Signals {
    fn stop(&self) -> bool {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.is_none() {
            *raised = Python::attach(|py| py.check_signals()).err();
        }
        raised.is_some()
    }
}

/// Runs `work` without the GIL and with Ctrl-C; the control is given back for its trace.
pub fn run<R: Send>(
    py: Python<'_>,
    options: Options,
    work: impl FnOnce(&Control) -> Result<R> + Send,
) -> PyResult<(R, Control)> {
    let (ctl, raised) = options.control();
    let signals = Arc::new(Signals::default());
    let ctl = ctl.with_attention(signals.clone());
    let result = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&ctl))));
    if let Some(error) = signals.raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    if let Some(error) = raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    match result {
        Ok(result) => result.map(|r| (r, ctl)).map_err(|error| exception(py, &error)),
        Err(_) => Err(internal()),
    }
}

/// Runs `work` in place: for calls that take microseconds, where a thread would cost more than the work.
pub fn run_here<R: Send>(py: Python<'_>, work: impl FnOnce(&Control) -> Result<R>) -> PyResult<R> {
    let ctl = Control::new().with_threads(Some(1));
    match catch_unwind(AssertUnwindSafe(|| work(&ctl))) {
        Ok(result) => result.map_err(|error: Error| exception(py, &error)),
        Err(_) => Err(internal()),
    }
}

fn internal() -> PyErr {
    PyRuntimeError::new_err("internal error in ironlearn: please report it with the message printed above")
}

/// The number of threads that a call uses when nothing limits it.
#[pyfunction]
pub fn allowed_threads() -> usize {
    threads::allowed()
}
