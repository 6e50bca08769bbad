//! The distances that k-means++ draws by: of each row to the nearest of the centres chosen so far.
//!
//! A round asks what several candidates would gain. By the triangle inequality a candidate at least twice as far from
//! a row's centre as the row itself cannot come nearer to it; such rows are not read. For the others scores sort out
//! nearly all; distances that decide are exact ones in `f64`.

use super::panel::{GROUPS, Panels};
use super::rows::{Buffer, Source, TILE, square_norms};
use crate::{Control, Real, Result, threads};
use ndarray::{Array2, ArrayView1};
use std::ops::Range;

/// Rows whose potential is summed up in one number.
const SHARE: usize = 4 * TILE;

/// The squared distance of each row to the nearest chosen centre, and the potential `Σ w·d²` that k-means++ draws by.
#[derive(Debug)]
pub struct Seeding<'s, 'a, 'x, F> {
    source: &'s Source<'a, 'x, F>,
    weights: Option<ArrayView1<'s, f64>>,
    shares: Vec<Share>,
    /// The chosen centres, one after the other.
    chosen: Vec<f64>,
}

#[derive(Debug)]
struct Share {
    rows: Range<usize>,
    square: Vec<f64>,
    nearest: Vec<u32>,
    potential: f64,
    /// For each candidate of the last round what it gains, and where.
    gains: Vec<f64>,
    closer: Vec<(u32, u32, f64)>,
}

impl<'s, 'a, 'x, F: Real> Seeding<'s, 'a, 'x, F> {
    /// Before the first centre: every row is as far as can be.
    pub fn new(source: &'s Source<'a, 'x, F>, weights: Option<ArrayView1<'s, f64>>) -> Self {
        let n = source.shape().0;
        let share = |start: usize| Share {
            rows: start..n.min(start + SHARE),
            square: vec![f64::INFINITY; n.min(start + SHARE) - start],
            nearest: vec![0; n.min(start + SHARE) - start],
            potential: f64::INFINITY,
            gains: Vec::new(),
            closer: Vec::new(),
        };
        Seeding { source, weights, shares: (0..n).step_by(SHARE).map(share).collect(), chosen: Vec::new() }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    /// The potential: the weighted sum of squared distances.
    pub fn potential(&self) -> f64 {
        self.shares.iter().map(|share| share.potential).sum()
    }

    /// The row at which the running sum of the weighted squared distances first reaches `at`. Rows that add nothing
    /// are not found, unless no row adds anything.
    pub fn find(&self, at: f64) -> usize {
        let mut left = at;
        let mut last = None;
        for share in &self.shares {
            if share.potential <= 0.0 {
                continue;
            }
            if left > share.potential {
                left -= share.potential;
                last = Some(share);
                continue;
            }
            let mut found = None;
            for (i, square) in share.square.iter().enumerate() {
                let part = self.weight(share.rows.start + i) * square;
                if part > 0.0 {
                    found = Some(share.rows.start + i);
                    left -= part;
                    if left <= 0.0 {
                        break;
                    }
                }
            }
            if let Some(row) = found {
                return row;
            }
        }
        // Rounding carried the sum past the last row: the last one that counts.
        let of = |share: &Share| {
            let counts = |&i: &usize| self.weight(share.rows.start + i) * share.square[i] > 0.0;
            (0..share.square.len()).rev().find(counts).map(|i| share.rows.start + i)
        };
        last.and_then(of).unwrap_or(self.source.shape().0 - 1)
    }

    /// Row `row` of X.
    pub fn row(&self, row: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.source.shape().1];
        self.source.load(row..row + 1, &mut Buffer::default()).copy(0, &mut out);
        out
    }

