//! The products of the rows of X with each other, for fewer rows than columns.

use crate::lapack::Blas;
use crate::zeros::{zeros, zeros2};
use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array2, ArrayView1, s};

/// Rows and columns of a block of the result.
const BLOCK: usize = 256;
/// Columns of X in one panel: a block of the result is read and written once for each.
const PANEL: usize = 512;

/// `(X − 1·shiftᵀ)(X − 1·shiftᵀ)ᵀ`, n × n, in n²·p operations. Panels of columns are packed once, shifted and in
/// `f64`, and every block of the result adds its product.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn outer_gram<F: Real>(x: &Matrix<'_, F>, shift: ArrayView1<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    let (n, p) = x.shape();
    let shift = shift.to_vec();
    let n_blocks = n.div_ceil(BLOCK);
    let block = |b: usize| b * BLOCK..n.min((b + 1) * BLOCK);
    let pairs: Vec<(usize, usize)> = (0..n_blocks).flat_map(|i| (i..n_blocks).map(move |j| (i, j))).collect();
    let side = n.min(BLOCK);
    let mut blocks = zeros(pairs.len() * side * side);
    let mut panel = zeros(n * p.min(PANEL));
    for start in (0..p).step_by(PANEL) {
        let cols = start..p.min(start + PANEL);
        let w = cols.len();
        let panel = &mut panel[..n * w];
        threads::fill_rows(ctl, panel, w, 64, |first, out| {
            x.pack(first..first + out.len() / w, cols.clone(), w, out);
            for row in out.chunks_exact_mut(w) {
                row.iter_mut().zip(&shift[cols.clone()]).for_each(|(v, s)| *v -= s);
            }
        })?;
        let panel = &*panel;
        threads::fill_rows(ctl, &mut blocks, side * side, 1, |pair, out| {
            let (i, j) = (block(pairs[pair].0), block(pairs[pair].1));
            let (a, b) = (&panel[i.start * w..i.end * w], &panel[j.start * w..j.end * w]);
            // Nothing is read where nothing is yet: reading fresh memory costs a second fault for each page.
            let beta = if start == 0 { 0.0 } else { 1.0 };
            if i == j {
                f64::syrk(i.len(), w, a, w, beta, out, side);
            } else {
                f64::gemm((false, true), (i.len(), j.len(), w), 1.0, a, w, b, w, beta, out, side);
            }
        })?;
    }
    let mut k = zeros2((n, n));
    for (&(i, j), values) in pairs.iter().zip(blocks.chunks_exact((side * side).max(1))) {
        let (rows, columns) = (block(i), block(j));
        for (a, row) in rows.zip(values.chunks_exact(side)) {
            // Of a block on the diagonal the upper triangle.
            let columns = columns.start.max(a)..columns.end;
            let row = &row[columns.start - block(j).start..columns.end - block(j).start];
            k.slice_mut(s![a, columns.clone()]).iter_mut().zip(row).for_each(|(k, v)| *k = *v);
            k.slice_mut(s![columns, a]).iter_mut().zip(row).for_each(|(k, v)| *k = *v);
        }
    }
    ctl.check()?;
    Ok(k)
}
