//! Orthogonal matching pursuit: the column that has most to do with what is left of y joins, then all are fitted anew.
//!
//! Pati, Rezaiifar and Krishnaprasad (1993); with a Cholesky factor that grows, Rubinstein, Zibulevsky and Elad,
//! "Efficient implementation of the K-SVD algorithm using batch orthogonal matching pursuit" (2008).

use super::active_set::ActiveSet;
use super::columns::Columns;
use crate::{Control, Result, Warning, WarningKind};

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Until {
    /// So many columns have joined.
    Columns(usize),
    /// `‖y − X·coef‖²` is no more than this.
    SquaredResidual(f64),
}

/// What a pursuit found.
#[derive(Debug, Clone, Default)]
pub struct Pursued {
    /// The columns, in the order in which they joined.
    pub active: Vec<usize>,
    /// The coefficients after each step, in the order of `active`.
    pub steps: Vec<Vec<f64>>,
    /// That it ended before its time.
    pub warning: Option<Warning>,
}

impl Pursued {
    /// The coefficients after step `k`, by column.
    pub fn step(&self, k: usize) -> Vec<(usize, f64)> {
        self.active.iter().copied().zip(self.steps[k].iter().copied()).collect()
    }

    /// The coefficients at the end.
    pub fn last(&self) -> Vec<(usize, f64)> {
        self.steps.len().checked_sub(1).map_or(Vec::new(), |k| self.step(k))
    }
}

/// Pursues y.
///
/// # Errors
/// [`crate::Error::Linalg`] for an interrupted run or a failed device.
pub fn pursue(columns: &mut dyn Columns, until: Until, ctl: &Control) -> Result<Pursued> {
    let p = columns.count();
    let most = match until {
        Until::Columns(k) => k.min(p),
        Until::SquaredResidual(_) => p,
    };
    let mut found = Pursued::default();
    let mut set = ActiveSet::default();
    let mut order: Vec<usize> = (0..p).collect();
    let start = columns.correlations(&[], &[])?;
    let size = columns.squared_residual(&[], &[])?;
    let mut correlations = start.clone();
    loop {
        let m = set.len();
        let mut at = 0;
        for k in 1..p {
            if correlations[order[k]].abs() > correlations[order[at]].abs() {
                at = k;
            }
        }
        let j = order[at];
        ctl.step(m, most, correlations[j].abs())?;
        let norm = columns.squared_norm(j)?;
        // The square of a correlation that is rounding; small numbers have small ones.
        let nothing = f64::EPSILON * (norm * size).min(1.0);
        let ended = at < m || correlations[j] * correlations[j] <= nothing || {
            let products = columns.products(j, &order[..m])?;
            let (row, left) = set.row_of(products, norm);
            let dependent = left <= 4.0 * f64::EPSILON * norm;
            if !dependent {
                set.join(row, left.sqrt());
            }
            dependent
        };
        if ended {
            let message = "Orthogonal matching pursuit ended prematurely due to linear dependence in the dictionary. \
                           The requested precision might not have been met.";
            found.warning = Some(Warning { kind: WarningKind::Runtime, message: message.into() });
            break;
        }
        order.swap(m, at);
        let active = &order[..=m];
        let targets: Vec<f64> = active.iter().map(|&a| start[a]).collect();
        let coef = set.solve(&targets);
        let done = match until {
            Until::Columns(k) => m + 1 >= k.min(p),
            Until::SquaredResidual(tol) => columns.squared_residual(active, &coef)?.abs() <= tol || m + 1 == p,
        };
        if !done {
            correlations = columns.correlations(active, &coef)?;
        }
        found.steps.push(coef);
        if done {
            break;
        }
    }
    found.active = order[..set.len()].to_vec();
    Ok(found)
}
