//! Second moments of rows about the centre of their class.
//!
//! Two passes, means first, so that nothing cancels however far apart the classes lie. Rows are shifted and scaled a
//! tile at a time in `f64`, inside the cache. [`class_triangle`] keeps what squaring loses, for ill-conditioned data.

use super::{qr, syrk};
use crate::lapack::Blas;
use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array2, ArrayView2, s};
use std::ops::Range;

/// Which rows take part, and what their classes say of them.
#[derive(Debug, Clone, Copy)]
pub struct Classes<'a> {
    /// The class of each row of X.
    pub labels: &'a [u32],
    /// k × p: what is subtracted from the rows of a class.
    pub centers: ArrayView2<'a, f64>,
    /// k: what the rows of a class are then multiplied by.
    pub scales: &'a [f64],
    /// The rows that take part; `None` means all.
    pub rows: Option<&'a [u32]>,
}

/// Columns of one block of the result.
const BLOCK: usize = 256;
/// Row groups that are summed apart and then in order, as long as their partial results are small.
const GROUPS: usize = 16;
const PARTIAL_BYTES: usize = 16 << 20;

impl Classes<'_> {
    /// How many rows take part.
    pub fn len(&self) -> usize {
        self.rows.map_or(self.labels.len(), <[u32]>::len)
    }

    /// Whether no row takes part.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the block `at` (places among the rows that take part) × `cols`, shifted and scaled, `stride` apart.
    pub fn pack<F: Real>(
        &self,
        x: &Matrix<'_, F>,
        at: Range<usize>,
        cols: Range<usize>,
        stride: usize,
        out: &mut [f64],
    ) {
        if let Some(rows) = self.rows {
            for (&row, out) in rows[at.clone()].iter().zip(out.chunks_mut(stride)) {
                x.pack(row as usize..row as usize + 1, cols.clone(), stride, out);
            }
        } else {
            x.pack(at.clone(), cols.clone(), stride, out);
        }
        for (place, out) in at.zip(out.chunks_mut(stride)) {
            let row = self.rows.map_or(place, |rows| rows[place] as usize);
            let class = self.labels[row] as usize;
            let (center, scale) = (self.centers.row(class), self.scales[class]);
            match center.as_slice() {
                Some(center) => {
                    out.iter_mut().zip(&center[cols.clone()]).for_each(|(v, c)| *v = (*v - c) * scale);
                }
                None => {
                    out.iter_mut().zip(center.slice(s![cols.clone()])).for_each(|(v, c)| *v = (*v - c) * scale);
                }
            }
        }
    }
}

/// `Σ s²·(x − c)(x − c)ᵀ` over the rows that take part, with c and s of their class: p × p, symmetric.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn class_gram<F: Real>(x: &Matrix<'_, F>, classes: &Classes<'_>, ctl: &Control) -> Result<Array2<f64>> {
    let p = x.ncols();
    let mut gram = if p <= BLOCK && syrk::available() { narrow(x, classes, ctl)? } else { blocked(x, classes, ctl)? };
    ctl.check()?;
    for i in 0..p {
        for j in 0..i {
            gram[[i, j]] = gram[[j, i]];
        }
    }
    Ok(gram)
}

fn narrow<F: Real>(x: &Matrix<'_, F>, classes: &Classes<'_>, ctl: &Control) -> Result<Array2<f64>> {
    let (n, p) = (classes.len(), x.ncols());
    let padded = p.next_multiple_of(syrk::LANES);
    let tile = (4096 / padded).clamp(64, 512);
    let group_rows = n.div_ceil(n.div_ceil(tile).clamp(1, GROUPS)).next_multiple_of(tile);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        let (mut sum, mut packed) = (vec![0.0; padded * padded], vec![0.0; tile * padded]);
        for start in rows.clone().step_by(tile) {
            if ctl.check().is_err() {
                break;
            }
            let end = rows.end.min(start + tile);
            let packed = &mut packed[..(end - start) * padded];
            classes.pack(x, start..end, 0..p, padded, packed);
            syrk::add_products::<F>(packed, padded, &mut sum, &[]);
        }
        sum
    })?;
    let mut gram = Array2::zeros((p, p));
    for part in parts {
        for (mut row, part) in gram.rows_mut().into_iter().zip(part.chunks_exact(padded)) {
            row.iter_mut().zip(part).for_each(|(g, v)| *g += v);
        }
    }
    Ok(gram)
}

