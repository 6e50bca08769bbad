//! How each solver of Ridge runs.

use super::problem::{Problem, TOO_LARGE};
use super::solver::{cg::ConjugateGradient, direct, direct::Scaled, lsqr::Lsqr, lsqr::Solution, nnls::nnls};
use super::solver::{projected::Projected, sag, spectral::Spectral};
use super::{LinearModel, Ridge, RidgeSolver};
use crate::{Backend, Dtype, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2, Axis};

/// Above so many columns non-negative coefficients are found without the normal equations.
const MOMENTS_UP_TO: usize = 4096;
/// Above so many columns the second moments of sparse X are not formed: 5,000 make 200 MB.
const SPARSE_MOMENTS_UP_TO: usize = 5000;
/// As many iterations of conjugate gradients are taken to be usual.
const ITERATIONS: f64 = 50.0;
/// How strongly the intercept moves in SAG on sparse X, whose columns are not centred.
const SPARSE_INTERCEPT_DECAY: f64 = 0.01;

/// What came of a Cholesky factorisation.
enum Factored {
    /// Coefficients (p × t).
    Done(Array2<f64>, Report),
    /// The matrix is singular to working precision, by the estimate where there is one.
    Singular(Option<f64>),
}

/// Whether normal equations of sparse X are likely to cost less than conjugate gradients. A pair of entries of a row
/// costs about a nanosecond, the factorisation p³/3 operations at some 2·10¹⁰ a second, and an iteration touches every
/// entry twice; one-hot columns beside numbers take hundreds of iterations, well-scaled ones some tens.
fn sparse_moments_pay<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> bool {
    let ironlearn_linalg::Matrix::Sparse(x) = problem.x.as_ref() else { return false };
    let (n, p, stored) = (problem.rows() as f64, problem.cols() as f64, x.data().len() as f64);
    let direct = 0.5e-9 * stored * stored / n + p.powi(3) / 6e10;
    let iteration = 4e-9 * stored;
    n >= p && problem.cols() <= SPARSE_MOMENTS_UP_TO && direct <= ITERATIONS * iteration
}

/// One fit.
pub(super) struct Task<'p, 'a, 'x, B: Backend, F: Real> {
    pub params: &'p Ridge,
    /// One penalty a target.
    pub alphas: Vec<f64>,
    /// Not centred yet.
    pub problem: Problem<'a, 'x, B, F>,
}

/// Coefficients (p × t), the means that give the intercept, and how they were found.
pub(super) struct Solved {
    coef: Array2<f64>,
    x_mean: Array1<f64>,
    y_mean: Array1<f64>,
    report: Report,
}

impl Solved {
    pub(super) fn into_model(self, dtype: Dtype) -> LinearModel {
        LinearModel::new(self.coef, &self.x_mean, &self.y_mean, dtype, self.report)
    }
}

