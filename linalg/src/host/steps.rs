//! The two inner loops of coordinate descent, by the widest instructions that the machine has. By indices: adaptors of
//! iterators are not inlined into a function with instructions of its own.

use crate::Real;

/// How this machine adds vectors and takes products of them.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    #[cfg(target_arch = "x86_64")]
    level: u8,
}

impl Steps {
    /// Asks the processor, once.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2");
            let wide = fma && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
            Steps { level: u8::from(fma) + u8::from(wide) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Steps {}
    }

    /// `y += a·x`, as far as both reach.
    #[inline]
    pub fn add<F: Real>(self, a: f64, x: &[F], y: &mut [f64]) {
        #[cfg(target_arch = "x86_64")]
        match self.level {
            // SAFETY: `detect` found these instructions.
            2 => return unsafe { add_avx512(a, x, y) },
            // SAFETY: as above.
            1 => return unsafe { add_avx2(a, x, y) },
            _ => {}
        }
        add_plain::<F, false>(a, x, y);
    }

    /// `x·y`, as far as both reach: 32 running sums, then one fixed tree.
    #[inline]
    pub fn dot<F: Real>(self, x: &[F], y: &[f64]) -> f64 {
        #[cfg(target_arch = "x86_64")]
        match self.level {
            // SAFETY: `detect` found these instructions.
            2 => return unsafe { dot_avx512(x, y) },
            // SAFETY: as above.
            1 => return unsafe { dot_avx2(x, y) },
            _ => {}
        }
        dot_plain::<F, false>(x, y)
    }

    /// `y += a₀·x₀ + a₁·x₁ + a₂·x₂ + a₃·x₃` for four vectors of the length of y that lie one after the other.
    #[inline]
    pub fn add_four<F: Real>(self, a: [f64; 4], x: &[F], y: &mut [f64]) {
        #[cfg(target_arch = "x86_64")]
        match self.level {
            // SAFETY: `detect` found these instructions.
            2 => return unsafe { four_avx512(a, x, y) },
            // SAFETY: as above.
            1 => return unsafe { four_avx2(a, x, y) },
            _ => {}
        }
        four_plain::<F, false>(a, x, y);
    }
}

macro_rules! widest {
    ($features:literal, $add:ident, $dot:ident, $four:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $add<F: Real>(a: f64, x: &[F], y: &mut [f64]) {
            add_plain::<F, true>(a, x, y);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $dot<F: Real>(x: &[F], y: &[f64]) -> f64 {
            dot_plain::<F, true>(x, y)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $four<F: Real>(a: [f64; 4], x: &[F], y: &mut [f64]) {
            four_plain::<F, true>(a, x, y);
        }
    };
}

widest!("avx2,fma", add_avx2, dot_avx2, four_avx2);
widest!("avx512f,avx512vl,avx2,fma", add_avx512, dot_avx512, four_avx512);

#[inline(always)]
fn fused<const FMA: bool>(sum: f64, a: f64, x: f64) -> f64 {
    if FMA { a.mul_add(x, sum) } else { sum + a * x }
}

#[inline(always)]
fn add_plain<F: Real, const FMA: bool>(a: f64, x: &[F], y: &mut [f64]) {
    let n = x.len().min(y.len());
    let (x, y) = (&x[..n], &mut y[..n]);
    for i in 0..n {
        y[i] = fused::<FMA>(y[i], a, x[i].widen());
    }
}

#[inline(always)]
fn four_plain<F: Real, const FMA: bool>(a: [f64; 4], x: &[F], y: &mut [f64]) {
    let n = y.len();
    let (first, rest) = x[..4 * n].split_at(n);
    let (second, rest) = rest.split_at(n);
    let (third, fourth) = rest.split_at(n);
    for i in 0..n {
        let mut sum = fused::<FMA>(y[i], a[0], first[i].widen());
        sum = fused::<FMA>(sum, a[1], second[i].widen());
        sum = fused::<FMA>(sum, a[2], third[i].widen());
        y[i] = fused::<FMA>(sum, a[3], fourth[i].widen());
    }
}

const LANES: usize = 32;

#[inline(always)]
fn dot_plain<F: Real, const FMA: bool>(x: &[F], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    let mut lanes = [0.0; LANES];
    let ((xs, x_rest), (ys, y_rest)) = (x[..n].as_chunks::<LANES>(), y[..n].as_chunks::<LANES>());
    for b in 0..xs.len() {
        for l in 0..LANES {
            lanes[l] = fused::<FMA>(lanes[l], xs[b][l].widen(), ys[b][l]);
        }
    }
    for l in 0..x_rest.len().min(LANES) {
        lanes[l] = fused::<FMA>(lanes[l], x_rest[l].widen(), y_rest[l]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loops_match_their_definitions() {
        let steps = Steps::detect();
        for n in [0, 1, 7, 31, 32, 33, 100] {
            let x: Vec<f64> = (0..4 * n).map(|i| (i as f64).sin()).collect();
            let y: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
            let want: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
            assert!((steps.dot(&x, &y) - want).abs() < 1e-12);
            let mut sum = y.clone();
            steps.add(0.5, &x, &mut sum);
            steps.add_four([1.0, -2.0, 0.25, 3.0], &x, &mut sum);
            for i in 0..n {
                let want = y[i] + 1.5 * x[i] - 2.0 * x[n + i] + 0.25 * x[2 * n + i] + 3.0 * x[3 * n + i];
                assert!((sum[i] - want).abs() < 1e-12);
            }
        }
    }
}
