//! First and second moments of each column by itself, and its products with a few vectors, in one pass over X.

use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// Weighted moments of the columns of X (n × p) with R (n × t).
#[derive(Debug, Clone)]
pub struct ColumnMoments {
    /// The weighted means.
    pub mean: Array1<f64>,
    /// `Σ w·(x − x̄)²`; around 0 instead where not centred.
    pub squares: Array1<f64>,
    /// `Σ w·(x − x̄)·rᵀ`, p × t; around 0 instead where not centred.
    pub products: Array2<f64>,
}

const ROWS: usize = 64;
const COLS: usize = 256;

/// Columns go by in tiles, each summed over the rows in order around the mean of its first rows. `centred`: X about its
/// weighted mean, for an R whose weighted sums are 0.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn column_moments<F: Real>(
    x: &Matrix<'_, F>,
    r: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
    centred: bool,
    ctl: &Control,
) -> Result<ColumnMoments> {
    let ((n, p), t) = (x.shape(), r.ncols());
    let w: Vec<f64> = weights.map_or_else(|| vec![1.0; n], |w| w.to_vec());
    let total: f64 = w.iter().sum();
    let by_column = match x {
        Matrix::Dense(dense) if x.as_rows().is_none() => dense.t().to_slice(),
        _ => None,
    };
    let vectors: Vec<f64> =
        if by_column.is_some() { r.columns().into_iter().flatten().copied().collect() } else { vec![] };
    let parts = threads::map_tiles(ctl, p, COLS, |cols| {
        let width = cols.len();
        let mut tile = vec![0.0; ROWS * width];
        let mut shift = vec![0.0; width];
        if centred {
            let first = n.min(32);
            x.pack(0..first, cols.clone(), width, &mut tile);
            for row in tile.chunks_exact(width).take(first) {
                shift.iter_mut().zip(row).for_each(|(s, v)| *s += v / first as f64);
            }
        }
        let mut sums = Sums { first: vec![0.0; width], second: vec![0.0; width], products: vec![0.0; t * width] };
        let wide = wide();
        if let Some(values) = by_column {
            for (i, j) in cols.enumerate() {
                if ctl.check().is_err() {
                    break;
                }
                let column = Column { values: &values[j * n..(j + 1) * n], shift: shift[i], w: &w };
                (sums.first[i], sums.second[i]) = column.moments(wide);
                for k in 0..t {
                    sums.products[k * width + i] = column.product(wide, &vectors[k * n..(k + 1) * n]);
                }
            }
            return (shift, sums);
        }
        for start in (0..n).step_by(ROWS) {
            if ctl.check().is_err() {
                break;
            }
            let end = n.min(start + ROWS);
            x.pack(start..end, cols.clone(), width, &mut tile);
            for (i, row) in (start..end).zip(tile.chunks_exact_mut(width)) {
                if w[i] != 0.0 {
                    sums.add(wide, row, &shift, w[i], r.row(i));
                }
            }
        }
        (shift, sums)
    })?;
    ctl.check()?;
    let mut out = ColumnMoments { mean: Array1::zeros(p), squares: Array1::zeros(p), products: Array2::zeros((p, t)) };
    for (part, (shift, sums)) in parts.iter().enumerate() {
        for (i, of) in shift.iter().enumerate() {
            let j = part * COLS + i;
            let off = if total > 0.0 { sums.first[i] / total } else { 0.0 };
            out.mean[j] = of + off;
            out.squares[j] = sums.second[i] - if centred { total * off * off } else { 0.0 };
            (0..t).for_each(|k| out.products[[j, k]] = sums.products[k * shift.len() + i]);
        }
    }
    Ok(out)
}

struct Sums {
    first: Vec<f64>,
    second: Vec<f64>,
    products: Vec<f64>,
}

/// One column of an X whose columns lie one after the other.
struct Column<'a, F> {
    values: &'a [F],
    shift: f64,
    w: &'a [f64],
}

/// Sums of a column that run beside each other.
const LANES: usize = 16;

