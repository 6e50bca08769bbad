//! Conjugate gradients over the coefficients that are not 0, with their signs held: the Newton step of all of them, as far as
//! the objective falls; those that would change their sign become 0. Coefficients without an L1 penalty are free.

use super::row::Row;
use super::state::State;
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
#[derive(Debug, Clone)]
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
pub fn go<F: Real, R: Row>(state: &mut State<'_, F, R>, limit: &mut Steps, ctl: &Control) -> Result<usize> {
    let is_free = |j: usize| state.theta[j] != 0.0 || (state.l1[j] == 0.0 && state.bounds[j] > 0.0);
    let free: Vec<usize> = (0..state.theta.len()).filter(|&j| is_free(j)).collect();
    let entries: usize = free.iter().map(|&j| state.length(j)).sum::<usize>() + state.rows.len();
    let derivatives = threads::map_tiles(ctl, free.len(), TILE, |range| {
        range.map(|at| state.slope(free[at])).collect::<Vec<(f64, f64)>>()
    })?
    .concat();
    // How the penalty grows with each.
    let signs: Vec<f64> =
        free.iter().map(|&j| if state.l1[j] == 0.0 { 0.0 } else { state.l1[j] * state.theta[j].signum() }).collect();
    let plain: Vec<f64> = signs.iter().zip(&derivatives).map(|(sign, (slope, _))| -slope - sign).collect();
    let inverse = derivatives.iter().map(|(_, h)| 1.0 / h).collect();
    let curvatures: Vec<f64> = state.rows.iter().map(|row| row.derivatives().1).collect();
    let (mut system, mut moved) = (Conjugate::new(plain.clone(), inverse), vec![0.0; state.rows.len()]);
    let first = system.left_weighed();
    let mut change = vec![0.0; free.len()];
    while system.steps() < limit.0 && system.left_weighed() > LEFT * first {
        products(state, &free, system.direction(), &mut moved, ctl)?;
        moved.iter_mut().zip(&curvatures).for_each(|(m, c)| *m *= c);
        let along = system.direction();
        threads::fill_rows(ctl, &mut change, 1, TILE, |start, out| {
            for (at, sum) in (start..).zip(out) {
                *sum = (RIDGE * derivatives[at].1 + state.l2[free[at]]) * along[at];
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
                if from * to > 0.0 || state.l1[j] == 0.0 { to - from } else { -from }
            })
            .collect();
        let gain: f64 = plain.iter().zip(&step).map(|(p, s)| p * s).sum();
        if !(gain > 0.0) {
            continue;
        }
        products(state, &free, &step, &mut moved, ctl)?;
        let mut penalty = (0.0, 0.0);
        for ((&j, sign), s) in free.iter().zip(&signs).zip(&step) {
            penalty.0 += s * (sign + state.l2[j] * state.theta[j]);
            penalty.1 += state.l2[j] * s * s;
        }
        let share = search(&state.rows, &moved, penalty);
        for (&j, s) in free.iter().zip(&step) {
            state.theta[j] = if share == 1.0 && *s == -state.theta[j] { 0.0 } else { state.theta[j] + share * s };
        }
        state.rows.iter_mut().zip(&moved).for_each(|(row, m)| row.shift(share * m));
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
fn products<F: Real, R: Row>(
    state: &State<'_, F, R>,
    free: &[usize],
    step: &[f64],
    out: &mut [f64],
    ctl: &Control,
) -> Result<()> {
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

/// The share of a step, at most all of it, at which the objective is lowest; `penalty` has the derivatives along it of
/// what is not the rows'.
fn search<R: Row>(rows: &[R], moved: &[f64], penalty: (f64, f64)) -> f64 {
    let slopes = |share: f64| {
        let (mut first, mut second) = (penalty.0 + share * penalty.1, penalty.1);
        for (&row, m) in rows.iter().zip(moved) {
            let mut row = row;
            row.shift(share * m);
            let (slope, curvature) = row.derivatives();
            first += slope * m;
            second += curvature * m * m;
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
