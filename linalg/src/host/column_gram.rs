//! Weighted second moments of some columns of X, dense or sparse, for solvers that work on a few columns at a time; and
//! the means and variances of all.

use crate::lapack::Blas;
use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2};

/// Partial results that are summed apart and then in order, as long as they are small.
const GROUPS: usize = 16;
const PARTIAL_BYTES: usize = 64 << 20;
const TILE: usize = 32_768;

/// `Σ w·zzᵀ` with z = (the chosen columns of a row, 1): symmetric, (c + 1) × (c + 1) for c columns. Weights are ≥ 0;
/// a sparse X is by row.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn column_gram<F: Real>(
    x: &Matrix<'_, F>,
    columns: &[usize],
    weights: &[f64],
    ctl: &Control,
) -> Result<Array2<f64>> {
    let (n, p) = x.shape();
    let width = columns.len() + 1;
    let mut place = vec![usize::MAX; if x.is_sparse() { p } else { 0 }];
    if x.is_sparse() {
        columns.iter().enumerate().for_each(|(a, &j)| place[j] = a);
    }
    let tile = (TILE / width).clamp(32, 512);
    let groups = (PARTIAL_BYTES / (8 * width * width)).clamp(1, GROUPS).min(n.div_ceil(tile)).max(1);
    let group_rows = n.div_ceil(groups).next_multiple_of(tile);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        let mut sum = vec![0.0; width * width];
        let mut packed = vec![0.0; if x.is_sparse() { 0 } else { tile * width }];
        let mut entries: Vec<(usize, f64)> = Vec::new();
        for start in rows.clone().step_by(tile) {
            if ctl.check().is_err() {
                break;
            }
            let end = rows.end.min(start + tile);
            match x {
                Matrix::Sparse(x) => {
                    for (i, &w) in (start..end).zip(&weights[start..end]) {
                        entries.clear();
                        x.for_slice(i, |j, v| {
                            if place[j] != usize::MAX {
                                entries.push((place[j], v.widen()));
                            }
                        });
                        entries.push((width - 1, 1.0));
                        for &(a, v) in &entries {
                            let row = &mut sum[a * width..(a + 1) * width];
                            entries.iter().for_each(|&(b, u)| row[b] += w * v * u);
                        }
                    }
                }
                Matrix::Dense(x) => {
                    for (i, row) in (start..end).zip(packed.chunks_exact_mut(width)) {
                        let root = weights[i].sqrt();
                        let from = x.row(i);
                        row.iter_mut().zip(columns).for_each(|(o, &j)| *o = from[j].widen() * root);
                        row[width - 1] = root;
                    }
                    f64::syrk_t(end - start, width, &packed, width, &mut sum, width);
                }
            }
        }
        sum
    })?;
    ctl.check()?;
    let mut total = Array2::zeros((width, width));
    for part in parts {
        total.iter_mut().zip(part).for_each(|(s, v): (&mut f64, f64)| *s += v);
    }
    for i in 0..width {
        for j in 0..i {
            total[[i, j]] = total[[j, i]];
        }
    }
    Ok(total)
}

