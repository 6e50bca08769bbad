//! A block out of the variables of a face: its numbers and its part of the kernel matrix.

use super::block::{Block, TAU, filled};
use super::face::Face;
use super::problem::Problem;
use crate::kernel::exp::Entry;
use crate::{Control, Result};
use ironlearn_linalg::threads;

impl<F: Entry> Face<'_, F> {
    /// All variables as one block.
    pub fn everything(&self, ctl: &Control) -> Result<Block<F>> {
        let n = self.gram.len();
        let mut matrix: Vec<Vec<F>> = (0..n).map(|_| vec![F::zero(); filled(n)]).collect();
        self.gram.fill_all(&mut matrix, ctl)?;
        let set: Vec<usize> = (0..self.names.len()).collect();
        let mut block = self.frame(&set);
        if self.problem.groups.len() > 1 {
            let lookup = |v: usize| &matrix[self.problem.row_of(v)];
            let of: Vec<usize> = set.iter().map(|&v| self.problem.row_of(v)).collect();
            spread(&mut block, &places(&self.problem, &set), &of, |k| lookup(set[k]), ctl)?;
        } else {
            matrix.resize(block.beta.len(), vec![F::zero(); block.beta.len()]);
            block.rows = matrix;
        }
        Ok(block)
    }

    /// The variables `set`, which stand for `rows` that are in the cache, as a block.
    pub fn gather(&self, set: &[usize], rows: &[usize], ctl: &Control) -> Result<Block<F>> {
        let mut block = self.frame(set);
        spread(&mut block, &places(&self.problem, set), rows, |k| self.cache.row(rows[k]), ctl)?;
        Ok(block)
    }

    /// A block without its matrix.
    fn frame(&self, set: &[usize]) -> Block<F> {
        let mut groups = Vec::new();
        let mut m = 0;
        for group in &self.problem.groups {
            let count = set.iter().filter(|v| group.variables.contains(v)).count();
            groups.push(m..m + filled(count));
            m += filled(count);
        }
        let mut block = Block {
            rows: Vec::new(),
            diagonal: vec![0.0; m],
            gradient: vec![0.0; m],
            beta: vec![0.0; m],
            lower: vec![0.0; m],
            upper: vec![0.0; m],
            epsilon: self.problem.epsilon,
            groups,
        };
        for (&v, k) in set.iter().zip(places(&self.problem, set)) {
            block.diagonal[k] = self.diagonal[self.problem.row_of(v)].max(-1.0 / TAU);
            block.gradient[k] = self.gradient[v];
            (block.beta[k], block.lower[k], block.upper[k]) =
                (self.problem.beta[v], self.problem.lower[v], self.problem.upper[v]);
        }
        block
    }
}

/// The places of the variables `set` in a block.
pub(super) fn places(problem: &Problem, set: &[usize]) -> Vec<usize> {
    let (mut places, mut begin, mut at) = (Vec::with_capacity(set.len()), 0, 0);
    for group in &problem.groups {
        let count = set[at..].iter().take_while(|v| group.variables.contains(v)).count();
        places.extend(begin..begin + count);
        begin += filled(count);
        at += count;
    }
    places
}

/// Fills the matrix of a block: row and column `places[k]` are `row(k)` at `columns`.
fn spread<'r, F: Entry + 'r>(
    block: &mut Block<F>,
    places: &[usize],
    columns: &[usize],
    row: impl Fn(usize) -> &'r [F] + Sync,
    ctl: &Control,
) -> Result<()> {
    let m = block.beta.len();
    block.rows = vec![Vec::new(); m];
    let mut of = vec![usize::MAX; m];
    places.iter().enumerate().for_each(|(k, &place)| of[place] = k);
    let mut parts: Vec<(usize, &mut [Vec<F>])> =
        block.rows.chunks_mut(64).enumerate().map(|(c, rows)| (c * 64, rows)).collect();
    Ok(threads::each(ctl, &mut parts, |_, (first, rows)| {
        for (r, out) in rows.iter_mut().enumerate() {
            *out = vec![F::zero(); m];
            let k = of[*first + r];
            if k != usize::MAX {
                let row = row(k);
                places.iter().zip(columns).for_each(|(&place, &column)| out[place] = row[column]);
            }
        }
    })?)
}
