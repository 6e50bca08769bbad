//! Rounds over all variables: the worst of them make a block, which is solved; then all gradients follow.
//!
//! Where all variables fit one block, one round does. Elsewhere variables that sit at a bound, and that nothing draws
//! away from there, are put aside with their rows (shrinking), and looked at again before the end.

use super::super::gram::Gram;
use super::block::{Block, TAU, filled};
use super::cache::Cache;
use super::choose::{State, working_set};
use super::problem::{End, Group, Problem, Solution, Stop};
use crate::kernel::exp::Entry;
use crate::{Control, Result};
use ironlearn_linalg::threads;
use std::ops::Range;

/// How large blocks are and when variables are put aside.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Up to so many variables are solved as one block.
    pub whole: usize,
    /// The variables of a round's block.
    pub block: usize,
    /// Bytes for rows of the kernel matrix.
    pub memory: usize,
    /// Whether variables are put aside.
    pub shrinking: bool,
}

/// The variables that rounds look at, with the rows that they stand for.
struct Face<'a, F> {
    /// Which variables of the problem.
    names: Vec<usize>,
    problem: Problem,
    gradient: Vec<f64>,
    gram: Gram<'a, F>,
    diagonal: Vec<f64>,
    cache: Cache<F>,
    /// The last working set, the variables that came in last first.
    last: Vec<usize>,
}

/// Variables that were put aside.
struct Aside {
    names: Vec<usize>,
    /// All variables at that time.
    beta: Vec<f64>,
}

/// Solves the problem over the rows of `gram`.
///
/// # Errors
/// [`crate::Error::Linalg`] for an interrupted run.
pub fn solve<F: Entry>(
    problem: Problem,
    gram: &Gram<'_, F>,
    stop: Stop,
    sizes: Sizes,
    ctl: &Control,
) -> Result<Solution> {
    let n = problem.beta.len();
    let most = stop.max_iter.unwrap_or_else(|| (100 * n).max(10_000_000));
    let mut gradient = start(&problem, gram, ctl)?;
    let mut whole = problem;
    let mut steps = 0;
    let mut aside: Vec<Aside> = Vec::new();
    let mut face = Face::new(
        (0..n).collect(),
        whole.clone(),
        gradient.clone(),
        gram.subset(&(0..gram.len()).collect::<Vec<_>>()),
        sizes,
    );
    let mut rounds = 0;
    let mut violation_at_shrink = f64::INFINITY;
    let end = loop {
        let violation = face.violation();
        ctl.step(rounds, 0, violation)?;
        if violation < stop.tol {
            face.give_back(&mut whole.beta, &mut gradient);
            if aside.is_empty() {
                break End::Converged;
            }
            for old in aside.drain(..) {
                follow(&whole, &mut gradient, &old, gram, ctl)?;
            }
            face = Face::new(
                (0..n).collect(),
                whole.clone(),
                gradient.clone(),
                gram.subset(&(0..gram.len()).collect::<Vec<_>>()),
                sizes,
            );
            violation_at_shrink = 0.0;
            continue;
        }
        if steps >= most {
            break End::Steps;
        }
        let done = face.round(stop.tol, most - steps, sizes, ctl)?;
        rounds += 1;
        steps += done.steps;
        if done.end == End::Rounding && done.steps == 0 {
            break End::Rounding;
        }
        let due = sizes.shrinking && rounds % 4 == 0 && violation < 0.5 * violation_at_shrink;
        if due
            && face.names.len() > sizes.whole
            && let Some((next, put)) = face.shrink(sizes)
        {
            violation_at_shrink = violation;
            face.give_back(&mut whole.beta, &mut gradient);
            aside.push(Aside { names: put, beta: whole.beta.clone() });
            face = next;
        }
    };
    if end != End::Converged {
        face.give_back(&mut whole.beta, &mut gradient);
        for old in aside.drain(..) {
            follow(&whole, &mut gradient, &old, gram, ctl)?;
        }
    }
    let objective =
        whole.beta.iter().zip(&gradient).zip(&whole.linear).map(|((b, g), l)| 0.5 * b * (g + l)).sum::<f64>()
            + whole.epsilon * whole.beta.iter().map(|b| b.abs()).sum::<f64>();
    let level = whole.groups.iter().map(|group| level(&whole, &gradient, group.variables.clone())).collect();
    Ok(Solution { beta: whole.beta, steps, end, objective, level })
}

/// The gradients at the start.
fn start<F: Entry>(problem: &Problem, gram: &Gram<'_, F>, ctl: &Control) -> Result<Vec<f64>> {
    let mut gradient = problem.linear.clone();
    if problem.beta.iter().any(|&b| b != 0.0) {
        let coefs = by_row(problem, &problem.beta, gram.len());
        let picked: Vec<usize> = (0..gram.len()).filter(|&r| coefs[r] != 0.0).collect();
        let coefs: Vec<f64> = picked.iter().map(|&r| coefs[r]).collect();
        let mut sums = vec![0.0; gram.len()];
        gram.add(gram, &picked, &coefs, &mut sums, ctl)?;
        for group in &problem.groups {
            let rows = &sums[group.rows()];
            gradient[group.variables.clone()].iter_mut().zip(rows).for_each(|(g, s)| *g += s);
        }
    }
    Ok(gradient)
}

