//! The backends that a test can run on. One that is not there is skipped, and says so.

use ironlearn_gpu::{Cuda, compile, libraries};
use std::path::PathBuf;
use std::sync::Arc;

/// The first CUDA device, or `None` and a line that says why not.
pub fn cuda() -> Option<Arc<Cuda>> {
    Cuda::detect().map_err(|error| eprintln!("SKIPPED on cuda: {error}")).ok()
}

/// A CUDA device that is this machine's CPU (`emulator/`), or `None` and a line that says why not. A process that
/// asked for it has no other CUDA device.
pub fn emulated() -> Option<Arc<Cuda>> {
    let folder = env!("EMULATED_CUDA");
    if folder.is_empty() {
        eprintln!("SKIPPED on the emulated device: there was no C++ compiler when the tests were built");
        return None;
    }
    libraries::open_in(&[PathBuf::from(folder)]);
    if let Err(why) = compile::version() {
        eprintln!("SKIPPED on the emulated device: {why}");
        return None;
    }
    let cuda = Cuda::detect().expect("the emulated device opens");
    assert_eq!(cuda.model_name().unwrap(), "CPU (emulated)");
    Some(cuda)
}

/// Makes of each function `fn name<B: Backend>(on: &B)` a test on the CPU and a test on CUDA.
#[macro_export]
macro_rules! on_every_backend {
    ($($test:path as $name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn cpu() {
                $test(&ironlearn_linalg::Cpu);
            }
            #[test]
            fn cuda() {
                if let Some(cuda) = $crate::backends::cuda() {
                    $test(&*cuda);
                }
            }
        }
    )*};
}

/// Makes of each function `fn name<B: Backend>(on: &B)` a test on the emulated device.
#[macro_export]
macro_rules! on_emulated_cuda {
    ($($test:path as $name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            if let Some(cuda) = $crate::backends::emulated() {
                $test(&*cuda);
            }
        }
    )*};
}
