//! Products of X with narrow matrices, by our own kernels.
//!
//! A row's product is the same bits whatever the batch, the memory layout or the path: always 16 running sums over
//! the columns, then one fixed tree. (BLAS picks kernels by shape, so its rows depend on their neighbours.)

use super::dot::Dot;
use super::dot_columns;
use super::steps::Steps;
use crate::lapack::Blas;
use crate::zeros::zeros2;
use crate::{Control, Layout, Matrix, Real, Result, threads};
use ndarray::{Array2, ArrayView2};
use std::sync::atomic::{AtomicBool, Ordering};

const TILE_ROWS: usize = 256;

/// `X·B` for B of p × t, n × t.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn matmul<F: Real>(x: &Matrix<'_, F>, b: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    Ok(affine(x, b, &[], ctl)?.0)
}

/// `X·B + c` in the type T, n × t; and whether all sums were finite, which shows on the way. c: one number for all
/// columns, one for each, or none.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn affine<F: Real, T: Real>(
    x: &Matrix<'_, F>,
    b: ArrayView2<'_, f64>,
    c: &[f64],
    ctl: &Control,
) -> Result<(Array2<T>, bool)> {
    let ((n, p), t) = (x.shape(), b.ncols());
    let mut out = zeros2((n, t));
    if n == 0 || t == 0 {
        return Ok((out, true));
    }
    // The columns of B one after the other.
    let columns: Vec<f64> = b.columns().into_iter().flat_map(|c| c.to_vec()).collect();
    let slice = out.as_slice_mut().unwrap_or_default();
    let finite = AtomicBool::new(true);
    let dot = Dot::detect();
    if let Matrix::Sparse(sparse) = x
        && sparse.layout() == Layout::Column
    {
        // By column: all rows at once, in the order of the columns.
        let mut sums = vec![0.0; n * t];
        for j in 0..p {
            sparse.for_slice(j, |i, v| {
                for k in 0..t {
                    sums[i * t + k] += v.widen() * columns[k * p + j];
                }
            });
        }
        finite.store(finish(&mut sums, c, slice), Ordering::Relaxed);
        return Ok((out, finite.into_inner()));
    }
    let by_column = match x {
        Matrix::Dense(dense) if x.as_rows().is_none() => dense.t().to_slice(),
        _ => None,
    };
    let tile = by_column.map_or(TILE_ROWS, |_| n.div_ceil(ctl.threads()).clamp(64, dot_columns::ROWS));
    threads::fill_rows(ctl, slice, t, tile, |first, out| {
        let mut sums = vec![0.0; out.len()];
        let rows = first..first + out.len() / t;
        match (x, x.as_rows()) {
            (_, Some(values)) => dot.rows(&values[rows.start * p..rows.end * p], &columns, p, &mut sums),
            (Matrix::Sparse(sparse), _) if t == 1 => {
                for (i, out) in rows.zip(&mut sums) {
                    let mut sum = 0.0;
                    sparse.for_slice(i, |j, v| sum += v.widen() * columns[j]);
                    *out = sum;
                }
            }
            (Matrix::Sparse(sparse), _) => {
                for (i, sums) in rows.zip(sums.chunks_exact_mut(t)) {
                    sparse.for_slice(i, |j, v| {
                        for (k, s) in sums.iter_mut().enumerate() {
                            *s += v.widen() * columns[k * p + j];
                        }
                    });
                }
            }
            (Matrix::Dense(_), None) => match by_column {
                Some(values) => dot_columns::rows(dot, &values[rows.start..], n, &columns, p, &mut sums),
                None => {
                    let mut tile = vec![F::zero(); rows.len() * p];
                    x.pack(rows, 0..p, p, &mut tile);
                    dot.rows(&tile, &columns, p, &mut sums);
                }
            },
        }
        if !finish(&mut sums, c, out) {
            finite.store(false, Ordering::Relaxed);
        }
    })?;
    Ok((out, finite.into_inner()))
}

/// Adds c to rows of sums and rounds them to T; whether all are finite.
fn finish<T: Real>(sums: &mut [f64], c: &[f64], out: &mut [T]) -> bool {
    match c {
        [] => {}
        &[c] => sums.iter_mut().for_each(|s| *s += c),
        c => sums.chunks_exact_mut(c.len()).for_each(|row| row.iter_mut().zip(c).for_each(|(s, c)| *s += c)),
    }
    sums.iter().zip(out).for_each(|(&s, o)| *o = T::narrow(s));
    sums.iter().fold(true, |finite, s| finite & s.is_finite())
}

