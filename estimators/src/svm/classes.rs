//! Machines for classes: what they are told, and the model of all their pairs.

use super::fit::{Ground, rows_of, with_gram};
use super::model::{SvmKind, SvmModel, end_warnings};
use super::pairs::{Pairs, Rows};
use super::settings::{Settings, Shape};
use super::solver::End;
use crate::kernel::Kernel;
use crate::{Control, Data, Report, Result, bad_input};
use ndarray::Array2;
use std::sync::Arc;

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
    let kernel = settings.kernel(&ground)?;
    let heaviest = ground.weights.iter().copied().fold(0.0, f64::max);
    let most = match told.asked {
        Asked::Costs(costs) => costs.iter().copied().fold(0.0, f64::max) * heaviest,
        Asked::Share(_) => heaviest,
    };
    let pairs = with_gram!(kernel, &ground, most, settings.tol, ctl, gram => {
        Rows { told, gram: Arc::new(gram), weights: &ground.weights, begins: &begins }.solve(ctl)?
    });
    Ok(Fitted { told, ground: &ground, kernel, begins: &begins, pairs }.model())
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

/// The parts of a model.
struct Fitted<'a> {
    told: &'a Classes<'a>,
    ground: &'a Ground<'a>,
    kernel: Kernel,
    begins: &'a [usize],
    pairs: Pairs,
}

impl Fitted<'_> {
    fn model(self) -> SvmModel {
        let Fitted { told, ground, kernel, begins, pairs } = self;
        let Pairs { solved, sigmoids, ends } = pairs;
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
            rows: rows_of(kernel, ground, &support).into(),
            support: support.iter().map(|&i| i as i32).collect(),
            n_support: (0..k).map(count).collect(),
            dual_coef: Array2::from_shape_fn((k - 1, held.len()), |(line, s)| lines[line][held[s]]),
            intercept: solved.iter().map(|s| -s.rho).collect(),
            prob_a: sigmoids.iter().map(|s| s.0).collect(),
            prob_b: sigmoids.iter().map(|s| s.1).collect(),
            shape: told.shape,
            break_ties: told.break_ties,
            n_fit: ground.x.nrows(),
            features: ground.x.ncols(),
            sparse: ground.x.is_sparse(),
            objective: solved.iter().map(|s| s.objective).collect(),
            bounded: solved.iter().map(|s| s.bounded as i32).collect(),
            report: Report {
                iterations: solved.iter().map(|s| s.steps).collect(),
                converged: ends.iter().all(|end| *end == End::Converged),
                solver: "smo".into(),
                warnings: end_warnings(&ends, told.settings.max_iter),
            },
        }
    }
}
