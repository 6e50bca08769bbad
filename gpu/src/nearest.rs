//! The nearest centre of each row: three kernels, see `kernels/nearest.cu`.

use crate::Cuda;
use crate::kernels::{grid, launch, typed, walk};
use crate::placed::{Placed, bytes_of};
use cudarc::driver::CudaSlice;
use ironlearn_linalg::{Control, Dtype, Real, Result};
use ndarray::{Array1, ArrayView2};

/// Rows and centres of a block, and a side of its threads.
const TILE: usize = 64;
const SIDE: usize = 16;
/// Threads that decide one row in `settle`, and the most blocks of them.
const SETTLERS: usize = 128;
const SETTLING: usize = 16_384;

/// The labels on the device, and the centres in `f64`.
pub struct Assigned {
    /// n.
    pub labels: CudaSlice<u32>,
    centers: CudaSlice<f64>,
}

/// The nearest of `centers` for each row; the result stays on the device.
///
/// # Errors
/// [`ironlearn_linalg::Error::Device`], [`ironlearn_linalg::Error::Interrupted`].
pub fn assign<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<Assigned> {
    let ((n, p), k) = (x.as_ref().shape(), centers.nrows());
    let squares: Vec<f64> = centers.rows().into_iter().map(|c| c.iter().map(|v| v * v).sum()).collect();
    let reach = squares.iter().fold(0.0_f64, |a, &b| a.max(b)).sqrt();
    let narrow = |values: &mut dyn Iterator<Item = f64>| -> Result<CudaSlice<u8>> {
        let values: Vec<F> = values.map(F::narrow).collect();
        cuda.upload(bytes_of(&values).iter().copied())
    };
    let rounded = narrow(&mut centers.iter().copied())?;
    let norms = narrow(&mut squares.iter().copied())?;
    let exact = cuda.upload(centers.iter().copied())?;
    let mut labels = cuda.zeros::<u32>(n)?;
    let mut unsure = cuda.zeros::<u8>(n)?;
    let least = match F::DTYPE {
        Dtype::F32 => f64::from(f32::MIN_POSITIVE),
        Dtype::F64 => f64::MIN_POSITIVE,
    };
    let unit = F::DTYPE.eps() / 2.0;
    let (rows, cols, count) = (n as i64, p as i64, k as i64);
    ctl.check()?;
    if n > 0 && k > 0 {
        // SAFETY: the kernels read X (n × p), the centres (k × p) and their norms (k) and write the n labels and marks
        // inside those shapes.
        unsafe {
            launch!(
                cuda,
                "nearest",
                &typed("nearest", F::DTYPE),
                grid((n.div_ceil(TILE), 1, 1), (SIDE, SIDE)),
                values,
                &rounded,
                &norms,
                &reach,
                &unit,
                &least,
                &rows,
                &cols,
                &count,
                &mut labels,
                &mut unsure
            )?;
            launch!(
                cuda,
                "nearest",
                &typed("settle", F::DTYPE),
                grid((n.min(SETTLING), 1, 1), (SETTLERS, 1)),
                values,
                &exact,
                &rows,
                &cols,
                &count,
                &unsure,
                &mut labels
            )?;
        }
    }
    Ok(Assigned { labels, centers: exact })
}

/// See [`ironlearn_linalg::Backend::nearest`].
///
/// # Errors
/// As [`assign`].
pub fn nearest<F: Real>(
    cuda: &Cuda,
    x: &Placed<'_, F>,
    values: &CudaSlice<u8>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<(Array1<u32>, Array1<f64>)> {
    let (n, p) = x.as_ref().shape();
    if n == 0 || centers.nrows() == 0 {
        return Ok((Array1::zeros(n), Array1::from_elem(n, f64::INFINITY)));
    }
    let found = assign(cuda, x, values, centers, ctl)?;
    let mut distances = cuda.zeros::<f64>(n)?;
    let (rows, cols) = (n as i64, p as i64);
    // SAFETY: the kernel reads X (n × p), the centres that the n labels name and writes n distances.
    unsafe {
        launch!(
            cuda,
            "nearest",
            &typed("distance", F::DTYPE),
            walk(n),
            values,
            &found.centers,
            &found.labels,
            &rows,
            &cols,
            &mut distances
        )?;
    }
    let result = (cuda.download(&found.labels)?.into(), cuda.download(&distances)?.into());
    ctl.check()?;
    Ok(result)
}
