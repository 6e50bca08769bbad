//! A source over sparse X by columns, centred without being formed.

use super::source::{Fit, Moves, Source};
use crate::{Control, Result, bad_input};
use ironlearn_linalg::{Compressed, Real, threads};
use ndarray::ArrayView2;

/// Above this size of a set descent goes by its columns.
const MOST: usize = 2048;

/// `X − 1·x̄ᵀ` with weights, for a CSC matrix without duplicate entries. Some weights may be negative: what is called a
/// square then is the sum of weighted ones.
pub struct SparseColumns<'a, F> {
    x: Compressed<'a, F>,
    weights: Vec<f64>,
    signed: bool,
    total: f64,
    mean: Vec<f64>,
    /// `Σ w·x` of each column.
    sums: Vec<f64>,
    /// y − ȳ, output by output.
    y: Vec<f64>,
    t: usize,
    xty: Vec<f64>,
    squares: Vec<f64>,
    yty: f64,
    last: (Vec<u32>, Vec<f64>),
}

impl<'a, F: Real> SparseColumns<'a, F> {
    /// Of centred targets y (n × t) and the columns' means, as given.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run; [`crate::Error::Input`] where negative weights make a column's
    /// squares add up to less than 0, so that there is no minimum.
    pub fn new(
        x: Compressed<'a, F>,
        y: ArrayView2<'_, f64>,
        weights: Vec<f64>,
        mean: Vec<f64>,
        ctl: &Control,
    ) -> Result<Self> {
        let (n, t, p) = (x.shape().0, y.ncols(), x.shape().1);
        let flat: Vec<f64> = y.columns().into_iter().flat_map(|c| c.to_vec()).collect();
        let weighted: Vec<f64> = flat.iter().enumerate().map(|(at, y)| y * weights[at % n]).collect();
        let totals: Vec<f64> = weighted.chunks_exact(n).map(|y| y.iter().sum()).collect();
        let total: f64 = weights.iter().sum();
        let signed = weights.iter().any(|&w| w < 0.0);
        let parts = threads::map_tiles(ctl, p, 256, |cols| {
            let mut out = Vec::with_capacity(cols.len() * (t + 2));
            for j in cols {
                let (mut sum, mut square, mut products) = (0.0, 0.0, vec![0.0; t]);
                x.for_slice(j, |i, v| {
                    let (v, m) = (v.widen(), mean[j]);
                    sum += weights[i] * v;
                    square += weights[i] * ((v - m) * (v - m) - m * m);
                    (0..t).for_each(|k| products[k] += v * weighted[k * n + i]);
                });
                out.push(sum);
                let square = square + mean[j] * mean[j] * total;
                out.push(if signed { square } else { square.max(0.0) });
                out.extend((0..t).map(|k| products[k] - mean[j] * totals[k]));
            }
            out
        })?;
        let mut found = SparseColumns {
            x,
            signed,
            total,
            mean,
            sums: vec![],
            t,
            xty: vec![],
            squares: vec![],
            yty: 0.0,
            weights,
            y: flat,
            last: Default::default(),
        };
        for column in parts.iter().flat_map(|part| part.chunks_exact(t + 2)) {
            found.sums.push(column[0]);
            if column[1] < 0.0 && found.squares_below_zero(found.squares.len(), column[1]) {
                bad_input!(
                    "Negative values in data passed to `sample_weight` make the squares of column {} add up to {}: there \
                     is no minimum",
                    found.squares.len(),
                    column[1]
                );
            }
            found.squares.push(column[1].max(0.0));
            found.xty.extend(&column[2..]);
        }
        found.yty = found.y.iter().zip(&weighted).map(|(y, v)| y * v).sum();
        Ok(found)
    }

    /// Whether that is more than rounding.
    fn squares_below_zero(&self, j: usize, square: f64) -> bool {
        let mut size = 0.0;
        self.x
            .for_slice(j, |i, v| size += self.weights[i].abs() * (v.widen() * v.widen() + self.mean[j] * self.mean[j]));
        square < -1e-12 * size
    }

    fn stored(&self, set: &[u32]) -> usize {
        let mut count = 0;
        set.iter().for_each(|&j| self.x.for_slice(j as usize, |_, _| count += 1));
        count
    }
}

