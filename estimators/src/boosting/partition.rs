//! Dividing a node's rows between its children, each in the order of X.

use super::split::Split;
use crate::binning::Binned;
use crate::growth::sift;
use crate::{Control, Result};
use ironlearn_linalg::threads;
use std::cell::Cell;

/// Rows that are divided at a time.
const BLOCK: usize = 16_384;

/// One block: its rows, and room for them.
struct Block<'r, 's> {
    rows: &'r mut [u32],
    scratch: &'s mut [u32],
    left: usize,
}

impl Block<'_, '_> {
    /// Rows that lead left to the front of the scratch, the others to its end, last first.
    fn divide(&mut self, codes: &[u8], stride: usize, table: &[bool; 256]) {
        let rows = Cell::from_mut(&mut *self.rows).as_slice_of_cells();
        let scratch = Cell::from_mut(&mut *self.scratch).as_slice_of_cells();
        self.left = sift(rows, scratch, scratch, |row| table[codes[row as usize * stride] as usize]);
    }
}

/// Where the rows of a block go.
struct Home<'a, R> {
    lefts: &'a [u32],
    rights: &'a [u32],
    to_left: &'a mut [u32],
    to_right: &'a mut [u32],
    /// What is kept of the rows of one side, if it is wanted.
    ordered: Option<(bool, &'a mut [R])>,
}

impl<R: Copy> Home<'_, R> {
    fn fill(&mut self, kept: &[R]) {
        self.to_left.copy_from_slice(self.lefts);
        self.to_right.iter_mut().zip(self.rights.iter().rev()).for_each(|(to, &row)| *to = row);
        if let Some((of_left, ordered)) = &mut self.ordered {
            crate::binning::gather(kept, if *of_left { self.to_left } else { self.to_right }, ordered);
        }
    }
}

/// Divides `rows`; the number that lead left, which come first afterwards. Where `ordered` names a side (left: true) it
/// gets what is `kept` of that side's rows, one after the other.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
pub fn divide<R: Copy + Send + Sync>(
    binned: &Binned,
    split: &Split,
    rows: &mut [u32],
    scratch: &mut [u32],
    kept: &[R],
    ordered: Option<(bool, &mut [R])>,
    ctl: &Control,
) -> Result<usize> {
    let (group, lane) = binned.place(split.feature as usize);
    let (codes, stride) = (group.lane(lane), group.stride());
    let table = split.table(binned);
    let scratch = &mut scratch[..rows.len()];
    let mut blocks: Vec<Block<'_, '_>> = rows
        .chunks_mut(BLOCK)
        .zip(scratch.chunks_mut(BLOCK))
        .map(|(rows, scratch)| Block { rows, scratch, left: 0 })
        .collect();
    threads::each(ctl, &mut blocks, |_, block| block.divide(codes, stride, &table))?;
    let parts: Vec<(&[u32], usize)> = blocks.into_iter().map(|block| (&*block.scratch, block.left)).collect();
    let left = parts.iter().map(|part| part.1).sum();
    let (mut to_left, mut to_right) = rows.split_at_mut(left);
    let (of_left, mut ordered) = match ordered {
        Some((of_left, ordered)) => (of_left, Some(ordered)),
        None => (false, None),
    };
    let mut homes = Vec::with_capacity(parts.len());
    for (scratch, left) in parts {
        let (lefts, rights) = scratch.split_at(left);
        let (mine_left, rest) = std::mem::take(&mut to_left).split_at_mut(lefts.len());
        to_left = rest;
        let (mine_right, rest) = std::mem::take(&mut to_right).split_at_mut(rights.len());
        to_right = rest;
        let mine = ordered.take().map(|all| {
            let (mine, rest) = all.split_at_mut(if of_left { lefts.len() } else { rights.len() });
            ordered = Some(rest);
            (of_left, mine)
        });
        homes.push(Home { lefts, rights, to_left: mine_left, to_right: mine_right, ordered: mine });
    }
    threads::each(ctl, &mut homes, |_, home| home.fill(kept))?;
    Ok(left)
}
