//! A part of the data: the rows trained on, or those held out.

use super::model::Boosted;
use super::objective::Objective;
use crate::binning::{Binned, Mapper};
use crate::{AnyMatrix, Control, Result};

/// Rows in bins with their targets, weights and raw predictions.
#[derive(Debug)]
pub struct Part {
    /// The rows in bins.
    pub binned: Binned,
    /// Their targets.
    pub y: Vec<f64>,
    /// Their weights.
    pub weights: Option<Vec<f64>>,
    /// Output after output, what is predicted for each row.
    pub raw: Vec<f64>,
}

impl Part {
    /// Some rows of X (all: `None`), without columns of features that cannot be split where a leaf needs `least` rows.
    ///
    /// # Errors
    /// As [`Binned::that_can_be_split`].
    pub fn new(
        x: &AnyMatrix<'_>,
        y: &[f64],
        weights: Option<&[f64]>,
        rows: Option<&[u32]>,
        mapper: &Mapper,
        least: usize,
        ctl: &Control,
    ) -> Result<Self> {
        let binned = Binned::that_can_be_split(x, mapper, rows, least, ctl)?;
        let take = |v: &[f64]| rows.map_or_else(|| v.to_vec(), |rows| rows.iter().map(|&i| v[i as usize]).collect());
        Ok(Part { binned, y: take(y), weights: weights.map(take), raw: Vec::new() })
    }

    /// Begins with the baseline.
    pub fn begin(&mut self, baseline: &[f64]) {
        let n = self.y.len();
        self.raw = baseline.iter().flat_map(|&z| std::iter::repeat_n(z, n)).collect();
    }

    /// Begins with what a model predicts.
    ///
    /// # Errors
    /// As [`Boosted::raw`].
    pub fn go_on(&mut self, model: &Boosted, x: &AnyMatrix<'_>, rows: Option<&[u32]>, ctl: &Control) -> Result<()> {
        let raw = model.raw(x, ctl)?;
        let n = self.y.len();
        let place = |i: usize| rows.map_or(i, |rows| rows[i] as usize);
        self.raw =
            (0..model.n_outputs()).flat_map(|k| (0..n).map(move |i| (i, k))).map(|(i, k)| raw[[place(i), k]]).collect();
        Ok(())
    }

    /// The mean loss of the raw predictions.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn mean_loss(&self, objective: Objective, ctl: &Control) -> Result<f64> {
        objective.mean_loss(&self.y, self.weights.as_deref(), &self.raw, ctl)
    }
}
