//! Support vector machines.

pub mod linear;

pub use linear::{LinearSVC, LinearSVR};
