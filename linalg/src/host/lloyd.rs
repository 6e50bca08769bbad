//! One step of Lloyd's k-means that looks only at what may have changed.
//!
//! For each row an upper bound on the distance to its centre and, for each group of centres, a lower bound on the
//! distance to the others are kept (Ding et al. 2015, "Yinyang k-means"; with one group: Hamerly 2010). After a step
//! the bounds move by as much as the centres moved; a row whose upper bound stays below its lower bounds keeps its
//! label and is not even read. Bounds are rounded outwards and scores count with their error, so that labels are those
//! of a full comparison in `f64`. The members' sums change by the rows that change their label; they are compensated,
//! so that nothing of a row that left stays behind.

use super::panel::{Hit, Panels};
use super::rows::{Buffer, Rows, Source, TILE, nearest_exactly, square_norms, two_sum};
use crate::{Control, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use std::ops::Range;

/// What the partial sums of one step may take together.
const PARTIAL_BYTES: usize = 8 << 20;
/// More than what two additions or multiplications in `f32` may lose.
const UP: f32 = 1.0 + 4e-7;
const DOWN: f32 = 1.0 - 4e-7;
/// Distances below this count as this: rounding is no longer relative there.
const TINY: f32 = 1e-30;

/// Labels, sums and bounds between the steps of one run.
#[derive(Debug)]
pub struct Lloyd {
    k: usize,
    p: usize,
    groups: usize,
    parts: Vec<Part>,
    /// Σ w·(x − shift) of each centre's members, and what rounding lost.
    sums: Vec<f64>,
    rest: Vec<f64>,
    weights: Vec<(f64, f64)>,
    /// The centres of the last step.
    last: Option<Array2<f64>>,
}

/// A fixed share of the rows.
#[derive(Debug)]
struct Part {
    rows: Range<usize>,
    labels: Vec<u32>,
    upper: Vec<f32>,
    /// rows × groups.
    lower: Vec<f32>,
    changed: usize,
    moved: Option<Change>,
}

/// How the sums change.
#[derive(Debug)]
struct Change {
    sums: Vec<f64>,
    rest: Vec<f64>,
    weights: Vec<(f64, f64)>,
    touched: Vec<bool>,
}

/// What a step knows about the centres.
struct Step<'a, F> {
    panels: Panels<F>,
    centers: &'a [f64],
    norms: Vec<f64>,
    /// By how much each centre moved since the last step.
    drift: Vec<f32>,
    /// For each group: the largest drift, whose it is, the second largest.
    most: Vec<(f32, u32, f32)>,
    group_of: Vec<u32>,
}

impl Lloyd {
    /// A run without labels yet, for rows of p values, n of them.
    pub fn new(n: usize, p: usize, k: usize) -> Self {
        let shares = (PARTIAL_BYTES / (16 * k * p.max(1)).max(1)).clamp(4, 64);
        let share = n.div_ceil(shares).next_multiple_of(TILE).max(TILE);
        let part = |start: usize| Part {
            rows: start..n.min(start + share),
            labels: Vec::new(),
            upper: Vec::new(),
            lower: Vec::new(),
            changed: 0,
            moved: None,
        };
        Lloyd {
            k,
            p,
            groups: 0,
            parts: (0..n).step_by(share).map(part).collect(),
            sums: vec![0.0; k * p],
            rest: vec![0.0; k * p],
            weights: vec![(0.0, 0.0); k],
            last: None,
        }
    }

    /// The labels of all rows.
    pub fn labels(&self) -> Array1<u32> {
        self.parts.iter().flat_map(|part| part.labels.iter().copied()).collect()
    }

    /// `Σ w·(x − shift)` over the members of each centre, k × p.
    pub fn sums(&self) -> Array2<f64> {
        let sums = self.sums.iter().zip(&self.rest).map(|(s, r)| s + r).collect();
        Array2::from_shape_vec((self.k, self.p), sums).unwrap_or_default()
    }

    /// `Σ w` over the members of each centre.
    pub fn counts(&self) -> Array1<f64> {
        self.weights.iter().map(|(s, r)| s + r).collect()
    }

    /// How many rows have each label, whatever their weight.
    pub fn members(&self) -> Vec<usize> {
        let mut members = vec![0; self.k];
        self.parts.iter().flat_map(|part| &part.labels).for_each(|&label| members[label as usize] += 1);
        members
    }

    /// Forgets everything, for another start.
    pub fn restart(&mut self) {
        *self = Lloyd::new(self.parts.last().map_or(0, |p| p.rows.end), self.p, self.k);
    }

