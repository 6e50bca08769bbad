//! The quadratic problem behind every kernel machine.

use std::ops::Range;

/// Variables whose sum a solver keeps, one after the other. Variable `variables.start + k` stands for row `row + k` of
/// the kernel matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The variables.
    pub variables: Range<usize>,
    /// The first of their rows.
    pub row: usize,
}

impl Group {
    /// The rows of the kernel matrix that the variables stand for.
    pub fn rows(&self) -> Range<usize> {
        self.row..self.row + self.variables.len()
    }
}

/// Minimises `½·βᵀKβ + linearᵀβ + epsilon·Σ|β|` over `lower ≤ β ≤ upper`, where the sum of β over each group stays what it
/// is in the start. β is LIBSVM's α times the sign of the row, and so no signs are left in the matrix.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The start, which keeps to the bounds.
    pub beta: Vec<f64>,
    /// Smallest values.
    pub lower: Vec<f64>,
    /// Largest values.
    pub upper: Vec<f64>,
    /// The linear part.
    pub linear: Vec<f64>,
    /// The cost of each |β|, at least 0.
    pub epsilon: f64,
    /// The groups, which hold all variables in order.
    pub groups: Vec<Group>,
}

impl Problem {
    /// The row of the kernel matrix of variable `v`.
    pub fn row_of(&self, v: usize) -> usize {
        let group = self.groups.iter().find(|g| g.variables.contains(&v));
        group.map_or(0, |g| v - g.variables.start + g.row)
    }

    /// What the gradient of variable `v` is off where it rises; +∞ where it cannot.
    pub fn up(&self, v: usize) -> f64 {
        rising(self.beta[v], self.upper[v], self.epsilon)
    }

    /// What the gradient of variable `v` is off where it falls; −∞ where it cannot.
    pub fn down(&self, v: usize) -> f64 {
        falling(self.beta[v], self.lower[v], self.epsilon)
    }
}

/// See [`Problem::up`].
pub fn rising(beta: f64, upper: f64, epsilon: f64) -> f64 {
    match beta {
        b if b >= upper => f64::INFINITY,
        b if b >= 0.0 => epsilon,
        _ => -epsilon,
    }
}

/// See [`Problem::down`].
pub fn falling(beta: f64, lower: f64, epsilon: f64) -> f64 {
    match beta {
        b if b <= lower => f64::NEG_INFINITY,
        b if b > 0.0 => epsilon,
        _ => -epsilon,
    }
}

/// How a solver stops.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// The largest violation of the optimality conditions, in units of the gradient.
    pub tol: f64,
    /// The most steps; `None`: as many as LIBSVM's authors allow, max(10⁷, 100·variables).
    pub max_iter: Option<usize>,
}

/// How a solver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The violation is below the tolerance.
    Converged,
    /// All steps were used up.
    Steps,
    /// No step changes anything any more: rounding hides what is left.
    Rounding,
}

/// The solution.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The variables.
    pub beta: Vec<f64>,
    /// Steps done.
    pub steps: usize,
    /// How it ended.
    pub end: End,
    /// The objective.
    pub objective: f64,
    /// For each group where the gradients of the free variables lie: their mean, or the middle of what the others leave.
    pub level: Vec<f64>,
}
