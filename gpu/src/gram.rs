//! Second moments: tiles of `√w·[X − s, y − u, 1]` are formed by a kernel in `f64` and multiplied by cuBLAS.
//!
//! The sizes of the tiles depend on the shape alone and partial sums are added in their order, so the result is the
//! same in every run. A narrow matrix is cut into chunks that are multiplied side by side, since one product with a
//! small result would keep few of a device's processors busy; a wide one is multiplied by `syrk`, half the work.

use crate::kernels::{launch, typed, walk};
use crate::{Cuda, placed::Placed};
use cudarc::cublas::{Gemm, GemmConfig, StridedBatchedConfig, sys};
use cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut};
use ironlearn_linalg::{Control, Gram, Real, Result, host::gram::provisional_center};
use ndarray::{Array2, ArrayView1, ArrayView2};
use std::ops::Range;

/// Rows that make the provisional centre; see the host's gram.
const CENTER_ROWS: usize = 1024;
/// Rows of one chunk of a narrow matrix.
const CHUNK: usize = 1024;
/// Up to this width the chunks' results are small enough to be kept side by side.
const NARROW: usize = 512;
/// Numbers in one tile: 256 MB.
const TILE_NUMBERS: usize = 1 << 25;

/// X, y, the roots of the weights and the provisional centre, on the device.
struct Augmented<'a> {
    values: &'a CudaSlice<u8>,
    y: CudaSlice<f64>,
    root: CudaSlice<f64>,
    weighted: i32,
    shift: CudaSlice<f64>,
    kernel: String,
    shape: (usize, usize, usize),
}

impl Augmented<'_> {
    /// Writes `rows × cols` of Z into `z`; rows from n on are 0.
    fn pack(&self, cuda: &Cuda, rows: Range<usize>, cols: Range<usize>, z: &mut CudaSlice<f64>) -> Result<()> {
        let (n, p, t) = (self.shape.0 as i64, self.shape.1 as i64, self.shape.2 as i64);
        let (first, count, first_col, width) =
            (rows.start as i64, rows.len() as i64, cols.start as i64, cols.len() as i64);
        debug_assert!(z.len() >= rows.len() * cols.len());
        // SAFETY: the kernel writes rows·cols numbers of `z`, which has room for them, and reads X, y, the weights and
        // the centre inside their shapes.
        unsafe {
            launch!(
                cuda,
                "pack",
                &self.kernel,
                walk(rows.len() * cols.len()),
                self.values,
                &self.y,
                &self.root,
                &self.shift,
                &self.weighted,
                &n,
                &p,
                &t,
                &first,
                &count,
                &first_col,
                &width,
                z
            )
        }
    }
}

/// See [`ironlearn_linalg::Backend::gram`].
///
/// # Errors
/// [`ironlearn_linalg::Error::Device`], [`ironlearn_linalg::Error::Interrupted`].
pub fn gram<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    y: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
    center: bool,
    ctl: &Control,
) -> Result<Gram> {
    let (n, p) = x.as_ref().shape();
    let width = p + y.ncols() + 1;
    let shift = if center { provisional_center(x.as_ref(), y.view(), CENTER_ROWS) } else { vec![0.0; width] };
    let z = Augmented {
        values,
        y: cuda.upload(y.iter().copied())?,
        root: cuda.upload(weights.iter().flatten().map(|w| w.sqrt()))?,
        weighted: i32::from(weights.is_some()),
        shift: cuda.upload(shift.iter().copied())?,
        kernel: typed("pack", F::DTYPE),
        shape: (n, p, y.ncols()),
    };
    let mut moments = cuda.zeros(width * width)?;
    if width <= NARROW {
        let chunks = (TILE_NUMBERS / (CHUNK * width)).clamp(1, 256).min(n.div_ceil(CHUNK)).max(1);
        let mut tile = cuda.zeros(chunks * CHUNK * width)?;
        let mut parts = cuda.zeros(chunks * width * width)?;
        for start in (0..n).step_by(chunks * CHUNK) {
            ctl.check()?;
            z.pack(cuda, start..start + chunks * CHUNK, 0..width, &mut tile)?;
            squares(cuda, &tile, chunks, width, &mut parts)?;
            cuda.sum_parts(&parts, chunks, width * width, &mut moments)?;
            cuda.finish()?;
        }
    } else {
        let rows = (TILE_NUMBERS / width).clamp(256, 65_536).min(n);
        let mut tile = cuda.zeros(rows * width)?;
        for start in (0..n).step_by(rows) {
            ctl.check()?;
            let end = n.min(start + rows);
            z.pack(cuda, start..end, 0..width, &mut tile)?;
            syrk(cuda, &tile, (width, end - start), false, &mut moments)?;
            cuda.finish()?;
        }
    }
    let moments = Array2::from_shape_vec((width, width), cuda.download(&moments)?).unwrap_or_default();
    ctl.check()?;
    Ok(Gram::from_moments(moments, &shift, center, p))
}

