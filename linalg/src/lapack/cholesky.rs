//! Cholesky factors of symmetric positive definite matrices, whole or block by block, and what they solve.

use super::{dim, reach};
use crate::{Control, Error, Result};
use ndarray::{Array2, ArrayView2, ShapeBuilder};

unsafe extern "C" {
    fn dpotrf_(uplo: *const u8, n: *const i32, a: *mut f64, lda: *const i32, info: *mut i32);
    fn dpotrs_(
        uplo: *const u8,
        n: *const i32,
        nrhs: *const i32,
        a: *const f64,
        lda: *const i32,
        b: *mut f64,
        ldb: *const i32,
        info: *mut i32,
    );
    fn dtrtrs_(
        uplo: *const u8,
        trans: *const u8,
        diag: *const u8,
        n: *const i32,
        nrhs: *const i32,
        a: *const f64,
        lda: *const i32,
        b: *mut f64,
        ldb: *const i32,
        info: *mut i32,
    );
    fn dpocon_(
        uplo: *const u8,
        n: *const i32,
        a: *const f64,
        lda: *const i32,
        anorm: *const f64,
        rcond: *mut f64,
        work: *mut f64,
        iwork: *mut i32,
        info: *mut i32,
    );
}

/// Factors a symmetric matrix of n × n, rows `stride` apart, of which the upper triangle is read, in its place: the
/// triangle of U for `Uᵀ·U`. `before` rows come before it in the matrix that errors speak of.
pub(crate) fn factor_block(a: &mut [f64], n: usize, stride: usize, before: usize) -> Result<()> {
    assert!(a.len() >= reach(n, n, stride), "the matrix is too short");
    let (order, stride, mut info) = (dim(n)?, dim(stride)?, 0);
    // SAFETY: `a` reaches over n rows of n numbers, asserted above.
    unsafe { dpotrf_(b"L".as_ptr(), &order, a.as_mut_ptr(), &stride.max(1), &mut info) };
    match info {
        0 => Ok(()),
        i if i > 0 => Err(Error::NotPositiveDefinite(before + i as usize)),
        info => Err(Error::Lapack { routine: "potrf", info }),
    }
}

/// `x = U⁻ᵀ·x` for each row x of n numbers of `rows`, with the triangle of [`factor_block`], whose rows lie `stride` apart
/// and whose diagonal is positive.
pub(crate) fn forward(u: &[f64], stride: usize, n: usize, rows: &mut [f64]) {
    assert!(u.len() >= reach(n, n, stride) && n > 0 && rows.len().is_multiple_of(n), "the triangle is too short");
    let (order, count, stride, mut info) = (n as i32, (rows.len() / n) as i32, stride as i32, 0);
    // SAFETY: the triangle is n × n, asserted above, and the rows hold `count` vectors of n numbers.
    unsafe {
        dtrtrs_(
            b"L".as_ptr(),
            b"N".as_ptr(),
            b"N".as_ptr(),
            &order,
            &count,
            u.as_ptr(),
            &stride,
            rows.as_mut_ptr(),
            &order,
            &mut info,
        );
    }
}

/// The Cholesky factor of a symmetric positive definite matrix.
#[derive(Debug, Clone)]
pub struct Cholesky {
    /// Row-major; the upper triangle holds the factor, which LAPACK calls a lower one.
    factor: Vec<f64>,
    n: usize,
    /// The 1-norm of the matrix.
    norm: f64,
}

impl Cholesky {
    /// Factors a copy of `a`, of which the upper triangle is read, in n³/3 operations.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`].
    pub fn new(a: &Array2<f64>) -> Result<Self> {
        Self::of(a.as_standard_layout().into_owned())
    }

    /// As [`Cholesky::new`], in the place of `a`.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`].
    pub fn of(a: Array2<f64>) -> Result<Self> {
        Self::by(a, |factor, n| factor_block(factor, n, n, 0))
    }

