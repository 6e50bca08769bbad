//! Presorting: each feature's rows are sorted once, and the sorted lists are split down the tree without sorting again.
//!
//! A node owns the same range of every feature's list. An entry is a row number and flags that say how its value
//! compares with the entry before it, so that finding a split never looks at X: [`NEW`] where it is larger by more
//! than [`TIE`], [`NEAR`] where it is larger by less. When entries between two others leave, the flags of the second
//! are or-ed: a `NEW` in between stays true, and only `NEAR` entries are looked up in X.

use super::columns::{Columns, TIE};
use super::criterion::{ROW, row};
use crate::Result;
use ironlearn_linalg::{Control, threads};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

/// The value is larger than the one before by more than [`TIE`].
pub const NEW: u32 = 1 << 31;
/// The value is larger than the one before, but within [`TIE`] of its direct predecessor at the root.
pub const NEAR: u32 = 1 << 30;
/// The value is missing; such entries come last.
pub const MISSING: u32 = 1 << 29;

/// Columns packed at a time, so that a row-major X is read a cache line at a time.
const GROUP: usize = 2;

/// A number that sorts as the value does; -0 is 0.
pub fn key(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    bits ^ (((bits as i32) >> 31) as u32 | 0x8000_0000)
}

/// Room to sort one column.
#[derive(Debug, Default)]
pub struct Room {
    pairs: Vec<u64>,
    other: Vec<u64>,
}

/// Writes the entries of `rows`, sorted by `values` (one for each), ties by row, with their flags.
pub fn sort_entries(rows: &[u32], values: &[f32], room: &mut Room, out: &mut [u32]) {
    room.pairs.clear();
    let mut n_missing = 0;
    let n = out.len();
    let mut rising = true;
    let mut last = 0;
    for (&row, &v) in rows.iter().zip(values) {
        let row = row & ROW;
        rising &= row >= last;
        last = row;
        if v.is_nan() {
            n_missing += 1;
            out[n - n_missing] = row | MISSING;
        } else {
            room.pairs.push(u64::from(key(v)) << 32 | u64::from(row));
        }
    }
    let (known, missing) = out.split_at_mut(n - n_missing);
    if rising {
        missing.reverse();
        sort_pairs(&mut room.pairs, &mut room.other);
    } else {
        // The radix sort is stable, which orders ties by row only where the rows rise.
        missing.sort_unstable();
        room.pairs.sort_unstable();
    }
    let mut before = None;
    for (pair, out) in room.pairs.iter().zip(known) {
        let at = (pair >> 32) as u32;
        let flag = match before {
            Some(before) if at == before => 0,
            Some(before) if unkey(at) <= unkey(before) + TIE => NEAR,
            _ => NEW,
        };
        before = Some(at);
        *out = *pair as u32 | flag;
    }
}

/// The value of a key.
pub fn unkey(key: u32) -> f32 {
    f32::from_bits(if key & 0x8000_0000 != 0 { key ^ 0x8000_0000 } else { !key })
}

/// Sorts by the upper 32 bits; the lower ones rise already, and a stable sort keeps them so.
pub(super) fn sort_pairs(pairs: &mut Vec<u64>, other: &mut Vec<u64>) {
    const BITS: u32 = 11;
    if pairs.len() < 512 {
        pairs.sort_unstable();
        return;
    }
    other.resize(pairs.len(), 0);
    for shift in [32, 32 + BITS, 32 + 2 * BITS] {
        let digit = |pair: u64| (pair >> shift) as usize & ((1 << BITS) - 1);
        let mut starts = [0_u32; 1 << BITS];
        for &pair in pairs.iter() {
            starts[digit(pair)] += 1;
        }
        if starts[digit(pairs[0])] as usize == pairs.len() {
            continue;
        }
        let mut at = 0;
        for start in &mut starts {
            at += std::mem::replace(start, at);
        }
        for &pair in pairs.iter() {
            let place = &mut starts[digit(pair)];
            other[*place as usize] = pair;
            *place += 1;
        }
        std::mem::swap(pairs, other);
    }
}

