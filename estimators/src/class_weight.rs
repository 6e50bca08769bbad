//! `class_weight`: what a class counts, whatever the classifier.

use crate::{Result, bad_input};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Weights of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeight {
    /// By a rule.
    Rule(WeightRule),
    /// For each output the weight of each class, in the order of the codes; outputs multiply.
    Each(Vec<Vec<f64>>),
}

/// A rule for the weights of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightRule {
    /// Rows / (classes × rows of the class).
    Balanced,
}

impl ClassWeight {
    /// The weight of each row by its classes, times its own.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where there are weights for other classes.
    pub fn of_rows(&self, codes: ArrayView2<'_, u32>, n_classes: &[usize], own: Option<&[f64]>) -> Result<Vec<f64>> {
        let n = codes.nrows();
        let mut weights = own.map_or_else(|| vec![1.0; n], <[f64]>::to_vec);
        for (k, column) in codes.columns().into_iter().enumerate() {
            let by_class = self.by_class(codes, k, n_classes)?;
            weights.iter_mut().zip(column).for_each(|(w, &code)| *w *= by_class[code as usize]);
        }
        Ok(weights)
    }

    /// As [`ClassWeight::of_rows`], but `balanced` counts rows by their weights: a row of weight 2 as two.
    ///
    /// # Errors
    /// As [`ClassWeight::of_rows`].
    pub fn of_weighted_rows(
        &self,
        codes: ArrayView2<'_, u32>,
        n_classes: &[usize],
        own: Option<&[f64]>,
    ) -> Result<Vec<f64>> {
        let (ClassWeight::Rule(WeightRule::Balanced), Some(own)) = (self, own) else {
            return self.of_rows(codes, n_classes, own);
        };
        let mut weights = own.to_vec();
        let total: f64 = own.iter().sum();
        for (column, &classes) in codes.columns().into_iter().zip(n_classes) {
            let mut sums = vec![0.0; classes];
            column.iter().zip(own).for_each(|(&code, w)| sums[code as usize] += w);
            let present = sums.iter().filter(|&&s| s > 0.0).count() as f64;
            // A row without weight stays without, also where its class has none.
            weights.iter_mut().zip(column).filter(|(w, _)| **w != 0.0).for_each(|(w, &code)| {
                *w *= total / (present * sums[code as usize]);
            });
        }
        Ok(weights)
    }

    /// The weight of each class of output `k`.
    ///
    /// # Errors
    /// As [`ClassWeight::of_rows`].
    pub fn by_class(&self, codes: ArrayView2<'_, u32>, k: usize, n_classes: &[usize]) -> Result<Cow<'_, [f64]>> {
        Ok(match self {
            ClassWeight::Each(each) if each.len() == n_classes.len() && each[k].len() == n_classes[k] => {
                (&each[k]).into()
            }
            ClassWeight::Each(_) => bad_input!("class_weight needs one weight for each class of each output"),
            ClassWeight::Rule(WeightRule::Balanced) => {
                let mut counts = vec![0.0; n_classes[k]];
                codes.column(k).iter().for_each(|&code| counts[code as usize] += 1.0);
                let present = counts.iter().filter(|&&c| c > 0.0).count() as f64;
                counts.iter().map(|c| codes.nrows() as f64 / (present * c)).collect()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn balanced_classes_weigh_the_same() {
        let codes = array![[0_u32], [0], [0], [1]];
        let balanced = ClassWeight::Rule(WeightRule::Balanced).of_rows(codes.view(), &[2], None).unwrap();
        assert!((balanced[..3].iter().sum::<f64>() - balanced[3]).abs() < 1e-15);
        let each = ClassWeight::Each(vec![vec![0.5, 3.0]]);
        assert_eq!(each.of_rows(codes.view(), &[2], Some(&[2.0; 4])).unwrap(), [1.0, 1.0, 1.0, 6.0]);
        assert!(each.of_rows(codes.view(), &[3], None).is_err());
        // Weights that repeat rows weigh as the repeated rows do.
        let again = array![[0_u32], [0], [0], [1], [1]];
        let rule = ClassWeight::Rule(WeightRule::Balanced);
        let repeated = rule.of_weighted_rows(again.view(), &[2], None).unwrap();
        let weighted = rule.of_weighted_rows(codes.view(), &[2], Some(&[1.0, 1.0, 1.0, 2.0])).unwrap();
        assert_eq!((weighted[0], weighted[3]), (repeated[0], 2.0 * repeated[3]));
    }
}
