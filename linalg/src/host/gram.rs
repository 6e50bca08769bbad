//! Second moments of X and y in one pass over the rows.
//!
//! The rows of `Z = √w·[X − s, y − u, 1]` are formed a tile at a time in `f64`, inside the cache, and `ZᵀZ` is summed
//! by BLAS; the means come out of its last column, and the exact centring is a correction of rank one at the end. The
//! provisional centre (s, u) is the mean of the first tile of m rows. For any data |mean − s| ≤ std·√(n/m), so the
//! correction loses at most a factor n/m of the working precision: about 1e-13 for a million rows.

use crate::host::{sparse_gram, syrk};
use crate::lapack::Blas;
use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use std::ops::Range;

/// Weighted second moments of X (n × p) and y (n × t), centred if asked for.
#[derive(Debug, Clone)]
pub struct Gram {
    /// `Σ w·(x − x̄)(x − x̄)ᵀ`, p × p, symmetric.
    pub gram: Array2<f64>,
    /// `Σ w·(x − x̄)(y − ȳ)ᵀ`, p × t.
    pub xty: Array2<f64>,
    /// `Σ w·(y − ȳ)²`, t.
    pub yty: Array1<f64>,
    /// x̄, the weighted means; 0 when not centred.
    pub x_mean: Array1<f64>,
    /// ȳ, the weighted means; 0 when not centred.
    pub y_mean: Array1<f64>,
    /// `Σ w`.
    pub weight_sum: f64,
}

/// Columns of one block of the result: 256 × 256 numbers fill half of a usual second-level cache.
const BLOCK: usize = 256;
/// Row groups that are summed apart and then in order, as long as their partial results are small.
const GROUPS: usize = 16;
const PARTIAL_BYTES: usize = 16 << 20;

/// How a tile of Z is formed from X, y and the weights.
struct Augmented<'a, 'x, F> {
    x: &'a Matrix<'x, F>,
    y: ArrayView2<'a, f64>,
    weights: Option<ArrayView1<'a, f64>>,
    shift: Vec<f64>,
}

impl<F: Real> Augmented<'_, '_, F> {
    fn width(&self) -> usize {
        self.x.ncols() + self.y.ncols() + 1
    }

    /// Writes the block of `√w·Z` at `rows × cols`, row by row without gaps.
    fn pack(&self, rows: Range<usize>, cols: Range<usize>, out: &mut [f64]) {
        let (p, width) = (self.x.ncols(), cols.len());
        let out = &mut out[..rows.len() * width];
        let of_x = cols.start.min(p)..cols.end.min(p);
        if !of_x.is_empty() {
            self.x.pack(rows.clone(), of_x, width, out);
        }
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            for j in cols.start.max(p)..cols.end {
                out[j - cols.start] = if j == self.width() - 1 { 1.0 } else { self.y[[row, j - p]] };
            }
            for (value, shift) in out.iter_mut().zip(&self.shift[cols.clone()]) {
                *value -= shift;
            }
            if let Some(weights) = &self.weights {
                let root = weights[row].sqrt();
                out.iter_mut().for_each(|value| *value *= root);
            }
        }
    }
}

impl<F: Real> Augmented<'_, '_, F> {
    /// Writes whole rows of `√w·Z`, `stride` apart, whatever the layout.
    fn pack_rows(&self, rows: Range<usize>, stride: usize, out: &mut [f64]) {
        let p = self.x.ncols();
        self.x.pack(rows.clone(), 0..p, stride, out);
        let (x_shift, y_shift) = self.shift.split_at(p);
        for (row, out) in rows.zip(out.chunks_exact_mut(stride)) {
            let root = self.weights.as_ref().map_or(1.0, |w| w[row].sqrt());
            let (of_x, rest) = out.split_at_mut(p);
            of_x.iter_mut().zip(x_shift).for_each(|(v, s)| *v = (*v - s) * root);
            for (k, s) in y_shift[..self.y.ncols()].iter().enumerate() {
                rest[k] = (self.y[[row, k]] - s) * root;
            }
            rest[self.y.ncols()] = root;
        }
    }
}

/// Computes [`Gram`] in n·p² operations (half of n·p²·2) and one read of X.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn gram<F: Real>(
    x: &Matrix<'_, F>,
    y: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
    center: bool,
    ctl: &Control,
) -> Result<Gram> {
    if let Matrix::Sparse(x) = x
        && sparse_gram::pays(x)
    {
        return sparse_gram::sparse_gram(x, y, weights, center, ctl);
    }
    let p = x.ncols();
    let width = p + y.ncols() + 1;
    let mut z =
        Augmented { x, y: y.reborrow(), weights: weights.as_ref().map(|w| w.reborrow()), shift: vec![0.0; width] };
    let tile = (32_768 / width.min(BLOCK)).clamp(32, 1024);
    if center {
        z.shift = provisional_center(x, y.view(), tile);
    }

    let moments = if width <= BLOCK && syrk::available() { narrow(&z, ctl)? } else { blocked(&z, tile, ctl)? };
    ctl.check()?;
    Ok(Gram::from_moments(moments, &z.shift, center, p))
}

