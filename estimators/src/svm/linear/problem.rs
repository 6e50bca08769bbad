//! One problem of a linear machine, and the choice of what solves it.

use super::{Norm, dual, interior, smooth};
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::Real;

/// What a row pays, for its target y and its raw prediction z; of two classes y is 1 or −1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pays {
    /// `max(0, 1 − y·z)`.
    Hinge,
    /// Its square.
    SquaredHinge,
    /// `max(0, |y − z| − epsilon)`.
    Insensitive(f64),
    /// Its square.
    SquaredInsensitive(f64),
}

/// Minimises `½‖w‖² + ½·b²/scaling² + Σ cost·loss(y, x·w + b)`, or with the L1 norm `‖w‖₁ + |b|/scaling + …`.
pub struct Problem {
    /// The loss.
    pub pays: Pays,
    /// The penalty.
    pub norm: Norm,
    /// The targets.
    pub y: Vec<f64>,
    /// C times the rows' weights, none below 0.
    pub cost: Vec<f64>,
    /// The scaling of the intercept; `None`: there is none.
    pub intercept: Option<f64>,
    /// liblinear's tolerance.
    pub tol: f64,
    /// Iterations.
    pub max_iter: usize,
    /// Whether the dual's stopping rule is promised, else the primal's.
    pub dual: bool,
    /// The stream of random numbers.
    pub seed: (u64, u64),
}

/// What was found.
pub struct Answer {
    /// One for each column.
    pub coef: Vec<f64>,
    /// 0 where there is none.
    pub intercept: f64,
    /// Iterations.
    pub iterations: usize,
    /// Whether the stopping rule was met.
    pub converged: bool,
    /// What solved it.
    pub solver: &'static str,
}

/// The largest numbers of columns for which systems of that size are solved: at each iteration of the interior point,
/// and by Newton's method.
const INTERIOR: usize = 1000;
pub const NEWTON: usize = 1500;

impl Problem {
    /// Solves for X, which is finite; sparse X by row.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn solve<B: Backend, F: Real>(&self, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Answer> {
        let (n, p) = x.shape();
        match self.pays {
            _ if !self.cost.iter().any(|&c| c > 0.0) => Ok(self.nothing(p)),
            _ if self.norm == Norm::L1 => smooth::solve(self, x, on, ctl),
            // L-BFGS on sparse rows takes a fraction of the descent's time, which is one chain of steps.
            Pays::SquaredHinge | Pays::SquaredInsensitive(_) if n > p && (p <= NEWTON || x.is_sparse()) => {
                smooth::solve(self, x, on, ctl)
            }
            Pays::Hinge | Pays::Insensitive(_) if p <= INTERIOR && n > p => interior::solve(self, x, on, ctl),
            _ => dual::solve(self, &x, ctl),
        }
    }

    /// The answer where no row counts.
    pub fn nothing(&self, p: usize) -> Answer {
        Answer { coef: vec![0.0; p], intercept: 0.0, iterations: 0, converged: true, solver: "none" }
    }
}
