//! Solvers of (penalised) least squares, a file each; `descent` and `order` serve other losses too.

pub mod active_set;
pub mod cg;
pub mod columns;
pub mod concomitant;
pub mod coordinate;
pub mod descent;
pub mod direct;
pub mod interior_point;
pub mod least_angle;
pub mod lsqr;
pub mod nnls;
pub mod order;
pub mod pinball;
pub mod projected;
pub mod pursuit;
pub mod relevance;
pub mod sag;
pub mod sgd;
pub mod small;
pub mod spatial_median;
pub mod spectral;
