//! A fitted linear classifier: scores of the classes, and probabilities where the loss gives some.

use crate::Result;
use crate::loss::sigmoid;
use crate::{AnyMatrix, Attribute, Coefficients, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report};
use ironlearn_linalg::{host::matmul::matmul, with_matrix};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

/// How probabilities follow from the scores of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probabilities {
    /// The loss gives none.
    None,
    /// `exp(sₖ) / Σ exp(sⱼ)`; for two classes with one score s, `1 / (1 + exp(-s))`.
    Softmax,
    /// `1 / (1 + exp(-sₖ))`, divided by the sum over the classes where there are more than two.
    OneVsRest,
    /// Zhang's (2004) for the modified Huber loss: `(clip(sₖ, -1, 1) + 1) / 2`, divided by the sum over the classes;
    /// equal ones where all are 0.
    ModifiedHuber,
}

impl Probabilities {
    /// n × classes from scores, n × 1 for two classes.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are none.
    pub fn of(self, scores: Array2<f64>) -> Result<Array2<f64>> {
        let one: fn(f64) -> f64 = match self {
            Probabilities::None => return Err(Error::Unsupported("this loss gives no probabilities".into())),
            Probabilities::Softmax | Probabilities::OneVsRest => sigmoid,
            Probabilities::ModifiedHuber => |s| (s.clamp(-1.0, 1.0) + 1.0) / 2.0,
        };
        if scores.ncols() == 1 {
            let mut both = Array2::zeros((scores.nrows(), 2));
            for (mut row, &score) in both.rows_mut().into_iter().zip(&scores) {
                let p = one(score);
                (row[0], row[1]) = (1.0 - p, p);
            }
            return Ok(both);
        }
        let mut all = scores;
        for mut row in all.rows_mut() {
            if self == Probabilities::Softmax {
                let largest = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
                row.mapv_inplace(|s| (s - largest).exp());
            } else {
                row.mapv_inplace(one);
            }
            let sum = row.sum();
            if sum > 0.0 {
                row /= sum;
            } else {
                row.fill(1.0 / row.len() as f64);
            }
        }
        Ok(all)
    }
}

/// The class of a row of scores: of several the largest, the first of equal ones.
pub fn class_of(scores: ArrayView1<'_, f64>) -> usize {
    if scores.len() == 1 {
        return usize::from(scores[0] > 0.0);
    }
    let mut best = 0;
    for (k, &score) in scores.iter().enumerate() {
        if score > scores[best] {
            best = k;
        }
    }
    best
}

/// `s = X·coefᵀ + intercept`; the class of the largest score, or of two classes the second where `s > 0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearClassifier {
    /// Classes × features; one row where there are two classes.
    #[serde(with = "crate::saved::array2")]
    pub coef: Array2<f64>,
    /// One for each row of `coef`.
    #[serde(with = "crate::saved::array1")]
    pub intercept: Array1<f64>,
    /// The type of X at the fit.
    pub dtype: Dtype,
    /// How probabilities follow from the scores.
    pub probabilities: Probabilities,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl Model for LinearClassifier {
    fn n_features_in(&self) -> usize {
        self.coef.ncols()
    }

    fn check(&self) -> Result<()> {
        let (rows, features) = self.coef.dim();
        if rows == 0 || features == 0 || self.intercept.len() != rows {
            let intercepts = self.intercept.len();
            return Err(Error::File(format!("coefficients of {rows} × {features} with {intercepts} intercepts")));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        Some(Coefficients { coef: &mut self.coef, intercept: &mut self.intercept })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![
            ("coef_", Attribute::Floats(self.coef.clone().into_dyn(), self.dtype)),
            ("intercept_", Attribute::Floats(self.intercept.clone().into_dyn(), self.dtype)),
        ]
    }
}

impl DecisionOn for LinearClassifier {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "the model")?;
        let mut scores = with_matrix!(x, x => matmul(x, self.coef.t(), ctl))?;
        scores += &self.intercept;
        Ok(scores)
    }
}

impl PredictOn for LinearClassifier {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let scores = self.decision_on(x, ctl)?;
        Ok(scores.map_axis(Axis(1), |row| class_of(row) as f64).insert_axis(Axis(1)))
    }
}

impl ProbaOn for LinearClassifier {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        Ok(vec![self.probabilities.of(self.decision_on(x, ctl)?)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn probabilities_add_up_and_order_as_the_scores_do() {
        for kind in [Probabilities::Softmax, Probabilities::OneVsRest, Probabilities::ModifiedHuber] {
            let p = kind.of(array![[0.5, -0.2, 0.1], [-800.0, 800.0, 0.0], [-3.0, -3.0, -3.0]]).unwrap();
            assert!(p.sum_axis(Axis(1)).iter().all(|sum| (sum - 1.0).abs() < 1e-15), "{kind:?}");
            assert_eq!((class_of(p.row(0)), class_of(p.row(1))), (0, 1));
            let two = kind.of(array![[-900.0], [0.0], [900.0]]).unwrap();
            assert_eq!(two, array![[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]);
        }
        assert!(Probabilities::None.of(array![[1.0]]).is_err());
    }
}
