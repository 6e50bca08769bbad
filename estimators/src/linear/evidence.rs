//! The evidence of a Bayesian linear model: how likely two precisions make the data, from one decomposition of X.
//!
//! Everything that the iteration of [`super::BayesianRidge`] looks at is as long as the smaller side of X: no pass over
//! the rows, and no difference of large numbers.

use super::problem::Problem;
use super::ridge_path::{Path, Vectors};
use crate::{Backend, Result, bad_input};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2, Axis};

/// The largest precision, and one over the smallest: priors that know nothing may ask for n / 0 or for 0.
const EXTREME: f64 = 1e150;

/// A precision as it is used: a positive number whose products stay numbers. What is undetermined (0 / 0) is the largest.
pub(super) fn precision(found: f64) -> f64 {
    found.min(EXTREME).max(1.0 / EXTREME)
}

/// The variance of y, weighted.
pub(super) fn variance<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> f64 {
    let mean = problem.weighted_mean_of_y()[0];
    let squares = problem.y.column(0).mapv(|y| (y - mean) * (y - mean));
    match &problem.weights {
        Some(w) => squares.dot(w) / w.sum(),
        None => squares.sum() / problem.rows() as f64,
    }
}

/// What one target's likelihood depends on beside the precisions.
pub(super) struct Evidence {
    /// Squared singular values of the centred, weighted X.
    squares: Array1<f64>,
    /// `Uᵀy`; where the singular value is 0 it may be part of `outside` instead.
    scores: Array1<f64>,
    /// `‖y‖²` outside the span of U.
    outside: f64,
    /// The number of columns.
    p: usize,
    /// The sum of the weights.
    pub weight_sum: f64,
    /// The least penalty that is told from none.
    floor: f64,
}

impl Evidence {
    /// Looks at the one target of `problem`, whose X is decomposed in `path`.
    pub fn new<B: Backend, F: Real>(path: &Path, problem: &Problem<'_, '_, B, F>) -> Result<Self> {
        let squares = path.squares.clone();
        let scores: Array1<f64> = match &path.vectors {
            Vectors::Left(_, projected) => projected.column(0).to_owned(),
            Vectors::Right(_, projected) => {
                let of = |(u, &e): (&f64, &f64)| if e > 0.0 { u / e.sqrt() } else { 0.0 };
                projected.column(0).iter().zip(&squares).map(of).collect()
            }
        };
        let (n, p) = (problem.rows(), problem.cols());
        let largest = squares.fold(0.0, |a: f64, &e| a.max(e));
        let cut = largest * f64::EPSILON * n.max(p) as f64;
        let (scores, outside) = match (&path.outside, &path.vectors) {
            (Some(outside), _) => (scores, outside[0]),
            (None, Vectors::Left(..)) => (scores, 0.0),
            (None, Vectors::Right(v, projected)) => {
                // By a pass over X and not by a difference; directions that moments cannot tell from none are outside.
                let inverse = squares.mapv(|e| if e > cut { 1.0 / e } else { 0.0 });
                let coef = v.dot(&(projected.column(0).to_owned() * inverse));
                let residual = problem.targets() - problem.apply(coef.view().insert_axis(Axis(1)))?;
                let inside = scores.iter().zip(&squares).map(|(&u, &e)| if e > cut { u } else { 0.0 }).collect();
                (inside, residual.iter().map(|r| r * r).sum())
            }
        };
        if !largest.is_finite() {
            bad_input!("the squares of X add up to more than a float64 can hold: scale its columns down");
        }
        if !(outside + scores.dot(&scores)).is_finite() {
            bad_input!("the squares of y add up to more than a float64 can hold: scale it down");
        }
        let weight_sum = problem.weights.as_ref().map_or(n as f64, |w| w.sum());
        let floor = if largest > 0.0 { (cut * f64::EPSILON * n.max(p) as f64).max(f64::MIN_POSITIVE) } else { 1.0 };
        Ok(Evidence { squares, scores, outside, p, weight_sum, floor })
    }

    /// The penalty of the ridge regression that has the most likely coefficients.
    pub fn penalty(&self, alpha: f64, lambda: f64) -> f64 {
        (lambda / alpha).max(self.floor)
    }

    /// The squared error and the squared length of the coefficients at a penalty.
    pub fn sizes(&self, penalty: f64) -> (f64, f64) {
        let (mut error, mut length) = (self.outside, 0.0);
        for (&e, &u) in self.squares.iter().zip(&self.scores) {
            let left = if penalty.is_finite() { penalty / (e + penalty) } else { 1.0 };
            error += (u * left).powi(2);
            length += e * (u / (e + penalty)).powi(2);
        }
        (error, length)
    }

    /// How many parameters the data determine at a penalty.
    pub fn determined(&self, penalty: f64) -> f64 {
        self.squares.iter().map(|e| e / (e + penalty)).sum()
    }

    /// The logarithm of the marginal likelihood of the precisions, for [`Evidence::sizes`] at their penalty, without
    /// its priors. A precision of 0 makes any data impossible.
    pub fn log_likelihood(&self, alpha: f64, lambda: f64, (error, length): (f64, f64)) -> f64 {
        if alpha == 0.0 || lambda == 0.0 {
            return f64::NEG_INFINITY;
        }
        let known: f64 = self.squares.iter().map(|e| (lambda + alpha * e).ln()).sum();
        let free = (self.p - self.squares.len()) as f64 * lambda.ln();
        let noise = self.weight_sum * (alpha.ln() - (2.0 * std::f64::consts::PI).ln());
        0.5 * (self.p as f64 * lambda.ln() + noise - alpha * error - lambda * length - known - free)
    }

    /// `(alpha·XᵀX + lambda·1)⁻¹`, p × p.
    pub fn covariance<B: Backend, F: Real>(
        &self,
        path: &Path,
        problem: &Problem<'_, '_, B, F>,
        alpha: f64,
        lambda: f64,
    ) -> Result<Array2<f64>> {
        match &path.vectors {
            Vectors::Right(v, _) => {
                let scaled = v * &self.squares.mapv(|e| 1.0 / (alpha * e + lambda));
                Ok(scaled.dot(&v.t()))
            }
            Vectors::Left(u, _) => {
                // V·diag(s) = Xᵀ·U: what the rows tell is taken off the prior's variance.
                let told = problem.apply_t(u.view())?;
                let scaled = &told * &self.squares.mapv(|e| -(alpha / (lambda + alpha * e)) / lambda);
                let mut sigma = scaled.dot(&told.t());
                sigma.diag_mut().mapv_inplace(|v| v + 1.0 / lambda);
                Ok(sigma)
            }
        }
    }
}
