//! Products of blocks, row by row, by BLAS.

use super::reach;
use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_UPLO};

/// An element type that BLAS multiplies.
pub trait Blas: crate::Real {
    /// `C += Aᵀ·A` for A of `n` × `p`, row by row with `lda` between rows; the upper triangle of C
    /// (p × p, rows `ldc` apart) is updated.
    fn syrk_t(n: usize, p: usize, a: &[Self], lda: usize, c: &mut [Self], ldc: usize);
    /// `C = A·Aᵀ + beta·C`, as [`Blas::syrk_t`]; C is n × n.
    fn syrk(n: usize, p: usize, a: &[Self], lda: usize, beta: Self, c: &mut [Self], ldc: usize);
    /// `C = alpha·op(A)·op(B) + beta·C`, all row by row, with op(A) of m × k and op(B) of k × n
    /// for `shape` = (m, n, k).
    #[allow(clippy::too_many_arguments, reason = "the argument list of BLAS")]
    fn gemm(
        transpose: (bool, bool),
        shape: (usize, usize, usize),
        alpha: Self,
        a: &[Self],
        lda: usize,
        b: &[Self],
        ldb: usize,
        beta: Self,
        c: &mut [Self],
        ldc: usize,
    );
}

const ROWS: CBLAS_LAYOUT = CBLAS_LAYOUT::CblasRowMajor;

macro_rules! blas {
    ($t:ty, $syrk:ident, $gemm:ident) => {
        impl Blas for $t {
            fn syrk_t(n: usize, p: usize, a: &[$t], lda: usize, c: &mut [$t], ldc: usize) {
                assert!(a.len() >= reach(n, p, lda) && c.len() >= reach(p, p, ldc), "a block is too short");
                let (order, depth) = (p as i32, n as i32);
                let (a, c, trans) = (a.as_ptr(), c.as_mut_ptr(), CBLAS_TRANSPOSE::CblasTrans);
                let (lda, ldc) = (lda.max(1) as i32, ldc.max(1) as i32);
                // SAFETY: the assertion bounds what BLAS reads of A and writes of C; tiles are far below 2^31.
                unsafe {
                    cblas_sys::$syrk(ROWS, CBLAS_UPLO::CblasUpper, trans, order, depth, 1.0, a, lda, 1.0, c, ldc);
                }
            }

            fn syrk(n: usize, p: usize, a: &[$t], lda: usize, beta: $t, c: &mut [$t], ldc: usize) {
                assert!(a.len() >= reach(n, p, lda) && c.len() >= reach(n, n, ldc), "a block is too short");
                let (order, depth) = (n as i32, p as i32);
                let (a, c, trans) = (a.as_ptr(), c.as_mut_ptr(), CBLAS_TRANSPOSE::CblasNoTrans);
                let (lda, ldc) = (lda.max(1) as i32, ldc.max(1) as i32);
                // SAFETY: as above.
                unsafe {
                    cblas_sys::$syrk(ROWS, CBLAS_UPLO::CblasUpper, trans, order, depth, 1.0, a, lda, beta, c, ldc);
                }
            }

            fn gemm(
                (ta, tb): (bool, bool),
                (m, n, k): (usize, usize, usize),
                alpha: $t,
                a: &[$t],
                lda: usize,
                b: &[$t],
                ldb: usize,
                beta: $t,
                c: &mut [$t],
                ldc: usize,
            ) {
                let (ra, ca) = if ta { (k, m) } else { (m, k) };
                let (rb, cb) = if tb { (n, k) } else { (k, n) };
                assert!(a.len() >= reach(ra, ca, lda) && b.len() >= reach(rb, cb, ldb), "a block is too short");
                assert!(c.len() >= reach(m, n, ldc), "the result is too short");
                let op = |t| {
                    if t { CBLAS_TRANSPOSE::CblasTrans } else { CBLAS_TRANSPOSE::CblasNoTrans }
                };
                // SAFETY: the assertions bound what BLAS reads of A and B and writes of C.
                unsafe {
                    cblas_sys::$gemm(
                        ROWS,
                        op(ta),
                        op(tb),
                        m as i32,
                        n as i32,
                        k as i32,
                        alpha,
                        a.as_ptr(),
                        lda.max(1) as i32,
                        b.as_ptr(),
                        ldb.max(1) as i32,
                        beta,
                        c.as_mut_ptr(),
                        ldc.max(1) as i32,
                    );
                }
            }
        }
    };
}

blas!(f64, cblas_dsyrk, cblas_dgemm);
blas!(f32, cblas_ssyrk, cblas_sgemm);