impl Gram {
    /// From the upper triangle of `ZᵀZ`, whose last column belongs to the ones, and the provisional centre `shift`
    /// that Z was formed with.
    pub fn from_moments(mut moments: Array2<f64>, shift: &[f64], center: bool, p: usize) -> Self {
        let width = shift.len();
        let t = width - 1 - p;
        let weight_sum = moments[[width - 1, width - 1]];
        let mut mean = Array1::zeros(width);
        if center && weight_sum > 0.0 {
            // ZᵀZ − (Σ w)·d·dᵀ with d = mean − shift.
            let d = &moments.column(width - 1) / weight_sum;
            for i in 0..width - 1 {
                moments.row_mut(i).scaled_add(-weight_sum * d[i], &d);
                mean[i] = d[i] + shift[i];
            }
        }
        // Last, because the correction rounds differently on both sides of the diagonal.
        for i in 0..width {
            for j in 0..i {
                moments[[i, j]] = moments[[j, i]];
            }
        }
        let xty = moments.slice(s![..p, p..p + t]).to_owned();
        let yty = moments.diag().slice(s![p..p + t]).to_owned();
        // The part of X takes the place of the whole.
        let (mut gram, _) = moments.into_raw_vec_and_offset();
        for i in 0..p {
            gram.copy_within(i * width..i * width + p, i * p);
        }
        gram.truncate(p * p);
        Gram {
            gram: Array2::from_shape_vec((p, p), gram).unwrap_or_default(),
            xty,
            yty,
            x_mean: mean.slice(s![..p]).to_owned(),
            y_mean: mean.slice(s![p..p + t]).to_owned(),
            weight_sum,
        }
    }
}

/// The upper triangle of ZᵀZ by BLAS, in blocks of columns.
fn blocked<F: Real>(z: &Augmented<'_, '_, F>, tile: usize, ctl: &Control) -> Result<Array2<f64>> {
    let (n, width) = (z.x.nrows(), z.width());
    let n_blocks = width.div_ceil(BLOCK);
    let block = |b: usize| b * BLOCK..width.min((b + 1) * BLOCK);
    let pairs: Vec<(usize, usize)> = (0..n_blocks).flat_map(|i| (i..n_blocks).map(move |j| (i, j))).collect();
    // What the sums take beside X is to be little beside X.
    let bytes = (size_of::<F>() * n * width / 16).min(PARTIAL_BYTES);
    let groups = (bytes / (8 * width * width)).clamp(1, GROUPS).min(n.div_ceil(tile)).max(1);
    let group_rows = n.div_ceil(groups).next_multiple_of(tile);
    let parts = threads::map(ctl, pairs.len() * groups, |task| {
        let (i, j) = pairs[task % pairs.len()];
        let group = task / pairs.len();
        let rows = (group * group_rows).min(n)..((group + 1) * group_rows).min(n);
        block_product(z, rows, tile, block(i), block(j), ctl)
    })?;

    let mut moments = Array2::<f64>::zeros((width, width));
    for (task, part) in parts.into_iter().enumerate() {
        let (i, j) = pairs[task % pairs.len()];
        let mut target = moments.slice_mut(s![block(i), block(j)]);
        target += &part;
    }
    Ok(moments)
}

/// The upper triangle of ZᵀZ by our own kernel, for a Z that is one block wide.
fn narrow<F: Real>(z: &Augmented<'_, '_, F>, ctl: &Control) -> Result<Array2<f64>> {
    let (n, width) = (z.x.nrows(), z.width());
    let padded = width.next_multiple_of(syrk::LANES);
    // The packed tile fits into a first-level cache while the width allows it.
    let tile = (4096 / padded).clamp(64, 512);
    let groups = n.div_ceil(tile).clamp(1, GROUPS);
    let group_rows = n.div_ceil(groups).next_multiple_of(tile);
    let (p, of_x) = (z.x.ncols(), z.x.as_rows().unwrap_or_default());
    let weights = z.weights.as_ref().map(|w| w.as_slice());
    let slices = match (z.x.as_rows(), z.y.as_slice(), weights) {
        (Some(x), Some(y), Some(Some(_)) | None) if p > 0 && z.y.ncols() > 0 => {
            Some(syrk::Rows { x, y, weights: weights.flatten(), shift: &z.shift[..width - 1], p, t: z.y.ncols() })
        }
        _ => None,
    };
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        let mut sum = vec![0.0; padded * padded];
        let mut packed = vec![0.0; tile * padded];
        let mut start = rows.start;
        while start < rows.end && ctl.check().is_ok() {
            let end = rows.end.min(start + tile);
            let packed = &mut packed[..(end - start) * padded];
            match &slices {
                Some(slices) => slices.pack(start..end, padded, packed),
                None => z.pack_rows(start..end, padded, packed),
            }
            let next = (end * p).min(of_x.len())..(rows.end.min(end + tile) * p).min(of_x.len());
            syrk::add_products(packed, padded, &mut sum, &of_x[next]);
            start = end;
        }
        sum
    })?;
    let mut moments = Array2::zeros((width, width));
    for part in parts {
        for (mut row, part) in moments.rows_mut().into_iter().zip(part.chunks_exact(padded)) {
            row.iter_mut().zip(part).for_each(|(m, v)| *m += v);
        }
    }
    Ok(moments)
}

