//! One pass over X for a loss of linear predictions: products with the coefficients, what a row makes of them, and the
//! transposed product with that, while the rows are still in the cache. X is read once.

use super::dot::Dot;
use crate::lapack::Blas;
use crate::{Control, Layout, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use std::ops::Range;

/// What one pass gives.
#[derive(Debug, Clone)]
pub struct Pointwise {
    /// The sum of what the rows returned.
    pub value: f64,
    /// `Rᵀ·X`, t × p.
    pub gradient: Array2<f64>,
    /// The sums of the columns of R, t.
    pub sums: Array1<f64>,
}

/// Called with some rows and their predictions (row by row, t each); replaces those by the rows of R and returns a
/// sum over the rows.
pub type Point<'a> = &'a (dyn Fn(Range<usize>, &mut [f64]) -> f64 + Sync);

/// Partial results that are summed apart and then in order, as long as they are small.
const GROUPS: usize = 16;
const PARTIAL_BYTES: usize = 32 << 20;
/// Numbers of a tile of X: half a megabyte, which stays in the second-level cache between its two uses.
const TILE: usize = 65_536;

/// `Z = X·coefᵀ + intercept` for `coef` of t × p; R from Z by `point`; `Rᵀ·X`. CSC is copied to CSR: who calls often
/// does that once, before.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn pointwise<F: Real>(
    x: &Matrix<'_, F>,
    coef: ArrayView2<'_, f64>,
    intercept: ArrayView1<'_, f64>,
    point: Point<'_>,
    ctl: &Control,
) -> Result<Pointwise> {
    if let Matrix::Sparse(sparse) = x
        && sparse.layout() == Layout::Column
    {
        let by_row = sparse.by_row();
        return pointwise(&Matrix::Sparse(by_row.view(sparse)), coef, intercept, point, ctl);
    }
    let ((n, p), t) = (x.shape(), coef.nrows());
    let coef = coef.as_standard_layout();
    let coef = coef.as_slice().unwrap_or_default();
    let intercept = intercept.to_vec();
    let tile = (TILE / p.max(t).max(1)).clamp(16, 1024).next_multiple_of(8);
    let groups = (PARTIAL_BYTES / (8 * t * p).max(1)).clamp(2, GROUPS).min(n.div_ceil(tile)).max(1);
    let group_rows = n.div_ceil(groups).next_multiple_of(tile);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        let mut part = Part::new(t, p, &intercept);
        for start in rows.clone().step_by(tile) {
            if ctl.check().is_err() {
                break;
            }
            part.add(x, start..rows.end.min(start + tile), coef, point);
        }
        part
    })?;
    ctl.check()?;
    let (mut value, mut gradient, mut sums) = (0.0, vec![0.0; t * p], vec![0.0; t]);
    for part in parts {
        value += part.value;
        gradient.iter_mut().zip(part.gradient).for_each(|(s, v)| *s += v);
        sums.iter_mut().zip(part.sums).for_each(|(s, v)| *s += v);
    }
    let gradient = Array2::from_shape_fn((t, p), |(k, j)| gradient[k * p + j]);
    Ok(Pointwise { value, gradient, sums: Array1::from(sums) })
}

/// The sums of one group of rows, and room for its tiles.
struct Part<'a, F> {
    value: f64,
    gradient: Vec<f64>,
    sums: Vec<f64>,
    intercept: &'a [f64],
    z: Vec<f64>,
    packed: Vec<F>,
    wide: Vec<f64>,
}

impl<'a, F: Real> Part<'a, F> {
    fn new(t: usize, p: usize, intercept: &'a [f64]) -> Self {
        let (packed, wide) = (Vec::new(), Vec::new());
        Part { value: 0.0, gradient: vec![0.0; t * p], sums: vec![0.0; t], intercept, z: Vec::new(), packed, wide }
    }

    fn add(&mut self, x: &Matrix<'_, F>, rows: Range<usize>, coef: &[f64], point: Point<'_>) {
        let (m, p, t) = (rows.len(), x.ncols(), self.sums.len());
        self.z.resize(m * t, 0.0);
        match x {
            Matrix::Sparse(x) => {
                for (i, z) in rows.clone().zip(self.z.chunks_exact_mut(t)) {
                    z.copy_from_slice(self.intercept);
                    for (k, z) in z.iter_mut().enumerate() {
                        let coef = &coef[k * p..(k + 1) * p];
                        x.for_slice(i, |j, v| *z += v.widen() * coef[j]);
                    }
                }
                self.point(rows.clone(), point);
                for (i, r) in rows.zip(self.z.chunks_exact(t)) {
                    for (sum, &r) in self.gradient.chunks_exact_mut(p).zip(r) {
                        x.for_slice(i, |j, v| sum[j] += v.widen() * r);
                    }
                }
            }
            Matrix::Dense(_) if t == 1 => {
                let values = match x.as_rows() {
                    Some(values) => &values[rows.start * p..rows.end * p],
                    None => {
                        self.packed.resize(m * p, F::zero());
                        x.pack(rows.clone(), 0..p, p, &mut self.packed);
                        &self.packed
                    }
                };
                Dot::detect().rows(values, coef, p, &mut self.z);
                self.z.iter_mut().for_each(|z| *z += self.intercept[0]);
                self.value += point(rows, &mut self.z);
                self.sums[0] += self.z.iter().sum::<f64>();
                add_rows(values, &self.z, p, &mut self.gradient);
            }
            Matrix::Dense(_) => {
                let mut wide = std::mem::take(&mut self.wide);
                let values = match x.as_rows().and_then(|all| F::as_f64(&all[rows.start * p..rows.end * p])) {
                    Some(values) => values,
                    None => {
                        wide.resize(m * p, 0.0);
                        x.pack(rows.clone(), 0..p, p, &mut wide);
                        &wide
                    }
                };
                for z in self.z.chunks_exact_mut(t) {
                    z.copy_from_slice(self.intercept);
                }
                f64::gemm((false, true), (m, t, p), 1.0, values, p, coef, p, 1.0, &mut self.z, t);
                self.point(rows, point);
                f64::gemm((true, false), (t, p, m), 1.0, &self.z, t, values, p, 1.0, &mut self.gradient, p);
                self.wide = wide;
            }
        }
    }

