//! Text of many levels as numbers: what the target is on average where the level occurs.

use super::categories::{Categories, UNKNOWN};
use super::learn::learn;
use super::one_hot::Wanted;
use super::{Block, FitTransformer, Transformer, transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning, bad_input};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::threads;
use ndarray::{Array2, ArrayView1};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Each entry becomes the mean of the target over the rows of its category, drawn towards the mean of all the more the
/// rarer the category is (Micci-Barreca 2001). One column for numbers and for two classes; one for each of more classes.
/// An unknown category becomes the mean of all; a missing entry is a category.
///
/// A fit that maps its own rows does so by cross-fitting: each row by what the other folds say, so that no row meets
/// its own target again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetEncoder {
    /// Found in the data, or given.
    pub categories: Wanted,
    /// How many rows the mean of all counts for. Range [0, ∞); `None`: the ratio of the variance inside the category
    /// to the variance of the target (empirical Bayes).
    pub smooth: Option<f64>,
    /// The number of folds. Range [2, ∞).
    pub cv: usize,
    /// Where the shuffling into folds starts.
    pub random_state: u64,
}

impl Default for TargetEncoder {
    fn default() -> Self {
        TargetEncoder { categories: Wanted::Auto, smooth: None, cv: 5, random_state: 0 }
    }
}

impl Params for TargetEncoder {
    const NAME: &'static str = "TargetEncoder";

    fn validate(&self) -> Result<()> {
        let bad = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        match self.smooth {
            Some(smooth) if !(smooth.is_finite() && smooth >= 0.0) => {
                bad("smooth", "a float in the range [0.0, inf) or None", smooth.to_string())
            }
            _ if self.cv < 2 => bad("cv", "an int in the range [2, inf)", self.cv.to_string()),
            _ => Ok(()),
        }
    }
}

/// A fitted [`TargetEncoder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetEncoding {
    /// The parameters of the fit.
    pub params: TargetEncoder,
    /// The categories of each column.
    pub categories: Vec<Categories>,
    /// For each column: categories × outputs.
    pub encodings: Vec<Encoding>,
    /// The mean of the target, one for each output.
    #[serde(with = "crate::saved::vector")]
    pub target_mean: Vec<f64>,
}

/// What the categories of one column become, category by category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoding(#[serde(with = "crate::saved::vector")] pub Vec<f64>);

/// The target as numbers: one column, or one of 0 and 1 for each class.
fn outputs(target: &Target<'_>, n: usize) -> Result<Vec<Vec<f64>>> {
    let columns: Vec<Vec<f64>> = match target {
        Target::Values(y) if y.ncols() == 1 => vec![y.column(0).to_vec()],
        Target::Classes(codes, k) if k.len() == 1 => {
            let column = codes.column(0);
            let one = |class: u32| column.iter().map(|&code| f64::from(u8::from(code == class))).collect();
            if k[0] <= 2 { vec![one(1)] } else { (0..k[0] as u32).map(one).collect() }
        }
        Target::None => bad_input!("TargetEncoder requires y to be passed, but the target y is None"),
        _ => bad_input!("TargetEncoder takes one target"),
    };
    if columns.iter().any(|c| c.len() != n) {
        bad_input!("Found input variables with inconsistent numbers of samples: [{n}, {}]", columns[0].len());
    }
    Ok(columns)
}

/// The encodings of `k` categories by the rows that `counted` lets through.
fn encode(codes: &[u32], y: &[f64], k: usize, smooth: Option<f64>, counted: impl Fn(usize) -> bool) -> (Vec<f64>, f64) {
    let rows = || (0..y.len()).filter(|&row| counted(row));
    let n = rows().count().max(1) as f64;
    let mean = rows().map(|row| y[row]).sum::<f64>() / n;
    let (mut sums, mut counts) = (vec![0.0; k], vec![0.0; k]);
    for row in rows().filter(|&row| codes[row] != UNKNOWN) {
        sums[codes[row] as usize] += y[row];
        counts[codes[row] as usize] += 1.0;
    }
    let own: Vec<f64> = sums.iter().zip(&counts).map(|(s, n)| s / n).collect();
    let of = |c: usize, prior: f64| {
        let weight: f64 = counts[c] / (counts[c] + prior);
        if counts[c] == 0.0 || weight.is_nan() { mean } else { weight * own[c] + (1.0 - weight) * mean }
    };
    if let Some(smooth) = smooth {
        return ((0..k).map(|c| of(c, smooth)).collect(), mean);
    }
    let variance = rows().map(|row| (y[row] - mean).powi(2)).sum::<f64>() / n;
    let mut squares = vec![0.0; k];
    for row in rows().filter(|&row| codes[row] != UNKNOWN) {
        let c = codes[row] as usize;
        squares[c] += (y[row] - own[c]).powi(2);
    }
    // The variance inside the category counts as this many rows of the mean of all.
    ((0..k).map(|c| of(c, squares[c] / counts[c] / variance)).collect(), mean)
}