/// The mean and the variance (divisor n) of each column; not finite where X holds NaN or infinity, or overflows.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn column_moments<F: Real>(x: &Matrix<'_, F>, ctl: &Control) -> Result<(Array1<f64>, Array1<f64>)> {
    let (n, p) = x.shape();
    let mut origin = vec![0.0; p];
    if !x.is_sparse() && n > 0 {
        x.pack(0..1, 0..p, p, &mut origin);
    }
    let tile = (TILE / p.max(1)).clamp(16, 512);
    let groups = n.div_ceil(tile).clamp(1, GROUPS);
    let parts = threads::map_tiles(ctl, n, n.div_ceil(groups).next_multiple_of(tile), |rows| {
        let (mut first, mut second) = (vec![0.0; p], vec![0.0; p]);
        let mut packed = Vec::new();
        for start in rows.clone().step_by(tile) {
            if ctl.check().is_err() {
                break;
            }
            let end = rows.end.min(start + tile);
            match (x, x.as_rows()) {
                (Matrix::Sparse(x), _) => (start..end).for_each(|i| {
                    x.for_slice(i, |j, v| {
                        first[j] += v.widen();
                        second[j] += v.widen() * v.widen();
                    });
                }),
                (_, Some(values)) => add_moments(&values[start * p..end * p], &origin, &mut first, &mut second),
                _ => {
                    packed.resize((end - start) * p, F::zero());
                    x.pack(start..end, 0..p, p, &mut packed);
                    add_moments(&packed, &origin, &mut first, &mut second);
                }
            }
        }
        (first, second)
    })?;
    ctl.check()?;
    let (mut mean, mut variance) = (Array1::zeros(p), Array1::zeros(p));
    for (first, second) in parts {
        mean.iter_mut().zip(first).for_each(|(s, v): (&mut f64, f64)| *s += v);
        variance.iter_mut().zip(second).for_each(|(s, v): (&mut f64, f64)| *s += v);
    }
    for j in 0..p {
        let (first, second) = (mean[j] / n as f64, variance[j] / n as f64);
        let spread: f64 = second - first * first;
        (mean[j], variance[j]) = (first + origin[j], if spread.is_nan() { f64::NAN } else { spread.max(0.0) });
    }
    Ok((mean, variance))
}

fn add_moments<F: Real>(rows: &[F], origin: &[f64], first: &mut [f64], second: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the instructions.
        return unsafe { add_moments_avx512(rows, origin, first, second) };
    }
    add_moments_plain(rows, origin, first, second);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn add_moments_avx512<F: Real>(rows: &[F], origin: &[f64], first: &mut [f64], second: &mut [f64]) {
    add_moments_plain(rows, origin, first, second);
}

#[inline(always)]
fn add_moments_plain<F: Real>(rows: &[F], origin: &[f64], first: &mut [f64], second: &mut [f64]) {
    let p = origin.len();
    let (first, second) = (&mut first[..p], &mut second[..p]);
    for i in 0..rows.len() / p.max(1) {
        let row = &rows[i * p..(i + 1) * p];
        for j in 0..p {
            let d = row[j].widen() - origin[j];
            first[j] += d;
            second[j] += d * d;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compressed, Indices, Layout};
    use ndarray::{Array, Axis};

    #[test]
    fn moments_of_columns_match_their_definition() {
        let (n, p) = (700, 6);
        let x = Array::from_shape_fn((n, p), |(i, j)| if (i + j) % 3 == 0 { 0.0 } else { ((i * 7 + j) % 11) as f64 });
        let w: Vec<f64> = (0..n).map(|i| (i % 4) as f64 * 0.5).collect();
        let (mut indptr, mut indices, mut data) = (vec![0_usize], Vec::new(), Vec::new());
        for row in x.rows() {
            for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                indices.push(j);
                data.push(v);
            }
            indptr.push(indices.len());
        }
        let csr = Compressed::new(Layout::Row, (n, p), Indices::Usize(&indptr), Indices::Usize(&indices), &data);
        let columns = [4, 1, 5];
        let z = Array::from_shape_fn((n, 4), |(i, a)| columns.get(a).map_or(1.0, |&j| x[[i, j]]));
        let weighted = &z * &Array1::from(w.clone()).insert_axis(Axis(1));
        let ctl = Control::new();
        for x in [Matrix::Dense(x.view()), Matrix::Sparse(csr.unwrap())] {
            let found = column_gram(&x, &columns, &w, &ctl).unwrap();
            assert!((found - weighted.t().dot(&z)).iter().all(|d| d.abs() < 1e-8));
            let (mean, variance) = column_moments(&x, &ctl).unwrap();
            let dense = x.to_dense();
            assert!((mean - dense.mean_axis(Axis(0)).unwrap()).iter().all(|d| d.abs() < 1e-12));
            assert!((variance - dense.var_axis(Axis(0), 0.0)).iter().all(|d| d.abs() < 1e-12));
        }
    }
}
