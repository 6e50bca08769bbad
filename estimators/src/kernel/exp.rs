//! The exponential of many numbers at once: compiled for the widest instructions, within 2 units in the last place.
//!
//! `exp(x) = 2^k·exp(r)` with |r| ≤ ln 2/2, where a polynomial gives `exp(r)`. What would be no normal number is 0.

use ironlearn_linalg::Real;

/// An element of a kernel matrix.
pub trait Entry: Real + ironlearn_linalg::lapack::Blas {
    /// `exp(x)` for x ≤ 0.
    fn exp_of_negative<const FMA: bool>(self) -> Self;
}

macro_rules! entry {
    ($t:ty, $bits:ty, $shift:literal, $magic:literal, $least:literal, $high:literal, $low:literal, [$($c:literal),*]) => {
        impl Entry for $t {
            #[inline(always)]
            fn exp_of_negative<const FMA: bool>(self) -> $t {
                // Adding the magic number leaves x/ln 2, rounded, in the lowest bits.
                let inside = if self > $least { self } else { $least };
                let shifted = fused::<$t, FMA>(inside, std::f64::consts::LOG2_E as $t, $magic);
                let k = shifted - $magic;
                let r = fused::<$t, FMA>(-k, $low, fused::<$t, FMA>(-k, $high, inside));
                let mut sum: $t = 0.0;
                $(sum = fused::<$t, FMA>(sum, r, $c);)*
                let value = <$t>::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << $shift));
                if self > $least { value } else { 0.0 }
            }
        }
    };
}

#[inline(always)]
fn fused<F: Real, const FMA: bool>(a: F, b: F, c: F) -> F {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

entry!(
    f32,
    u32,
    23,
    12_582_912.0,
    -87.0,
    0.693_359_4,
    -2.121_944_4e-4,
    [1.984_127e-4, 1.388_888_9e-3, 8.333_334e-3, 4.166_666_8e-2, 1.666_666_7e-1, 0.5, 1.0, 1.0]
);
entry!(
    f64,
    u64,
    52,
    6_755_399_441_055_744.0,
    -708.0,
    0.693_147_180_369_123_8,
    1.908_214_929_270_587_7e-10,
    [
        1.605_904_383_682_161_3e-10,
        2.087_675_698_786_81e-9,
        2.505_210_838_544_172e-8,
        2.755_731_922_398_589e-7,
        2.755_731_922_398_589_3e-6,
        2.480_158_730_158_73e-5,
        1.984_126_984_126_984e-4,
        1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-3,
        4.166_666_666_666_666_4e-2,
        1.666_666_666_666_666_6e-1,
        0.5,
        1.0,
        1.0
    ]
);

macro_rules! by_level {
    ($(#[$doc:meta])* $name:ident<$f:ident>($($arg:ident: $t:ty),*), $body:ident) => {
        $(#[$doc])*
        pub fn $name<$f: Entry>($($arg: $t),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
                fn wide<$f: Entry>($($arg: $t),*) {
                    $body::<$f, true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn middle<$f: Entry>($($arg: $t),*) {
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
    /// Turns products of a row of squared length `size` with others into `exp(−gamma·(size + sizes − 2·products))`, where
    /// what is in brackets counts as 0 where rounding makes it negative.
    of_products<F>(gamma: F, size: F, sizes: &[F], values: &mut [F]), of_products_any);
by_level!(
    /// `values = exp(−gamma·(size + values))`, where what is in brackets counts as 0 where rounding makes it negative.
    of_distances<F>(gamma: F, size: F, values: &mut [F]), of_distances_any);
by_level!(
    /// `values = exp(−gamma·values)` for values that are not negative.
    of_scaled<F>(gamma: F, values: &mut [F]), of_scaled_any);

#[inline(always)]
fn of_products_any<F: Entry, const FMA: bool>(gamma: F, size: F, sizes: &[F], values: &mut [F]) {
    let n = values.len();
    let sizes = &sizes[..n];
    let two = F::one() + F::one();
    for i in 0..n {
        let d = fused::<F, FMA>(-two, values[i], size + sizes[i]);
        let d = if d > F::zero() { d } else { F::zero() };
        values[i] = (-gamma * d).exp_of_negative::<FMA>();
    }
}

#[inline(always)]
fn of_distances_any<F: Entry, const FMA: bool>(gamma: F, size: F, values: &mut [F]) {
    for i in 0..values.len() {
        let d = size + values[i];
        let d = if d > F::zero() { d } else { F::zero() };
        values[i] = (-gamma * d).exp_of_negative::<FMA>();
    }
}

#[inline(always)]
fn of_scaled_any<F: Entry, const FMA: bool>(gamma: F, values: &mut [F]) {
    for i in 0..values.len() {
        values[i] = (-gamma * values[i]).exp_of_negative::<FMA>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst<F: Entry>(least: f64) -> f64 {
        let n = 100_000;
        let mut values: Vec<F> = (0..n).map(|i| F::narrow(-least * f64::from(i) / f64::from(n))).collect();
        let exact: Vec<f64> = values.iter().map(|v| (-v.widen()).exp()).collect();
        of_scaled(F::one(), &mut values);
        values.iter().zip(exact).map(|(v, e)| (v.widen() / e - 1.0).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn exponentials_are_exact_to_the_last_digits() {
        assert!(worst::<f64>(700.0) < 2.0 * f64::EPSILON);
        assert!(worst::<f32>(86.0) < 2.0 * f64::from(f32::EPSILON));
        let mut far = [0.0, 800.0, f64::INFINITY, 1e300];
        of_scaled(1.0, &mut far);
        assert_eq!(far, [1.0, 0.0, 0.0, 0.0]);
    }
}
