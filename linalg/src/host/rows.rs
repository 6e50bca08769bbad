//! Rows of X as clustering reads them: in the kernels' coordinates for speed, as given for certainty.
//!
//! Scores ([`super::panel`]) lose accuracy with the square of the rows' lengths, so that data far from the origin are
//! shifted by their mean on the way into the kernels. What decides in the end, [`Rows::distance`], works in `f64` on
//! differences of the values as they were given: it neither shifts nor cancels.

use super::panel::{Hit, Panels, ROWS};
use super::row_loops::{add_row, distance, moments, squares, two_sum};
use crate::{Compressed, Control, Matrix, Real, Result, threads};
use ndarray::{Array1, ArrayView1};
use std::ops::Range;

/// Rows that are looked at together: 256 rows of 100 numbers stay in a second-level cache.
pub const TILE: usize = 256;

/// X with what clustering wants to know about it beforehand. A sparse X is by row.
#[derive(Debug)]
pub struct Source<'a, 'x, F> {
    x: &'a Matrix<'x, F>,
    shifted: bool,
    /// What is subtracted from each row; 0 where X is sparse or lies around the origin.
    pub shift: Vec<f64>,
    /// ‖x − shift‖ of each row, as the kernels see it.
    pub lengths: Vec<f64>,
    /// The mean of each column.
    pub mean: Array1<f64>,
    /// The variance of each column, with divisor n.
    pub variance: Array1<f64>,
}

impl<'a, 'x, F: Real> Source<'a, 'x, F> {
    /// Reads X once, twice where it has to be shifted. Mean and variance are not finite where X holds NaN or
    /// infinity, or overflow.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn new(x: &'a Matrix<'x, F>, ctl: &Control) -> Result<Self> {
        let (n, p) = x.shape();
        let mut source = Source {
            x,
            shifted: false,
            shift: vec![0.0; p],
            lengths: vec![0.0; n],
            mean: Array1::zeros(p),
            variance: Array1::zeros(p),
        };
        let mut buffer = Buffer::default();
        let mut origin = vec![0.0; p];
        if !x.is_sparse() {
            let rows = source.load(0..n.min(TILE), &mut buffer);
            for i in 0..n.min(TILE) {
                rows.row(i).iter().zip(&mut origin).for_each(|(v, o)| *o += v.widen() / n.min(TILE) as f64);
            }
        }
        let group_rows = n.div_ceil(32).next_multiple_of(TILE);
        let parts = threads::map_tiles(ctl, n, group_rows, |group| {
            let (mut buffer, mut first, mut second) = (Buffer::default(), vec![0.0; p], vec![0.0; p]);
            let mut lengths = Vec::with_capacity(group.len());
            for start in group.clone().step_by(TILE) {
                if ctl.check().is_err() {
                    break;
                }
                let tile = start..group.end.min(start + TILE);
                let rows = source.load(tile.clone(), &mut buffer);
                for i in 0..tile.len() {
                    lengths.push(rows.moments(i, &origin, &mut first, &mut second));
                }
            }
            (first, second, lengths)
        })?;
        ctl.check()?;
        let (mut first, mut second) = (vec![0.0; p], vec![0.0; p]);
        source.lengths.clear();
        for (a, b, lengths) in parts {
            first.iter_mut().zip(a).for_each(|(s, v)| *s += v);
            second.iter_mut().zip(b).for_each(|(s, v)| *s += v);
            source.lengths.extend(lengths);
        }
        for j in 0..p {
            let (mean, square) = (first[j] / n as f64, second[j] / n as f64);
            source.mean[j] = mean + origin[j];
            source.variance[j] = (square - mean * mean).max(0.0);
            if (square - mean * mean).is_nan() {
                source.variance[j] = f64::NAN;
            }
        }
        let offset: f64 = source.mean.iter().map(|m| m * m).sum();
        if !x.is_sparse() && offset.is_finite() && offset > source.variance.sum() {
            source.move_to_mean(ctl)?;
        }
        Ok(source)
    }

    fn move_to_mean(&mut self, ctl: &Control) -> Result<()> {
        self.shifted = true;
        self.shift = self.mean.iter().map(|&m| F::narrow(m).widen()).collect();
        let lengths = threads::map_tiles(ctl, self.x.nrows(), TILE, |tile| {
            let (mut buffer, mut moved) = (Buffer::default(), Vec::new());
            let rows = self.load(tile.clone(), &mut buffer);
            let moved = rows.moved(0..tile.len(), &mut moved);
            let length = |i| squares(moved.row(i)).sqrt();
            (0..tile.len()).map(length).collect::<Vec<f64>>()
        })?;
        self.lengths = lengths.into_iter().flatten().collect();
        Ok(())
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.x.shape()
    }

    /// The rows `tile` of X.
    pub fn load<'t>(&'t self, tile: Range<usize>, buffer: &'t mut Buffer<F>) -> Rows<'t, F> {
        load(self.x, self.shifted.then_some(&self.shift), tile, buffer)
    }
}

