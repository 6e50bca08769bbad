//! The CUDA backend of ironlearn.
//!
//! Nothing of CUDA is needed to build this crate, nor to run a program that contains it: driver, cuBLAS and NVRTC are
//! opened when [`Cuda::open`] is called, and where they are missing it says so in one error that starts with
//! `no CUDA device: `. Kernels are compiled for the device at hand when they are first needed.

pub mod compile;
pub mod cuda;
pub mod error;
mod gram;
mod kernels;
pub mod libraries;
mod nearest;
mod placed;
mod products;

pub use cuda::Cuda;
pub use placed::Placed;
