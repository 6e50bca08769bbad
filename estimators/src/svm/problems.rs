//! The five machines as quadratic problems, and what their solutions say.

use super::solver::{End, Group, Problem, Solution};

/// A solved machine: `f(x) = Σ coef·k(x, row) − rho`.
#[derive(Debug, Clone)]
pub(super) struct Solved {
    /// One number for each row.
    pub coef: Vec<f64>,
    pub rho: f64,
    pub steps: usize,
    pub end: End,
    pub objective: f64,
    /// Rows whose coefficient is as large as it may be.
    pub bounded: usize,
}

/// What is asked of two classes. The rows of the first come before those of the second.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// The cost of a row of weight 1 of either class.
    Cost([f64; 2]),
    /// A lower bound of the share of support vectors, an upper bound of that of margin errors.
    Share(f64),
}

/// Two classes, of which the first has `first` rows; each row's `weights`.
pub(super) fn two_classes(rule: Rule, first: usize, weights: &[f64]) -> Problem {
    let n = weights.len();
    let costs: Vec<f64> = match rule {
        Rule::Cost(each) => weights.iter().enumerate().map(|(i, w)| w * each[usize::from(i >= first)]).collect(),
        Rule::Share(_) => weights.to_vec(),
    };
    let lower = costs.iter().enumerate().map(|(i, c)| if i < first { 0.0 } else { -c }).collect();
    let upper = costs.iter().enumerate().map(|(i, c)| if i < first { *c } else { 0.0 }).collect();
    let (mut beta, mut linear) = (vec![0.0; n], vec![0.0; n]);
    let groups = match rule {
        Rule::Cost(_) => {
            linear.iter_mut().enumerate().for_each(|(i, l)| *l = if i < first { -1.0 } else { 1.0 });
            vec![Group { variables: 0..n, row: 0 }]
        }
        Rule::Share(nu) => {
            let each = nu * weights.iter().sum::<f64>() / 2.0;
            pour(each, &costs[..first], &mut beta[..first]);
            pour(each, &costs[first..], &mut beta[first..]);
            beta[first..].iter_mut().for_each(|b| *b = -*b);
            vec![Group { variables: 0..first, row: 0 }, Group { variables: first..n, row: first }]
        }
    };
    Problem { beta, lower, upper, linear, epsilon: 0.0, groups }
}

/// What [`two_classes`] says.
pub(super) fn read_two(rule: Rule, problem: &Problem, solution: Solution) -> Solved {
    let (mut scale, mut rho) = (1.0, solution.level[0]);
    if matches!(rule, Rule::Share(_)) {
        // The gradients of the second group are of the other sign in LIBSVM's variables.
        let (plus, minus) = (solution.level[0], -solution.level[1]);
        scale = (plus + minus) / 2.0;
        rho = (plus - minus) / 2.0 / scale;
    }
    let mut solved = read(problem, solution);
    solved.coef.iter_mut().for_each(|c| *c /= scale);
    solved.objective /= scale * scale;
    solved.rho = rho;
    solved
}

/// Numbers `y`, of which errors up to `epsilon` cost nothing.
pub(super) fn tube(y: &[f64], costs: &[f64], epsilon: f64) -> Problem {
    let n = y.len();
    Problem {
        beta: vec![0.0; n],
        lower: costs.iter().map(|c| -c).collect(),
        upper: costs.to_vec(),
        linear: y.iter().map(|y| -y).collect(),
        epsilon,
        groups: vec![Group { variables: 0..n, row: 0 }],
    }
}

/// Numbers `y`, where a share `nu` of the rows may lie outside of a tube that is as narrow as it can be.
pub(super) fn narrow_tube(y: &[f64], costs: &[f64], nu: f64) -> Problem {
    let n = y.len();
    let mut beta = vec![0.0; 2 * n];
    pour(nu * costs.iter().sum::<f64>() / 2.0, costs, &mut beta[..n]);
    for i in 0..n {
        beta[n + i] = -beta[i];
    }
    let none = vec![0.0; n];
    let under: Vec<f64> = costs.iter().map(|c| -c).collect();
    let linear: Vec<f64> = y.iter().map(|y| -y).collect();
    Problem {
        beta,
        lower: [none.clone(), under].concat(),
        upper: [costs.to_vec(), none].concat(),
        linear: [linear.clone(), linear].concat(),
        epsilon: 0.0,
        groups: vec![Group { variables: 0..n, row: 0 }, Group { variables: n..2 * n, row: 0 }],
    }
}

/// What [`narrow_tube`] says.
pub(super) fn read_narrow_tube(problem: &Problem, solution: Solution) -> Solved {
    let n = solution.beta.len() / 2;
    let rho = (solution.level[0] + solution.level[1]) / 2.0;
    let coef: Vec<f64> = (0..n).map(|i| solution.beta[i] + solution.beta[n + i]).collect();
    let bounded = coef.iter().zip(&problem.upper).filter(|(c, u)| c.abs() >= **u).count();
    let Solution { steps, end, objective, .. } = solution;
    Solved { coef, rho, steps, end, objective, bounded }
}

/// The part of the space where rows lie, but for a share `nu` of them.
pub(super) fn region(weights: &[f64], nu: f64) -> Problem {
    let n = weights.len();
    let mut beta = vec![0.0; n];
    pour(nu * weights.iter().sum::<f64>(), weights, &mut beta);
    Problem {
        beta,
        lower: vec![0.0; n],
        upper: weights.to_vec(),
        linear: vec![0.0; n],
        epsilon: 0.0,
        groups: vec![Group { variables: 0..n, row: 0 }],
    }
}

/// What a problem says whose variables are its rows.
pub(super) fn read(problem: &Problem, solution: Solution) -> Solved {
    let at_bound = |i: usize, b: f64| b != 0.0 && (b >= problem.upper[i] || b <= problem.lower[i]);
    let bounded = solution.beta.iter().enumerate().filter(|&(i, &b)| at_bound(i, b)).count();
    let Solution { beta, steps, end, objective, level, .. } = solution;
    Solved { coef: beta, rho: level[0], steps, end, objective, bounded }
}

/// Fills the first of `out` up to `most` each, until `total` is spent.
fn pour(mut total: f64, most: &[f64], out: &mut [f64]) {
    for (out, most) in out.iter_mut().zip(most) {
        *out = most.min(total.max(0.0));
        total -= *out;
    }
}