/// The sorted lists of all features (`rows` rise), one after the other, each `rows.len()` long.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
pub fn presort(columns: &Columns<'_>, rows: &[u32], ctl: &Control) -> Result<Vec<u32>> {
    let (n, p) = (rows.len(), columns.shape().1);
    let mut lists = vec![0_u32; n * p];
    let jobs: Vec<_> = lists.chunks_mut(n.max(1) * GROUP).map(Mutex::new).collect();
    threads::map(ctl, jobs.len(), |g| {
        let mut lists = jobs[g].lock().unwrap_or_else(PoisonError::into_inner);
        let mut packed = vec![Vec::with_capacity(columns.shape().0); lists.len() / n.max(1)];
        columns.dense_columns(g * GROUP, &mut packed);
        let mut room = Room::default();
        for (list, packed) in lists.chunks_mut(n).zip(&mut packed) {
            if n < packed.len() {
                for (to, &row) in rows.iter().enumerate() {
                    packed[to] = packed[row as usize];
                }
                packed.truncate(n);
            }
            sort_entries(rows, packed, &mut room, list);
        }
    })?;
    Ok(lists)
}

/// Moves the entries whose row is marked in `side` to the front of `list`, keeping the order on both sides, and
/// updates the flags. `room` is as long as the list. Returns the number of entries moved to the front.
pub fn divide(list: &mut [u32], side: &[AtomicU8], room: &mut [u32]) -> usize {
    const FLAGS: u32 = NEW | NEAR;
    assert!(room.len() >= list.len() && list.iter().all(|&entry| row(entry) < side.len()));
    let (mut left, mut right) = (0, 0);
    // The flags of the entries passed since the last one that went to either side.
    let (mut to_left, mut to_right) = (0_u32, 0_u32);
    for i in 0..list.len() {
        let entry = list[i];
        to_left |= entry & FLAGS;
        to_right |= entry & FLAGS;
        // SAFETY: every row is below the length of `side`, as asserted above.
        let goes_left = u32::from(unsafe { side.get_unchecked(row(entry)) }.load(Ordering::Relaxed));
        let mask = goes_left.wrapping_neg();
        let kept = entry & (ROW | MISSING) | (to_left & mask) | (to_right & !mask);
        to_left &= !mask;
        to_right &= mask;
        // SAFETY: each step raises `left` or `right` by one, so neither exceeds `i`, which is below both lengths.
        unsafe {
            *list.get_unchecked_mut(left) = kept;
            *room.get_unchecked_mut(right) = kept;
        }
        left += goes_left as usize;
        right += 1 - goes_left as usize;
    }
    list[left..].copy_from_slice(&room[..right]);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_values_do() {
        let mut values = [3.5_f32, -1.0, 0.0, -0.0, 1e-40, -1e30, 7e30, -2.0];
        assert_eq!(key(0.0), key(-0.0));
        values.sort_by(f32::total_cmp);
        assert!(values.windows(2).all(|v| key(v[0]) <= key(v[1]) && unkey(key(v[0])) == v[0]));
    }

    #[test]
    fn radix_and_comparison_sort_agree() {
        let mut state = 1_u32;
        let values: Vec<f32> = (0..3000)
            .map(|_| {
                state = state.wrapping_mul(1664525).wrapping_add(1013904223);
                if state.is_multiple_of(37) { f32::NAN } else { (state >> 20) as f32 - 2000.0 }
            })
            .collect();
        let mut out = vec![0; values.len()];
        sort_entries(&(0..3000).collect::<Vec<_>>(), &values, &mut Room::default(), &mut out);
        let mut expected: Vec<u32> = (0..3000).collect();
        expected.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        // total_cmp puts positive NaN last, in row order, as the lists do.
        assert_eq!(out.iter().map(|e| e & ROW).collect::<Vec<_>>(), expected);
        let n_missing = values.iter().filter(|v| v.is_nan()).count();
        assert_eq!(out.iter().filter(|&&e| e & MISSING != 0).count(), n_missing);
    }

    #[test]
    fn dividing_keeps_order_and_flags() {
        let values = [0.5_f32, 0.5, 0.50000006, 2.0, 3.0, 3.0];
        let mut list = [0; 6];
        sort_entries(&[0, 1, 2, 3, 4, 5], &values, &mut Room::default(), &mut list);
        assert_eq!(list.map(|e| e & !ROW), [NEW, 0, NEAR, NEW, NEW, 0]);
        let side: Vec<AtomicU8> = [1, 0, 0, 1, 0, 0].map(AtomicU8::new).into();
        let left = divide(&mut list, &side, &mut [0; 6]);
        assert_eq!(left, 2);
        assert_eq!(list.map(|e| e & ROW), [0, 3, 1, 2, 4, 5]);
        assert_eq!(list.map(|e| e & !ROW), [NEW, NEW | NEAR, NEW, NEAR, NEW, 0]);
    }
}
