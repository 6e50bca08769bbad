//! The rows of a fit: a loss, their targets and their weights, for one raw prediction a row or one a class.

use crate::loss::{Multinomial, Smooth};
use std::ops::Range;

/// What the rows pay for their raw predictions, and how that changes with them.
pub trait Rows: Sync {
    /// Raw predictions of a row.
    fn outputs(&self) -> usize;

    /// The sum of the weights.
    fn weight(&self) -> f64;

    /// The weighted loss of `rows`, whose raw predictions `z` (row by row) are replaced by its gradient.
    fn gradient(&self, rows: Range<usize>, z: &mut [f64]) -> f64;

    /// The weighted second derivatives of a row in its raw predictions, from these: outputs × outputs, of which those
    /// in two different ones are told by their negatives, so that none is below 0.
    fn curvatures(&self, row: usize, z: &[f64], out: &mut [f64]);

    /// The same for the rows `picked`; none where those say too little, such as rows of one class.
    fn pick(&self, picked: &[usize]) -> Option<Self>
    where
        Self: Sized;
}

/// Rows with one raw prediction each.
#[derive(Debug, Clone)]
pub struct Numbers<L> {
    /// The loss.
    pub loss: L,
    /// What is to be predicted.
    pub y: Vec<f64>,
    /// The weights.
    pub weights: Option<Vec<f64>>,
    /// Whether y has but two values, both of which a part of the rows has to hold.
    pub two_classes: bool,
}

/// Rows of several classes.
#[derive(Debug, Clone)]
pub struct Classes {
    /// The number of classes.
    pub n_classes: usize,
    /// The class of each row.
    pub y: Vec<u32>,
    /// The weights.
    pub weights: Option<Vec<f64>>,
}

fn total(weights: Option<&Vec<f64>>, n: usize) -> f64 {
    weights.map_or(n as f64, |w| w.iter().sum())
}

fn picked_weights(weights: Option<&Vec<f64>>, picked: &[usize]) -> Option<Vec<f64>> {
    weights.map(|w| picked.iter().map(|&i| w[i]).collect())
}

impl<L: Smooth> Rows for Numbers<L> {
    fn outputs(&self) -> usize {
        1
    }

    fn weight(&self) -> f64 {
        total(self.weights.as_ref(), self.y.len())
    }

    fn gradient(&self, rows: Range<usize>, z: &mut [f64]) -> f64 {
        let y = &self.y[rows.clone()];
        match &self.weights {
            None => self.loss.tile(y, z),
            Some(weights) => self.loss.weighted_tile(y, &weights[rows], z),
        }
    }

    fn curvatures(&self, row: usize, z: &[f64], out: &mut [f64]) {
        out[0] = (self.loss.majorant(self.y[row], z[0]) * self.weights.as_ref().map_or(1.0, |w| w[row])).max(0.0);
    }

    fn pick(&self, picked: &[usize]) -> Option<Self> {
        let y: Vec<f64> = picked.iter().map(|&i| self.y[i]).collect();
        let weights = picked_weights(self.weights.as_ref(), picked);
        let found = Numbers { loss: self.loss, y, weights, two_classes: self.two_classes };
        let weight = |i: usize| found.weights.as_ref().map_or(1.0, |w| w[i]);
        let of = |class: f64| (0..found.y.len()).filter(|&i| found.y[i] == class && weight(i) > 0.0).count();
        let enough = if self.two_classes { of(0.0).min(of(1.0)) >= 50 } else { true };
        (enough && found.weight() > 0.0).then_some(found)
    }
}

impl Rows for Classes {
    fn outputs(&self) -> usize {
        self.n_classes
    }

    fn weight(&self) -> f64 {
        total(self.weights.as_ref(), self.y.len())
    }

    fn gradient(&self, rows: Range<usize>, z: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for (i, z) in rows.zip(z.chunks_exact_mut(self.n_classes)) {
            let value = Multinomial.value_gradient(self.y[i] as usize, z);
            match &self.weights {
                None => sum += value,
                Some(w) => {
                    z.iter_mut().for_each(|z| *z *= w[i]);
                    sum += w[i] * value;
                }
            }
        }
        sum
    }

    fn curvatures(&self, row: usize, z: &[f64], out: &mut [f64]) {
        let t = self.n_classes;
        // The probabilities, for now in the first row.
        out[..t].copy_from_slice(z);
        Multinomial.value_probabilities(0, &mut out[..t]);
        let w = self.weights.as_ref().map_or(1.0, |w| w[row]);
        for a in (0..t).rev() {
            let of_a = w * out[a];
            for b in 0..t {
                out[a * t + b] = (of_a * if a == b { 1.0 - out[b] } else { out[b] }).max(0.0);
            }
        }
    }

    fn pick(&self, picked: &[usize]) -> Option<Self> {
        let y: Vec<u32> = picked.iter().map(|&i| self.y[i]).collect();
        let weights = picked_weights(self.weights.as_ref(), picked);
        let mut counts = vec![0; self.n_classes];
        y.iter().for_each(|&k| counts[k as usize] += 1);
        let found = Classes { n_classes: self.n_classes, y, weights };
        (counts.iter().all(|&c| c >= 20) && found.weight() > 0.0).then_some(found)
    }
}
