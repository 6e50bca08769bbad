//! Squared losses with an L2 penalty on many columns, by Newton's method with conjugate gradients over the rows that
//! pay (Keerthi and DeCoste 2005, "A modified finite Newton method for fast solution of large scale linear SVMs").
//!
//! Along a step the objective is a parabola between the places where a row begins or ends to pay, so that its least
//! value is found from the rows' predictions alone. Of a Newton step only the rows that pay are read; all of them once,
//! for the search along it.

use super::dot;
use super::held::Held;
use super::lines::{LANES, Lines, Several};
use super::problem::{Answer, Pays, Problem};
use crate::{Control, Result};
use ironlearn_linalg::{Conjugate, threads};
use std::sync::{Mutex, PoisonError};

/// Entries of X in a tile: what a thread takes at a time.
const TILE: usize = 1 << 18;
/// The share of the gradient that is left when a Newton step is good enough.
const FORCING: f64 = 0.1;
/// Steps of the search along a Newton step.
const SEARCHES: usize = 30;

const SOLVER: &str = "newton-cg";

/// Solves problems that have X in common.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn solve<L: Lines>(problems: &[Problem], cols: usize, lines: &L, ctl: &Control) -> Result<Vec<Answer>> {
    // Of several problems each has a thread, the only one has all.
    let part = (problems.len() > 1).then(|| ctl.part());
    let inner = part.as_ref().unwrap_or(ctl);
    let width = lines.width().max(1);
    let tile = (TILE / width).max(cols / width).clamp(16, 1 << 14);
    let start = |problem| One {
        rows: Rows { problem, lines, ctl: inner, cols, scaling: problem.intercept.unwrap_or(0.0), tile },
        theta: vec![0.0; cols + 1],
        z: vec![0.0; problem.y.len()],
        held: None,
        step: Vec::new(),
        goal: None,
        left: f64::INFINITY,
        iterations: 0,
        state: if problem.pays_anything() { State::Runs } else { State::Converged },
    };
    let mut all: Vec<One<'_, L>> = problems.iter().map(start).collect();
    let mut round = 0;
    loop {
        let failed = Mutex::new(None);
        threads::each(ctl, &mut all, |_, one| {
            if let Err(error) = one.ask() {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        })?;
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut running: Vec<&mut One<'_, L>> = all.iter_mut().filter(|one| one.state == State::Runs).collect();
        if running.is_empty() {
            break;
        }
        ctl.step(round, problems[0].max_iter, running.iter().fold(0.0, |a, one| one.left.max(a)))?;
        round += 1;
        for group in running.chunks_mut(LANES) {
            let along = products(group, cols, lines, tile, ctl)?;
            let count = group.len();
            threads::each(ctl, group, |at, one| one.go(along.iter().skip(at).step_by(count).copied().collect()))?;
        }
    }
    Ok(all.into_iter().map(One::answer).collect())
}

/// The products of all rows with the steps of these problems, row by row.
fn products<L: Lines>(of: &[&mut One<'_, L>], cols: usize, lines: &L, tile: usize, ctl: &Control) -> Result<Vec<f64>> {
    let flat: Vec<f64> = of.iter().flat_map(|one| &one.step[..cols]).copied().collect();
    let several = Several::new(&flat, of.len(), cols);
    let mut out = vec![0.0; of.len() * of[0].z.len()];
    threads::fill_rows(ctl, &mut out, of.len(), tile, |first, out| {
        lines.products(first..first + out.len() / of.len(), &several, out);
    })?;
    Ok(out)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Runs,
    Converged,
    Cut,
}

/// Where one problem is.
struct One<'a, L> {
    rows: Rows<'a, L>,
    /// Coefficients, and the intercept over its scaling last.
    theta: Theta,
    /// The predictions.
    z: Vec<f64>,
    held: Option<Held>,
    /// The Newton step.
    step: Theta,
    /// The length of the gradient at which to stop, and its length.
    goal: Option<f64>,
    left: f64,
    iterations: usize,
    state: State,
}

