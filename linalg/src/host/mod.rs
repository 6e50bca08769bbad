//! The primitives of [`crate::Backend`] on the host, a file each.

pub mod dot;
pub mod gram;
pub mod lloyd;
pub mod matmul;
pub mod nearest;
pub mod outer;
pub mod panel;
pub mod qr;
pub mod rows;
pub mod seeding;
pub mod syrk;
