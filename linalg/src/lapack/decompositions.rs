//! Eigenvectors, singular values and QR; the long ones on a thread of their own ([`crate::apart`]).

use super::dim;
use crate::{Control, Error, Result, apart};
use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder};

unsafe extern "C" {
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
