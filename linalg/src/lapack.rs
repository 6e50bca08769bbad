//! BLAS and LAPACK: the only file that names ndarray-linalg and the C interfaces under it.
//!
//! A factorisation runs on one thread and cannot be interrupted inside; a long one runs apart ([`crate::apart`]), so that the
//! run that asked for it can. Everything around them works in tiles.

use crate::{Control, Error, Result, apart};
use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_UPLO};
use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder};

unsafe extern "C" {
    fn openblas_set_num_threads(n: i32);
    fn openblas_get_num_threads() -> i32;
    fn atexit(call: extern "C" fn()) -> i32;
    fn dsyevd_(
        jobz: *const u8,
        uplo: *const u8,
        n: *const i32,
        a: *mut f64,
        lda: *const i32,
        w: *mut f64,
        work: *mut f64,
        lwork: *const i32,
        iwork: *mut i32,
        liwork: *const i32,
        info: *mut i32,
    );
    fn dgesdd_(
        jobz: *const u8,
        m: *const i32,
        n: *const i32,
        a: *mut f64,
        lda: *const i32,
        s: *mut f64,
        u: *mut f64,
        ldu: *const i32,
        vt: *mut f64,
        ldvt: *const i32,
        work: *mut f64,
        lwork: *const i32,
        iwork: *mut i32,
        info: *mut i32,
    );
    fn dgeqrf_(
        m: *const i32,
        n: *const i32,
        a: *mut f64,
        lda: *const i32,
        tau: *mut f64,
        work: *mut f64,
        lwork: *const i32,
        info: *mut i32,
    );
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

/// The number of elements that `rows` rows of `width`, `stride` apart, reach over.
fn reach(rows: usize, width: usize, stride: usize) -> usize {
    assert!(stride >= width, "rows overlap");
    if rows == 0 { 0 } else { (rows - 1) * stride + width }
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
        assert_eq!(b.nrows(), self.n, "the right-hand side has as many rows as the matrix");
        let mut x = Array2::zeros(b.dim().f());
        x.assign(&b);
        let (n, t, mut info) = (dim(self.n)?, dim(b.ncols())?, 0);
        let values = x.as_slice_memory_order_mut().unwrap_or_default();
        // SAFETY: the factor is n × n and `values` n × t, both column by column.
        unsafe {
            dpotrs_(b"L".as_ptr(), &n, &t, self.factor.as_ptr(), &n.max(1), values.as_mut_ptr(), &n.max(1), &mut info);
        }
        if info == 0 { Ok(x) } else { Err(Error::Lapack { routine: "potrs", info }) }
    }

    /// `L⁻¹·B` for `A = L·Lᵀ` and B of n × t: `Bᵀ·A⁻¹·B` is what comes back times itself.
    ///
    /// # Errors
    /// [`Error::Lapack`], for dimensions beyond its integers.
    pub fn half_solve(&self, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        assert_eq!(b.nrows(), self.n, "the right-hand side has as many rows as the matrix");
        let mut x = Array2::zeros(b.dim().f());
        x.assign(&b);
        let (n, t, mut info) = (dim(self.n)?, dim(b.ncols())?, 0);
        let values = x.as_slice_memory_order_mut().unwrap_or_default();
        // SAFETY: the factor is n × n and `values` n × t, both column by column.
        unsafe {
            dtrtrs_(
                b"L".as_ptr(),
                b"N".as_ptr(),
                b"N".as_ptr(),
                &n,
                &t,
                self.factor.as_ptr(),
                &n.max(1),
                values.as_mut_ptr(),
                &n.max(1),
                &mut info,
            );
        }
        if info == 0 { Ok(x) } else { Err(Error::Lapack { routine: "trtrs", info }) }
    }
}

/// Eigenvalues in rising order and eigenvectors (columns) of a symmetric matrix, of which the upper triangle is read;
/// about 4/3·n³ operations and more by divide and conquer.
///
/// # Errors
/// [`Error::Lapack`] where the iteration does not converge, [`Error::Interrupted`].
pub fn eigh(a: &Array2<f64>, ctl: &Control) -> Result<(Array1<f64>, Array2<f64>)> {
    symmetric_eigen(a, b"V", ctl)
}

/// The eigenvalues alone, as [`eigh`] orders them, in about 4/3·n³ operations.
///
/// # Errors
/// As [`eigh`].
pub fn eigvalsh(a: &Array2<f64>, ctl: &Control) -> Result<Array1<f64>> {
    Ok(symmetric_eigen(a, b"N", ctl)?.0)
}

fn symmetric_eigen(a: &Array2<f64>, job: &'static [u8; 1], ctl: &Control) -> Result<(Array1<f64>, Array2<f64>)> {
    let n = a.nrows();
    let mut vectors = Array2::zeros((n, n).f());
    for i in 0..n {
        for j in i..n {
            vectors[[i, j]] = a[[i, j]];
        }
    }
    apart(ctl, 2.0 * (n as f64).powi(3), move || eigen_in_place(vectors, job))?
}

