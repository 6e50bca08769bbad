//! What one step of [`super::lloyd`] does to a fixed share of the rows: bounds move, open rows are compared.

use super::panel::{GROUPS, Hit, Panels};
use super::row_loops::two_sum;
use super::rows::{Buffer, Rows, Source, TILE, nearest_exactly, square_norms};
use crate::{Control, Real};
use ndarray::{Array2, ArrayView1, ArrayView2};
use std::ops::Range;

/// More than what two additions or multiplications in `f32` may lose.
const UP: f32 = 1.0 + 4e-7;
const DOWN: f32 = 1.0 - 4e-7;
/// Distances below this count as this: rounding is no longer relative there.
const TINY: f32 = 1e-30;

/// A fixed share of the rows.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) rows: Range<usize>,
    pub(super) labels: Vec<u32>,
    pub(super) upper: Vec<f32>,
    /// rows × groups.
    pub(super) lower: Vec<f32>,
    pub(super) changed: usize,
    pub(super) moved: Option<Change>,
}

/// How the sums change.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) sums: Vec<f64>,
    pub(super) rest: Vec<f64>,
    pub(super) weights: Vec<(f64, f64)>,
    pub(super) touched: Vec<bool>,
}

/// What a step knows about the centres.
pub(super) struct Step<'a, F> {
    pub(super) panels: Panels<F>,
    pub(super) centers: &'a [f64],
    pub(super) norms: Vec<f64>,
    /// By how much each centre moved since the last step.
    pub(super) drift: Vec<f32>,
    /// For each group: the largest drift, whose it is, the second largest.
    pub(super) most: Vec<(f32, u32, f32)>,
    pub(super) group_of: Vec<u32>,
}

impl<'a, F: Real> Step<'a, F> {
    pub(super) fn new(
        flat: &'a [f64],
        centers: ArrayView2<'_, f64>,
        last: Option<&Array2<f64>>,
        shift: &[f64],
    ) -> Self {
        let panels = Panels::new(centers, shift, GROUPS);
        let drift: Vec<f32> = match last {
            None => vec![0.0; centers.nrows()],
            Some(last) => {
                let far = |(a, b): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| {
                    let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                    if square == 0.0 { 0.0 } else { up(square.sqrt() * (1.0 + 1e-9)) }
                };
                centers.rows().into_iter().zip(last.rows()).map(far).collect()
            }
        };
        let mut group_of = vec![0; centers.nrows()];
        let mut most = Vec::with_capacity(panels.groups());
        for group in 0..panels.groups() {
            let mut top = (0.0, u32::MAX, 0.0);
            for c in panels.centers(group) {
                group_of[c] = group as u32;
                if drift[c] > top.0 {
                    top = (drift[c], c as u32, top.0);
                } else if drift[c] > top.2 {
                    top.2 = drift[c];
                }
            }
            most.push(top);
        }
        Step { panels, centers: flat, norms: square_norms(flat, centers.ncols()), drift, most, group_of }
    }

    fn distance(&self, rows: &Rows<'_, F>, i: usize, c: usize, p: usize) -> f64 {
        rows.distance(i, &self.centers[c * p..(c + 1) * p], self.norms[c])
    }
}

fn up(distance: f64) -> f32 {
    (distance as f32 * UP).max(TINY)
}

fn down(distance: f64) -> f32 {
    let low = (distance as f32).min(f32::MAX) * DOWN;
    if low > TINY { low } else { 0.0 }
}

impl Part {
    pub(super) fn step<F: Real>(
        &mut self,
        step: &Step<'_, F>,
        source: &Source<'_, '_, F>,
        weights: Option<&ArrayView1<'_, f64>>,
        known: bool,
        (k, p): (usize, usize),
        ctl: &Control,
    ) {
        self.changed = 0;
        let groups = step.panels.groups();
        let mut room = Room { lists: vec![Vec::with_capacity(TILE); groups], ..Room::default() };
        for start in (0..self.rows.len()).step_by(TILE) {
            if ctl.check().is_err() {
                return;
            }
            let local = start..self.rows.len().min(start + TILE);
            room.active.clear();
            if known {
                self.move_bounds(step, local.clone(), groups, &mut room.active);
            } else {
                room.active.extend(0..local.len() as u32);
            }
            if !room.active.is_empty() {
                self.tile(step, source, weights, known, local, (k, p), &mut room);
            }
        }
    }

