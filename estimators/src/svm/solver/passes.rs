//! The loops over all variables of a block, which are the whole cost of a step: compiled for the widest instructions.
//!
//! Eight variables at a time, each lane with a best of its own; ties go to the first variable. Lengths are multiples of
//! [`LANES`]: blocks are filled up with variables that cannot move. Written with indices, as `row_loops` in `linalg`.

use ironlearn_linalg::Real;

/// The variables that a loop looks at together.
pub const LANES: usize = 8;

/// What one look at the gradients found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// The smallest gradient of a variable that can rise; +∞ where none can.
    pub low: f64,
    /// Its place.
    pub at: usize,
    /// The largest gradient of a variable that can fall; −∞ where none can.
    pub high: f64,
}

/// Compiles a loop for AVX-512 and AVX2 and calls the best that this machine has.
macro_rules! by_level {
    ($(#[$doc:meta])* $name:ident<$f:ident>($($arg:ident: $t:ty),*) $(-> $out:ty)?, $body:ident) => {
        $(#[$doc])*
        pub fn $name<$f: Real>($($arg: $t),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
                fn wide<$f: Real>($($arg: $t),*) $(-> $out)? {
                    $body::<$f, true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn middle<$f: Real>($($arg: $t),*) $(-> $out)? {
                    $body::<$f, true>($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    if is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512dq") {
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
    /// Adds `step·(rising − falling)` to the gradients `g`, and finds the extremes of `g + up` and `g + down`.
    move_and_look<F>(g: &mut [f64], up: &[f64], down: &[f64], rising: &[F], falling: &[F], step: f64) -> Extremes,
    move_and_look_lanes);
by_level!(
    /// The variable that falls best while one of gradient `low` rises: the largest `b²/a` for `b = g + down − low > 0`
    /// and `a = own + diagonal − 2·row`, at least `tau`. `usize::MAX` where there is none.
    partner<F>(g: &[f64], down: &[f64], diagonal: &[f64], row: &[F], low: f64, own: f64, tau: f64) -> usize,
    partner_lanes);
by_level!(
    /// Adds `Σ coefs·rows` to `out`, four rows at a time.
    add_rows<F>(out: &mut [f64], rows: &[&[F]], coefs: &[f64]) -> (),
    add_rows_any);

#[inline(always)]
fn fused<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn move_and_look_lanes<F: Real, const FMA: bool>(
    g: &mut [f64],
    up: &[f64],
    down: &[f64],
    rising: &[F],
    falling: &[F],
    step: f64,
) -> Extremes {
    let n = g.len() / LANES;
    let (g, up, down) = (g.as_chunks_mut::<LANES>().0, up.as_chunks::<LANES>().0, down.as_chunks::<LANES>().0);
    let (rising, falling) = (rising.as_chunks::<LANES>().0, falling.as_chunks::<LANES>().0);
    assert!(up.len() >= n && down.len() >= n && rising.len() >= n && falling.len() >= n, "a row is too short");
    let (mut low, mut at, mut high) = ([f64::INFINITY; LANES], [0_u64; LANES], [f64::NEG_INFINITY; LANES]);
    for c in 0..n {
        let mut new = [0.0; LANES];
        for l in 0..LANES {
            new[l] = fused::<FMA>(step, rising[c][l].widen() - falling[c][l].widen(), g[c][l]);
        }
        g[c] = new;
        for l in 0..LANES {
            let rise = new[l] + up[c][l];
            let better = rise < low[l];
            low[l] = if better { rise } else { low[l] };
            at[l] = if better { c as u64 } else { at[l] };
            let fall = new[l] + down[c][l];
            high[l] = if fall > high[l] { fall } else { high[l] };
        }
    }
    let mut best = Extremes { low: f64::INFINITY, at: usize::MAX, high: f64::NEG_INFINITY };
    for l in 0..LANES {
        let place = at[l] as usize * LANES + l;
        if low[l] < best.low || (low[l] == best.low && place < best.at) {
            (best.low, best.at) = (low[l], place);
        }
        best.high = best.high.max(high[l]);
    }
    best
}

#[inline(always)]
fn partner_lanes<F: Real, const FMA: bool>(
    g: &[f64],
    down: &[f64],
    diagonal: &[f64],
    row: &[F],
    low: f64,
    own: f64,
    tau: f64,
) -> usize {
    let n = g.len() / LANES;
    let (g, down) = (g.as_chunks::<LANES>().0, down.as_chunks::<LANES>().0);
    let (diagonal, row) = (diagonal.as_chunks::<LANES>().0, row.as_chunks::<LANES>().0);
    assert!(down.len() >= n && diagonal.len() >= n && row.len() >= n, "a row is too short");
    // b²/a > best is b²·(best's a) > (best's b²)·a: no division.
    let (mut top, mut bottom, mut at) = ([0.0_f64; LANES], [1.0_f64; LANES], [u64::MAX; LANES]);
    for c in 0..n {
        for l in 0..LANES {
            let b = g[c][l] + down[c][l] - low;
            let b = if b > 0.0 { b } else { 0.0 };
            let a = fused::<FMA>(-2.0, row[c][l].widen(), own + diagonal[c][l]);
            let a = if a > 0.0 { a } else { tau };
            let square = b * b;
            let better = square * bottom[l] > top[l] * a;
            top[l] = if better { square } else { top[l] };
            bottom[l] = if better { a } else { bottom[l] };
            at[l] = if better { c as u64 } else { at[l] };
        }
    }
    let (mut best, mut place) = (0.0, usize::MAX);
    for l in 0..LANES {
        let gain = top[l] / bottom[l];
        if at[l] != u64::MAX {
            let own = at[l] as usize * LANES + l;
            if place == usize::MAX || gain > best || (gain == best && own < place) {
                (best, place) = (gain, own);
            }
        }
    }
    place
}

#[inline(always)]
fn add_rows_any<F: Real, const FMA: bool>(out: &mut [f64], rows: &[&[F]], coefs: &[f64]) {
    let n = out.len();
    let mut k = 0;
    while k + 4 <= rows.len() {
        let (a, b, c, d) = (&rows[k][..n], &rows[k + 1][..n], &rows[k + 2][..n], &rows[k + 3][..n]);
        let (s, t, u, v) = (coefs[k], coefs[k + 1], coefs[k + 2], coefs[k + 3]);
        for i in 0..n {
            let first = fused::<FMA>(s, a[i].widen(), out[i]);
            let second = fused::<FMA>(t, b[i].widen(), first);
            let third = fused::<FMA>(u, c[i].widen(), second);
            out[i] = fused::<FMA>(v, d[i].widen(), third);
        }
        k += 4;
    }
    while k < rows.len() {
        let (a, s) = (&rows[k][..n], coefs[k]);
        for i in 0..n {
            out[i] = fused::<FMA>(s, a[i].widen(), out[i]);
        }
        k += 1;
    }
}
