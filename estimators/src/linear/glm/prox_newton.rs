//! Newton's method for a loss with an L1 penalty: the quadratic model plus the penalty is minimised by coordinate
//! descent over a working set of columns, and a line search looks at the true objective.
//!
//! Lee, Sun and Saunders 2014 (doi:10.1137/130921428); working sets as in Massias, Gramfort and Salmon 2018. The
//! model's second moments are held for the working set only, so that p may be large; where that is not enough, and on
//! wide sparse X, the model is one of the rows ([`super::by_rows`]).

use super::by_rows::ByRows;
use super::lbfgs::{Found, Stop};
use super::objective::{Objective, Place};
use super::precondition::largest_curvature;
use super::rows::Rows;
use crate::linear::solver::direct::Scaled;
use crate::penalty::soft_threshold;
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2, s};

/// The largest order of a quadratic model.
const MODEL: usize = 4000;
/// The largest number of coordinates whose second moments are factored between sweeps.
const FACE: usize = 1500;
/// Coordinates that may become 0 between two sweeps.
const ZEROS: usize = 30;
/// Coordinates that a working set begins with, at least.
const FEW: usize = 100;

/// Minimises from `theta` on.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn minimise<B: Backend, F: Real, R: Rows>(
    objective: &Objective<'_, '_, B, F, R>,
    theta: Array2<f64>,
    stop: Stop,
) -> Result<Found> {
    let (l1, t) = (objective.l1(), theta.nrows());
    let mut place = objective.at(theta)?;
    let mut more = FEW;
    let most = room(t);
    let mut by_rows = ByRows::of(objective, false);
    for iteration in 0..stop.max_iter {
        if stop.met(&place) {
            return Ok(Found { place, iterations: iteration, converged: true, left: 0.0 });
        }
        if by_rows.is_none() && crowded(&place, most) {
            by_rows = ByRows::of(objective, true);
        }
        let (direction, whole) = if let Some(model) = &mut by_rows {
            (model.step(objective, &place)?, true)
        } else {
            let columns = working_set(&place, &l1, more, most);
            let hessian = objective.hessian(&place.theta, &columns)?;
            (model_step(objective, &place, &l1, &columns, hessian)?, columns.len() + 1 == place.theta.ncols())
        };
        let Some(direction) = direction else {
            return Ok(Found { place, iterations: iteration, converged: true, left: 0.0 });
        };
        let Some(next) = search(objective, &place, &direction, &l1)? else {
            return Ok(Found { place, iterations: iteration + 1, converged: true, left: 0.0 });
        };
        objective.ctl.step(iteration + 1, stop.max_iter, next.value)?;
        let decrease = (place.value - next.value) / place.value.abs().max(f64::MIN_POSITIVE);
        let (before, after) = (place.violation, next.violation);
        place = next;
        if after > 0.5 * before {
            more = doubled(more, place.theta.ncols());
        }
        if decrease <= 4.0 * f64::EPSILON && after > 0.5 * before && (whole || more > place.theta.ncols()) {
            return Ok(Found { place, iterations: iteration + 1, converged: true, left: 0.0 });
        }
    }
    let converged = stop.met(&place);
    Ok(Found { place, iterations: stop.max_iter, converged, left: 0.0 })
}

/// The columns that a working set has room for, of so many coefficients each: one at least.
fn room(outputs: usize) -> usize {
    (MODEL / outputs).saturating_sub(1).max(1)
}

/// Twice as many, as far as that still makes a difference among so many columns.
fn doubled(more: usize, columns: usize) -> usize {
    (2 * more).min(columns + 1)
}

/// The number of columns with a coefficient that is not 0.
fn active(place: &Place) -> usize {
    let p = place.theta.ncols() - 1;
    place.theta.columns().into_iter().take(p).filter(|column| column.iter().any(|&v| v != 0.0)).count()
}

/// Whether there is hardly room for more than those columns.
fn crowded(place: &Place, most: usize) -> bool {
    active(place) + most / 10 >= most && place.theta.ncols() - 1 > most
}