/// `Xᵀ·R` for R of n × t, p × t: rows are added tile by tile, tiles in groups, groups in order.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn matmul_t<F: Real>(x: &Matrix<'_, F>, r: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    let ((n, p), t) = (x.shape(), r.ncols());
    if let Matrix::Sparse(sparse) = x
        && sparse.layout() == Layout::Column
    {
        let rows = threads::map(ctl, p, |j| {
            let mut row = vec![0.0; t];
            sparse.for_slice(j, |i, v| row.iter_mut().enumerate().for_each(|(k, o)| *o += v.widen() * r[[i, k]]));
            row
        })?;
        let flat: Vec<f64> = rows.into_iter().flatten().collect();
        return Ok(Array2::from_shape_vec((p, t), flat).unwrap_or_default());
    }
    if let Matrix::Dense(dense) = x
        && let Some(columns) = dense.t().as_slice()
        && n > 1
    {
        return by_column(columns, n, r, ctl);
    }
    if t >= MANY && !x.is_sparse() {
        return by_blas(x, r, ctl);
    }
    let steps = Steps::detect();
    let groups = n.div_ceil(TILE_ROWS).clamp(1, 16);
    let group_rows = n.div_ceil(groups).next_multiple_of(TILE_ROWS);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        // One row of the partial result a target, so that adding a row of X runs along memory.
        let mut sum = vec![0.0; t * p];
        let mut tile = vec![F::zero(); if x.is_sparse() || x.as_rows().is_some() { 0 } else { TILE_ROWS * p }];
        let mut start = rows.start;
        while start < rows.end && ctl.check().is_ok() {
            let end = rows.end.min(start + TILE_ROWS);
            match (x, x.as_rows()) {
                (Matrix::Sparse(sparse), _) if t == 1 => (start..end).for_each(|i| {
                    let scale = r[[i, 0]];
                    sparse.for_slice(i, |j, v| sum[j] += v.widen() * scale);
                }),
                (Matrix::Sparse(sparse), _) => (start..end).for_each(|i| {
                    sparse.for_slice(i, |j, v| (0..t).for_each(|k| sum[k * p + j] += v.widen() * r[[i, k]]));
                }),
                (_, rows_of_x) => {
                    let values = match rows_of_x {
                        Some(rows) => &rows[start * p..end * p],
                        None => {
                            x.pack(start..end, 0..p, p, &mut tile);
                            &tile[..(end - start) * p]
                        }
                    };
                    for (four, rows) in values.chunks(4 * p.max(1)).enumerate() {
                        let i = start + 4 * four;
                        for (k, sum) in sum.chunks_exact_mut(p).enumerate() {
                            if rows.len() == 4 * p {
                                let scales = std::array::from_fn(|a| r[[i + a, k]]);
                                if scales != [0.0; 4] {
                                    steps.add_four(scales, rows, sum);
                                }
                            } else {
                                rows.chunks_exact(p)
                                    .enumerate()
                                    .for_each(|(a, row)| steps.add(r[[i + a, k]], row, sum));
                            }
                        }
                    }
                }
            }
            start = end;
        }
        sum
    })?;
    let mut total = vec![0.0; t * p];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(s, v)| *s += v);
    }
    ctl.check()?;
    Ok(Array2::from_shape_fn((p, t), |(j, k)| total[k * p + j]))
}

/// Columns of R from which BLAS pays for the packing of X.
const MANY: usize = 12;

/// `Xᵀ·R` of an X whose columns of n numbers lie one after the other.
fn by_column<F: Real>(columns: &[F], n: usize, r: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    let (p, t) = (columns.len() / n, r.ncols());
    let vectors: Vec<f64> = r.columns().into_iter().flat_map(|c| c.to_vec()).collect();
    let mut out = Array2::zeros((p, t));
    let dot = Dot::detect();
    threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), t, 64, |first, out| {
        dot.rows(&columns[first * n..first * n + out.len() / t * n], &vectors, n, out);
    })?;
    Ok(out)
}

