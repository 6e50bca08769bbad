//! What all parts of one tree's growth look at together: X, and a place for each row.

use super::bands;
use super::block::Block;
use super::by_bin::ByBin;
use super::categories::Groups;
use super::columns::{Columns, Sparse};
use super::criterion::row;
use super::order::{self, Room};
use super::ranks::Keys;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// A worker's scratch space.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) room: Room,
    pub(super) values: Vec<f32>,
    pub(super) entries: Vec<u32>,
    pub(super) sorted: Vec<u32>,
    pub(super) keys: Keys,
    pub(super) bands: bands::Room,
    pub(super) marks: Vec<u8>,
    pub(super) block: Block,
    /// Room for a copy of a node's X.
    pub(super) copy: Option<Columns<'static>>,
    /// Room for the sorted lists of a copy.
    pub(super) lists: Vec<u32>,
    pub(super) by_bin: ByBin,
    pub(super) groups: Groups,
}

/// What is common to all parts of one tree's growth.
#[derive(Debug)]
pub struct Shared<'a, 'x> {
    /// X.
    pub columns: &'a Columns<'x>,
    /// For each row, whether it goes left in the split that is being made. Rows belong to one node at a time.
    pub(super) side: Vec<AtomicU8>,
    /// For each row, its place among the samples; for sparse X only.
    place: Vec<AtomicU32>,
}

impl<'a, 'x> Shared<'a, 'x> {
    /// Room for the rows of `columns`.
    pub fn new(columns: &'a Columns<'x>) -> Self {
        let n = columns.shape().0;
        let place = if matches!(columns, Columns::Sparse(_)) { n } else { 0 };
        Shared {
            columns,
            side: (0..n).map(|_| AtomicU8::new(0)).collect(),
            place: (0..place).map(|_| AtomicU32::new(u32::MAX)).collect(),
        }
    }

    /// Notes where the rows are, after they moved.
    pub fn note_places(&self, rows: &[u32], start: usize) {
        if !self.place.is_empty() {
            for (i, &r) in rows.iter().enumerate() {
                self.place[row(r)].store((start + i) as u32, Ordering::Relaxed);
            }
        }
    }

    /// Sorts those of `rows` (at `start` among the samples) that are not 0 in column `j` into `scratch.sorted`, their
    /// values into `scratch.values`.
    pub(super) fn stored(&self, x: &Sparse, rows: &[u32], start: usize, j: usize, scratch: &mut Scratch) {
        let (stored, values) = x.column(j);
        let Scratch { room, values: found, entries, sorted, .. } = scratch;
        entries.clear();
        found.clear();
        if rows.len() * (stored.len().max(2).ilog2() as usize) < stored.len() {
            for &r in rows {
                if let Ok(at) = stored.binary_search(&r) {
                    entries.push(r);
                    found.push(values[at]);
                }
            }
        } else {
            for (&r, &v) in stored.iter().zip(values) {
                let at = (self.place[r as usize].load(Ordering::Relaxed) as usize).wrapping_sub(start);
                if at < rows.len() {
                    entries.push(r);
                    found.push(v);
                }
            }
        }
        sorted.clear();
        sorted.resize(entries.len(), 0);
        order::sort_entries(entries, found, room, sorted);
        found.sort_unstable_by(f32::total_cmp);
    }

    /// The values of `rows` (at `start` among the samples) in column `j`.
    pub(super) fn values(&self, rows: &[u32], start: usize, j: usize, out: &mut Vec<f32>) {
        out.clear();
        match self.columns {
            Columns::F32(x) => out.extend(rows.iter().map(|&r| x[[row(r), j]])),
            Columns::F64(x) => out.extend(rows.iter().map(|&r| x[[row(r), j]] as f32)),
            Columns::Packed(values, (n, _)) => {
                let column = &values[j * n..(j + 1) * n];
                out.extend(rows.iter().map(|&r| column[row(r)]));
            }
            Columns::Ranked(x, _) => out.extend(rows.iter().map(|&r| x.value(row(r), j))),
            Columns::Sparse(x) => {
                let (stored, values) = x.column(j);
                if rows.len() * (stored.len().max(2).ilog2() as usize) < stored.len() {
                    let find = |r: &u32| stored.binary_search(r).map_or(0.0, |at| values[at]);
                    out.extend(rows.iter().map(find));
                } else {
                    out.resize(rows.len(), 0.0);
                    for (&r, &v) in stored.iter().zip(values) {
                        let at = (self.place[r as usize].load(Ordering::Relaxed) as usize).wrapping_sub(start);
                        if let Some(out) = out.get_mut(at) {
                            *out = v;
                        }
                    }
                }
            }
        }
    }
}
