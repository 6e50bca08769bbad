//! What the tests that span crates share: the backends at hand the conformance suite that each
//! of them runs, a small model of every kind, and what damages a model file.

pub mod backends;
pub mod conformance;
pub mod models;
pub mod mutate;
