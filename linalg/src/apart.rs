//! Work that cannot be stopped inside, such as one call of LAPACK, for runs that can: it has a thread of its own, and an
//! interrupted run leaves it behind.
//!
//! What it works on belongs to it and is freed when it ends. A process that exits meanwhile waits for it, since BLAS gives
//! back its memory then; a forked child, in which the thread does not exist, does not.

use crate::control::ATTEND_EVERY;
use crate::lapack::{at_exit, pin_blas};
use crate::{Control, Result};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

/// Operations from which work has a thread of its own: some 10 ms.
const LONG: f64 = 5e8;

/// The process in the upper half, and how much work it has under way in the lower one.
static UNDER_WAY: AtomicU64 = AtomicU64::new(0);

/// `work`, which takes about so many operations; an interrupted run does not wait for its end.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn apart<T: Send + 'static>(
    ctl: &Control,
    operations: f64,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    ctl.check()?;
    if operations < LONG {
        pin_blas();
        return Ok(work());
    }
    let (send, receive) = channel();
    let waiting = Arc::new(Mutex::new(Some(work)));
    let taken = Arc::clone(&waiting);
    let take = move |from: &Mutex<Option<_>>| from.lock().unwrap_or_else(PoisonError::into_inner).take();
    let under_way = UnderWay::new();
    let run = move || {
        let _under_way = under_way;
        pin_blas();
        if let Some(work) = take(&taken) {
            // Where nobody waits any more, the result is dropped here.
            let _ = send.send(work());
        }
    };
    let Ok(thread) = std::thread::Builder::new().name("ironlearn-apart".to_owned()).spawn(run) else {
        // Threads cannot be started: then it is done here.
        return match take(&waiting) {
            Some(work) => Ok(work()),
            None => unreachable!("work that a thread took which was not started"),
        };
    };
    loop {
        match receive.recv_timeout(ATTEND_EVERY) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => ctl.check()?,
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => unreachable!("a thread that ended without its work"),
            },
        }
    }
}

/// Counts as work under way until it is dropped.
struct UnderWay;

impl UnderWay {
    fn new() -> Self {
        static WAITS: Once = Once::new();
        WAITS.call_once(|| at_exit(wait));
        change(|count| count + 1);
        UnderWay
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        change(|count| count.saturating_sub(1));
    }
}

/// Changes this process's count; a forked child starts at 0.
fn change(count: impl Fn(u64) -> u64) {
    let own = u64::from(std::process::id()) << 32;
    let next = |v: u64| own | count(if v & !0xffff_ffff == own { v & 0xffff_ffff } else { 0 });
    // It always has a next value.
    let _ = UNDER_WAY.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |v| Some(next(v)));
}

extern "C" fn wait() {
    let own = u64::from(std::process::id()) << 32;
    loop {
        let v = UNDER_WAY.load(Ordering::SeqCst);
        if v & !0xffff_ffff != own || v == own {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use std::sync::atomic::AtomicBool;

    /// An interrupted run comes back at once; the work goes on to its end and gives back what it holds.
    #[test]
    fn an_interrupted_run_leaves_the_work_behind() {
        let ctl = Control::new();
        let (go, held) = (Arc::new(AtomicBool::new(false)), Arc::new(()));
        let (flag, cancel, inside) = (Arc::clone(&go), ctl.cancel(), Arc::clone(&held));
        let outcome = apart(&ctl, 1e12, move || {
            cancel.store(true, Ordering::Relaxed);
            while !flag.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            Arc::strong_count(&inside)
        });
        assert!(matches!(outcome, Err(Error::Interrupted)));
        assert_eq!(Arc::strong_count(&held), 2);
        go.store(true, Ordering::Relaxed);
        while Arc::strong_count(&held) > 1 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn results_and_panics_come_back() {
        for operations in [1.0, 1e12] {
            assert_eq!(apart(&Control::new(), operations, || 3).unwrap(), 3);
            let work = || apart(&Control::new(), operations, move || assert!(operations < 0.0, "as wanted"));
            assert!(std::panic::catch_unwind(work).is_err());
        }
    }
}
