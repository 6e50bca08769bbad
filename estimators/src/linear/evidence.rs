//! The evidence of a Bayesian linear model: how likely two precisions make the data, from one decomposition of X.
//!
//! Everything that the iteration of [`super::BayesianRidge`] looks at is as long as the smaller side of X: no pass over
//! the rows, and no difference of large numbers.

use super::problem::{Problem, TOO_LARGE};
use super::solver::spectral::Spectral;
use crate::{Backend, Result, bad_input};
use ironlearn_linalg::{Real, lapack};
use ndarray::{Array1, Array2, Axis};

/// The largest precision, and one over the smallest: priors that know nothing may ask for n / 0 or for 0.
const EXTREME: f64 = 1e150;

/// A precision as it is used: a positive number whose products stay numbers. What is undetermined (0 / 0) is the largest.
pub(super) fn precision(found: f64) -> f64 {
    if found.is_nan() { EXTREME } else { found.clamp(1.0 / EXTREME, EXTREME) }
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

/// What the likelihood of one target depends on beside the precisions: `√w·(X − x̄) = U·diag(s)·Vᵀ`.
pub(super) struct Evidence {
    /// `s²`, one for each column of V; singular values of 0 among them.
    squares: Array1<f64>,
    /// V, p × min(n, p).
    v: Array2<f64>,
    /// `VᵀXᵀy`.
    projected: Array1<f64>,
    /// `Uᵀy`; where the singular value is 0 it may be part of `outside` instead.
    scores: Array1<f64>,
    /// `‖y‖²` outside the span of U.
    outside: f64,
    /// The sum of the weights.
    pub weight_sum: f64,
    /// The least penalty that is told from none.
    floor: f64,
    /// The algorithm.
    pub solver: &'static str,
}

impl Evidence {
    /// Decomposes X of `problem`, which is not centred yet and has one target: sparse X with more rows than columns by
    /// its second moments, any other by its singular values.
    pub fn new<'a, 'x, B: Backend, F: Real>(
        problem: Problem<'a, 'x, B, F>,
        center: bool,
    ) -> Result<(Problem<'a, 'x, B, F>, Self)> {
        let (problem, mut evidence) = if problem.x.as_ref().is_sparse() && problem.rows() > problem.cols() {
            Self::by_moments(problem, center)?
        } else {
            let problem = problem.centred(center)?;
            let evidence = Self::by_singular_values(&problem)?;
            (problem, evidence)
        };
        if !evidence.largest().is_finite() {
            bad_input!("{TOO_LARGE}");
        }
        if !(evidence.outside + evidence.scores.dot(&evidence.scores)).is_finite() {
            bad_input!("the squares of y add up to more than a float64 can hold: scale it down");
        }
        let rounding = f64::EPSILON * problem.rows().max(problem.cols()) as f64;
        if evidence.largest() > 0.0 {
            evidence.floor = (evidence.largest() * rounding * rounding).max(f64::MIN_POSITIVE);
        }
        Ok((problem, evidence))
    }

    fn by_singular_values<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> Result<Self> {
        let Spectral { singular, vt, uty, outside, .. } = Spectral::new(problem)?;
        let scores = uty.index_axis_move(Axis(1), 0);
        Ok(Evidence {
            squares: &singular * &singular,
            v: vt.reversed_axes(),
            projected: &singular * &scores,
            scores,
            outside: outside[0],
            weight_sum: weight_sum(problem),
            floor: 1.0,
            solver: "svd",
        })
    }

    fn by_moments<'a, 'x, B: Backend, F: Real>(
        problem: Problem<'a, 'x, B, F>,
        center: bool,
    ) -> Result<(Problem<'a, 'x, B, F>, Self)> {
        let (problem, moments) = problem.moments(center)?;
        let Some(moments) = moments else {
            bad_input!("{TOO_LARGE}");
        };
        let (values, v) = lapack::eigh(&moments.gram, problem.ctl)?;
        let squares = values.mapv(|e| e.max(0.0));
        let projected = v.t().dot(&moments.xty).index_axis_move(Axis(1), 0);
        // What y has outside: by a pass over X and not by a difference. Directions that moments cannot tell from none
        // are outside.
        let largest = squares.fold(0.0, |a: f64, &e| a.max(e));
        let cut = largest * f64::EPSILON * problem.rows() as f64;
        let told = |of: fn(f64) -> f64| squares.mapv(|e| if e > cut { of(e) } else { 0.0 });
        let coef = v.dot(&(&projected * &told(f64::recip)));
        let residual = &problem.targets().column(0) - &problem.times(&coef)?;
        let scores = &projected * &told(|e| 1.0 / e.sqrt());
        let (outside, weight_sum) = (residual.dot(&residual), weight_sum(&problem));
        let evidence = Evidence { squares, v, projected, scores, outside, weight_sum, floor: 1.0, solver: "eigen" };
        Ok((problem, evidence))
    }

    fn largest(&self) -> f64 {
        self.squares.fold(0.0, |a: f64, &e| if e > a || e.is_nan() { e } else { a })
    }

    /// The most likely coefficients at a penalty > 0.
    pub fn coef(&self, penalty: f64) -> Array1<f64> {
        self.v.dot(&(&self.projected / &self.squares.mapv(|e| e + penalty)))
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
        let free = (self.v.nrows() - self.squares.len()) as f64 * lambda.ln();
        let noise = self.weight_sum * (alpha.ln() - (2.0 * std::f64::consts::PI).ln());
        0.5 * (self.v.nrows() as f64 * lambda.ln() + noise - alpha * error - lambda * length - known - free)
    }

    /// `(alpha·XᵀX + lambda·1)⁻¹`, p × p.
    pub fn covariance(&self, alpha: f64, lambda: f64) -> Array2<f64> {
        let (p, r) = self.v.dim();
        let mut sigma = (&self.v * &self.squares.mapv(|e| 1.0 / (alpha * e + lambda))).dot(&self.v.t());
        if r < p {
            sigma.scaled_add(1.0 / lambda, &complement(&self.v));
        }
        sigma
    }
}

fn weight_sum<B: Backend, F: Real>(problem: &Problem<'_, '_, B, F>) -> f64 {
    problem.weights.as_ref().map_or(problem.rows() as f64, |w| w.sum())
}

/// `1 − VVᵀ` for V with orthonormal columns. Where little is left of a row (that of a column of X much larger than the
/// others), the difference is rounding; the product of the projection with itself is not.
fn complement(v: &Array2<f64>) -> Array2<f64> {
    let mut left = -v.dot(&v.t());
    left.diag_mut().mapv_inplace(|d| d + 1.0);
    let little: Vec<usize> = (0..left.nrows()).filter(|&i| left[[i, i]] < 1e-4).collect();
    let rows = left.select(Axis(0), &little);
    for ((a, b), value) in rows.dot(&rows.t()).indexed_iter() {
        left[[little[a], little[b]]] = *value;
    }
    left
}
