//! The linear algebra under ironlearn.
//!
//! [`Backend`] is the whole contract with a device, on one page: about fifteen coarse primitives, each with a
//! default that runs on the host, so that an estimator written over `B: Backend` is right on a new device from the
//! first day. [`Cpu`] is the host itself. What an estimator hands over is a [`Matrix`] (dense in any layout, CSR or
//! CSC; `f32` or `f64`) without a copy; sums over the rows accumulate in `f64` whatever the matrix holds.
//!
//! Results do not depend on the number of threads: work is cut into tiles whose size is fixed ([`threads`]) and
//! partial sums are combined in the order of the tiles.

mod apart;
pub mod backend;
mod conjugate;
pub mod control;
pub mod cpu;
pub mod error;
pub mod host;
pub mod lapack;
pub mod matrix;
mod openblas;
pub mod real;
pub mod sparse;
pub mod threads;
pub mod zeros;

pub use apart::apart;
pub use backend::Backend;
pub use conjugate::Conjugate;
pub use control::{Attend, Control, Progress, Trace};
pub use cpu::Cpu;
pub use error::{Error, Result};
pub use host::gram::Gram;
pub use matrix::{AnyMatrix, Matrix};
pub use real::{Dtype, Real};
pub use sparse::{Compressed, Indices, Layout};
