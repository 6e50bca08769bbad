//! What coordinate descent asks of the data.

use crate::{Control, Result};
use ironlearn_linalg::host::steps::Steps;

/// Squares of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// `‖b − A·w‖²`.
    pub square: f64,
    /// `⟨b − A·w, b⟩`.
    pub by_target: f64,
}

/// The data of `½‖b − A·w‖²`: p features, t outputs, features first.
pub trait Source {
    /// p.
    fn cols(&self) -> usize;

    /// t.
    fn outputs(&self) -> usize;

    /// `Aᵀb`, p × t.
    fn xty(&self) -> &[f64];

    /// `‖aⱼ‖²`, p.
    fn squares(&self) -> &[f64];

    /// `‖b‖²`.
    fn yty(&self) -> f64;

    /// Whether a duality gap is a bound of distances: not where weights of either sign leave no A.
    fn screens(&self) -> bool {
        true
    }

    /// Writes `Aᵀ(b − A·w)` to `c`; `exact`: from the rows, where that is more precise.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run or a failed device; the same holds for the others.
    fn look(&mut self, w: &[f64], c: &mut [f64], exact: bool, ctl: &Control) -> Result<Fit>;

    /// Whether descent on `size` columns goes by their second moments ([`Source::gram`]), or by the columns themselves
    /// ([`Source::moves`]).
    fn has_gram(&self, size: usize) -> bool;

    /// The second moments of the columns in `set`, symmetric.
    ///
    /// # Errors
    /// See [`Source::look`].
    fn gram(&mut self, set: &[u32], ctl: &Control) -> Result<&[f64]>;

    /// The columns in `set`, for descent on them.
    ///
    /// # Errors
    /// See [`Source::look`].
    fn moves(&mut self, set: &[u32], ctl: &Control) -> Result<Box<dyn Moves + '_>>;
}

/// A sum u = Σ δᵢ·aᵢ of columns, t outputs, that grows; at first 0.
pub trait Moves {
    /// Writes `aᵢᵀu`.
    fn product(&self, i: usize, out: &mut [f64]);

    /// Adds `δ·aᵢ`.
    fn add(&mut self, i: usize, delta: &[f64]);
}

/// `c −= row·blockᵀ`: what coefficients of one feature take off the correlations, whose products `row` holds.
#[inline]
pub fn take_off(steps: Steps, row: &[f64], block: &[f64], c: &mut [f64]) {
    if let [w] = block {
        steps.add(-w, row, c);
        return;
    }
    for (c, g) in c.chunks_exact_mut(block.len()).zip(row) {
        c.iter_mut().zip(block).for_each(|(c, w)| *c -= g * w);
    }
}
