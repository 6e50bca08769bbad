//! Which penalty cross-validation chose, by which scores.

use super::LinearModel;
use super::classifier::class_of;
use super::ridge_cv::Scoring;
use crate::{Attribute, Dtype, Error, Result};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, s};
use serde::{Deserialize, Serialize};

/// A choice among penalties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The chosen penalty: one, or one a target.
    pub alpha: Vec<f64>,
    /// Its score: one, or one a target.
    pub best_score: Vec<f64>,
    /// Whether each target has its own.
    pub per_target: bool,
    /// The number of penalties there were.
    pub n_alphas: usize,
    /// Of each left-out row what the parameters asked to keep, n × (penalties·targets), penalty by penalty.
    #[serde(default)]
    pub cv_results: Option<Vec<Vec<f64>>>,
    /// What a caller asked for that judges by itself; not part of a file.
    #[serde(skip)]
    pub kept: Option<Kept>,
}

/// The models of every penalty (and fold, fold by fold), and the left-out rows' predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Penalty by penalty inside a fold.
    pub models: Vec<LinearModel>,
    /// n × (penalties·targets), penalty by penalty; none with folds.
    pub predictions: Array2<f64>,
}

/// The best penalty by `scores` (targets × penalties), for all targets together or for each: the first of equal ones.
/// A score that is no number never wins, unless the first one is.
pub(super) fn chosen(scores: &Array2<f64>, per_target: bool) -> Vec<usize> {
    let first_best =
        |scores: Array1<f64>| (1..scores.len()).fold(0, |best, m| if scores[m] > scores[best] { m } else { best });
    if per_target {
        return scores.rows().into_iter().map(|row| first_best(row.to_owned())).collect();
    }
    let mean = scores.mean_axis(ndarray::Axis(0)).unwrap_or_default();
    vec![first_best(mean); scores.nrows()]
}

/// The score of each target and penalty, t × penalties (accuracy: 1 × penalties), of predictions n × (penalties·t).
pub(super) fn scored(
    scoring: Scoring,
    y: ArrayView2<'_, f64>,
    predictions: &Array2<f64>,
    weights: Option<ArrayView1<'_, f64>>,
    codes: Option<ArrayView2<'_, u32>>,
) -> Array2<f64> {
    let (n, t) = y.dim();
    let a = predictions.ncols() / t.max(1);
    let weights = weights.map_or_else(|| Array1::ones(n), |w| w.to_owned());
    let total = weights.sum();
    if let (Scoring::Accuracy, Some(codes)) = (scoring, codes) {
        return Array2::from_shape_fn((1, a), |(_, m)| {
            let right = |i: usize| {
                let scores = predictions.slice(s![i, m * t..(m + 1) * t]);
                if codes.ncols() == 1 {
                    class_of(scores) == codes[[i, 0]] as usize
                } else {
                    scores.iter().zip(codes.row(i)).all(|(&s, &code)| (s > 0.0) == (code == 1))
                }
            };
            (0..n).filter(|&i| right(i)).map(|i| weights[i]).sum::<f64>() / total
        });
    }
    Array2::from_shape_fn((t, a), |(k, m)| {
        let (truth, found) = (y.column(k), predictions.column(m * t + k));
        let over_rows = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            truth.iter().zip(found).zip(&weights).map(|((&y, &f), w)| w * of(y, f)).sum()
        };
        let squares = |y: f64, f: f64| (y - f) * (y - f);
        match scoring {
            Scoring::NegMeanAbsoluteError => -over_rows(&|y, f| (y - f).abs()) / total,
            // One row has no spread to explain.
            Scoring::R2 if n < 2 => f64::NAN,
            Scoring::R2 => {
                let mean = over_rows(&|y, _| y) / total;
                let (left, spread) = (over_rows(&squares), over_rows(&|y, _| squares(y, mean)));
                match (left == 0.0, spread == 0.0) {
                    (true, _) => 1.0,
                    (false, true) => 0.0,
                    _ => 1.0 - left / spread,
                }
            }
            _ => -over_rows(&squares) / total,
        }
    })
}

impl Choice {
    pub(super) fn new(alphas: &[f64], scores: &Array2<f64>, best: &[usize], per_target: bool) -> Self {
        let (alpha, best_score) = if per_target {
            best.iter().enumerate().map(|(k, &m)| (alphas[m], scores[[k, m]])).unzip()
        } else {
            (vec![alphas[best[0]]], vec![scores.column(best[0]).mean().unwrap_or(f64::NAN)])
        };
        Choice { alpha, best_score, per_target, n_alphas: alphas.len(), cv_results: None, kept: None }
    }

    pub(super) fn check(&self) -> Result<()> {
        let results = self.cv_results.as_ref();
        let width = results.and_then(|r| r.first()).map_or(0, Vec::len);
        let uneven = results.is_some_and(|r| r.iter().any(|row| row.len() != width));
        if self.alpha.is_empty()
            || self.alpha.len() != self.best_score.len()
            || self.n_alphas == 0
            || uneven
            || !width.is_multiple_of(self.n_alphas)
        {
            return Err(Error::File("the choice of a penalty does not fit together".into()));
        }
        Ok(())
    }

    pub(super) fn attributes(&self, dtype: Dtype) -> Vec<(&'static str, Attribute)> {
        let values = |v: &Vec<f64>| Attribute::Floats(Array1::from(v.clone()).into_dyn(), Dtype::F64);
        let number = |v: &Vec<f64>| {
            if self.per_target { values(v) } else { Attribute::Float(v.first().copied().unwrap_or(f64::NAN)) }
        };
        let mut attributes = vec![("alpha_", number(&self.alpha)), ("best_score_", number(&self.best_score))];
        // n × targets × penalties, from penalty by penalty.
        let by_target = |rows: usize, width: usize, at: &dyn Fn(usize, usize) -> f64| {
            let t = width / self.n_alphas.max(1);
            Array3::from_shape_fn((rows, t, self.n_alphas), |(i, k, m)| at(i, m * t + k)).into_dyn()
        };
        if let Some(results) = &self.cv_results {
            let width = results.first().map_or(0, Vec::len);
            let array = by_target(results.len(), width, &|i, c| results[i][c]);
            attributes.push(("cv_results_", Attribute::Floats(array, dtype)));
        }
        if let Some(kept) = &self.kept {
            let (t, p) = kept.models.first().map_or((0, 0), |m| m.coef.dim());
            let coef = Array3::from_shape_fn((kept.models.len(), t, p), |(m, k, j)| kept.models[m].coef[[k, j]]);
            let intercept = Array2::from_shape_fn((kept.models.len(), t), |(m, k)| kept.models[m].intercept[k]);
            let predictions =
                by_target(kept.predictions.nrows(), kept.predictions.ncols(), &|i, c| kept.predictions[[i, c]]);
            attributes.push(("path_coef_", Attribute::Floats(coef.into_dyn(), dtype)));
            attributes.push(("path_intercept_", Attribute::Floats(intercept.into_dyn(), dtype)));
            attributes.push(("path_predictions_", Attribute::Floats(predictions, Dtype::F64)));
        }
        attributes
    }
}
