//! Conjugate gradients over the coefficients that are not 0, with their signs held: the Newton step of all of them, as far as
//! the objective falls; those that would change their sign become 0.

use super::dot;
use super::sparse_l1::State;
use crate::{Control, Result};
use ironlearn_linalg::{Conjugate, Real, threads};

/// Steps at first, at least and at most, and the share of the gradient's square at which they end.
const STEPS: usize = 10;
const LEAST: usize = 5;
const MOST: usize = 160;
const LEFT: f64 = 1e-4;
/// What is added to the curvatures, as a share of them: columns may depend on each other.
const RIDGE: f64 = 1e-8;
/// Looks along a step.
const SEARCHES: usize = 30;
/// Columns that a thread takes at a time, and parts of them whose products are summed apart.
const TILE: usize = 512;
const PARTS: usize = 4;
/// Columns between two looks at the clock.
const CHECK: usize = 256;

/// How many steps are worth their time: more, where little of what they find ends at a border.
pub struct Steps(usize);

impl Default for Steps {
    fn default() -> Self {
        Steps(STEPS)
    }
}

/// Moves the state; what it took, in entries of X that one thread meets.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn go<F: Real>(state: &mut State<'_, F>, limit: &mut Steps, ctl: &Control) -> Result<usize> {
    let free: Vec<usize> = (0..state.theta.len()).filter(|&j| state.theta[j] != 0.0).collect();
    let entries: usize = free.iter().map(|&j| state.length(j)).sum::<usize>() + state.rows.len();
    let derivatives = threads::map_tiles(ctl, free.len(), TILE, |range| {
        range.map(|at| state.slope(free[at])).collect::<Vec<(f64, f64)>>()
    })?
    .concat();
    let plain: Vec<f64> =
        free.iter().zip(&derivatives).map(|(&j, (slope, _))| -slope - state.theta[j].signum()).collect();
    let inverse = derivatives.iter().map(|(_, h)| 1.0 / h).collect();
    let (mut system, mut moved) = (Conjugate::new(plain.clone(), inverse), vec![0.0; state.rows.len()]);
    let first = system.left_weighed();
    let mut change = vec![0.0; free.len()];
    while system.steps() < limit.0 && system.left_weighed() > LEFT * first {
        products(state, &free, system.direction(), &mut moved, ctl)?;
        // Rows that pay nothing have no curvature.
        for (m, [residual, cost]) in moved.iter_mut().zip(&state.rows) {
            *m *= if residual * cost > 0.0 { 2.0 * cost.abs() } else { 0.0 };
        }
        let along = system.direction();
        threads::fill_rows(ctl, &mut change, 1, TILE, |start, out| {
            for (at, sum) in (start..).zip(out) {
                *sum = RIDGE * derivatives[at].1 * along[at];
                state.each(free[at], |i, v| *sum += v * moved[i]);
            }
        })?;
        if !system.step(&change) {
            break;
        }
    }
    let (steps, total) = (system.steps(), system.into_solution());
    let mut tried = 0;
    for length in [1.0, 0.25, 0.0625] {
        tried += 1;
        // From here to there no coefficient changes its sign.
        let step: Vec<f64> = free
            .iter()
            .zip(&total)
            .map(|(&j, t)| {
                let (from, to) = (state.theta[j], state.theta[j] + length * t);
                if from * to > 0.0 { to - from } else { -from }
            })
            .collect();
        if !(dot(&plain, &step) > 0.0) {
            continue;
        }
        products(state, &free, &step, &mut moved, ctl)?;
        let signs: f64 = free.iter().zip(&step).map(|(&j, s)| state.theta[j].signum() * s).sum();
        let share = search(&state.rows, &moved, signs);
        for (&j, s) in free.iter().zip(&step) {
            state.theta[j] = if share == 1.0 && *s == -state.theta[j] { 0.0 } else { state.theta[j] + share * s };
        }
        state.rows.iter_mut().zip(&moved).for_each(|(row, m)| row[0] -= share * m);
        limit.0 = match share {
            ..0.1 => (limit.0 / 2).max(LEAST),
            0.5.. => (limit.0 * 2).min(MOST),
            _ => limit.0,
        };
        break;
    }
    // On two threads, of which the descent has one, half as much.
    Ok((2 * steps + tried + 1) * entries / 2)
}

/// `X·step` for the steps of these columns.
fn products<F: Real>(state: &State<'_, F>, free: &[usize], step: &[f64], out: &mut [f64], ctl: &Control) -> Result<()> {
    let part = free.len().div_ceil(PARTS).max(CHECK);
    let parts = threads::map_tiles(ctl, free.len(), part, |range| {
        let mut sums = vec![0.0; out.len()];
        for at in range {
            if at % CHECK == 0 && ctl.check().is_err() {
                break;
            }
            state.each(free[at], |i, v| sums[i] += step[at] * v);
        }
        sums
    })?;
    ctl.check()?;
    out.fill(0.0);
    parts.iter().for_each(|part| out.iter_mut().zip(part).for_each(|(o, v)| *o += v));
    Ok(())
}

/// The share of a step, at most all of it, at which the objective is lowest; `signs` is what the penalty changes by.
fn search(rows: &[[f64; 2]], moved: &[f64], signs: f64) -> f64 {
    let slopes = |share: f64| {
        let (mut first, mut second) = (signs, 0.0);
        for ([residual, cost], m) in rows.iter().zip(moved) {
            let residual = residual - share * m;
            if residual * cost > 0.0 {
                let c = 2.0 * cost.abs() * m;
                first -= c * residual;
                second += c * m;
            }
        }
        (first, second)
    };
    let start = slopes(0.0).0.abs();
    let (mut low, mut high, mut share) = (0.0, 1.0, 1.0);
    for _ in 0..SEARCHES {
        let (first, second) = slopes(share);
        if first.abs() <= 1e-3 * start || (share == 1.0 && first < 0.0) {
            break;
        }
        if first > 0.0 {
            high = share;
        } else {
            low = share;
        }
        let next = share - first / second;
        share = if next > low && next < high { next } else { 0.5 * (low + high) };
    }
    share
}
