//! Cuts compared with many rows side by side, by the machine's widest instructions. Compilers take the loops apart instead.
//!
//! The loops go by numbers: iterators that are put together (`zip`, `as_chunks`) stayed calls in functions with instructions
//! of their own, and took three times as long as the comparisons.

use super::masks::{Cut, LANES};

/// The instructions that are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level {
    /// Eight numbers at a time.
    #[cfg(target_arch = "x86_64")]
    Wide,
    /// Four.
    #[cfg(target_arch = "x86_64")]
    Middle,
    /// One.
    Plain,
}

impl Level {
    /// All that this machine has, the best first.
    pub fn all() -> Vec<Level> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(is_x86_feature_detected!("avx512f").then_some(Level::Wide));
            levels.extend(is_x86_feature_detected!("avx2").then_some(Level::Middle));
        }
        levels.push(Level::Plain);
        levels
    }

    /// The leaves that rows can reach after the cuts at which missing values go right, and those at which they go left.
    ///
    /// `self` is one of [`Level::all`].
    pub fn left(self, cuts: [&[Cut]; 2], numbers: &[[f64; LANES]]) -> [u64; LANES] {
        match self {
            // SAFETY: these instructions are there.
            #[cfg(target_arch = "x86_64")]
            Level::Wide => unsafe { wide(cuts, numbers) },
            // SAFETY: these instructions are there.
            #[cfg(target_arch = "x86_64")]
            Level::Middle => unsafe { middle(cuts, numbers) },
            Level::Plain => plain(cuts, numbers),
        }
    }
}

fn plain([missing_right, missing_left]: [&[Cut]; 2], numbers: &[[f64; LANES]]) -> [u64; LANES] {
    let mut leaves = [u64::MAX; LANES];
    for &Cut { threshold, mask, place } in missing_right {
        // NaN is at most nothing.
        let stays = numbers[place as usize].map(|v| v <= threshold);
        leaves.iter_mut().zip(stays).for_each(|(leaf, stays)| *leaf &= mask | u64::from(stays).wrapping_neg());
    }
    for &Cut { threshold, mask, place } in missing_left {
        // NaN is more than nothing.
        let goes = numbers[place as usize].map(|v| v > threshold);
        leaves.iter_mut().zip(goes).for_each(|(leaf, goes)| *leaf &= mask | u64::from(goes).wrapping_sub(1));
    }
    leaves
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn wide([missing_right, missing_left]: [&[Cut]; 2], numbers: &[[f64; LANES]]) -> [u64; LANES] {
    use std::arch::x86_64::*;
    let mut leaves = [_mm512_set1_epi64(-1); LANES / 8];
    macro_rules! cut {
        ($cuts:expr, $goes_right:expr) => {
            for &Cut { threshold, mask, place } in $cuts {
                let (threshold, mask) = (_mm512_set1_pd(threshold), _mm512_set1_epi64(mask as i64));
                let rows = &numbers[place as usize];
                for k in 0..LANES / 8 {
                    // SAFETY: these are eight of the numbers.
                    let values = unsafe { _mm512_loadu_pd(rows.as_ptr().add(8 * k)) };
                    let right = _mm512_cmp_pd_mask::<{ $goes_right }>(values, threshold);
                    leaves[k] = _mm512_mask_and_epi64(leaves[k], right, leaves[k], mask);
                }
            }
        };
    }
    cut!(missing_right, _CMP_NLE_UQ);
    cut!(missing_left, _CMP_GT_OQ);
    let mut out = [0_u64; LANES];
    for k in 0..LANES / 8 {
        // SAFETY: this is room for eight of the numbers.
        unsafe { _mm512_storeu_epi64(out.as_mut_ptr().add(8 * k).cast(), leaves[k]) };
    }
    out
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn middle([missing_right, missing_left]: [&[Cut]; 2], numbers: &[[f64; LANES]]) -> [u64; LANES] {
    use std::arch::x86_64::*;
    let mut leaves = [_mm256_set1_epi64x(-1); LANES / 4];
    macro_rules! cut {
        ($cuts:expr, $goes_right:expr) => {
            for &Cut { threshold, mask, place } in $cuts {
                let (threshold, mask) = (_mm256_set1_pd(threshold), _mm256_set1_epi64x(mask as i64));
                let rows = &numbers[place as usize];
                for k in 0..LANES / 4 {
                    // SAFETY: these are four of the numbers.
                    let values = unsafe { _mm256_loadu_pd(rows.as_ptr().add(4 * k)) };
                    let right = _mm256_castpd_si256(_mm256_cmp_pd::<{ $goes_right }>(values, threshold));
                    leaves[k] = _mm256_andnot_si256(_mm256_andnot_si256(mask, right), leaves[k]);
                }
            }
        };
    }
    cut!(missing_right, _CMP_NLE_UQ);
    cut!(missing_left, _CMP_GT_OQ);
    let mut out = [0_u64; LANES];
    for k in 0..LANES / 4 {
        // SAFETY: this is room for four of the numbers.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(4 * k).cast(), leaves[k]) };
    }
    out
}
