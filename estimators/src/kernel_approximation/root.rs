//! The inverse root of a kernel matrix.

use crate::{Control, Result};
use ironlearn_linalg::host::product::product;
use ironlearn_linalg::lapack::{eigh, svd};
use ndarray::{Array2, Axis};

/// No singular value counts as less.
const LEAST: f64 = 1e-12;

/// `U·S^(−½)·V` for the singular values S and vectors U, V of a square matrix: for a positive definite one its inverse
/// root. Singular values below 1e-12 count as that.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn inverse_root(matrix: &Array2<f64>, ctl: &Control) -> Result<Array2<f64>> {
    let symmetric = matrix.indexed_iter().all(|((i, j), v)| *v == matrix[[j, i]]);
    if symmetric {
        let (values, vectors) = eigh(matrix, ctl)?;
        let factors = values.mapv(|v| v.signum() / v.abs().max(LEAST).sqrt());
        return Ok(product((&vectors * &factors.insert_axis(Axis(0))).view(), vectors.t(), ctl)?);
    }
    let (u, s, vt) = svd(matrix.clone(), ctl)?;
    let factors = s.mapv(|v| 1.0 / v.max(LEAST).sqrt());
    Ok(product((&u * &factors.insert_axis(Axis(0))).view(), vt.view(), ctl)?)
}