/// Columns with a coefficient that is not 0, and those that most want one: rising, at most `most`. Where there is no room
/// for more than the former, those that are furthest from where they want to be, so that all have their turn.
fn working_set(place: &Place, l1: &Array1<f64>, more: usize, most: usize) -> Vec<usize> {
    let p = place.theta.ncols() - 1;
    let (active, by_turns) = (active(place), crowded(place, most));
    let is_active = |j: usize| place.theta.column(j).iter().any(|&v| v != 0.0);
    let mut wishes: Vec<(f64, usize)> = Vec::new();
    for j in 0..p {
        let (theta, gradient) = (place.theta.column(j), place.gradient.column(j));
        let off = |(v, g): (&f64, &f64)| if *v == 0.0 { g.abs() - l1[j] } else { (g + l1[j] * v.signum()).abs() };
        let wish = match is_active(j) {
            true if by_turns => theta.iter().zip(gradient).map(off).fold(0.0, f64::max),
            true => f64::INFINITY,
            false => gradient.iter().fold(0.0_f64, |a, g| a.max(g.abs() - l1[j])),
        };
        // Near ones come too: a step of the others may push them over.
        if is_active(j) || wish > -0.1 * l1[j] {
            wishes.push((wish, j));
        }
    }
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    wishes.truncate((active + more.max(active)).min(most));
    let mut columns: Vec<usize> = wishes.into_iter().map(|w| w.1).collect();
    columns.sort_unstable();
    columns
}

/// The step that minimises the quadratic model with the penalty; none where it is 0.
fn model_step<B: Backend, F: Real, R: Rows>(
    objective: &Objective<'_, '_, B, F, R>,
    place: &Place,
    l1: &Array1<f64>,
    columns: &[usize],
    mut hessian: Array2<f64>,
) -> Result<Option<Array2<f64>>> {
    let (t, p, c) = (place.theta.nrows(), place.theta.ncols() - 1, columns.len());
    let of = |a: usize| columns.get(a).copied().unwrap_or(p);
    let order = t * (c + 1);
    let pick = |from: &Array2<f64>| Array1::from_shape_fn(order, |e| from[[e / (c + 1), of(e % (c + 1))]]);
    let (start, gradient) = (pick(&place.theta), pick(&place.gradient));
    let l1 = Array1::from_shape_fn(order, |e| l1[of(e % (c + 1))]);
    let fixed = |e: usize| !objective.fit_intercept && e % (c + 1) == c;
    let l2 = objective.l2();
    let l2 = Array1::from_shape_fn(c + 1, |a| l2[of(a)]);
    let floor = 1e-10 * largest_curvature(hessian.diag(), &l2);
    hessian.diag_mut().mapv_inplace(|v| v * (1.0 + 1e-12) + floor);
    let mut value = start.clone();
    // The model's gradient without the penalty.
    let mut slope = gradient;
    let mut first = 0.0_f64;
    for sweep in 0..2000 {
        objective.ctl.check()?;
        let mut largest = 0.0_f64;
        for e in 0..order {
            let curvature = hessian[[e, e]];
            // After the first sweeps only what moves, with a look at all every tenth time.
            if fixed(e) || !(curvature > 0.0) || (value[e] == 0.0 && slope[e].abs() <= l1[e]) {
                continue;
            }
            let target = value[e] - slope[e] / curvature;
            let next = soft_threshold(target, l1[e] / curvature);
            let step = next - value[e];
            if step != 0.0 {
                value[e] = next;
                slope.scaled_add(step, &hessian.row(e));
                largest = largest.max(step.abs() * curvature);
            }
        }
        if sweep == 0 {
            first = largest;
        }
        if largest <= 1e-4 * first || largest <= 1e-17 {
            break;
        }
        // Where columns depend on each other (categories and an intercept) sweeps would go on for thousands.
        let pause = if order <= 400 { 20 } else { 100 };
        if sweep % pause == pause - 1 {
            to_minimum_of_face(&hessian, &mut value, &mut slope, &l1, fixed)?;
        }
    }
    let step = value - start;
    if step.iter().all(|&v| v == 0.0) || !step.iter().all(|v| v.is_finite()) {
        return Ok(None);
    }
    let mut direction = Array2::zeros(place.theta.dim());
    for k in 0..t {
        let own = step.slice(s![k * (c + 1)..(k + 1) * (c + 1)]);
        own.iter().enumerate().for_each(|(a, &v)| direction[[k, of(a)]] = v);
    }
    Ok(Some(direction))
}

