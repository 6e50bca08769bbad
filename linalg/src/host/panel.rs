//! Scores of rows against packed centres: the inner loop of everything that asks which centre is near.
//!
//! The score of centre c for row x is `‖c‖² − 2·x·c`, the squared distance less `‖x‖²`. Centres lie in panels of at
//! most three vector registers, features outside, so that eight rows and one panel keep 24 sums in registers; the
//! smallest and the second smallest score come out of the registers and no matrix of scores is ever stored. Scores are
//! in the type of X, with a proven bound on their error ([`Panels::error`]): whoever needs certainty compares the gap
//! with the bound and asks [`super::rows::Rows::distance`] where it is too narrow.

use crate::Real;
use ndarray::ArrayView2;
use std::ops::Range;

/// Rows that are scored together.
pub const ROWS: usize = 8;
/// Vectors of one panel at most.
const VECTORS: usize = 3;
/// Groups of panels at most: each costs a bound for every row (see [`super::lloyd`]).
const GROUPS: usize = 10;
/// The widest vector, in numbers of the narrowest type.
const MAX_LANES: usize = 16;

/// The best of one group for one row.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// The smallest score.
    pub best: f64,
    /// The second smallest.
    pub second: f64,
    /// The centre with the smallest.
    pub at: u32,
}

/// One panel: `vectors` × LANES centres.
#[derive(Debug, Clone)]
struct Panel {
    vectors: usize,
    /// Where its vectors start, counted in vectors over all panels.
    first: usize,
}

/// Centres as the kernels want them.
#[derive(Debug, Clone)]
pub struct Panels<F> {
    k: usize,
    p: usize,
    panels: Vec<Panel>,
    group: usize,
    /// For each panel p × (vectors·LANES) values of −2c.
    data: Vec<F>,
    /// ‖c‖², infinite where there is no centre.
    norms: Vec<F>,
    longest: f64,
}

impl<F: Real> Panels<F> {
    /// Packs `centers` (k × p) less `shift`.
    pub fn new(centers: ArrayView2<'_, f64>, shift: &[f64]) -> Self {
        let ((k, p), lanes) = (centers.dim(), F::LANES);
        let vectors = k.div_ceil(lanes);
        let n_panels = vectors.div_ceil(VECTORS).max(1);
        let mut panels = Vec::with_capacity(n_panels);
        let (mut data, mut norms) = (vec![F::zero(); vectors * lanes * p], vec![F::infinity(); vectors * lanes]);
        let (mut first, mut longest) = (0, 0.0_f64);
        for i in 0..n_panels {
            let width = (vectors - first).div_ceil(n_panels - i);
            let block = &mut data[first * lanes * p..(first + width) * lanes * p];
            for at in 0..width * lanes {
                let c = first * lanes + at;
                if c >= k {
                    break;
                }
                let mut norm = 0.0;
                for (j, (&v, &s)) in centers.row(c).iter().zip(shift).enumerate() {
                    let value = F::narrow(v - s);
                    block[j * width * lanes + at] = value * F::narrow(-2.0);
                    norm += value.widen() * value.widen();
                }
                norms[c] = F::narrow(norm);
                longest = longest.max(norm);
            }
            panels.push(Panel { vectors: width, first });
            first += width;
        }
        let group = n_panels.div_ceil(GROUPS);
        Panels { k, p, panels, group, data, norms, longest: longest.sqrt() }
    }

    /// The number of groups of panels.
    pub fn groups(&self) -> usize {
        self.panels.len().div_ceil(self.group)
    }

    /// The centres of one group.
    pub fn centers(&self, group: usize) -> Range<usize> {
        let panels = &self.panels[self.of_group(group)];
        let end = panels.last().map_or(0, |p| p.first + p.vectors);
        panels[0].first * F::LANES..(end * F::LANES).min(self.k)
    }

    fn of_group(&self, group: usize) -> Range<usize> {
        group * self.group..((group + 1) * self.group).min(self.panels.len())
    }

    fn block(&self, panel: &Panel) -> (&[F], &[F]) {
        let at = panel.first * F::LANES..(panel.first + panel.vectors) * F::LANES;
        (&self.data[at.start * self.p..at.end * self.p], &self.norms[at])
    }

    /// How far a score, or a squared distance made of it, of a row of this length may be from the true one: rounding
    /// of shifted values, of products and of p + 1 additions in any order. Infinite where a score might overflow.
    pub fn error(&self, length: f64) -> f64 {
        let scale = (length + self.longest) * (length + self.longest);
        let max: f64 = F::max_value().into();
        if !(scale < max / 16.0) {
            return f64::INFINITY;
        }
        let p = self.p as f64;
        (p + 16.0) * 0.5 * F::DTYPE.eps() * scale + p * F::min_positive_value().into()
    }

    /// The best of `group` for eight rows of p values each.
    pub fn evaluate(&self, rows: &[&[F]; ROWS], group: usize, hits: &mut [Hit; ROWS]) {
        assert!(rows.iter().all(|r| r.len() == self.p), "a row is too short");
        let mut best = Best::new();
        for panel in &self.panels[self.of_group(group)] {
            let (data, norms) = self.block(panel);
            F::merge(rows, data, norms, panel.first, &mut best);
        }
        F::reduce(&best, hits);
    }