    /// By how much each candidate, one a row, would lower the potential.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn gains(&mut self, candidates: &Array2<f64>, ctl: &Control) -> Result<Vec<f64>> {
        let (t, p) = candidates.dim();
        let flat = candidates.as_slice().unwrap_or_default();
        let norms = square_norms(flat, p);
        let panels = Panels::<F>::new(candidates.view(), &self.source.shift, GROUPS);
        // A quarter of the squared distance from each chosen centre to each candidate, a little less.
        let quarters: Vec<f64> = self
            .chosen
            .chunks_exact(p)
            .flat_map(|c| flat.chunks_exact(p).map(move |candidate| (c, candidate)))
            .map(|(c, candidate)| c.iter().zip(candidate).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() * (0.25 - 1e-9))
            .collect();
        let least: Vec<f64> =
            quarters.chunks_exact(t).map(|q| q.iter().copied().fold(f64::INFINITY, f64::min)).collect();
        let (source, weights) = (self.source, self.weights);
        threads::fill_rows(ctl, &mut self.shares, 1, 1, |_, shares| {
            for share in shares {
                let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
                share.round(source, &panels, (flat, &norms), (&quarters, &least), weight);
            }
        })?;
        let mut gains = vec![0.0; t];
        for share in &self.shares {
            gains.iter_mut().zip(&share.gains).for_each(|(g, s)| *g += s);
        }
        Ok(gains)
    }

    /// Chooses candidate `best` of the last round.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn choose(&mut self, candidates: &Array2<f64>, best: usize, ctl: &Control) -> Result<()> {
        let index = (self.chosen.len() / candidates.ncols().max(1)) as u32;
        self.chosen.extend(candidates.row(best));
        let weights = self.weights;
        threads::fill_rows(ctl, &mut self.shares, 8, 1, |_, shares| {
            for share in shares {
                let mut changed = false;
                for &(row, candidate, square) in &share.closer {
                    if candidate as usize == best {
                        share.square[row as usize] = square;
                        share.nearest[row as usize] = index;
                        changed = true;
                    }
                }
                if changed {
                    let part = |(i, s): (usize, &f64)| weights.as_ref().map_or(1.0, |w| w[share.rows.start + i]) * s;
                    share.potential = share.square.iter().enumerate().map(part).sum();
                }
            }
        })?;
        Ok(())
    }
}

impl Share {
    fn round<F: Real>(
        &mut self,
        source: &Source<'_, '_, F>,
        panels: &Panels<F>,
        (flat, norms): (&[f64], &[f64]),
        (quarters, least): (&[f64], &[f64]),
        weight: impl Fn(usize) -> f64,
    ) {
        let (t, p) = (norms.len(), source.shape().1);
        self.gains = vec![0.0; t];
        self.closer.clear();
        let (mut buffer, mut room, mut scores) = (Buffer::default(), Vec::new(), Vec::new());
        let (mut active, mut near): (Vec<u32>, Vec<u32>) = (Vec::with_capacity(TILE), Vec::with_capacity(TILE));
        for start in (0..self.rows.len()).step_by(TILE) {
            let local = start..self.rows.len().min(start + TILE);
            active.clear();
            for (i, at) in local.clone().enumerate() {
                if least.is_empty() || self.square[at] > least[self.nearest[at] as usize] {
                    active.push(i as u32);
                }
            }
            if active.is_empty() {
                continue;
            }
            let first = self.rows.start + local.start;
            let rows = source.load(first..first + local.len(), &mut buffer);
            let moved = rows.moved(active.iter().map(|&i| i as usize), &mut room);
            let mut consider = |i: usize, maybe: &dyn Fn(usize, f64) -> bool| {
                let at = local.start + i;
                let old = self.square[at];
                for c in 0..t {
                    let hopeless = !least.is_empty() && old <= quarters[self.nearest[at] as usize * t + c];
                    if hopeless || !maybe(c, old) {
                        continue;
                    }
                    let square = rows.distance(i, &flat[c * p..(c + 1) * p], norms[c]);
                    if square < old {
                        let weight = weight(first + i);
                        // Before the first centre the potential is infinite; any finite number does for the gain.
                        self.gains[c] += weight * (if old.is_finite() { old } else { 0.0 } - square);
                        self.closer.push((at as u32, c as u32, square));
                    }
                }
            };
            if moved.is_sparse() || least.is_empty() {
                active.iter().for_each(|&i| consider(i as usize, &|_, _| true));
            } else {
                // Most rows are out of reach of every candidate.
                near.clear();
                for group in 0..panels.groups() {
                    moved.evaluate(&active, panels, group, |i, hit| {
                        let length = source.lengths[first + i];
                        let apart = length * length + hit.best - panels.error(length) >= self.square[local.start + i];
                        if !apart && near.last() != Some(&(i as u32)) {
                            near.push(i as u32);
                        }
                    });
                }
                if panels.groups() > 1 {
                    near.sort_unstable();
                    near.dedup();
                }
                moved.scores(&near, panels, &mut scores, |i, scores| {
                    let length = source.lengths[first + i];
                    let error = panels.error(length);
                    consider(i, &|c, old| !(length * length + scores[c].widen() - error >= old));
                });
            }
        }
    }
}
