//! Dot products of the rows of X with vectors of `f64`, by the widest instructions that the machine has.
//!
//! Whatever the instructions, the sums are 16 running ones over the columns and then one fixed tree.

use crate::Real;

pub(super) const LANES: usize = 16;

/// How this machine computes dot products.
#[derive(Debug, Clone, Copy)]
pub struct Dot {
    #[cfg(target_arch = "x86_64")]
    level: u8,
}

impl Dot {
    /// Asks the processor, once.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2");
            let wide = fma && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
            Dot { level: u8::from(fma) + u8::from(wide) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Dot {}
    }

    /// 0: no special instructions; 1: AVX2 with fused steps; 2: AVX-512.
    #[inline]
    pub(super) fn level(self) -> u8 {
        #[cfg(target_arch = "x86_64")]
        return self.level;
        #[cfg(not(target_arch = "x86_64"))]
        0
    }

    /// One product; both have the same length.
    #[inline]
    pub fn one<F: Real>(self, row: &[F], vector: &[f64]) -> f64 {
        #[cfg(target_arch = "x86_64")]
        match self.level {
            // SAFETY: `detect` found these instructions.
            2 => return unsafe { wide::dot(row, vector) },
            // SAFETY: as above.
            1 => return unsafe { dot_avx2(row, vector) },
            _ => {}
        }
        dot::<F, false>(row, vector)
    }

