//! X as ranks: each value's place among the distinct values of its column, found once for as many trees as there are.
//!
//! A node sorts its rows by small integers instead of numbers, in as many passes as its ranks have digits; and a large
//! node may look at bins of ranks only, without sorting (see [`super::bins`]).

use super::Columns;
use super::columns::TIE;
use super::criterion::ROW;
use super::keys::sort_keys;
use super::narrow::{Narrow, with_narrow};
use super::order::{self, MISSING, NEAR, NEW, Room};
use crate::Result;
use ironlearn_linalg::{Control, threads};
use std::sync::Arc;

/// X by column, as ranks.
#[derive(Debug)]
pub struct Ranks {
    shape: (usize, usize),
    /// A missing value has the rank after the last.
    ranks: Vec<Narrow>,
    columns: Arc<[Distinct]>,
}

/// What the ranks of one column stand for.
#[derive(Debug)]
struct Distinct {
    /// Rising.
    values: Vec<f32>,
    /// For each [`RUN`] of them one bit: whether one of these is too near the one before to be told apart by a split.
    /// So coarse, the bits of all columns stay at hand while a node's rows are flagged.
    near: Vec<u64>,
}

/// Neighbouring ranks that share a bit.
const RUN: usize = 16;

impl Distinct {
    fn new(values: Vec<f32>) -> Self {
        let mut near = vec![0; values.len().div_ceil(RUN * 64)];
        for rank in (1..values.len()).filter(|&rank| !(values[rank] > values[rank - 1] + TIE)) {
            near[rank / (RUN * 64)] |= 1 << (rank / RUN % 64);
        }
        Distinct { values, near }
    }

    /// Whether a value may be too near the one before: only a look at both tells.
    #[inline(always)]
    fn may_be_near(&self, rank: u32) -> bool {
        let rank = rank as usize;
        self.near[rank / (RUN * 64)] >> (rank / RUN % 64) & 1 != 0
    }
}

