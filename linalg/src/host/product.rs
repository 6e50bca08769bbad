//! Products of two dense matrices, by tiles of rows on all threads.

use crate::lapack::Blas;
use crate::zeros::zeros;
use crate::{Control, Result, threads};
use ndarray::{Array2, ArrayView2};

/// Rows of a tile.
const TILE: usize = 64;

/// `A·B` for A of n × m and B of m × p.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    assert_eq!(a.ncols(), b.nrows(), "a row of A has as many numbers as a column of B");
    let ((n, m), p) = (a.dim(), b.ncols());
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let (a, b) = (a.as_slice().unwrap_or_default(), b.as_slice().unwrap_or_default());
    let mut out = zeros(n * p);
    if m > 0 && p > 0 {
        threads::fill_rows(ctl, &mut out, p, TILE, |first, out| {
            let rows = out.len() / p;
            f64::gemm((false, false), (rows, p, m), 1.0, &a[first * m..(first + rows) * m], m, b, p, 0.0, out, p);
        })?;
    }
    Ok(Array2::from_shape_vec((n, p), out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    #[test]
    fn tiles_are_the_product_in_any_layout() {
        let ctl = Control::new();
        for (n, m, p) in [(1, 1, 1), (130, 7, 9), (3, 0, 4), (0, 3, 2)] {
            let a = Array::from_shape_fn((n, m), |(i, j)| ((i * 7 + j) as f64).sin());
            let b = Array::from_shape_fn((p, m), |(i, j)| ((i + 5 * j) as f64).cos());
            let found = product(a.view(), b.t(), &ctl).unwrap();
            assert_eq!(found.dim(), (n, p));
            assert!((found - a.dot(&b.t())).iter().all(|d| d.abs() < 1e-14));
        }
    }
}
