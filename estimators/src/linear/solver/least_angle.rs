//! Least angle regression and the whole path of the lasso, by one active set that grows and shrinks.
//!
//! Efron, Hastie, Johnstone and Tibshirani, "Least angle regression", Annals of Statistics 32 (2004),
//! doi 10.1214/009053604000000067. All active columns have one correlation C with what is left of y; coefficients
//! move so that it stays one, until another column reaches it, or (lasso) a coefficient reaches 0.

use super::active_set::ActiveSet;
use super::columns::Columns;
use crate::{Control, Result, Warning, WarningKind};

/// Which path, and how far.
#[derive(Debug, Clone)]
pub struct LeastAngle {
    /// Whether a coefficient that reaches 0 leaves the active set: the path of the lasso. Else least angles.
    pub lasso: bool,
    /// Whether coefficients have to be ≥ 0 (lasso only).
    pub positive: bool,
    /// Where to stop: C / n.
    pub alpha_min: f64,
    /// The most steps.
    pub max_iter: usize,
    /// The least share of a column, in units of its length, that counts as outside the active columns' span.
    pub eps: f64,
    /// What C is divided by to be alpha: the number of rows.
    pub n_samples: f64,
}

/// The path between its knots is linear.
#[derive(Debug, Clone, Default)]
pub struct Path {
    /// C / n at each knot.
    pub alphas: Vec<f64>,
    /// The coefficients at each knot, by column; those not named are 0.
    pub knots: Vec<Vec<(usize, f64)>>,
    /// The active columns at the end, in the order in which they joined.
    pub active: Vec<usize>,
    /// The number of steps.
    pub iterations: usize,
    /// What ended it early.
    pub warnings: Vec<Warning>,
}

/// A column of which less than this share is outside the active columns' span is one of them, but for rounding.
const DEGENERATE: f64 = 1e-7;
/// C this near to `alpha_min`, in units of 1 or of the first alpha where that is smaller, has reached it.
const ARRIVED: f64 = f32::EPSILON as f64;
/// Correlations this near to C, in units of the first, are equal.
const TIED: f64 = 1e-12;
/// A column that left the active set may show its dependence on it so often before it is out for good.
const PATIENCE: u8 = 8;

/// The state between two knots.
struct Walk<'c, 's> {
    rule: &'s LeastAngle,
    columns: &'c mut dyn Columns,
    set: ActiveSet,
    /// Active columns first, then the others.
    order: Vec<usize>,
    signs: Vec<f64>,
    coef: Vec<f64>,
    /// The correlation of each column; kept up for those that are not active.
    correlation: Vec<f64>,
    /// How often a column was found dependent on the active ones, and whether it is out because of that.
    dependent: Vec<(u8, bool)>,
    path: Path,
}

impl LeastAngle {
    /// Walks the path. `xty` are the correlations at the start.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run or a failed device.
    pub fn path(&self, columns: &mut dyn Columns, xty: Vec<f64>, ctl: &Control) -> Result<Path> {
        let p = columns.count();
        let mut walk = Walk {
            rule: self,
            columns,
            set: ActiveSet::default(),
            order: (0..p).collect(),
            signs: Vec::new(),
            coef: vec![0.0; p],
            correlation: xty,
            dependent: vec![(0, false); p],
            path: Path::default(),
        };
        walk.run(ctl)?;
        let mut path = walk.path;
        path.iterations = path.knots.len() - 1;
        path.active = walk.order[..walk.set.len()].to_vec();
        Ok(path)
    }
}

impl Walk<'_, '_> {
    fn run(&mut self, ctl: &Control) -> Result<()> {
        let p = self.order.len();
        let mut left = false;
        let mut arrived = ARRIVED;
        loop {
            let step = self.path.knots.len();
            let best = self.best();
            let c = best.map_or(0.0, |at| self.size(at));
            let alpha = c / self.rule.n_samples;
            if step == 0 {
                arrived *= alpha.clamp(0.0, 1.0);
            }
            ctl.step(step, self.rule.max_iter.min(p), alpha)?;
            self.path.alphas.push(alpha);
            self.path.knots.push(self.order[..self.set.len()].iter().map(|&j| (j, self.coef[j])).collect());
            if alpha <= self.rule.alpha_min + arrived {
                self.arrive(step, arrived);
                return Ok(());
            }
            if step >= self.rule.max_iter || self.set.len() >= p {
                return Ok(());
            }
            if !left && !self.join(best, c, alpha)? {
                if self.set.is_empty() {
                    return Ok(());
                }
                // No event after all: the walk goes on as if there had been no knot.
                self.path.alphas.pop();
                self.path.knots.pop();
            }
            let before = self.path.alphas.len().checked_sub(2).map(|k| self.path.alphas[k]);
            if self.rule.lasso && before.is_some_and(|before| before < alpha) {
                self.warn(format!(
                    "Early stopping the lars path, as the residues are small and the current value of alpha is no \
                     longer well controlled. {step} iterations, alpha={alpha:.3e}, previous alpha={:.3e}, with an \
                     active set of {} regressors.",
                    before.unwrap_or_default(),
                    self.set.len()
                ));
                return Ok(());
            }
            left = self.advance(c)?;
        }
    }

    /// How strongly the column at this place of the order pulls.
    fn size(&self, at: usize) -> f64 {
        let value = self.correlation[self.order[at]];
        if self.rule.positive { value } else { value.abs() }
    }

    /// The place of the column outside the active set that pulls most; the first of equals.
    fn best(&self) -> Option<usize> {
        let mut best = None;
        for at in self.set.len()..self.order.len() {
            if self.dependent[self.order[at]].1 {
                continue;
            }
            if best.is_none_or(|best| self.size(at) > self.size(best)) {
                best = Some(at);
            }
        }
        best
    }

