//! Coordinate descent for least squares with a penalty of [`Gauged`] kind: the lasso's family.
//!
//! In the coordinates of a [`Source`] (rows times √weight, columns centred) it minimises
//! `½‖b − A·w‖² + Σⱼ g(wⱼ)`, where the blocks wⱼ hold one coefficient an output. The pieces:
//!
//! - [`gap`]: the duality gap, the one certificate of all of them, with the dual points of scikit-learn 1.9;
//! - `outer`: working sets by distance to the dual constraints, and gap-safe screening (Massias, Gramfort and Salmon
//!   2018, arXiv 1802.07481);
//! - `inner`: descent on the working set's second moments with Anderson acceleration (Bertrand and Massias 2021,
//!   arXiv 2011.10065; skglm, arXiv 2204.07826), or on its columns where the set is large;
//! - sources: [`Moments`] (all second moments), [`Wide`] (dense X by columns on demand), [`SparseColumns`].

mod anderson;
mod gap;
mod inner;
mod moments;
mod outer;
mod source;
mod sparse_columns;
mod wide;

pub use gap::{Certificate, certificate};
pub use moments::Moments;
pub use outer::{Outcome, solve};
pub use source::{Fit, Moves, Source};
pub use sparse_columns::SparseColumns;
pub use wide::Wide;

/// When to stop, and the order of coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The duality gap has to fall to `tol·‖b‖²`, and a pass's largest change to `tol` times the largest coefficient.
    pub tol: f64,
    /// Passes over the coordinates of a working set.
    pub max_iter: usize,
    /// The stream from which coordinates are drawn, with replacement; `None`: in order.
    pub random: Option<u64>,
}

/// Coefficients and what is known about them; features first: entry `j·outputs + k`.
#[derive(Debug, Clone)]
pub struct State {
    /// The coefficients.
    pub w: Vec<f64>,
    /// `Aᵀ(b − A·w)`, of the same shape.
    pub c: Vec<f64>,
    /// Squares of the residual, where `c` and this are those of `w`.
    pub fit: Option<Fit>,
}

impl State {
    /// Coefficients of which nothing is known yet.
    pub fn new(w: Vec<f64>) -> Self {
        State { c: vec![0.0; w.len()], w, fit: None }
    }
}
