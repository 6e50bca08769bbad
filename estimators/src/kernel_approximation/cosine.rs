//! Cosines of many numbers at once, by a polynomial that the compiler can run in the lanes of a register.

/// Beyond this the reduction by multiples of π loses digits, and the library's own cosine is called.
const FAR: f64 = 1e5;
/// π in three parts, of which the first two have 33 bits each, so that their small multiples are exact.
const PI: [f64; 3] = [
    f64::from_bits(0x4009_21fb_5440_0000),
    f64::from_bits(0x3de0_b461_1a60_0000),
    f64::from_bits(0x3bb3_198a_2e03_7073),
];
/// sin(r)/r − 1 as a polynomial in r², for |r| ≤ π/2: its Taylor series.
const SINE: [f64; 10] = [
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5_040.0,
    1.0 / 362_880.0,
    -1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 355_687_428_096_000.0,
    -1.0 / 121_645_100_408_832_000.0,
    1.0 / 51_090_942_171_709_440_000.0,
];
/// Adding and taking off this rounds to a whole number.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Replaces each number by `factor` times its cosine.
pub fn cosines(values: &mut [f64], factor: f64) {
    let (blocks, rest) = values.as_chunks_mut::<8>();
    for block in blocks {
        if block.iter().all(|v| v.abs() <= FAR) {
            block.iter_mut().for_each(|v| *v = factor * near(*v));
        } else {
            block.iter_mut().for_each(|v| *v = factor * any(*v));
        }
    }
    rest.iter_mut().for_each(|v| *v = factor * any(*v));
}

fn any(v: f64) -> f64 {
    if v.abs() <= FAR { near(v) } else { v.cos() }
}

/// With k the whole number nearest to v/π − ½, cos(v) is sin((k + ½)π − v), or its negative for an odd k.
#[inline(always)]
fn near(v: f64) -> f64 {
    let shifted = (v * std::f64::consts::FRAC_1_PI - 0.5) + ROUND;
    let half = (shifted - ROUND) + 0.5;
    let r = ((half * PI[0] - v) + half * PI[1]) + half * PI[2];
    // The last bit of the whole number is that of the sum's mantissa.
    let sign = f64::from_bits(1.0_f64.to_bits() | (shifted.to_bits() << 63));
    let square = r * r;
    let mut sum = SINE[9];
    for &c in SINE[..9].iter().rev() {
        sum = sum * square + c;
    }
    sign * (r + r * square * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_cosines() {
        let all: Vec<f64> =
            (-40_003..40_000).map(|i| f64::from(i) * 0.0173).chain([1e5, -99_999.5, 1e9, 0.0]).collect();
        let mut found = all.clone();
        cosines(&mut found, 2.0);
        for (v, found) in all.iter().zip(&found) {
            assert!((found - 2.0 * v.cos()).abs() < 2e-15 * v.abs().max(1.0).log2().max(1.0), "{v}: {found}");
        }
    }
}
