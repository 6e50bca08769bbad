//! A model file is untrusted input: whatever 100,000 kinds of damage do to a file of each kind, reading it gives a
//! model that answers, or an error; no panic, no hang, and no more memory than its length justifies.

use ironlearn::{Control, Error, Saved};
use ironlearn_tests::models::{Rows, Sample, samples};
use ironlearn_tests::mutate::{self, Random};
use ndarray::Array2;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const MUTATIONS: u64 = 100_000;
const HEADER: usize = 16;

thread_local! {
    /// Bytes that this thread holds, and the most that it held.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

/// The system's allocator, counting.
struct Counting;

fn count(bytes: isize) {
    // Not there while a thread ends.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: everything is left to the system's allocator; the count is a thread's own and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and returns the most memory that it held beyond what was there.
fn memory<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = HELD.with(|held| {
        held.set((held.get().0, held.get().0));
        held.get().0
    });
    let result = work();
    (result, (HELD.with(Cell::get).1 - before) as usize)
}

/// The checksum of the body, put where the file has it.
fn seal(file: &mut [u8]) {
    let sum = crc32fast::hash(&file[HEADER..]);
    file[12..HEADER].copy_from_slice(&sum.to_le_bytes());
}

/// Mutation `seed` of a file; one in sixteen keeps the old checksum, one in sixteen damages the header.
fn mutation(file: &[u8], parsed: &rmpv::Value, other: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let mut mutated = file.to_vec();
    match random.below(16) {
        0 => {
            mutate::bytes(&mut mutated, other, &mut random);
            return mutated;
        }
        1 => {
            let at = random.below(HEADER);
            mutated[at] ^= 1 << random.below(8);
            return mutated;
        }
        2..9 => {
            let mut body = mutated.split_off(HEADER);
            mutate::bytes(&mut body, &other[HEADER..], &mut random);
            mutated.extend_from_slice(&body);
        }
        _ => {
            let mut root = parsed.clone();
            mutate::structure(&mut root, &mut random);
            mutated.truncate(HEADER);
            rmpv::encode::write_value(&mut mutated, &root).expect("memory can be written");
        }
    }
    seal(&mut mutated);
    mutated
}

/// Asks a model that was read everything that a user can.
fn ask(saved: &Saved, rows: &Rows, ctl: &Control) {
    let _ = saved.predict(rows.block(), ctl);
    let _ = saved.predict_proba(rows.block(), ctl);
    if let Rows::Table(table) = rows {
        let _ = saved.predict_table(table, ctl);
    }
    let _ = saved.transform(rows.block(), ctl, &mut Vec::new());
    let _ = saved.feature_names_out();
    if let Some(model) = &saved.model {
        let width = model.n_features_in();
        let _ = (model.attributes(), model.report(), model.task(), model.name());
        if width <= 64 {
            // The model's own width, whatever the steps make.
            let x = Array2::from_shape_fn((3, width), |(i, j)| (i * 3 + j) as f64 - 2.5);
            let _ = model.predict(&x.view().into(), ctl);
            let _ = model.predict_proba(&x.view().into(), ctl);
            let _ = model.predict_deviation(&x.view().into(), ctl);
            let _ = model.decision_function(&x.view().into(), ctl);
            let _ = model.transform(&x.view().into(), ctl);
            let _ = model.apply(&x.view().into(), ctl);
            let _ = model.decision_path(&x.view().into(), ctl);
            let narrow = x.mapv(|v| v as f32);
            let _ = model.predict(&narrow.view().into(), ctl);
        }
    }
    let _ = saved.to_bytes();
}

/// What one kind of file went through.
struct Outcome {
    kind: String,
    read: u64,
    most_to_read: usize,
    most_to_answer: usize,
    slowest: Duration,
    failures: Vec<String>,
}

fn torture(sample: &Sample, others: &[Vec<u8>]) -> Outcome {
    let file = sample.saved.to_bytes().expect("a model can be written");
    let parsed = rmpv::decode::read_value(&mut &file[HEADER..]).expect("a model file is MessagePack");
    let ctl = Control::new().with_threads(Some(1));
    let mut outcome = Outcome {
        kind: sample.kind.clone(),
        read: 0,
        most_to_read: 0,
        most_to_answer: 0,
        slowest: Duration::ZERO,
        failures: Vec::new(),
    };
    for seed in 0..MUTATIONS {
        let mutated = mutation(&file, &parsed, &others[seed as usize % others.len()], seed);
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let (read, to_read) = memory(|| Saved::from_bytes(&mutated));
            let (answered, to_answer) = memory(|| match &read {
                Ok(saved) => {
                    ask(saved, &sample.rows, &ctl);
                    Ok(true)
                }
                Err(Error::File(message)) if !message.is_empty() => Ok(false),
                Err(other) => Err(format!("not a file's error: {other:?}")),
            });
            (answered, to_read, to_answer)
        }));
        outcome.slowest = outcome.slowest.max(start.elapsed());
        // serde reserves at most 1 MiB for a list whose length it was only told, a few deep.
        let allowed = (8 << 20) + 64 * mutated.len();
        let failure = match result {
            Err(_) => Some("a panic".to_owned()),
            Ok((Err(message), ..)) => Some(message),
            Ok((_, to_read, to_answer)) if to_read > allowed || to_answer > 2 * allowed => {
                Some(format!("{to_read} bytes to read, {to_answer} to answer, for a file of {}", mutated.len()))
            }
            Ok((Ok(read), to_read, to_answer)) => {
                outcome.read += u64::from(read);
                outcome.most_to_read = outcome.most_to_read.max(to_read);
                outcome.most_to_answer = outcome.most_to_answer.max(to_answer);
                None
            }
        };
        if let Some(what) = failure {
            outcome.failures.push(format!("{}, mutation {seed}: {what}", sample.kind));
            if outcome.failures.len() >= 5 {
                break;
            }
        }
    }
    outcome
}

