//! Many estimators of one kind: how a fit goes on with those that there are, and fits more of them side by side.

use crate::{Control, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::threads;
use std::sync::{Mutex, PoisonError};

/// Checks that a fit may go on from `first` estimators to `total`; the report says where there is nothing to do.
///
/// # Errors
/// [`crate::Error::Input`] where there are more already.
pub(crate) fn check_more(first: usize, total: usize, report: &mut Report) -> Result<()> {
    if total < first {
        bad_input!("n_estimators={total} must be larger or equal to len(estimators_)={first} when warm_start==True");
    }
    if total == first {
        let message = "Warm-start fitting without increasing n_estimators does not fit new trees.".to_owned();
        report.warnings.push(Warning { kind: WarningKind::User, message });
    }
    Ok(())
}

/// `fit(k, surroundings)` for each of `0..n`, in that order; progress counts those that are done. The only one has all
/// threads, of several each has one.
///
/// # Errors
/// Those of the fits; [`crate::Error::Linalg`] where the run was interrupted.
pub(crate) fn side_by_side<T: Send>(
    ctl: &Control,
    n: usize,
    fit: impl Fn(usize, &Control) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    let done = Mutex::new(0);
    let counted = |k: usize| -> Result<T> {
        let part = (n > 1).then(|| ctl.part());
        let fitted = fit(k, part.as_ref().unwrap_or(ctl))?;
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += 1;
        ctl.step(*done, n, f64::NAN)?;
        Ok(fitted)
    };
    if n == 1 {
        return Ok(vec![counted(0)?]);
    }
    threads::map(ctl, n, counted)?.into_iter().collect()
}
