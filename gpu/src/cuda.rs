//! The device: how it is found, and what it holds.

use crate::{error, libraries};
use cudarc::driver::{CudaContext, CudaStream};
use ironlearn_linalg::{Backend, Control, Matrix, Real, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One CUDA device. Everything runs on one stream, so that results are the same in every run.
pub struct Cuda {
    ordinal: usize,
    /// The process that opened it: a CUDA context does not survive a fork.
    process: u32,
    stream: Arc<CudaStream>,
}

impl std::fmt::Debug for Cuda {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cuda").field("ordinal", &self.ordinal).finish_non_exhaustive()
    }
}

impl Cuda {
    /// The device with this number, opened once in a process and shared from then on.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Device`], starting with `no CUDA device: `: no driver, no such device, or CUDA was
    /// in use before this process was forked.
    pub fn open(ordinal: usize) -> Result<Arc<Self>> {
        static OPEN: Mutex<Option<HashMap<usize, Arc<Cuda>>>> = Mutex::new(None);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        if let Some(cuda) = open.get(&ordinal) {
            cuda.check_process()?;
            return Ok(Arc::clone(cuda));
        }
        let cuda = Arc::new(Self::new(ordinal)?);
        open.insert(ordinal, Arc::clone(&cuda));
        Ok(cuda)
    }

    /// The first device.
    ///
    /// # Errors
    /// As [`Cuda::open`].
    pub fn detect() -> Result<Arc<Self>> {
        Self::open(0)
    }

    /// The number of devices.
    ///
    /// # Errors
    /// As [`Cuda::open`], where there is no driver.
    pub fn count() -> Result<usize> {
        libraries::open_all();
        // SAFETY: only tries to open the library and closes it again.
        if !unsafe { cudarc::driver::sys::is_culib_present() } {
            return Err(error::no_device("the NVIDIA driver (libcuda.so) is not installed"));
        }
        error::guarded(|| {
            let count = CudaContext::device_count();
            count.map(|n| n.max(0) as usize).map_err(|e| error::no_device(&format!("the driver does not start: {e}")))
        })
    }

    fn new(ordinal: usize) -> Result<Self> {
        let count = Self::count()?;
        if ordinal >= count {
            return Err(error::no_device(&match count {
                0 => "the driver sees none (is CUDA_VISIBLE_DEVICES set?)".into(),
                1 => format!("cuda:{ordinal} was asked for, but there is only cuda:0"),
                _ => format!("cuda:{ordinal} was asked for, but there are only cuda:0 to cuda:{}", count - 1),
            }));
        }
        // SAFETY: both only try to open the library and close it again.
        if !unsafe { cudarc::nvrtc::sys::is_culib_present() } {
            return Err(error::no_device("NVRTC is missing (pip install nvidia-cuda-nvrtc, or the CUDA toolkit)"));
        }
        if !unsafe { cudarc::cublas::sys::is_culib_present() } {
            return Err(error::no_device("cuBLAS is missing (pip install nvidia-cublas, or the CUDA toolkit)"));
        }
        error::guarded(|| {
            let failed = |e| error::no_device(&format!("cuda:{ordinal} does not start: {e}"));
            let context = CudaContext::new(ordinal).map_err(failed)?;
            Ok(Cuda { ordinal, process: std::process::id(), stream: context.default_stream() })
        })
    }

    fn check_process(&self) -> Result<()> {
        if self.process == std::process::id() {
            return Ok(());
        }
        Err(error::no_device("it was opened before this process was forked; start processes with \"spawn\" instead"))
    }

    /// What the driver calls the device, such as `NVIDIA H100 80GB HBM3`.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Device`].
    pub fn model_name(&self) -> Result<String> {
        self.stream.context().name().map_err(|e| error::device(&self.name(), "asking for its name")(&e))
    }
}

impl Backend for Cuda {
    type Placed<'a, F: Real> = Matrix<'a, F>;

    fn name(&self) -> String {
        format!("cuda:{}", self.ordinal)
    }

    fn place<'a, F: Real>(&self, x: Matrix<'a, F>, _: &Control) -> Result<Matrix<'a, F>> {
        self.check_process()?;
        Ok(x)
    }
}