/// The rows `tile` of `x`, read in place where they lie one after the other.
pub fn load<'t, F: Real>(
    x: &'t Matrix<'_, F>,
    shift: Option<&'t Vec<f64>>,
    tile: Range<usize>,
    buffer: &'t mut Buffer<F>,
) -> Rows<'t, F> {
    let p = x.ncols();
    let values = match (x, x.as_rows()) {
        (Matrix::Sparse(x), _) => Values::Sparse(x, tile.start),
        (_, Some(rows)) => Values::Dense(&rows[tile.start * p..tile.end * p]),
        _ => {
            buffer.0.resize(tile.len() * p, F::zero());
            x.pack(tile.clone(), 0..p, p, &mut buffer.0);
            Values::Dense(&buffer.0)
        }
    };
    Rows { values, shift: shift.map(Vec::as_slice), p, n: tile.len() }
}

/// Room for rows that have to be gathered.
#[derive(Debug, Default)]
pub struct Buffer<F>(Vec<F>);

#[derive(Debug, Clone, Copy)]
enum Values<'t, F> {
    Dense(&'t [F]),
    Sparse(&'t Compressed<'t, F>, usize),
}

/// Some consecutive rows of X, as given.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'t, F> {
    values: Values<'t, F>,
    shift: Option<&'t [f64]>,
    p: usize,
    n: usize,
}

/// The same rows in the kernels' coordinates.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'t, F> {
    values: Values<'t, F>,
    p: usize,
}

impl<'t, F: Real> Rows<'t, F> {
    fn row(&self, i: usize) -> &'t [F] {
        match self.values {
            Values::Dense(v) => &v[i * self.p..(i + 1) * self.p],
            Values::Sparse(..) => &[],
        }
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.p
    }

    /// Puts `rows` of these into the kernels' coordinates; others may not be asked for.
    pub fn moved(&self, rows: impl Iterator<Item = usize>, room: &'t mut Vec<F>) -> Moved<'t, F> {
        let values = match (self.values, self.shift) {
            (Values::Dense(values), Some(shift)) => {
                let p = self.p;
                room.resize(self.n * p, F::zero());
                for i in rows {
                    let (from, to) = (&values[i * p..(i + 1) * p], &mut room[i * p..(i + 1) * p]);
                    for ((t, &f), &s) in to.iter_mut().zip(from).zip(shift) {
                        *t = f - F::narrow(s);
                    }
                }
                Values::Dense(room.as_slice())
            }
            (values, _) => values,
        };
        Moved { values, p: self.p }
    }

    /// The squared distance of row `i` to `center`, whose squared length is `norm`, in `f64`. The order of additions
    /// depends on nothing but p.
    pub fn distance(&self, i: usize, center: &[f64], norm: f64) -> f64 {
        match self.values {
            Values::Dense(_) => distance(self.row(i), center),
            Values::Sparse(x, first) => {
                let (mut square, mut product) = (0.0, 0.0);
                x.for_slice(first + i, |j, v| {
                    square += v.widen() * v.widen();
                    product += v.widen() * center[j];
                });
                (square - 2.0 * product + norm).max(0.0)
            }
        }
    }

    /// Writes row `i`.
    pub fn copy(&self, i: usize, out: &mut [f64]) {
        match self.values {
            Values::Dense(_) => out.iter_mut().zip(self.row(i)).for_each(|(o, v)| *o = v.widen()),
            Values::Sparse(x, first) => {
                out.fill(0.0);
                x.for_slice(first + i, |j, v| out[j] += v.widen());
            }
        }
    }

    /// Adds `weight`·(row `i` − shift) to a sum and its rounding errors to `rest`.
    pub fn add(&self, i: usize, weight: f64, shift: &[f64], sum: &mut [f64], rest: &mut [f64]) {
        match self.values {
            Values::Dense(_) => add_row(self.row(i), weight, shift, sum, rest),
            Values::Sparse(x, first) => {
                x.for_slice(first + i, |j, v| (sum[j], rest[j]) = two_sum(sum[j], rest[j], v.widen() * weight));
            }
        }
    }

    /// Adds (x − origin) and (x − origin)² of row `i`, and returns its length.
    fn moments(&self, i: usize, origin: &[f64], first: &mut [f64], second: &mut [f64]) -> f64 {
        match self.values {
            Values::Dense(_) => moments(self.row(i), origin, first, second),
            Values::Sparse(x, start) => {
                let mut square = 0.0;
                x.for_slice(start + i, |j, v| {
                    first[j] += v.widen();
                    second[j] += v.widen() * v.widen();
                    square += v.widen() * v.widen();
                });
                square.sqrt()
            }
        }
    }
}