    /// Takes labels and sums from elsewhere (a device that found them itself) and returns how many labels changed.
    pub fn replace(&mut self, labels: ArrayView1<'_, u32>, sums: Array2<f64>, counts: Array1<f64>) -> usize {
        let mut changed = 0;
        for part in &mut self.parts {
            let new = labels.slice(ndarray::s![part.rows.clone()]);
            part.changed = match part.labels.is_empty() {
                true => part.rows.len(),
                false => new.iter().zip(&part.labels).filter(|(a, b)| a != b).count(),
            };
            part.labels = new.to_vec();
            changed += part.changed;
        }
        self.sums = sums.into_iter().collect();
        self.rest.fill(0.0);
        self.weights = counts.into_iter().map(|c| (c, 0.0)).collect();
        self.last = None;
        changed
    }

    /// Gives each row the label of its nearest of `centers` (k × p, in X's own coordinates), the first of equally near
    /// ones, brings the sums up to date and returns how many labels changed.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`]; then the state is of no use until [`Lloyd::restart`].
    pub fn step<F: Real>(
        &mut self,
        source: &Source<'_, '_, F>,
        centers: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<usize> {
        let centers = centers.as_standard_layout();
        let flat = centers.as_slice().unwrap_or_default();
        let step = Step::<F>::new(flat, centers.view(), self.last.as_ref(), &source.shift);
        self.groups = step.panels.groups();
        let known = self.last.is_some();
        let (k, p) = (self.k, self.p);
        threads::fill_rows(ctl, &mut self.parts, 1, 1, |_, parts| {
            for part in parts {
                if !known {
                    part.labels = vec![u32::MAX; part.rows.len()];
                    part.upper = vec![0.0; part.rows.len()];
                    part.lower = vec![0.0; part.rows.len() * step.panels.groups()];
                }
                part.step(&step, source, weights.as_ref(), known, (k, p), ctl);
            }
        })?;
        ctl.check()?;
        if !known {
            self.sums.fill(0.0);
            self.rest.fill(0.0);
            self.weights.fill((0.0, 0.0));
        }
        let mut changed = 0;
        for part in &mut self.parts {
            changed += part.changed;
            let Some(change) = &mut part.moved else { continue };
            for c in 0..k {
                if !std::mem::take(&mut change.touched[c]) {
                    continue;
                }
                for j in c * p..(c + 1) * p {
                    (self.sums[j], self.rest[j]) = two_sum(self.sums[j], self.rest[j] + change.rest[j], change.sums[j]);
                    (change.sums[j], change.rest[j]) = (0.0, 0.0);
                }
                let (sum, rest) = std::mem::take(&mut change.weights[c]);
                self.weights[c] = two_sum(self.weights[c].0, self.weights[c].1 + rest, sum);
            }
        }
        self.last = Some(centers.to_owned());
        Ok(changed)
    }

    /// `Σ w·‖x − c‖²` with each row's own centre, and the squared distance of each row where they are asked for.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn inertia<F: Real>(
        &self,
        source: &Source<'_, '_, F>,
        centers: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        each: bool,
        ctl: &Control,
    ) -> Result<(f64, Vec<f64>)> {
        let centers = centers.as_standard_layout();
        let flat = centers.as_slice().unwrap_or_default();
        let (norms, p) = (square_norms(flat, self.p), self.p);
        let parts = threads::map(ctl, self.parts.len(), |t| {
            let part = &self.parts[t];
            let mut buffer = Buffer::default();
            let (mut sum, mut distances) = ((0.0, 0.0), Vec::new());
            for start in part.rows.clone().step_by(TILE) {
                if ctl.check().is_err() {
                    break;
                }
                let tile = start..part.rows.end.min(start + TILE);
                let rows = source.load(tile.clone(), &mut buffer);
                for (i, row) in tile.enumerate() {
                    let c = part.labels[row - part.rows.start] as usize;
                    let distance = rows.distance(i, &flat[c * p..(c + 1) * p], norms[c]);
                    let weight = weights.as_ref().map_or(1.0, |w| w[row]);
                    sum = two_sum(sum.0, sum.1, weight * distance);
                    if each {
                        distances.push(distance);
                    }
                }
            }
            (sum, distances)
        })?;
        ctl.check()?;
        let (mut sum, mut distances) = ((0.0, 0.0), Vec::new());
        for (part, d) in parts {
            sum = two_sum(sum.0, sum.1 + part.1, part.0);
            distances.extend(d);
        }
        // Where a term overflows, what rounding lost is not a number.
        Ok((if sum.0.is_finite() { sum.0 + sum.1 } else { sum.0 }, distances))
    }
}

impl<'a, F: Real> Step<'a, F> {
    fn new(flat: &'a [f64], centers: ArrayView2<'_, f64>, last: Option<&Array2<f64>>, shift: &[f64]) -> Self {
        let panels = Panels::new(centers, shift);
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
    fn step<F: Real>(
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
