//! The one grower of trees: what single trees, forests and both kinds of boosting have in common.
//!
//! [`grow`] decides which node is split next; what is grown says how ([`Grow`]): on sorted rows, ranks or draws with any
//! criterion ([`crate::tree`]), on sums over bins with the second-order gain ([`crate::boosting`]), on sums over bins that
//! tell the exact split ([`crate::gradient_boosting`]). The parts that all of them need are here as well: bounds of
//! monotonic constraints ([`Bounds`]), random streams of nodes and draws of features ([`Deck`]), and the division of a
//! node's rows ([`divide`]). Sums over bins are those of [`crate::binning`].

mod bounds;
mod divide;
mod draws;
mod order;

pub use bounds::Bounds;
pub use divide::{divide, sift};
pub use draws::{Deck, below, child_key};
pub use order::{Grow, grow};
