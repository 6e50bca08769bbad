//! The variables that rounds look at: which of them make a block, what its solution changes, which are put aside.

use super::super::gram::Gram;
use super::assemble::{Source, places};
use super::block::Progress;
use super::cache::Cache;
use super::choose::{State, working_set};
use super::passes::add_rows;
use super::problem::{Group, Problem};
use super::rounds::Sizes;
use crate::kernel::exp::Entry;
use crate::{Control, Result};
use ironlearn_linalg::threads;
use std::ops::Range;

/// The variables that rounds look at, with the rows that they stand for.
pub(super) struct Face<'a, F> {
    /// Which variables of the problem.
    pub names: Vec<usize>,
    pub problem: Problem,
    pub gradient: Vec<f64>,
    pub gram: Gram<'a, F>,
    pub diagonal: Vec<f64>,
    pub cache: Cache<F>,
    /// Memory of the last block's rows.
    memory: Vec<Vec<F>>,
    /// The last working set, the variables that came in last first.
    last: Vec<usize>,
}

impl<'a, F: Entry> Face<'a, F> {
    pub fn new(names: Vec<usize>, problem: Problem, gradient: Vec<f64>, gram: Gram<'a, F>, sizes: Sizes) -> Self {
        let n = gram.len();
        let most = (sizes.memory / (n.max(1) * size_of::<F>())).clamp(64.min(n), n.max(1));
        let (diagonal, cache) = (gram.diagonal(), Cache::new(n, most));
        Face { names, problem, gradient, diagonal, cache, gram, memory: Vec::new(), last: Vec::new() }
    }

    pub fn give_back(&self, beta: &mut [f64], gradient: &mut [f64]) {
        for (k, &name) in self.names.iter().enumerate() {
            beta[name] = self.problem.beta[k];
            gradient[name] = self.gradient[k];
        }
    }

