//! Solvers of (penalised) least squares, a file each.

pub mod cg;
pub mod direct;
pub mod lsqr;
pub mod nnls;
pub mod projected;
pub mod sag;
pub mod sgd;
pub mod spectral;
