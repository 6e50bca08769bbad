//! Sorting the keys of a node's rows: few by counting, more by digits. The same order whatever instructions there are.

/// Sorts by the bits from `lowest` on, `bits` of them; where those below rise already, they still do among equals.
/// Small numbers of keys are sorted by all their bits.
pub(super) fn sort_keys(keys: &mut Vec<u32>, other: &mut Vec<u32>, lowest: u32, bits: u32) {
    match keys.len() {
        n if (6..=few()).contains(&n) => sort_few(keys),
        ..128 => keys.sort_unstable(),
        128..2048 => sort_digits::<8>(keys, other, &mut [0; 1 << 8], lowest, bits),
        _ => sort_digits::<11>(keys, other, &mut [0; 1 << 11], lowest, bits),
    }
}

/// A stable sort by digits of so many bits.
fn sort_digits<const BITS: u32>(keys: &mut Vec<u32>, other: &mut Vec<u32>, starts: &mut [u32], lowest: u32, bits: u32) {
    other.resize(keys.len(), 0);
    for pass in 0..bits.div_ceil(BITS) {
        let shift = lowest + pass * BITS;
        let digit = |key: u32| (key >> shift) as usize & ((1 << BITS) - 1);
        starts.fill(0);
        keys.iter().for_each(|&key| starts[digit(key)] += 1);
        let mut at = 0;
        for start in starts.iter_mut() {
            at += std::mem::replace(start, at);
        }
        for &key in keys.iter() {
            let place = &mut starts[digit(key)];
            other[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(keys, other);
    }
}

/// Keys that are compared at once.
const LANES: usize = 16;

/// Keys that may be sorted by counting.
const FEW: usize = 112;

/// How many keys are sorted faster by counting, with the instructions that there are.
#[inline(always)]
fn few() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return FEW;
        }
        if is_x86_feature_detected!("avx2") {
            return 48;
        }
    }
    20
}

/// Sorts at most [`FEW`] keys: the place of each is the number of smaller ones. No comparison decides what is done next,
/// which costs less than fewer comparisons that cannot be guessed.
fn sort_few(keys: &mut [u32]) {
    #[inline(always)]
    fn all(keys: &mut [u32]) {
        let (mut padded, mut sorted) = ([[u32::MAX; LANES]; FEW / LANES], [0; FEW]);
        padded.as_flattened_mut()[..keys.len()].copy_from_slice(keys);
        for (at, lanes) in padded[..keys.len().div_ceil(LANES)].iter().enumerate() {
            let mut smaller = [0; LANES];
            for &key in keys.iter() {
                // By numbers: an iterator that is put together stayed a call here, for each key.
                for k in 0..LANES {
                    smaller[k] += u32::from(key < lanes[k]);
                }
            }
            for (&lane, &place) in lanes.iter().zip(&smaller).take(keys.len() - at * LANES) {
                sorted[place as usize % FEW] = lane;
            }
        }
        // Equal keys took the first of their places.
        let mut before = 0;
        for (key, &sorted) in keys.iter_mut().zip(&sorted) {
            before = sorted.max(before);
            *key = before;
        }
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn wide(keys: &mut [u32]) {
            all(keys);
        }
        #[target_feature(enable = "avx2")]
        fn middle(keys: &mut [u32]) {
            all(keys);
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: these instructions are there.
            return unsafe { wide(keys) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions are there.
            return unsafe { middle(keys) };
        }
    }
    all(keys);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_keys_are_sorted_by_their_places() {
        for n in 1..=FEW {
            for kinds in [u32::MAX, 7] {
                let keys = (0..n as u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 3) % kinds) | ((i % kinds) << 30));
                let mut few: Vec<u32> = keys.collect();
                let mut expected = few.clone();
                sort_few(&mut few);
                expected.sort_unstable();
                assert_eq!(few, expected);
            }
        }
    }

    #[test]
    fn keys_are_sorted_by_their_upper_bits() {
        for n in [3, 50, 120, 1000, 5000] {
            let keys = (0..n as u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 15) << 13) | i);
            let mut keys: Vec<u32> = keys.collect();
            let mut expected = keys.clone();
            expected.sort_by_key(|key| key >> 13);
            sort_keys(&mut keys, &mut Vec::new(), 13, 17);
            assert_eq!(keys, expected);
        }
    }
}
