//! The lasso's family: least squares with an L1 part in the penalty, by coordinate descent.
//!
//! All minimise `1/(2·Σw)·Σ w·‖y − X·coef − b‖² + alpha·(l1_ratio·Ω(coef) + ½·(1 − l1_ratio)·‖coef‖²)`, where Ω adds up
//! the entries' sizes, or for the multi-task models the lengths of each feature's coefficients over the targets.
//!
//! Where second moments of all columns are cheap (rows outnumber columns, or a path of penalties is asked for), one
//! pass over X finds them and the descent never looks at X again; elsewhere X is looked at in few passes, and working
//! sets do the rest ([`super::solver::coordinate`]). In every case `tol` bounds the same duality gap.

mod choice;
mod cv;
mod design;
mod estimators;
mod fit;
mod folded;
mod model;
mod multi_task;
mod path;
mod settings;

pub use cv::{ElasticNetCV, LassoCV, MultiTaskElasticNetCV, MultiTaskLassoCV};
pub use estimators::{ElasticNet, Lasso};
pub use model::{Choice, LassoModel};
pub use multi_task::{MultiTaskElasticNet, MultiTaskLasso};
pub use path::{Alphas, Path, PathOptions, enet_path};
pub use settings::{Precompute, Selection, Settings};

#[cfg(test)]
mod tests;