fn blocked<F: Real>(x: &Matrix<'_, F>, classes: &Classes<'_>, ctl: &Control) -> Result<Array2<f64>> {
    let (n, p) = (classes.len(), x.ncols());
    let tile = (32_768 / p.min(BLOCK)).clamp(32, 1024);
    let n_blocks = p.div_ceil(BLOCK);
    let block = |b: usize| b * BLOCK..p.min((b + 1) * BLOCK);
    let pairs: Vec<(usize, usize)> = (0..n_blocks).flat_map(|i| (i..n_blocks).map(move |j| (i, j))).collect();
    let groups = (PARTIAL_BYTES / (8 * p * p)).clamp(1, GROUPS).min(n.div_ceil(tile)).max(1);
    let group_rows = n.div_ceil(groups).next_multiple_of(tile);
    let parts = threads::map(ctl, pairs.len() * groups, |task| {
        let (i, j) = (block(pairs[task % pairs.len()].0), block(pairs[task % pairs.len()].1));
        let group = task / pairs.len();
        let (mut start, last) = ((group * group_rows).min(n), ((group + 1) * group_rows).min(n));
        let mut sum = Array2::zeros((i.len(), j.len()));
        let (mut a, mut b) = (vec![0.0; tile * i.len()], vec![0.0; if i == j { 0 } else { tile * j.len() }]);
        while start < last && ctl.check().is_ok() {
            let end = last.min(start + tile);
            let (m, out) = (end - start, sum.as_slice_mut().unwrap_or_default());
            classes.pack(x, start..end, i.clone(), i.len(), &mut a[..m * i.len()]);
            if i == j {
                f64::syrk_t(m, i.len(), &a, i.len(), out, i.len());
            } else {
                classes.pack(x, start..end, j.clone(), j.len(), &mut b[..m * j.len()]);
                f64::gemm((true, false), (i.len(), j.len(), m), 1.0, &a, i.len(), &b, j.len(), 1.0, out, j.len());
            }
            start = end;
        }
        sum
    })?;
    let mut gram = Array2::zeros((p, p));
    for (task, part) in parts.into_iter().enumerate() {
        let (i, j) = pairs[task % pairs.len()];
        let mut target = gram.slice_mut(s![block(i), block(j)]);
        target += &part;
    }
    Ok(gram)
}

/// The triangle R (p × p) of `QR = s·(x − c)` over the rows that take part: RᵀR is [`class_gram`], without squaring.
///
/// # Errors
/// As [`class_gram`]; [`crate::Error::Lapack`] for dimensions beyond its integers.
pub fn class_triangle<F: Real>(x: &Matrix<'_, F>, classes: &Classes<'_>, ctl: &Control) -> Result<Array2<f64>> {
    qr::triangle_of(classes.len(), x.ncols(), |at, out| classes.pack(x, at, 0..x.ncols(), x.ncols(), out), ctl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    /// Against the definition, on both sides of one block, for all rows and for some; the triangle gives the same
    /// moments; and the same bits with one thread and with three.
    #[test]
    fn moments_match_their_definition_at_any_thread_count() {
        for (n, p) in [(1, 1), (3000, 20), (700, 300)] {
            let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 31 + j * 17) % 23) as f64 * 0.37 + j as f64);
            let labels: Vec<u32> = (0..n).map(|i| (i % 3) as u32).collect();
            let centers = Array::from_shape_fn((3, p), |(c, j)| c as f64 + j as f64);
            let scales = [0.5, 1.0, 2.0];
            let some: Vec<u32> = (0..n as u32).step_by(2).collect();
            for rows in [None, Some(some.as_slice())] {
                let classes = Classes { labels: &labels, centers: centers.view(), scales: &scales, rows };
                let of = |threads, view| {
                    let ctl = Control::new().with_threads(Some(threads));
                    class_gram(&Matrix::Dense(view), &classes, &ctl).unwrap()
                };
                let got = of(1, x.view());
                assert_eq!(got, of(3, x.view()));
                let by_column = x.t().as_standard_layout().into_owned();
                assert_eq!(got, of(2, by_column.t()));
                let all: Vec<u32> = (0..n as u32).collect();
                let taken: Vec<usize> = rows.unwrap_or(&all).iter().map(|&i| i as usize).collect();
                let z = Array::from_shape_fn((taken.len(), p), |(a, j)| {
                    let class = labels[taken[a]] as usize;
                    (x[[taken[a], j]] - centers[[class, j]]) * scales[class]
                });
                let scale = z.iter().fold(1.0_f64, |a, v| a.max(v.abs())).powi(2) * n as f64;
                let near = |a: &Array2<f64>| (a - &z.t().dot(&z)).iter().all(|d| d.abs() <= 1e-14 * scale);
                assert!(near(&got), "{n} × {p}");
                let r = class_triangle(&Matrix::Dense(x.view()), &classes, &Control::new()).unwrap();
                assert!((r.t().dot(&r) - z.t().dot(&z)).iter().all(|d| d.abs() <= 1e-13 * scale), "{n} × {p}");
            }
        }
    }
}
