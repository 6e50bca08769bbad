//! The numbers that a walk compares, and what else their bits hold.

use ironlearn_linalg::Real;

/// The type of a threshold. Where nothing is compared its bits hold the number of a node.
pub(crate) trait Number: Real {
    /// The largest number of this type that is at most `threshold`; of `f32`, whose infinity stands for missing values, the
    /// largest finite one.
    fn at_most(threshold: f64) -> Self;
    /// NaN with the number of a node; `None` where that is too large.
    fn leaf(node: u32) -> Option<Self>;
    /// That number.
    fn node(self) -> u32;
}

/// Bits of a NaN of `f32` that are free.
const FREE: u32 = 22;

impl Number for f32 {
    fn at_most(threshold: f64) -> Self {
        let near = threshold as f32;
        let below = if f64::from(near) > threshold { near.next_down() } else { near };
        // As NaN it stays.
        if below > f32::MAX { f32::MAX } else { below }
    }

    fn leaf(node: u32) -> Option<Self> {
        (node >> FREE == 0).then(|| f32::from_bits(f32::NAN.to_bits() | node))
    }

    #[inline(always)]
    fn node(self) -> u32 {
        self.to_bits() & ((1 << FREE) - 1)
    }
}

impl Number for f64 {
    fn at_most(threshold: f64) -> Self {
        threshold
    }

    fn leaf(node: u32) -> Option<Self> {
        Some(f64::from_bits(f64::NAN.to_bits() | u64::from(node)))
    }

    #[inline(always)]
    fn node(self) -> u32 {
        self.to_bits() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_round_down() {
        assert_eq!(f32::at_most(0.1_f32.into()), 0.1);
        assert!(f64::from(f32::at_most(0.3)) <= 0.3 && f64::from(f32::at_most(0.3).next_up()) > 0.3);
        assert_eq!(<f32 as Number>::at_most(f64::INFINITY), f32::MAX);
        assert_eq!(<f32 as Number>::at_most(1e300), f32::MAX);
        assert!(<f32 as Number>::at_most(f64::NAN).is_nan());
        assert_eq!(<f64 as Number>::at_most(0.3), 0.3);
    }

    #[test]
    fn bits_hold_nodes() {
        for node in [0, 1, 12_345, (1 << FREE) - 1] {
            let leaf = <f32 as Number>::leaf(node).unwrap();
            assert!(leaf.is_nan() && leaf.node() == node);
        }
        assert!(<f32 as Number>::leaf(1 << FREE).is_none());
        let leaf = <f64 as Number>::leaf(u32::MAX).unwrap();
        assert!(leaf.is_nan() && leaf.node() == u32::MAX);
    }
}
