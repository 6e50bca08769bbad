//! Machines for classes: one problem for each pair, and for probabilities five more of it, side by side.

use super::fit::{Ground, rows_of, solve_over, with_gram};
use super::gram::Gram;
use super::model::{SvmKind, SvmModel, end_warnings};
use super::platt::fit_sigmoid;
use super::problems::{Rule, Solved, read_two, two_classes};
use super::settings::{SIDE_BY_SIDE, Settings, Shape};
use super::solver::End;
use crate::kernel::exp::Entry;
use crate::{Control, Data, Report, Result, bad_input};
use ironlearn_linalg::threads;
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Parts that scores of held-out rows come from.
const FOLDS: usize = 5;

/// What machines for classes are told beside [`Settings`].
pub(super) struct Classes<'a> {
    pub settings: Settings,
    /// The cost or share.
    pub asked: Asked<'a>,
    pub probability: bool,
    pub seed: u64,
    pub shape: Shape,
    pub break_ties: bool,
}

/// Costs, by class, or a share of errors.
pub(super) enum Asked<'a> {
    Costs(&'a [f64]),
    Share(f64),
}

/// One problem: a pair of classes, whole or without a part.
struct Task {
    pair: (usize, usize),
    fold: Option<usize>,
}

/// What a task found: the solution over all rows of the pair, or scores of the rows that were left out.
enum Found {
    Whole(Solved),
    Scores(Vec<(usize, f64)>, End),
}

pub(super) fn fit_classes(told: &Classes<'_>, data: &Data<'_>, ctl: &Control) -> Result<SvmModel> {
    let settings = &told.settings;
    let (codes, n_classes) = data.classes(settings.name)?;
    if n_classes.len() != 1 {
        bad_input!("{} predicts one output, but there are {}", settings.name, n_classes.len());
    }
    let k = n_classes[0];
    if k < 2 {
        bad_input!("The number of classes has to be greater than one; got {k} class");
    }
    let mut ground = Ground::of(data, settings)?;
    let class = |i: usize| codes[[i, 0]] as usize;
    let mut order: Vec<usize> = (0..ground.picked.len()).collect();
    order.sort_by_key(|&r| class(ground.picked[r]));
    ground.arrange(&order);
    let begins: Vec<usize> = (0..=k).map(|c| ground.picked.partition_point(|&i| class(i) < c)).collect();
    let present = (0..k).filter(|&c| begins[c] < begins[c + 1]).count();
    if let Asked::Share(nu) = told.asked {
        check_share(nu, &begins, &ground.weights)?;
    }
    if present < 2 {
        match told.asked {
            Asked::Share(_) => bad_input!("specified nu is infeasible"),
            Asked::Costs(_) => {
                bad_input!("Invalid input - all samples with positive weights belong to the same class.")
            }
        }
    }
    let kernel = settings.kernel(&data.x, &ground.picked)?;
    let most = match told.asked {
        Asked::Costs(costs) => {
            costs.iter().copied().fold(0.0, f64::max) * ground.weights.iter().copied().fold(0.0, f64::max)
        }
        Asked::Share(_) => ground.weights.iter().copied().fold(0.0, f64::max),
    };
    let (solved, sigmoids, ends) = with_gram!(kernel, &data.x, &ground, most, settings.tol, ctl, gram => {
        solve_pairs(told, &gram, &ground.weights, &begins, ctl)?
    });
    Ok(put_together(told, data, &ground, kernel, &begins, solved, sigmoids, &ends))
}

/// Checks that each pair of classes can have a share `nu` of errors.
fn check_share(nu: f64, begins: &[usize], weights: &[f64]) -> Result<()> {
    let sums: Vec<f64> = begins.windows(2).map(|w| weights[w[0]..w[1]].iter().sum()).collect();
    for (i, a) in sums.iter().enumerate() {
        for b in sums[i + 1..].iter().filter(|b| *a > 0.0 && **b > 0.0) {
            if nu * (a + b) / 2.0 > a.min(*b) {
                bad_input!("specified nu is infeasible");
            }
        }
    }
    Ok(())
}

/// The solution of each pair, A and B of its sigmoid, and how all problems ended.
type Pairs = (Vec<Solved>, Vec<(f64, f64)>, Vec<End>);