fn eigen_in_place(mut vectors: Array2<f64>, job: &[u8; 1]) -> Result<(Array1<f64>, Array2<f64>)> {
    let n = vectors.nrows();
    let mut values = Array1::zeros(n);
    let (order, mut info) = (dim(n)?, 0);
    let (mut lwork, mut liwork) = (-1, -1);
    let (mut work, mut iwork) = (vec![0.0; 1], vec![0_i32; 1]);
    for _ in 0..2 {
        let a = vectors.as_slice_memory_order_mut().unwrap_or_default();
        // SAFETY: `a` is n × n, `values` has n numbers; the first call only asks for the work sizes.
        unsafe {
            dsyevd_(
                job.as_ptr(),
                b"U".as_ptr(),
                &order,
                a.as_mut_ptr(),
                &order.max(1),
                values.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &liwork,
                &mut info,
            );
        }
        if info != 0 {
            return Err(Error::Lapack { routine: "syevd", info });
        }
        if lwork == -1 {
            (lwork, liwork) = (work[0] as i32, iwork[0]);
            work = vec![0.0; lwork.max(1) as usize];
            iwork = vec![0; liwork.max(1) as usize];
        }
    }
    Ok((values, vectors))
}

/// Householder QR in place: `a` holds `rows` × `cols` numbers column by column; afterwards R stands in its upper
/// triangle and the reflectors below. 2·rows·cols² operations.
///
/// # Errors
/// [`Error::Lapack`], for dimensions beyond its integers.
pub fn qr_in_place(a: &mut [f64], rows: usize, cols: usize) -> Result<()> {
    assert!(a.len() >= rows * cols, "the matrix is too short");
    let (m, n, mut info, mut lwork) = (dim(rows)?, dim(cols)?, 0, -1);
    let (mut tau, mut work) = (vec![0.0; rows.min(cols).max(1)], vec![0.0; 1]);
    for _ in 0..2 {
        // SAFETY: `a` is rows × cols, `tau` has min(rows, cols) numbers; the first call only asks for the work size.
        unsafe {
            dgeqrf_(&m, &n, a.as_mut_ptr(), &m.max(1), tau.as_mut_ptr(), work.as_mut_ptr(), &lwork, &mut info);
        }
        if info != 0 {
            return Err(Error::Lapack { routine: "geqrf", info });
        }
        if lwork == -1 {
            lwork = (work[0] as i32).max(1);
            work = vec![0.0; lwork as usize];
        }
    }
    Ok(())
}

/// The thin singular value decomposition `A = U·diag(s)·Vᵀ` by divide and conquer: U (n × r), s falling, Vᵀ (r × p),
/// r = min(n, p).
///
/// # Errors
/// [`Error::Lapack`] where the iteration does not converge, [`Error::Interrupted`].
pub fn svd(a: Array2<f64>, ctl: &Control) -> Result<(Array2<f64>, Array1<f64>, Array2<f64>)> {
    let (n, p) = a.dim();
    apart(ctl, 6.0 * (n * p) as f64 * n.min(p) as f64, move || singular_values(a))?
}

fn singular_values(a: Array2<f64>) -> Result<(Array2<f64>, Array1<f64>, Array2<f64>)> {
    let (n, p) = a.dim();
    let r = n.min(p);
    // Row by row A is Aᵀ column by column, whose left vectors are Vᵀ row by row, and whose right ones U.
    let mut a = if a.is_standard_layout() { a } else { a.as_standard_layout().into_owned() };
    let (mut u, mut s, mut vt) = (Array2::zeros((n, r)), Array1::zeros(r), Array2::zeros((r, p)));
    let (rows, columns, rank, mut info, mut lwork) = (dim(p)?, dim(n)?, dim(r)?, 0, -1);
    let (mut work, mut iwork) = (vec![0.0; 1], vec![0_i32; 8 * r.max(1)]);
    for _ in 0..2 {
        // SAFETY: `a` holds p × n numbers column by column, the results p × r, r and r × n; the first call only asks
        // for the work size.
        unsafe {
            dgesdd_(
                b"S".as_ptr(),
                &rows,
                &columns,
                a.as_mut_ptr(),
                &rows.max(1),
                s.as_mut_ptr(),
                vt.as_mut_ptr(),
                &rows.max(1),
                u.as_mut_ptr(),
                &rank.max(1),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &mut info,
            );
        }
        if info != 0 {
            return Err(Error::Lapack { routine: "gesdd", info });
        }
        if lwork == -1 {
            lwork = (work[0] as i32).max(1);
            work = vec![0.0; lwork as usize];
        }
    }
    Ok((u, s, vt))
}

/// The minimum-norm least-squares solution of `A·X ≈ B` by the singular value decomposition.
#[derive(Debug, Clone)]
pub struct LeastSquares {
    /// p × t.
    pub solution: Array2<f64>,
    /// Singular values above the cutoff.
    pub rank: usize,
    /// All singular values of A, falling.
    pub singular: Array1<f64>,
}

/// Solves `min ‖A·X − B‖` and of all solutions takes the shortest; singular values below `rcond` times the largest
/// count as 0.
///
/// # Errors
/// As [`svd`].
pub fn lstsq(a: &Array2<f64>, b: ArrayView2<'_, f64>, rcond: f64, ctl: &Control) -> Result<LeastSquares> {
    let (u, singular, vt) = svd(a.clone(), ctl)?;
    let cutoff = rcond * singular.first().copied().unwrap_or(0.0);
    let rank = singular.iter().filter(|&&s| s > cutoff).count();
    let mut coordinates = u.t().dot(&b);
    for (k, mut row) in coordinates.rows_mut().into_iter().enumerate() {
        let s = singular[k];
        row.mapv_inplace(|v| if k < rank { v / s } else { 0.0 });
    }
    Ok(LeastSquares { solution: vt.t().dot(&coordinates), rank, singular })
}