/// The provisional centre of `[X, y, 1]`: the mean of the first rows; the entry of the column of ones stays 0.
pub fn provisional_center<F: Real>(x: &Matrix<'_, F>, y: ArrayView2<'_, f64>, rows: usize) -> Vec<f64> {
    let width = x.ncols() + y.ncols() + 1;
    let rows = rows.min(x.nrows());
    let mut tile = vec![0.0; rows * width];
    Augmented { x, y: y.reborrow(), weights: None, shift: vec![0.0; width] }.pack(0..rows, 0..width, &mut tile);
    let mut center = vec![0.0; width];
    for row in tile.chunks_exact(width) {
        center.iter_mut().zip(row).for_each(|(c, v)| *c += v / rows as f64);
    }
    center[width - 1] = 0.0;
    center
}

/// `Z[rows, i]ᵀ·Z[rows, j]`, summed over tiles of rows.
fn block_product<F: Real>(
    z: &Augmented<'_, '_, F>,
    rows: Range<usize>,
    tile: usize,
    i: Range<usize>,
    j: Range<usize>,
    ctl: &Control,
) -> Array2<f64> {
    let (wi, wj) = (i.len(), j.len());
    let mut sum = Array2::zeros((wi, wj));
    let (mut a, mut b) = (vec![0.0; tile * wi], vec![0.0; if i == j { 0 } else { tile * wj }]);
    let mut start = rows.start;
    while start < rows.end && ctl.check().is_ok() {
        let end = rows.end.min(start + tile);
        let m = end - start;
        z.pack(start..end, i.clone(), &mut a);
        let out = sum.as_slice_mut().unwrap_or_default();
        if i == j {
            f64::syrk_t(m, wi, &a, wi, out, wi);
        } else {
            z.pack(start..end, j.clone(), &mut b);
            f64::gemm((true, false), (wi, wj, m), 1.0, &a, wi, &b, wj, 1.0, out, wj);
        }
        start = end;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Axis};

    /// Against the definition, for shapes on both sides of one block, with and without weights and centring; and the
    /// same bits with one thread and with three.
    #[test]
    fn moments_match_their_definition_at_any_thread_count() {
        for (n, p, t) in [(1, 1, 1), (50, 3, 2), (3000, 20, 1), (700, 300, 3)] {
            let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 31 + j * 17) % 23) as f64 * 0.37 + j as f64);
            let y = Array::from_shape_fn((n, t), |(i, j)| ((i * 7 + j) % 11) as f64 - 3.0);
            let w = Array::from_shape_fn(n, |i| (i % 4) as f64 * 0.5 + 0.25);
            for weights in [None, Some(w.view())] {
                for center in [false, true] {
                    let of = |threads| {
                        let ctl = Control::new().with_threads(Some(threads));
                        gram(&Matrix::Dense(x.view()), y.view(), weights, center, &ctl).unwrap()
                    };
                    let (got, again) = (of(1), of(3));
                    assert_eq!(got.gram, again.gram);
                    let ones = Array1::ones(n);
                    let w = weights.map_or(ones, |w| w.to_owned());
                    let total = w.sum();
                    let mean = if center { x.t().dot(&w) / total } else { Array1::zeros(p) };
                    let y_mean = if center { y.t().dot(&w) / total } else { Array1::zeros(t) };
                    let (xc, yc) = (&x - &mean, &y - &y_mean);
                    let xw = &xc * &w.view().insert_axis(Axis(1));
                    let scale = xw.iter().fold(1.0_f64, |a, v| a.max(v.abs())) * n as f64 * (p as f64 + 30.0);
                    let near = |a: &Array2<f64>, b: &Array2<f64>| {
                        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 8.0 * f64::EPSILON * scale)
                    };
                    assert!(near(&got.gram, &xw.t().dot(&xc)), "gram of {n} × {p}");
                    assert!(near(&got.xty, &xw.t().dot(&yc)), "xty of {n} × {p}");
                    assert!((got.weight_sum - total).abs() <= 1e-12 * total);
                }
            }
        }
    }
}
