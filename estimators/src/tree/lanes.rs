//! The best split of few rows without a sort: each row is compared with all of them, side by side.
//!
//! What goes left with a row are the rows whose values are not larger. Of at most [`LANES`] rows all these sums are found at
//! once, one row after the other being added where it belongs, so that no order, no branch and no list is needed.

use super::criterion::Criterion;

/// Rows that are compared at once, at most.
pub const LANES: usize = 16;

/// What rows add to the two sums that a gain follows from.
pub type Pairs = [[f64; LANES]; 2];

/// A split by a column: rows of keys up to `below` go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The gain.
    pub gain: f64,
    /// The largest key on the left.
    pub below: u32,
    /// The least key on the right.
    pub above: u32,
}

/// The best split between two of the keys of the rows in `mask`, of which one is not in `closed` and goes left with those
/// of smaller keys; of equally good ones that of the least key. `None` where there is none. The same bits whatever instructions
/// there are.
#[inline(always)]
pub fn best<C: Criterion>(
    keys: &[u32; LANES],
    (mask, closed): (u16, u16),
    pairs: &Pairs,
    totals: [f64; 2],
) -> Option<Cut> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
        // SAFETY: these instructions are there.
        return unsafe { wide::best::<C>(keys, (mask, closed), pairs, totals) };
    }
    anywhere::<C>(keys, (mask, closed), pairs, totals)
}

/// The rows of a mask.
#[inline(always)]
pub fn rows(mask: u16) -> impl Iterator<Item = usize> + Clone {
    std::iter::successors(Some(mask), |rest| Some(rest & rest.wrapping_sub(1)))
        .take_while(|&rest| rest != 0)
        .map(|rest| rest.trailing_zeros() as usize)
}

/// [`best`] with whatever instructions there are.
fn anywhere<C: Criterion>(
    keys: &[u32; LANES],
    (mask, closed): (u16, u16),
    pairs: &Pairs,
    totals: [f64; 2],
) -> Option<Cut> {
    let high = rows(mask).map(|row| keys[row]).max()?;
    let mut left = [[0.0; LANES]; 2];
    add_up(keys, mask, pairs, &mut left);
    let mut best: Option<Cut> = None;
    for row in rows(mask & !closed).filter(|&row| keys[row] < high) {
        let (gain, below) = (C::gain_of_pair([left[0][row], left[1][row]], totals), keys[row]);
        let better = |best: Cut| gain > best.gain || gain == best.gain && below < best.below;
        if gain > f64::NEG_INFINITY && best.is_none_or(better) {
            best = Some(Cut { gain, below, above: high });
        }
    }
    let above = |cut: Cut| rows(mask).map(|row| keys[row]).filter(|&key| key > cut.below).min();
    best.map(|cut| Cut { above: above(cut).unwrap_or(high), ..cut })
}

/// Adds what each row of `mask` has to the sums of all whose keys are not smaller.
fn add_up(keys: &[u32; LANES], mask: u16, pairs: &Pairs, left: &mut Pairs) {
    #[inline(always)]
    fn all(keys: &[u32; LANES], mask: u16, pairs: &Pairs, weights: &mut [f64; LANES], sums: &mut [f64; LANES]) {
        for row in rows(mask) {
            let (key, weight, sum) = (keys[row], pairs[0][row], pairs[1][row]);
            for i in 0..LANES {
                let left = key <= keys[i];
                weights[i] += if left { weight } else { 0.0 };
                sums[i] += if left { sum } else { 0.0 };
            }
        }
    }
    // In functions of their own, whose arguments lie apart: only then are the lanes added at once.
    #[inline(never)]
    fn plain(keys: &[u32; LANES], mask: u16, pairs: &Pairs, weights: &mut [f64; LANES], sums: &mut [f64; LANES]) {
        all(keys, mask, pairs, weights, sums);
    }
    let [weights, sums] = left;
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        #[inline(never)]
        fn middle(keys: &[u32; LANES], mask: u16, pairs: &Pairs, weights: &mut [f64; LANES], sums: &mut [f64; LANES]) {
            all(keys, mask, pairs, weights, sums);
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions are there.
            return unsafe { middle(keys, mask, pairs, weights, sums) };
        }
    }
    plain(keys, mask, pairs, weights, sums);
}

