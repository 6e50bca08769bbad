//! What surrounds one run: how many threads it may use, how to stop it, whom it tells, and what ran where.

use crate::{Error, Result, threads};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// Someone who wants to know how far a run is. Called from the thread that runs the algorithm, once per iteration.
pub trait Progress: Send + Sync {
    /// `done` of at most `total` steps (0: not known) are finished; `measure` is the objective or what stands for it.
    fn step(&self, done: usize, total: usize, measure: f64);
}

/// Someone whom the thread that called has to look after while a run is under way, such as an interpreter that wants to
/// hear of Ctrl-C. Called on that thread alone, every few milliseconds.
pub trait Attend: Send + Sync {
    /// Whether the run has to stop.
    fn stop(&self) -> bool;
}

/// Who is attended to, on which thread, and when that was last done.
struct Attended {
    who: Arc<dyn Attend>,
    thread: ThreadId,
    start: Instant,
    last: AtomicU64,
}

/// How often the calling thread looks up from its work.
pub(crate) const ATTEND_EVERY: Duration = Duration::from_millis(20);

/// How often one primitive ran in one place, and how long that took in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The primitive's name, such as `gram`.
    pub op: &'static str,
    /// The place, such as `cpu`.
    pub place: String,
    /// The number of calls.
    pub calls: usize,
    /// Seconds, over all calls.
    pub seconds: f64,
}

/// The surroundings of one fit or predict.
#[derive(Default)]
pub struct Control {
    n_threads: Option<usize>,
    stop: Arc<AtomicBool>,
    progress: Option<Arc<dyn Progress>>,
    attended: Option<Arc<Attended>>,
    trace: Mutex<Vec<Trace>>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("n_threads", &self.threads()).finish_non_exhaustive()
    }
}

impl Control {
    /// Runs on all allowed threads, without progress.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of threads; `None` means all that [`threads::allowed`] counts.
    pub fn with_threads(mut self, n: Option<usize>) -> Self {
        self.n_threads = n;
        self
    }

    /// Reports each step to `progress`.
    pub fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Attends to `who` on the calling thread: whenever it asks [`Control::check`], and while it waits for the pool.
    pub fn with_attention(mut self, who: Arc<dyn Attend>) -> Self {
        let thread = std::thread::current().id();
        self.attended = Some(Arc::new(Attended { who, thread, start: Instant::now(), last: AtomicU64::new(0) }));
        self
    }

    /// Whether this thread is the one that attends to someone.
    pub(crate) fn attends_here(&self) -> bool {
        self.attended.as_ref().is_some_and(|a| a.thread == std::thread::current().id())
    }

    /// Attends to whoever is to be, if this is the thread and it is time.
    pub(crate) fn attend(&self) {
        let Some(attended) = &self.attended else { return };
        if attended.thread != std::thread::current().id() {
            return;
        }
        let now = attended.start.elapsed().as_millis() as u64;
        if now.saturating_sub(attended.last.load(Ordering::Relaxed)) < ATTEND_EVERY.as_millis() as u64 {
            return;
        }
        attended.last.store(now, Ordering::Relaxed);
        if attended.who.stop() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// The surroundings of a part of this run on one thread, which stops with it and tells nobody; give it back to
    /// [`Control::absorb`].
    pub fn part(&self) -> Control {
        let attended = self.attended.clone();
        Control { n_threads: Some(1), stop: Arc::clone(&self.stop), attended, ..Control::default() }
    }

    /// The surroundings of a part of this run on the same threads, which stops with it and tells nobody; give it back to
    /// [`Control::absorb`].
    pub fn quiet(&self) -> Control {
        Control { n_threads: self.n_threads, ..self.part() }
    }

    /// Takes over what ran where in a part.
    pub fn absorb(&self, part: &Control) {
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        for new in part.trace() {
            match trace.iter_mut().find(|t| t.op == new.op && t.place == new.place) {
                Some(entry) => {
                    entry.calls += new.calls;
                    entry.seconds += new.seconds;
                }
                None => trace.push(new),
            }
        }
    }

    /// The flag that stops this run when it is set, from any thread.
    pub fn cancel(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// The number of threads that this run may use, at least 1.
    pub fn threads(&self) -> usize {
        self.n_threads.unwrap_or_else(threads::allowed).max(1)
    }

    /// Whether the run has to stop.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the flag of [`Control::cancel`] is set. Ask at least every few milliseconds.
    pub fn check(&self) -> Result<()> {
        self.attend();
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Tells the progress listener, if there is one, and checks for cancellation.
    ///
    /// # Errors
    /// [`Error::Interrupted`], as [`Control::check`].
    pub fn step(&self, done: usize, total: usize, measure: f64) -> Result<()> {
        if let Some(progress) = &self.progress {
            progress.step(done, total, measure);
        }
        self.check()
    }

    /// Runs `work` and notes that `op` ran at `place`.
    pub fn timed<R>(&self, op: &'static str, place: &str, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        match trace.iter_mut().find(|t| t.op == op && t.place == place) {
            Some(entry) => {
                entry.calls += 1;
                entry.seconds += seconds;
            }
            None => trace.push(Trace { op, place: place.to_owned(), calls: 1, seconds }),
        }
        result
    }

    /// What ran where so far, in the order of the first calls.
    pub fn trace(&self) -> Vec<Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