/// See [`ironlearn_linalg::Backend::outer_gram`].
///
/// # Errors
/// As [`gram`].
pub fn outer_gram<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    shift: ArrayView1<'_, f64>,
    ctl: &Control,
) -> Result<Array2<f64>> {
    let (n, p) = x.as_ref().shape();
    let z = Augmented {
        values,
        y: cuda.zeros(1)?,
        root: cuda.zeros(1)?,
        weighted: 0,
        shift: cuda.upload(shift.iter().copied())?,
        kernel: typed("pack", F::DTYPE),
        shape: (n, p, 0),
    };
    let mut k = cuda.zeros(n * n)?;
    let cols = (TILE_NUMBERS / n.max(1)).clamp(64, 65_536).min(p.max(1));
    let mut tile = cuda.zeros(n * cols)?;
    for start in (0..p).step_by(cols) {
        ctl.check()?;
        let end = p.min(start + cols);
        z.pack(cuda, 0..n, start..end, &mut tile)?;
        syrk(cuda, &tile, (n, end - start), true, &mut k)?;
        cuda.finish()?;
    }
    let mut k = Array2::from_shape_vec((n, n), cuda.download(&k)?).unwrap_or_default();
    for i in 0..k.nrows() {
        for j in 0..i {
            k[[i, j]] = k[[j, i]];
        }
    }
    ctl.check()?;
    Ok(k)
}

/// `ZᵀZ` of each of `chunks` chunks of Z (CHUNK × width, row by row), one after the other into `parts`.
fn squares(cuda: &Cuda, tile: &CudaSlice<f64>, chunks: usize, width: usize, parts: &mut CudaSlice<f64>) -> Result<()> {
    debug_assert!(tile.len() >= chunks * CHUNK * width && parts.len() >= chunks * width * width);
    // Row by row, Z is its own transpose to cuBLAS, which reads by column.
    let w = width as i32;
    let gemm = GemmConfig {
        transa: sys::cublasOperation_t::CUBLAS_OP_N,
        transb: sys::cublasOperation_t::CUBLAS_OP_T,
        m: w,
        n: w,
        k: CHUNK as i32,
        alpha: 1.0,
        lda: w,
        ldb: w,
        beta: 0.0,
        ldc: w,
    };
    let (stride, square) = ((CHUNK * width) as i64, (width * width) as i64);
    let config =
        StridedBatchedConfig { gemm, batch_size: chunks as i32, stride_a: stride, stride_b: stride, stride_c: square };
    let blas = cuda.blas();
    // SAFETY: chunk c reads CHUNK·width numbers from c·stride of `tile` and writes width² from c·width² of `parts`.
    unsafe { blas.gemm_strided_batched(config, tile, tile, parts) }.map_err(|e| cuda.failed("cuBLAS gemm")(&e))
}

/// Adds `AAᵀ` to the upper triangle of `sum` (size × size, row by row), A of size × depth: its columns one after the
/// other, or with `by_row` its rows.
fn syrk(
    cuda: &Cuda,
    a: &CudaSlice<f64>,
    (size, depth): (usize, usize),
    by_row: bool,
    sum: &mut CudaSlice<f64>,
) -> Result<()> {
    debug_assert!(a.len() >= size * depth && sum.len() >= size * size);
    let (operation, leading) =
        if by_row { (sys::cublasOperation_t::CUBLAS_OP_T, depth) } else { (sys::cublasOperation_t::CUBLAS_OP_N, size) };
    let blas = cuda.blas();
    let (a, _a) = a.device_ptr(cuda.stream());
    let (c, _c) = sum.device_ptr_mut(cuda.stream());
    // SAFETY: `a` holds size·depth numbers and `sum` size², as asserted; one factor each lies on the host. What is the
    // lower triangle by column is the upper one by row.
    let status = unsafe {
        sys::cublasDsyrk_v2(
            *blas.handle(),
            sys::cublasFillMode_t::CUBLAS_FILL_MODE_LOWER,
            operation,
            size as i32,
            depth as i32,
            &1.0,
            a as *const f64,
            leading as i32,
            &1.0,
            c as *mut f64,
            size as i32,
        )
    };
    status.result().map_err(|e| cuda.failed("cuBLAS syrk")(&e))
}
