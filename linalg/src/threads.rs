//! The one thread policy.
//!
//! Work is cut into tiles whose size never depends on the number of threads, each tile's result is kept in the place
//! of its index, and whoever combines them does so in that order: the same bits for any number of threads. The pool
//! is our own and is rebuilt in a forked child, because the global pool of rayon would hang there. BLAS runs on one
//! thread, inside the tiles ([`crate::lapack::pin_blas`]).

use crate::{Control, Result};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;
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
        Some(pool) => pool.install(work),
        None => work(),
    }
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