fn solve_pairs<F: Entry>(
    told: &Classes<'_>,
    gram: &Gram<'_, F>,
    weights: &[f64],
    begins: &[usize],
    ctl: &Control,
) -> Result<Pairs> {
    let k = begins.len() - 1;
    let mut tasks = Vec::new();
    for i in 0..k {
        for j in i + 1..k {
            if begins[i] == begins[i + 1] || begins[j] == begins[j + 1] {
                continue;
            }
            tasks.push(Task { pair: (i, j), fold: None });
            if told.probability {
                tasks.extend((0..FOLDS).map(|f| Task { pair: (i, j), fold: Some(f) }));
            }
        }
    }
    let work = |task: &Task, ctl: &Control| {
        let (first, second) =
            (begins[task.pair.0]..begins[task.pair.0 + 1], begins[task.pair.1]..begins[task.pair.1 + 1]);
        one_task(told, gram, weights, task, first, second, tasks.len(), ctl)
    };
    let found: Vec<Found> = if tasks.len() == 1 {
        vec![work(&tasks[0], ctl)?]
    } else {
        let few = ctl.quiet().with_threads(Some(ctl.threads().min(SIDE_BY_SIDE)));
        let all = threads::map(&few, tasks.len(), |t| {
            let part = few.part();
            work(&tasks[t], &part)
        })?;
        all.into_iter().collect::<Result<_>>()?
    };
    let (mut solved, mut sigmoids, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = found.into_iter().zip(&tasks).peekable();
    for i in 0..k {
        for j in i + 1..k {
            let (first, second) = (begins[i + 1] - begins[i], begins[j + 1] - begins[j]);
            if first == 0 || second == 0 {
                let (one, sigmoid) = without_rows(first, second);
                solved.push(one);
                sigmoids.extend(told.probability.then_some(sigmoid));
                continue;
            }
            let mut scores: Vec<(usize, f64)> = Vec::new();
            while let Some((one, _)) = found.next_if(|(_, task)| task.pair == (i, j)) {
                match one {
                    Found::Whole(one) => {
                        ends.push(one.end);
                        solved.push(one);
                    }
                    Found::Scores(part, end) => {
                        ends.push(end);
                        scores.extend(part);
                    }
                }
            }
            if told.probability {
                scores.sort_by_key(|&(row, _)| row);
                let of_first: Vec<bool> = scores.iter().map(|&(row, _)| row < first).collect();
                let values: Vec<f64> = scores.iter().map(|&(_, v)| v).collect();
                sigmoids.push(fit_sigmoid(&values, &of_first));
            }
        }
    }
    Ok((solved, sigmoids, ends))
}

/// A pair of which a class has no rows: the other one always wins.
fn without_rows(first: usize, second: usize) -> (Solved, (f64, f64)) {
    let winner = if first > 0 || second == 0 { 1.0 } else { -1.0 };
    let coef = vec![0.0; first + second];
    let solved = Solved { coef, rho: -winner, steps: 0, end: End::Converged, objective: 0.0, bounded: 0 };
    (solved, (0.0, if first + second == 0 { 0.0 } else { -16.0 * winner }))
}

#[allow(clippy::too_many_arguments, reason = "the surroundings of a task, spelt out")]
fn one_task<F: Entry>(
    told: &Classes<'_>,
    gram: &Gram<'_, F>,
    weights: &[f64],
    task: &Task,
    first: Range<usize>,
    second: Range<usize>,
    side_by_side: usize,
    ctl: &Control,
) -> Result<Found> {
    let rule = match told.asked {
        Asked::Costs(costs) => Rule::Cost([costs[task.pair.0], costs[task.pair.1]]),
        Asked::Share(nu) => Rule::Share(nu),
    };
    let rows: Vec<usize> = first.clone().chain(second).collect();
    let solved = |rows: &[usize], count: usize, ctl: &Control| -> Result<(Gram<'_, F>, Solved)> {
        let own = gram.subset(rows);
        let weights: Vec<f64> = rows.iter().map(|&r| weights[r]).collect();
        let problem = two_classes(rule, count, &weights);
        let solution = solve_over(problem.clone(), &own, &told.settings, side_by_side, ctl)?;
        Ok((own, read_two(rule, &problem, solution)))
    };
    let Some(fold) = task.fold else { return Ok(Found::Whole(solved(&rows, first.len(), ctl)?.1)) };
    // The same order for all parts of a pair.
    let mut shuffled: Vec<usize> = (0..rows.len()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(told.seed);
    rng.set_stream(((task.pair.0 as u64) << 32) | task.pair.1 as u64);
    for i in 0..shuffled.len() {
        let j = rng.random_range(i..shuffled.len());
        shuffled.swap(i, j);
    }
    let held = fold * rows.len() / FOLDS..(fold + 1) * rows.len() / FOLDS;
    let mut left_out = vec![false; rows.len()];
    shuffled[held.clone()].iter().for_each(|&r| left_out[r] = true);
    let train: Vec<usize> = (0..rows.len()).filter(|&r| !left_out[r]).collect();
    let count = train.iter().filter(|&&r| r < first.len()).count();
    let mut test: Vec<usize> = shuffled[held].to_vec();
    test.sort_unstable();
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
    let (own, solved) = solved(&trained, count, ctl)?;
    let asked: Vec<usize> = test.iter().map(|&r| rows[r]).collect();
    let held: Vec<usize> = (0..solved.coef.len()).filter(|&r| solved.coef[r] != 0.0).collect();
    let coefs: Vec<f64> = held.iter().map(|&r| solved.coef[r]).collect();
    let mut values = vec![-solved.rho; asked.len()];
    gram.subset(&asked).add(&own, &held, &coefs, &mut values, ctl)?;
    Ok(Found::Scores(test.into_iter().zip(values).collect(), solved.end))
}

#[allow(clippy::too_many_arguments, reason = "the parts of a model")]
fn put_together(
    told: &Classes<'_>,
    data: &Data<'_>,
    ground: &Ground,
    kernel: crate::kernel::Kernel,
    begins: &[usize],
    solved: Vec<Solved>,
    sigmoids: Vec<(f64, f64)>,
    ends: &[End],
) -> SvmModel {
    let k = begins.len() - 1;
    let mut lines = vec![vec![0.0; ground.picked.len()]; k - 1];
    let mut pair = 0;
    for i in 0..k {
        for j in i + 1..k {
            let (coef, count) = (&solved[pair].coef, begins[i + 1] - begins[i]);
            lines[j - 1][begins[i]..begins[i + 1]].copy_from_slice(&coef[..count]);
            lines[i][begins[j]..begins[j + 1]].copy_from_slice(&coef[count..]);
            pair += 1;
        }
    }
    let held: Vec<usize> = (0..ground.picked.len()).filter(|&r| lines.iter().any(|line| line[r] != 0.0)).collect();
    let support: Vec<usize> = held.iter().map(|&r| ground.picked[r]).collect();
    let count = |c: usize| held.iter().filter(|&&r| (begins[c]..begins[c + 1]).contains(&r)).count() as i32;
    SvmModel {
        kind: SvmKind::Classes,
        kernel,
        rows: rows_of(kernel, &data.x, &support).into(),
        support: support.iter().map(|&i| i as i32).collect(),
        n_support: (0..k).map(count).collect(),
        dual_coef: Array2::from_shape_fn((k - 1, held.len()), |(line, s)| lines[line][held[s]]),
        intercept: solved.iter().map(|s| -s.rho).collect(),
        prob_a: sigmoids.iter().map(|s| s.0).collect(),
        prob_b: sigmoids.iter().map(|s| s.1).collect(),
        shape: told.shape,
        break_ties: told.break_ties,
        n_fit: data.x.nrows(),
        features: data.x.ncols(),
        sparse: data.x.is_sparse(),
        objective: solved.iter().map(|s| s.objective).collect(),
        bounded: solved.iter().map(|s| s.bounded as i32).collect::<Array1<i32>>(),
        report: Report {
            iterations: solved.iter().map(|s| s.steps).collect(),
            converged: ends.iter().all(|end| *end == End::Converged),
            solver: "smo".into(),
            warnings: end_warnings(ends, told.settings.max_iter),
        },
    }
}
