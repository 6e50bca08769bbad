//! X on the device.

use crate::Cuda;
use cudarc::driver::CudaSlice;
use ironlearn_linalg::{Control, Matrix, Real, Result};

/// A matrix, and its copy on the device where it is dense.
#[derive(Debug)]
pub struct Placed<'a, F> {
    host: Matrix<'a, F>,
    /// The values row by row without gaps, in their own type. `None`: sparse, left to the host.
    values: Option<CudaSlice<u8>>,
}

impl<'a, F> AsRef<Matrix<'a, F>> for Placed<'a, F> {
    fn as_ref(&self) -> &Matrix<'a, F> {
        &self.host
    }
}

impl<F: Real> Placed<'_, F> {
    /// The values on the device, row by row.
    pub fn values(&self) -> Option<&CudaSlice<u8>> {
        self.values.as_ref()
    }
}

/// Rows that are packed at a time where X does not lie row by row.
const PACKED_BYTES: usize = 64 << 20;

/// Copies a dense X to the device, once a fit. A sparse X stays on the host, and so do the primitives that use it.
///
/// # Errors
/// [`ironlearn_linalg::Error::Device`] where there is no room.
pub fn place<'a, F: Real>(cuda: &Cuda, host: Matrix<'a, F>, ctl: &Control) -> Result<Placed<'a, F>> {
    let Matrix::Dense(_) = host else {
        return Ok(Placed { host, values: None });
    };
    let (n, p) = host.shape();
    let bytes = n * p * size_of::<F>();
    let what = format!("copying X ({n} × {p}, {bytes} bytes)");
    let failed = cuda.failed(&what);
    let stream = cuda.stream();
    // SAFETY: every byte is written below before any kernel reads it.
    let mut values = unsafe { stream.alloc::<u8>(bytes.max(1)) }.map_err(|e| failed(&e))?;
    if let Some(rows) = host.as_rows() {
        if bytes > 0 {
            stream.memcpy_htod(bytes_of(rows), &mut values).map_err(|e| failed(&e))?;
        }
    } else {
        let tile = (PACKED_BYTES / (p * size_of::<F>()).max(1)).clamp(1, n.max(1));
        let mut packed = vec![F::zero(); tile * p];
        for start in (0..n).step_by(tile) {
            ctl.check()?;
            let end = n.min(start + tile);
            host.pack(start..end, 0..p, p, &mut packed);
            let part = bytes_of(&packed[..(end - start) * p]);
            let at = start * p * size_of::<F>();
            let mut target = values.slice_mut(at..at + part.len());
            stream.memcpy_htod(part, &mut target).map_err(|e| failed(&e))?;
            cuda.finish()?;
        }
    }
    cuda.finish()?;
    Ok(Placed { host, values: Some(values) })
}

/// The bytes of plain numbers.
pub fn bytes_of<F: Real>(values: &[F]) -> &[u8] {
    // SAFETY: `F` is f32 or f64, which have no padding and may be read as bytes.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
