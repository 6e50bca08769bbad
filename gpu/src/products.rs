//! Products with narrow matrices and sums by label: our own kernels, whose partial sums are added in their order.

use crate::kernels::{THREADS, grid, launch, typed};
use crate::{Cuda, placed::Placed};
use cudarc::driver::CudaSlice;
use ironlearn_linalg::{Control, Real, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

/// A side of the tiles of `matmul.cu`.
const SIDE: usize = 16;
/// Columns of R that a thread of `matmul_t` takes.
const TARGETS: usize = 8;
/// Numbers in the partial results: 256 MB.
const PART_NUMBERS: usize = 1 << 25;

/// Groups of rows whose sums are kept apart, and the rows of each: as many as give a device enough to do and leave
/// room for their results of `size` numbers. They depend on the shape alone.
fn groups(n: usize, size: usize) -> (usize, usize) {
    let wanted = (PART_NUMBERS / size.max(1)).clamp(1, 4096).min(n.div_ceil(64)).max(1);
    let rows = n.div_ceil(wanted).max(1);
    (n.div_ceil(rows).max(1), rows)
}

/// See [`ironlearn_linalg::Backend::matmul`].
///
/// # Errors
/// [`ironlearn_linalg::Error::Device`], [`ironlearn_linalg::Error::Interrupted`].
pub fn matmul<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    b: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<Array2<f64>> {
    let ((n, p), t) = (x.as_ref().shape(), b.ncols());
    if n == 0 || t == 0 {
        return Ok(Array2::zeros((n, t)));
    }
    let b = cuda.upload(b.iter().copied())?;
    let mut out = cuda.zeros(n * t)?;
    let (rows, cols, targets) = (n as i64, p as i64, t as i64);
    ctl.check()?;
    // SAFETY: the kernel writes n·t numbers of `out` and reads X (n × p) and B (p × t) inside their shapes.
    unsafe {
        launch!(
            cuda,
            "matmul",
            &typed("matmul", F::DTYPE),
            grid((n.div_ceil(SIDE), t.div_ceil(SIDE), 1), (SIDE, SIDE)),
            values,
            &b,
            &rows,
            &cols,
            &targets,
            &mut out
        )?;
    }
    Ok(Array2::from_shape_vec((n, t), cuda.download(&out)?).unwrap_or_default())
}

/// See [`ironlearn_linalg::Backend::matmul_t`].
///
/// # Errors
/// As [`matmul`].
pub fn matmul_t<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    r: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<Array2<f64>> {
    let ((n, p), t) = (x.as_ref().shape(), r.ncols());
    if p == 0 || t == 0 {
        return Ok(Array2::zeros((p, t)));
    }
    let r = cuda.upload(r.iter().copied())?;
    let (count, group_rows) = groups(n, p * t);
    let mut parts = cuda.zeros(count * p * t)?;
    let mut out = cuda.zeros(p * t)?;
    let (rows, cols, targets, each) = (n as i64, p as i64, t as i64, group_rows as i64);
    ctl.check()?;
    // SAFETY: the kernel writes the p × t numbers of each of `count` groups of `parts` and reads X and R inside their
    // shapes: the rows of a group end at n.
    unsafe {
        launch!(
            cuda,
            "matmul",
            &typed("matmul_t", F::DTYPE),
            grid((p.div_ceil(THREADS), count, t.div_ceil(TARGETS)), (THREADS, 1)),
            values,
            &r,
            &rows,
            &cols,
            &targets,
            &each,
            &mut parts
        )?;
    }
    cuda.sum_parts(&parts, count, p * t, &mut out)?;
    Ok(Array2::from_shape_vec((p, t), cuda.download(&out)?).unwrap_or_default())
}

/// `Σ w·(x − shift)` and `Σ w` over the rows of each of `k` labels; `shift` holds p numbers.
///
/// # Errors
/// As [`matmul`].
#[allow(clippy::too_many_arguments, reason = "the primitive's own arguments, and where X is")]
pub fn segment_sum<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    shift: &[f64],
    labels: &CudaSlice<u32>,
    weights: Option<ArrayView1<'_, f64>>,
    k: usize,
    ctl: &Control,
) -> Result<(Array2<f64>, Array1<f64>)> {
    let (n, p) = x.as_ref().shape();
    debug_assert!(shift.len() == p && labels.len() >= n);
    let weighted = i32::from(weights.is_some());
    let shift = cuda.upload(shift.iter().copied())?;
    let weights = cuda.upload(weights.iter().flatten().copied())?;
    let size = k * (p + 1);
    let (count, group_rows) = groups(n, size);
    let mut parts = cuda.zeros(count * size)?;
    let mut out = cuda.zeros(size)?;
    let (rows, cols, segments, each) = (n as i64, p as i64, k as i64, group_rows as i64);
    ctl.check()?;
    // SAFETY: the kernel adds to the k × (p + 1) numbers of each of `count` groups of `parts`; it skips labels outside
    // 0..k and reads X, shift, labels and weights inside their shapes.
    unsafe {
        launch!(
            cuda,
            "segment_sum",
            &typed("segment_sum", F::DTYPE),
            grid(((p + 1).div_ceil(THREADS), count, 1), (THREADS, 1)),
            values,
            &shift,
            labels,
            &weights,
            &weighted,
            &rows,
            &cols,
            &segments,
            &each,
            &mut parts
        )?;
    }
    cuda.sum_parts(&parts, count, size, &mut out)?;
    let all = Array2::from_shape_vec((k, p + 1), cuda.download(&out)?).unwrap_or_default();
    Ok((all.slice(s![.., ..p]).to_owned(), all.column(p).to_owned()))
}