    /// As [`Cholesky::of`], on the threads of `ctl`.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`], [`Error::Interrupted`].
    pub fn blocked(a: Array2<f64>, ctl: &Control) -> Result<Self> {
        Self::by(a, |factor, n| crate::host::cholesky::factor(factor, n, ctl))
    }

    fn by(a: Array2<f64>, factorise: impl FnOnce(&mut [f64], usize) -> Result<()>) -> Result<Self> {
        let n = a.nrows();
        let a = if a.is_standard_layout() { a } else { a.as_standard_layout().into_owned() };
        let (mut factor, _) = a.into_raw_vec_and_offset();
        let mut sums = vec![0.0_f64; n];
        for i in 0..n {
            for j in i..n {
                let v = factor[i * n + j].abs();
                sums[i] += v;
                if i != j {
                    sums[j] += v;
                }
            }
        }
        let norm = sums.into_iter().fold(0.0, f64::max);
        factorise(&mut factor, n)?;
        Ok(Cholesky { factor, n, norm })
    }

    /// An estimate of the reciprocal condition number in the 1-norm.
    pub fn rcond(&self) -> f64 {
        let (n, mut rcond, mut info) = (self.n as i32, 0.0, 0);
        let (mut work, mut iwork) = (vec![0.0; 3 * self.n], vec![0_i32; self.n]);
        // SAFETY: the factor is n × n, the work arrays have the 3n and n elements that the routine asks for.
        unsafe {
            dpocon_(
                b"L".as_ptr(),
                &n,
                self.factor.as_ptr(),
                &n.max(1),
                &self.norm,
                &mut rcond,
                work.as_mut_ptr(),
                iwork.as_mut_ptr(),
                &mut info,
            );
        }
        if info == 0 { rcond } else { 0.0 }
    }

    /// The logarithm of the determinant of the factored matrix.
    pub fn log_det(&self) -> f64 {
        (0..self.n).map(|i| 2.0 * self.factor[i * (self.n + 1)].ln()).sum()
    }

    /// Solves `A·X = B` for B of n × t.
    ///
    /// # Errors
    /// [`Error::Lapack`], for dimensions beyond its integers.
    pub fn solve(&self, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        // SAFETY: `in_place` hands over a factor of n × n and numbers of n × t, both column by column.
        self.in_place("potrs", b, |n, t, factor, x, info| unsafe {
            dpotrs_(b"L".as_ptr(), &n, &t, factor, &n.max(1), x, &n.max(1), info);
        })
    }

    /// `L⁻¹·B` for `A = L·Lᵀ` and B of n × t: `Bᵀ·A⁻¹·B` is what comes back times itself.
    ///
    /// # Errors
    /// [`Error::Lapack`], for dimensions beyond its integers.
    pub fn half_solve(&self, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let [lower, plain] = [b"L".as_ptr(), b"N".as_ptr()];
        // SAFETY: `in_place` hands over a factor of n × n and numbers of n × t, both column by column.
        self.in_place("trtrs", b, |n, t, factor, x, info| unsafe {
            dtrtrs_(lower, plain, plain, &n, &t, factor, &n.max(1), x, &n.max(1), info);
        })
    }

    /// Runs a LAPACK routine on a copy of B, n × t, column by column: it gets n, t, the factor, the copy and where its
    /// status goes.
    fn in_place(
        &self,
        routine: &'static str,
        b: ArrayView2<'_, f64>,
        run: impl FnOnce(i32, i32, *const f64, *mut f64, &mut i32),
    ) -> Result<Array2<f64>> {
        assert_eq!(b.nrows(), self.n, "the right-hand side has as many rows as the matrix");
        let mut x = Array2::zeros(b.dim().f());
        x.assign(&b);
        let (n, t, mut info) = (dim(self.n)?, dim(b.ncols())?, 0);
        let values = x.as_slice_memory_order_mut().unwrap_or_default();
        run(n, t, self.factor.as_ptr(), values.as_mut_ptr(), &mut info);
        if info == 0 { Ok(x) } else { Err(Error::Lapack { routine, info }) }
    }
}
