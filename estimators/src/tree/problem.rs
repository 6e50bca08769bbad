//! Small problems for tests, whose losses are summed plainly.

use crate::Data;
use ndarray::{Array1, Array2};

/// X, numbers to predict and classes, of which there are four at most, and weights.
pub struct Problem {
    pub x: Array2<f64>,
    pub y: Array2<f64>,
    pub codes: Array2<u32>,
    pub weights: Option<Array1<f64>>,
}

impl Problem {
    /// With `n` classes.
    pub fn classes(&self, n: usize) -> Data<'_> {
        let data = Data::new(self.x.view()).with_classes(self.codes.view(), vec![n]);
        data.with_weights(self.weights.as_ref().map(|w| w.view()))
    }
    pub fn numbers(&self) -> Data<'_> {
        Data::new(self.x.view()).with_values(self.y.view()).with_weights(self.weights.as_ref().map(|w| w.view()))
    }
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }
    /// Impurity times weight of some rows.
    pub fn loss(&self, rows: &[usize], kind: &str) -> f64 {
        let total: f64 = rows.iter().map(|&r| self.weight(r)).sum();
        let y = |r: usize| self.y[[r, 0]];
        let mean = rows.iter().map(|&r| self.weight(r) * y(r)).sum::<f64>() / total;
        let share =
            |c: u32| rows.iter().filter(|&&r| self.codes[[r, 0]] == c).map(|&r| self.weight(r)).sum::<f64>() / total;
        match kind {
            "gini" => total * (1.0 - (0..4).map(|c| share(c).powi(2)).sum::<f64>()),
            "entropy" => -total * (0..4).map(share).filter(|&p| p > 0.0).map(|p| p * p.log2()).sum::<f64>(),
            "squared_error" => rows.iter().map(|&r| self.weight(r) * (y(r) - mean).powi(2)).sum(),
            // Some row's y minimises the sum of distances.
            "absolute_error" => rows
                .iter()
                .map(|&m| rows.iter().map(|&r| self.weight(r) * (y(r) - y(m)).abs()).sum::<f64>())
                .fold(f64::INFINITY, f64::min),
            "poisson" if mean <= 0.0 => f64::INFINITY,
            "poisson" => {
                rows.iter().filter(|&&r| y(r) > 0.0).map(|&r| self.weight(r) * y(r) * (y(r) / mean).ln()).sum()
            }
            _ => unreachable!(),
        }
    }
}
