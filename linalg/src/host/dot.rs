//! Dot products of the rows of X with vectors of `f64`, by the widest instructions that the machine has.
//!
//! Whatever the instructions, the sums are 16 running ones over the columns and then one fixed tree.

use crate::Real;

const LANES: usize = 16;

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
        for i in 0..n {
            let row = &rows[i * p..(i + 1) * p];
            for k in 0..t {
                out[i * t + k] = dot(row, &vectors[k * p..(k + 1) * p]);
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
        for p in [1, 7, 8, 15, 16, 17, 50, 129] {
            let rows: Vec<f64> = (0..3 * p).map(|i| (i as f64 * 0.7).sin()).collect();
            let narrow: Vec<f32> = rows.iter().map(|&v| v as f32).collect();
            let vectors: Vec<f64> = (0..2 * p).map(|i| (i as f64 * 1.3).cos()).collect();
            let (mut found, mut expected) = ([0.0; 6], [0.0; 6]);
            let dot = Dot::detect();
            let fused = format!("{dot:?}") != "Dot { level: 0 }" && cfg!(target_arch = "x86_64");
            dot.rows(&rows, &vectors, p, &mut found);
            if fused {
                plain_rows::<f64, true>(&rows, &vectors, p, &mut expected);
            } else {
                plain_rows::<f64, false>(&rows, &vectors, p, &mut expected);
            }
            assert_eq!(found, expected, "{p} columns");
            dot.rows(&narrow, &vectors, p, &mut found);
            assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-5 * p as f64));
        }
    }
}
