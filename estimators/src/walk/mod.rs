//! The forms of trees that predictions walk: one for all ensembles.
//!
//! [`Steps`] is a tree in few bytes a node, for trees of any size and for single rows. [`Masks`] are the cuts of many
//! small trees, which go over some rows at a time without walking. Both give the same leaves. A family of trees says by a
//! [`Fork`] where rows go at a node.

mod lanes;
mod layout;
mod links;
mod masks;
mod number;
mod rows;
mod runs;
mod steps;

pub(crate) use links::TOGETHER;
pub(crate) use masks::{Block, LANES, Masks};
pub(crate) use number::Number;
pub(crate) use rows::{Copied, Rows};
pub(crate) use steps::Steps;

/// The code of a value that is no category: larger than all codes, and no set holds it.
pub(crate) const UNKNOWN: u32 = 65_535;

/// Where rows go at a node that is split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fork<'a> {
    /// The left and the right child; they come after their parent.
    pub children: [usize; 2],
    /// The feature.
    pub feature: u32,
    /// Whether missing values go left.
    pub missing_left: bool,
    /// Where the others go.
    pub test: Test<'a>,
}

/// What decides about a value that is not missing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Test<'a> {
    /// Values up to this go left.
    UpTo(f64),
    /// These codes of categories go to the other side than missing values, all others with them: words of 64 codes, and
    /// the place of each, rising.
    Other(&'a [i32], &'a [i64]),
}
