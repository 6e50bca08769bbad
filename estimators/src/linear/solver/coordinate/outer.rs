//! Working sets and screening around the descent.

use super::gap::{Certificate, certificate};
use super::inner::{By, Set, Until};
use super::source::{Fit, Source};
use super::{Rule, State};
use crate::penalty::Gauged;
use crate::{Control, Result, bad_input};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The duality gap, in units of b².
    pub gap: f64,
    /// The gap that was asked for.
    pub goal: f64,
    /// Passes over coordinates.
    pub passes: usize,
    /// Whether the rule was met.
    pub converged: bool,
}

/// Below this many features a working set does not pay.
const SMALL: usize = 256;
/// The smallest working set.
const LEAST: usize = 100;
/// Passes after which the correlations are computed anew, so that rounding errors do not add up.
const PASSES: usize = 100;

/// Improves `state` until the rule is met.
///
/// # Errors
/// [`crate::Error::Linalg`] for an interrupted run or a failed device; [`crate::Error::Input`] where negative weights
/// leave no minimum.
pub fn solve<S: Source + ?Sized, P: Gauged>(
    source: &mut S,
    penalty: &P,
    rule: Rule,
    state: &mut State,
    ctl: &Control,
) -> Result<Outcome> {
    let (p, t) = (source.cols(), source.outputs());
    let goal = rule.tol * source.yty().abs();
    // What remains of b² after rounding is not good enough for a gap that small.
    let exact = rule.tol < 1e-9;
    let mut alive: Vec<bool> = source.squares().iter().map(|&s| s > 0.0).collect();
    for j in (0..p).filter(|&j| !alive[j]) {
        if state.w[j * t..(j + 1) * t].iter().any(|&w| w != 0.0) {
            state.w[j * t..(j + 1) * t].fill(0.0);
            state.fit = None;
        }
    }
    let mut random = rule.random.map(ChaCha8Rng::seed_from_u64);
    // Without a gap that means something, descent has to have come to rest.
    let (mut passes, mut last) = (0, source.screens());
    loop {
        let fit = match state.fit {
            Some(fit) => fit,
            None => source.look(&state.w, &mut state.c, exact, ctl)?,
        };
        state.fit = Some(fit);
        if !source.screens() && falls(penalty, &state.w, fit, source.yty()) {
            bad_input!(
                "Negative values in data passed to `sample_weight` leave no minimum: the coefficients grow without end"
            );
        }
        let found = certificate(penalty, &state.w, &state.c, t, fit);
        ctl.step(passes, rule.max_iter, found.gap)?;
        let converged = found.gap <= goal && (last || passes >= rule.max_iter);
        if converged || passes >= rule.max_iter || !found.gap.is_finite() {
            return Ok(Outcome { gap: found.gap, goal, passes, converged });
        }
        if penalty.l1() > 0.0 && source.screens() && screen(source, penalty, found, state, &mut alive) {
            state.fit = Some(source.look(&state.w, &mut state.c, exact, ctl)?);
        }
        let set = working_set(source, penalty, found, state, &alive);
        last = 0.1 * found.gap <= goal;
        let until = Until {
            gap: if last { 0.5 * goal } else { 0.1 * found.gap },
            change: if last { rule.tol } else { f64::INFINITY },
            passes: (rule.max_iter - passes).min(PASSES),
        };
        passes += descend(source, penalty, &set, until, state, random.as_mut(), ctl)?;
    }
}

/// Whether the objective falls without end along `w`: that curves downwards there.
fn falls<P: Gauged>(penalty: &P, w: &[f64], fit: Fit, yty: f64) -> bool {
    let length: f64 = w.iter().map(|w| w * w).sum();
    let curvature = fit.square + yty - 2.0 * fit.by_target + penalty.l2() * length;
    curvature < -1e-9 * (fit.square.abs() + yty.abs() + 2.0 * fit.by_target.abs())
}

