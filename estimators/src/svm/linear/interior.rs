//! Losses with a kink and an L2 penalty, by Mehrotra's predictor and corrector on the dual's box (Mehrotra 1992,
//! doi:10.1137/0802028; for support vector machines: Ferris and Munson 2002, doi:10.1137/S1052623400374379).
//!
//! A hinge `max(0, r)` is half of r and half of |r|: its dual variable less ½ lies between −½ and ½, so that rows are
//! kept as in quantile regression ([`Side`]). A tube of the width 0 is one such row, any other two. An iteration takes
//! one weighted Gram of X and one Cholesky of its size; twenty or so end at a duality gap far below what coordinate
//! descent stops at. Coordinates: what is minimised is divided by the sum of the costs.

use super::problem::{Answer, Pays, Problem};
use crate::linear::solver::direct::Scaled;
use crate::linear::solver::interior_point::side::{Aim, Reach, Side};
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// How near to the border of the interior a step may go.
const NEAR: f64 = 0.9995;
/// The relative duality gap at the end, as a share of liblinear's tolerance.
const GAP: f64 = 1e-2;
/// The least relative gap that rounding leaves within reach.
const LEAST: f64 = 1e-13;

/// Its name in the report.
const SOLVER: &str = "interior-point";

/// Rows of one kind: their residuals are `sign·(target − z)`.
struct Group {
    sign: Vec<f64>,
    side: Side,
    /// What is added to the dual variables: ½ for a hinge.
    shift: f64,
}

/// X, the penalty and where the coefficients are.
struct State<'a, 'x, B: Backend, F: Real> {
    on: &'a B,
    x: B::Placed<'x, F>,
    ctl: &'a Control,
    /// The penalties of the coefficients and of the intercept; none of the latter: it is 0.
    ridge: (f64, Option<f64>),
    /// Coefficients, and the intercept last.
    theta: Vec<f64>,
}

/// Solves a problem whose loss has a kink, for fewer columns than rows.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn solve<B: Backend, F: Real>(problem: &Problem, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Answer> {
    let p = x.ncols();
    let total: f64 = problem.cost.iter().sum();
    let ridge = (1.0 / total, problem.intercept.map(|scaling| 1.0 / (scaling * scaling * total)));
    let mut state = State { on, x: on.place(x, ctl)?, ctl, ridge, theta: vec![0.0; p + 1] };
    let mut groups = groups(problem, total);
    if groups.iter().all(Group::pays_nothing) {
        // Coefficients of 0 cost nothing, and no others cost as little.
        return Ok(Answer { coef: vec![0.0; p], intercept: 0.0, iterations: 0, converged: true, solver: SOLVER });
    }
    // Stationarity, `Λ·θ = Aᵀ·α`, misses by this share of what it misses at the start.
    let missed = state.transposed(&together(&groups, |group, i| group.side.weights[i] * group.shift))?;
    let missed_square = state.dual_square(&missed);
    let mut share = 1.0_f64;
    let (mut iterations, mut converged, mut idle, mut last) = (0, false, 0, f64::INFINITY);
    loop {
        let mut d = vec![0.0; problem.y.len()];
        let mut curvatures = Vec::new();
        for group in &groups {
            let of = group.side.curvatures(ctl)?;
            d.iter_mut().zip(&of).for_each(|(d, c)| *d += c);
            curvatures.push(of);
        }
        let plain = together_with(&groups, &curvatures, |group, i, d| {
            d * group.side.residual[i] + group.side.weights[i] * (group.side.dual(i) + group.shift)
        });
        let Some(system) = state.system(&d)? else { break };
        let plain = state.step(&system, &plain)?;
        let along = state.product(&plain)?;
        let of_rows: Vec<Vec<f64>> = groups.iter().map(|group| group.along(&along)).collect();
        let mut reach: Option<Reach> = None;
        for (group, a) in groups.iter().zip(&of_rows) {
            let own = group.side.plain_reach(a, ctl)?;
            reach = Some(reach.map_or(own, |r| r.with(own)));
        }
        let Some(reach) = reach else { break };
        let mu_sum = reach.after(0.0, 0.0);
        let gap = mu_sum + 0.5 * share * share * missed_square;
        let value = groups.iter().map(Group::loss).sum::<f64>() + state.penalty();
        ctl.step(iterations, problem.max_iter, value * total)?;
        if gap <= (GAP * problem.tol).max(LEAST) * value || gap <= f64::MIN_POSITIVE {
            converged = true;
            break;
        }
        idle = if gap > 0.7 * last { idle + 1 } else { 0 };
        last = last.min(gap);
        if idle > 8 || !gap.is_finite() {
            // Rounding: as good as it gets.
            converged = gap <= problem.tol * value;
            break;
        }
        if iterations >= problem.max_iter {
            break;
        }
        iterations += 1;
        let length = reach.primal.min(reach.dual).min(1.0);
        let ahead = (reach.after(length, length) / mu_sum).clamp(0.0, 1.0);
        let weight: f64 = groups.iter().map(|group| 2.0 * group.side.weights.iter().sum::<f64>()).sum();
        let mu = ahead.powi(3) * mu_sum / weight;
        let mut target = vec![0.0; problem.y.len()];
        for (group, plain) in groups.iter().zip(&of_rows) {
            let own = group.side.corrected_target(Aim { mu, plain }, ctl)?;
            for (i, v) in own.into_iter().enumerate() {
                target[i] += group.sign[i] * (v + group.side.weights[i] * group.shift);
            }
        }
        let step = state.step(&system, &target)?;
        if !step.iter().all(|v| v.is_finite()) {
            break;
        }
        let along = state.product(&step)?;
        let along: Vec<Vec<f64>> = groups.iter().map(|group| group.along(&along)).collect();
        let mut most = f64::INFINITY;
        for ((group, plain), a) in groups.iter().zip(&of_rows).zip(&along) {
            let reach = group.side.corrected_reach(Aim { mu, plain }, a, ctl)?;
            most = most.min(reach.primal).min(reach.dual);
        }
        let length = (NEAR * most).min(1.0);
        for ((group, plain), a) in groups.iter_mut().zip(&of_rows).zip(&along) {
            group.side.advance(Aim { mu, plain }, a, (length, length), ctl)?;
        }
        state.theta.iter_mut().zip(&step).for_each(|(t, s)| *t += length * s);
        share *= 1.0 - length;
    }
    let intercept = state.theta[p];
    state.theta.truncate(p);
    Ok(Answer { coef: state.theta, intercept, iterations, converged, solver: SOLVER })
}

