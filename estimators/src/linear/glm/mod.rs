//! Linear models of a smooth loss: any [`Rows`], L2 penalties by preconditioned L-BFGS, L1 penalties by Newton steps
//! over working sets.

pub mod by_rows;
pub mod lbfgs;
pub mod objective;
pub mod precondition;
pub mod prox_newton;
pub mod rows;

use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::{Layout, Real};
use lbfgs::{Found, Stop};
use ndarray::{Array1, Array2};
use objective::{Curved, Objective, Penalty, Units};
use rows::Rows;

/// Above this many numbers in X a part of the rows is fitted first.
const LARGE: usize = 2_000_000;

/// A model to fit.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a, R> {
    /// Losses, targets and weights.
    pub rows: &'a R,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// When to stop.
    pub stop: Stop,
    /// Whether `stop.total` is a share of what the subgradient is where all coefficients are 0, as in liblinear.
    pub share_of_zero: bool,
}

/// Coefficients (classes × p) and intercepts.
pub type Coefficients = (Array2<f64>, Array1<f64>);

/// What one fit found, in the caller's units.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Classes × p.
    pub coef: Array2<f64>,
    /// One a class.
    pub intercept: Array1<f64>,
    /// Steps done.
    pub iterations: usize,
    /// Whether the stopping rule was met.
    pub converged: bool,
    /// The objective.
    pub value: f64,
    /// The largest entry of its smallest subgradient.
    pub violation: f64,
}

impl<R: Rows> Task<'_, R> {
    /// Fits for each of `penalties` in their order, each from the one before; the first from `start`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity in X, [`crate::Error::Linalg`].
    pub fn path<B: Backend, F: Real>(
        &self,
        x: Matrix<'_, F>,
        penalties: &[Penalty],
        start: Coefficients,
        on: &B,
        ctl: &Control,
    ) -> Result<Vec<Fitted>> {
        if let Matrix::Sparse(sparse) = &x
            && sparse.layout() == Layout::Column
        {
            let by_row = sparse.by_row();
            return self.by_rows(Matrix::Sparse(by_row.view(sparse)), penalties, start, on, ctl);
        }
        self.by_rows(x, penalties, start, on, ctl)
    }

    fn by_rows<B: Backend, F: Real>(
        &self,
        x: Matrix<'_, F>,
        penalties: &[Penalty],
        start: Coefficients,
        on: &B,
        ctl: &Control,
    ) -> Result<Vec<Fitted>> {
        let (n, p) = x.shape();
        let free = penalties.iter().all(|l| l.l2[p] == 0.0 && l.l1[p] == 0.0);
        let units = Units::of(&x, self.fit_intercept && free, ctl)?;
        let picked = self.sketched(n, p).map(|step| (0..n / step).map(|i| i * step + i % step).collect::<Vec<_>>());
        let part = picked.as_ref().and_then(|picked| Some((picked, self.rows.pick(picked)?)));
        let packed = part.as_ref().map(|(picked, _)| x.select(picked));
        let x = on.place(x, ctl)?;
        let (mut found, mut from) = (Vec::with_capacity(penalties.len()), start);
        for penalty in penalties {
            let shared = (&units, penalty);
            let mut stop = self.stop;
            if self.share_of_zero {
                let nowhere = Array2::zeros((self.rows.outputs(), p + 1));
                stop.total *= self.objective(on, &x, self.rows, shared, None, ctl).at(nowhere)?.total;
            }
            let fitted = match (&part, &packed) {
                (Some((_, rows)), Some(packed)) if penalty.is_smooth() => {
                    let x_part = on.place(Matrix::Dense(packed.view()), ctl)?;
                    let sketch = self.objective(on, &x_part, rows, shared, None, ctl);
                    let objective = self.objective(on, &x, self.rows, shared, Some(&sketch), ctl);
                    let start = objective.theta(from.0.view(), &from.1);
                    let first = lbfgs::minimise(&sketch, start.clone(), Stop { max_iter: 12, ..stop }, true)?;
                    // A part of the rows may be separable where all are not: then it is no start, and says little of
                    // how all of them curve.
                    let found = if first.converged && first.left < 0.2 {
                        lbfgs::minimise(&objective, first.place.theta, stop, false)?
                    } else {
                        let objective = self.objective(on, &x, self.rows, shared, None, ctl);
                        lbfgs::minimise(&objective, start, stop, false)?
                    };
                    Self::in_units(&objective, found)
                }
                _ => {
                    let objective = self.objective(on, &x, self.rows, shared, None, ctl);
                    let start = objective.theta(from.0.view(), &from.1);
                    let found = if penalty.is_smooth() {
                        lbfgs::minimise(&objective, start, stop, self.cheap(n, p))?
                    } else {
                        prox_newton::minimise(&objective, start, stop)?
                    };
                    Self::in_units(&objective, found)
                }
            };
            from = (fitted.coef.clone(), fitted.intercept.clone());
            found.push(fitted);
        }
        Ok(found)
    }

    /// The distance between the rows of the part that is fitted first, where there is to be one.
    fn sketched(&self, n: usize, p: usize) -> Option<usize> {
        let part = (n / 16).max(64 * (p + 1)).min((1 << 20) / p.max(1));
        let worth = n.saturating_mul(p) >= LARGE && p < 600 && part >= 16 * (p + 1) && n >= 4 * part;
        (worth && self.rows.outputs() == 1).then(|| n / part)
    }

    /// Whether the Hessian costs so little that each step may have its own.
    fn cheap(&self, n: usize, p: usize) -> bool {
        let order = self.rows.outputs() * (p + 1);
        order <= 100 && n <= 20_000 || order <= 300 && n <= 2_000
    }

    fn objective<'a, 'x, B: Backend, F: Real, Q: Rows>(
        &self,
        on: &'a B,
        x: &'a B::Placed<'x, F>,
        rows: &'a Q,
        (units, penalty): (&'a Units, &'a Penalty),
        sketch: Option<&'a dyn Curved>,
        ctl: &'a Control,
    ) -> Objective<'a, 'x, B, F, Q> {
        Objective { on, x, rows, units, penalty, fit_intercept: self.fit_intercept, sketch, ctl }
    }

    fn in_units<B: Backend, F: Real>(objective: &Objective<'_, '_, B, F, R>, found: Found) -> Fitted {
        let (coef, intercept) = objective.coefficients(&found.place.theta);
        let Found { place, iterations, converged, .. } = found;
        Fitted { coef, intercept, iterations, converged, value: place.value, violation: place.violation }
    }
}