#[test]
fn damaged_files_are_errors_or_models() {
    let samples = samples();
    let files: Vec<Vec<u8>> = samples.iter().map(|s| s.saved.to_bytes().expect("a model can be written")).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut outcomes = Vec::new();
        while let Some(sample) = samples.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            outcomes.push(torture(sample, &files));
        }
        outcomes
    };
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..std::thread::available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().expect("the thread catches panics")).collect()
    });
    assert_eq!(outcomes.len(), samples.len());
    for o in &outcomes {
        eprintln!(
            "{:<24} {MUTATIONS} mutations: {} still models; at most {} KiB to read, {} KiB to answer, {:?}",
            o.kind,
            o.read,
            o.most_to_read >> 10,
            o.most_to_answer >> 10,
            o.slowest
        );
    }
    let failures: Vec<&String> = outcomes.iter().flat_map(|o| &o.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let slow: Vec<&str> =
        outcomes.iter().filter(|o| o.slowest > Duration::from_secs(5)).map(|o| o.kind.as_str()).collect();
    assert!(slow.is_empty(), "more than five seconds for one small file: {slow:?}");
}

/// Every truncation is an error, with and without a repaired checksum.
#[test]
fn a_file_that_was_cut_short_is_an_error() {
    for sample in samples() {
        let file = sample.saved.to_bytes().unwrap();
        for end in 0..file.len() {
            let mut cut = file[..end].to_vec();
            assert!(matches!(Saved::from_bytes(&cut), Err(Error::File(_))), "{} cut at {end}", sample.kind);
            if end >= HEADER {
                seal(&mut cut);
                assert!(matches!(Saved::from_bytes(&cut), Err(Error::File(_))), "{} cut at {end}, sealed", sample.kind);
            }
        }
    }
}

/// A file that nests its parts without end is refused before the stack is full.
#[test]
fn deep_nesting_is_an_error() {
    let sample = samples().into_iter().find(|s| s.kind == "Pipeline").unwrap();
    let file = sample.saved.to_bytes().unwrap();
    for depth in [10, 100, 300, 2000] {
        let shallow = file.clone();
        // Values that deep need a stack of their own to be written; they are read on this thread's.
        let writer = std::thread::Builder::new().stack_size(64 << 20).spawn(move || nested(&shallow, depth)).unwrap();
        match Saved::from_bytes(&writer.join().unwrap()) {
            Ok(saved) => ask(&saved, &sample.rows, &Control::new().with_threads(Some(1))),
            Err(error) => assert!(matches!(error, Error::File(_)), "{error}"),
        }
    }
}

/// The file of a pipeline, with its first step `depth` pipelines deep.
fn nested(file: &[u8], depth: usize) -> Vec<u8> {
    let mut root = rmpv::decode::read_value(&mut &file[HEADER..]).unwrap();
    // steps[0].model.Pipeline.steps[0][1] is again a transformer's model.
    let step = root["steps"][0]["model"].clone();
    let mut model = step["Pipeline"]["steps"][0][1].clone();
    for _ in 0..depth {
        let steps = rmpv::Value::Array(vec![rmpv::Value::Array(vec!["a".into(), model])]);
        let params = step["Pipeline"]["params"].clone();
        let pipeline = rmpv::Value::Map(vec![("params".into(), params), ("steps".into(), steps)]);
        model = rmpv::Value::Map(vec![("Pipeline".into(), pipeline)]);
    }
    let step = rmpv::Value::Map(vec![("name".into(), "deep".into()), ("model".into(), model)]);
    let mut steps = Some(rmpv::Value::Array(vec![step]));
    if let rmpv::Value::Map(entries) = &mut root {
        for (key, value) in entries {
            if key.as_str() == Some("steps") {
                *value = steps.take().unwrap();
            }
        }
    }
    let mut deep = file[..HEADER].to_vec();
    rmpv::encode::write_value(&mut deep, &root).unwrap();
    seal(&mut deep);
    deep
}

/// Writing and reading changes nothing.
#[test]
fn a_file_is_read_as_it_was_written() {
    let ctl = Control::new();
    for Sample { kind, saved, rows } in samples() {
        let bytes = saved.to_bytes().unwrap();
        let again = Saved::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes().unwrap(), bytes, "{kind}");
        let (before, after) = (saved.predict(rows.block(), &ctl), again.predict(rows.block(), &ctl));
        assert_eq!(before.ok(), after.ok(), "{kind}");
    }
}
