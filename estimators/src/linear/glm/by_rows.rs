//! A Newton step of a loss with an L1 penalty whose quadratic model is kept row by row: a parabola for each, instead of the
//! second moments of the columns. Any number of coefficients may be other than 0.
//!
//! Yuan, Ho and Lin 2012, "An improved GLMNET for L1-regularized logistic regression" (JMLR 13, 1999-2030): coordinate
//! descent on the model; where it crawls, conjugate gradients ([`descent`]).

use super::objective::{Objective, Place};
use super::rows::Rows;
use crate::linear::solver::descent::{self, Bend, Columns, Rule, State, Steps};
use crate::{Backend, Result};
use ironlearn_linalg::{Matrix, Real, threads};
use ndarray::{Array1, Array2, s};

/// Up to so many columns of X the second moments are the better choice.
const BY_MOMENTS: usize = 200;
/// What the passes over an entry of X cost, in entries of the second moments: where that is more than these, they are, too.
const ENTRY: usize = 4;
/// The sum of the model's violations at the end of a step, as a share of what it is at first.
const FORCING: f64 = 0.1;
/// Passes over the columns in a step.
const PASSES: usize = 1000;
/// Rows that a thread takes at a time.
const TILE: usize = 2048;
/// The least curvature of a row, as a share of the largest.
const FLAT: f64 = 1e-10;

/// What is kept from step to step.
pub struct ByRows<F> {
    columns: Columns<F>,
    steps: Steps,
    taken: u64,
}

impl<F: Real> ByRows<F> {
    /// A copy of X by column, where steps by the rows are the better choice: on wide X of many zeros, or where a model of the
    /// second moments is `too_large`; for one prediction a row.
    pub fn of<B: Backend, R: Rows>(objective: &Objective<'_, '_, B, F, R>, too_large: bool) -> Option<Self> {
        let x = objective.x.as_ref();
        let one = objective.rows.outputs() == 1;
        let wide = |p: usize| p > BY_MOMENTS && p.saturating_mul(p) > stored(x).saturating_mul(ENTRY);
        let new = || ByRows { columns: Columns::of(x), steps: Steps::default(), taken: 0 };
        (one && (too_large || wide(x.ncols()))).then(new)
    }

    /// The step that minimises the quadratic model with the penalties, nearly; none where it is 0.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] when interrupted.
    pub fn step<B: Backend, R: Rows>(
        &mut self,
        objective: &Objective<'_, '_, B, F, R>,
        place: &Place,
    ) -> Result<Option<Array2<f64>>> {
        let (p, ctl) = (objective.cols(), objective.ctl);
        let raw = objective.raw(&place.theta)?;
        // In units in which the strongest L1 penalty is 1.
        let strongest = objective.penalty.l1.iter().fold(0.0, |a: f64, l| a.max(*l));
        let unit = 1.0 / (objective.rows.weight() * strongest);
        let mut rows = threads::map_tiles(ctl, raw.nrows(), TILE, |range| {
            let of = |i: usize| {
                let (mut z, mut h) = ([raw[[i, 0]]], [0.0]);
                objective.rows.curvatures(i, &z, &mut h);
                objective.rows.gradient(i..i + 1, &mut z);
                Bend { slope: unit * z[0], curvature: unit * h[0] }
            };
            range.map(of).collect::<Vec<Bend>>()
        })?
        .concat();
        let most = rows.iter().fold(0.0, |a: f64, row| a.max(row.curvature));
        let floor = if most > 0.0 { FLAT * most } else { 1.0 };
        rows.iter_mut().for_each(|row| row.curvature = row.curvature.max(floor));
        let (coef, intercept) = objective.coefficients(&place.theta);
        let mut start = coef.row(0).to_vec();
        start.push(intercept[0]);
        let penalties = |of: &Array1<f64>| of.iter().map(|l| l / strongest).collect::<Vec<f64>>();
        let constant = f64::from(u8::from(objective.fit_intercept));
        let penalty = (penalties(&objective.penalty.l1), penalties(&objective.penalty.l2));
        let mut state = State::new((&self.columns, constant), (start, rows), penalty);
        self.taken += 1;
        let rule = Rule { share: FORCING, max_iter: PASSES, seed: (0, self.taken) };
        descent::minimise(&mut state, rule, &mut self.steps, &ctl.quiet())?;
        let found = Array1::from(state.theta);
        let coef = found.slice(s![..p]).insert_axis(ndarray::Axis(0));
        let direction = objective.theta(coef, &found.slice(s![p..]).to_owned()) - &place.theta;
        Ok(direction.iter().any(|&v| v != 0.0).then_some(direction).filter(|d| d.iter().all(|v| v.is_finite())))
    }
}

/// The entries that are stored, or of dense X the ones other than 0, where those are the fewer; else no end of them.
fn stored<F: Real>(x: &Matrix<'_, F>) -> usize {
    match x {
        Matrix::Sparse(x) => x.data().len(),
        Matrix::Dense(x) => {
            let filled = x.fold(0, |count, v| count + usize::from(*v != F::zero()));
            if 2 * filled > x.len() { usize::MAX } else { filled }
        }
    }
}