    /// The best of `group` for one sparse row, whose entries `each` calls.
    pub fn evaluate_sparse(&self, each: impl Fn(&mut dyn FnMut(usize, F)), group: usize) -> Hit {
        let mut hit = Hit { best: f64::INFINITY, second: f64::INFINITY, at: self.centers(group).start as u32 };
        let mut sums = [F::zero(); VECTORS * MAX_LANES];
        for panel in &self.panels[self.of_group(group)] {
            let (data, norms) = self.block(panel);
            let sums = &mut sums[..norms.len()];
            sums.copy_from_slice(norms);
            each(&mut |j, v| {
                sums.iter_mut().zip(&data[j * norms.len()..]).for_each(|(s, &c)| *s += v * c);
            });
            for (i, s) in sums.iter().enumerate() {
                hit.add(s.widen(), (panel.first * F::LANES + i) as u32);
            }
        }
        hit
    }

    /// All scores of eight rows, row by row with [`Panels::stride`] between rows.
    pub fn scores(&self, rows: &[&[F]; ROWS], out: &mut [F]) {
        assert!(rows.iter().all(|r| r.len() == self.p), "a row is too short");
        for panel in &self.panels {
            let (data, norms) = self.block(panel);
            F::scores(rows, data, norms, &mut out[panel.first * F::LANES..], self.stride());
        }
    }

    /// The length of a row of [`Panels::scores`].
    pub fn stride(&self) -> usize {
        self.norms.len()
    }
}

impl Hit {
    /// Takes one more centre into account.
    pub fn add(&mut self, score: f64, at: u32) {
        if score < self.best {
            self.second = self.best;
            self.best = score;
            self.at = at;
        } else if score < self.second {
            self.second = score;
        }
    }
}

/// The smallest and second smallest scores of eight rows in each lane, and the vector that the smallest came from.
#[derive(Debug)]
#[repr(align(64))]
pub struct Best<F> {
    best: [[F; MAX_LANES]; ROWS],
    second: [[F; MAX_LANES]; ROWS],
    vector: [[F; MAX_LANES]; ROWS],
}

impl<F: Real> Best<F> {
    fn new() -> Self {
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
    /// Writes the scores of eight rows against one panel.
    fn scores(rows: &[&[Self]; ROWS], data: &[Self], norms: &[Self], out: &mut [Self], stride: usize);
}

/// One row against one panel, without intrinsics.
#[inline(always)]
fn row_scores<F: Real, const FMA: bool>(row: &[F], data: &[F], norms: &[F]) -> [F; VECTORS * MAX_LANES] {
    let mut sums = [F::zero(); VECTORS * MAX_LANES];
    sums[..norms.len()].copy_from_slice(norms);
    for (&x, centers) in row.iter().zip(data.chunks_exact(norms.len())) {
        for (s, &c) in sums.iter_mut().zip(centers) {
            *s = if FMA { x.mul_add(c, *s) } else { *s + x * c };
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
fn scores_any<F: Real, const FMA: bool>(rows: &[&[F]; ROWS], data: &[F], norms: &[F], out: &mut [F], stride: usize) {
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

                /// Eight rows against V vectors of centres.
                #[inline]
                #[target_feature(enable = "avx512f")]
                fn sums<const V: usize>(rows: &[&[$t]; ROWS], data: &[$t], norms: &[$t]) -> [[$v; V]; ROWS] {
                    let p = rows[0].len();
                    assert!(norms.len() == V * $lanes && data.len() == p * V * $lanes, "a panel of another size");
                    assert!(rows.iter().all(|r| r.len() == p), "rows of different lengths");
                    // SAFETY: V vectors of norms, V vectors of centres for each of p features and p values of each
                    // row are there: asserted above.
                    unsafe {
                        let start: [$v; V] = std::array::from_fn(|v| $load(norms.as_ptr().add(v * $lanes)));
                        let mut sums = [start; ROWS];
                        let at: [*const $t; ROWS] = std::array::from_fn(|r| rows[r].as_ptr());
                        let mut centers = data.as_ptr();
                        for j in 0..p {
                            let c: [$v; V] = std::array::from_fn(|v| $load(centers.add(v * $lanes)));
                            for r in 0..ROWS {
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
                    let sums = sums::<V>(rows, data, norms);
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
                pub fn scores<const V: usize>(
                    rows: &[&[$t]; ROWS],
                    data: &[$t],
                    norms: &[$t],
                    out: &mut [$t],
                    stride: usize,
                ) {
                    assert!(out.len() >= (ROWS - 1) * stride + V * $lanes, "the result is too short");
                    let sums = sums::<V>(rows, data, norms);
                    for r in 0..ROWS {
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
    pub fn scores_avx2<F: Real>(rows: &[&[F]; ROWS], data: &[F], norms: &[F], out: &mut [F], stride: usize) {
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

            fn scores(rows: &[&[$t]; ROWS], data: &[$t], norms: &[$t], out: &mut [$t], stride: usize) {
                #[cfg(target_arch = "x86_64")]
                {
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: these instructions are there.
                        return match norms.len() / $lanes {
                            1 => unsafe { x86::$module::scores::<1>(rows, data, norms, out, stride) },
                            2 => unsafe { x86::$module::scores::<2>(rows, data, norms, out, stride) },
                            _ => unsafe { x86::$module::scores::<3>(rows, data, norms, out, stride) },
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
