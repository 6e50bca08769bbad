//! Ctrl-C: a fit is told to stop and ends cleanly; what cannot be told, and a second Ctrl-C, ends the process.

use crate::Failure;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The flag that stops what is running.
static RUNNING: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

/// Starts to listen for Ctrl-C (and for being asked to end by another signal).
pub fn listen() -> Result<(), Failure> {
    let heard = || {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        match &*running {
            Some(flag) if !flag.swap(true, Ordering::Relaxed) => {}
            _ => {
                crate::output::remove_unfinished();
                crate::session::tell("error: interrupted");
                std::process::exit(i32::from(Failure::Interrupted.exit_code()))
            }
        }
    };
    ctrlc::set_handler(heard).map_err(|error| Failure::Failed(format!("cannot listen for Ctrl-C: {error}")))
}

/// Until the result is dropped, Ctrl-C sets `flag`.
pub fn running(flag: Arc<AtomicBool>) -> Running {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(flag);
    Running
}

/// Something is running that can be told to stop.
pub struct Running;

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
