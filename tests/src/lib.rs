//! What the tests that span crates share: the backends at hand and the conformance suite that each of them runs.

pub mod backends;
pub mod conformance;
