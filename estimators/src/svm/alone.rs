//! Machines of one problem over all rows: those for numbers and for regions.

use super::fit::{Ground, rows_of, solve_over, with_gram};
use super::model::{SvmKind, SvmModel, end_warnings};
use super::problems::Solved;
use super::settings::{Settings, Shape};
use super::solver::{End, Problem, Solution};
use crate::{Control, Data, Report, Result, bad_input};
use ndarray::{Array1, Array2};

/// A machine of one problem.
pub(super) struct Alone<P> {
    pub kind: SvmKind,
    pub settings: Settings,
    /// The problem of its rows.
    pub problem: P,
    /// What the solution says.
    pub read: fn(&Problem, Solution) -> Solved,
}

impl<P: FnOnce(&Ground<'_>) -> Result<Problem>> Alone<P> {
    /// Fits it; `place` is where the work is done.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for data that do not fit, [`crate::Error::Linalg`] for an interrupted run.
    pub fn fit(self, data: &Data<'_>, place: &str, ctl: &Control) -> Result<SvmModel> {
        let Alone { kind, settings, problem, read } = self;
        let ground = Ground::of(data, &settings)?;
        let kernel = settings.kernel(&ground)?;
        let problem = problem(&ground)?;
        let most = problem.upper.iter().copied().fold(0.0, f64::max);
        let solution = ctl.timed("smo", place, || -> Result<Solution> {
            Ok(with_gram!(kernel, &ground, most, settings.tol, ctl, gram => {
                solve_over(problem.clone(), &gram, &settings, settings.bytes(), ctl)?
            }))
        })?;
        let solved = read(&problem, solution);
        let held: Vec<usize> = (0..solved.coef.len()).filter(|&k| solved.coef[k] != 0.0).collect();
        let support: Vec<usize> = held.iter().map(|&k| ground.picked[k]).collect();
        let dual: Vec<f64> = held.iter().map(|&k| solved.coef[k]).collect();
        Ok(SvmModel {
            kind,
            kernel,
            rows: rows_of(kernel, &ground, &support).into(),
            support: support.iter().map(|&i| i as i32).collect(),
            n_support: Array1::from_elem(1, support.len() as i32),
            dual_coef: Array2::from_shape_vec((1, dual.len()), dual).unwrap_or_default(),
            intercept: Array1::from_elem(1, -solved.rho),
            prob_a: Array1::zeros(0),
            prob_b: Array1::zeros(0),
            shape: Shape::Ovr,
            break_ties: false,
            n_fit: data.x.nrows(),
            features: data.x.ncols(),
            sparse: data.x.is_sparse(),
            objective: Array1::from_elem(1, solved.objective),
            bounded: Array1::from_elem(1, solved.bounded as i32),
            report: Report {
                iterations: vec![solved.steps],
                converged: solved.end == End::Converged,
                solver: "smo".into(),
                warnings: end_warnings(&[solved.end], settings.max_iter),
            },
        })
    }
}

/// The numbers of the ground's rows.
///
/// # Errors
/// [`crate::Error::Input`] for none of them, or several outputs.
pub(super) fn numbers(name: &str, data: &Data<'_>, ground: &Ground<'_>) -> Result<Vec<f64>> {
    let y = data.values(name)?;
    if y.ncols() != 1 {
        bad_input!("{name} predicts one output, but there are {}", y.ncols());
    }
    Ok(ground.picked.iter().map(|&i| y[[i, 0]]).collect())
}
