//! The kernels behind [`super::panel`]: eight rows (or one) against one panel, by AVX-512, by AVX2 or by plain loops.
//!
//! No closures and no adaptors of iterators in here: they are not inlined into functions with instructions of their
//! own, and each call spills the sums out of the registers.

use super::panel::{Hit, MAX_LANES, ROWS, VECTORS};
use crate::Real;

/// The smallest and second smallest scores of eight rows in each lane, and the vector that the smallest came from.
#[derive(Debug)]
#[repr(align(64))]
pub struct Best<F> {
    best: [[F; MAX_LANES]; ROWS],
    second: [[F; MAX_LANES]; ROWS],
    vector: [[F; MAX_LANES]; ROWS],
}

impl<F: Real> Best<F> {
    /// Before any centre.
    pub fn nothing() -> Self {
        let worst = [[F::infinity(); MAX_LANES]; ROWS];
        Best { best: worst, second: worst, vector: [[F::zero(); MAX_LANES]; ROWS] }
    }
}

/// What the kernels do in one element type, by the widest instructions that this machine has.
pub trait Kernel: Sized {
    /// Centres of one vector: 64 bytes.
    const LANES: usize;
    /// Scores eight rows against one panel and keeps the best of each lane.
    fn merge(rows: &[&[Self]; ROWS], data: &[Self], norms: &[Self], first: usize, best: &mut Best<Self>);
    /// The best over the lanes.
    fn reduce(best: &Best<Self>, hits: &mut [Hit; ROWS]);
    /// Writes the scores of one row, or of eight, against one panel.
    fn scores<const R: usize>(rows: &[&[Self]; R], data: &[Self], norms: &[Self], out: &mut [Self], stride: usize);
}

/// One row against one panel, without intrinsics.
#[inline(always)]
fn row_scores<F: Real, const FMA: bool>(row: &[F], data: &[F], norms: &[F]) -> [F; VECTORS * MAX_LANES] {
    let mut sums = [F::zero(); VECTORS * MAX_LANES];
    sums[..norms.len()].copy_from_slice(norms);
    let width = norms.len();
    for j in 0..row.len() {
        let (x, centers) = (row[j], &data[j * width..(j + 1) * width]);
        let sums = &mut sums[..width];
        for l in 0..width {
            sums[l] = if FMA { x.mul_add(centers[l], sums[l]) } else { sums[l] + x * centers[l] };
        }
    }
    sums
}

#[inline(always)]
fn merge_any<F: Real, const FMA: bool>(rows: &[&[F]; ROWS], data: &[F], norms: &[F], first: usize, best: &mut Best<F>) {
    for (r, row) in rows.iter().enumerate() {
        let sums = row_scores::<F, FMA>(row, data, norms);
        for (v, scores) in sums[..norms.len()].chunks_exact(F::LANES).enumerate() {
            let vector = F::narrow((first + v) as f64);
            for (l, &s) in scores.iter().enumerate() {
                let old = best.best[r][l];
                if s < old {
                    best.second[r][l] = old;
                    best.best[r][l] = s;
                    best.vector[r][l] = vector;
                } else if s < best.second[r][l] {
                    best.second[r][l] = s;
                }
            }
        }
    }
}

#[inline(always)]
fn scores_any<F: Real, const FMA: bool>(rows: &[&[F]], data: &[F], norms: &[F], out: &mut [F], stride: usize) {
    for (r, row) in rows.iter().enumerate() {
        let sums = row_scores::<F, FMA>(row, data, norms);
        out[r * stride..r * stride + norms.len()].copy_from_slice(&sums[..norms.len()]);
    }
}

