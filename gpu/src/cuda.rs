//! The device: how it is found, and what it holds.

use crate::kernels::{Kernels, launch, walk};
use crate::placed::{self, Placed};
use crate::{error, gram, libraries, nearest, products};
use cudarc::cublas::CudaBlas;
use cudarc::driver::{CudaContext, CudaFunction, CudaSlice, CudaStream, DeviceRepr, ValidAsZeroBits};
use ironlearn_linalg::host::lloyd::Lloyd;
use ironlearn_linalg::host::rows::Source;
use ironlearn_linalg::{Backend, Control, Error, Gram, Matrix, Real, Result, host};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One CUDA device. Everything runs on one stream, so that results are the same in every run.
pub struct Cuda {
    ordinal: usize,
    /// The process that opened it: a CUDA context does not survive a fork.
    process: u32,
    stream: Arc<CudaStream>,
    /// A handle serves one thread at a time.
    blas: Mutex<CudaBlas>,
    kernels: Kernels,
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
            let stream = context.default_stream();
            let blas = CudaBlas::new(Arc::clone(&stream))
                .map_err(|e| error::no_device(&format!("cuBLAS does not start on cuda:{ordinal}: {e}")))?;
            let process = std::process::id();
            Ok(Cuda { ordinal, process, stream, blas: Mutex::new(blas), kernels: Kernels::default() })
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

/// What the kernels' callers need.
impl Cuda {
    pub(crate) fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    pub(crate) fn blas(&self) -> MutexGuard<'_, CudaBlas> {
        self.blas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn kernel(&self, file: &'static str, function: &str) -> Result<CudaFunction> {
        self.kernels.get(self.stream.context(), file, function)
    }

    pub(crate) fn failed<'a>(&self, what: &'a str) -> impl Fn(&dyn Display) -> Error + use<'a> {
        error::device(&self.name(), what)
    }

    /// Waits until everything asked for so far is done.
    pub(crate) fn finish(&self) -> Result<()> {
        self.stream.synchronize().map_err(|e| self.failed("waiting for it")(&e))
    }

    /// Zeros on the device; at least one, because CUDA gives out no empty memory.
    pub(crate) fn zeros<T: DeviceRepr + ValidAsZeroBits>(&self, len: usize) -> Result<CudaSlice<T>> {
        let what = || format!("making room for {len} numbers");
        self.stream.alloc_zeros(len.max(1)).map_err(|e| self.failed(&what())(&e))
    }

    /// A copy on the device; one zero where there is nothing to copy.
    pub(crate) fn upload<T: DeviceRepr + Default>(&self, values: impl Iterator<Item = T>) -> Result<CudaSlice<T>> {
        let mut values: Vec<T> = values.collect();
        if values.is_empty() {
            values.push(T::default());
        }
        let copy = self.stream.clone_htod(&values).map_err(|e| self.failed("copying to it")(&e))?;
        // The copy may still be reading `values`.
        self.finish()?;
        Ok(copy)
    }

    /// A copy on the host, when everything before it is done.
    pub(crate) fn download<T: DeviceRepr>(&self, values: &CudaSlice<T>) -> Result<Vec<T>> {
        let copy = self.stream.clone_dtoh(values).map_err(|e| self.failed("copying from it")(&e))?;
        self.finish()?;
        Ok(copy)
    }

    /// Adds `count` partial results of `size` numbers each to `out`, in their order.
    pub(crate) fn sum_parts(
        &self,
        parts: &CudaSlice<f64>,
        count: usize,
        size: usize,
        out: &mut CudaSlice<f64>,
    ) -> Result<()> {
        debug_assert!(parts.len() >= count * size && out.len() >= size);
        let (parts_count, numbers) = (count as i64, size as i64);
        // SAFETY: the kernel reads count·size numbers of `parts` and writes `size` of `out`, as asserted.
        unsafe { launch!(self, "sum_parts", "sum_parts", walk(size), parts, &parts_count, &numbers, out) }
    }

    /// Runs `native` where X is on the device, else `host`; the trace says which.
    fn run<F: Real, R>(
        &self,
        op: &'static str,
        x: &Placed<'_, F>,
        ctl: &Control,
        native: impl FnOnce(&CudaSlice<u8>) -> Result<R>,
        on_host: impl FnOnce() -> Result<R>,
    ) -> Result<R> {
        match x.values() {
            Some(values) => ctl.timed(op, &self.name(), || {
                self.check_process()?;
                error::guarded(|| native(values))
            }),
            None => ctl.timed(op, &self.sparse_name(), on_host),
        }
    }

    /// Where primitives run for a sparse X.
    fn sparse_name(&self) -> String {
        format!("cpu (no kernel for sparse X on {})", self.name())
    }
}

