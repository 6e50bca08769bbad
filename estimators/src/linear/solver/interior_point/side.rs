//! What the interior point keeps of each row: its residual, where its dual variable stands between its bounds, and the
//! multipliers of those bounds. The same serves the coefficients under an L1 penalty, whose "residual" is `−θ`.
//!
//! The barrier of a row counts as much as its weight. So a row of weight 2 is followed exactly as two rows are, and
//! weights as repetitions give the same iterates.

use crate::{Control, Result};
use ironlearn_linalg::threads;

/// Rows of one task.
const TILE: usize = 4096;

/// One row: the distances of its dual variable from its bounds, and their multipliers; all positive.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    to_low: f64,
    to_high: f64,
    low: f64,
    high: f64,
}

/// Rows whose dual variables have common bounds.
#[derive(Debug, Clone)]
pub struct Side {
    /// The bounds: the slopes of the loss below and above a residual of 0.
    pub low: f64,
    /// See above.
    pub high: f64,
    /// The weights.
    pub weights: Vec<f64>,
    /// The residuals, less `sigma` times the dual variables.
    pub residual: Vec<f64>,
    /// How much the dual objective curves: it holds `−½·Σ w·sigma·u²`.
    pub sigma: f64,
    pairs: Vec<Pair>,
}

/// Changes of one row.
#[derive(Clone, Copy)]
struct Change {
    u: f64,
    low: f64,
    high: f64,
}

/// How far a step may go, and what the complementarity is after a part of it: `at + p·of_primal + d·of_dual + p·d·of_both`.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Largest steps of the multipliers (with the residuals) and of the dual variables.
    pub primal: f64,
    /// See above.
    pub dual: f64,
    at: f64,
    of_primal: f64,
    of_dual: f64,
    of_both: f64,
}

/// What a corrected step aims at: each product of distance and multiplier at `mu`, less what the plain step `plain`
/// (as products of the rows) does to it in second order.
#[derive(Clone, Copy)]
pub struct Aim<'a> {
    /// The common product.
    pub mu: f64,
    /// The plain step's products.
    pub plain: &'a [f64],
}

impl Pair {
    fn curvature(&self, sigma: f64) -> f64 {
        1.0 / (self.low / self.to_low + self.high / self.to_high + sigma)
    }

    /// Straight for the optimum: the step whose product with this row is `a`.
    fn plain(&self, sigma: f64, residual: f64, a: f64) -> Change {
        let u = self.curvature(sigma) * (residual - a);
        Change { u, low: -self.low - self.low * u / self.to_low, high: -self.high + self.high * u / self.to_high }
    }

    /// What is added to the residual for a step with this aim, and the products' aims.
    fn aim(&self, sigma: f64, residual: f64, plain: f64, mu: f64) -> (f64, f64, f64) {
        let c = self.plain(sigma, residual, plain);
        let (low, high) = (mu - c.u * c.low, mu + c.u * c.high);
        (low / self.to_low - high / self.to_high, low, high)
    }

    fn corrected(&self, sigma: f64, residual: f64, (mu, plain): (f64, f64), a: f64) -> Change {
        let (more, low, high) = self.aim(sigma, residual, plain, mu);
        let u = self.curvature(sigma) * (residual + more - a);
        Change {
            u,
            low: low / self.to_low - self.low - self.low * u / self.to_low,
            high: high / self.to_high - self.high + self.high * u / self.to_high,
        }
    }
}

impl Reach {
    fn none() -> Self {
        let far = f64::INFINITY;
        Reach { primal: far, dual: far, at: 0.0, of_primal: 0.0, of_dual: 0.0, of_both: 0.0 }
    }

    /// Of two sides together.
    pub fn with(self, other: Reach) -> Self {
        Reach {
            primal: self.primal.min(other.primal),
            dual: self.dual.min(other.dual),
            at: self.at + other.at,
            of_primal: self.of_primal + other.of_primal,
            of_dual: self.of_dual + other.of_dual,
            of_both: self.of_both + other.of_both,
        }
    }

    /// The weighted sum of the products after steps of these lengths.
    pub fn after(&self, primal: f64, dual: f64) -> f64 {
        self.at + primal * self.of_primal + dual * self.of_dual + primal * dual * self.of_both
    }

    fn add(&mut self, pair: &Pair, c: Change, weight: f64) {
        let up_to = |value: f64, change: f64| if change < 0.0 { -value / change } else { f64::INFINITY };
        self.primal = self.primal.min(up_to(pair.low, c.low)).min(up_to(pair.high, c.high));
        self.dual = self.dual.min(up_to(pair.to_low, c.u)).min(up_to(pair.to_high, -c.u));
        self.at += weight * (pair.low * pair.to_low + pair.high * pair.to_high);
        self.of_primal += weight * (c.low * pair.to_low + c.high * pair.to_high);
        self.of_dual += weight * (pair.low - pair.high) * c.u;
        self.of_both += weight * (c.low - c.high) * c.u;
    }
}

impl Side {
    /// Dual variables at 0; multipliers that fit the residuals, `off` above the least that do.
    pub fn new((low, high): (f64, f64), weights: Vec<f64>, residual: Vec<f64>, off: f64) -> Self {
        let pair = |r: &f64| Pair { to_low: -low, to_high: high, low: (-r).max(0.0) + off, high: r.max(0.0) + off };
        let pairs = residual.iter().map(pair).collect();
        Side { low, high, weights, residual, sigma: 0.0, pairs }
    }

    /// The dual variable of row `i`, between `low` and `high`.
    pub fn dual(&self, i: usize) -> f64 {
        let pair = &self.pairs[i];
        if pair.to_low < pair.to_high { self.low + pair.to_low } else { self.high - pair.to_high }
    }

