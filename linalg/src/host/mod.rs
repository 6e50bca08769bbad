//! The primitives of [`crate::Backend`] on the host, a file each.

pub(crate) mod cholesky;
pub mod class_gram;
pub mod column_gram;
pub mod column_moments;
pub mod dot;
mod dot_columns;
pub mod gram;
pub mod lloyd;
mod lloyd_part;
pub mod matmul;
pub mod nearest;
pub mod outer;
pub mod panel;
pub mod panel_kernels;
pub mod pointwise;
pub mod product;
pub mod qr;
mod row_loops;
pub mod row_step;
pub mod rows;
pub mod seeding;
pub mod sparse_gram;
pub mod steps;
pub mod syrk;
