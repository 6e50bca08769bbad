//! Loops over the numbers of one row, for clustering: the order of additions depends on nothing but their number.
//!
//! Written with indices: adaptors of iterators (`zip`, closures) are not inlined into functions with instructions of
//! their own, and a call in such a loop costs several times the arithmetic.

use crate::Real;

/// Adds `v` to `sum`; what rounding loses goes to `rest`.
#[inline(always)]
pub fn two_sum(sum: f64, rest: f64, v: f64) -> (f64, f64) {
    let new = sum + v;
    let part = new - sum;
    (new, rest + ((sum - (new - part)) + (v - part)))
}

/// Compiles a loop for the widest instructions and calls the best that this machine has.
macro_rules! by_level {
    ($(#[$doc:meta])* $name:ident<$f:ident>($($arg:ident: $t:ty),*) $(-> $out:ty)?, $body:ident) => {
        $(#[$doc])*
        pub fn $name<$f: Real>($($arg: $t),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx2,fma")]
                fn wide<$f: Real>($($arg: $t),*) $(-> $out)? {
                    $body::<$f, true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn middle<$f: Real>($($arg: $t),*) $(-> $out)? {
                    $body::<$f, true>($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: these instructions are there.
                        return unsafe { wide($($arg),*) };
                    }
                    // SAFETY: these instructions are there.
                    return unsafe { middle($($arg),*) };
                }
            }
            $body::<$f, false>($($arg),*)
        }
    };
}

/// ‖x‖².
pub fn squares<F: Real>(row: &[F]) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
        // SAFETY: these instructions are there.
        return unsafe { wide::squares(row) };
    }
    square_lanes(row)
}

/// ‖x − c‖² of two of the same length.
pub fn distance<F: Real>(row: &[F], center: &[f64]) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: these instructions are there.
            return unsafe { wide::distance(row, center) };
        }
        // SAFETY: these instructions are there.
        return unsafe { distance_avx2(row, center) };
    }
    distance_lanes::<F, false>(row, center)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn distance_avx2<F: Real>(row: &[F], center: &[f64]) -> f64 {
    distance_lanes::<F, true>(row, center)
}

by_level!(
    /// Adds weight·(x − shift) to `sum` and its rounding errors to `rest`.
    add_row<F>(row: &[F], weight: f64, shift: &[f64], sum: &mut [f64], rest: &mut [f64]), add_lanes);
by_level!(
    /// Adds x − origin and its square; returns ‖x‖.
    moments<F>(row: &[F], origin: &[f64], first: &mut [f64], second: &mut [f64]) -> f64, moment_lanes);

/// Adds the lanes up in one fixed tree.
#[inline(always)]
fn tree<const L: usize>(mut lanes: [f64; L]) -> f64 {
    let mut width = L / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// [`square_lanes`] and [`distance_lanes`] bit by bit, without loops over what is left after the last full lanes.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::super::dot::wide::{load, sum};
    use crate::Real;
    use core::arch::x86_64::{_mm512_add_pd, _mm512_fmadd_pd, _mm512_mul_pd, _mm512_setzero_pd, _mm512_sub_pd};

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn squares<F: Real>(row: &[F]) -> f64 {
        let mut sums = [_mm512_setzero_pd(); 4];
        let mut at = 0;
        while at < row.len() {
            for v in 0..4 {
                let x = load(row, at + 8 * v);
                sums[v] = _mm512_add_pd(sums[v], _mm512_mul_pd(x, x));
            }
            at += 32;
        }
        sum(_mm512_add_pd(_mm512_add_pd(sums[0], sums[2]), _mm512_add_pd(sums[1], sums[3])))
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn distance<F: Real>(row: &[F], center: &[f64]) -> f64 {
        let center = &center[..row.len()];
        let mut sums = [_mm512_setzero_pd(); 2];
        let mut at = 0;
        while at < row.len() {
            for v in 0..2 {
                let d = _mm512_sub_pd(load(row, at + 8 * v), load(center, at + 8 * v));
                sums[v] = _mm512_fmadd_pd(d, d, sums[v]);
            }
            at += 16;
        }
        sum(_mm512_add_pd(sums[0], sums[1]))
    }
}

#[inline(always)]
fn square_lanes<F: Real>(row: &[F]) -> f64 {
    let mut lanes = [0.0; 32];
    let (blocks, rest) = row.as_chunks::<32>();
    for b in 0..blocks.len() {
        let block = &blocks[b];
        for l in 0..32 {
            lanes[l] += block[l].widen() * block[l].widen();
        }
    }
    for l in 0..rest.len().min(32) {
        lanes[l] += rest[l].widen() * rest[l].widen();
    }
    tree(lanes)
}

#[inline(always)]
fn distance_lanes<F: Real, const FMA: bool>(row: &[F], center: &[f64]) -> f64 {
    const LANES: usize = 16;
    let mut lanes = [0.0; LANES];
    let ((rows, row_rest), (centers, center_rest)) = (row.as_chunks::<LANES>(), center.as_chunks::<LANES>());
    for b in 0..rows.len() {
        let (r, c) = (&rows[b], &centers[b]);
        for l in 0..LANES {
            let d = r[l].widen() - c[l];
            lanes[l] = if FMA { d.mul_add(d, lanes[l]) } else { lanes[l] + d * d };
        }
    }
    for l in 0..row_rest.len().min(LANES) {
        let d = row_rest[l].widen() - center_rest[l];
        lanes[l] = if FMA { d.mul_add(d, lanes[l]) } else { lanes[l] + d * d };
    }
    tree(lanes)
}

#[inline(always)]
fn add_lanes<F: Real, const FMA: bool>(row: &[F], weight: f64, shift: &[f64], sum: &mut [f64], rest: &mut [f64]) {
    let p = row.len();
    let (shift, sum, rest) = (&shift[..p], &mut sum[..p], &mut rest[..p]);
    for j in 0..p {
        (sum[j], rest[j]) = two_sum(sum[j], rest[j], (row[j].widen() - shift[j]) * weight);
    }
}

#[inline(always)]
fn moment_lanes<F: Real, const FMA: bool>(row: &[F], origin: &[f64], first: &mut [f64], second: &mut [f64]) -> f64 {
    let p = row.len();
    let (origin, first, second) = (&origin[..p], &mut first[..p], &mut second[..p]);
    for j in 0..p {
        let d = row[j].widen() - origin[j];
        first[j] += d;
        second[j] += d * d;
    }
    square_lanes(row).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_adds_in_the_same_order() {
        let fused = super::super::dot::Dot::detect().level() > 0;
        for p in [0, 1, 8, 31, 32, 33, 50, 129] {
            let row: Vec<f64> = (0..p).map(|i| (i as f64 * 0.7).sin()).collect();
            let narrow: Vec<f32> = row.iter().map(|&v| v as f32).collect();
            let center: Vec<f64> = (0..p).map(|i| (i as f64 * 1.3).cos()).collect();
            let plain = if fused { distance_lanes::<f64, true> } else { distance_lanes::<f64, false> };
            assert_eq!(distance(&row, &center).to_bits(), plain(&row, &center).to_bits(), "{p} columns");
            assert_eq!(squares(&row).to_bits(), square_lanes(&row).to_bits(), "{p} columns");
            assert_eq!(squares(&narrow).to_bits(), square_lanes(&narrow).to_bits(), "{p} columns");
        }
    }
}