/// The rows of a problem as they are at θ = 0.
fn groups(problem: &Problem, total: f64) -> Vec<Group> {
    let weights: Vec<f64> = problem.cost.iter().map(|c| c / total).collect();
    let group = |bounds: (f64, f64), sign: Vec<f64>, epsilon: f64| {
        let residual: Vec<f64> = problem.y.iter().zip(&sign).map(|(y, s)| s * y - epsilon).collect();
        let typical: f64 = residual.iter().zip(&weights).map(|(r, w)| w * r.abs()).sum();
        let off = if typical > 0.0 { 0.2 * typical } else { 1.0 };
        let shift = if bounds.0 == -1.0 { 0.0 } else { 0.5 };
        Group { sign, side: Side::new(bounds, weights.clone(), residual, off), shift }
    };
    let (n, half) = (problem.y.len(), (-0.5, 0.5));
    match problem.pays {
        Pays::Hinge | Pays::SquaredHinge => vec![group(half, problem.y.clone(), 0.0)],
        Pays::Insensitive(0.0) | Pays::SquaredInsensitive(0.0) => vec![group((-1.0, 1.0), vec![1.0; n], 0.0)],
        Pays::Insensitive(epsilon) | Pays::SquaredInsensitive(epsilon) => {
            vec![group(half, vec![1.0; n], epsilon), group(half, vec![-1.0; n], epsilon)]
        }
    }
}

impl Group {
    /// What the residuals lose by a step with these products.
    fn along(&self, products: &[f64]) -> Vec<f64> {
        self.sign.iter().zip(products).map(|(s, a)| s * a).collect()
    }

    /// Whether no row has a loss.
    fn pays_nothing(&self) -> bool {
        let free = |r: f64| if self.shift > 0.0 { r <= 0.0 } else { r == 0.0 };
        self.side.residual.iter().zip(&self.side.weights).all(|(&r, &w)| w == 0.0 || free(r))
    }

    fn loss(&self) -> f64 {
        let rows = self.side.residual.iter().zip(&self.side.weights);
        self.side.loss() + self.shift * rows.map(|(r, w)| w * r).sum::<f64>()
    }
}

/// For each row the signed sum over the groups.
fn together(groups: &[Group], of: impl Fn(&Group, usize) -> f64) -> Vec<f64> {
    let n = groups.first().map_or(0, |group| group.sign.len());
    (0..n).map(|i| groups.iter().map(|group| group.sign[i] * of(group, i)).sum()).collect()
}

