//! The compiled kernels of one device, and how they are launched.

use crate::{compile, error};
use cudarc::driver::{CudaContext, CudaFunction, CudaModule, LaunchConfig};
use ironlearn_linalg::{Dtype, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Modules by file name, compiled when first asked for and kept.
#[derive(Default)]
pub struct Kernels {
    modules: Mutex<HashMap<&'static str, Arc<CudaModule>>>,
}

impl Kernels {
    /// The kernel `function` of `file`.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Device`] where it cannot be compiled or loaded.
    pub fn get(&self, on: &Arc<CudaContext>, file: &'static str, function: &str) -> Result<CudaFunction> {
        let name = format!("cuda:{}", on.ordinal());
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let module = match modules.get(file) {
            Some(module) => Arc::clone(module),
            None => {
                let failed = error::device(&name, "compiling its kernels");
                let (major, minor) = on.compute_capability().map_err(|e| failed(&e))?;
                let image = compile::compile(file, major * 10 + minor).map_err(|e| failed(&e))?;
                let loaded = on.load_module(compile::image(image));
                let module = loaded.map_err(|e| error::device(&name, &format!("loading {file}.cu"))(&e))?;
                modules.insert(file, Arc::clone(&module));
                module
            }
        };
        module.load_function(function).map_err(|e| error::device(&name, &format!("loading the kernel {function}"))(&e))
    }
}

/// A kernel's name for X of this type.
pub fn typed(kernel: &str, dtype: Dtype) -> String {
    match dtype {
        Dtype::F32 => format!("{kernel}_f32"),
        Dtype::F64 => format!("{kernel}_f64"),
    }
}

/// Threads of a block where each thread works by itself.
pub const THREADS: usize = 128;

/// Blocks of [`THREADS`] that walk over `n` items; a kernel takes what is left in further rounds.
pub fn walk(n: usize) -> LaunchConfig {
    grid((n.div_ceil(THREADS).clamp(1, 65_536), 1, 1), (THREADS, 1))
}

/// A grid of blocks without dynamic shared memory.
pub fn grid(blocks: (usize, usize, usize), threads: (usize, usize)) -> LaunchConfig {
    LaunchConfig {
        grid_dim: (blocks.0 as u32, blocks.1 as u32, blocks.2 as u32),
        block_dim: (threads.0 as u32, threads.1 as u32, 1),
        shared_mem_bytes: 0,
    }
}

/// Launches a kernel with its arguments: `launch!(cuda, "file", name, config, arguments…)`.
///
/// What a kernel may touch is decided by its arguments, so each use states in a SAFETY line why they fit.
macro_rules! launch {
    ($cuda:expr, $file:literal, $function:expr, $config:expr, $($argument:expr),* $(,)?) => {{
        let function = $cuda.kernel($file, $function)?;
        let config = $config;
        let mut builder = $cuda.stream().launch_builder(&function);
        $(cudarc::driver::PushKernelArg::arg(&mut builder, $argument);)*
        builder.launch(config).map(|_| ()).map_err(|e| $cuda.failed(concat!("a kernel of ", $file, ".cu"))(&e))
    }};
}
pub(crate) use launch;
