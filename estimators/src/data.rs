//! What an estimator is fitted to.

use crate::{AnyMatrix, Result, bad_input};
use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// X, what is to be learnt about its rows, and how much each row counts.
#[derive(Debug, Clone)]
pub struct Data<'a> {
    /// n × p.
    pub x: AnyMatrix<'a>,
    /// The target.
    pub target: Target<'a>,
    /// Non-negative weights of the rows (a row of weight 2 counts as two rows); `None` means 1 each.
    pub weights: Option<ArrayView1<'a, f64>>,
}

/// What is to be learnt; each column is one output.
#[derive(Debug, Clone)]
pub enum Target<'a> {
    /// Nothing: clustering.
    None,
    /// Numbers, n × outputs.
    Values(ArrayView2<'a, f64>),
    /// Classes as codes, n × outputs, and the number of classes of each output.
    Classes(ArrayView2<'a, u32>, Vec<usize>),
}

impl Target<'_> {
    /// The same view for a shorter time: ndarray's views do not shorten by themselves.
    pub fn reborrow(&self) -> Target<'_> {
        match self {
            Target::None => Target::None,
            Target::Values(y) => Target::Values(y.reborrow()),
            Target::Classes(codes, n_classes) => Target::Classes(codes.reborrow(), n_classes.clone()),
        }
    }
}

impl<'a> Data<'a> {
    /// Data without a target.
    pub fn new(x: impl Into<AnyMatrix<'a>>) -> Self {
        Data { x: x.into(), target: Target::None, weights: None }
    }

    /// With numbers to predict, n × outputs.
    pub fn with_values(mut self, y: ArrayView2<'a, f64>) -> Self {
        self.target = Target::Values(y);
        self
    }

    /// With classes to predict, n × outputs, as codes below `n_classes` of each output.
    pub fn with_classes(mut self, codes: ArrayView2<'a, u32>, n_classes: Vec<usize>) -> Self {
        self.target = Target::Classes(codes, n_classes);
        self
    }

    /// With weights.
    pub fn with_weights(mut self, weights: Option<ArrayView1<'a, f64>>) -> Self {
        self.weights = weights;
        self
    }

    /// Checks lengths, finiteness of weights and the range of class codes: what every estimator relies on. Whether
    /// X itself may hold NaN is the estimator's affair.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn check(&self) -> Result<()> {
        let (n, p) = self.x.shape();
        if n == 0 {
            bad_input!("Found array with 0 sample(s) (shape=({n}, {p})) while a minimum of 1 is required.");
        }
        if p == 0 {
            bad_input!("Found array with 0 feature(s) (shape=({n}, {p})) while a minimum of 1 is required.");
        }
        let rows = match &self.target {
            Target::None => n,
            Target::Values(y) => {
                if y.iter().any(|v| !v.is_finite()) {
                    bad_input!("Input y contains NaN or infinity.");
                }
                y.nrows()
            }
            Target::Classes(codes, n_classes) => {
                if codes.ncols() != n_classes.len() {
                    bad_input!("{} outputs but {} numbers of classes", codes.ncols(), n_classes.len());
                }
                for (column, &k) in codes.columns().into_iter().zip(n_classes) {
                    if let Some(code) = column.iter().find(|&&code| code as usize >= k) {
                        bad_input!("class code {code} is outside 0..{k}");
                    }
                }
                codes.nrows()
            }
        };
        if rows != n {
            bad_input!("Found input variables with inconsistent numbers of samples: [{n}, {rows}]");
        }
        if let Some(weights) = &self.weights {
            if weights.len() != n {
                bad_input!("sample_weight.shape == ({},), expected ({n},)!", weights.len());
            }
            if weights.iter().any(|w| !w.is_finite()) {
                bad_input!("Input sample_weight contains NaN or infinity.");
            }
        }
        Ok(())
    }

    /// Checks that X holds neither NaN nor infinity.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn check_finite(&self) -> Result<()> {
        if !self.x.all_finite() {
            bad_input!("Input X contains NaN or infinity.");
        }
        Ok(())
    }

    /// Checks that no weight is negative.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn check_weights_not_negative(&self) -> Result<()> {
        if self.weights.as_ref().is_some_and(|w| w.iter().any(|&w| w < 0.0)) {
            bad_input!("Negative values in data passed to `sample_weight`");
        }
        Ok(())
    }

    /// The numbers to predict.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where the target is missing or classes.
    pub fn values(&self, estimator: &str) -> Result<ArrayView2<'_, f64>> {
        match &self.target {
            Target::Values(y) if y.ncols() > 0 => Ok(y.view()),
            Target::Classes(..) => bad_input!("{estimator} predicts numbers, but the target holds classes"),
            _ => bad_input!("{estimator} requires y to be passed, but the target y is None"),
        }
    }

    /// The class codes and the number of classes of each output.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where the target is missing or numbers.
    pub fn classes(&self, estimator: &str) -> Result<(ArrayView2<'_, u32>, &[usize])> {
        match &self.target {
            Target::Classes(codes, n) if codes.ncols() > 0 => Ok((codes.view(), n)),
            Target::Values(_) => bad_input!("{estimator} predicts classes, but the target holds numbers"),
            _ => bad_input!("{estimator} requires y to be passed, but the target y is None"),
        }
    }
}

/// The names of the classes of one output, in the order of their codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Integers.
    Int(Vec<i64>),
    /// Floating-point numbers.
    Float(Vec<f64>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Text.
    Text(Vec<String>),
}

impl Labels {
    /// The number of classes.
    pub fn len(&self) -> usize {
        match self {
            Labels::Int(v) => v.len(),
            Labels::Float(v) => v.len(),
            Labels::Bool(v) => v.len(),
            Labels::Text(v) => v.len(),
        }
    }

    /// Whether there are no classes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of class `code`, as text.
    pub fn name(&self, code: usize) -> Option<String> {
        match self {
            Labels::Int(v) => v.get(code).map(i64::to_string),
            Labels::Float(v) => v.get(code).map(f64::to_string),
            Labels::Bool(v) => v.get(code).map(bool::to_string),
            Labels::Text(v) => v.get(code).cloned(),
        }
    }
}
