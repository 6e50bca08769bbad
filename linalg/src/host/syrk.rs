//! ZᵀZ of a narrow Z by AVX-512, from a packed tile inside the cache.
//!
//! BLAS spends more on packing than on arithmetic where Z has fifty columns. Here 8 × 24 numbers of the result stay in
//! registers while the rows of a tile pass by; each step is 24 fused multiply-adds for 3 loads and 8 broadcasts.

use crate::Real;
use std::ops::Range;

/// Columns have to come in multiples of this.
pub const LANES: usize = 8;

/// Whether this machine runs [`add_products`] natively; elsewhere BLAS is the better choice.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// `c += ZᵀZ`, of which the upper triangle is meant, for Z of any number of rows × `width`, row by row; c is
/// `width` × `width`. Meanwhile the bytes of `ahead`, from which the next tile will be packed, are called into the
/// second-level cache: arithmetic and memory work side by side.
///
/// # Panics
/// Where [`available`] says no, `width` is no multiple of [`LANES`], or the lengths do not fit.
pub fn add_products<T>(z: &[f64], width: usize, c: &mut [f64], ahead: &[T]) {
    assert!(available() && width.is_multiple_of(LANES) && width > 0, "not for this kernel");
    assert!(z.len().is_multiple_of(width) && c.len() == width * width, "the lengths do not fit");
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the processor has the instructions, and the lengths are what the kernel reads and writes.
    unsafe {
        avx512::add_products(z, width, c, ahead.as_ptr_range().start.cast(), size_of_val(ahead));
    }
}

/// Rows of X, y and the weights as slices, and what is taken off X and y.
pub struct Rows<'a, F> {
    /// n × p.
    pub x: &'a [F],
    /// n × t.
    pub y: &'a [f64],
    /// n.
    pub weights: Option<&'a [f64]>,
    /// p + t.
    pub shift: &'a [f64],
    /// The number of columns of X.
    pub p: usize,
    /// The number of columns of y.
    pub t: usize,
}

impl<F: Real> Rows<'_, F> {
    /// Writes rows of `√w·[x − shift, y − shift, 1]`, `stride` apart.
    pub fn pack(&self, rows: Range<usize>, stride: usize, out: &mut [f64]) {
        #[cfg(target_arch = "x86_64")]
        if available() {
            // SAFETY: the processor has the instructions.
            return unsafe { self.pack_avx512(rows, stride, out) };
        }
        self.pack_plain(rows, stride, out);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn pack_avx512(&self, rows: Range<usize>, stride: usize, out: &mut [f64]) {
        self.pack_plain(rows, stride, out);
    }

    #[inline(always)]
    fn pack_plain(&self, rows: Range<usize>, stride: usize, out: &mut [f64]) {
        let (p, t) = (self.p, self.t);
        let (x_shift, y_shift) = self.shift.split_at(p);
        let x = &self.x[rows.start * p..rows.end * p];
        let y = &self.y[rows.start * t..rows.end * t];
        let weights = self.weights.map(|w| &w[rows.clone()]);
        // By indices: adaptors of iterators are not inlined into a function with instructions of its own.
        for i in 0..rows.len() {
            let (x, y, out) = (&x[i * p..(i + 1) * p], &y[i * t..(i + 1) * t], &mut out[i * stride..(i + 1) * stride]);
            let root = match weights {
                Some(weights) => weights[i].sqrt(),
                None => 1.0,
            };
            let of_x = &mut out[..p];
            for j in 0..p {
                of_x[j] = (x[j].widen() - x_shift[j]) * root;
            }
            for k in 0..t {
                out[p + k] = (y[k] - y_shift[k]) * root;
            }
            out[p + t] = root;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::LANES;
    use std::arch::x86_64::{__m512d, _MM_HINT_T1, _mm_prefetch, _mm512_storeu_pd};
    use std::arch::x86_64::{_mm512_add_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_set1_pd, _mm512_setzero_pd};

    /// # Safety
    /// The processor has AVX-512F; `width` is a multiple of 8, z holds whole rows of it, and c `width` of them.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn add_products(z: &[f64], width: usize, c: &mut [f64], ahead: *const i8, bytes: usize) {
        // One line of 64 bytes each other row of Z, until all have been called.
        let mut lines = (0..bytes).step_by(64).map(|at| ahead.wrapping_add(at));
        for i in (0..width).step_by(LANES) {
            let mut j = i;
            while j < width {
                let vectors = ((width - j) / LANES).min(3);
                // SAFETY: rows i..i+8 and columns j..j+8·vectors lie inside c and inside each row of z.
                unsafe {
                    match vectors {
                        3 => block::<3>(z, width, i, j, c, &mut lines),
                        2 => block::<2>(z, width, i, j, c, &mut lines),
                        _ => block::<1>(z, width, i, j, c, &mut lines),
                    }
                }
                j += LANES * vectors;
            }
        }
    }

    /// Rows i..i+8 and columns j..j+8·V of the result.
    ///
    /// # Safety
    /// As [`add_products`], with both blocks inside `width`.
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn block<const V: usize>(
        z: &[f64],
        width: usize,
        i: usize,
        j: usize,
        c: &mut [f64],
        lines: &mut impl Iterator<Item = *const i8>,
    ) {
        let mut sums: [[__m512d; V]; LANES] = [[_mm512_setzero_pd(); V]; LANES];
        for (r, row) in z.chunks_exact(width).enumerate() {
            if r % 2 == 0
                && let Some(line) = lines.next()
            {
                _mm_prefetch::<_MM_HINT_T1>(line);
            }
            let row = row.as_ptr();
            let mut right = [_mm512_setzero_pd(); V];
            for (v, right) in right.iter_mut().enumerate() {
                // SAFETY: j + 8·V does not exceed the row's width.
                *right = unsafe { _mm512_loadu_pd(row.add(j + LANES * v)) };
            }
            for (a, sums) in sums.iter_mut().enumerate() {
                // SAFETY: i + 8 does not exceed the row's width.
                let left = _mm512_set1_pd(unsafe { *row.add(i + a) });
                for v in 0..V {
                    sums[v] = _mm512_fmadd_pd(left, right[v], sums[v]);
                }
            }
        }
        for (a, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                // SAFETY: row i + a and columns up to j + 8·V lie inside c.
                unsafe {
                    let at = c.as_mut_ptr().add((i + a) * width + j + LANES * v);
                    _mm512_storeu_pd(at, _mm512_add_pd(_mm512_loadu_pd(at), sum));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_products_match_their_definition() {
        if !available() {
            eprintln!("skipped: no AVX-512 here");
            return;
        }
        for (rows, width) in [(1, 8), (7, 24), (64, 56), (33, 104)] {
            let z: Vec<f64> = (0..rows * width).map(|k| ((k * 37) as f64).sin()).collect();
            let mut c = vec![1.0; width * width];
            add_products(&z, width, &mut c, &z);
            for i in 0..width {
                for j in i..width {
                    let want: f64 = 1.0 + (0..rows).map(|r| z[r * width + i] * z[r * width + j]).sum::<f64>();
                    assert!((c[i * width + j] - want).abs() < 1e-13 * rows as f64);
                }
            }
        }
    }
}