impl TargetEncoding {
    fn width(&self) -> usize {
        self.categories.len() * self.target_mean.len()
    }
}

/// The codes of each column of `x`.
fn codes(categories: &[Categories], x: &Block<'_>, ctl: &Control) -> Result<Vec<Vec<u32>>> {
    let n = x.shape().0;
    let all = threads::map(ctl, categories.len(), |j| -> Result<Vec<u32>> {
        let column = x.column(j)?;
        let codes = categories[j].resolve(&column)?;
        Ok((0..n).map(|row| codes.code(row)).collect())
    })?;
    all.into_iter().collect()
}

impl FitTransformer for TargetEncoder {
    type Model = TargetEncoding;

    /// Weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<TargetEncoding> {
        let y = outputs(target, x.shape().0)?;
        let learnt = learn(Self::NAME, &params.categories, false, x, weights, ctl)?;
        let categories: Vec<Categories> = learnt.into_iter().map(|(categories, _)| categories).collect();
        let codes = codes(&categories, x, ctl)?;
        let tasks = threads::map(ctl, categories.len() * y.len(), |task| {
            let (j, output) = (task / y.len(), task % y.len());
            encode(&codes[j], &y[output], categories[j].len(), params.smooth, |_| true)
        })?;
        let mut encodings: Vec<Encoding> = categories.iter().map(|c| Encoding(vec![0.0; c.len() * y.len()])).collect();
        let mut target_mean = vec![0.0; y.len()];
        for (task, (values, mean)) in tasks.into_iter().enumerate() {
            let (j, output) = (task / y.len(), task % y.len());
            values.into_iter().enumerate().for_each(|(c, v)| encodings[j].0[c * y.len() + output] = v);
            target_mean[output] = mean;
        }
        Ok(TargetEncoding { params: (**params).clone(), categories, encodings, target_mean })
    }

    /// By cross-fitting over shuffled folds.
    fn fit_transform_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<(TargetEncoding, Block<'static>)> {
        let model = Self::fit_checked(params, x, target, weights, ctl)?;
        let y = outputs(target, x.shape().0)?;
        let n = x.shape().0;
        if n < params.cv {
            bad_input!(
                "Cannot have number of splits n_splits={} greater than the number of samples: n_samples={n}.",
                params.cv
            );
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(params.random_state));
        let mut fold = vec![0_u32; n];
        for (place, row) in order.into_iter().enumerate() {
            fold[row] = (place * params.cv / n) as u32;
        }
        let codes = codes(&model.categories, x, ctl)?;
        let width = model.width();
        let mut out = Array2::zeros((n, width));
        let tasks = threads::map(ctl, width * params.cv, |task| {
            let (column, held) = (task / params.cv, (task % params.cv) as u32);
            let (j, output) = (column / y.len(), column % y.len());
            encode(&codes[j], &y[output], model.categories[j].len(), params.smooth, |row| fold[row] != held)
        })?;
        for column in 0..width {
            let j = column / y.len();
            for row in 0..n {
                let (values, mean) = &tasks[column * params.cv + fold[row] as usize];
                out[[row, column]] = values.get(codes[j][row] as usize).copied().unwrap_or(*mean);
            }
        }
        Ok((model, Block::Dense(out)))
    }
}

impl Transformer for TargetEncoding {
    type Params = TargetEncoder;

    fn params(&self) -> &TargetEncoder {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.categories.len()
    }

    fn check(&self) -> Result<()> {
        let outputs = self.target_mean.len();
        if self.categories.is_empty() || outputs == 0 || self.encodings.len() != self.categories.len() {
            return Err(Error::File("a target encoding without columns or outputs".into()));
        }
        for (categories, encoding) in self.categories.iter().zip(&self.encodings) {
            categories.check()?;
            if categories.len().checked_mul(outputs) != Some(encoding.0.len()) {
                return Err(Error::File("a target encoding that does not fit its categories".into()));
            }
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let (codes, t) = (codes(&self.categories, x, ctl)?, self.target_mean.len());
        let width = self.width();
        let mut out = Array2::zeros((x.shape().0, width));
        threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), width, 4096, |first, out| {
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                for ((of, codes), encoding) in out.chunks_exact_mut(t).zip(&codes).zip(&self.encodings) {
                    let code = codes[first + i];
                    let at = code as usize * t;
                    of.copy_from_slice(if code == UNKNOWN { &self.target_mean } else { &encoding.0[at..at + t] });
                }
            }
        })?;
        Ok(Block::Dense(out))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        self.categories.iter().map(|c| Some(c.column_type())).collect()
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        let t = self.target_mean.len();
        let several = |name: &String| (0..t).map(|class| format!("{name}_{class}")).collect::<Vec<_>>();
        names.iter().flat_map(|name| if t == 1 { vec![name.clone()] } else { several(name) }).collect()
    }
}
