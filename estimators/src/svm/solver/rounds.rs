//! Rounds over all variables: the worst of them make a block, which is solved; then all gradients follow.
//!
//! Where all variables fit one block, one round does. Elsewhere variables that sit at a bound, and that nothing draws
//! away from there, are put aside with their rows (shrinking), and looked at again before the end.

use super::super::gram::Gram;
use super::face::Face;
use super::problem::{End, Problem, Solution, Stop};
use crate::kernel::exp::Entry;
use crate::{Control, Result};
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
    let mut face = Face::new((0..n).collect(), whole.clone(), gradient.clone(), gram.clone(), sizes);
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
            face = Face::new((0..n).collect(), whole.clone(), gradient.clone(), gram.clone(), sizes);
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
