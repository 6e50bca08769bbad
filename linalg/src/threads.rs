//! The one thread policy.
//!
//! Work is cut into tiles whose size never depends on the number of threads, each tile's result is kept in the place
//! of its index, and whoever combines them does so in that order: the same bits for any number of threads. The pool
//! is our own and is rebuilt in a forked child, because the global pool of rayon would hang there. BLAS runs on one
//! thread, inside the tiles ([`crate::lapack::pin_blas`]).

use crate::control::ATTEND_EVERY;
use crate::{Control, Result};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The number of threads a run uses when it is not told: `IRONLEARN_NUM_THREADS`, else `OMP_NUM_THREADS`, else the
/// processors that this process may run on.
pub fn allowed() -> usize {
    static ALLOWED: OnceLock<usize> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let from = |name| std::env::var(name).ok()?.trim().parse::<usize>().ok().filter(|&n| n > 0);
        from("IRONLEARN_NUM_THREADS")
            .or_else(|| from("OMP_NUM_THREADS"))
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    })
}

struct Pools {
    process: u32,
    by_size: HashMap<usize, Arc<rayon::ThreadPool>>,
}

/// The pool of `n` threads of this process, or `None` where threads cannot be started (then one runs everything).
fn pool(n: usize) -> Option<Arc<rayon::ThreadPool>> {
    static POOLS: Mutex<Option<Pools>> = Mutex::new(None);
    let process = std::process::id();
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if pools.as_ref().is_none_or(|p| p.process != process) {
        // A forked child inherits pools whose threads do not exist there; dropping them would wait for those.
        std::mem::forget(pools.take());
        *pools = Some(Pools { process, by_size: HashMap::new() });
    }
    let by_size = &mut pools.as_mut()?.by_size;
    if let Some(pool) = by_size.get(&n) {
        return Some(Arc::clone(pool));
    }
    let built =
        rayon::ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("ironlearn-{i}")).build().ok()?;
    let built = Arc::new(built);
    by_size.insert(n, Arc::clone(&built));
    Some(built)
}

/// Runs `work` where rayon's parallel iterators and `join` use this run's threads. With one thread it runs in place,
/// and `work` must not call rayon: ask `ctl.threads()`.
pub fn install<R: Send>(ctl: &Control, work: impl FnOnce() -> R + Send) -> R {
    crate::lapack::pin_blas();
    match (ctl.threads() > 1).then(|| pool(ctl.threads())).flatten() {
        // From the thread that attends to someone: it waits for the pool and looks up now and then.
        Some(pool) if ctl.attends_here() => attending(&pool, ctl, work),
        Some(pool) => pool.install(work),
        None => work(),
    }
}

fn attending<R: Send>(pool: &rayon::ThreadPool, ctl: &Control, work: impl FnOnce() -> R + Send) -> R {
    let (send, receive) = channel();
    let result = pool.in_place_scope(|scope| {
        scope.spawn(move |_| {
            // The receiver lives until the scope ends.
            let _ = send.send(work());
        });
        loop {
            match receive.recv_timeout(ATTEND_EVERY) {
                Ok(result) => return Some(result),
                Err(RecvTimeoutError::Timeout) => ctl.attend(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    });
    // Without a result the work panicked, and the scope has passed that on.
    result.unwrap_or_else(|| unreachable!("a scope that ended without its work"))
}

/// Calls `f` with each tile of `tile` items (the last may be shorter) out of `0..n` and returns the results in order.
///
/// # Errors
/// [`crate::Error::Interrupted`] when the run was cancelled; the tiles that had not started are not run.
pub fn map_tiles<T: Send>(
    ctl: &Control,
    n: usize,
    tile: usize,
    f: impl Fn(Range<usize>) -> T + Sync + Send,
) -> Result<Vec<T>> {
    map(ctl, n.div_ceil(tile), |t| f(t * tile..n.min((t + 1) * tile)))
}

/// Calls `f` with each of `0..n` and returns the results in order.
///
/// # Errors
/// [`crate::Error::Interrupted`] when the run was cancelled.
pub fn map<T: Send>(ctl: &Control, n: usize, f: impl Fn(usize) -> T + Sync + Send) -> Result<Vec<T>> {
    let one = |i| ctl.check().map(|()| f(i));
    if n <= 1 || ctl.threads() == 1 {
        crate::lapack::pin_blas();
        return (0..n).map(one).collect();
    }
    install(ctl, || (0..n).into_par_iter().with_max_len(1).map(one).collect())
}

/// Calls `f(first row, block)` with each block of `rows` rows of the row-major `out`, whose rows are `width` long.
///
/// # Errors
/// [`crate::Error::Interrupted`] when the run was cancelled.
pub fn fill_rows<T: Send>(
    ctl: &Control,
    out: &mut [T],
    width: usize,
    rows: usize,
    f: impl Fn(usize, &mut [T]) + Sync + Send,
) -> Result<()> {
    let block = (rows * width).max(1);
    let one = |(i, out): (usize, &mut [T])| ctl.check().map(|()| f(i * rows, out));
    if out.len() <= block || ctl.threads() == 1 {
        crate::lapack::pin_blas();
        return out.chunks_mut(block).enumerate().try_for_each(one);
    }
    install(ctl, || out.par_chunks_mut(block).enumerate().try_for_each(one))
}

/// Calls `f(index, item)` with each item, at the same time where there are threads.
///
/// # Errors
/// [`crate::Error::Interrupted`] when the run was cancelled; the items that had not started are not touched.
pub fn each<T: Send>(ctl: &Control, items: &mut [T], f: impl Fn(usize, &mut T) + Sync + Send) -> Result<()> {
    let one = |(i, item): (usize, &mut T)| ctl.check().map(|()| f(i, item));
    if items.len() <= 1 || ctl.threads() == 1 {
        crate::lapack::pin_blas();
        return items.iter_mut().enumerate().try_for_each(one);
    }
    install(ctl, || items.par_iter_mut().enumerate().with_max_len(1).try_for_each(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attend, Error};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::{ThreadId, sleep};
    use std::time::Duration;

    /// Says stop at the third call, and refuses calls from other threads.
    struct Third(AtomicUsize, ThreadId);

    impl Attend for Third {
        fn stop(&self) -> bool {
            assert_eq!(self.1, std::thread::current().id());
            self.0.fetch_add(1, Ordering::Relaxed) >= 2
        }
    }

    /// The calling thread attends in its own loops and while it waits for the pool, and a panic there reaches it.
    #[test]
    fn the_calling_thread_attends_and_the_run_stops() {
        for threads in [1, 2] {
            let who = Arc::new(Third(AtomicUsize::new(0), std::thread::current().id()));
            let ctl = Control::new().with_threads(Some(threads)).with_attention(who.clone());
            let outcome = map(&ctl, 1000, |_| sleep(Duration::from_millis(5)));
            assert!(matches!(outcome, Err(Error::Interrupted)), "{threads} threads");
            assert!(who.0.load(Ordering::Relaxed) >= 3);
        }
        let who = Arc::new(Third(AtomicUsize::new(0), std::thread::current().id()));
        let ctl = Control::new().with_threads(Some(2)).with_attention(who);
        let work = || map(&ctl, 10, |i| assert!(i < 5, "as wanted"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
        assert_eq!(map(&Control::new(), 3, |i| i).unwrap(), [0, 1, 2]);
    }
}
