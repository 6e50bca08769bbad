//! Dot products of the rows of an X whose columns lie one after the other, the same bits as [`super::dot`]'s.
//!
//! The running sums of a block of rows lie beside each other, so that a column is read along memory and never packed.

use super::dot::{Dot, LANES};
use crate::Real;

/// Rows of a block at most: 8 KiB of a column, which memory is slow to begin with.
pub const ROWS: usize = 1024;
/// Vectors whose sums lie side by side in the second-level cache, with the columns that they share.
const VECTORS: usize = 4;
/// Columns of one running sum that are added in one pass over it.
const TOGETHER: usize = 4;

/// For each row of a block its products with all vectors, which lie one after the other: `out` is row by
/// row. Column j of the rows starts at `columns[j * stride]`.
pub fn rows<F: Real>(dot: Dot, columns: &[F], stride: usize, vectors: &[f64], p: usize, out: &mut [f64]) {
    let t = vectors.len() / p.max(1);
    if p == 0 || t == 0 {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
        fn wide<F: Real>(columns: &[F], stride: usize, vectors: &[f64], p: usize, out: &mut [f64]) {
            sums::<F, true>(columns, stride, vectors, p, out);
        }
        #[target_feature(enable = "avx2,fma")]
        fn middle<F: Real>(columns: &[F], stride: usize, vectors: &[f64], p: usize, out: &mut [f64]) {
            sums::<F, true>(columns, stride, vectors, p, out);
        }
        match dot.level() {
            // SAFETY: `Dot::detect` found these instructions.
            2 => return unsafe { wide(columns, stride, vectors, p, out) },
            // SAFETY: as above.
            1 => return unsafe { middle(columns, stride, vectors, p, out) },
            _ => {}
        }
    }
    sums::<F, false>(columns, stride, vectors, p, out);
}

#[inline(always)]
fn sums<F: Real, const FMA: bool>(columns: &[F], stride: usize, vectors: &[f64], p: usize, out: &mut [f64]) {
    let t = vectors.len() / p;
    let n = out.len() / t;
    let mut lanes = vec![0.0; VECTORS.min(t) * LANES * n];
    for start in (0..t).step_by(VECTORS) {
        let end = t.min(start + VECTORS);
        let lanes = &mut lanes[..(end - start) * LANES * n];
        lanes.fill(0.0);
        for first in (0..p).step_by(LANES * TOGETHER) {
            for k in start..end {
                let vector = &vectors[k * p..(k + 1) * p];
                for l in 0..LANES.min(p - first) {
                    let lane = &mut lanes[((k - start) * LANES + l) * n..][..n];
                    let column = |a: usize| {
                        let j = first + l + a * LANES;
                        (&columns[j * stride..j * stride + n], vector[j])
                    };
                    if first + l + (TOGETHER - 1) * LANES < p {
                        add_four::<F, FMA>(lane, [column(0), column(1), column(2), column(3)]);
                    } else {
                        for a in 0..(p - first - l).div_ceil(LANES) {
                            add::<F, FMA>(lane, column(a));
                        }
                    }
                }
            }
        }
        for k in start..end {
            let lanes = &mut lanes[(k - start) * LANES * n..][..LANES * n];
            let mut half = LANES / 2 * n;
            while half >= n {
                let (front, back) = lanes.split_at_mut(half);
                for i in 0..half {
                    front[i] += back[i];
                }
                half /= 2;
            }
            for i in 0..n {
                out[i * t + k] = lanes[i];
            }
        }
    }
}

#[inline(always)]
fn step<F: Real, const FMA: bool>(sum: f64, v: F, w: f64) -> f64 {
    if FMA { v.widen().mul_add(w, sum) } else { sum + v.widen() * w }
}

#[inline(always)]
fn add<F: Real, const FMA: bool>(lane: &mut [f64], (column, w): (&[F], f64)) {
    for i in 0..lane.len().min(column.len()) {
        lane[i] = step::<F, FMA>(lane[i], column[i], w);
    }
}

#[inline(always)]
fn add_four<F: Real, const FMA: bool>(lane: &mut [f64], columns: [(&[F], f64); TOGETHER]) {
    let n = lane.len();
    let [(a, u), (b, v), (c, w), (d, x)] = columns;
    let (a, b, c, d) = (&a[..n], &b[..n], &c[..n], &d[..n]);
    for i in 0..n {
        let sum = step::<F, FMA>(lane[i], a[i], u);
        let sum = step::<F, FMA>(sum, b[i], v);
        let sum = step::<F, FMA>(sum, c[i], w);
        lane[i] = step::<F, FMA>(sum, d[i], x);
    }
}