impl<B: Backend, F: Real> Task<'_, '_, '_, B, F> {
    pub(super) fn solve(mut self, solver: RidgeSolver) -> Result<Solved> {
        use RidgeSolver::{Auto, Cholesky, Lbfgs, Lsqr, Sag, Saga, SparseCg, Svd};
        let center = self.params.fit_intercept;
        let sparse = self.problem.x.as_ref().is_sparse();
        let wide = self.problem.rows() < self.problem.cols();
        let by_moments = match solver {
            Cholesky => !wide,
            Lbfgs => self.problem.cols() <= MOMENTS_UP_TO,
            _ => false,
        };
        if self.params.solver == Auto && solver == SparseCg && sparse_moments_pay(&self.problem) {
            let moments;
            (self.problem, moments) = self.problem.moments(center)?;
            if let Some(moments) = moments
                && let Factored::Done(coef, mut report) = self.factored(&moments.gram, &moments.xty)?
                && report.warnings.is_empty()
            {
                report.solver = SparseCg.name().to_owned();
                return self.done(coef, report);
            }
            return self.iteratively(solver);
        }
        if by_moments {
            let moments;
            (self.problem, moments) = self.problem.moments(center)?;
            let Some(moments) = moments else { return self.beyond_squares() };
            return if solver == Cholesky {
                self.primal(&moments.gram, &moments.xty)
            } else {
                self.by_active_sets(moments.gram, &moments.xty)
            };
        }
        self.problem = self.problem.centred(center)?;
        match solver {
            Svd => self.by_svd(),
            Cholesky => self.dual(),
            Lsqr | SparseCg | Lbfgs => self.iteratively(solver),
            Sag | Saga => self.by_sag(solver == Saga, sparse && center),
            Auto => unreachable!("resolved before"),
        }
    }

    fn done(self, coef: Array2<f64>, report: Report) -> Result<Solved> {
        Ok(Solved { coef, x_mean: self.problem.x_mean, y_mean: self.problem.y_mean, report })
    }

    /// Targets in groups that share a penalty.
    fn groups(&self) -> Vec<(f64, Vec<usize>)> {
        let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
        for (k, &alpha) in self.alphas.iter().enumerate() {
            match groups.iter_mut().find(|(a, _)| *a == alpha) {
                Some((_, members)) => members.push(k),
                None => groups.push((alpha, vec![k])),
            }
        }
        groups
    }

    fn primal(self, gram: &Array2<f64>, xty: &Array2<f64>) -> Result<Solved> {
        match self.factored(gram, xty)? {
            Factored::Done(coef, report) => self.done(coef, report),
            Factored::Singular(rcond) => self.singular(rcond),
        }
    }

    /// The normal equations by Cholesky.
    fn factored(&self, gram: &Array2<f64>, xty: &Array2<f64>) -> Result<Factored> {
        let mut coef = Array2::zeros(xty.dim());
        let mut report = Report::direct("cholesky");
        for (alpha, members) in self.groups() {
            let Some(factor) = Scaled::blocked(gram, alpha, self.problem.ctl)? else {
                return Ok(Factored::Singular(None));
            };
            let rcond = factor.rcond();
            if rcond < f64::EPSILON {
                if !self.problem.x.as_ref().is_sparse() {
                    return Ok(Factored::Singular(Some(rcond)));
                }
                report.warnings.push(ill_conditioned(rcond));
            }
            let mut part = factor.solve(&xty.select(Axis(1), &members))?;
            // Where squaring the condition number costs digits, a pass over X brings them back.
            let steps = usize::from(rcond < 1e-8) + usize::from(rcond < 1e-11);
            if steps > 0 {
                let y = self.problem.y.select(Axis(1), &members);
                let problem = Problem {
                    y: y.view(),
                    y_mean: self.problem.y_mean.select(Axis(0), &members),
                    x_mean: self.problem.x_mean.clone(),
                    weights: self.problem.weights.as_ref().map(|w| w.view()),
                    ..self.problem
                };
                factor.refine(&problem, alpha, steps, &mut part)?;
            }
            members.iter().zip(part.columns()).for_each(|(&k, c)| coef.column_mut(k).assign(&c));
        }
        Ok(Factored::Done(coef, report))
    }

    fn dual(self) -> Result<Solved> {
        let kernel = direct::kernel(&self.problem)?;
        let targets = self.problem.targets();
        let mut duals = Array2::zeros(targets.dim());
        let mut report = Report::direct("cholesky");
        for (alpha, members) in self.groups() {
            let Some(factor) = Scaled::blocked(&kernel, alpha, self.problem.ctl)? else { return self.singular(None) };
            let rcond = factor.rcond();
            if rcond < f64::EPSILON {
                if !self.problem.x.as_ref().is_sparse() {
                    return self.singular(Some(rcond));
                }
                report.warnings.push(ill_conditioned(rcond));
            }
            let part = factor.solve(&targets.select(Axis(1), &members))?;
            members.iter().zip(part.columns()).for_each(|(&k, c)| duals.column_mut(k).assign(&c));
        }
        let coef = self.problem.apply_t(duals.view())?;
        self.done(coef, report)
    }

    /// Where the squares of X are beyond `f64`: by singular values, which need none, unless a column is lost beside
    /// the largest.
    fn beyond_squares(self) -> Result<Solved> {
        let sparse = self.problem.x.as_ref().is_sparse();
        let lost = |largest: Vec<f64>| {
            let most = largest.iter().copied().fold(0.0, f64::max);
            largest.iter().any(|&v| v > 0.0 && v < most * f64::EPSILON.sqrt())
        };
        let column = |c: ndarray::ArrayView1<'_, f64>| c.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        if sparse
            || self.params.positive
            || lost(self.problem.x.as_ref().to_dense().columns().into_iter().map(column).collect())
        {
            bad_input!("{TOO_LARGE}");
        }
        self.singular(None)
    }

    /// Where Cholesky does not serve: by singular values, with a warning where the reason is an estimate.
    fn singular(self, rcond: Option<f64>) -> Result<Solved> {
        if self.problem.x.as_ref().is_sparse() {
            bad_input!("the matrix is singular, and the SVD solver does not support sparse inputs currently");
        }
        let mut solved = self.by_svd()?;
        solved.report.warnings.extend(rcond.map(ill_conditioned));
        Ok(solved)
    }

    fn by_svd(self) -> Result<Solved> {
        let spectral = Spectral::new(&self.problem)?;
        let largest = spectral.singular.first().copied().unwrap_or(0.0);
        let size = self.problem.rows().max(self.problem.cols()) as f64;
        // Without a penalty what is below rounding counts as 0; with one it cannot do harm.
        let cut = largest * f64::EPSILON * size;
        let coef = spectral.solve(|s, k| match self.alphas[k] {
            0.0 if s <= cut => 0.0,
            alpha if s > 0.0 => 1.0 / (s + alpha / s),
            _ => 0.0,
        });
        self.done(coef, Report::direct("svd"))
    }

    fn iteratively(self, solver: RidgeSolver) -> Result<Solved> {
        let targets = self.problem.targets();
        let mut coef = Array2::zeros((self.problem.cols(), targets.ncols()));
        let mut report = Report::direct(solver.name());
        let (tol, max_iter) = (self.params.tol, self.params.max_iter);
        for (k, &alpha) in self.alphas.iter().enumerate() {
            let target = targets.column(k).to_owned();
            let Solution { x, iterations, converged } = match solver {
                RidgeSolver::Lsqr => Lsqr { damp: alpha.sqrt(), tol, max_iter }.solve(&self.problem, target)?,
                RidgeSolver::SparseCg => ConjugateGradient { alpha, tol, max_iter }.solve(&self.problem, target)?,
                _ => Projected { alpha, tol, max_iter: max_iter.unwrap_or(15_000) }.solve(&self.problem, &target)?,
            };
            coef.column_mut(k).assign(&x);
            report.iterations.push(iterations);
            report.converged &= converged;
        }
        if solver == RidgeSolver::Lbfgs && !report.converged {
            report.warnings.push(self.lbfgs_warning());
        }
        self.done(coef, report)
    }

    fn by_active_sets(self, mut gram: Array2<f64>, xty: &Array2<f64>) -> Result<Solved> {
        let mut coef = Array2::zeros(xty.dim());
        let mut report = Report::direct("lbfgs");
        let mut added = 0.0;
        for (k, &alpha) in self.alphas.iter().enumerate() {
            gram.diag_mut().mapv_inplace(|v| v - added + alpha);
            added = alpha;
            let found = nnls(&gram, xty.column(k), self.params.max_iter, self.problem.ctl)?;
            coef.column_mut(k).assign(&found.coef);
            report.iterations.push(found.iterations);
            report.converged &= found.converged;
        }
        if !report.converged {
            report.warnings.push(self.lbfgs_warning());
        }
        self.done(coef, report)
    }

    fn lbfgs_warning(&self) -> Warning {
        let limit = self.params.max_iter.map_or("None".to_owned(), |n| n.to_string());
        Warning {
            kind: WarningKind::Convergence,
            message: format!(
                "The lbfgs solver did not converge. Try increasing max_iter or tol. Currently: max_iter={limit} and \
                 tol={}",
                self.params.tol
            ),
        }
    }

    fn by_sag(self, saga: bool, with_intercept: bool) -> Result<Solved> {
        let problem = &self.problem;
        let shift = (problem.center && !with_intercept).then(|| problem.x_mean.clone());
        let rows = sag::Rows::new(*problem.x.as_ref(), shift);
        let targets = &problem.y - &problem.y_mean;
        let mut coef = Array2::zeros((problem.cols(), targets.ncols()));
        let mut y_mean = problem.y_mean.clone();
        let mut report = Report::direct(if saga { "saga" } else { "sag" });
        for (k, &alpha) in self.alphas.iter().enumerate() {
            let solver = sag::Sag {
                saga,
                alpha,
                max_iter: self.params.max_iter.unwrap_or(1000),
                tol: self.params.tol,
                seed: self.params.random_state,
                intercept: with_intercept.then_some(SPARSE_INTERCEPT_DECAY),
            };
            let weights = problem.weights.as_ref().map(|w| w.view());
            let found = solver.solve(&rows, targets.column(k), weights, problem.ctl)?;
            if !found.coef.iter().all(|v| v.is_finite()) {
                bad_input!(
                    "Floating-point under-/overflow occurred in pass {}: scale the columns of X down; with negative \
                     weights there may be no minimum",
                    found.iterations
                );
            }
            coef.column_mut(k).assign(&found.coef);
            y_mean[k] += found.intercept;
            report.iterations.push(found.iterations);
            report.converged &= found.converged;
        }
        if !report.converged {
            let message = "The max_iter was reached which means the coef_ did not converge".into();
            report.warnings.push(Warning { kind: WarningKind::Convergence, message });
        }
        // With its own intercept nothing was taken off the columns.
        let x_mean = if with_intercept { Array1::zeros(problem.cols()) } else { problem.x_mean.clone() };
        Ok(Solved { coef, x_mean, y_mean, report })
    }
}

fn ill_conditioned(rcond: f64) -> Warning {
    Warning {
        kind: WarningKind::IllConditioned,
        message: format!("Ill-conditioned matrix (rcond={rcond:.6e}): result may not be accurate."),
    }
}