/// The same, with a number of each row and group.
fn together_with(groups: &[Group], given: &[Vec<f64>], of: impl Fn(&Group, usize, f64) -> f64) -> Vec<f64> {
    let n = groups.first().map_or(0, |group| group.sign.len());
    let one = |i: usize| groups.iter().zip(given).map(|(group, v)| group.sign[i] * of(group, i, v[i])).sum();
    (0..n).map(one).collect()
}

/// `Λ + AᵀDA`, of which the intercept is eliminated.
struct System {
    factor: Scaled,
    /// The means of the columns under D, and its sum plus the intercept's penalty.
    means: Array1<f64>,
    sums: (f64, f64),
}

impl<B: Backend, F: Real> State<'_, '_, B, F> {
    fn cols(&self) -> usize {
        self.theta.len() - 1
    }

    /// `A·step`, n.
    fn product(&self, step: &[f64]) -> Result<Vec<f64>> {
        let p = self.cols();
        let coef = ArrayView1::from(&step[..p]).insert_axis(Axis(1));
        let mut out = self.on.matmul(&self.x, coef, self.ctl)?.into_raw_vec_and_offset().0;
        if step[p] != 0.0 {
            out.iter_mut().for_each(|v| *v += step[p]);
        }
        Ok(out)
    }

    /// `Aᵀ·v`, the intercept's last.
    fn transposed(&self, v: &[f64]) -> Result<Vec<f64>> {
        let column = ArrayView1::from(v).insert_axis(Axis(1));
        let mut out = self.on.matmul_t(&self.x, column, self.ctl)?.into_raw_vec_and_offset().0;
        let sum: f64 = v.chunks(4096).map(|c| c.iter().sum::<f64>()).sum();
        out.push(if self.ridge.1.is_some() { sum } else { 0.0 });
        Ok(out)
    }

    /// `vᵀ·Λ⁻¹·v`.
    fn dual_square(&self, v: &[f64]) -> f64 {
        let p = self.cols();
        let of_intercept = self.ridge.1.map_or(0.0, |ridge| v[p] * v[p] / ridge);
        v[..p].iter().map(|v| v * v / self.ridge.0).sum::<f64>() + of_intercept
    }

    fn penalty(&self) -> f64 {
        let p = self.cols();
        let (coef, intercept) = (&self.theta[..p], self.theta[p]);
        let square: f64 = coef.iter().map(|v| v * v).sum();
        0.5 * self.ridge.0 * square + 0.5 * self.ridge.1.unwrap_or(0.0) * intercept * intercept
    }

    /// The factored system for the curvatures D; `None` where rounding leaves it without a factor.
    fn system(&self, d: &[f64]) -> Result<Option<System>> {
        let d = ArrayView1::from(d);
        let none = Array2::zeros((d.len(), 1));
        let moments = self.on.gram(&self.x, none.view(), Some(d), self.ridge.1.is_some(), self.ctl)?;
        let mut matrix = moments.gram;
        let mut sums = (0.0, 1.0);
        if let Some(ridge) = self.ridge.1 {
            let total = moments.weight_sum;
            sums = (total, total + ridge);
            let factor = total / (total + ridge) * ridge;
            for (mut row, &m) in matrix.rows_mut().into_iter().zip(&moments.x_mean) {
                row.scaled_add(factor * m, &moments.x_mean);
            }
        }
        matrix.diag_mut().mapv_inplace(|v| v + self.ridge.0);
        for more in [0.0, 1e-14, 1e-12, 1e-10, 1e-8] {
            matrix.diag_mut().mapv_inplace(|v| v * (1.0 + more));
            if let Some(factor) = Scaled::new(&matrix, 0.0)? {
                return Ok(Some(System { factor, means: moments.x_mean, sums }));
            }
        }
        Ok(None)
    }

    /// The step for which `(Λ + AᵀDA)·step = Aᵀ·target − Λ·θ`.
    fn step(&self, system: &System, target: &[f64]) -> Result<Vec<f64>> {
        let p = self.cols();
        let mut right = self.transposed(target)?;
        right.iter_mut().zip(&self.theta[..p]).for_each(|(r, t)| *r -= self.ridge.0 * t);
        let last = right[p] - self.ridge.1.unwrap_or(0.0) * self.theta[p];
        let (total, whole) = system.sums;
        let right = Array2::from_shape_fn((p, 1), |(j, _)| right[j] - system.means[j] * (total / whole * last));
        let mut step = system.factor.solve(&right)?.into_raw_vec_and_offset().0;
        let moved: f64 = system.means.iter().zip(&step).map(|(m, s)| m * s).sum();
        step.push(if self.ridge.1.is_some() { (last - total * moved) / whole } else { 0.0 });
        Ok(step)
    }
}
