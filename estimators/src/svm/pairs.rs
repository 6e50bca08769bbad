//! The problems of a classifier: one for each pair of classes, and for probabilities five more of it, side by side.

use super::classes::{Asked, Classes};
use super::fit::solve_over;
use super::gram::Gram;
use super::platt::fit_sigmoid;
use super::problems::{Rule, Solved, read_two, two_classes};
use super::settings::SIDE_BY_SIDE;
use super::shared::{Share, Table, Tables};
use super::solver::End;
use crate::kernel::exp::Entry;
use crate::{Control, Result};
use ironlearn_linalg::threads;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Parts that scores of held-out rows come from.
const FOLDS: usize = 5;

/// What the pairs say.
#[derive(Default)]
pub(super) struct Pairs {
    /// The solution of each pair.
    pub solved: Vec<Solved>,
    /// A and B of each pair's sigmoid; none without probabilities.
    pub sigmoids: Vec<(f64, f64)>,
    /// How all problems ended.
    pub ends: Vec<End>,
}

/// Classes with their rows, which lie class by class.
pub(super) struct Rows<'a, F> {
    pub told: &'a Classes<'a>,
    pub gram: Arc<Gram<'a, F>>,
    pub weights: &'a [f64],
    /// Where each class begins, and the end.
    pub begins: &'a [usize],
}

/// One problem: a pair of classes, whole or without a part.
struct Task<F> {
    pair: (usize, usize),
    fold: Option<usize>,
    /// Where the pair's numbers are kept for other tasks; they go with the last task that holds them.
    tables: [[Option<Arc<Table<F>>>; 2]; 2],
}

/// What a task found: the solution over all rows of the pair, or scores of the rows that were left out.
enum Found {
    Whole(Solved),
    Scores(Vec<(usize, f64)>, End),
}

