//! The only place where work leaves the GIL.
//!
//! The work runs on a thread of its own (which in turn uses the pool), while the calling thread looks for signals
//! every few milliseconds: Ctrl-C sets the run's flag, the work sees it at its next tile and ends, and the signal's
//! own exception (`KeyboardInterrupt`, usually) is raised.

use crate::error::exception;
use ironlearn::linalg::{Progress, threads};
use ironlearn::{Control, Error, Result};
use ironlearn_dispatch::Device;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const SIGNAL_INTERVAL: Duration = Duration::from_millis(20);

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

/// Runs `work` without the GIL and with Ctrl-C; the control is given back for its trace.
pub fn run<R: Send>(
    py: Python<'_>,
    options: Options,
    work: impl FnOnce(&Control) -> Result<R> + Send,
) -> PyResult<(R, Control)> {
    let (ctl, raised) = options.control();
    let outcome = py.detach(|| {
        std::thread::scope(|scope| {
            let (done, finished) = channel();
            let ctl = &ctl;
            let worker = scope.spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| work(ctl)));
                // The receiver lives until this thread is joined.
                let _ = done.send(());
                result
            });
            let mut signal = None;
            while finished.recv_timeout(SIGNAL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if signal.is_none()
                    && let Err(error) = Python::attach(|py| py.check_signals())
                {
                    signal = Some(error);
                    ctl.cancel().store(true, Ordering::Relaxed);
                }
            }
            (worker.join(), signal)
        })
    });
    let (result, signal) = outcome;
    if let Some(error) = signal {
        return Err(error);
    }
    if let Some(error) = raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    match result {
        Ok(Ok(result)) => result.map(|r| (r, ctl)).map_err(|error| exception(py, &error)),
        _ => Err(internal()),
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
