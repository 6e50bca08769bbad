//! BLAS and LAPACK: the only folder that names ndarray-linalg and the C interfaces under it.
//!
//! - `products`: blocks times blocks;
//! - `cholesky`: factors of positive definite matrices, and what they solve;
//! - `decompositions`: eigenvectors, singular values, QR, least squares.
//!
//! A factorisation runs on one thread and cannot be interrupted inside; a long one runs apart ([`crate::apart`]), so that the
//! run that asked for it can. Everything around them works in tiles.

mod cholesky;
mod decompositions;
mod products;

pub use cholesky::Cholesky;
pub(crate) use cholesky::{factor_block, forward};
pub use decompositions::{LeastSquares, eigh, eigvalsh, lstsq, qr_in_place, svd};
pub use products::Blas;

use crate::{Error, Result};

unsafe extern "C" {
    fn openblas_set_num_threads(n: i32);
    fn openblas_get_num_threads() -> i32;
    fn atexit(call: extern "C" fn()) -> i32;
}

/// Makes this process's OpenBLAS run on the calling thread alone. Others may reset it, so every run asks again.
pub fn pin_blas() {
    // SAFETY: plain calls without arguments that point anywhere.
    unsafe {
        if openblas_get_num_threads() != 1 {
            openblas_set_num_threads(1);
        }
    }
}

/// Has `call` called when the process exits, before BLAS gives back its memory.
pub(crate) fn at_exit(call: extern "C" fn()) {
    // SAFETY: it takes a function that lives as long as the library, and returns whether there was room for it; where there
    // is none, the process exits without waiting.
    unsafe { atexit(call) };
}

fn dim(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(|_| Error::Shape(format!("a dimension of {n} is beyond what LAPACK takes")))
}

/// The number of elements that `rows` rows of `width`, `stride` apart, reach over.
fn reach(rows: usize, width: usize, stride: usize) -> usize {
    assert!(stride >= width, "rows overlap");
    if rows == 0 { 0 } else { (rows - 1) * stride + width }
}
