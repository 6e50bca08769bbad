//! From the interior to a vertex: the rows and coefficients that are all but 0 become 0, what freedom is left is used
//! up by steps along lines on which the objective does not rise, and if the multipliers of the vertex ask for it,
//! steps to better neighbours follow (Koenker and d'Orey 1987, doi:10.2307/2347802).

use super::Pinball;
use super::basis::Basis;
use super::interior::Inside;
use super::line::{Line, Met};
use crate::linear::solver::interior_point::design::{Design, dot};
use crate::linear::solver::interior_point::side::loss;
use crate::{Backend, Result};
use ironlearn_linalg::Real;

/// A multiplier may be this far out of its bounds, of order 1.
const SLACK: f64 = 1e-9;
/// What rounding leaves of a condition on `Aᵀ(w·u)`, whose terms are of order 1.
const ROUNDING: f64 = 1e-11;
/// Steps between vertices at most; few are usual, none in most cases.
const MOST_STEPS: usize = 200;

/// A vertex.
pub struct Landed {
    /// The point.
    pub theta: Vec<f64>,
    /// Steps along lines.
    pub steps: usize,
    /// The objective.
    pub value: f64,
    /// How far it may be above the least value.
    pub gap: f64,
}

struct Vertex<'a, 'd, 'x, B: Backend, F: Real> {
    problem: &'a Pinball,
    design: &'a Design<'d, 'x, B, F>,
    strengths: Vec<f64>,
    theta: Vec<f64>,
    residual: Vec<f64>,
    /// Places of the coefficients that need not be 0, rising.
    support: Vec<usize>,
    /// Rows whose residual is 0 and which are independent in `support` and the intercept.
    rows: Vec<usize>,
    basis: Basis,
    steps: usize,
}

/// The vertex near `inside`; the interior point itself where the clean-up does not reach its objective.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn land<B: Backend, F: Real>(problem: &Pinball, design: &Design<'_, '_, B, F>, inside: &Inside) -> Result<Landed> {
    let mut vertex = Vertex {
        problem,
        design,
        strengths: problem.strengths(design),
        theta: inside.theta.clone(),
        residual: inside.rows.residual.clone(),
        support: Vec::new(),
        rows: Vec::new(),
        basis: Basis::new(0),
        steps: 0,
    };
    vertex.classify(inside)?;
    vertex.use_up_freedom()?;
    vertex.interpolate()?;
    let from_inside = inside.rows.duals();
    vertex.improve(&from_inside)?;
    let value = vertex.value();
    let mut gap = vertex.gap(value, &vertex.multipliers(&from_inside)?.0)?;
    if gap > 1e-12 * value {
        gap = gap.min(vertex.gap(value, &from_inside)?);
    }
    let there = problem.value(design, &inside.theta)?;
    let (theta, value, gap) = if value <= there + 1e-10 * there.abs().max(1e-6 * problem.spread) {
        (vertex.theta, value, gap)
    } else {
        (inside.theta.clone(), there, gap - (value - there))
    };
    Ok(Landed { theta, steps: vertex.steps, value, gap })
}

