//! Linear models: a loss, a penalty and a solver each.

pub mod model;
pub mod ridge;

pub use model::LinearModel;
pub use ridge::Ridge;
