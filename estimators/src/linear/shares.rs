//! A target and weights as solvers of robust regressions want them: one column about its mean, weights that add up to 1.

use crate::{Data, Result, bad_input};

/// One target and the rows' shares of the weight.
pub struct Shares {
    /// y, less `middle`.
    pub y: Vec<f64>,
    /// The weights, divided by their sum.
    pub weights: Vec<f64>,
    /// The sum of the weights.
    pub total: f64,
    /// The weighted mean of y where there is an intercept, else 0.
    pub middle: f64,
    /// The weighted mean of |y − middle|; 0 where that is but rounding.
    pub spread: f64,
}

impl Shares {
    /// Checks lengths, target and weights of `data`, none of which may be negative.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn of(data: &Data<'_>, estimator: &str, intercept: bool) -> Result<Self> {
        data.check_weights_not_negative()?;
        Shares::signed(data, estimator, intercept)
    }

    /// The same with weights some of which may be negative.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn signed(data: &Data<'_>, estimator: &str, intercept: bool) -> Result<Self> {
        data.check()?;
        let y = data.values(estimator)?;
        if y.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", y.dim());
        }
        let mut weights = data.weights.as_ref().map_or_else(|| vec![1.0; y.nrows()], |w| w.to_vec());
        let largest = weights.iter().fold(0.0_f64, |a, &w| a.max(w));
        if largest <= 0.0 {
            bad_input!("Sample weights must contain at least one non-zero number.");
        }
        // In two steps: the sum might be beyond what a float holds.
        weights.iter_mut().for_each(|w| *w /= largest);
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 {
            bad_input!(
                "Negative values in data passed to `sample_weight` make it add up to {}: the sum has to be positive",
                sum * largest
            );
        }
        weights.iter_mut().for_each(|w| *w /= sum);
        let weighted = |of: &dyn Fn(f64) -> f64| y.iter().zip(&weights).map(|(&y, w)| w * of(y)).sum::<f64>();
        let middle = if intercept { weighted(&|y| y) } else { 0.0 };
        let spread = weighted(&|y| (y - middle).abs());
        let spread = if spread > 1e-14 * middle.abs() { spread } else { 0.0 };
        let y = y.iter().map(|y| y - middle).collect();
        Ok(Shares { y, weights, total: sum * largest, middle, spread })
    }
}
