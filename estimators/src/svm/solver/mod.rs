//! The one solver behind the kernel machines.

mod assemble;
mod block;
mod cache;
mod choose;
mod face;
mod passes;
mod problem;
mod rounds;

pub(super) use passes::add_rows;
pub(super) use problem::{End, Group, Problem, Solution, Stop};
pub(super) use rounds::{Sizes, solve};
