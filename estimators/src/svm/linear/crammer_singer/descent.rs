//! Many coefficients: coordinate descent on the dual, for each row the variables of all its classes at once, with
//! shrinking (Keerthi, Sundararajan, Chang, Hsieh and Lin 2008, doi:10.1145/1401890.1401942), and now and then conjugate
//! gradients over all that are free ([`super::face`]).
//!
//! A row spreads its cost over the classes: β_k ≥ 0 with `Σₖ βₖ = cost`, and `wₖ = Σ (cost·1[k = y] − βₖ)·x`. The dual
//! falls where β moves to classes of larger scores `z_k + 1[k ≠ y]`, and is lowest where only the largest have any.

use super::face::{Face, Steps};
use super::rows::Rows;
use super::{AllClasses, Found, PASSES};
use crate::linear::solver::order::Order;
use crate::{Control, Result};
use ndarray::Array2;

/// Rows between two looks at the clock.
const CHECK: usize = 256;
/// The relative duality gap at the end, and the largest violation, as shares of liblinear's tolerance.
const GAP: f64 = 1e-3;
const VIOLATION: f64 = 0.3;
/// Passes before conjugate gradients are thought of.
const ALONE: usize = 80;

/// Where the descent is.
pub struct State<'a, R> {
    /// The problem.
    pub all: &'a AllClasses<'a>,
    /// Its rows.
    pub rows: &'a R,
    /// The intercept's scaling; 0: there is none.
    pub scaling: f64,
    /// For each row its classes, those first that are still looked at, and how many these are.
    classes: Vec<u32>,
    live: Vec<u32>,
    /// For each row and class, by the class's number.
    pub beta: Vec<f64>,
    /// The rows' squares, the intercept's column among them.
    pub squares: Vec<f64>,
    /// The coefficients, as the rows want them.
    pub w: Vec<f64>,
    /// The intercepts over their scaling.
    pub last: Vec<f64>,
}

/// Solves for X of any number of columns; at most so many visits of rows, times their classes.
///
/// # Errors
/// [`crate::Error::Linalg`] when interrupted.
pub fn solve<R: Rows>(all: &AllClasses<'_>, cols: usize, rows: &R, most_visits: usize, ctl: &Control) -> Result<Found> {
    let (n, k) = (all.codes.len(), all.n_classes);
    let scaling = all.intercept.unwrap_or(0.0);
    let mut beta = vec![0.0; n * k];
    (0..n).for_each(|i| beta[i * k + all.codes[i] as usize] = all.cost[i]);
    let counted: Vec<u32> = (0..n as u32).filter(|&i| all.cost[i as usize] > 0.0).collect();
    let mut state = State {
        all,
        rows,
        scaling,
        classes: (0..n).flat_map(|_| 0..k as u32).collect(),
        live: vec![k as u32; n],
        beta,
        squares: (0..n).map(|i| rows.square(i) + scaling * scaling).collect(),
        w: vec![0.0; rows.size(cols)],
        last: vec![0.0; k],
    };
    for i in (0..n).filter(|&i| state.squares[i] <= 0.0) {
        // An empty row without an intercept tells no class from another.
        state.beta.swap(i * k + all.codes[i] as usize, i * k + (all.codes[i] as usize + 1) % k);
    }
    let mut order = Order::new(counted.clone(), (all.seed, 0));
    let mut work = Work { scores: vec![0.0; k], next: vec![0.0; k], sorted: Vec::with_capacity(k) };
    let (mut iterations, mut converged, mut from_all) = (0, false, true);
    // What the violations have to fall to before all rows and classes are looked at again.
    let tol = VIOLATION * all.tol;
    let mut enough = (10.0 * tol).max(1.0);
    // What has been spent on the descent since the last conjugate gradients, and on these, in rows times classes.
    let (mut spent, mut on_face, mut in_all, mut look) = (0, 0, 0, 4);
    let mut steps = Steps::default();
    while iterations < PASSES && in_all < most_visits {
        order.shuffle();
        let (mut most, mut at) = (0.0_f64, 0);
        while at < order.len() {
            if at % CHECK == 0 {
                ctl.check()?;
            }
            let Some(i) = order.get(at) else { break };
            (spent, in_all) = (spent + state.live[i] as usize, in_all + state.live[i] as usize);
            match state.visit(i, &mut work) {
                Some(violation) => {
                    most = most.max(violation);
                    at += 1;
                }
                None => order.leave(at),
            }
        }
        iterations += 1;
        ctl.step(iterations, PASSES, most)?;
        if most <= enough {
            if from_all && most <= tol {
                converged = true;
                break;
            }
            enough = (0.5 * enough).max(tol);
            order = order.again(counted.clone());
            state.live.fill(k as u32);
            from_all = true;
        } else {
            from_all = false;
        }
        if iterations >= look {
            look = iterations + (iterations / 3).max(4);
            let (value, gap) = state.gap(ctl)?;
            if gap <= GAP * all.tol * value {
                converged = true;
                break;
            }
        }
        if iterations >= ALONE && spent >= 2 * on_face {
            spent = 0;
            on_face = Face::of(&state).go(&mut state, &mut steps, ctl)?.max(n * k / 4);
            in_all += on_face;
        }
    }
    let coef = Array2::from_shape_fn((k, cols), |(c, j)| state.w[rows.place(j, c)]);
    let intercept = state.last.iter().map(|v| v * scaling).collect();
    // Passes over rows and classes that are looked at; those left alone take no part.
    let iterations = in_all.div_ceil(counted.len().max(1) * k);
    Ok(Found { coef, intercept, iterations, converged, solver: "dual-coordinate-descent" })
}