struct Rows<'a, L> {
    problem: &'a Problem,
    lines: &'a L,
    ctl: &'a Control,
    cols: usize,
    scaling: f64,
    /// Rows of a tile.
    tile: usize,
}

type Theta = Vec<f64>;

impl<L: Lines> One<'_, L> {
    /// Finds the next Newton step, or that none is needed.
    fn ask(&mut self) -> Result<()> {
        if self.state != State::Runs {
            return Ok(());
        }
        let (rows, z) = (&self.rows, &self.z);
        let paying: Vec<u32> = (0..z.len() as u32).filter(|&i| rows.short(i as usize, z[i as usize]).0 > 0.0).collect();
        let mut gradient = rows.sum(&paying, |i| {
            let (short, sign) = rows.short(i, z[i]);
            -2.0 * rows.problem.cost[i] * sign * short
        })?;
        gradient.iter_mut().zip(&self.theta).for_each(|(g, t)| *g += t);
        self.left = square(&gradient).sqrt();
        let goal = *self.goal.get_or_insert(rows.stop() * self.left);
        if self.left <= goal {
            self.state = State::Converged;
        } else if self.iterations >= rows.problem.max_iter {
            self.state = State::Cut;
        } else {
            self.iterations += 1;
            let held = self.held.get_or_insert_with(|| Held::new(z.len(), rows.cols));
            let direct = if held.serves(paying.len()) { rows.direct(held, &paying, &self.theta, z)? } else { None };
            self.step = match direct {
                Some(step) => step,
                None => rows.conjugate(&paying, &gradient, (FORCING * self.left).max(0.3 * goal))?,
            };
        }
        Ok(())
    }

    /// Goes along the step, given its products with the rows but for the intercept.
    fn go(&mut self, mut along: Vec<f64>) {
        let last = self.rows.scaling * self.step[self.rows.cols];
        along.iter_mut().for_each(|a| *a += last);
        let length = self.rows.search((&self.theta, &self.z), (&self.step, &along));
        if !(length > 0.0 && length.is_finite()) {
            // Rounding: as good as it gets.
            self.state = State::Cut;
            return;
        }
        self.theta.iter_mut().zip(&self.step).for_each(|(t, s)| *t += length * s);
        self.z.iter_mut().zip(&along).for_each(|(z, a)| *z += length * a);
    }

    fn answer(mut self) -> Answer {
        let intercept = self.theta[self.rows.cols] * self.rows.scaling;
        self.theta.truncate(self.rows.cols);
        let converged = self.state == State::Converged;
        Answer { coef: self.theta, intercept, iterations: self.iterations, converged, solver: SOLVER }
    }
}

