//! The order of the rows in each pass.
//!
//! It is scikit-learn's for the same seed: the same `random_state` visits the same rows, so a run can be compared step
//! by step. One Fisher-Yates shuffle a pass, by Marsaglia's 32-bit xorshift (2003, doi:10.18637/jss.v008.i14).

/// Shuffles in place.
pub fn shuffle(order: &mut [u32], seed: u32) {
    let mut state = if seed == 0 { 1 } else { seed };
    let n = order.len();
    for i in 0..n.saturating_sub(1) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let j = i + (state & 0x7fff_ffff) as usize % (n - i);
        order.swap(i, j);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation() {
        let mut order: Vec<u32> = (0..1000).collect();
        shuffle(&mut order, 7);
        assert!(order.iter().zip(0..).filter(|(a, b)| **a != *b).count() > 900);
        order.sort_unstable();
        assert!(order.iter().zip(0..).all(|(a, b)| *a == b));
        shuffle(&mut [], 0);
    }
}