struct Work {
    scores: Vec<f64>,
    next: Vec<f64>,
    sorted: Vec<f64>,
}

impl<R: Rows> State<'_, R> {
    /// The scores of a row for these classes.
    pub fn scores(&self, i: usize, classes: &[u32], out: &mut [f64]) {
        for (o, &c) in out.iter_mut().zip(classes) {
            *o = self.scaling * self.last[c as usize] + self.all.margin(i, c as usize);
        }
        self.rows.products(i, classes, &self.w, out);
    }

    /// Spreads a row's cost anew; by how much its conditions were violated. `None` where the row is left alone from now on.
    fn visit(&mut self, i: usize, work: &mut Work) -> Option<f64> {
        let k = self.all.n_classes;
        let mut live = self.live[i] as usize;
        let scores = &mut work.scores[..live];
        self.scores(i, &self.classes[i * k..i * k + live], scores);
        let classes = &mut self.classes[i * k..(i + 1) * k];
        let beta = &mut self.beta[i * k..(i + 1) * k];
        let largest = scores.iter().fold(f64::NEG_INFINITY, |a, &s| a.max(s));
        let held = scores.iter().zip(&*classes).filter(|(_, c)| beta[**c as usize] > 0.0);
        let least = held.fold(f64::INFINITY, |a, (&s, _)| a.min(s));
        // A class without a share and with a smaller score than all that have one wants none.
        let mut at = 0;
        while at < live {
            if beta[classes[at] as usize] == 0.0 && scores[at] < least {
                live -= 1;
                classes.swap(at, live);
                scores.swap(at, live);
            } else {
                at += 1;
            }
        }
        self.live[i] = live as u32;
        if live <= 1 {
            return None;
        }
        let violation = largest - least;
        let (square, cost) = (self.squares[i], self.all.cost[i]);
        if violation <= 1e-12 || square <= 0.0 {
            return Some(0.0);
        }
        let (classes, scores, next) = (&classes[..live], &scores[..live], &mut work.next[..live]);
        for ((to, &c), s) in next.iter_mut().zip(classes).zip(scores) {
            *to = beta[c as usize] + s / square;
        }
        onto_simplex(cost, next, &mut work.sorted);
        for (to, &c) in next.iter_mut().zip(classes) {
            let new = *to;
            *to = beta[c as usize] - new;
            beta[c as usize] = new;
        }
        self.rows.add(i, classes, next, &mut self.w);
        classes.iter().zip(&*next).for_each(|(&c, by)| self.last[c as usize] += self.scaling * by);
        Some(violation)
    }

    /// The objective at the coefficients, and how far that may be above its least value.
    fn gap(&self, ctl: &Control) -> Result<(f64, f64)> {
        let (n, k) = (self.all.codes.len(), self.all.n_classes);
        let (every, mut scores): (Vec<u32>, _) = ((0..k as u32).collect(), vec![0.0; k]);
        let square: f64 = self.w.iter().chain(&self.last).map(|v| v * v).sum();
        let (mut losses, mut gap) = (0.0, 0.0);
        for i in 0..n {
            if i % CHECK == 0 {
                ctl.check()?;
            }
            let cost = self.all.cost[i];
            if cost == 0.0 {
                continue;
            }
            self.scores(i, &every, &mut scores);
            let largest = scores.iter().fold(f64::NEG_INFINITY, |a, &s| a.max(s));
            losses += cost * (largest - scores[self.all.codes[i] as usize]);
            gap += self.beta[i * k..(i + 1) * k].iter().zip(&scores).map(|(b, s)| b * (largest - s)).sum::<f64>();
        }
        Ok((0.5 * square + losses, gap))
    }
}

/// The nearest point whose numbers are not negative and add up to `cost` (Held, Wolfe and Crowder 1974).
pub fn onto_simplex(cost: f64, point: &mut [f64], sorted: &mut Vec<f64>) {
    if let [a, b] = point {
        let up = (0.5 * (cost + *a - *b)).clamp(0.0, cost);
        (*a, *b) = (up, cost - up);
        return;
    }
    sorted.clear();
    sorted.extend_from_slice(point);
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    // Relative to the largest, so that a small cost is not lost beside it.
    let top = sorted[0];
    let (mut sum, mut off) = (-cost, 0.0);
    for (count, &v) in (1..).zip(sorted.iter()) {
        sum += v - top;
        let next = sum / f64::from(count);
        if v - top <= next {
            break;
        }
        off = next;
    }
    point.iter_mut().for_each(|v| *v = (*v - top - off).max(0.0));
}
