//! The primitives of [`crate::Backend`] on the host, a file each.

pub mod gram;
pub mod matmul;
pub mod nearest;
pub mod qr;
