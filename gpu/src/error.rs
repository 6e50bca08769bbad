//! Every failure below becomes an [`Error::Device`]: CUDA's error codes, and the panics of a missing library.

use ironlearn_linalg::{Error, Result};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An error of the device `name` while it did `what`.
pub fn device<'a>(name: &str, what: &'a str) -> impl Fn(&dyn Display) -> Error + use<'a> {
    let name = name.to_owned();
    move |error| Error::Device(format!("{name}: {what} failed: {error}"))
}

/// The one message for a device that was asked for and is not there.
pub fn no_device(why: &str) -> Error {
    Error::Device(format!("no CUDA device: {why}"))
}

/// Runs `work`; a panic (cudarc panics where a library lacks a function) becomes `no CUDA device: …`.
pub fn guarded<R>(work: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the driver's interface is broken");
        Err(no_device(text))
    })
}
