//! Non-negative least squares on the normal equations, by active sets.
//!
//! First block principal pivoting (Portugal, Júdice and Vicente 1994; Kim and Park 2011, doi 10.1137/110821172): all
//! coefficients that are on the wrong side change it at once, which takes few factorisations. Where a factorisation
//! fails, the columns are dependent, and the method of Lawson and Hanson (1974) goes on, one column at a time.

use super::direct::Scaled;
use crate::{Control, Result};
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// What [`nnls`] found.
#[derive(Debug, Clone)]
pub struct NonNegative {
    /// p coefficients, none negative.
    pub coef: Array1<f64>,
    /// Changes of the active set, and the last look that found nothing to change.
    pub iterations: usize,
    /// Whether the optimality conditions hold.
    pub converged: bool,
}

/// How often the number of wrong coefficients may fail to fall before single changes take over.
const PATIENCE: usize = 3;

/// The problem in units that make each column's square 1.
struct Scales {
    gram: Array2<f64>,
    xty: Array1<f64>,
    unit: Array1<f64>,
}

impl Scales {
    /// The gradient, and the size of its rounding errors.
    fn gradient(&self, w: &Array1<f64>) -> (Array1<f64>, f64) {
        let reach = w.iter().map(|v| v.abs()).sum::<f64>() + self.xty.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        (self.gram.dot(w) - &self.xty, 16.0 * f64::EPSILON * reach)
    }

    /// The least-squares solution over the columns in `set`; `None` where they are dependent.
    fn solve(&self, set: &[usize]) -> Result<Option<Array1<f64>>> {
        let mut w = Array1::zeros(self.xty.len());
        if set.is_empty() {
            return Ok(Some(w));
        }
        let part = self.gram.select(Axis(0), set).select(Axis(1), set);
        match Scaled::new(&part, 0.0)? {
            Some(factor) if factor.rcond() > 1e-14 => {
                let rhs = self.xty.select(Axis(0), set).insert_axis(Axis(1));
                let mut found = factor.solve(&rhs)?;
                let residual = &rhs - &part.dot(&found);
                found += &factor.solve(&residual)?;
                set.iter().zip(found.column(0)).for_each(|(&j, &v)| w[j] = v);
                Ok(Some(w))
            }
            _ => Ok(None),
        }
    }
}

/// Minimises `½·wᵀ·gram·w − wᵀ·xty` over w ≥ 0.
///
/// # Errors
/// [`crate::Error::Linalg`] for an interrupted run.
pub fn nnls(
    gram: &Array2<f64>,
    xty: ArrayView1<'_, f64>,
    max_iter: Option<usize>,
    ctl: &Control,
) -> Result<NonNegative> {
    let p = xty.len();
    // A column of zeros keeps the coefficient 0: it never leaves the boundary.
    let unit = gram.diag().mapv(|v| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 });
    let scaled = Array2::from_shape_fn((p, p), |(i, j)| gram[[i, j]] * unit[i] * unit[j]);
    let scales = Scales { gram: scaled, xty: &xty * &unit, unit };
    let limit = max_iter.unwrap_or(3 * p + 10);
    let mut found = match pivot(&scales, limit, ctl)? {
        Some(found) => found,
        None => one_by_one(&scales, limit, ctl)?,
    };
    found.coef *= &scales.unit;
    Ok(found)
}

fn members(inside: &[bool]) -> Vec<usize> {
    (0..inside.len()).filter(|&j| inside[j]).collect()
}