impl<F: Real> Source for SparseColumns<'_, F> {
    fn cols(&self) -> usize {
        self.squares.len()
    }

    fn outputs(&self) -> usize {
        self.t
    }

    fn xty(&self) -> &[f64] {
        &self.xty
    }

    fn squares(&self) -> &[f64] {
        &self.squares
    }

    fn yty(&self) -> f64 {
        self.yty
    }

    fn screens(&self) -> bool {
        !self.signed
    }

    fn look(&mut self, w: &[f64], c: &mut [f64], _: bool, ctl: &Control) -> Result<Fit> {
        let (n, t) = (self.x.shape().0, self.t);
        let mut residual = self.y.clone();
        let mut offset = vec![0.0; t];
        for (j, block) in w.chunks_exact(t).enumerate() {
            if block.iter().all(|&w| w == 0.0) {
                continue;
            }
            self.x.for_slice(j, |i, v| (0..t).for_each(|k| residual[k * n + i] -= block[k] * v.widen()));
            offset.iter_mut().zip(block).for_each(|(o, w)| *o += w * self.mean[j]);
        }
        let mut fit = Fit { square: 0.0, by_target: 0.0 };
        let mut sums = vec![0.0; t];
        for (k, (r, y)) in residual.chunks_exact_mut(n).zip(self.y.chunks_exact(n)).enumerate() {
            for ((r, y), w) in r.iter_mut().zip(y).zip(&self.weights) {
                let value = *r + offset[k];
                *r = value * w;
                fit.square += value * *r;
                fit.by_target += *r * y;
                sums[k] += *r;
            }
        }
        let (x, mean, p) = (&self.x, &self.mean, self.cols());
        let parts = threads::map_tiles(ctl, p, 256, |cols| {
            let mut out = vec![0.0; cols.len() * t];
            for (j, out) in cols.zip(out.chunks_exact_mut(t)) {
                x.for_slice(j, |i, v| (0..t).for_each(|k| out[k] += v.widen() * residual[k * n + i]));
                (0..t).for_each(|k| out[k] -= mean[j] * sums[k]);
            }
            out
        })?;
        c.iter_mut().zip(parts.iter().flatten()).for_each(|(c, v)| *c = *v);
        Ok(fit)
    }

    fn has_gram(&self, size: usize) -> bool {
        // A step on moments costs the set's size, one on columns twice the column's entries.
        size <= MOST && size * self.cols() <= 64 * self.cols() + 4 * self.x.data().len()
    }

    fn gram(&mut self, set: &[u32], ctl: &Control) -> Result<&[f64]> {
        if self.last.0 != set {
            let (n, m) = (self.x.shape().0, set.len());
            let (x, mean, sums) = (&self.x, &self.mean, &self.sums);
            let tile = (1 << 16) / (self.stored(set) / m.max(1) + 1) + 1;
            let parts = threads::map_tiles(ctl, m, tile.min(64), |rows| {
                let mut dense = vec![0.0; n];
                let mut out = vec![0.0; rows.len() * m];
                for (a, out) in rows.zip(out.chunks_exact_mut(m)) {
                    let j = set[a] as usize;
                    x.for_slice(j, |i, v| dense[i] = v.widen() * self.weights[i]);
                    for (&other, out) in set.iter().zip(out) {
                        let k = other as usize;
                        let mut product = 0.0;
                        x.for_slice(k, |i, v| product += dense[i] * v.widen());
                        *out = product - mean[j] * sums[k] - mean[k] * (sums[j] - mean[j] * self.total);
                    }
                    x.for_slice(j, |i, _| dense[i] = 0.0);
                }
                out
            })?;
            let mut gram: Vec<f64> = parts.into_iter().flatten().collect();
            for a in 0..m {
                for b in 0..a {
                    gram[a * m + b] = gram[b * m + a];
                }
            }
            self.last = (set.to_vec(), gram);
        }
        Ok(&self.last.1)
    }

    fn moves(&mut self, set: &[u32], _: &Control) -> Result<Box<dyn Moves + '_>> {
        let (n, t) = (self.x.shape().0, self.t);
        Ok(Box::new(Sum { of: self, set: set.to_vec(), u: vec![0.0; n * t], sums: vec![0.0; t], offset: vec![0.0; t] }))
    }
}

/// `u = Σ δ·(x − mean)`: the stored part times the weights, its sum, and what the means take off.
struct Sum<'a, 'x, F> {
    of: &'a SparseColumns<'x, F>,
    set: Vec<u32>,
    u: Vec<f64>,
    sums: Vec<f64>,
    offset: Vec<f64>,
}

impl<F: Real> Moves for Sum<'_, '_, F> {
    fn product(&self, i: usize, out: &mut [f64]) {
        let (n, j) = (self.of.x.shape().0, self.set[i] as usize);
        out.fill(0.0);
        self.of.x.for_slice(j, |i, v| {
            for (o, u) in out.iter_mut().zip(self.u.chunks_exact(n)) {
                *o += v.widen() * u[i];
            }
        });
        let (mean, sum) = (self.of.mean[j], self.of.sums[j]);
        for (k, o) in out.iter_mut().enumerate() {
            *o -= mean * self.sums[k] + self.offset[k] * (sum - mean * self.of.total);
        }
    }

    fn add(&mut self, i: usize, delta: &[f64]) {
        let (n, j) = (self.of.x.shape().0, self.set[i] as usize);
        self.of.x.for_slice(j, |i, v| {
            for (u, d) in self.u.chunks_exact_mut(n).zip(delta) {
                u[i] += d * v.widen() * self.of.weights[i];
            }
        });
        for (k, d) in delta.iter().enumerate() {
            self.sums[k] += d * self.of.sums[j];
            self.offset[k] += d * self.of.mean[j];
        }
    }
}
