//! One step of Lloyd's k-means that looks only at what may have changed.
//!
//! For each row an upper bound on the distance to its centre and, for each group of centres, a lower bound on the
//! distance to the others are kept (Ding et al. 2015, "Yinyang k-means"; with one group: Hamerly 2010). After a step
//! the bounds move by as much as the centres moved; a row whose upper bound stays below its lower bounds keeps its
//! label and is not even read. Bounds are rounded outwards and scores count with their error, so that labels are those
//! of a full comparison in `f64`. The members' sums change by the rows that change their label; they are compensated,
//! so that nothing of a row that left stays behind.

use super::lloyd_part::{Part, Step};
use super::row_loops::two_sum;
use super::rows::{Buffer, Source, TILE, square_norms};
use crate::{Control, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// What the partial sums of one step may take together.
const PARTIAL_BYTES: usize = 8 << 20;

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
