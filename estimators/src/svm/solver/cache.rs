//! Rows of the kernel matrix that were computed lately, as many as the memory for them holds.

use super::super::gram::Gram;
use crate::kernel::exp::Entry;
use crate::{Control, Result};

const NONE: u32 = u32::MAX;

/// The rows.
pub struct Cache<F> {
    slots: Vec<Vec<F>>,
    /// The row of each slot, and the call that used it last.
    held: Vec<(usize, u64)>,
    /// The slot of each row.
    place: Vec<u32>,
    most: usize,
    now: u64,
    /// Rows computed so far.
    pub computed: usize,
}

impl<F: Entry> Cache<F> {
    /// No rows yet, of a matrix of `n` rows; at most `most`.
    pub fn new(n: usize, most: usize) -> Self {
        Cache { slots: Vec::new(), held: Vec::new(), place: vec![NONE; n], most, now: 0, computed: 0 }
    }

    /// Computes what is missing of `rows`, which are different and no more than `most`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn fetch(&mut self, gram: &Gram<'_, F>, rows: &[usize], ctl: &Control) -> Result<()> {
        self.now += 1;
        let mut missing = Vec::new();
        for &row in rows {
            match self.place[row] {
                NONE => missing.push(row),
                slot => self.held[slot as usize].1 = self.now,
            }
        }
        // Free slots first, then those that were used longest ago.
        let mut slots: Vec<usize> = (self.slots.len()..self.most.min(self.slots.len() + missing.len())).collect();
        self.slots.resize(self.slots.len() + slots.len(), Vec::new());
        self.held.resize(self.slots.len(), (usize::MAX, 0));
        if slots.len() < missing.len() {
            let mut old: Vec<usize> =
                (0..self.slots.len()).filter(|&s| self.held[s].0 != usize::MAX && self.held[s].1 < self.now).collect();
            old.sort_by_key(|&s| (self.held[s].1, s));
            slots.extend(old.into_iter().take(missing.len() - slots.len()));
        }
        let n = gram.len();
        let mut out: Vec<Vec<F>> = Vec::with_capacity(missing.len());
        for (&slot, &row) in slots.iter().zip(&missing) {
            let (old, _) = std::mem::replace(&mut self.held[slot], (row, self.now));
            if old != usize::MAX {
                self.place[old] = NONE;
            }
            self.place[row] = slot as u32;
            let memory = std::mem::take(&mut self.slots[slot]);
            out.push(if memory.is_empty() { vec![F::zero(); n] } else { memory });
        }
        gram.fill(&missing, &mut out, ctl)?;
        self.computed += missing.len();
        for (slot, row) in slots.into_iter().zip(out) {
            self.slots[slot] = row;
        }
        Ok(())
    }

    /// The rows that fit.
    pub fn most(&self) -> usize {
        self.most
    }

    /// A row that was fetched.
    pub fn row(&self, row: usize) -> &[F] {
        &self.slots[self.place[row] as usize]
    }
}