/// Newton steps of the model on the coordinates that are not 0, with their signs held: as far as the first that would
/// change its sign, which becomes 0; then on with the others, until none does.
fn to_minimum_of_face(
    hessian: &Array2<f64>,
    value: &mut Array1<f64>,
    slope: &mut Array1<f64>,
    l1: &Array1<f64>,
    fixed: impl Fn(usize) -> bool,
) -> Result<()> {
    for _ in 0..ZEROS {
        let free: Vec<usize> = (0..value.len())
            .filter(|&e| !fixed(e) && hessian[[e, e]] > 0.0 && (value[e] != 0.0 || l1[e] == 0.0))
            .collect();
        if free.is_empty() || free.len() > FACE {
            return Ok(());
        }
        let part = Array2::from_shape_fn((free.len(), free.len()), |(a, b)| hessian[[free[a], free[b]]]);
        let Some(factor) = Scaled::new(&part, 0.0)? else { return Ok(()) };
        let sign = |v: f64| if v == 0.0 { 0.0 } else { v.signum() };
        let right =
            Array2::from_shape_fn((free.len(), 1), |(a, _)| -slope[free[a]] - l1[free[a]] * sign(value[free[a]]));
        let step = factor.solve(&right)?;
        if !step.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        let (mut length, mut first) = (1.0, None);
        for (&e, &d) in free.iter().zip(&step) {
            let until = -value[e] / d;
            if l1[e] > 0.0 && until >= 0.0 && until < length {
                (length, first) = (until, Some(e));
            }
        }
        for (&e, &d) in free.iter().zip(&step) {
            let moved = if first == Some(e) { -value[e] } else { length * d };
            value[e] += moved;
            slope.scaled_add(moved, &hessian.row(e));
        }
        let Some(e) = first else { return Ok(()) };
        value[e] = 0.0;
    }
    Ok(())
}

/// The first of ever shorter steps that is low enough.
fn search<B: Backend, F: Real, R: Rows>(
    objective: &Objective<'_, '_, B, F, R>,
    place: &Place,
    direction: &Array2<f64>,
    l1: &Array1<f64>,
) -> Result<Option<Place>> {
    let penalty = |theta: &Array2<f64>| -> f64 {
        theta.rows().into_iter().map(|row| row.iter().zip(l1).map(|(v, l)| v.abs() * l).sum::<f64>()).sum()
    };
    let slope: f64 = direction.iter().zip(&place.gradient).map(|(d, g)| d * g).sum();
    // Where the L1 penalty is on the intercept, `l1` has it in its last place: θ is b there.
    let foreseen = slope + penalty(&(&place.theta + direction)) - penalty(&place.theta);
    let mut length = 1.0;
    for _ in 0..40 {
        let mut theta = place.theta.clone();
        theta.scaled_add(length, direction);
        if length == 1.0 {
            // Exact zeros stay exact.
            theta.iter_mut().for_each(|v| {
                if v.abs() < 1e-300 {
                    *v = 0.0;
                }
            });
        }
        let next = objective.at(theta)?;
        let change = next.value - place.value;
        let rounding = change.abs() <= 1e-13 * place.value.abs() && next.violation <= place.violation;
        if change <= 1e-4 * length * foreseen || rounding {
            return Ok(Some(next));
        }
        length *= 0.5;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve columns, of which the first `active` are not 0, with the violations 1, 2, … 12.
    fn place(active: usize) -> (Place, Array1<f64>) {
        let theta = Array2::from_shape_fn((1, 13), |(_, j)| if j < active { 1.0 } else { 0.0 });
        let gradient = Array2::from_shape_fn((1, 13), |(_, j)| {
            let off = (j + 1) as f64;
            if j < active { off - 1.0 } else { 1.0 + off }
        });
        let place = Place { theta, value: 1.0, gradient, violation: 12.0, total: 78.0 };
        (place, Array1::ones(13))
    }

    /// Thousands of classes leave room for a column, and hundreds of steps that bring little do not overflow.
    #[test]
    fn a_working_set_always_has_room() {
        assert_eq!([1, 4, 1000, 2000, 2001, 4000, 9000].map(room), [3999, 999, 3, 1, 1, 1, 1]);
        let ends = [1, 60, 5000].map(|columns| (0..300).fold(FEW, |more, _| doubled(more, columns)));
        assert_eq!(ends, [2, 61, 5001]);
        assert_eq!(doubled(FEW, 5000), 2 * FEW);
    }

    /// However many coefficients are not 0, what is furthest from its optimum is in the working set.
    #[test]
    fn what_is_furthest_from_its_optimum_has_its_turn() {
        for active in 0..=12 {
            let (place, l1) = place(active);
            for more in [1, 100] {
                let columns = working_set(&place, &l1, more, 8);
                assert!(columns.contains(&11), "{active} {more}: {columns:?}");
                assert!(columns.len() <= 8 && columns.is_sorted());
            }
        }
        let (all, l1) = place(9);
        assert_eq!(working_set(&all, &l1, 1, 12).len(), 12);
    }
}
