//! The squared hinge with an L1 penalty on sparse X, column by column: Newton steps of one coefficient (Chang, Hsieh and
//! Lin 2008; Yuan, Chang, Hsieh and Lin 2010), with shrinking, and now and then conjugate gradients over all that are not 0
//! ([`super::orthant`]).
//!
//! A row is kept as its residual `y − z` beside its signed cost `y·cost`: it pays where both have one sign.

use super::order::Order;
use super::orthant;
use super::problem::{Answer, Problem};
use crate::{Control, Result};
use ironlearn_linalg::{Compressed, Real};

/// Columns between two looks at the clock.
const CHECK: usize = 256;
/// The sum of the violations at the end, as a share of what liblinear's rule leaves.
const STOP: f64 = 0.5;
/// What is left of the violations when all columns are looked at again.
const SHARE: f64 = 0.1;
/// Passes before conjugate gradients are thought of.
const ALONE: usize = 10;
/// How much of the decrease that a step's slope promises has to come, and how often a step is halved.
const ENOUGH: f64 = 0.01;
const HALVES: usize = 20;

/// The columns of X.
pub struct Columns<F> {
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<F>,
}

impl<F: Real> Columns<F> {
    /// A copy of X, which lies by row.
    pub fn of(x: &Compressed<'_, F>) -> Self {
        let (n, p) = x.shape();
        let mut starts = vec![0; p + 1];
        (0..n).for_each(|i| x.for_slice(i, |j, _| starts[j + 1] += 1));
        (0..p).for_each(|j| starts[j + 1] += starts[j]);
        let mut place = starts.clone();
        let (mut rows, mut values) = (vec![0; starts[p]], vec![F::zero(); starts[p]]);
        for i in 0..n {
            x.for_slice(i, |j, v| {
                rows[place[j]] = i as u32;
                values[place[j]] = v;
                place[j] += 1;
            });
        }
        Columns { starts, rows, values }
    }
}

/// Where the descent is.
pub struct State<'a, F> {
    columns: &'a Columns<F>,
    /// The intercept's scaling; 0: there is none.
    scaling: f64,
    /// The coefficients, and the intercept over its scaling last.
    pub theta: Vec<f64>,
    /// Each row's residual and signed cost.
    pub rows: Vec<[f64; 2]>,
}

/// Solves for the columns of sparse X.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn solve<F: Real>(problem: &Problem, columns: &Columns<F>, ctl: &Control) -> Result<Answer> {
    let (p, n) = (columns.starts.len() - 1, problem.y.len());
    let rows = problem.y.iter().zip(&problem.cost).map(|(&y, cost)| [y, y * cost]).collect();
    let mut state = State { columns, scaling: problem.intercept.unwrap_or(0.0), theta: vec![0.0; p + 1], rows };
    // Twice the sums of squares bound the curvatures; a column without any is left out.
    let mut bounds = vec![0.0; p + 1];
    for (j, bound) in bounds.iter_mut().enumerate() {
        state.each(j, |i, v| *bound += 2.0 * problem.cost[i] * v * v);
    }
    let all: Vec<u32> = (0..=p as u32).filter(|&j| bounds[j as usize] > 0.0).collect();
    let mut order = Order::new(all.clone(), problem.seed);
    let (mut first, mut limit) = (None, f64::INFINITY);
    let (mut iterations, mut converged, mut enough) = (0, false, 0.0);
    let (mut spent, mut on_face, mut steps) = (0, 0, orthant::Steps::default());
    while iterations < problem.max_iter {
        order.shuffle();
        let (mut sum, mut most, mut at) = (0.0, 0.0_f64, 0);
        while at < order.len() {
            if at % CHECK == 0 {
                ctl.check()?;
            }
            let Some(j) = order.get(at) else { break };
            spent += state.length(j);
            let (slope, curvature) = state.slope(j);
            // How much the objective falls for each unit that the coefficient is raised or lowered.
            let (up, down) = (-slope - 1.0, slope - 1.0);
            let value = state.theta[j];
            let violation = if value == 0.0 {
                if up.max(down) < -limit {
                    order.leave(at);
                    continue;
                }
                up.max(down).max(0.0)
            } else {
                (slope + value.signum()).abs()
            };
            at += 1;
            sum += violation;
            most = most.max(violation);
            let to = crate::penalty::soft_threshold(value - slope / curvature, 1.0 / curvature);
            if violation > 1e-12 && to != value {
                state.advance(j, to - value, (slope, bounds[j]));
            }
        }
        iterations += 1;
        if first.is_none() {
            enough = SHARE * sum;
        }
        let first = *first.get_or_insert(sum);
        ctl.step(iterations, problem.max_iter, sum / first)?;
        let goal = STOP * problem.share_of_gradient() * first;
        if sum <= goal.max(enough) || first == 0.0 {
            if order.len() == all.len() && (sum <= goal || first == 0.0) {
                converged = true;
                break;
            }
            // Columns that were left alone too early come back before much is spent on the others.
            enough = SHARE * sum;
            order = order.again(all.clone());
            limit = f64::INFINITY;
            continue;
        }
        limit = most / n as f64;
        if iterations >= ALONE && spent >= on_face {
            spent = 0;
            on_face = orthant::go(&mut state, &mut steps, ctl)?;
        }
    }
    let intercept = state.theta[p] * state.scaling;
    state.theta.truncate(p);
    Ok(Answer { coef: state.theta, intercept, iterations, converged, solver: "coordinate-descent" })
}

