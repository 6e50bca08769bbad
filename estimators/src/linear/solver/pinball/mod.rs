//! Quantile regression with an L1 penalty, solved to a vertex: an interior point comes near, a clean-up lands.
//!
//! Minimises `Σ w·ρ(y − A·θ) + Σ strength·|θ|` with weights that add up to 1 and Koenker's check function ρ. The dual
//! maximises `Σ w·y·u` over `quantile − 1 ≤ u ≤ quantile` with `|Aᵀ(w·u)| ≤ strength` (equal to 0 for the intercept and
//! where there is no penalty); any such u bounds the objective from below, and the answer is told with its gap.

mod basis;
mod interior;
mod line;
mod vertex;

pub use interior::Cut;

use crate::linear::solver::interior_point::design::Design;
use crate::linear::solver::interior_point::side;
use crate::{Backend, Control, Result};
use ironlearn_linalg::Real;
use ndarray::{Array1, ArrayView1};

/// The problem, but for X.
pub struct Pinball {
    /// The target; with an intercept best less its mean.
    pub y: Vec<f64>,
    /// Weights that are not negative and add up to 1.
    pub weights: Vec<f64>,
    /// The quantile, in (0, 1).
    pub quantile: f64,
    /// The strength of the L1 penalty on X's own coefficients.
    pub alpha: f64,
    /// Whether there is an intercept.
    pub intercept: bool,
    /// The relative gap at which the interior point ends.
    pub tol: f64,
    /// What a run may take.
    pub limit: Limit,
    /// The weighted mean of |y|.
    pub spread: f64,
}

/// What a run may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limit {
    /// Iterations of the interior point.
    pub iterations: Option<usize>,
    /// Seconds.
    pub seconds: Option<f64>,
}

/// The answer.
pub struct Answer {
    /// One for each column of X.
    pub coef: Array1<f64>,
    /// 0 where there is none.
    pub intercept: f64,
    /// Iterations of the interior point and steps between vertices.
    pub iterations: usize,
    /// The objective.
    pub value: f64,
    /// How far it may be above the least value.
    pub gap: f64,
    /// What stopped the run before its end.
    pub cut: Option<Cut>,
}

impl Pinball {
    /// Solves for X.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity in X, [`crate::Error::Linalg`].
    pub fn solve<B: Backend, F: Real>(&self, on: &B, x: &B::Placed<'_, F>, ctl: &Control) -> Result<Answer> {
        let y = ArrayView1::from(&self.y);
        let options = (self.intercept, self.alpha > 0.0);
        let (design, mut theta) = Design::new(on, x, y, &self.weights, options, ctl)?;
        if self.spread == 0.0 || design.width() == 0 {
            let (coef, intercept) = design.coefficients(&vec![0.0; design.width()]);
            let value = side::loss(self.bounds(), &self.weights, &self.y);
            return Ok(Answer { coef, intercept, iterations: 1, value, gap: 0.0, cut: None });
        }
        self.choose_start(&design, &mut theta)?;
        let inside = interior::interior(self, &design, theta)?;
        let (iterations, cut) = (inside.iterations, inside.cut);
        let found = vertex::land(self, &design, &inside)?;
        let (coef, intercept) = design.coefficients(&found.theta);
        let iterations = (iterations + found.steps).max(1);
        Ok(Answer { coef, intercept, iterations, value: found.value, gap: found.gap, cut })
    }

    fn bounds(&self) -> (f64, f64) {
        (self.quantile - 1.0, self.quantile)
    }

    /// The strengths of the penalties in the design's coordinates.
    fn strengths<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>) -> Vec<f64> {
        design.scale.iter().map(|s| self.alpha / s).collect()
    }

    /// Least squares, or the weighted quantile of y alone where that is better.
    fn choose_start<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>, theta: &mut [f64]) -> Result<()> {
        let mut alone = vec![0.0; theta.len()];
        if self.intercept {
            alone[theta.len() - 1] = weighted_quantile(&self.y, &self.weights, self.quantile);
        }
        if self.value(design, &alone)? <= self.value(design, theta)? {
            theta.copy_from_slice(&alone);
        }
        Ok(())
    }

    fn residual<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>, theta: &[f64]) -> Result<Vec<f64>> {
        Ok(self.y.iter().zip(design.product(theta)?).map(|(y, z)| y - z).collect())
    }

    fn value<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>, theta: &[f64]) -> Result<f64> {
        let residual = self.residual(design, theta)?;
        Ok(side::loss(self.bounds(), &self.weights, &residual) + self.penalty(design, theta))
    }

    fn penalty<B: Backend, F: Real>(&self, design: &Design<'_, '_, B, F>, theta: &[f64]) -> f64 {
        design.scale.iter().zip(theta).map(|(s, t)| self.alpha * t.abs() / s).sum()
    }
}

/// The least value that has at least this share of the weight at or below it.
pub fn weighted_quantile(values: &[f64], weights: &[f64], quantile: f64) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| weights[i] > 0.0).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let (total, mut sum) = (weights.iter().sum::<f64>(), 0.0);
    for &i in &order {
        sum += weights[i];
        if sum >= quantile * total * (1.0 - 1e-14) {
            return values[i];
        }
    }
    order.last().map_or(0.0, |&i| values[i])
}