impl<F: Real> Column<'_, F> {
    /// `Σ w·(x − shift)` and `Σ w·(x − shift)²`.
    fn moments(&self, wide: bool) -> (f64, f64) {
        #[cfg(target_arch = "x86_64")]
        if wide {
            // SAFETY: the processor has these instructions.
            return unsafe { self.moments_avx512() };
        }
        let _ = wide;
        self.moments_plain()
    }

    /// `Σ w·(x − shift)·r`.
    fn product(&self, wide: bool, r: &[f64]) -> f64 {
        #[cfg(target_arch = "x86_64")]
        if wide {
            // SAFETY: the processor has these instructions.
            return unsafe { self.product_avx512(r) };
        }
        let _ = wide;
        self.product_plain(r)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,fma")]
    fn moments_avx512(&self) -> (f64, f64) {
        self.moments_plain()
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,fma")]
    fn product_avx512(&self, r: &[f64]) -> f64 {
        self.product_plain(r)
    }

    #[inline(always)]
    fn moments_plain(&self) -> (f64, f64) {
        let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
        let ((values, rest), (w, w_rest)) = (self.values.as_chunks::<LANES>(), self.w.as_chunks::<LANES>());
        for b in 0..values.len() {
            for l in 0..LANES {
                let d = values[b][l].widen() - self.shift;
                first[l] += w[b][l] * d;
                second[l] += w[b][l] * d * d;
            }
        }
        for l in 0..rest.len() {
            let d = rest[l].widen() - self.shift;
            first[l] += w_rest[l] * d;
            second[l] += w_rest[l] * d * d;
        }
        (first.iter().sum(), second.iter().sum())
    }

    #[inline(always)]
    fn product_plain(&self, r: &[f64]) -> f64 {
        let mut sums = [0.0; LANES];
        let ((values, rest), (w, w_rest)) = (self.values.as_chunks::<LANES>(), self.w.as_chunks::<LANES>());
        let (r, r_rest) = r.as_chunks::<LANES>();
        for b in 0..values.len() {
            for l in 0..LANES {
                sums[l] += w[b][l] * (values[b][l].widen() - self.shift) * r[b][l];
            }
        }
        for l in 0..rest.len() {
            sums[l] += w_rest[l] * (rest[l].widen() - self.shift) * r_rest[l];
        }
        sums.iter().sum()
    }
}

#[cfg(target_arch = "x86_64")]
fn wide() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn wide() -> bool {
    false
}

impl Sums {
    fn add(&mut self, wide: bool, row: &mut [f64], shift: &[f64], w: f64, r: ArrayView1<'_, f64>) {
        #[cfg(target_arch = "x86_64")]
        if wide {
            // SAFETY: the processor has these instructions.
            return unsafe { self.add_avx512(row, shift, w, r) };
        }
        let _ = wide;
        self.add_plain(row, shift, w, r);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,fma")]
    fn add_avx512(&mut self, row: &mut [f64], shift: &[f64], w: f64, r: ArrayView1<'_, f64>) {
        self.add_plain(row, shift, w, r);
    }

    #[inline(always)]
    fn add_plain(&mut self, row: &mut [f64], shift: &[f64], w: f64, r: ArrayView1<'_, f64>) {
        let n = row.len();
        let (first, second) = (&mut self.first[..n], &mut self.second[..n]);
        for i in 0..n {
            row[i] -= shift[i];
            let weighted = w * row[i];
            first[i] += weighted;
            second[i] += weighted * row[i];
        }
        for (products, r) in self.products.chunks_exact_mut(n.max(1)).zip(r) {
            let scale = w * r;
            for i in 0..n {
                products[i] += scale * row[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Axis, ShapeBuilder};

    #[test]
    fn moments_match_their_definition() {
        let (n, p) = (150, 300);
        let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 31 + j * 17) % 23) as f64 * 0.37 + 1e6 * j as f64);
        let w = Array::from_shape_fn(n, |i| (i % 4) as f64 * 0.5);
        let mut r = Array::from_shape_fn((n, 2), |(i, k)| ((i * 7 + k) % 11) as f64);
        r -= &((&r * &w.view().insert_axis(Axis(1))).sum_axis(Axis(0)) / w.sum());
        let ctl = Control::new();
        let mut along = Array2::zeros((n, p).f());
        along.assign(&x);
        let mean = x.t().dot(&w) / w.sum();
        let centred = &x - &mean;
        let weighted = &centred * &w.view().insert_axis(Axis(1));
        for layout in [x.view(), along.view()] {
            let got = column_moments(&Matrix::Dense(layout), r.view(), Some(w.view()), true, &ctl).unwrap();
            assert!((&got.mean - &mean).iter().zip(&mean).all(|(d, m)| d.abs() < 1e-14 * (m.abs() + 10.0) * 10.0));
            let squares = (&weighted * &centred).sum_axis(Axis(0));
            assert!((&got.squares - &squares).iter().zip(&squares).all(|(d, s)| d.abs() < 1e-4 * s));
            assert!((&got.products - &weighted.t().dot(&r)).iter().all(|d| d.abs() < 1e-3));
        }
    }
}
