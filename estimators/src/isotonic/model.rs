//! A fitted isotonic regression: a monotonic piecewise linear function.

use super::OutOfBounds;
use crate::{AnyMatrix, Attribute, Control, Dtype, Error, Model, PredictOn, Report, Result, TransformOn, bad_input};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// The corners of the function, and what it answers outside of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsotonicModel {
    /// The corners' places, rising.
    #[serde(with = "crate::saved::array1")]
    pub x_thresholds: Array1<f64>,
    /// The corners' values, rising or falling.
    #[serde(with = "crate::saved::array1")]
    pub y_thresholds: Array1<f64>,
    /// Whether the function rises.
    pub increasing: bool,
    /// What is answered outside of the corners.
    pub out_of_bounds: OutOfBounds,
    /// The type of X at the fit: corners and answers are rounded to it.
    pub dtype: Dtype,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

/// Rows that one task answers.
const TILE: usize = 4096;

impl IsotonicModel {
    /// The function at `v`; outside of the corners NaN, or the nearest corner's value where it clips.
    pub fn at(&self, v: f64) -> f64 {
        let (Some(xs), Some(ys)) = (self.x_thresholds.as_slice(), self.y_thresholds.as_slice()) else {
            return f64::NAN;
        };
        let last = xs.len() - 1;
        let v = match self.out_of_bounds {
            OutOfBounds::Clip => v.clamp(xs[0], xs[last]),
            _ if last == 0 => xs[0],
            _ if v < xs[0] || v > xs[last] => return f64::NAN,
            _ => v,
        };
        let right = xs.partition_point(|&x| x < v).min(last);
        if xs[right] == v || right == 0 {
            return self.dtype.round(ys[right]);
        }
        // Halves, because the distance may be more than a number can hold.
        let share = (v / 2.0 - xs[right - 1] / 2.0) / (xs[right] / 2.0 - xs[right - 1] / 2.0);
        self.dtype.round(ys[right - 1] * (1.0 - share) + ys[right] * share)
    }

    fn answer<F: Real>(&self, x: &Matrix<'_, F>, ctl: &Control) -> Result<Array2<f64>> {
        let mut out = Array2::zeros((x.nrows(), 1));
        let slots = out.as_slice_mut().unwrap_or_default();
        threads::fill_rows(ctl, slots, 1, TILE, |first, out| {
            x.pack(first..first + out.len(), 0..1, 1, out);
            out.iter_mut().for_each(|v| *v = self.at(self.dtype.round(*v)));
        })?;
        Ok(out)
    }
}

impl Model for IsotonicModel {
    fn n_features_in(&self) -> usize {
        1
    }

    fn check(&self) -> Result<()> {
        let (xs, ys) = (&self.x_thresholds, &self.y_thresholds);
        let rising = xs.iter().zip(xs.iter().skip(1)).all(|(a, b)| a < b);
        if xs.is_empty() || xs.len() != ys.len() || !rising || !xs.iter().chain(ys).all(|v| v.is_finite()) {
            return Err(Error::File(format!("{} places and {} values of a function", xs.len(), ys.len())));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let last = self.x_thresholds.len() - 1;
        vec![
            ("X_thresholds_", Attribute::Floats(self.x_thresholds.clone().into_dyn(), self.dtype)),
            ("y_thresholds_", Attribute::Floats(self.y_thresholds.clone().into_dyn(), self.dtype)),
            ("X_min_", Attribute::Float(self.x_thresholds[0])),
            ("X_max_", Attribute::Float(self.x_thresholds[last])),
            ("increasing_", Attribute::Flag(self.increasing)),
        ]
    }
}

impl PredictOn for IsotonicModel {
    /// The function at each row, n × 1.
    ///
    /// # Errors
    /// Also [`Error::Input`] for a place outside of the corners, where the model refuses those.
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        if x.ncols() != 1 {
            bad_input!("{}", super::ONE_COLUMN);
        }
        if self.out_of_bounds == OutOfBounds::Raise && self.x_thresholds.len() > 1 {
            let (low, high) = (self.x_thresholds[0], self.x_thresholds[self.x_thresholds.len() - 1]);
            let places = with_matrix!(x, x => x.to_dense());
            if let Some(v) = places.iter().map(|&v| self.dtype.round(v)).find(|v| *v < low) {
                bad_input!("A value ({v}) in x_new is below the interpolation range's minimum value ({low}).");
            }
            if let Some(v) = places.iter().map(|&v| self.dtype.round(v)).find(|v| *v > high) {
                bad_input!("A value ({v}) in x_new is above the interpolation range's maximum value ({high}).");
            }
        }
        with_matrix!(x, x => self.answer(x, ctl))
    }
}

impl TransformOn for IsotonicModel {
    fn transform_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.predict_on(x, ctl)
    }
}