impl<'a, F: Entry> Rows<'a, F> {
    /// Solves all pairs.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn solve(&self, ctl: &Control) -> Result<Pairs> {
        let (told, begins) = (self.told, self.begins);
        let settings = &told.settings;
        let k = begins.len() - 1;
        let tables = Tables::new(&self.gram, begins, told.probability, settings.bytes() / 2);
        let mut tasks = Vec::new();
        for i in 0..k {
            for j in (i + 1..k).filter(|&j| !self.class(i).is_empty() && !self.class(j).is_empty()) {
                let folds = (0..FOLDS).filter(|_| told.probability).map(Some);
                let of_pair = tables.pair(i, j);
                let task = |fold| Task { pair: (i, j), fold, tables: of_pair.clone() };
                tasks.extend(std::iter::once(None).chain(folds).map(task));
            }
        }
        let memory = (settings.bytes() - tables.bytes) / tasks.len().clamp(1, SIDE_BY_SIDE);
        drop(tables);
        let pairs: Vec<(usize, usize)> = tasks.iter().map(|task| task.pair).collect();
        let found = self.run(tasks, memory, ctl)?;
        let mut found = found.into_iter().zip(pairs).peekable();
        let mut all = Pairs::default();
        for i in 0..k {
            for j in i + 1..k {
                let (first, second) = (self.class(i).len(), self.class(j).len());
                if first == 0 || second == 0 {
                    let (one, sigmoid) = without_rows(first, second);
                    all.solved.push(one);
                    all.sigmoids.extend(told.probability.then_some(sigmoid));
                    continue;
                }
                let mut scores: Vec<(usize, f64)> = Vec::new();
                while let Some((one, _)) = found.next_if(|(_, pair)| *pair == (i, j)) {
                    match one {
                        Found::Whole(one) => {
                            all.ends.push(one.end);
                            all.solved.push(one);
                        }
                        Found::Scores(part, end) => {
                            all.ends.push(end);
                            scores.extend(part);
                        }
                    }
                }
                if told.probability {
                    scores.sort_by_key(|&(row, _)| row);
                    let of_first: Vec<bool> = scores.iter().map(|&(row, _)| row < first).collect();
                    let values: Vec<f64> = scores.iter().map(|&(_, v)| v).collect();
                    all.sigmoids.push(fit_sigmoid(&values, &of_first));
                }
            }
        }
        Ok(all)
    }

    fn class(&self, c: usize) -> Range<usize> {
        self.begins[c]..self.begins[c + 1]
    }

    /// Runs the tasks in their order, so many at a time as there are threads, and returns what they found in that order.
    fn run(&self, mut tasks: Vec<Task<F>>, memory: usize, ctl: &Control) -> Result<Vec<Found>> {
        if tasks.len() == 1
            && let Some(task) = tasks.pop()
        {
            return Ok(vec![self.one(&task, memory, ctl)?]);
        }
        let few = ctl.quiet().with_threads(Some(ctl.threads().min(SIDE_BY_SIDE).min(tasks.len().max(1))));
        // One queue, so that tasks of a pair are close to each other in time and its tables are gone soon.
        let queue = Mutex::new(tasks.into_iter().enumerate());
        let found = threads::map(&few, few.threads(), |_| {
            let part = few.part();
            let mut found = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((t, task)) = next else { return Ok(found) };
                found.push((t, self.one(&task, memory, &part)?));
            }
        })?;
        let mut found: Vec<(usize, Found)> =
            found.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        found.sort_by_key(|(t, _)| *t);
        Ok(found.into_iter().map(|(_, found)| found).collect())
    }

    fn one(&self, task: &Task<F>, memory: usize, ctl: &Control) -> Result<Found> {
        let (first, second) = (self.class(task.pair.0), self.class(task.pair.1));
        let middle = second.start;
        let rows: Vec<usize> = first.clone().chain(second).collect();
        let gram = |rows: &[usize]| {
            let own = self.gram.subset(rows);
            let shares = task.tables.iter().flatten().any(Option::is_some);
            if shares { own.sharing(Share::new(&self.gram, task.tables.clone(), rows, middle)) } else { own }
        };
        let rule = match self.told.asked {
            Asked::Costs(costs) => Rule::Cost([costs[task.pair.0], costs[task.pair.1]]),
            Asked::Share(nu) => Rule::Share(nu),
        };
        let solve = |gram: &Gram<'a, F>, rows: &[usize]| -> Result<Solved> {
            let weights: Vec<f64> = rows.iter().map(|&r| self.weights[r]).collect();
            let problem = two_classes(rule, rows.partition_point(|&r| r < middle), &weights);
            let solution = solve_over(problem.clone(), gram, &self.told.settings, memory, ctl)?;
            Ok(read_two(rule, &problem, solution))
        };
        let Some(fold) = task.fold else { return Ok(Found::Whole(solve(&gram(&rows), &rows)?)) };
        let (train, test) = self.part(task.pair, rows.len(), fold);
        let count = train.partition_point(|&r| r < first.len());
        let constant = match (count, train.len() - count) {
            (0, 0) => Some(0.0),
            (_, 0) => Some(1.0),
            (0, _) => Some(-1.0),
            _ => None,
        };
        if let Some(score) = constant {
            return Ok(Found::Scores(test.into_iter().map(|r| (r, score)).collect(), End::Converged));
        }
        let trained: Vec<usize> = train.iter().map(|&r| rows[r]).collect();
        let own = gram(&trained);
        let solved = solve(&own, &trained)?;
        let asked: Vec<usize> = test.iter().map(|&r| rows[r]).collect();
        let held: Vec<usize> = (0..solved.coef.len()).filter(|&r| solved.coef[r] != 0.0).collect();
        let coefs: Vec<f64> = held.iter().map(|&r| solved.coef[r]).collect();
        let mut values = vec![-solved.rho; asked.len()];
        gram(&asked).add(&own, &held, &coefs, &mut values, ctl)?;
        Ok(Found::Scores(test.into_iter().zip(values).collect(), solved.end))
    }

    /// The rows of a pair without the part `fold`, and those of the part; both rising.
    fn part(&self, pair: (usize, usize), n: usize, fold: usize) -> (Vec<usize>, Vec<usize>) {
        // The same order for all parts of a pair.
        let mut shuffled: Vec<usize> = (0..n).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.told.seed);
        rng.set_stream(((pair.0 as u64) << 32) | pair.1 as u64);
        for i in 0..n {
            let j = rng.random_range(i..n);
            shuffled.swap(i, j);
        }
        let mut test = shuffled[fold * n / FOLDS..(fold + 1) * n / FOLDS].to_vec();
        test.sort_unstable();
        let mut left_out = vec![false; n];
        test.iter().for_each(|&r| left_out[r] = true);
        ((0..n).filter(|&r| !left_out[r]).collect(), test)
    }
}

/// A pair of which a class has no rows: the other one always wins.
fn without_rows(first: usize, second: usize) -> (Solved, (f64, f64)) {
    let winner = if first > 0 || second == 0 { 1.0 } else { -1.0 };
    let coef = vec![0.0; first + second];
    let solved = Solved { coef, rho: -winner, steps: 0, end: End::Converged, objective: 0.0, bounded: 0 };
    (solved, (0.0, if first + second == 0 { 0.0 } else { -16.0 * winner }))
}
