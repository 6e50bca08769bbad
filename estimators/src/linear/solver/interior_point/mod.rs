//! What interior point methods for regressions with a piecewise loss share: X in coordinates of its own, and rows whose
//! dual variables stay between two bounds.

pub mod design;
pub mod side;