/// Block principal pivoting; `None` where the columns of a set are dependent.
fn pivot(scales: &Scales, limit: usize, ctl: &Control) -> Result<Option<NonNegative>> {
    let p = scales.xty.len();
    let mut inside = vec![false; p];
    let mut w = Array1::zeros(p);
    let (mut fewest, mut patience) = (p + 1, PATIENCE);
    for iterations in 1..=limit {
        let (gradient, noise) = scales.gradient(&w);
        let wrong: Vec<usize> = (0..p).filter(|&j| if inside[j] { w[j] < 0.0 } else { gradient[j] < -noise }).collect();
        ctl.step(iterations, limit, wrong.len() as f64)?;
        if wrong.is_empty() {
            return Ok(Some(NonNegative { coef: w, iterations, converged: true }));
        }
        let all = if wrong.len() < fewest {
            (fewest, patience) = (wrong.len(), PATIENCE);
            true
        } else {
            patience = patience.saturating_sub(1);
            patience > 0
        };
        let changed = if all { &wrong[..] } else { &wrong[wrong.len() - 1..] };
        changed.iter().for_each(|&j| inside[j] = !inside[j]);
        match scales.solve(&members(&inside))? {
            Some(next) => w = next,
            None => return Ok(None),
        }
    }
    let coef = w.mapv(|v| v.max(0.0));
    Ok(Some(NonNegative { coef, iterations: limit, converged: false }))
}

/// Lawson and Hanson's method; a column that depends on those inside is left out.
fn one_by_one(scales: &Scales, limit: usize, ctl: &Control) -> Result<NonNegative> {
    let p = scales.xty.len();
    let (mut inside, mut refused) = (vec![false; p], vec![false; p]);
    let mut w = Array1::<f64>::zeros(p);
    let mut iterations = 0;
    loop {
        let (gradient, noise) = scales.gradient(&w);
        let steepest = (0..p)
            .filter(|&j| !inside[j] && !refused[j] && gradient[j] < -noise)
            .min_by(|&a, &b| gradient[a].total_cmp(&gradient[b]));
        iterations += 1;
        ctl.step(iterations, limit, steepest.map_or(0.0, |j| -gradient[j]))?;
        let Some(j) = steepest else {
            return Ok(NonNegative { coef: w, iterations, converged: true });
        };
        if iterations >= limit {
            return Ok(NonNegative { coef: w, iterations, converged: false });
        }
        inside[j] = true;
        loop {
            let set = members(&inside);
            let Some(next) = scales.solve(&set)? else {
                (inside[j], refused[j]) = (false, true);
                w[j] = 0.0;
                break;
            };
            if set.iter().all(|&k| next[k] > 0.0) {
                w = next;
                refused.fill(false);
                break;
            }
            // As far towards `next` as no coefficient turns negative; the first to reach 0 leaves.
            let reach = |k: &usize| w[*k] / (w[*k] - next[*k]);
            let first = set.iter().filter(|&&k| next[k] <= 0.0).min_by(|a, b| reach(a).total_cmp(&reach(b)));
            let Some(&first) = first else { break };
            let share = reach(&first).clamp(0.0, 1.0);
            w = &w + &((&next - &w) * share);
            for &k in &set {
                if w[k] <= 0.0 || k == first {
                    w[k] = 0.0;
                    inside[k] = false;
                    // A column that leaves as it enters was at its optimum.
                    refused[k] |= k == j;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    /// w ≥ 0, gradient ≥ 0, and one of the two is 0 for each coefficient; with dependent columns too.
    #[test]
    fn the_optimality_conditions_hold() {
        for (n, p, twice) in [(30, 5, false), (80, 40, false), (60, 12, true), (10, 25, false)] {
            let mut x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin());
            if twice {
                let first = x.column(0).to_owned();
                x.column_mut(p - 1).assign(&first);
            }
            let y = Array::from_shape_fn(n, |i| ((i * i) as f64 * 0.7).cos() + x[[i, 0]]);
            let (gram, xty) = (x.t().dot(&x), x.t().dot(&y));
            let found = nnls(&gram, xty.view(), None, &Control::new()).unwrap();
            assert!(found.converged);
            let gradient = gram.dot(&found.coef) - &xty;
            let slack = 1e-9 * xty.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
            for (w, g) in found.coef.iter().zip(&gradient) {
                assert!(*w >= 0.0 && *g >= -slack && (*w == 0.0 || g.abs() <= slack), "w = {w}, gradient = {g}");
            }
        }
    }
}