    /// For each row of p numbers its products with all vectors, which lie one after the other: `out` is row by row
    /// and says how many rows there are.
    pub fn rows<F: Real>(self, rows: &[F], vectors: &[f64], p: usize, out: &mut [f64]) {
        let t = vectors.len() / p.max(1);
        if p == 0 || t == 0 {
            return;
        }
        #[cfg(target_arch = "x86_64")]
        match self.level {
            // SAFETY: `detect` found these instructions.
            2 => return unsafe { wide::rows(rows, vectors, p, out) },
            // SAFETY: as above.
            1 => return unsafe { rows_avx2(rows, vectors, p, out) },
            _ => {}
        }
        plain_rows::<F, false>(rows, vectors, p, out);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn rows_avx2<F: Real>(rows: &[F], vectors: &[f64], p: usize, out: &mut [f64]) {
    plain_rows::<F, true>(rows, vectors, p, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dot_avx2<F: Real>(row: &[F], vector: &[f64]) -> f64 {
    dot::<F, true>(row, vector)
}

#[inline(always)]
fn plain_rows<F: Real, const FMA: bool>(rows: &[F], vectors: &[f64], p: usize, out: &mut [f64]) {
    let t = vectors.len() / p;
    let n = (rows.len() / p).min(out.len() / t);
    for i in 0..n {
        for k in 0..t {
            out[i * t + k] = dot::<F, FMA>(&rows[i * p..(i + 1) * p], &vectors[k * p..(k + 1) * p]);
        }
    }
}

#[inline(always)]
fn dot<F: Real, const FMA: bool>(row: &[F], vector: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((rows, row_rest), (vectors, vector_rest)) = (row.as_chunks::<LANES>(), vector.as_chunks::<LANES>());
    for b in 0..rows.len() {
        for l in 0..LANES {
            let (v, w) = (rows[b][l].widen(), vectors[b][l]);
            lanes[l] = if FMA { v.mul_add(w, lanes[l]) } else { lanes[l] + v * w };
        }
    }
    for l in 0..row_rest.len().min(LANES) {
        let (v, w) = (row_rest[l].widen(), vector_rest[l]);
        lanes[l] = if FMA { v.mul_add(w, lanes[l]) } else { lanes[l] + v * w };
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

/// AVX-512: measured at five times the speed of what the compiler makes of [`dot`] for 50 columns.
#[cfg(target_arch = "x86_64")]
pub(super) mod wide {
    use crate::{Dtype, Real};
    use core::arch::x86_64::*;

    /// By indices: adaptors of iterators are not inlined into a function with instructions of its own.
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn rows<F: Real>(rows: &[F], vectors: &[f64], p: usize, out: &mut [f64]) {
        let t = vectors.len() / p;
        let n = (rows.len() / p).min(out.len() / t);
        let mut i = 0;
        if t == 1 {
            while i + 8 <= n {
                let sums = block::<F, 8, 1>(&rows[i * p..(i + 8) * p], vectors, p);
                out[i..i + 8].copy_from_slice(&sums);
                i += 8;
            }
        }
        while t > 1 && i + 4 <= n {
            let four = &rows[i * p..(i + 4) * p];
            let mut k = 0;
            while k + 4 <= t {
                for pair in [0, 2] {
                    let two = &four[pair * p..(pair + 2) * p];
                    let sums = block::<F, 2, 4>(two, &vectors[k * p..(k + 4) * p], p);
                    for a in 0..2 {
                        out[(i + pair + a) * t + k..][..4].copy_from_slice(&sums[4 * a..4 * a + 4]);
                    }
                }
                k += 4;
            }
            if k + 2 <= t {
                let sums = block::<F, 4, 2>(four, &vectors[k * p..(k + 2) * p], p);
                for a in 0..4 {
                    out[(i + a) * t + k..][..2].copy_from_slice(&sums[2 * a..2 * a + 2]);
                }
                k += 2;
            }
            if k < t {
                for a in 0..4 {
                    out[(i + a) * t + k] = dot(&four[a * p..(a + 1) * p], &vectors[k * p..(k + 1) * p]);
                }
            }
            i += 4;
        }
        for i in i..n {
            let row = &rows[i * p..(i + 1) * p];
            for k in 0..t {
                out[i * t + k] = dot(row, &vectors[k * p..(k + 1) * p]);
            }
        }
    }

    /// The products of R rows with T vectors, R·T = 8, each as [`dot`]: what is read once serves several.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    fn block<F: Real, const R: usize, const T: usize>(rows: &[F], vectors: &[f64], p: usize) -> [f64; 8] {
        let (rows, vectors) = (&rows[..R * p], &vectors[..T * p]);
        let (mut low, mut high) = ([_mm512_setzero_pd(); 8], [_mm512_setzero_pd(); 8]);
        // The next rows follow, most likely: they are called into the cache, a line of each 64 bytes.
        let ahead = rows.as_ptr_range().end.cast::<i8>();
        let bytes = size_of::<F>() * 16;
        let mut at = 0;
        while at + 16 <= p {
            for a in 0..R {
                for line in (0..bytes).step_by(64) {
                    _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add((a * p + at) * size_of::<F>() + line));
                }
            }
            for k in 0..T {
                // SAFETY: 16 numbers of a vector and of a row from `at` on, which is at most p − 16.
                unsafe {
                    let (first, second) = (full(vectors, k * p + at), full(vectors, k * p + at + 8));
                    for a in 0..R {
                        low[a * T + k] = _mm512_fmadd_pd(full(rows, a * p + at), first, low[a * T + k]);
                        high[a * T + k] = _mm512_fmadd_pd(full(rows, a * p + at + 8), second, high[a * T + k]);
                    }
                }
            }
            at += 16;
        }
        while at < p {
            let sums = if at % 16 < 8 { &mut low } else { &mut high };
            for k in 0..T {
                let vector = load(&vectors[k * p..(k + 1) * p], at);
                for a in 0..R {
                    sums[a * T + k] = _mm512_fmadd_pd(load(&rows[a * p..(a + 1) * p], at), vector, sums[a * T + k]);
                }
            }
            at += 8;
        }
        for a in 0..8 {
            low[a] = _mm512_add_pd(low[a], high[a]);
        }
        eight_sums(low)
    }

    /// [`sum`] of eight at once.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    fn eight_sums(v: [__m512d; 8]) -> [f64; 8] {
        let fold = |a, b| _mm512_add_pd(_mm512_shuffle_f64x2::<0x44>(a, b), _mm512_shuffle_f64x2::<0xEE>(a, b));
        let four = [fold(v[0], v[1]), fold(v[2], v[3]), fold(v[4], v[5]), fold(v[6], v[7])];
        let fold = |a, b| _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xDD>(a, b));
        let (front, back) = (fold(four[0], four[1]), fold(four[2], four[3]));
        // The sums of 0, 4, 1, 5, 2, 6, 3, 7.
        let mixed = _mm512_add_pd(_mm512_unpacklo_pd(front, back), _mm512_unpackhi_pd(front, back));
        let mut sums = [0.0; 8];
        let order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
        // SAFETY: eight numbers have room there.
        unsafe { _mm512_storeu_pd(sums.as_mut_ptr(), _mm512_permutexvar_pd(order, mixed)) };
        sums
    }

    /// The eight numbers from `at` on.
    ///
    /// # Safety
    /// They lie inside `values`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    unsafe fn full<F: Real>(values: &[F], at: usize) -> __m512d {
        // SAFETY: the caller's promise; the element type is what DTYPE says.
        unsafe {
            let start = values.as_ptr().add(at);
            match F::DTYPE {
                Dtype::F64 => _mm512_loadu_pd(start.cast()),
                Dtype::F32 => _mm512_cvtps_pd(_mm256_loadu_ps(start.cast())),
            }
        }
    }

    /// The eight numbers from `at` on, of which those past the end are 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn load<F: Real>(values: &[F], at: usize) -> __m512d {
        let left = values.len().saturating_sub(at);
        let mask: __mmask8 = if left >= 8 { 0xff } else { (1u8 << left) - 1 };
        // SAFETY: masked lanes are not read, the others lie inside `values`; the element type is what DTYPE says.
        unsafe {
            let start = values.as_ptr().wrapping_add(at);
            match F::DTYPE {
                Dtype::F64 => _mm512_maskz_loadu_pd(mask, start.cast()),
                Dtype::F32 => _mm512_cvtps_pd(_mm256_maskz_loadu_ps(mask, start.cast())),
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn dot<F: Real>(row: &[F], vector: &[f64]) -> f64 {
        let vector = &vector[..row.len()];
        let (mut low, mut high) = (_mm512_setzero_pd(), _mm512_setzero_pd());
        let mut at = 0;
        while at < row.len() {
            low = _mm512_fmadd_pd(load(row, at), load(vector, at), low);
            high = _mm512_fmadd_pd(load(row, at + 8), load(vector, at + 8), high);
            at += 16;
        }
        sum(_mm512_add_pd(low, high))
    }

    /// The sum of eight numbers by a tree.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn sum(eight: __m512d) -> f64 {
        let four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd::<1>(eight));
        let two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widest instructions give the bits of the plain sums of the same order with fused steps.
    #[test]
    fn every_path_sums_in_the_same_order() {
        for p in [1, 7, 8, 9, 15, 16, 17, 24, 50, 129] {
            for (n, t) in [(1, 1), (9, 1), (17, 1), (3, 2), (7, 3), (8, 5), (5, 11)] {
                let rows: Vec<f64> = (0..n * p).map(|i| (i as f64 * 0.7).sin()).collect();
                let narrow: Vec<f32> = rows.iter().map(|&v| v as f32).collect();
                let widened: Vec<f64> = narrow.iter().map(|&v| v as f64).collect();
                let vectors: Vec<f64> = (0..t * p).map(|i| (i as f64 * 1.3).cos()).collect();
                let (mut found, mut expected) = (vec![0.0; n * t], vec![0.0; n * t]);
                let dot = Dot::detect();
                let mut check = |rows: &[f64], found: &[f64]| {
                    if dot.level() > 0 {
                        plain_rows::<f64, true>(rows, &vectors, p, &mut expected);
                    } else {
                        plain_rows::<f64, false>(rows, &vectors, p, &mut expected);
                    }
                    assert_eq!(found, expected, "{n} rows, {p} columns, {t} vectors");
                };
                dot.rows(&rows, &vectors, p, &mut found);
                check(&rows, &found);
                dot.rows(&narrow, &vectors, p, &mut found);
                check(&widened, &found);
            }
        }
    }
}
