//! Isotonic regression: the best monotonic function of one variable.

mod direction;
mod model;
mod pool;

pub use direction::{Direction, direction};
pub use model::IsotonicModel;
pub use pool::isotonic_regression;

use crate::bad_input;
use crate::{Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result, Warning, WarningKind};
use ironlearn_linalg::with_matrix;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·(y − f(x))²` over monotonic f, within `y_min` and `y_max` (Barlow et al. 1972).
///
/// Rows with one x count as one row with their mean; rows of weight 0 do not count at all, not even for the range of
/// x or the direction. Between the places of the fit f is linear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IsotonicRegression {
    /// f is raised to this where it is lower, in units of y. `None`: it is not.
    pub y_min: Option<f64>,
    /// f is lowered to this where it is higher, in units of y. `None`: it is not.
    pub y_max: Option<f64>,
    /// Whether f rises or falls.
    pub increasing: Increasing,
    /// What f is outside of the range of x at the fit.
    pub out_of_bounds: OutOfBounds,
}

impl Default for IsotonicRegression {
    fn default() -> Self {
        let increasing = Increasing::Known(true);
        IsotonicRegression { y_min: None, y_max: None, increasing, out_of_bounds: OutOfBounds::Nan }
    }
}

/// Whether a function rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Increasing {
    /// It rises (`true`) or falls (`false`).
    Known(bool),
    /// The sign of Spearman's correlation decides.
    Asked(Auto),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auto {
    /// The data decide.
    #[serde(rename = "auto")]
    Auto,
}

/// What is answered outside of the range of x at the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutOfBounds {
    /// NaN.
    Nan,
    /// The value at the nearest end.
    Clip,
    /// An error.
    Raise,
}

pub(crate) const ONE_COLUMN: &str = "Isotonic regression input X should be a 1d array or 2d array with 1 feature";

impl Params for IsotonicRegression {
    const NAME: &'static str = "IsotonicRegression";

    fn validate(&self) -> Result<()> {
        for (name, bound) in [("y_min", self.y_min), ("y_max", self.y_max)] {
            if let Some(found) = bound.filter(|v| v.is_nan()) {
                let expected = "a float in the range [-inf, inf] or None".into();
                return Err(Error::Parameter { estimator: Self::NAME, name, expected, found: found.to_string() });
            }
        }
        Ok(())
    }
}

impl<B: Backend> FitOn<B> for IsotonicRegression {
    type Model = IsotonicModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&IsotonicModel>,
        _on: &B,
        ctl: &Control,
    ) -> Result<IsotonicModel> {
        if data.x.ncols() != 1 {
            bad_input!("{ONE_COLUMN}");
        }
        data.check()?;
        data.check_finite()?;
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", y.dim());
        }
        let x = with_matrix!(data.x, x => x.to_dense());
        let weight = |i: usize| data.weights.as_ref().map_or(1.0, |w| w[i]);
        // Negative weights are left out too, as scikit-learn does.
        let rows = (0..x.nrows()).filter(|&i| weight(i) > 0.0).map(|i| (x[[i, 0]], y[[i, 0]], weight(i)));
        let mut rows: Vec<(f64, f64, f64)> = rows.collect();
        if rows.is_empty() {
            bad_input!("Sample weights must contain at least one non-zero number.");
        }
        ctl.check()?;
        let mut report = Report::direct("pool_adjacent_violators");
        let increasing = params.direction(&rows, &mut report);
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        ctl.check()?;
        let dtype = data.x.dtype();
        let merged = merge(&rows, dtype);
        let (ys, ws): (Vec<f64>, Vec<f64>) = merged.iter().map(|&(_, y, w)| (y, w)).unzip();
        let (low, high) = (params.y_min.unwrap_or(f64::NEG_INFINITY), params.y_max.unwrap_or(f64::INFINITY));
        // Not `clamp`: bounds in the wrong order are the user's affair, and the upper one wins.
        let fitted = isotonic_regression(&ys, &ws, increasing).into_iter().map(|v| dtype.round(v.max(low).min(high)));
        let fitted: Vec<f64> = fitted.collect();
        // A place between two neighbours of its value says nothing.
        let last = fitted.len() - 1;
        let tells = |i: usize| i == 0 || i == last || fitted[i] != fitted[i - 1] || fitted[i] != fitted[i + 1];
        let corners: Vec<usize> = (0..=last).filter(|&i| tells(i)).collect();
        Ok(IsotonicModel {
            x_thresholds: corners.iter().map(|&i| merged[i].0).collect(),
            y_thresholds: corners.iter().map(|&i| fitted[i]).collect::<Array1<f64>>(),
            increasing,
            out_of_bounds: params.out_of_bounds,
            dtype,
            report,
        })
    }
}

impl IsotonicRegression {
    fn direction(&self, rows: &[(f64, f64, f64)], report: &mut Report) -> bool {
        if let Increasing::Known(known) = self.increasing {
            return known;
        }
        let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|&(x, y, _)| (x, y)).unzip();
        let found = direction(&x, &y);
        if found.doubtful {
            report.warnings.push(Warning { kind: WarningKind::User, message: DOUBTFUL.into() });
        }
        found.increasing
    }
}

/// What is said where the direction is in doubt.
pub const DOUBTFUL: &str = "Confidence interval of the Spearman correlation coefficient spans zero. Determination of \
                            ``increasing`` may be suspect.";

/// Rows with one place become one row with their weighted mean. Places nearer than the resolution of their type (10⁻¹⁵,
/// or 10⁻⁶ for `f32`) are one.
fn merge(rows: &[(f64, f64, f64)], dtype: Dtype) -> Vec<(f64, f64, f64)> {
    let resolution = if dtype == Dtype::F32 { 1e-6 } else { 1e-15 };
    let mut merged: Vec<(f64, f64, f64)> = Vec::new();
    for &(x, y, w) in rows {
        match merged.last_mut() {
            Some(last) if x - last.0 < resolution => {
                last.2 += w;
                last.1 += (y - last.1) * (w / last.2);
            }
            _ => merged.push((x, y, w)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cpu, Model, PredictOn};
    use ndarray::{Array, Array2, array};

    fn data() -> (Array2<f64>, Array2<f64>) {
        let x = Array::from_shape_fn((60, 1), |(i, _)| ((i * 17) % 29) as f64 * 0.5);
        let y = Array::from_shape_fn((60, 1), |(i, _)| x[[i, 0]] * 0.3 + ((i * i) as f64).sin());
        (x, y)
    }

    #[test]
    fn weights_count_rows_and_zero_takes_them_out() {
        let (x, y) = data();
        let w: Array1<f64> = (0..60).map(|i| (i % 3) as f64).collect();
        let rows: Vec<usize> = (0..60).flat_map(|i| vec![i; i % 3]).collect();
        let (xr, yr) = (x.select(ndarray::Axis(0), &rows), y.select(ndarray::Axis(0), &rows));
        let fit = |x: &Array2<f64>, y: &Array2<f64>, w: Option<&Array1<f64>>| {
            let data = Data::new(x.view()).with_values(y.view()).with_weights(w.map(|w| w.view()));
            IsotonicRegression::default().fit_on(&data, &Cpu).unwrap()
        };
        let (a, b) = (fit(&x, &y, Some(&w)), fit(&xr, &yr, None));
        let (a, b) = (a.predict_cpu(x.view()).unwrap(), b.predict_cpu(x.view()).unwrap());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12 || a.is_nan() && b.is_nan()));
    }

    #[test]
    fn outside_of_the_range_it_answers_what_was_asked_for() {
        let (x, y) = (array![[1.0_f32], [2.0], [3.0]], array![[5.0], [4.0], [1.0]]);
        let answer = |out_of_bounds| {
            let params = IsotonicRegression {
                increasing: Increasing::Asked(Auto::Auto),
                out_of_bounds,
                y_max: Some(4.5),
                ..Default::default()
            };
            let model = params.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
            assert!(!model.increasing && model.check().is_ok() && model.dtype == Dtype::F32);
            model.predict_cpu(array![[0.0_f32], [1.5], [9.0]].view())
        };
        assert_eq!(answer(OutOfBounds::Clip).unwrap(), array![[4.5], [4.25], [1.0]]);
        let nan = answer(OutOfBounds::Nan).unwrap();
        assert!(nan[[0, 0]].is_nan() && nan[[1, 0]] == 4.25 && nan[[2, 0]].is_nan());
        assert!(answer(OutOfBounds::Raise).is_err());
    }
}
