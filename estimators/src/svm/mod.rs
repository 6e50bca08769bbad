//! Support vector machines.
//!
//! The kernel machines ([`SVC`], [`NuSVC`], [`SVR`], [`NuSVR`], [`OneClassSVM`]) are one quadratic problem each (one for
//! each pair of classes), and one solver solves them all: `solver`. Their duals, tolerances and intercepts are LIBSVM's
//! (Chang and Lin 2011, doi:10.1145/1961189.1961199).

mod alone;
mod classes;
mod fit;
mod gram;
pub mod linear;
mod machine;
mod model;
mod nu_svc;
mod nu_svr;
mod one_class;
mod pairs;
mod platt;
mod problems;
#[cfg(test)]
mod random_tests;
mod settings;
mod shared;
mod solver;
mod svc;
mod svr;
#[cfg(test)]
mod tests;
mod tile;

pub use linear::{LinearSVC, LinearSVR};
pub use machine::Machine;
pub use model::{SvmKind, SvmModel};
pub use nu_svc::NuSVC;
pub use nu_svr::NuSVR;
pub use one_class::OneClassSVM;
pub use settings::{Gamma, GammaRule, Shape};
pub use svc::SVC;
pub use svr::SVR;