    fn point(&mut self, rows: Range<usize>, point: Point<'_>) {
        self.value += point(rows, &mut self.z);
        for r in self.z.chunks_exact(self.sums.len()) {
            self.sums.iter_mut().zip(r).for_each(|(s, r)| *s += r);
        }
    }
}

/// `sum += Xᵀ·r` for the rows of X, p numbers each.
fn add_rows<F: Real>(rows: &[F], r: &[f64], p: usize, sum: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the instructions.
            return unsafe { add_rows_avx512(rows, r, p, sum) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the instructions.
            return unsafe { add_rows_avx2(rows, r, p, sum) };
        }
    }
    add_rows_plain::<F, false>(rows, r, p, sum);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn add_rows_avx512<F: Real>(rows: &[F], r: &[f64], p: usize, sum: &mut [f64]) {
    add_rows_plain::<F, true>(rows, r, p, sum);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_rows_avx2<F: Real>(rows: &[F], r: &[f64], p: usize, sum: &mut [f64]) {
    add_rows_plain::<F, true>(rows, r, p, sum);
}

/// Eight rows at a time: one load and one store of the sum for eight products. By indices: adaptors of iterators are not
/// inlined into a function with instructions of its own.
#[inline(always)]
fn add_rows_plain<F: Real, const FMA: bool>(rows: &[F], r: &[f64], p: usize, sum: &mut [f64]) {
    let sum = &mut sum[..p];
    let n = r.len().min(rows.len() / p.max(1));
    let mut i = 0;
    while i + 8 <= n {
        let mut row = [&rows[i * p..][..p]; 8];
        for a in 1..8 {
            row[a] = &rows[(i + a) * p..][..p];
        }
        let r = &r[i..i + 8];
        for j in 0..p {
            let mut s = sum[j];
            for a in 0..8 {
                let v = row[a][j].widen();
                s = if FMA { v.mul_add(r[a], s) } else { s + v * r[a] };
            }
            sum[j] = s;
        }
        i += 8;
    }
    while i < n {
        let row = &rows[i * p..(i + 1) * p];
        for j in 0..p {
            let v = row[j].widen();
            sum[j] = if FMA { v.mul_add(r[i], sum[j]) } else { sum[j] + v * r[i] };
        }
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compressed, Indices};
    use ndarray::{Array, ShapeBuilder};

    /// Against the definition, for dense X in both layouts and CSR and CSC; the same bits at one and three threads.
    #[test]
    fn the_pass_matches_its_definition() {
        for (n, p, t) in [(1, 1, 1), (777, 13, 1), (301, 40, 3), (5000, 9, 1)] {
            let x = Array::from_shape_fn((n, p), |(i, j)| {
                let v = ((i * 31 + j * 17) % 23) as f64 * 0.1 - 1.0;
                if (i + j) % 3 == 0 { 0.0 } else { v }
            });
            let coef = Array::from_shape_fn((t, p), |(k, j)| ((k * 7 + j * 3) as f64).sin());
            let intercept = Array::from_shape_fn(t, |k| 0.3 * k as f64 - 0.2);
            let point = |rows: Range<usize>, z: &mut [f64]| {
                let value = z.iter().map(|z| z * z).sum();
                for (i, z) in rows.zip(z.chunks_exact_mut(t)) {
                    z.iter_mut().for_each(|z| *z += (i % 5) as f64);
                }
                value
            };
            let z = x.dot(&coef.t()) + &intercept;
            let r = Array::from_shape_fn((n, t), |(i, k)| z[[i, k]] + (i % 5) as f64);
            let (mut f, x) = (Array2::zeros((n, p).f()), x);
            f.assign(&x);
            let mut indptr = vec![0_usize];
            let (mut indices, mut data) = (Vec::new(), Vec::new());
            for row in x.rows() {
                for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                    indices.push(j);
                    data.push(v);
                }
                indptr.push(indices.len());
            }
            let sparse = |indptr, indices, data| {
                Compressed::new(Layout::Row, (n, p), Indices::Usize(indptr), Indices::Usize(indices), data).unwrap()
            };
            let csr = sparse(&indptr, &indices, &data);
            for x in [Matrix::Dense(x.view()), Matrix::Dense(f.view()), Matrix::Sparse(csr)] {
                let of = |threads| {
                    let ctl = Control::new().with_threads(Some(threads));
                    pointwise(&x, coef.view(), intercept.view(), &point, &ctl).unwrap()
                };
                let (found, again) = (of(1), of(3));
                assert_eq!((found.value, &found.gradient), (again.value, &again.gradient));
                let value: f64 = z.iter().map(|z| z * z).sum();
                assert!((found.value - value).abs() <= 1e-12 * value);
                let expected = r.t().dot(&x.to_dense());
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-11 * n as f64;
                assert!(found.gradient.iter().zip(&expected).all(|(&a, &b)| near(a, b)));
                assert!(found.sums.iter().zip(r.columns()).all(|(&a, c)| near(a, c.sum())));
            }
        }
    }
}
