//! Dividing a node's rows between its children, each in their order.

use std::cell::Cell;

/// Writes the rows that go left to the front of `left`, in their order, and the others to the end of `right`, last first;
/// how many go left. Either may be the other one, and `left` may be `rows`.
///
/// Each row is written to both and kept in one: which way it goes cannot be guessed.
///
/// # Panics
/// Where `left` or `right` is shorter than `rows`.
#[inline(always)]
pub fn sift(
    rows: &[Cell<u32>],
    left: &[Cell<u32>],
    right: &[Cell<u32>],
    mut goes_left: impl FnMut(u32) -> bool,
) -> usize {
    let (mut n_left, mut end) = (0, right.len());
    for row in rows {
        let row = row.get();
        let goes = goes_left(row);
        right[end - 1].set(row);
        left[n_left].set(row);
        n_left += usize::from(goes);
        end -= usize::from(!goes);
    }
    n_left
}

/// Puts the rows that go left first, both sides in their order; how many these are.
#[inline(always)]
pub fn divide(rows: &mut [u32], room: &mut Vec<u32>, goes_left: impl FnMut(u32) -> bool) -> usize {
    let n = rows.len();
    room.resize(n.max(room.len()), 0);
    let room = &mut room[..n];
    let cells = Cell::from_mut(&mut *rows).as_slice_of_cells();
    let n_left = sift(cells, cells, Cell::from_mut(&mut *room).as_slice_of_cells(), goes_left);
    rows[n_left..].iter_mut().zip(room[n_left..].iter().rev()).for_each(|(to, &row)| *to = row);
    n_left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_keep_their_order() {
        let mut room = Vec::new();
        for n in [0, 1, 2, 9, 40] {
            for part in [1, 2, 3, 50] {
                let mut rows: Vec<u32> = (0..n).map(|i| i * 7 % 41).collect();
                let (lefts, rights): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&row| row % part == 0);
                assert_eq!(divide(&mut rows, &mut room, |row| row % part == 0), lefts.len());
                assert_eq!(rows, [lefts, rights].concat());
            }
        }
    }
}
