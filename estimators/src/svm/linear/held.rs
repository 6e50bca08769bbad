//! Rows that pay while they are few: their products with one another are kept from one Newton step to the next, so that
//! a step takes one Cholesky of their number.

use super::lines::Lines;
use crate::Result;
use ironlearn_linalg::Error;
use ironlearn_linalg::lapack::Cholesky;
use ndarray::Array2;

/// The largest number of rows whose step is taken so, and of entries of such rows.
const FEW: usize = 384;
const ENTRIES: usize = 1 << 19;

/// Rows, and their products.
pub struct Held {
    cols: usize,
    rows: Vec<u32>,
    /// Where each row of X is among them.
    places: Vec<u32>,
    /// The lower triangle of the products, row by row.
    products: Vec<f64>,
}

impl Held {
    /// None yet, of `n`.
    pub fn new(n: usize, cols: usize) -> Self {
        Held { cols, rows: Vec::new(), places: vec![u32::MAX; n], products: Vec::new() }
    }

    /// Whether these rows are few enough.
    pub fn serves(&self, rows: usize) -> bool {
        rows <= FEW && rows * self.cols <= ENTRIES
    }

    /// β with `(XₐXₐᵀ + scaling² + ridge)·β = target` for these rows of X; `None` where rounding leaves no factor.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for what LAPACK refuses.
    pub fn solve(
        &mut self,
        of: &[u32],
        lines: &impl Lines,
        square: f64,
        ridge: impl Fn(usize) -> f64,
        target: impl Fn(usize) -> f64,
    ) -> Result<Option<Vec<f64>>> {
        self.hold(of, lines);
        let at = |i: u32| self.places[i as usize] as usize;
        let product = |i: u32, j: u32| {
            let (i, j) = (at(i).max(at(j)), at(i).min(at(j)));
            self.products[i * (i + 1) / 2 + j]
        };
        let mut system = Array2::from_shape_fn((of.len(), of.len()), |(a, b)| product(of[a], of[b]) + square);
        for (a, &i) in of.iter().enumerate() {
            system[[a, a]] += ridge(i as usize);
        }
        let target = Array2::from_shape_fn((of.len(), 1), |(a, _)| target(of[a] as usize));
        match Cholesky::of(system) {
            Ok(factor) => Ok(Some(factor.solve(target.view())?.into_raw_vec_and_offset().0)),
            Err(Error::NotPositiveDefinite(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in those that are not there yet; before there are half as many again as serve, the others go.
    fn hold(&mut self, of: &[u32], lines: &impl Lines) {
        let fresh = |held: &Self| of.iter().copied().filter(|&i| held.places[i as usize] == u32::MAX).collect();
        let mut new: Vec<u32> = fresh(self);
        if !self.serves((self.rows.len() + new.len()) * 2 / 3) {
            self.rows.drain(..).for_each(|i| self.places[i as usize] = u32::MAX);
            self.products.clear();
            new = fresh(self);
        }
        let mut written = vec![0.0; self.cols];
        for i in new {
            self.places[i as usize] = self.rows.len() as u32;
            self.rows.push(i);
            written.fill(0.0);
            lines.add(i as usize, 1.0, &mut written);
            self.products.extend(self.rows.iter().map(|&j| lines.dot(j as usize, &written)));
        }
    }
}
