//! Mehrotra's predictor and corrector on the bounded dual of quantile regression (Mehrotra 1992, doi:10.1137/0802028;
//! for this dual: Portnoy and Koenker 1997, doi:10.1214/ss/1030037960). Each iteration takes one weighted Gram of X and
//! two Cholesky solves. It starts, and so stays, in the interior of both problems.

use super::Pinball;
use crate::linear::solver::interior_point::design::{Design, column};
use crate::linear::solver::interior_point::side::{self, Aim, Side};
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::ArrayView1;
use std::time::Instant;

/// Where the interior point stopped.
pub struct Inside {
    /// The point.
    pub theta: Vec<f64>,
    /// The rows.
    pub rows: Side,
    /// The penalised coefficients.
    pub penalties: Side,
    /// Iterations.
    pub iterations: usize,
    /// Why it stopped early.
    pub cut: Option<Cut>,
}

/// What stopped a run before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As many iterations as were allowed.
    Iterations,
    /// As many seconds.
    Time,
}

/// How near to the border of the interior a step may go.
const NEAR: f64 = 0.9995;
/// Iterations, where the caller gives no limit; twenty to forty are usual.
const MOST: usize = 500;

/// Goes from `theta` until the complementarity gap is `tol` of the objective or does not shrink any more.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn interior<B: Backend, F: Real>(
    problem: &Pinball,
    design: &Design<'_, '_, B, F>,
    mut theta: Vec<f64>,
) -> Result<Inside> {
    let (ctl, m) = (design.ctl(), design.columns.len());
    let began = Instant::now();
    let product = design.product(&theta)?;
    let residual: Vec<f64> = problem.y.iter().zip(&product).map(|(y, z)| y - z).collect();
    let strengths = problem.strengths(design);
    let spread = problem.spread;
    let typical = side::loss((-1.0, 1.0), &problem.weights, &residual);
    let off = (0.2 * typical).max(1e-6 * spread);
    let bounds = (problem.quantile - 1.0, problem.quantile);
    let mut rows = Side::new(bounds, problem.weights.clone(), residual, off);
    let mut penalties = Side::new((-1.0, 1.0), strengths, theta[..m].iter().map(|v| -v).collect(), off);
    let total = 2.0 * (rows.weights.iter().sum::<f64>() + penalties.weights.iter().sum::<f64>());
    let most = problem.limit.iterations.unwrap_or(MOST);
    let (mut iterations, mut cut, mut last) = (0, None, f64::INFINITY);
    // Iterations in a row that gained next to nothing.
    let mut idle = 0;
    loop {
        let d = rows.curvatures(ctl)?;
        let of_penalties = penalties.curvatures(ctl)?;
        let extra: Vec<f64> = of_penalties.iter().zip(&penalties.residual).map(|(d, r)| d * r).collect();
        let targets = column(&ArrayView1::from(&rows.residual));
        let Some((normal, plain)) = design.normal(&d, targets, &of_penalties, &extra)? else { break };
        let plain = &plain[0];
        let along = design.product(plain)?;
        // The "residual" of a penalty is −θ: its product with a step is θ's change.
        let beside = plain[..m].to_vec();
        let reach = rows.plain_reach(&along, ctl)?.with(penalties.plain_reach(&beside, ctl)?);
        let gap = reach.after(0.0, 0.0);
        let value = rows.loss() + penalties.loss();
        ctl.step(iterations, most, value)?;
        idle = if gap > 0.5 * last { idle + 1 } else { 0 };
        last = last.min(gap);
        if gap <= problem.tol * value || gap <= 1e-15 * spread || idle > 8 || !gap.is_finite() {
            break;
        }
        if iterations >= most {
            cut = Some(Cut::Iterations);
            break;
        }
        if problem.limit.seconds.is_some_and(|s| began.elapsed().as_secs_f64() >= s) {
            cut = Some(Cut::Time);
            break;
        }
        iterations += 1;
        let ahead = reach.after(reach.primal.min(1.0), reach.dual.min(1.0)).max(0.0) / gap;
        let mu = ahead.powi(3).min(1.0) * gap / total;
        let (of_rows, of_pens) = (Aim { mu, plain: &along }, Aim { mu, plain: &beside });
        let mut right = design.transposed(&rows.corrected_target(of_rows, ctl)?)?;
        let more = penalties.corrected_target(of_pens, ctl)?;
        right.iter_mut().zip(&more).for_each(|(r, v)| *r += v);
        let step = normal.solve(&right)?;
        if !step.iter().all(|v| v.is_finite()) {
            break;
        }
        let along = design.product(&step)?;
        let beside = step[..m].to_vec();
        let reach = rows.corrected_reach(of_rows, &along, ctl)?.with(penalties.corrected_reach(of_pens, &beside, ctl)?);
        let lengths = ((NEAR * reach.primal).min(1.0), (NEAR * reach.dual).min(1.0));
        rows.advance(of_rows, &along, lengths, ctl)?;
        penalties.advance(of_pens, &beside, lengths, ctl)?;
        theta.iter_mut().zip(&step).for_each(|(t, s)| *t += lengths.0 * s);
    }
    Ok(Inside { theta, rows, penalties, iterations, cut })
}
