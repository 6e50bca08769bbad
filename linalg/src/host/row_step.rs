//! One row of X at a time: the products and updates that stochastic gradients are made of.
//!
//! Whatever the instructions, a product is 16 running sums and one fixed tree ([`Dot`]), and a sum of squares is eight.

use super::dot::Dot;
use crate::Real;

/// How this machine handles one row.
#[derive(Debug, Clone, Copy)]
pub struct RowStep {
    dot: Dot,
}

impl RowStep {
    /// Asks the processor, once.
    pub fn detect() -> Self {
        RowStep { dot: Dot::detect() }
    }

    /// `row·w`; both have the same length.
    #[inline]
    pub fn dot<F: Real>(self, row: &[F], w: &[f64]) -> f64 {
        self.dot.one(row, w)
    }

    /// `w += c·row`; the sum of the squares of the new w.
    #[inline]
    pub fn add<F: Real>(self, row: &[F], c: f64, w: &mut [f64]) -> f64 {
        #[cfg(target_arch = "x86_64")]
        match self.dot.level() {
            // SAFETY: `detect` found these instructions.
            2 => return unsafe { wide::add(row, c, w) },
            // SAFETY: as above.
            1 => return unsafe { add_avx2(row, c, w) },
            _ => {}
        }
        add_lanes::<F, false>(row, c, w)
    }

    /// Asks for the row that will be wanted soon.
    #[inline]
    pub fn prefetch<T>(row: &[T]) {
        #[cfg(target_arch = "x86_64")]
        for at in (0..size_of_val(row)).step_by(64) {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch reads nothing that the program sees, and faults nowhere.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().cast::<i8>().wrapping_add(at)) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = row;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_avx2<F: Real>(row: &[F], c: f64, w: &mut [f64]) -> f64 {
    add_lanes::<F, true>(row, c, w)
}

#[inline(always)]
fn add_lanes<F: Real, const FMA: bool>(row: &[F], c: f64, w: &mut [f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let ((rows, row_rest), (ws, w_rest)) = (row.as_chunks::<8>(), w.as_chunks_mut::<8>());
    for b in 0..rows.len().min(ws.len()) {
        for l in 0..8 {
            (ws[b][l], lanes[l]) = stepped::<FMA>(ws[b][l], c, rows[b][l].widen(), lanes[l]);
        }
    }
    for l in 0..row_rest.len().min(w_rest.len()).min(8) {
        (w_rest[l], lanes[l]) = stepped::<FMA>(w_rest[l], c, row_rest[l].widen(), lanes[l]);
    }
    let four = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (four[0] + four[2]) + (four[1] + four[3])
}

/// `w + c·x`, and the sum with its square.
#[inline(always)]
fn stepped<const FMA: bool>(w: f64, c: f64, x: f64, sum: f64) -> (f64, f64) {
    let new = if FMA { c.mul_add(x, w) } else { w + c * x };
    (new, if FMA { new.mul_add(new, sum) } else { sum + new * new })
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::super::dot::wide::{load, sum as total};
    use crate::Real;
    use core::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub fn add<F: Real>(row: &[F], c: f64, w: &mut [f64]) -> f64 {
        let w = &mut w[..row.len()];
        let (factor, mut sum) = (_mm512_set1_pd(c), _mm512_setzero_pd());
        let mut at = 0;
        while at < row.len() {
            let left = row.len() - at;
            let mask: __mmask8 = if left >= 8 { 0xff } else { (1u8 << left) - 1 };
            let new = _mm512_fmadd_pd(factor, load(row, at), load(w, at));
            // SAFETY: masked lanes are not written, the others lie inside `w`.
            unsafe { _mm512_mask_storeu_pd(w.as_mut_ptr().add(at), mask, new) };
            sum = _mm512_fmadd_pd(new, new, sum);
            at += 8;
        }
        total(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widest instructions give the bits of the plain loop of the same order with fused steps.
    #[test]
    fn every_path_updates_alike() {
        for p in [1, 7, 8, 9, 50, 129] {
            let row: Vec<f64> = (0..p).map(|i| (i as f64 * 0.7).sin()).collect();
            let narrow: Vec<f32> = row.iter().map(|&v| v as f32).collect();
            let w: Vec<f64> = (0..p).map(|i| (i as f64 * 1.3).cos()).collect();
            let step = RowStep::detect();
            let (mut found, mut expected) = (w.clone(), w.clone());
            let square = step.add(&row, 0.3, &mut found);
            let fused = step.dot.level() > 0;
            let plain = if fused { add_lanes::<f64, true> } else { add_lanes::<f64, false> };
            assert_eq!((square, &found), (plain(&row, 0.3, &mut expected), &expected), "{p} columns");
            let mut third = w.clone();
            step.add(&narrow, 0.3, &mut third);
            assert!(third.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6));
            RowStep::prefetch(&row);
        }
    }
}