impl Ranks {
    /// Ranks the columns of a dense X.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn new(columns: &Columns<'_>, ctl: &Control) -> Result<Self> {
        const GROUP: usize = 4;
        let (n, p) = columns.shape();
        let rows: Vec<u32> = (0..n as u32).collect();
        let groups = threads::map(ctl, p.div_ceil(GROUP), |g| {
            let first = g * GROUP;
            let mut packed = vec![Vec::with_capacity(n); GROUP.min(p - first)];
            columns.dense_columns(first, &mut packed);
            let (mut room, mut entries) = (Room::default(), vec![0; n]);
            let rank = |values: &Vec<f32>| rank_column(&rows, values, &mut room, &mut entries);
            packed.iter().map(rank).collect::<Vec<_>>()
        })?;
        let (ranks, distinct): (Vec<Narrow>, Vec<Distinct>) = groups.into_iter().flatten().unzip();
        Ok(Ranks { shape: (n, p), ranks, columns: distinct.into() })
    }

    /// The ranks of the given rows alone, in the room of others.
    pub fn of(&self, rows: &[u32], room: Option<Ranks>) -> Self {
        let mut room = room.map_or_else(Vec::new, |room| room.ranks).into_iter();
        let ranks = self.ranks.iter().map(|column| column.of(rows, room.next())).collect();
        Ranks { shape: (rows.len(), self.shape.1), ranks, columns: Arc::clone(&self.columns) }
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The ranks of a column.
    pub fn column(&self, j: usize) -> &Narrow {
        &self.ranks[j]
    }

    /// The distinct values of a column, rising.
    pub fn values(&self, j: usize) -> &[f32] {
        &self.columns[j].values
    }

    /// One value.
    pub fn value(&self, row: usize, j: usize) -> f32 {
        self.columns[j].values.get(self.ranks[j].get(row) as usize).copied().unwrap_or(f32::NAN)
    }

    /// Writes the ranks of `rows` in column `j` into `keys`, and returns the least and the largest.
    pub fn look_up(&self, rows: &[u32], j: usize, keys: &mut Keys) -> (u32, u32) {
        self.ranks[j].look_up(rows, &mut keys.ranks)
    }

    /// Writes the ranks of a few rows in column `j`; whether none is missing.
    pub fn read(&self, rows: &[u32], j: usize, out: &mut [u32]) -> bool {
        let missing = self.values(j).len() as u32;
        with_narrow!(&self.ranks[j], numbers => out.iter_mut().zip(rows).fold(true, |known, (out, &row)| {
            *out = u32::from(numbers[row as usize]);
            known & (*out != missing)
        }))
    }

    /// Whether these are the least and the largest rank of rows that all have one value of column `j`.
    pub fn are_one(&self, j: usize, (low, high): (u32, u32)) -> bool {
        low == high && (low as usize) < self.values(j).len()
    }

    /// Whether the ranks of column `j` from `low` to `high` differ, none is missing, and each above `low` fits into a key
    /// with an item of so many bits.
    pub fn fit(&self, j: usize, (low, high): (u32, u32), item_bits: u32) -> bool {
        let rank_bits = u32::BITS - (high - low).leading_zeros();
        low < high && (high as usize) < self.values(j).len() && rank_bits + item_bits <= u32::BITS
    }

    /// Whether a split between some neighbours of `n` rows with ranks from `low` to `high` tells them apart for certain.
    pub fn vary(&self, j: usize, (low, high): (u32, u32), n: usize) -> bool {
        let values = self.values(j);
        values[high as usize] - values[low as usize] > 4.0 * TIE * n as f32
    }

    /// Whether a split tells two neighbouring ranks of a node apart: column `j` of the lower, and the higher one.
    #[inline(always)]
    pub fn are_apart(&self, j: usize, lower: u32, higher: u32) -> bool {
        let distinct = &self.columns[j];
        lower < higher
            && (!distinct.may_be_near(higher)
                || distinct.values[higher as usize] > distinct.values[lower as usize] + TIE)
    }

    /// Writes the entries of `rows`, sorted by their values in column `j`, ties in the order given, with their flags.
    /// False, and nothing written, where all are the same.
    pub fn sort(&self, rows: &[u32], j: usize, keys: &mut Keys, out: &mut Vec<u32>) -> bool {
        let extent = self.look_up(rows, j, keys);
        let vary = !self.are_one(j, extent);
        out.clear();
        if vary {
            self.sort_looked_up(rows, j, extent, keys, out);
        }
        vary
    }

    /// [`Ranks::sort`] of rows whose ranks were looked up; they are not all one.
    pub fn sort_looked_up(&self, rows: &[u32], j: usize, (low, high): (u32, u32), keys: &mut Keys, out: &mut Vec<u32>) {
        let distinct = &self.columns[j];
        out.clear();
        let index_bits = usize::BITS - (rows.len() - 1).leading_zeros();
        let rank_bits = u32::BITS - (high - low).leading_zeros();
        if index_bits + rank_bits <= u32::BITS {
            keys.narrow.clear();
            let key = |(i, &rank): (usize, &u32)| (rank - low) << index_bits | i as u32;
            keys.narrow.extend(keys.ranks.iter().enumerate().map(key));
            sort_keys(&mut keys.narrow, &mut keys.other, index_bits, rank_bits);
            let mask = (1_u32 << index_bits) - 1;
            let places = keys.narrow.iter().map(|key| ((key >> index_bits) + low, (key & mask) as usize));
            flag(places, rows, distinct, out);
        } else {
            keys.wide.clear();
            keys.wide.extend(keys.ranks.iter().enumerate().map(|(i, &rank)| u64::from(rank) << 32 | i as u64));
            order::sort_pairs(&mut keys.wide, &mut keys.wide_other);
            let places = keys.wide.iter().map(|key| ((key >> 32) as u32, *key as u32 as usize));
            flag(places, rows, distinct, out);
        }
    }

    /// Writes the sorted entries of `rows` (without flags) in each column, one after the other.
    pub fn lists(&self, rows: &[u32], keys: &mut Keys, sorted: &mut Vec<u32>, out: &mut Vec<u32>) {
        out.clear();
        for j in 0..self.shape.1 {
            let vary = self.sort(rows, j, keys, sorted);
            out.extend_from_slice(if vary { sorted } else { rows });
        }
    }
}

