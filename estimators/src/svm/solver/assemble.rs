//! A block out of the variables of a face: its numbers and its part of the kernel matrix.

use super::block::{Block, TAU, filled};
use super::face::Face;
use super::problem::Problem;
use crate::kernel::exp::Entry;
use crate::{Control, Result};
use ironlearn_linalg::threads;

impl<F: Entry> Face<'_, F> {
    /// The matrix of all rows, each as long as a block of them.
    pub fn everything(&self, ctl: &Control) -> Result<Vec<Vec<F>>> {
        let n = self.gram.len();
        let mut matrix: Vec<Vec<F>> = (0..n).map(|_| vec![F::zero(); filled(n)]).collect();
        self.gram.fill_all(&mut matrix, ctl)?;
        Ok(matrix)
    }

    /// The variables `set` as a block, whose rows are not there yet but for the memory of others in `rows`.
    pub fn frame(&self, set: &[usize], mut rows: Vec<Vec<F>>) -> Block<F> {
        let mut groups = Vec::new();
        let mut m = 0;
        for group in &self.problem.groups {
            let count = set.iter().filter(|v| group.variables.contains(v)).count();
            groups.push(m..m + filled(count));
            m += filled(count);
        }
        rows.iter_mut().for_each(Vec::clear);
        rows.resize(m, Vec::new());
        let mut block = Block {
            rows,
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

/// Where the rows of a block lie: in longer rows, of which the block's columns are picked.
pub(super) struct Source<'r, F> {
    /// By place; empty for what fills up.
    rows: Vec<&'r [F]>,
    /// For each group its columns, and its end.
    groups: Vec<(Vec<u32>, usize)>,
}

impl<'r, F: Entry> Source<'r, F> {
    /// For a block of the variables `set`, which stand for `rows` of a matrix, and `of` that matrix's rows.
    pub fn new(
        problem: &Problem,
        block: &Block<F>,
        set: &[usize],
        rows: &[usize],
        of: impl Fn(usize) -> &'r [F],
    ) -> Self {
        let mut by_place: Vec<&[F]> = vec![&[]; block.beta.len()];
        places(problem, set).into_iter().zip(rows).for_each(|(place, &row)| by_place[place] = of(row));
        let mut columns = rows.iter().map(|&row| row as u32);
        let groups = problem.groups.iter().zip(&block.groups).map(|(group, range)| {
            let count = set.iter().filter(|v| group.variables.contains(v)).count();
            (columns.by_ref().take(count).collect(), range.end)
        });
        Source { groups: groups.collect(), rows: by_place }
    }

    /// Writes the row of a place to `out`, which is empty.
    pub fn gather(&self, place: usize, out: &mut Vec<F>) {
        let row = self.rows[place];
        for (columns, end) in &self.groups {
            out.extend(columns.iter().map(|&column| row[column as usize]));
            out.resize(*end, F::zero());
        }
    }

    /// All rows at once, by several threads.
    pub fn gather_all(&self, rows: &mut [Vec<F>], ctl: &Control) -> Result<()> {
        let mut parts: Vec<(usize, &mut [Vec<F>])> =
            rows.chunks_mut(64).enumerate().map(|(c, rows)| (c * 64, rows)).collect();
        Ok(threads::each(ctl, &mut parts, |_, (first, rows)| {
            for (r, out) in rows.iter_mut().enumerate().filter(|(r, _)| !self.rows[*first + r].is_empty()) {
                self.gather(*first + r, out);
            }
        })?)
    }
}