    /// The end at `alpha_min`, between the last knot and the one before.
    fn arrive(&mut self, step: usize, arrived: f64) {
        let (alpha, goal) = (self.path.alphas[step], self.rule.alpha_min);
        if (alpha - goal).abs() <= arrived {
            self.path.alphas[step] = goal;
            return;
        }
        if step > 0 {
            let before = self.path.alphas[step - 1];
            let share = (before - goal) / (before - alpha);
            let knot = self.path.knots[step - 1].clone();
            let start = |j| knot.iter().find(|(k, _)| *k == j).map_or(0.0, |(_, v)| *v);
            // A coefficient that is at 0 now was somewhere else before.
            let gone = knot.iter().filter(|(j, _)| !self.order[..self.set.len()].contains(j));
            let gone: Vec<_> = gone.map(|&(j, v)| (j, v * (1.0 - share))).collect();
            for (j, value) in &mut self.path.knots[step] {
                let from = start(*j);
                *value = from + share * (*value - from);
            }
            self.path.knots[step].extend(gone);
        }
        self.path.alphas[step] = goal;
    }

    /// Lets the column that pulls most join, or, where that one depends on the active ones, another that pulls as
    /// strongly; whether one joined.
    fn join(&mut self, best: Option<usize>, c: f64, alpha: f64) -> Result<bool> {
        let first = self.path.alphas[0] * self.rule.n_samples;
        let mut best = best;
        while let Some(at) = best {
            if c - self.size(at) > TIED * first && !self.set.is_empty() {
                return Ok(false);
            }
            let (j, m) = (self.order[at], self.set.len());
            let norm = self.columns.squared_norm(j)?;
            let products = self.columns.products(j, &self.order[..m])?;
            let (row, left) = self.set.row_of(products, norm);
            let length = norm.sqrt();
            let diagonal = left.abs().sqrt().max(self.rule.eps * length);
            if diagonal >= DEGENERATE * length && length > 0.0 && diagonal.is_finite() {
                self.set.join(row, diagonal);
                self.order.swap(m, at);
                self.signs.push(if self.rule.positive { 1.0 } else { self.correlation[j].signum() });
                return Ok(true);
            }
            self.warn(format!(
                "Regressors in active set degenerate. Dropping a regressor, after {} iterations, i.e. \
                 alpha={alpha:.3e}, with an active set of {m} regressors, and the smallest cholesky pivot element \
                 being {diagonal:.3e}. Reduce max_iter or increase eps parameters.",
                self.path.knots.len() - 1
            ));
            self.dependent[j] = (self.dependent[j].0 + 1, true);
            self.columns.forget(j);
            best = self.best();
        }
        Ok(false)
    }

    /// Moves the active coefficients to the next knot; whether columns left there.
    fn advance(&mut self, c: f64) -> Result<bool> {
        let m = self.set.len();
        let mut direction = self.set.solve(&self.signs);
        let unit = 1.0 / direction.iter().zip(&self.signs).map(|(d, s)| d * s).sum::<f64>().sqrt();
        direction.iter_mut().for_each(|d| *d *= unit);
        let mut along = self.columns.along(&self.order[..m], &direction)?;
        // Columns that pull alike must go on doing so: what is below 15 digits is rounding.
        along.mapv_inplace(|v| (v / unit * 1e15).round() / 1e15 * unit);

        let mut gamma = c / unit;
        let mut meets = |ahead: f64, closing: f64| {
            let when = ahead / closing;
            if when > 0.0 && when < gamma {
                gamma = when;
            }
        };
        for &j in self.order[m..].iter().filter(|&&j| !self.dependent[j].1) {
            meets(c - self.correlation[j], unit - along[j]);
            if !self.rule.positive {
                meets(c + self.correlation[j], unit + along[j]);
            }
        }
        // Least angles do not mind a coefficient that changes its sign: its correlation does not.
        let zeros: Vec<f64> = self.order[..m].iter().zip(&direction).map(|(&j, d)| -self.coef[j] / d).collect();
        let zero = zeros.iter().copied().filter(|&z| z > 0.0).fold(f64::INFINITY, f64::min);
        let crossed = self.rule.lasso && zero < gamma;
        if crossed {
            gamma = zero;
        }
        for (&j, d) in self.order[..m].iter().zip(&direction) {
            self.coef[j] += gamma * d;
        }
        for &j in &self.order[m..] {
            self.correlation[j] -= gamma * along[j];
        }
        if crossed {
            let places: Vec<usize> = (0..m).rev().filter(|&at| zeros[at] == zero).collect();
            places.iter().try_for_each(|&at| self.leave(at))?;
        }
        Ok(crossed)
    }

    /// Takes the column at this place out of the active set.
    fn leave(&mut self, at: usize) -> Result<()> {
        self.set.leave(at);
        self.signs.remove(at);
        let j = self.order.remove(at);
        let m = self.set.len();
        self.order.insert(m, j);
        self.coef[j] = 0.0;
        let coef: Vec<f64> = self.order[..m].iter().map(|&a| self.coef[a]).collect();
        self.correlation[j] = self.columns.correlation(j, &self.order[..m], &coef)?;
        self.columns.forget(j);
        // What depended on the active columns may not do so without this one.
        self.dependent.iter_mut().for_each(|(times, out)| *out &= *times >= PATIENCE);
        Ok(())
    }

    fn warn(&mut self, message: String) {
        self.path.warnings.push(Warning { kind: WarningKind::Convergence, message });
    }
}