impl<F: Real> State<'_, F> {
    /// The number of entries of a column.
    pub fn length(&self, j: usize) -> usize {
        if j + 1 == self.theta.len() { self.rows.len() } else { self.columns.starts[j + 1] - self.columns.starts[j] }
    }

    /// Calls `entry` with each row of a column, and the value there.
    #[inline]
    pub fn each(&self, j: usize, mut entry: impl FnMut(usize, f64)) {
        if j + 1 == self.theta.len() {
            if self.scaling != 0.0 {
                (0..self.rows.len()).for_each(|i| entry(i, self.scaling));
            }
            return;
        }
        let range = self.columns.starts[j]..self.columns.starts[j + 1];
        let (rows, values) = (&self.columns.rows[range.clone()], &self.columns.values[range]);
        rows.iter().zip(values).for_each(|(&i, v)| entry(i as usize, v.widen()));
    }

    /// The first and second derivatives of the losses by a coefficient.
    pub fn slope(&self, j: usize) -> (f64, f64) {
        let (mut slope, mut curvature) = (0.0, 0.0);
        self.each(j, |i, v| {
            let [residual, cost] = self.rows[i];
            if residual * cost > 0.0 {
                let c = cost.abs() * v;
                slope -= c * residual;
                curvature += c * v;
            }
        });
        (2.0 * slope, (2.0 * curvature).max(1e-12))
    }

    /// Adds as much of a step to a coefficient as makes the objective fall; `bound` is above its curvature everywhere.
    fn advance(&mut self, j: usize, mut step: f64, (slope, bound): (f64, f64)) {
        let value = self.theta[j];
        let mut promised = (value + step).abs() - value.abs() + slope * step;
        for _ in 0..HALVES {
            let penalty = (value + step).abs() - value.abs();
            let most = penalty + step * (slope + 0.5 * bound * step);
            if most <= ENOUGH * promised || penalty + self.losses(j, step) <= ENOUGH * promised {
                self.theta[j] = value + step;
                self.shift(j, step);
                return;
            }
            step *= 0.5;
            promised *= 0.5;
        }
    }

    /// What the losses change by where a coefficient is moved.
    fn losses(&self, j: usize, step: f64) -> f64 {
        let mut change = 0.0;
        self.each(j, |i, v| {
            let [residual, cost] = self.rows[i];
            let of = |residual: f64| if residual * cost > 0.0 { residual * residual } else { 0.0 };
            change += cost.abs() * (of(residual - step * v) - of(residual));
        });
        change
    }

    fn shift(&mut self, j: usize, step: f64) {
        let mut rows = std::mem::take(&mut self.rows);
        if j + 1 == self.theta.len() {
            rows.iter_mut().for_each(|row| row[0] -= step * self.scaling);
        } else {
            self.each(j, |i, v| rows[i][0] -= step * v);
        }
        self.rows = rows;
    }
}