impl<F: Real> Moved<'_, F> {
    fn row(&self, i: usize) -> &[F] {
        match self.values {
            Values::Dense(v) => &v[i * self.p..(i + 1) * self.p],
            Values::Sparse(..) => &[],
        }
    }

    /// The length of row `i`.
    pub fn length(&self, i: usize) -> f64 {
        match self.values {
            Values::Dense(_) => squares(self.row(i)).sqrt(),
            Values::Sparse(x, first) => {
                let mut square = 0.0;
                x.for_slice(first + i, |_, v| square += v.widen() * v.widen());
                square.sqrt()
            }
        }
    }

    /// Calls `each(row, hit)` with the best centre of `group` for each of `rows`.
    pub fn evaluate(&self, rows: &[u32], panels: &Panels<F>, group: usize, mut each: impl FnMut(usize, Hit)) {
        if let Values::Sparse(x, first) = self.values {
            for &i in rows {
                each(i as usize, panels.evaluate_sparse(|entry| x.for_slice(first + i as usize, entry), group));
            }
            return;
        }
        let mut hits = [Hit { best: 0.0, second: 0.0, at: 0 }; ROWS];
        for block in rows.chunks(ROWS) {
            let of = |r: usize| block[r.min(block.len() - 1)] as usize;
            panels.evaluate(&std::array::from_fn(|r| self.row(of(r))), group, &mut hits);
            for (&i, hit) in block.iter().zip(&hits) {
                each(i as usize, *hit);
            }
        }
    }

    /// The best over all groups for the rows from `first` on, as many as there are up to [`ROWS`].
    pub fn best(&self, first: usize, n: usize, panels: &Panels<F>, hits: &mut [Hit; ROWS]) {
        let n = n.min(ROWS);
        let mut found = [Hit { best: 0.0, second: 0.0, at: 0 }; ROWS];
        *hits = [Hit { best: f64::INFINITY, second: f64::INFINITY, at: 0 }; ROWS];
        for group in 0..panels.groups() {
            match self.values {
                Values::Sparse(x, start) => (0..n).for_each(|r| {
                    found[r] = panels.evaluate_sparse(|entry| x.for_slice(start + first + r, entry), group);
                }),
                Values::Dense(_) => {
                    panels.evaluate(&std::array::from_fn(|r| self.row(first + r.min(n - 1))), group, &mut found);
                }
            }
            for (hit, found) in hits.iter_mut().zip(&found).take(n) {
                hit.add(found.best, found.at);
                hit.second = hit.second.min(found.second);
            }
        }
    }

    /// Calls `each(row, scores)` with the scores of all centres for each of `rows`.
    pub fn scores(&self, rows: &[u32], panels: &Panels<F>, room: &mut Vec<F>, mut each: impl FnMut(usize, &[F])) {
        let stride = panels.stride();
        room.resize(stride * ROWS, F::zero());
        for block in rows.chunks(ROWS) {
            let of = |r: usize| block[r.min(block.len() - 1)] as usize;
            panels.scores(&std::array::from_fn(|r| self.row(of(r))), room);
            for (&i, scores) in block.iter().zip(room.chunks_exact(stride)) {
                each(i as usize, scores);
            }
        }
    }

    /// Whether the rows are sparse: then [`Moved::scores`] may not be asked.
    pub fn is_sparse(&self) -> bool {
        matches!(self.values, Values::Sparse(..))
    }
}

/// The index of the centre nearest to row `i` and the squared distance, by exact comparison: the first of equally
/// near ones.
pub fn nearest_exactly<F: Real>(rows: &Rows<'_, F>, i: usize, centers: &[f64], norms: &[f64]) -> (u32, f64) {
    let p = rows.p.max(1);
    let mut best = (0, f64::INFINITY);
    for (c, (center, &norm)) in centers.chunks_exact(p).zip(norms).enumerate() {
        let distance = rows.distance(i, center, norm);
        if distance < best.1 {
            best = (c as u32, distance);
        }
    }
    best
}

/// ‖c‖² of each of the rows of length p.
pub fn square_norms(centers: &[f64], p: usize) -> Vec<f64> {
    centers.chunks_exact(p.max(1)).map(|c| ArrayView1::from(c).dot(&ArrayView1::from(c))).collect()
}