fn reduce_any<F: Real>(best: &Best<F>, hits: &mut [Hit; ROWS]) {
    for (r, hit) in hits.iter_mut().enumerate() {
        *hit = Hit { best: f64::INFINITY, second: f64::INFINITY, at: 0 };
        for l in 0..F::LANES {
            let at = best.vector[r][l].widen() as usize * F::LANES + l;
            hit.add(best.best[r][l].widen(), at as u32);
            hit.second = hit.second.min(best.second[r][l].widen());
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::*;

    macro_rules! avx512 {
        ($module:ident, $t:ty, $lanes:literal, $v:ty, $mask:ty, $load:ident, $store:ident, $set:ident, $fma:ident,
         $less:ident, $equal:ident, $min:ident, $max:ident, $mov:ident, $smallest:ident) => {
            pub mod $module {
                use super::*;

                /// R rows against V vectors of centres.
                #[inline]
                #[target_feature(enable = "avx512f")]
                fn sums<const V: usize, const R: usize>(rows: &[&[$t]; R], data: &[$t], norms: &[$t]) -> [[$v; V]; R] {
                    let p = rows[0].len();
                    assert!(norms.len() == V * $lanes && data.len() == p * V * $lanes, "a panel of another size");
                    for r in 1..R {
                        assert!(rows[r].len() == p, "rows of different lengths");
                    }
                    // SAFETY: V vectors of norms, V vectors of centres for each of p features and p values of each
                    // row are there: asserted above.
                    unsafe {
                        let mut sums = [[$set(0.0); V]; R];
                        for v in 0..V {
                            let start = $load(norms.as_ptr().add(v * $lanes));
                            for r in 0..R {
                                sums[r][v] = start;
                            }
                        }
                        let mut at = [rows[0].as_ptr(); R];
                        for r in 0..R {
                            at[r] = rows[r].as_ptr();
                        }
                        // Rows that lie one after the other are followed by the next ones, most likely: they are
                        // called into the cache, a line of each 64 bytes.
                        let in_line = at[R - 1] == at[0].wrapping_add((R - 1) * p);
                        let ahead = at[0].wrapping_add(if in_line { R * p } else { 0 }).cast::<i8>();
                        let lines = size_of::<$t>() * R * p / 64;
                        let mut centers = data.as_ptr();
                        for j in 0..p {
                            if j < lines {
                                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(64 * j));
                            }
                            let mut c = [$set(0.0); V];
                            for v in 0..V {
                                c[v] = $load(centers.add(v * $lanes));
                            }
                            for r in 0..R {
                                let x = $set(*at[r].add(j));
                                for v in 0..V {
                                    sums[r][v] = $fma(x, c[v], sums[r][v]);
                                }
                            }
                            centers = centers.add(V * $lanes);
                        }
                        sums
                    }
                }

                #[target_feature(enable = "avx512f")]
                pub fn merge<const V: usize>(
                    rows: &[&[$t]; ROWS],
                    data: &[$t],
                    norms: &[$t],
                    first: usize,
                    state: &mut Best<$t>,
                ) {
                    let sums = sums::<V, ROWS>(rows, data, norms);
                    for r in 0..ROWS {
                        // SAFETY: each state row holds MAX_LANES ≥ LANES numbers.
                        unsafe {
                            let mut best = $load(state.best[r].as_ptr());
                            let mut second = $load(state.second[r].as_ptr());
                            let mut vector = $load(state.vector[r].as_ptr());
                            for v in 0..V {
                                let s = sums[r][v];
                                let less = $less::<_CMP_LT_OQ>(s, best);
                                second = $min(second, $max(s, best));
                                best = $min(s, best);
                                vector = $mov(vector, less, $set((first + v) as $t));
                            }
                            $store(state.best[r].as_mut_ptr(), best);
                            $store(state.second[r].as_mut_ptr(), second);
                            $store(state.vector[r].as_mut_ptr(), vector);
                        }
                    }
                }

                #[target_feature(enable = "avx512f")]
                pub fn reduce(state: &Best<$t>, hits: &mut [Hit; ROWS]) {
                    for r in 0..ROWS {
                        // SAFETY: each state row holds MAX_LANES ≥ LANES numbers.
                        let (best, second) =
                            unsafe { ($load(state.best[r].as_ptr()), $load(state.second[r].as_ptr())) };
                        let smallest = $smallest(best);
                        let lane = ($equal::<_CMP_EQ_OQ>(best, $set(smallest)).trailing_zeros() as usize) % $lanes;
                        let others = $mov(best, (1 as $mask) << lane, second);
                        hits[r] = Hit {
                            best: smallest.into(),
                            second: $smallest($min(others, second)).into(),
                            at: (state.vector[r][lane] as usize * $lanes + lane) as u32,
                        };
                    }
                }

                #[target_feature(enable = "avx512f")]
                pub fn scores<const V: usize, const R: usize>(
                    rows: &[&[$t]; R],
                    data: &[$t],
                    norms: &[$t],
                    out: &mut [$t],
                    stride: usize,
                ) {
                    assert!(out.len() >= (R - 1) * stride + V * $lanes, "the result is too short");
                    let sums = sums::<V, R>(rows, data, norms);
                    for r in 0..R {
                        for v in 0..V {
                            // SAFETY: asserted above.
                            unsafe { $store(out.as_mut_ptr().add(r * stride + v * $lanes), sums[r][v]) };
                        }
                    }
                }
            }
        };
    }

    avx512!(
        single,
        f32,
        16,
        __m512,
        __mmask16,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_cmp_ps_mask,
        _mm512_cmp_ps_mask,
        _mm512_min_ps,
        _mm512_max_ps,
        _mm512_mask_mov_ps,
        _mm512_reduce_min_ps
    );
    avx512!(
        double,
        f64,
        8,
        __m512d,
        __mmask8,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_set1_pd,
        _mm512_fmadd_pd,
        _mm512_cmp_pd_mask,
        _mm512_cmp_pd_mask,
        _mm512_min_pd,
        _mm512_max_pd,
        _mm512_mask_mov_pd,
        _mm512_reduce_min_pd
    );

    #[target_feature(enable = "avx2,fma")]
    pub fn merge_avx2<F: Real>(rows: &[&[F]; ROWS], data: &[F], norms: &[F], first: usize, best: &mut Best<F>) {
        merge_any::<F, true>(rows, data, norms, first, best);
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn scores_avx2<F: Real>(rows: &[&[F]], data: &[F], norms: &[F], out: &mut [F], stride: usize) {
        scores_any::<F, true>(rows, data, norms, out, stride);
    }
}

macro_rules! kernel {
    ($t:ty, $lanes:literal, $module:ident) => {
        impl Kernel for $t {
            const LANES: usize = $lanes;

            fn merge(rows: &[&[$t]; ROWS], data: &[$t], norms: &[$t], first: usize, best: &mut Best<$t>) {
                #[cfg(target_arch = "x86_64")]
                {
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: these instructions are there.
                        return match norms.len() / $lanes {
                            1 => unsafe { x86::$module::merge::<1>(rows, data, norms, first, best) },
                            2 => unsafe { x86::$module::merge::<2>(rows, data, norms, first, best) },
                            _ => unsafe { x86::$module::merge::<3>(rows, data, norms, first, best) },
                        };
                    }
                    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                        // SAFETY: these instructions are there.
                        return unsafe { x86::merge_avx2(rows, data, norms, first, best) };
                    }
                }
                merge_any::<$t, false>(rows, data, norms, first, best);
            }

            fn reduce(best: &Best<$t>, hits: &mut [Hit; ROWS]) {
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: these instructions are there.
                    return unsafe { x86::$module::reduce(best, hits) };
                }
                reduce_any(best, hits);
            }

            fn scores<const R: usize>(rows: &[&[$t]; R], data: &[$t], norms: &[$t], out: &mut [$t], stride: usize) {
                #[cfg(target_arch = "x86_64")]
                {
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: these instructions are there.
                        return match norms.len() / $lanes {
                            1 => unsafe { x86::$module::scores::<1, R>(rows, data, norms, out, stride) },
                            2 => unsafe { x86::$module::scores::<2, R>(rows, data, norms, out, stride) },
                            _ => unsafe { x86::$module::scores::<3, R>(rows, data, norms, out, stride) },
                        };
                    }
                    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                        // SAFETY: these instructions are there.
                        return unsafe { x86::scores_avx2(rows, data, norms, out, stride) };
                    }
                }
                scores_any::<$t, false>(rows, data, norms, out, stride);
            }
        }
    };
}

kernel!(f32, 16, single);
kernel!(f64, 8, double);
