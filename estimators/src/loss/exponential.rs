//! Exponentials of many numbers at once.

/// Replaces each number by its exponential, to about one unit in the last place; 0 below −708, infinite above
/// 709.
///
/// The same bits whatever instructions the machine has: products and sums are not fused.
pub fn exp_all(values: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx2")]
        fn wide(values: &mut [f64]) {
            all(values);
        }
        #[target_feature(enable = "avx2")]
        fn middle(values: &mut [f64]) {
            all(values);
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: these instructions are there.
            return unsafe { wide(values) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions are there.
            return unsafe { middle(values) };
        }
    }
    all(values);
}

#[inline(always)]
fn all(values: &mut [f64]) {
    for v in values {
        *v = exp(*v);
    }
}

/// `2^k·exp(r)` with k whole and |r| ≤ ln(2)/2: the powers of r up to the thirteenth.
#[inline(always)]
fn exp(x: f64) -> f64 {
    /// Adding it rounds to a whole number, which its lowest bits then hold.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const FACTORIALS: [f64; 12] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ];
    let held = if x > 709.0 { 709.0 } else { x };
    let held = if held < -708.0 { -708.0 } else { held };
    let shifted = held * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (held - k * LN2_HIGH) - k * LN2_LOW;
    let mut q = FACTORIALS[0];
    for factor in &FACTORIALS[1..] {
        q = q * r + factor;
    }
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    let value = (1.0 + (r + r * r * q)) * scale;
    let value = if x > 709.0 { f64::INFINITY } else { value };
    if x < -708.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential() {
        let mut x: Vec<f64> = (-7_000..=7_000).map(|i| f64::from(i) * 0.101_3).collect();
        x.extend([0.0, -0.0, 1e-300, -1e-17, 0.346_573, -0.346_574]);
        let mut y = x.clone();
        exp_all(&mut y);
        for (x, y) in x.into_iter().zip(y) {
            if x.abs() < 708.0 {
                assert!((y - x.exp()).abs() <= 3.0 * f64::EPSILON * x.exp(), "{x} {y}");
            }
        }
        let mut odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -800.0, 800.0];
        exp_all(&mut odd);
        assert!(odd[0].is_nan() && odd[1..] == [f64::INFINITY, 0.0, 0.0, f64::INFINITY]);
    }
}
