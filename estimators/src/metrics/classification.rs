//! Scores of predicted classes and of their probabilities. Classes are codes.

use super::sums::{Weights, check_finite};
use crate::{Result, bad_input};
use ndarray::{ArrayView1, ArrayView2};

/// The part of rows whose class is right, by weight. Range [0, 1].
///
/// # Errors
/// [`crate::Error::Input`]: other lengths, no rows, bad weights.
pub fn accuracy(
    y: ArrayView1<'_, u32>,
    predicted: ArrayView1<'_, u32>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let weights = Weights::new(y.len(), predicted.len(), weights)?;
    Ok(weights.mean(y.len(), |i| f64::from(y[i] == predicted[i])))
}

/// The mean over the classes of the part of a class's rows that is right: chance is 1/classes, however uneven the
/// classes are. Classes without a row do not count. Range [0, 1].
///
/// # Errors
/// As [`accuracy`].
pub fn balanced_accuracy(
    y: ArrayView1<'_, u32>,
    predicted: ArrayView1<'_, u32>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let weights = Weights::new(y.len(), predicted.len(), weights)?;
    let mut by_class = std::collections::BTreeMap::<u32, (f64, f64)>::new();
    for (i, (&class, &guess)) in y.iter().zip(predicted).enumerate() {
        let (right, all) = by_class.entry(class).or_default();
        *all += weights.of(i);
        *right += if class == guess { weights.of(i) } else { 0.0 };
    }
    let recalls: Vec<f64> = by_class.values().filter(|(_, all)| *all > 0.0).map(|(right, all)| right / all).collect();
    Ok(recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// The mean of `−ln(probability of the right class)`; probabilities are taken to be at least eps and at most 1 − eps,
/// so that one mistake made with certainty costs about 36 and not infinity. Range [0, 36.04].
///
/// # Errors
/// [`crate::Error::Input`]: other lengths, no rows, bad weights, a class without a column of `proba` (n × classes),
/// probabilities outside [0, 1].
pub fn log_loss(
    y: ArrayView1<'_, u32>,
    proba: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let weights = Weights::new(y.len(), proba.nrows(), weights)?;
    check_finite("the probabilities", proba.iter())?;
    if let Some(p) = proba.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        bad_input!("y_proba contains values outside [0, 1]: {p}");
    }
    if let Some(class) = y.iter().find(|&&class| class as usize >= proba.ncols()) {
        bad_input!("class code {class} has no column among {} columns of probabilities", proba.ncols());
    }
    Ok(weights.mean(y.len(), |i| -proba[[i, y[i] as usize]].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn as_computed_by_hand() {
        // Class 0: 3 of 4 right; class 1: 1 of 2 right; class 2 is only guessed.
        let (y, p) = (array![0, 0, 0, 0, 1, 1], array![0, 0, 0, 1, 1, 2]);
        assert!((accuracy(y.view(), p.view(), None).unwrap() - 4.0 / 6.0).abs() < 1e-15);
        assert_eq!(balanced_accuracy(y.view(), p.view(), None).unwrap(), 0.625);
        let proba = array![[0.9, 0.1], [0.2, 0.8], [0.0, 1.0]];
        let wanted = -(0.9_f64.ln() + 0.8_f64.ln() + f64::EPSILON.ln()) / 3.0;
        assert!((log_loss(array![0, 1, 0].view(), proba.view(), None).unwrap() - wanted).abs() < 1e-14);
    }

    #[test]
    fn a_weight_is_a_repetition() {
        let (y, p, w) = (array![0, 0, 1, 2], array![0, 1, 1, 0], array![3.0, 1.0, 2.0, 0.0]);
        let (y2, p2) = (array![0, 0, 0, 0, 1, 1], array![0, 0, 0, 1, 1, 1]);
        for score in [accuracy, balanced_accuracy] {
            let weighted = score(y.view(), p.view(), Some(w.view())).unwrap();
            assert!((weighted - score(y2.view(), p2.view(), None).unwrap()).abs() < 1e-15);
        }
        let proba = array![[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
        let repeated = proba.select(ndarray::Axis(0), &[0, 0, 0, 1, 2, 2]);
        let weighted = log_loss(y.view(), proba.view(), Some(w.view())).unwrap();
        assert!((weighted - log_loss(y2.view(), repeated.view(), None).unwrap()).abs() < 1e-15);
    }

    #[test]
    fn what_cannot_be_scored_is_an_error() {
        let y = array![0, 2];
        assert!(accuracy(y.view(), array![0].view(), None).is_err());
        assert!(log_loss(y.view(), array![[0.5, 0.5], [0.5, 0.5]].view(), None).unwrap_err().to_string().contains("2"));
        assert!(log_loss(array![0].view(), array![[1.5, -0.5]].view(), None).is_err());
        assert!(log_loss(array![0].view(), array![[f64::NAN, 0.5]].view(), None).is_err());
    }
}
