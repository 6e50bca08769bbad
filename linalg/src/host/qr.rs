//! The triangle of a tall QR decomposition, without a copy of X.
//!
//! Tiles of rows are reduced one after the other: the triangle so far on top of the next tile is factored again
//! (TSQR: Demmel, Grigori, Hoemmen and Langou 2012, doi 10.1137/080731992). It is as accurate as one QR of the whole
//! and keeps what normal equations lose, since nothing is squared.

use crate::{Control, Matrix, Real, Result, apart, lapack, threads};
use ndarray::{Array2, ArrayView1, ArrayView2};
use std::ops::Range;

/// Row groups that are reduced apart and then together.
const GROUPS: usize = 16;

/// The upper triangle R of `√w·[X − 1·x_shiftᵀ, y − 1·y_shiftᵀ] = Q·R`, (p + t) × (p + t): its first p rows hold the
/// triangle of X and, in the last t columns, `Qᵀy`. 2·n·(p + t)² operations.
///
/// # Errors
/// [`crate::Error::Interrupted`]; [`crate::Error::Lapack`] for dimensions beyond its integers.
pub fn triangle<F: Real>(
    x: &Matrix<'_, F>,
    y: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
    (x_shift, y_shift): (ArrayView1<'_, f64>, ArrayView1<'_, f64>),
    ctl: &Control,
) -> Result<Array2<f64>> {
    let ((n, p), width) = (x.shape(), x.ncols() + y.ncols());
    let fill = |rows: Range<usize>, out: &mut [f64]| {
        x.pack(rows.clone(), 0..p, width, out);
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            out[..p].iter_mut().zip(x_shift).for_each(|(v, s)| *v -= s);
            for k in p..width {
                out[k] = y[[row, k - p]] - y_shift[k - p];
            }
            if let Some(weights) = &weights {
                let root = weights[row].sqrt();
                out.iter_mut().for_each(|v| *v *= root);
            }
        }
    };
    triangle_of(n, width, fill, ctl)
}

/// The upper triangle R (`width` × `width`) of the n × `width` matrix whose rows `fill` writes, one after the other.
///
/// # Errors
/// As [`triangle`].
pub fn triangle_of(
    n: usize,
    width: usize,
    fill: impl Fn(Range<usize>, &mut [f64]) + Sync,
    ctl: &Control,
) -> Result<Array2<f64>> {
    let tile = (4 * width).clamp(256, 8192).min(n.max(1));
    let groups = n.div_ceil(tile).clamp(1, GROUPS);
    let group_rows = n.div_ceil(groups).next_multiple_of(tile);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| -> Result<Vec<f64>> {
        let mut r = vec![0.0; width * width];
        let mut packed = vec![0.0; tile * width];
        for start in rows.clone().step_by(tile) {
            ctl.check()?;
            let end = rows.end.min(start + tile);
            let packed = &mut packed[..(end - start) * width];
            fill(start..end, packed);
            reduce(&mut r, packed, width, ctl)?;
        }
        Ok(r)
    })?;
    let mut r = vec![0.0; width * width];
    for part in parts {
        reduce(&mut r, &part?, width, ctl)?;
    }
    Ok(Array2::from_shape_vec((width, width), r).unwrap_or_default())
}

/// Replaces `r` (row by row) by the triangle of `r` on top of the rows of `below`.
fn reduce(r: &mut [f64], below: &[f64], width: usize, ctl: &Control) -> Result<()> {
    let rows = width + below.len() / width.max(1);
    let mut stacked = vec![0.0; rows * width];
    for (i, row) in r.chunks_exact(width).chain(below.chunks_exact(width)).enumerate() {
        row.iter().enumerate().for_each(|(j, &v)| stacked[j * rows + i] = v);
    }
    let operations = 2.0 * (rows * width * width) as f64;
    let stacked = apart(ctl, operations, move || lapack::qr_in_place(&mut stacked, rows, width).map(|()| stacked))??;
    for (i, row) in r.chunks_exact_mut(width).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, v)| *v = if j < i { 0.0 } else { stacked[j * rows + i] });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Array1};

    /// RᵀR = ZᵀZ, and the same bits with one thread and with three.
    #[test]
    fn the_triangle_reproduces_the_moments() {
        for (n, p) in [(1, 1), (40, 3), (5000, 7), (3, 5)] {
            let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 31 + j * 17) % 23) as f64 - 3.0 * j as f64);
            let y = Array::from_shape_fn((n, 1), |(i, _)| (i % 7) as f64);
            let (shift, none) = (Array1::ones(p), Array1::zeros(1));
            let of = |threads| {
                let ctl = Control::new().with_threads(Some(threads));
                triangle(&Matrix::Dense(x.view()), y.view(), None, (shift.view(), none.view()), &ctl).unwrap()
            };
            let r = of(1);
            assert_eq!(r, of(3));
            let z = ndarray::concatenate![ndarray::Axis(1), &x - 1.0, y];
            let scale = z.iter().fold(1.0_f64, |a, v| a.max(v.abs())).powi(2) * n as f64;
            assert!((r.t().dot(&r) - z.t().dot(&z)).iter().all(|d| d.abs() <= 100.0 * f64::EPSILON * scale));
        }
    }
}
