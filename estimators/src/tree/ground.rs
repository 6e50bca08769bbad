//! X made ready for growing many trees on it: what does not depend on the tree is done once.

use super::bins::Bins;
use super::columns::Columns;
use super::criterion::row;
use super::grow::{Plan, from_lists, from_samples, is_presorted};
use super::nodes::join;
use super::order::{self, MISSING, NEAR, NEW};
use super::ranks::Ranks;
use super::{Criterion, Tree};
use crate::{Result, bad_input};
use ironlearn_linalg::Control;

/// X for many trees of one kind.
#[derive(Debug)]
pub struct Ground<'a> {
    columns: Columns<'a>,
    /// Every feature's sorted entries over all rows, one after the other, where trees want them.
    lists: Option<Vec<u32>>,
}

impl<'a> Ground<'a> {
    /// Makes X ready for trees that draw `max_features` features a node, and thresholds too where `random`. With
    /// `bins`, large nodes look at so many bins of a column (2 to 255) only; not where `random`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for bins of sparse X; [`ironlearn_linalg::Error::Interrupted`].
    pub fn new(
        columns: Columns<'a>,
        max_features: usize,
        random: bool,
        bins: Option<usize>,
        ctl: &Control,
    ) -> Result<Self> {
        let dense = !matches!(columns, Columns::Sparse(_));
        if bins.is_some() && !dense {
            bad_input!("max_bins needs dense X, but sparse X was passed.");
        }
        if dense && !random && (bins.is_some() || 2 * max_features <= columns.shape().1) {
            let ranks = Ranks::new(&columns, ctl)?;
            let bins = bins.map(|most| Bins::new(&ranks, most, ctl)).transpose()?;
            return Ok(Ground { columns: Columns::Ranked(ranks, bins), lists: None });
        }
        if is_presorted(&columns, max_features, random) {
            let rows: Vec<u32> = (0..columns.shape().0 as u32).collect();
            let lists = Some(order::presort(&columns, &rows, ctl)?);
            return Ok(Ground { columns, lists });
        }
        let columns = if dense { columns.packed() } else { columns };
        Ok(Ground { columns, lists: None })
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.columns.shape()
    }

    /// Grows a tree on the given rows (rising). `weight` is their weight, and output k has `n_classes[k]` classes (1
    /// for numbers).
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn grow<C: Criterion>(
        &self,
        plan: &Plan,
        criterion: &C,
        rows: Vec<u32>,
        weight: f64,
        n_classes: &[usize],
        ctl: &Control,
    ) -> Result<Tree> {
        let pieces = match &self.lists {
            Some(lists) => {
                let mut own = self.own_lists(lists, &rows);
                from_lists(plan, criterion, &self.columns, &mut own, rows.len(), weight, ctl)?
            }
            None => from_samples(plan, criterion, &self.columns, rows, weight, ctl)?,
        };
        Ok(join(pieces, self.shape().1, n_classes))
    }

    /// The sorted entries of the given rows only.
    fn own_lists(&self, lists: &[u32], rows: &[u32]) -> Vec<u32> {
        let (n, p) = self.shape();
        if rows.len() == n {
            return lists.to_vec();
        }
        let mut taken = vec![0_u8; n];
        rows.iter().for_each(|&r| taken[r as usize] = 1);
        let mut own = vec![0_u32; rows.len() * p];
        for (list, own) in lists.chunks(n).zip(own.chunks_mut(rows.len())) {
            let (mut at, mut flags) = (0, 0);
            for &entry in list {
                flags |= entry & (NEW | NEAR);
                let taken = taken[row(entry)];
                // Written always and kept where the row is taken: which ones are cannot be guessed.
                if let Some(own) = own.get_mut(at) {
                    *own = row(entry) as u32 | entry & MISSING | flags;
                }
                at += usize::from(taken);
                flags &= u32::from(taken).wrapping_sub(1);
            }
        }
        own
    }
}