impl Backend for Cuda {
    type Placed<'a, F: Real> = Placed<'a, F>;

    fn name(&self) -> String {
        format!("cuda:{}", self.ordinal)
    }

    fn place<'a, F: Real>(&self, x: Matrix<'a, F>, ctl: &Control) -> Result<Placed<'a, F>> {
        self.check_process()?;
        placed::place(self, x, ctl)
    }

    fn gram<F: Real>(
        &self,
        x: &Placed<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        center: bool,
        ctl: &Control,
    ) -> Result<Gram> {
        let native = |v: &_| gram::gram(self, x, v, y.view(), weights, center, ctl);
        self.run("gram", x, ctl, native, || host::gram::gram(x.as_ref(), y.view(), weights, center, ctl))
    }

    fn outer_gram<F: Real>(&self, x: &Placed<'_, F>, shift: ArrayView1<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
        let native = |v: &_| gram::outer_gram(self, x, v, shift, ctl);
        self.run("outer_gram", x, ctl, native, || host::outer::outer_gram(x.as_ref(), shift, ctl))
    }

    fn matmul<F: Real>(&self, x: &Placed<'_, F>, b: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
        let native = |v: &_| products::matmul(self, x, v, b, ctl);
        self.run("matmul", x, ctl, native, || host::matmul::matmul(x.as_ref(), b, ctl))
    }

    fn matmul_t<F: Real>(&self, x: &Placed<'_, F>, r: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
        let native = |v: &_| products::matmul_t(self, x, v, r, ctl);
        self.run("matmul_t", x, ctl, native, || host::matmul::matmul_t(x.as_ref(), r, ctl))
    }

    fn nearest<F: Real>(
        &self,
        x: &Placed<'_, F>,
        centers: ArrayView2<'_, f64>,
        ctl: &Control,
    ) -> Result<(Array1<u32>, Array1<f64>)> {
        let native = |v: &_| nearest::nearest(self, x, v, centers, ctl);
        self.run("nearest", x, ctl, native, || host::nearest::nearest(x.as_ref(), centers, ctl))
    }

    fn segment_sum<F: Real>(
        &self,
        x: &Placed<'_, F>,
        labels: ArrayView1<'_, u32>,
        weights: Option<ArrayView1<'_, f64>>,
        k: usize,
        ctl: &Control,
    ) -> Result<(Array2<f64>, Array1<f64>)> {
        let native = |v: &_| {
            let shift = vec![0.0; x.as_ref().ncols()];
            let labels = self.upload(labels.iter().copied())?;
            products::segment_sum(self, x, v, &shift, &labels, weights, k, ctl)
        };
        self.run("segment_sum", x, ctl, native, || host::nearest::segment_sum(x.as_ref(), labels, weights, k, ctl))
    }

    fn lloyd_step<F: Real>(
        &self,
        x: &Placed<'_, F>,
        source: &Source<'_, '_, F>,
        state: &mut Lloyd,
        centers: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<usize> {
        if x.values().is_none() {
            return ctl.timed("lloyd_step", &self.sparse_name(), || state.step(source, centers, weights, ctl));
        }
        let native = |v: &_| {
            let found = nearest::assign(self, x, v, centers, ctl)?;
            let k = centers.nrows();
            let (sums, counts) = products::segment_sum(self, x, v, &source.shift, &found.labels, weights, k, ctl)?;
            let labels: Array1<u32> = self.download(&found.labels)?.into();
            ctl.check()?;
            Ok(state.replace(labels.slice(s![..x.as_ref().nrows()]), sums, counts))
        };
        self.run("lloyd_step", x, ctl, native, || Err(Error::Device("X is not on the device".into())))
    }
}
