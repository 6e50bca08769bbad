//! Loops over the numbers of one row, for clustering: the order of additions depends on nothing but their number.

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

by_level!(
    /// ‖x‖².
    squares<F>(row: &[F]) -> f64, square_lanes);
by_level!(
    /// ‖x − c‖².
    distance<F>(row: &[F], center: &[f64]) -> f64, distance_lanes);
by_level!(
    /// Adds weight·(x − shift) to `sum` and its rounding errors to `rest`.
    add_row<F>(row: &[F], weight: f64, shift: &[f64], sum: &mut [f64], rest: &mut [f64]), add_lanes);
by_level!(
    /// Adds x − origin and its square; returns ‖x‖.
    moments<F>(row: &[F], origin: &[f64], first: &mut [f64], second: &mut [f64]) -> f64, moment_lanes);

#[inline(always)]
fn square_lanes<F: Real, const FMA: bool>(row: &[F]) -> f64 {
    let mut lanes = [0.0; 32];
    let (blocks, rest) = row.as_chunks::<32>();
    for block in blocks {
        for (l, v) in lanes.iter_mut().zip(block) {
            *l += v.widen() * v.widen();
        }
    }
    for (l, v) in lanes.iter_mut().zip(rest) {
        *l += v.widen() * v.widen();
    }
    let mut width = 16;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn distance_lanes<F: Real, const FMA: bool>(row: &[F], center: &[f64]) -> f64 {
    const LANES: usize = 16;
    let add = |sum: f64, v: F, c: f64| {
        let d = v.widen() - c;
        if FMA { d.mul_add(d, sum) } else { sum + d * d }
    };
    let mut lanes = [0.0; LANES];
    let (rows, centers) = (row.chunks_exact(LANES), center[..row.len()].chunks_exact(LANES));
    let rest = (rows.remainder(), centers.remainder());
    for (r, c) in rows.zip(centers) {
        for l in 0..LANES {
            lanes[l] = add(lanes[l], r[l], c[l]);
        }
    }
    for (l, (&v, &c)) in rest.0.iter().zip(rest.1).enumerate() {
        lanes[l] = add(lanes[l], v, c);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
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
    square_lanes::<F, FMA>(row).sqrt()
}
