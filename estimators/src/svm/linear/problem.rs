//! One problem of a linear machine, and the choice of what solves it.

use super::crammer_singer::rows::Listed;
use super::lines::{Few, Full, Lines};
use super::{Norm, dual, interior, newton, pairs, smooth, sparse_l1};
use crate::linear::solver::descent::Columns;
use crate::many::side_by_side;
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

/// The largest numbers of columns of dense X on which a Gram matrix of all columns is the better choice, whether few of
/// the entries are other than 0 or many: features of kernels are full and badly conditioned.
const GRAM_OF_FEW: usize = 150;
const GRAM: usize = 1000;
/// The largest number of columns of sparse X on which an L1 penalty goes by Gram matrices of working sets.
const BY_GRAM: usize = 200;
/// Rows for each column from which it is so too.
const TALL: usize = 10;

/// Solves problems that differ in y and cost alone, for X, which is finite; sparse X by row.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn solve_all<B: Backend, F: Real>(
    problems: &[Problem],
    x: Matrix<'_, F>,
    on: &B,
    ctl: &Control,
) -> Result<Vec<Answer>> {
    let p = x.ncols();
    if let Matrix::Dense(dense) = &x
        && problems.first().is_some_and(|first| first.may_go_by_conjugate_gradients(x.shape()))
    {
        if let Some(few) = Few::of(dense) {
            return ctl.timed("newton", &on.host_name(), || newton::solve(problems, p, &few, ctl));
        }
        if p > GRAM {
            return ctl.timed("newton", &on.host_name(), || newton::solve(problems, p, &Full::new(dense), ctl));
        }
    }
    if let Matrix::Sparse(sparse) = &x
        && p > BY_GRAM
        && problems.first().is_some_and(|first| first.pays == Pays::SquaredHinge && first.norm == Norm::L1)
    {
        let columns = Columns::of_rows(sparse);
        return side_by_side(ctl, problems.len(), |k, ctl| match &problems[k] {
            problem if problem.pays_anything() => sparse_l1::solve(problem, &columns, ctl),
            nothing => Ok(nothing.nothing(p)),
        });
    }
    if let Matrix::Dense(dense) = &x
        && problems.first().is_some_and(|first| first.may_go_by_pairs(x.shape()))
        && let Some(few) = Few::of(dense)
    {
        let visits = pairs::visits(x.shape(), few.width());
        let rows = Listed::new(few, 2);
        return side_by_side(ctl, problems.len(), |k, ctl| match pairs::solve(&problems[k], p, &rows, visits, ctl)? {
            Some(answer) => Ok(answer),
            None => problems[k].solve(x, on, ctl),
        });
    }
    side_by_side(ctl, problems.len(), |k, ctl| problems[k].solve(x, on, ctl))
}

impl Problem {
    /// Whether Newton's method with conjugate gradients may be the choice on dense X.
    fn may_go_by_conjugate_gradients(&self, (n, p): (usize, usize)) -> bool {
        let squared = matches!(self.pays, Pays::SquaredHinge | Pays::SquaredInsensitive(_));
        squared && self.norm == Norm::L2 && p > GRAM_OF_FEW && n > p && n < TALL * p
    }

    /// Whether the descent on pairs of classes may be quicker than the interior point on dense X.
    fn may_go_by_pairs(&self, (n, p): (usize, usize)) -> bool {
        self.pays == Pays::Hinge && p > GRAM_OF_FEW && p <= INTERIOR && n > p
    }

    /// Whether some row counts.
    pub fn pays_anything(&self) -> bool {
        self.cost.iter().any(|&c| c > 0.0)
    }

    /// liblinear's primal rule: at the end the gradient's length is this share of what it is at 0, for two classes the
    /// less the smaller one is.
    pub fn share_of_gradient(&self) -> f64 {
        let counted = |positive: bool| {
            self.y.iter().zip(&self.cost).filter(|(y, c)| **c > 0.0 && (**y > 0.0) == positive).count()
        };
        let share = match self.pays {
            Pays::Insensitive(_) | Pays::SquaredInsensitive(_) => 1.0,
            _ => counted(true).min(counted(false)).max(1) as f64 / (counted(true) + counted(false)) as f64,
        };
        self.tol * share
    }

    /// As [`solve_all`], for this one.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn solve_alone<B: Backend, F: Real>(&self, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Answer> {
        let found = solve_all(std::slice::from_ref(self), x, on, ctl)?.pop();
        Ok(found.unwrap_or_else(|| self.nothing(x.ncols())))
    }

    fn solve<B: Backend, F: Real>(&self, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Answer> {
        let (n, p) = x.shape();
        match self.pays {
            _ if !self.pays_anything() => Ok(self.nothing(p)),
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