/// Sixteen keys and twice eight sums at once.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{Criterion, Cut, LANES, Pairs, rows};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512dq")]
    pub fn best<C: Criterion>(
        keys: &[u32; LANES],
        (mask, closed): (u16, u16),
        pairs: &Pairs,
        totals: [f64; 2],
    ) -> Option<Cut> {
        // SAFETY: there are sixteen.
        let lanes = unsafe { _mm512_loadu_si512(keys.as_ptr().cast()) };
        let high = _mm512_mask_reduce_max_epu32(mask, lanes);
        let open = _mm512_mask_cmplt_epu32_mask(mask & !closed, lanes, _mm512_set1_epi32(high as i32));
        if open == 0 {
            return None;
        }
        let zero = _mm512_setzero_pd();
        let (mut weights, mut sums) = ([zero; 2], [zero; 2]);
        for row in rows(mask) {
            let left = _mm512_cmple_epu32_mask(_mm512_set1_epi32(keys[row] as i32), lanes);
            let (weight, sum) = (_mm512_set1_pd(pairs[0][row]), _mm512_set1_pd(pairs[1][row]));
            for (half, left) in [left as u8, (left >> 8) as u8].into_iter().enumerate() {
                weights[half] = _mm512_mask_add_pd(weights[half], left, weights[half], weight);
                sums[half] = _mm512_mask_add_pd(sums[half], left, sums[half], sum);
            }
        }
        let (mut gain, mut gains) = (f64::NEG_INFINITY, [zero; 2]);
        for half in 0..2 {
            let open = (open >> (8 * half)) as u8;
            if open != 0 {
                gains[half] = of_eight::<C>(weights[half], sums[half], totals);
                gain = gain.max(_mm512_mask_reduce_max_pd(open, gains[half]));
            }
        }
        let top = _mm512_set1_pd(gain);
        let is_top = |half: usize| __mmask16::from(_mm512_cmpeq_pd_mask(gains[half], top)) << (8 * half);
        let tops = open & (is_top(0) | is_top(1));
        let below = _mm512_mask_reduce_min_epu32(tops, lanes);
        let right = _mm512_mask_cmpgt_epu32_mask(mask, lanes, _mm512_set1_epi32(below as i32));
        let above = _mm512_mask_reduce_min_epu32(right, lanes);
        (gain > f64::NEG_INFINITY).then_some(Cut { gain, below, above })
    }

    #[target_feature(enable = "avx512f,avx512dq")]
    fn of_eight<C: Criterion>(weights: __m512d, sums: __m512d, totals: [f64; 2]) -> __m512d {
        let (mut left, mut gains) = ([0.0; 8], [0.0; 8]);
        // SAFETY: eight numbers have room in each.
        unsafe {
            _mm512_storeu_pd(left.as_mut_ptr(), weights);
            _mm512_storeu_pd(gains.as_mut_ptr(), sums);
        }
        for (gain, &weight) in gains.iter_mut().zip(&left) {
            *gain = C::gain_of_pair([weight, *gain], totals);
        }
        // SAFETY: there are eight.
        unsafe { _mm512_loadu_pd(gains.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::criterion::SquaredErrorOne;
    use super::*;

    fn one_by_one<C: Criterion>(
        keys: &[u32; LANES],
        (mask, closed): (u16, u16),
        pairs: &Pairs,
        totals: [f64; 2],
    ) -> Option<Cut> {
        let high = rows(mask).map(|row| keys[row]).max()?;
        let mut best: Option<Cut> = None;
        for below in rows(mask & !closed).map(|row| keys[row]).filter(|&key| key < high) {
            let mut left = [0.0; 2];
            for row in rows(mask).filter(|&row| keys[row] <= below) {
                left[0] += pairs[0][row];
                left[1] += pairs[1][row];
            }
            let gain = C::gain_of_pair(left, totals);
            let better = |best: Cut| gain > best.gain || gain == best.gain && below < best.below;
            if gain > f64::NEG_INFINITY && best.is_none_or(better) {
                best = Some(Cut { gain, below, above: high });
            }
        }
        best.map(|cut| Cut {
            above: rows(mask).map(|row| keys[row]).filter(|&key| key > cut.below).min().unwrap_or(high),
            ..cut
        })
    }

    #[test]
    fn the_split_is_that_of_one_row_after_the_other() {
        let mut state = 1_u64;
        let mut next = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for round in 0..2000 {
            let kinds = [2, 5, 1 << 32][round % 3];
            let keys = std::array::from_fn(|_| next(kinds) as u32);
            let (mask, closed) = (next(1 << 16) as u16, next(1 << 16) as u16 & next(1 << 16) as u16);
            let pairs: Pairs = [
                std::array::from_fn(|_| 1.0 + next(3) as f64),
                std::array::from_fn(|_| next(if round % 2 == 0 { 3 } else { 1 << 30 }) as f64 * 0.37),
            ];
            let totals = [0, 1].map(|k| rows(mask).map(|row| pairs[k][row]).sum());
            let found = best::<SquaredErrorOne<'_>>(&keys, (mask, closed), &pairs, totals);
            assert_eq!(found, one_by_one::<SquaredErrorOne<'_>>(&keys, (mask, closed), &pairs, totals), "{round}");
            assert_eq!(found, anywhere::<SquaredErrorOne<'_>>(&keys, (mask, closed), &pairs, totals), "{round}");
            if let Some(cut) = found {
                assert!(rows(mask).any(|row| keys[row] == cut.below) && rows(mask).any(|row| keys[row] == cut.above));
                assert!(
                    cut.below < cut.above && rows(mask).all(|row| keys[row] <= cut.below || keys[row] >= cut.above)
                );
            }
        }
        assert_eq!(rows(0b1000_0000_0000_0101).collect::<Vec<_>>(), [0, 2, 15]);
    }
}