/// Room to sort the ranks of a node.
#[derive(Debug, Default)]
pub struct Keys {
    pub(super) ranks: Vec<u32>,
    pub(super) narrow: Vec<u32>,
    other: Vec<u32>,
    wide: Vec<u64>,
    wide_other: Vec<u64>,
}

impl Keys {
    /// Makes keys of the items of rows whose ranks were looked up, below what these exceed the least by, and sorts them.
    pub fn sort_items(&mut self, items: &[u32], item_bits: u32, (low, high): (u32, u32)) {
        self.narrow.clear();
        self.narrow.extend(self.ranks.iter().zip(items).map(|(&rank, &item)| (rank - low) << item_bits | item));
        sort_keys(&mut self.narrow, &mut self.other, item_bits, u32::BITS - (high - low).leading_zeros());
    }
}

/// Entries with their flags, from (rank, place among the rows) in the order of the ranks.
fn flag(places: impl Iterator<Item = (u32, usize)>, rows: &[u32], distinct: &Distinct, out: &mut Vec<u32>) {
    let missing = distinct.values.len() as u32;
    let mut before = u32::MAX;
    out.extend(places.map(|(rank, i)| {
        let flag = if rank == missing {
            MISSING
        } else if rank == before {
            0
        } else if before != u32::MAX && distinct.may_be_near(rank) {
            // Near the value before, so perhaps near the one before among these rows.
            NEAR
        } else {
            NEW
        };
        before = rank;
        rows[i] & ROW | flag
    }));
}

/// The ranks of one column.
fn rank_column(rows: &[u32], values: &[f32], room: &mut Room, entries: &mut [u32]) -> (Narrow, Distinct) {
    order::sort_entries(rows, values, room, entries);
    let (mut ranks, mut distinct) = (vec![0; rows.len()], Vec::new());
    let known = entries.iter().take_while(|&&entry| entry & MISSING == 0).count();
    for &entry in &entries[..known] {
        if entry & (NEW | NEAR) != 0 {
            // Adding 0 makes −0 the number 0 that it is.
            distinct.push(values[(entry & ROW) as usize] + 0.0);
        }
        ranks[(entry & ROW) as usize] = distinct.len() as u32 - 1;
    }
    for &entry in &entries[known..] {
        ranks[(entry & ROW) as usize] = distinct.len() as u32;
    }
    (Narrow::new(ranks, distinct.len() as u32), Distinct::new(distinct))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn table() -> Array2<f32> {
        let value = |i: usize, j: usize| match (i * 7 + j * 13 + i * i) % 11 {
            3 if j == 1 => f32::NAN,
            v => (v as f32 - 5.0) * if j == 2 { 3e-8 } else { 0.5 },
        };
        Array2::from_shape_fn((700, 3), |(i, j)| value(i, j))
    }

    #[test]
    fn ranks_sort_as_values_do() {
        let x = table();
        let columns = Columns::F32(x.view());
        let ranks = Ranks::new(&columns, &Control::new()).unwrap();
        for j in 0..3 {
            for rows in [(0..700).collect::<Vec<u32>>(), (5..40).map(|i| i * 3).collect()] {
                let values: Vec<f32> = rows.iter().map(|&r| x[[r as usize, j]]).collect();
                let (mut expected, mut found) = (vec![0; rows.len()], Vec::new());
                order::sort_entries(&rows, &values, &mut Room::default(), &mut expected);
                assert!(ranks.sort(&rows, j, &mut Keys::default(), &mut found));
                let row = |entries: &[u32]| entries.iter().map(|e| e & (ROW | MISSING)).collect::<Vec<_>>();
                assert_eq!(row(&found), row(&expected));
                // A value that differs is marked as one; NEAR says that it has to be looked up.
                assert!(found.iter().zip(&expected).all(|(f, e)| (f & (NEW | NEAR) != 0) == (e & (NEW | NEAR) != 0)));
            }
            assert!((0..700).all(|i| ranks.value(i, j).to_bits() == x[[i, j]].to_bits() || x[[i, j]].is_nan()));
        }
    }
}
