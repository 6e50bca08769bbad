//! How well scores put the rows of a class before the others.

use super::sums::{Weights, check_finite};
use crate::{Result, bad_input};
use ndarray::{ArrayView1, ArrayView2};

/// The area under the ROC curve: the probability that a positive row has a higher score than a negative one, an equal
/// score counting half. Range [0, 1], chance 0.5. O(n log n).
///
/// # Errors
/// [`crate::Error::Input`]: other lengths, NaN or infinity, bad weights, rows of one class only.
pub fn roc_auc(
    positive: ArrayView1<'_, bool>,
    score: ArrayView1<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let weights = Weights::new(positive.len(), score.len(), weights)?;
    check_finite("the scores", score)?;
    let mut order: Vec<usize> = (0..score.len()).filter(|&i| weights.of(i) > 0.0).collect();
    order.sort_unstable_by(|&a, &b| score[b].total_cmp(&score[a]).then(a.cmp(&b)));
    let (mut above, mut below, mut area) = (0.0, 0.0, 0.0);
    // −0.0 and 0.0 are one score, and lie side by side.
    for tied in order.chunk_by(|&a, &b| score[a] == score[b]) {
        let (mut tied_positive, mut tied_negative) = (0.0, 0.0);
        for &i in tied {
            *(if positive[i] { &mut tied_positive } else { &mut tied_negative }) += weights.of(i);
        }
        area += tied_negative * (above + tied_positive / 2.0);
        above += tied_positive;
        below += tied_negative;
    }
    if above == 0.0 || below == 0.0 {
        bad_input!("Only one class is present in y_true. ROC AUC score is not defined in that case.");
    }
    Ok(area / (above * below))
}

/// The mean over the classes of the [`roc_auc`] of a class's probability against all other classes ("one against the
/// rest", macro average). With two columns, that of the second: both classes' are the same. `proba` is n × classes.
///
/// # Errors
/// As [`roc_auc`]; also where a class that has a column has no row.
pub fn roc_auc_multiclass(
    y: ArrayView1<'_, u32>,
    proba: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let k = proba.ncols();
    if let Some(class) = y.iter().find(|&&class| class as usize >= k) {
        bad_input!("class code {class} has no column among {k} columns of probabilities");
    }
    let of = |class: usize| roc_auc(y.mapv(|code| code as usize == class).view(), proba.column(class), weights);
    if k <= 2 {
        return of(1.min(k.saturating_sub(1)));
    }
    let mut total = 0.0;
    for class in 0..k {
        total += of(class)?;
    }
    Ok(total / k as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Of the 2·3 pairs of a positive and a negative row, 4 are in order and one is tied.
    #[test]
    fn as_counted_by_hand_with_a_tie() {
        let positive = array![true, false, false, true, false];
        let score = array![0.9, 0.8, 0.4, 0.4, 0.1];
        assert_eq!(roc_auc(positive.view(), score.view(), None).unwrap(), 4.5 / 6.0);
        let all_tied = roc_auc(positive.view(), array![1.0, 1.0, 1.0, 1.0, 1.0].view(), None).unwrap();
        assert_eq!(all_tied, 0.5);
        let zeros = roc_auc(array![true, false].view(), array![0.0, -0.0].view(), None).unwrap();
        assert_eq!(zeros, 0.5);
    }

    #[test]
    fn a_weight_is_a_repetition() {
        let (positive, score) = (array![true, false, false, true], array![0.9, 0.95, 0.4, 0.4]);
        let weighted = roc_auc(positive.view(), score.view(), Some(array![2.0, 1.0, 3.0, 1.0].view())).unwrap();
        let rows = [0, 0, 1, 2, 2, 2, 3];
        let take = |i: &usize| (positive[*i], score[*i]);
        let (p, s): (Vec<bool>, Vec<f64>) = rows.iter().map(take).unzip();
        assert_eq!(weighted, roc_auc(ArrayView1::from(&p), ArrayView1::from(&s), None).unwrap());
    }

    /// Against the definition: the part of the pairs that is in order.
    #[test]
    fn is_the_part_of_pairs_in_order() {
        let n = 200;
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let positive: Vec<bool> = (0..n).map(|_| draw(3) == 0).collect();
        let score: Vec<f64> = (0..n).map(|_| draw(20) as f64).collect();
        let (mut ordered, mut pairs) = (0.0, 0.0);
        for i in (0..n).filter(|&i| positive[i]) {
            for j in (0..n).filter(|&j| !positive[j]) {
                pairs += 1.0;
                ordered += if score[i] > score[j] { 1.0 } else { f64::from(score[i] == score[j]) / 2.0 };
            }
        }
        let auc = roc_auc(ArrayView1::from(&positive), ArrayView1::from(&score), None).unwrap();
        assert!((auc - ordered / pairs).abs() < 1e-15);
    }

    #[test]
    fn several_classes_are_averaged_and_two_are_one() {
        let proba = array![[0.7, 0.2, 0.1], [0.1, 0.5, 0.4], [0.2, 0.2, 0.6], [0.4, 0.5, 0.1]];
        let y = array![0, 1, 2, 0];
        // Class 0: all in order (1); class 1: 0.5 against {0.2, 0.2, 0.5}: 2.5 of 3; class 2: all in order (1).
        let wanted = (1.0 + 2.5 / 3.0 + 1.0) / 3.0;
        assert!((roc_auc_multiclass(y.view(), proba.view(), None).unwrap() - wanted).abs() < 1e-15);
        let two = array![[0.3, 0.7], [0.6, 0.4], [0.2, 0.8]];
        assert_eq!(roc_auc_multiclass(array![1, 0, 1].view(), two.view(), None).unwrap(), 1.0);
    }

    #[test]
    fn one_class_is_an_error() {
        let message = roc_auc(array![true, true].view(), array![0.1, 0.2].view(), None).unwrap_err().to_string();
        assert!(message.starts_with("Only one class"), "{message}");
        let absent = array![[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]];
        assert!(roc_auc_multiclass(array![0, 1].view(), absent.view(), None).is_err());
        assert!(roc_auc_multiclass(array![0, 3].view(), absent.view(), None).is_err());
        assert!(roc_auc_multiclass(array![0].view(), ArrayView2::from_shape((1, 0), &[]).unwrap(), None).is_err());
    }
}