    /// The smallest gradient that can rise and the largest that can fall.
    fn extremes(&self, group: Range<usize>) -> (f64, f64) {
        group.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(self.gradient[v] + self.problem.up(v)), high.max(self.gradient[v] + self.problem.down(v)))
        })
    }

    pub fn violation(&self) -> f64 {
        let of = |g: &Group| self.extremes(g.variables.clone());
        self.problem.groups.iter().map(of).map(|(low, high)| high - low).fold(f64::NEG_INFINITY, f64::max)
    }

    /// One round: chooses a block, solves it and lets all gradients follow.
    pub fn round(&mut self, tol: f64, most: usize, sizes: Sizes, ctl: &Control) -> Result<Progress> {
        let n = self.names.len();
        let all = n <= sizes.whole;
        let by_age: Vec<usize> = if all { (0..n).collect() } else { self.choose(sizes) };
        let mut set = by_age.clone();
        set.sort_unstable();
        let rows: Vec<usize> = set.iter().map(|&v| self.problem.row_of(v)).collect();
        let mut different = rows.clone();
        different.sort_unstable();
        different.dedup();
        let memory = std::mem::take(&mut self.memory);
        let mut block = self.frame(&set, memory);
        let done = if all {
            let mut matrix = self.everything(ctl)?;
            if self.problem.groups.len() == 1 {
                matrix.resize(block.beta.len(), Vec::new());
                block.rows = std::mem::take(&mut matrix);
            }
            let source =
                Source::new(&self.problem, &block, &set, &rows, |row| matrix.get(row).map_or(&[], Vec::as_slice));
            block.solve(tol, 0.0, most, |place, out| source.gather(place, out), ctl)?
        } else {
            self.cache.fetch(&self.gram, &different, ctl)?;
            let source = Source::new(&self.problem, &block, &set, &rows, |row| self.cache.row(row));
            // One thread gathers what it needs, which is half or less; more than two gather all in less time.
            if ctl.threads() > 2 {
                source.gather_all(&mut block.rows, ctl)?;
            }
            block.solve(tol, 0.1, most.min(100 * set.len()), |place, out| source.gather(place, out), ctl)?
        };
        let places = places(&self.problem, &set);
        if all {
            for (&v, &k) in set.iter().zip(&places) {
                (self.problem.beta[v], self.gradient[v]) = (block.beta[k], block.gradient[k]);
            }
            return Ok(done);
        }
        let mut moved = vec![0.0; self.gram.len()];
        for ((&v, &k), &row) in set.iter().zip(&places).zip(&rows) {
            moved[row] += block.beta[k] - self.problem.beta[v];
            self.problem.beta[v] = block.beta[k];
        }
        let different: Vec<usize> = different.into_iter().filter(|&r| moved[r] != 0.0).collect();
        let coefs: Vec<f64> = different.iter().map(|&r| moved[r]).collect();
        let mut sums = vec![0.0; self.gram.len()];
        let cached: Vec<&[F]> = different.iter().map(|&r| self.cache.row(r)).collect();
        threads::fill_rows(ctl, &mut sums, 1, 2048, |start, out| {
            let parts: Vec<&[F]> = cached.iter().map(|row| &row[start..start + out.len()]).collect();
            add_rows(out, &parts, &coefs);
        })?;
        for group in &self.problem.groups {
            let sums = &sums[group.rows()];
            self.gradient[group.variables.clone()].iter_mut().zip(sums).for_each(|(g, s)| *g += s);
        }
        self.last = by_age;
        self.memory = block.rows;
        Ok(done)
    }

    fn choose(&self, sizes: Sizes) -> Vec<usize> {
        let n = self.names.len();
        let rising: Vec<f64> = (0..n).map(|v| self.gradient[v] + self.problem.up(v)).collect();
        let falling: Vec<f64> = (0..n).map(|v| self.gradient[v] + self.problem.down(v)).collect();
        let groups: Vec<Range<usize>> = self.problem.groups.iter().map(|g| g.variables.clone()).collect();
        let state = State { rising: &rising, falling: &falling, groups: &groups };
        let p = &self.problem;
        let free = |&&v: &&usize| p.beta[v] > p.lower[v] && p.beta[v] < p.upper[v] && p.beta[v] != 0.0;
        let kept: Vec<usize> = self.last.iter().filter(free).copied().collect();
        working_set(&state, &kept, sizes.block.min(self.cache.most()).max(2))
    }

    /// The face without the rows whose variables nothing draws from their bounds, and those variables' names; `None`
    /// where it would not be much smaller.
    pub fn shrink(&self, sizes: Sizes) -> Option<(Face<'a, F>, Vec<usize>)> {
        let mut stays = vec![false; self.gram.len()];
        for group in &self.problem.groups {
            let (low, high) = self.extremes(group.variables.clone());
            for (v, row) in group.variables.clone().zip(group.rows()) {
                let (up, down) = (self.problem.up(v), self.problem.down(v));
                let (rise, fall) = (self.gradient[v] + up, self.gradient[v] + down);
                stays[row] |= rise < high || fall > low;
            }
        }
        let rows: Vec<usize> = (0..stays.len()).filter(|&r| stays[r]).collect();
        if rows.len() * 10 > stays.len() * 7 {
            return None;
        }
        let (mut names, mut groups, mut kept, mut put) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for group in &self.problem.groups {
            let begin = kept.len();
            for (v, row) in group.variables.clone().zip(group.rows()) {
                if stays[row] { kept.push(v) } else { put.push(self.names[v]) }
            }
            let row = rows.partition_point(|&r| r < group.row);
            groups.push(Group { variables: begin..kept.len(), row });
        }
        names.extend(kept.iter().map(|&v| self.names[v]));
        let of = |values: &[f64]| kept.iter().map(|&v| values[v]).collect::<Vec<f64>>();
        let p = &self.problem;
        let problem = Problem {
            beta: of(&p.beta),
            lower: of(&p.lower),
            upper: of(&p.upper),
            linear: of(&p.linear),
            epsilon: p.epsilon,
            groups,
        };
        let gradient = of(&self.gradient);
        Some((Face::new(names, problem, gradient, self.gram.subset(&rows), sizes), put))
    }
}
