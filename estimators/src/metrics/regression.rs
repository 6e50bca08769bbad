//! Scores of predicted numbers.

use super::sums::{Weights, check_finite};
use crate::{Result, bad_input};
use ndarray::ArrayView1;

fn checked<'a>(
    y: ArrayView1<'_, f64>,
    predicted: ArrayView1<'_, f64>,
    weights: Option<ArrayView1<'a, f64>>,
) -> Result<Weights<'a>> {
    let weights = Weights::new(y.len(), predicted.len(), weights)?;
    check_finite("y", y)?;
    check_finite("the prediction", predicted)?;
    Ok(weights)
}

/// The coefficient of determination `1 − Σ w·(y − ŷ)² / Σ w·(y − ȳ)²`, at most 1. Where y does not vary it is 1 for a
/// perfect prediction and 0 for another.
///
/// # Errors
/// [`crate::Error::Input`]: other lengths, fewer than two rows, NaN or infinity, bad weights.
pub fn r2(y: ArrayView1<'_, f64>, predicted: ArrayView1<'_, f64>, weights: Option<ArrayView1<'_, f64>>) -> Result<f64> {
    let weights = checked(y, predicted, weights)?;
    let n = y.len();
    if n < 2 {
        bad_input!("R^2 score is not well-defined with less than two samples.");
    }
    let mean = weights.mean(n, |i| y[i]);
    let residual = weights.sum(n, |i| (y[i] - predicted[i]).powi(2));
    let total = weights.sum(n, |i| (y[i] - mean).powi(2));
    Ok(if total > 0.0 {
        1.0 - residual / total
    } else if residual == 0.0 {
        1.0
    } else {
        0.0
    })
}

/// The root of the mean squared error `√(Σ w·(y − ŷ)² / Σ w)`, in units of y.
///
/// # Errors
/// [`crate::Error::Input`]: other lengths, no rows, NaN or infinity, bad weights.
pub fn root_mean_squared_error(
    y: ArrayView1<'_, f64>,
    predicted: ArrayView1<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let weights = checked(y, predicted, weights)?;
    Ok(weights.mean(y.len(), |i| (y[i] - predicted[i]).powi(2)).sqrt())
}

/// The mean absolute error `Σ w·|y − ŷ| / Σ w`, in units of y.
///
/// # Errors
/// As [`root_mean_squared_error`].
pub fn mean_absolute_error(
    y: ArrayView1<'_, f64>,
    predicted: ArrayView1<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let weights = checked(y, predicted, weights)?;
    Ok(weights.mean(y.len(), |i| (y[i] - predicted[i]).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// By hand: y = (3, −0.5, 2, 7), errors (0.5, −0.5, 0, −1): Σe² = 1.5, ȳ = 2.875, Σ(y − ȳ)² = 29.1875.
    #[test]
    fn as_computed_by_hand() {
        let (y, p) = (array![3.0, -0.5, 2.0, 7.0], array![2.5, 0.0, 2.0, 8.0]);
        assert!((r2(y.view(), p.view(), None).unwrap() - (1.0 - 1.5 / 29.1875)).abs() < 1e-15);
        assert!((root_mean_squared_error(y.view(), p.view(), None).unwrap() - (1.5_f64 / 4.0).sqrt()).abs() < 1e-15);
        assert_eq!(mean_absolute_error(y.view(), p.view(), None).unwrap(), 0.5);
    }

    /// A weight of 2 is the row twice, a weight of 0 no row.
    #[test]
    fn a_weight_is_a_repetition() {
        let (y, p, w) = (array![3.0, -0.5, 2.0, 7.0], array![2.5, 0.0, 2.0, 8.0], array![2.0, 0.0, 1.0, 3.0]);
        let (y2, p2) = (array![3.0, 3.0, 2.0, 7.0, 7.0, 7.0], array![2.5, 2.5, 2.0, 8.0, 8.0, 8.0]);
        type Score = fn(ArrayView1<'_, f64>, ArrayView1<'_, f64>, Option<ArrayView1<'_, f64>>) -> Result<f64>;
        for score in [r2 as Score, root_mean_squared_error, mean_absolute_error] {
            let weighted = score(y.view(), p.view(), Some(w.view())).unwrap();
            let repeated = score(y2.view(), p2.view(), None).unwrap();
            assert!((weighted - repeated).abs() < 1e-15, "{weighted} {repeated}");
        }
    }

    #[test]
    fn where_y_does_not_vary() {
        let y = array![2.0, 2.0];
        assert_eq!(r2(y.view(), y.view(), None).unwrap(), 1.0);
        assert_eq!(r2(y.view(), array![2.0, 3.0].view(), None).unwrap(), 0.0);
    }

    #[test]
    fn what_is_undefined_is_an_error() {
        let (one, two) = (array![1.0], array![1.0, 2.0]);
        assert!(r2(one.view(), one.view(), None).unwrap_err().to_string().contains("less than two"));
        assert!(r2(two.view(), one.view(), None).is_err());
        assert!(root_mean_squared_error(array![].view(), array![].view(), None).is_err());
        assert!(mean_absolute_error(two.view(), array![1.0, f64::NAN].view(), None).is_err());
        for weights in [array![1.0], array![0.0, 0.0], array![-1.0, 2.0], array![f64::NAN, 1.0]] {
            assert!(mean_absolute_error(two.view(), two.view(), Some(weights.view())).is_err());
        }
    }
}
