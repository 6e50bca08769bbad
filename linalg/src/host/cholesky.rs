//! The Cholesky factor of a large matrix by blocks, on all threads: `A = Uᵀ·U`, of which the upper triangle is kept.
//!
//! A block of rows is factored by LAPACK, the rows' other columns are solved for, and what is below is brought up to date
//! by products of tiles. Their sizes do not depend on the threads, nor do the bits; between them a run can be ended.

use crate::lapack::{Blas, factor_block, forward};
use crate::{Control, Result, threads};

/// Rows of a block.
const BLOCK: usize = 256;
/// Rows of a tile of what is below.
const TILE: usize = 128;

/// Factors the matrix of n × n in its place.
///
/// # Errors
/// [`crate::Error::NotPositiveDefinite`], [`crate::Error::Interrupted`].
pub(crate) fn factor(a: &mut [f64], n: usize, ctl: &Control) -> Result<()> {
    let mut panel = Vec::new();
    for start in (0..n).step_by(BLOCK) {
        ctl.check()?;
        let end = n.min(start + BLOCK);
        let (width, rest) = (end - start, n - end);
        crate::lapack::pin_blas();
        factor_block(&mut a[start * n + start..], width, n, start)?;
        panel.resize(rest * width, 0.0);
        let (done, below) = a.split_at_mut(end * n);
        let rows = &mut done[start * n..];
        // A row of the panel is a column of these rows.
        threads::fill_rows(ctl, &mut panel, width, TILE, |first, out| {
            for (j, out) in out.chunks_exact_mut(width).enumerate() {
                out.iter_mut().enumerate().for_each(|(r, v)| *v = rows[r * n + end + first + j]);
            }
            forward(&rows[start..], n, width, out);
        })?;
        threads::fill_rows(ctl, rows, n, 16, |first, out| {
            for (r, row) in out.chunks_exact_mut(n).enumerate() {
                row[end..].iter_mut().enumerate().for_each(|(j, v)| *v = panel[j * width + first + r]);
            }
        })?;
        threads::fill_rows(ctl, below, n.max(1), TILE, |first, out| {
            let (m, others) = (out.len() / n, &panel[first * width..]);
            let own = &others[..m * width];
            let shape = (m, rest - first, width);
            f64::gemm((false, true), shape, -1.0, own, width, others, width, 1.0, &mut out[end + first..], n);
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Control;
    use crate::Error::NotPositiveDefinite;
    use crate::lapack::Cholesky;
    use ndarray::{Array, Array2, Axis};

    fn matrix(n: usize) -> Array2<f64> {
        Array::from_shape_fn((n, n), |(i, j)| {
            let (i, j) = (i.min(j) as f64, i.max(j) as f64);
            (-0.3 * (j - i)).exp() + if i == j { 0.5 } else { 0.0 }
        })
    }

    #[test]
    fn blocks_say_what_lapack_says_with_any_threads() {
        for n in [1, 255, 256, 257, 700] {
            let a = matrix(n);
            let b = Array::from_shape_fn((n, 2), |(i, k)| ((i + 3 * k) as f64).sin());
            let with = |threads| Cholesky::blocked(a.clone(), &Control::new().with_threads(Some(threads))).unwrap();
            let found = with(1).solve(b.view()).unwrap();
            assert_eq!(found, with(3).solve(b.view()).unwrap());
            let expected = Cholesky::new(&a).unwrap().solve(b.view()).unwrap();
            assert!((&found - &expected).iter().all(|d| d.abs() < 1e-11), "{n}");
            assert!((a.dot(&found) - &b).map_axis(Axis(0), |d| d.dot(&d).sqrt()).iter().all(|&d| d < 1e-9));
        }
    }

    #[test]
    fn the_first_row_that_is_not_positive_is_named() {
        let mut a = matrix(600);
        a[[430, 430]] = -1.0;
        let found = Cholesky::blocked(a, &Control::new());
        assert!(matches!(found, Err(NotPositiveDefinite(431))), "{found:?}");
    }
}