impl<L: Lines> Rows<'_, L> {
    /// The share of the gradient at 0 that is left at the end: liblinear's stops after the step that meets its rule,
    /// which is longer than ours. The dual's rule is about as strict as a hundredth of the primal's.
    fn stop(&self) -> f64 {
        self.problem.share_of_gradient() * if self.problem.dual { 0.01 } else { 0.3 }
    }

    /// How far a row is from paying nothing, and the direction in which its prediction would have to go.
    #[inline]
    fn short(&self, i: usize, z: f64) -> (f64, f64) {
        let y = self.problem.y[i];
        if self.problem.cost[i] == 0.0 {
            return (0.0, y);
        }
        match self.problem.pays {
            Pays::Hinge | Pays::SquaredHinge => ((1.0 - y * z).max(0.0), y),
            Pays::Insensitive(epsilon) | Pays::SquaredInsensitive(epsilon) => {
                (((y - z).abs() - epsilon).max(0.0), (y - z).signum())
            }
        }
    }

    fn dot(&self, i: usize, v: &[f64]) -> f64 {
        self.lines.dot(i, &v[..self.cols]) + self.scaling * v[self.cols]
    }

    /// `Σ factor(i)·(xᵢ, s)` over these rows.
    fn sum(&self, of: &[u32], factor: impl Fn(usize) -> f64 + Sync + Send) -> Result<Theta> {
        let parts = threads::map_tiles(self.ctl, of.len(), self.tile, |range| {
            let mut part = vec![0.0; self.cols + 1];
            let (w, last) = part.split_at_mut(self.cols);
            for &i in &of[range] {
                let c = factor(i as usize);
                self.lines.add(i as usize, c, w);
                last[0] += self.scaling * c;
            }
            part
        })?;
        let mut parts = parts.into_iter();
        let mut sum = parts.next().unwrap_or_else(|| vec![0.0; self.cols + 1]);
        parts.for_each(|part| sum.iter_mut().zip(part).for_each(|(s, p)| *s += p));
        Ok(sum)
    }

    /// The Newton step by a system of the rows that pay; `None` where rounding leaves it without a factor.
    fn direct(&self, held: &mut Held, paying: &[u32], theta: &[f64], z: &[f64]) -> Result<Option<Theta>> {
        let ridge = |i: usize| 0.5 / self.problem.cost[i];
        // What a row wants to be predicted.
        let target = |i: usize| {
            let (short, sign) = self.short(i, z[i]);
            z[i] + sign * short
        };
        let Some(beta) = held.solve(paying, self.lines, self.scaling * self.scaling, ridge, target)? else {
            return Ok(None);
        };
        let mut step: Theta = theta.iter().map(|t| -t).collect();
        let (w, last) = step.split_at_mut(self.cols);
        for (&i, b) in paying.iter().zip(beta) {
            self.lines.add(i as usize, b, w);
            last[0] += self.scaling * b;
        }
        Ok(Some(step))
    }

    /// The Newton step by conjugate gradients, until what is left of the gradient is no longer than `enough`.
    fn conjugate(&self, paying: &[u32], gradient: &[f64], enough: f64) -> Result<Theta> {
        let mut diagonal = vec![1.0; self.cols + 1];
        for &i in paying {
            let c = 2.0 * self.problem.cost[i as usize];
            self.lines.add_squares(i as usize, c, &mut diagonal[..self.cols]);
            diagonal[self.cols] += c * self.scaling * self.scaling;
        }
        diagonal.iter_mut().for_each(|d| *d = 1.0 / *d);
        let mut system = Conjugate::new(gradient.iter().map(|g| -g).collect(), diagonal);
        let most = 10 * (self.cols + 1).max(100);
        while system.left() > enough && system.steps() < most {
            self.ctl.check()?;
            let along = system.direction();
            let mut product = self.sum(paying, |i| 2.0 * self.problem.cost[i] * self.dot(i, along))?;
            product.iter_mut().zip(along).for_each(|(p, a)| *p += a);
            if !system.step(&product) {
                break;
            }
        }
        Ok(system.into_solution())
    }

    /// How far along the step the objective is lowest.
    fn search(&self, (theta, z): (&[f64], &[f64]), (step, along): (&[f64], &[f64])) -> f64 {
        let (at, grows) = (dot(theta, step), square(step));
        // The first and second derivatives.
        let slopes = |length: f64| {
            let (mut first, mut second) = (at + length * grows, grows);
            for (i, (z, a)) in z.iter().zip(along).enumerate() {
                let (short, sign) = self.short(i, z + length * a);
                if short > 0.0 {
                    let c = 2.0 * self.problem.cost[i];
                    first -= c * sign * short * a;
                    second += c * a * a;
                }
            }
            (first, second)
        };
        let (start, _) = slopes(0.0);
        let (mut low, mut high) = (0.0_f64, f64::INFINITY);
        let mut length = 1.0;
        for _ in 0..SEARCHES {
            let (first, second) = slopes(length);
            if first.abs() <= 1e-3 * start.abs() {
                break;
            }
            if first > 0.0 {
                high = length;
            } else {
                low = length;
            }
            let next = length - first / second;
            length = if next > low && next < high {
                next
            } else if high.is_finite() {
                0.5 * (low + high)
            } else {
                2.0 * length
            };
        }
        length
    }
}

fn square(v: &[f64]) -> f64 {
    dot(v, v)
}