/// `Xᵀ·R` for many columns of R: tiles of columns of X, each summed over tiles of rows in order.
fn by_blas<F: Real>(x: &Matrix<'_, F>, r: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    let ((n, p), t) = (x.shape(), r.ncols());
    let r = r.as_standard_layout();
    let r = r.as_slice().unwrap_or_default();
    let mut out = Array2::zeros((p, t));
    threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), t, TILE_ROWS, |first, out| {
        let width = out.len() / t;
        let mut tile = vec![0.0; TILE_ROWS * width];
        for start in (0..n).step_by(TILE_ROWS) {
            if ctl.check().is_err() {
                return;
            }
            let end = n.min(start + TILE_ROWS);
            x.pack(start..end, first..first + width, width, &mut tile);
            let shape = (width, t, end - start);
            f64::gemm((true, false), shape, 1.0, &tile, width, &r[start * t..end * t], t, 1.0, out, t);
        }
    })?;
    ctl.check()?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, ShapeBuilder};

    #[test]
    fn a_row_is_the_same_bits_in_any_layout_and_batch() {
        let x = Array::from_shape_fn((513, 37), |(i, j)| ((i * 37 + j) as f64).sin());
        let b = Array::from_shape_fn((37, 2), |(i, j)| ((i + 3 * j) as f64).cos());
        let mut f = Array2::zeros((513, 37).f());
        f.assign(&x);
        let ctl = Control::new();
        let all = matmul(&Matrix::Dense(x.view()), b.view(), &ctl).unwrap();
        assert_eq!(all, matmul(&Matrix::Dense(f.view()), b.view(), &ctl).unwrap());
        let one = matmul(&Matrix::Dense(x.slice(ndarray::s![77..78, ..])), b.view(), &ctl).unwrap();
        assert_eq!(all.row(77), one.row(0));
        let many = Array::from_shape_fn((513, 20), |(i, j)| ((i + 3 * j) as f64).cos());
        for r in [&all, &many] {
            for x_view in [x.view(), f.view(), x.slice(ndarray::s![..;1, ..])] {
                let back = matmul_t(&Matrix::Dense(x_view), r.view(), &ctl).unwrap();
                assert!((back - x.t().dot(r)).iter().all(|d| d.abs() < 1e-10));
            }
        }
    }

    #[test]
    fn columns_along_memory_give_the_bits_of_rows() {
        for (n, p, t) in [(2, 1, 1), (70, 16, 2), (300, 64, 1), (2100, 77, 6), (129, 200, 5)] {
            let x = Array::from_shape_fn((n, p), |(i, j)| ((i * p + j) as f32).sin());
            let b = Array::from_shape_fn((p, t), |(i, j)| ((i + 3 * j) as f64).cos());
            let mut f = Array2::zeros((n, p).f());
            f.assign(&x);
            let ctl = Control::new().with_threads(Some(2));
            let by_row = matmul(&Matrix::Dense(x.view()), b.view(), &ctl).unwrap();
            assert_eq!(by_row, matmul(&Matrix::Dense(f.view()), b.view(), &ctl).unwrap(), "{n} × {p} × {t}");
        }
    }

    #[test]
    fn sums_with_constants_are_rounded_once_and_say_what_is_not_finite() {
        let mut x = Array::from_shape_fn((300, 7), |(i, j)| ((i * 7 + j) as f32).sin());
        let b = Array::from_shape_fn((7, 2), |(i, j)| ((i + 3 * j) as f64).cos());
        let ctl = Control::new();
        let plain = matmul(&Matrix::Dense(x.view()), b.view(), &ctl).unwrap();
        let (one, finite) = affine::<f32, f32>(&Matrix::Dense(x.view()), b.view(), &[0.1], &ctl).unwrap();
        assert!(finite && one == plain.mapv(|v| (v + 0.1) as f32));
        let (each, _) = affine::<f32, f64>(&Matrix::Dense(x.view()), b.view(), &[0.1, -2.0], &ctl).unwrap();
        assert_eq!(each, plain + &ndarray::array![0.1, -2.0]);
        x[[299, 6]] = f32::NAN;
        assert!(!affine::<f32, f32>(&Matrix::Dense(x.view()), b.view(), &[0.1], &ctl).unwrap().1);
    }
}