    /// How clearly row `i` has a residual: multiplier over distance, in units of `scale`. Far below 1: it is 0.
    pub fn clearness(&self, i: usize, scale: f64) -> f64 {
        let pair = &self.pairs[i];
        pair.low.max(pair.high) / (scale * pair.to_low.min(pair.to_high))
    }

    /// The weighted sum of the losses of the residuals.
    pub fn loss(&self) -> f64 {
        loss((self.low, self.high), &self.weights, &self.residual)
    }

    /// The weights of the rows in the normal equations.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] when interrupted; so for all that follow.
    pub fn curvatures(&self, ctl: &Control) -> Result<Vec<f64>> {
        self.each(ctl, |i, pair| self.weights[i] * pair.curvature(self.sigma))
    }

    /// The reach of the plain step whose products are `a`.
    ///
    /// # Errors
    /// As [`Side::curvatures`].
    pub fn plain_reach(&self, a: &[f64], ctl: &Control) -> Result<Reach> {
        self.reach(ctl, |i, pair| pair.plain(self.sigma, self.residual[i], a[i]))
    }

    /// What the right-hand side of the corrected step sums over the rows.
    ///
    /// # Errors
    /// As [`Side::curvatures`].
    pub fn corrected_target(&self, aim: Aim<'_>, ctl: &Control) -> Result<Vec<f64>> {
        self.each(ctl, |i, pair| {
            if self.weights[i] == 0.0 {
                return 0.0;
            }
            let more = pair.aim(self.sigma, self.residual[i], aim.plain[i], aim.mu).0;
            self.weights[i] * (pair.curvature(self.sigma) * (self.residual[i] + more) + self.dual(i))
        })
    }

    /// The reach of the corrected step whose products are `a`.
    ///
    /// # Errors
    /// As [`Side::curvatures`].
    pub fn corrected_reach(&self, aim: Aim<'_>, a: &[f64], ctl: &Control) -> Result<Reach> {
        self.reach(ctl, |i, pair| pair.corrected(self.sigma, self.residual[i], (aim.mu, aim.plain[i]), a[i]))
    }

    /// Takes the corrected step.
    ///
    /// # Errors
    /// As [`Side::curvatures`].
    pub fn advance(&mut self, aim: Aim<'_>, a: &[f64], (primal, dual): (f64, f64), ctl: &Control) -> Result<()> {
        let (residual, weights, sigma) = (&self.residual, &self.weights, self.sigma);
        threads::fill_rows(ctl, &mut self.pairs, 1, TILE, |first, pairs| {
            for (i, pair) in (first..).zip(pairs) {
                if weights[i] == 0.0 {
                    continue;
                }
                let c = pair.corrected(sigma, residual[i], (aim.mu, aim.plain[i]), a[i]);
                pair.to_low = (pair.to_low + dual * c.u).max(f64::MIN_POSITIVE);
                pair.to_high = (pair.to_high - dual * c.u).max(f64::MIN_POSITIVE);
                pair.low = (pair.low + primal * c.low).max(f64::MIN_POSITIVE);
                pair.high = (pair.high + primal * c.high).max(f64::MIN_POSITIVE);
            }
        })?;
        self.residual.iter_mut().zip(a).for_each(|(r, a)| *r -= primal * a);
        Ok(())
    }

    /// Takes other residuals (less `sigma` times the dual variables); multipliers are raised until they fit them.
    ///
    /// # Errors
    /// As [`Side::curvatures`].
    pub fn replace(&mut self, residual: Vec<f64>, sigma: f64, ctl: &Control) -> Result<()> {
        (self.residual, self.sigma) = (residual, sigma);
        let residual = &self.residual;
        threads::fill_rows(ctl, &mut self.pairs, 1, TILE, |first, pairs| {
            for (r, pair) in residual[first..].iter().zip(pairs) {
                let off = r - (pair.high - pair.low);
                pair.high += off.max(0.0);
                pair.low += (-off).max(0.0);
            }
        })?;
        Ok(())
    }

    /// The dual variables.
    pub fn duals(&self) -> Vec<f64> {
        (0..self.pairs.len()).map(|i| self.dual(i)).collect()
    }

    fn each(&self, ctl: &Control, of: impl Fn(usize, &Pair) -> f64 + Sync + Send) -> Result<Vec<f64>> {
        let mut out = vec![0.0; self.pairs.len()];
        threads::fill_rows(ctl, &mut out, 1, TILE, |first, out| {
            for ((i, out), pair) in (first..).zip(out).zip(&self.pairs[first..]) {
                *out = of(i, pair);
            }
        })?;
        Ok(out)
    }

    fn reach(&self, ctl: &Control, of: impl Fn(usize, &Pair) -> Change + Sync + Send) -> Result<Reach> {
        let parts = threads::map_tiles(ctl, self.pairs.len(), TILE, |rows| {
            let mut reach = Reach::none();
            for i in rows.filter(|&i| self.weights[i] > 0.0) {
                reach.add(&self.pairs[i], of(i, &self.pairs[i]), self.weights[i]);
            }
            reach
        })?;
        Ok(parts.into_iter().fold(Reach::none(), Reach::with))
    }
}

/// `Σ w·max(low·r, high·r)`.
pub fn loss((low, high): (f64, f64), weights: &[f64], residual: &[f64]) -> f64 {
    let of = |(w, r): (&f64, &f64)| w * if *r >= 0.0 { high * r } else { low * r };
    let tile = |(w, r): (&[f64], &[f64])| w.iter().zip(r).map(of).sum::<f64>();
    weights.chunks(TILE).zip(residual.chunks(TILE)).map(tile).sum()
}