/// Runs the descent on `set`; the passes.
fn descend<S: Source + ?Sized, P: Gauged>(
    source: &mut S,
    penalty: &P,
    set: &[u32],
    until: Until,
    state: &mut State,
    random: Option<&mut ChaCha8Rng>,
    ctl: &Control,
) -> Result<usize> {
    let t = source.outputs();
    let take = |values: &[f64], width: usize| -> Vec<f64> {
        set.iter().flat_map(|&j| values[j as usize * width..(j as usize + 1) * width].iter().copied()).collect()
    };
    let fit = state.fit.take().unwrap_or(Fit { square: source.yty(), by_target: source.yty() });
    let (squares, xty) = (take(source.squares(), 1), take(source.xty(), t));
    let (w, c) = (take(&state.w, t), take(&state.c, t));
    let by = if source.has_gram(set.len()) {
        By::Gram(source.gram(set, ctl)?)
    } else {
        By::Columns(source.moves(set, ctl)?)
    };
    let mut inside = Set { squares, w, c, xty, fit, t, by };
    let passes = inside.descend(penalty, until, random, ctl)?;
    for (&j, w) in set.iter().zip(inside.w.chunks_exact(t)) {
        state.w[j as usize * t..(j as usize + 1) * t].copy_from_slice(w);
    }
    Ok(passes)
}

/// How far feature j's constraint is from the dual point: below 0 it is violated.
fn slack<S: Source + ?Sized, P: Gauged>(source: &S, penalty: &P, found: Certificate, state: &State, j: usize) -> f64 {
    let t = source.outputs();
    let block = j * t..(j + 1) * t;
    let of = |w: &f64, c: &f64| c - penalty.l2() * w;
    let polar = if t == 1 {
        penalty.polar(&[of(&state.w[j], &state.c[j])])
    } else {
        let shifted: Vec<f64> = state.w[block.clone()].iter().zip(&state.c[block]).map(|(w, c)| of(w, c)).collect();
        penalty.polar(&shifted)
    };
    (1.0 - polar / found.scale) / (source.squares()[j] + penalty.l2()).sqrt()
}

/// Takes out the features that are 0 at every optimum (gap-safe sphere); whether a coefficient changed by that.
fn screen<S: Source + ?Sized, P: Gauged>(
    source: &S,
    penalty: &P,
    found: Certificate,
    state: &mut State,
    alive: &mut [bool],
) -> bool {
    // A gap of 0 is one up to rounding; without that a feature that touches its constraint could be lost.
    let gap = found.gap.abs() + 64.0 * f64::EPSILON * source.yty();
    let (t, radius) = (source.outputs(), (2.0 * gap).sqrt() / penalty.l1());
    let mut changed = false;
    for j in 0..alive.len() {
        if alive[j] && slack(source, penalty, found, state, j) > radius {
            alive[j] = false;
            let block = &mut state.w[j * t..(j + 1) * t];
            changed |= block.iter().any(|&w| w != 0.0);
            block.fill(0.0);
        }
    }
    changed
}

/// The features in use and those nearest to their constraints, twice as many as in use; rising.
fn working_set<S: Source + ?Sized, P: Gauged>(
    source: &S,
    penalty: &P,
    found: Certificate,
    state: &State,
    alive: &[bool],
) -> Vec<u32> {
    let t = source.outputs();
    let all = || (0..alive.len()).filter(|&j| alive[j]).map(|j| j as u32);
    let n_alive = all().count();
    if n_alive <= SMALL || penalty.l1() == 0.0 {
        return all().collect();
    }
    let used = |j: u32| state.w[j as usize * t..(j as usize + 1) * t].iter().any(|&w| w != 0.0);
    let size = (2 * all().filter(|&j| used(j)).count()).clamp(LEAST, n_alive);
    let key = |j: u32| if used(j) { f64::NEG_INFINITY } else { slack(source, penalty, found, state, j as usize) };
    let mut ranked: Vec<(f64, u32)> = all().map(|j| (key(j), j)).collect();
    if size < n_alive {
        ranked.select_nth_unstable_by(size, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ranked.truncate(size);
    }
    let mut set: Vec<u32> = ranked.into_iter().map(|(_, j)| j).collect();
    set.sort_unstable();
    set
}