impl<B: Backend, F: Real> Vertex<'_, '_, '_, B, F> {
    fn value(&self) -> f64 {
        loss(self.problem.bounds(), &self.problem.weights, &self.residual)
            + self.problem.penalty(self.design, &self.theta)
    }

    /// Numbers of a row of the basis.
    fn width(&self) -> usize {
        self.support.len() + usize::from(self.design.intercept)
    }

    /// θ's entries that the basis speaks of get these changes.
    fn add(&mut self, change: &[f64]) {
        for (&j, c) in self.support.iter().zip(change) {
            self.theta[j] += c;
        }
        if self.design.intercept {
            let last = self.theta.len() - 1;
            self.theta[last] += change[self.support.len()];
        }
    }

    fn whole(&self, change: &[f64]) -> Vec<f64> {
        let mut whole = vec![0.0; self.theta.len()];
        self.support.iter().zip(change).for_each(|(&j, c)| whole[j] = *c);
        if self.design.intercept {
            whole[self.theta.len() - 1] = change[self.support.len()];
        }
        whole
    }

    fn row(&self, i: usize, buffer: &mut Vec<f64>) -> Vec<f64> {
        let mut row = vec![0.0; self.width()];
        self.design.row(i, &self.support, buffer, &mut row);
        row
    }

    /// Sets to 0 what is all but 0, and meets as many independent rows as are near enough.
    fn classify(&mut self, inside: &Inside) -> Result<()> {
        let (m, scale) = (self.design.columns.len(), inside.rows.loss().max(1e-9 * self.problem.spread));
        for j in 0..m {
            if self.strengths[j] > 0.0 && inside.penalties.clearness(j, scale) < 1.0 {
                self.theta[j] = 0.0;
            } else {
                self.support.push(j);
            }
        }
        let weights = &self.problem.weights;
        let mut near: Vec<(f64, usize)> = (0..weights.len())
            .filter(|&i| weights[i] > 0.0)
            .map(|i| (inside.rows.clearness(i, scale), i))
            .filter(|near| near.0 < 1.0)
            .collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.basis = Basis::new(self.width());
        let mut buffer = Vec::new();
        for (_, i) in near {
            if self.basis.is_full() {
                break;
            }
            self.design.ctl().check()?;
            let row = self.row(i, &mut buffer);
            if self.basis.add(&row) {
                self.rows.push(i);
            }
        }
        for _ in 0..2 {
            self.meet()?;
        }
        Ok(())
    }

    /// Moves θ the shortest way to where the residuals of `rows` are 0.
    fn meet(&mut self) -> Result<()> {
        self.residual = self.problem.residual(self.design, &self.theta)?;
        let gaps: Vec<f64> = self.rows.iter().map(|&i| self.residual[i]).collect();
        let change = self.basis.solve(&gaps);
        self.add(&change);
        self.residual = self.problem.residual(self.design, &self.theta)?;
        Ok(())
    }

    /// The line through θ along `whole`, with the residuals' fall along it; rows of the basis do not move.
    fn search(&self, whole: &[f64], backwards: bool) -> Result<Option<(f64, Met, bool)>> {
        let fall = self.design.product(whole)?;
        let mut weights = self.problem.weights.clone();
        self.rows.iter().for_each(|&i| weights[i] = 0.0);
        let m = self.strengths.len();
        let line = Line {
            bounds: self.problem.bounds(),
            weights: &weights,
            rows: (&self.residual, &fall),
            strengths: &self.strengths,
            theta: (&self.theta[..m], &whole[..m]),
        };
        let (ahead, size) = line.slope(1.0);
        let flat = 1e-10 * size;
        if !backwards {
            return Ok((ahead < -flat).then(|| line.lowest(1.0, ahead, flat)).flatten().map(|(t, met)| (t, met, true)));
        }
        let (back, _) = line.slope(-1.0);
        let (sure_ahead, sure_back) = (ahead < -flat, back < -flat);
        let tries = match (sure_ahead, sure_back) {
            (true, _) => vec![line.lowest(1.0, ahead, flat)],
            (_, true) => vec![line.lowest(-1.0, back, flat)],
            _ => vec![line.lowest(1.0, ahead, flat), line.lowest(-1.0, back, flat)],
        };
        let found = tries.into_iter().flatten().fold(None, |best: Option<(f64, Met)>, next| match best {
            Some(best) if best.0.abs() <= next.0.abs() * (1.0 + 1e-9) => Some(best),
            _ => Some(next),
        });
        Ok(found.map(|(t, met)| (t, met, sure_ahead || sure_back)))
    }

    /// Steps until as many rows and zeros are met as there are unknowns.
    fn use_up_freedom(&mut self) -> Result<()> {
        let mut buffer = Vec::new();
        let mut zeros = Vec::new();
        while !self.basis.is_full() {
            self.design.ctl().check()?;
            let direction = self.basis.outside();
            let whole = self.whole(&direction);
            let found = self.search(&whole, true)?;
            let (length, met) = match found {
                Some((length, met, _)) => (length, met),
                // No row moves, and nothing is paid: the column is one that others make up for.
                None => {
                    let place = (0..self.support.len())
                        .filter(|k| !zeros.contains(&self.support[*k]))
                        .max_by(|&a, &b| direction[a].abs().total_cmp(&direction[b].abs()));
                    let Some(place) = place else { return Ok(()) };
                    let j = self.support[place];
                    (-self.theta[j] / direction[place], Met::Zero(j))
                }
            };
            self.steps += 1;
            let step: Vec<f64> = direction.iter().map(|d| d * length).collect();
            self.add(&step);
            self.residual = self.problem.residual(self.design, &self.theta)?;
            let added = match met {
                Met::Row(i) => {
                    let row = self.row(i, &mut buffer);
                    self.residual[i] = 0.0;
                    let added = self.basis.add(&row);
                    // A row that counts as dependent: it cannot be met apart from the others.
                    self.rows.push(i);
                    if !added {
                        self.rows.pop();
                    }
                    added
                }
                Met::Zero(j) => {
                    self.theta[j] = 0.0;
                    zeros.push(j);
                    let unit = self.support.iter().map(|&k| f64::from(u8::from(k == j)));
                    let mut row: Vec<f64> = unit.collect();
                    row.resize(self.width(), 0.0);
                    self.basis.add(&row)
                }
            };
            if !added {
                break;
            }
        }
        self.support.retain(|j| !zeros.contains(j));
        Ok(())
    }

    /// Solves for θ afresh from `support` and `rows`.
    fn interpolate(&mut self) -> Result<()> {
        let mut buffer = Vec::new();
        self.basis = Basis::new(self.width());
        let rows = std::mem::take(&mut self.rows);
        for i in rows {
            let row = self.row(i, &mut buffer);
            if self.basis.add(&row) {
                self.rows.push(i);
            }
        }
        for _ in 0..2 {
            self.meet()?;
        }
        let far = self.problem.y.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        // Rows that are met without being asked, too, are met exactly.
        self.residual.iter_mut().filter(|r| r.abs() <= 1e-13 * far).for_each(|r| *r = 0.0);
        self.rows.iter().for_each(|&i| self.residual[i] = 0.0);
        Ok(())
    }

    /// The dual variables of the rows that the vertex implies, with `otherwise` for rows that it meets unasked; and
    /// `Aᵀ(w·u)`.
    fn multipliers(&self, otherwise: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        let (low, high) = self.problem.bounds();
        let weights = &self.problem.weights;
        let mut u: Vec<f64> = self
            .residual
            .iter()
            .zip(otherwise)
            .map(|(&r, &inside)| {
                if r > 0.0 {
                    high
                } else if r < 0.0 {
                    low
                } else {
                    inside
                }
            })
            .collect();
        if !self.basis.is_full() {
            let sums = self.design.transposed(&products(weights, &u))?;
            return Ok((u, sums));
        }
        self.rows.iter().for_each(|&i| u[i] = 0.0);
        let sums = self.design.transposed(&products(weights, &u))?;
        let of =
            |&j: &usize| self.strengths[j] * if self.theta[j] == 0.0 { 0.0 } else { self.theta[j].signum() } - sums[j];
        let mut g: Vec<f64> = self.support.iter().map(of).collect();
        if self.design.intercept {
            g.push(-sums[sums.len() - 1]);
        }
        for (&i, l) in self.rows.iter().zip(self.basis.solve_transposed(&g)) {
            u[i] = l / weights[i];
        }
        let sums = self.design.transposed(&products(weights, &u))?;
        Ok((u, sums))
    }

    /// Goes to better neighbours while multipliers are out of bounds.
    fn improve(&mut self, otherwise: &[f64]) -> Result<()> {
        let (low, high) = self.problem.bounds();
        let mut buffer = Vec::new();
        for _ in 0..MOST_STEPS {
            self.design.ctl().check()?;
            if !self.basis.is_full() {
                return Ok(());
            }
            let (u, sums) = self.multipliers(otherwise)?;
            // By how much, which row or coefficient, and to which side.
            let mut out: Vec<(f64, Met, f64)> = Vec::new();
            for &i in &self.rows {
                let by = (u[i] - high).max(low - u[i]);
                if by > SLACK {
                    out.push((by * self.problem.weights[i], Met::Row(i), if u[i] > high { -1.0 } else { 1.0 }));
                }
            }
            for j in (0..self.strengths.len()).filter(|j| self.support.binary_search(j).is_err()) {
                let by = sums[j].abs() - self.strengths[j];
                if by > SLACK && self.strengths[j] > 0.0 {
                    out.push((by, Met::Zero(j), sums[j].signum()));
                }
            }
            out.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            let mut moved = false;
            for (_, leaves, sign) in out.into_iter().take(8) {
                let whole = match leaves {
                    Met::Row(i) => {
                        let gaps: Vec<f64> = self.rows.iter().map(|&k| if k == i { sign } else { 0.0 }).collect();
                        self.whole(&self.basis.solve(&gaps))
                    }
                    Met::Zero(j) => {
                        let gaps: Vec<f64> = self
                            .rows
                            .iter()
                            .map(|&k| {
                                let mut one = vec![0.0; 1 + usize::from(self.design.intercept)];
                                self.design.row(k, &[j], &mut buffer, &mut one);
                                -sign * one[0]
                            })
                            .collect();
                        let mut whole = self.whole(&self.basis.solve(&gaps));
                        whole[j] = sign;
                        whole
                    }
                };
                // The leaving row moves like any other.
                let kept = self.rows.clone();
                self.rows.retain(|&k| leaves != Met::Row(k));
                let Some((length, met, _)) = self.search(&whole, false)? else {
                    self.rows = kept;
                    continue;
                };
                let before = (self.theta.clone(), self.residual.clone(), self.support.clone(), self.value());
                self.theta.iter_mut().zip(&whole).for_each(|(t, w)| *t += length * w);
                if let Met::Zero(j) = leaves {
                    self.support.push(j);
                    self.support.sort_unstable();
                }
                match met {
                    Met::Row(i) => self.rows.push(i),
                    Met::Zero(j) => {
                        self.theta[j] = 0.0;
                        self.support.retain(|&k| k != j);
                    }
                }
                self.interpolate()?;
                if self.basis.is_full() && self.value() < before.3 {
                    self.steps += 1;
                    moved = true;
                    break;
                }
                (self.theta, self.residual, self.support) = (before.0, before.1, before.2);
                self.rows = kept;
                self.interpolate()?;
            }
            if !moved {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The objective less the value of the dual at the feasible point that `u` leads to; equations of the dual are met
    /// to rounding only, and count with the coefficients that they belong to.
    fn gap(&self, value: f64, u: &[f64]) -> Result<f64> {
        let (low, high) = self.problem.bounds();
        let clamped: Vec<f64> = u.iter().map(|u| u.clamp(low, high)).collect();
        let weighted = products(&self.problem.weights, &clamped);
        let sums = self.design.transposed(&weighted)?;
        let m = self.strengths.len();
        let mut shrink = 1.0_f64;
        let mut unmet = 0.0;
        for j in 0..m {
            let excess = sums[j].abs() - self.strengths[j];
            if self.strengths[j] == 0.0 || (excess > 0.0 && excess <= ROUNDING) {
                unmet += excess * (self.theta[j].abs() + self.problem.spread);
            } else {
                shrink = shrink.min(self.strengths[j] / sums[j].abs());
            }
        }
        if self.design.intercept {
            unmet += sums[m].abs() * (self.theta[m].abs() + self.problem.spread);
        }
        Ok(value - shrink * dot(&weighted, &self.problem.y) + unmet)
    }
}

fn products(weights: &[f64], u: &[f64]) -> Vec<f64> {
    weights.iter().zip(u).map(|(w, u)| w * u).collect()
}