/// Numbers of variables, added up for each row.
fn by_row(problem: &Problem, values: &[f64], rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; rows];
    for group in &problem.groups {
        sums[group.rows()].iter_mut().zip(&values[group.variables.clone()]).for_each(|(s, v)| *s += v);
    }
    sums
}

/// Brings the gradients of variables that were put aside up to date.
fn follow<F: Entry>(
    whole: &Problem,
    gradient: &mut [f64],
    aside: &Aside,
    gram: &Gram<'_, F>,
    ctl: &Control,
) -> Result<()> {
    let moved: Vec<f64> = whole.beta.iter().zip(&aside.beta).map(|(now, then)| now - then).collect();
    let moved = by_row(whole, &moved, gram.len());
    let picked: Vec<usize> = (0..gram.len()).filter(|&r| moved[r] != 0.0).collect();
    let coefs: Vec<f64> = picked.iter().map(|&r| moved[r]).collect();
    let rows: Vec<usize> = aside.names.iter().map(|&v| whole.row_of(v)).collect();
    let mut sums = vec![0.0; rows.len()];
    gram.subset(&rows).add(gram, &picked, &coefs, &mut sums, ctl)?;
    aside.names.iter().zip(sums).for_each(|(&v, s)| gradient[v] += s);
    Ok(())
}

/// Where the gradients of the free variables lie.
fn level(problem: &Problem, gradient: &[f64], group: Range<usize>) -> f64 {
    let (mut sum, mut free, mut low, mut high) = (0.0, 0_usize, f64::INFINITY, f64::NEG_INFINITY);
    for v in group {
        let (up, down) = (gradient[v] + problem.up(v), gradient[v] + problem.down(v));
        let beta = problem.beta[v];
        if beta > problem.lower[v] && beta < problem.upper[v] && beta != 0.0 {
            (sum, free) = (sum + up, free + 1);
        }
        (low, high) = (low.min(up), high.max(down));
    }
    match (free, low.is_finite(), high.is_finite()) {
        (1.., ..) => sum / free as f64,
        (_, true, true) => 0.5 * (low + high),
        (_, true, false) => low,
        (_, false, true) => high,
        _ => 0.0,
    }
}

impl<'a, F: Entry> Face<'a, F> {
    fn new(names: Vec<usize>, problem: Problem, gradient: Vec<f64>, gram: Gram<'a, F>, sizes: Sizes) -> Self {
        let n = gram.len();
        let most = (sizes.memory / (n.max(1) * size_of::<F>())).clamp(64.min(n), n.max(1));
        Face { names, problem, gradient, diagonal: gram.diagonal(), cache: Cache::new(n, most), gram, last: Vec::new() }
    }

    fn give_back(&self, beta: &mut [f64], gradient: &mut [f64]) {
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

    fn violation(&self) -> f64 {
        let of = |g: &Group| self.extremes(g.variables.clone());
        self.problem.groups.iter().map(of).map(|(low, high)| high - low).fold(f64::NEG_INFINITY, f64::max)
    }

    /// One round: chooses a block, solves it and lets all gradients follow.
    fn round(&mut self, tol: f64, most: usize, sizes: Sizes, ctl: &Control) -> Result<super::block::Progress> {
        let n = self.names.len();
        let all = n <= sizes.whole;
        let by_age: Vec<usize> = if all { (0..n).collect() } else { self.choose(sizes) };
        let mut set = by_age.clone();
        set.sort_unstable();
        let rows: Vec<usize> = set.iter().map(|&v| self.problem.row_of(v)).collect();
        let mut different = rows.clone();
        different.sort_unstable();
        different.dedup();
        let mut block = if all {
            self.everything(ctl)?
        } else {
            self.cache.fetch(&self.gram, &different, ctl)?;
            self.gather(&set, &rows, ctl)?
        };
        let done = if all {
            block.solve(tol, 0.0, most, ctl)?
        } else {
            block.solve(tol, 0.1, most.min(100 * set.len()), ctl)?
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
            super::passes::add_rows(out, &parts, &coefs);
        })?;
        for group in &self.problem.groups {
            let sums = &sums[group.rows()];
            self.gradient[group.variables.clone()].iter_mut().zip(sums).for_each(|(g, s)| *g += s);
        }
        self.last = by_age;
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

    /// All variables as one block.
    fn everything(&self, ctl: &Control) -> Result<Block<F>> {
        let n = self.gram.len();
        let mut matrix: Vec<Vec<F>> = (0..n).map(|_| vec![F::zero(); filled(n)]).collect();
        let rows: Vec<usize> = (0..n).collect();
        self.gram.fill(&self.gram, &rows, &mut matrix, ctl)?;
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
    fn gather(&self, set: &[usize], rows: &[usize], ctl: &Control) -> Result<Block<F>> {
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

    /// The face without the rows whose variables nothing draws from their bounds, and those variables' names; `None`
    /// where it would not be much smaller.
    fn shrink(&self, sizes: Sizes) -> Option<(Face<'a, F>, Vec<usize>)> {
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

/// The places of the variables `set` in a block.
fn places(problem: &Problem, set: &[usize]) -> Vec<usize> {
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
