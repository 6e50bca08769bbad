//! Where a descent is: coefficients and the rows as they are there.

use super::{Columns, Row};
use ironlearn_linalg::Real;

/// How much of the decrease that a step's slope promises has to come, and how often a step is halved.
const ENOUGH: f64 = 0.01;
const HALVES: usize = 20;
/// The least curvature, as a share of its bound: rows may have none where they are.
const FLAT: f64 = 1e-12;

/// Of `Σ row(x·θ) + Σ l1·|θ| + ½·Σ l2·θ²`: the columns' coefficients and the intercept's, which comes last.
pub struct State<'a, F, R> {
    columns: &'a Columns<F>,
    /// The intercept's column; 0: there is none.
    constant: f64,
    /// The coefficients.
    pub theta: Vec<f64>,
    /// The rows, with their predictions for these.
    pub rows: Vec<R>,
    /// The L1 penalty of each coefficient.
    pub l1: Vec<f64>,
    /// The L2 penalty of each coefficient.
    pub l2: Vec<f64>,
    /// Bounds of the objective's curvatures along each.
    pub bounds: Vec<f64>,
}

impl<'a, F: Real, R: Row> State<'a, F, R> {
    /// At `theta`, where the rows are as in `rows`; of as many as these, and penalties, there is one more than of columns.
    pub fn new(
        (columns, constant): (&'a Columns<F>, f64),
        (theta, rows): (Vec<f64>, Vec<R>),
        (l1, l2): (Vec<f64>, Vec<f64>),
    ) -> Self {
        let mut state = State { columns, constant, theta, rows, l1, l2, bounds: Vec::new() };
        state.bounds = (0..state.theta.len())
            .map(|j| {
                let mut bound = 0.0;
                state.each(j, |i, v| bound += state.rows[i].bound() * v * v);
                // A penalty alone bends nothing that has a slope.
                if bound > 0.0 { bound + state.l2[j] } else { 0.0 }
            })
            .collect();
        state
    }

    /// The number of entries of a column.
    pub fn length(&self, j: usize) -> usize {
        if j == self.columns.len() { self.rows.len() } else { self.columns.length(j) }
    }

    /// Calls `entry` with each row of a column, and the value there.
    #[inline]
    pub fn each(&self, j: usize, mut entry: impl FnMut(usize, f64)) {
        if j == self.columns.len() {
            if self.constant != 0.0 {
                (0..self.rows.len()).for_each(|i| entry(i, self.constant));
            }
            return;
        }
        self.columns.each(j, entry);
    }

    /// The first and second derivatives by a coefficient, without the L1 penalty.
    #[inline]
    pub fn slope(&self, j: usize) -> (f64, f64) {
        let (mut slope, mut curvature) = (0.0, 0.0);
        self.each(j, |i, v| {
            let (first, second) = self.rows[i].derivatives();
            slope += v * first;
            curvature += v * v * second;
        });
        (slope + self.l2[j] * self.theta[j], (curvature + self.l2[j]).max(FLAT * self.bounds[j]))
    }

    /// Adds as much of a step to a coefficient, along which the objective has this slope, as makes it fall.
    pub fn advance(&mut self, j: usize, mut step: f64, slope: f64) {
        let value = self.theta[j];
        let penalty = |step: f64| self.l1[j] * ((value + step).abs() - value.abs());
        let mut promised = penalty(step) + slope * step;
        for _ in 0..HALVES {
            let most = penalty(step) + step * (slope + 0.5 * self.bounds[j] * step);
            if most <= ENOUGH * promised || penalty(step) + self.change(j, step) <= ENOUGH * promised {
                self.theta[j] = value + step;
                self.shift(j, step);
                return;
            }
            step *= 0.5;
            promised *= 0.5;
        }
    }

    /// What the losses and the L2 penalty change by where a coefficient is moved.
    fn change(&self, j: usize, step: f64) -> f64 {
        let mut change = self.l2[j] * step * (self.theta[j] + 0.5 * step);
        self.each(j, |i, v| change += self.rows[i].change(step * v));
        change
    }

    fn shift(&mut self, j: usize, step: f64) {
        let mut rows = std::mem::take(&mut self.rows);
        if j == self.columns.len() {
            rows.iter_mut().for_each(|row| row.shift(step * self.constant));
        } else {
            self.columns.each(j, |i, v| rows[i].shift(step * v));
        }
        self.rows = rows;
    }
}