    /// Moves the bounds of a tile and collects the rows that they leave open.
    fn move_bounds<F: Real>(&mut self, step: &Step<'_, F>, local: Range<usize>, groups: usize, active: &mut Vec<u32>) {
        let lower = self.lower[local.start * groups..local.end * groups].chunks_exact_mut(groups);
        let upper = self.upper[local.clone()].iter_mut();
        for (i, ((label, upper), lower)) in self.labels[local].iter().zip(upper).zip(lower).enumerate() {
            *upper = (*upper + step.drift[*label as usize]) * UP;
            let mut least = f32::INFINITY;
            for (bound, &(first, whose, second)) in lower.iter_mut().zip(&step.most) {
                *bound = (*bound - if whose == *label { second } else { first }) * DOWN;
                least = least.min(*bound);
            }
            if !(*upper < least) {
                active.push(i as u32);
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one tile of one part of one step")]
    fn tile<F: Real>(
        &mut self,
        step: &Step<'_, F>,
        source: &Source<'_, '_, F>,
        weights: Option<&ArrayView1<'_, f64>>,
        known: bool,
        local: Range<usize>,
        (k, p): (usize, usize),
        room: &mut Room<F>,
    ) {
        let (groups, first) = (step.panels.groups(), self.rows.start + local.start);
        let rows = source.load(first..first + local.len(), &mut room.buffer);
        room.lists.iter_mut().for_each(Vec::clear);
        room.open.clear();
        for &i in &room.active {
            let at = local.start + i as usize;
            let lower = &self.lower[at * groups..(at + 1) * groups];
            let mut exact = f64::INFINITY;
            if known {
                exact = step.distance(&rows, i as usize, self.labels[at] as usize, p);
                self.upper[at] = up(exact.sqrt());
                if lower.iter().all(|&bound| self.upper[at] < bound) {
                    continue;
                }
            }
            for (list, &bound) in room.lists.iter_mut().zip(lower) {
                if !known || !(self.upper[at] < bound) {
                    list.push(i);
                }
            }
            room.slot[i as usize] = room.open.len() as u32;
            // The own centre counts where its group is not looked at.
            let own = known && self.upper[at] < lower[step.group_of[self.labels[at] as usize] as usize];
            let length = source.lengths[first + i as usize];
            let score = if own { exact - length * length } else { f64::INFINITY };
            let own = if own { self.labels[at] } else { 0 };
            room.open.push(Open { row: i, exact, best: Hit { best: score, second: f64::INFINITY, at: own } });
        }
        let opens = room.open.iter().map(|open| open.row as usize);
        let moved = rows.moved(opens, &mut room.moved);
        room.hits.clear();
        for (group, list) in room.lists.iter().enumerate() {
            let (open, slot, hits) = (&mut room.open, &room.slot, &mut room.hits);
            moved.evaluate(list, &step.panels, group, |i, hit| {
                let best = &mut open[slot[i] as usize].best;
                best.add(hit.best, hit.at);
                best.second = best.second.min(hit.second);
                hits.push((group as u32, i as u32, hit));
            });
        }
        for open in &mut room.open {
            let (i, at) = (open.row as usize, local.start + open.row as usize);
            let length = source.lengths[first + i];
            let error = step.panels.error(length);
            let old = self.labels[at];
            let clear = open.best.second - open.best.best > 4.0 * error || k == 1;
            let (label, square) = if clear && (open.best.at as usize) < k {
                (open.best.at, length * length + open.best.best + error)
            } else {
                nearest_exactly(&rows, i, step.centers, &step.norms)
            };
            open.best.at = label;
            open.best.second = error;
            self.upper[at] = up(square.max(0.0).sqrt());
            self.labels[at] = label;
            if label != old {
                self.changed += 1;
                let weight = weights.map_or(1.0, |w| w[first + i]);
                let change = self.moved.get_or_insert_with(|| Change::new(k, p));
                change.add(&rows, i, weight, label as usize, p, &source.shift);
                if known {
                    change.add(&rows, i, -weight, old as usize, p, &source.shift);
                    // The old centre is now one of the others.
                    let bound = &mut self.lower[at * groups + step.group_of[old as usize] as usize];
                    *bound = bound.min(down(open.exact.sqrt()));
                }
            }
        }
        for (group, i, hit) in &room.hits {
            let open = &room.open[room.slot[*i as usize] as usize];
            let (at, length) = (local.start + *i as usize, source.lengths[first + *i as usize]);
            let score = if hit.at == open.best.at { hit.second } else { hit.best };
            let square = length * length + score - open.best.second;
            // An error that is not finite leaves no bound.
            self.lower[at * groups + *group as usize] = if square > 0.0 { down(square.sqrt()) } else { 0.0 };
        }
    }
}

/// A row whose label is open.
#[derive(Debug)]
struct Open {
    row: u32,
    /// The squared distance to its old centre.
    exact: f64,
    best: Hit,
}

/// Room that a part's tiles share.
#[derive(Debug)]
struct Room<F> {
    active: Vec<u32>,
    open: Vec<Open>,
    slot: Vec<u32>,
    lists: Vec<Vec<u32>>,
    hits: Vec<(u32, u32, Hit)>,
    moved: Vec<F>,
    buffer: Buffer<F>,
}

impl<F: Real> Default for Room<F> {
    fn default() -> Self {
        Room {
            active: Vec::with_capacity(TILE),
            open: Vec::with_capacity(TILE),
            slot: vec![0; TILE],
            lists: Vec::new(),
            hits: Vec::new(),
            moved: Vec::new(),
            buffer: Buffer::default(),
        }
    }
}

impl Change {
    fn new(k: usize, p: usize) -> Self {
        Change { sums: vec![0.0; k * p], rest: vec![0.0; k * p], weights: vec![(0.0, 0.0); k], touched: vec![false; k] }
    }

    fn add<F: Real>(&mut self, rows: &Rows<'_, F>, i: usize, weight: f64, c: usize, p: usize, shift: &[f64]) {
        let at = c * p..(c + 1) * p;
        rows.add(i, weight, shift, &mut self.sums[at.clone()], &mut self.rest[at]);
        self.weights[c] = two_sum(self.weights[c].0, self.weights[c].1, weight);
        self.touched[c] = true;
    }
}
