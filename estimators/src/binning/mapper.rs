//! How the values of each feature fall into bins.

use super::thresholds;
use crate::saved::vector;
use crate::{AnyMatrix, Control, Error, Result, bad_input};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::ArrayView2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The bins of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureBins {
    /// Bin i holds the values above threshold i − 1 and up to threshold i; the thresholds rise.
    Numeric(#[serde(with = "vector")] Vec<f64>),
    /// Bin i holds the value i; they rise. A value that is not there is treated as missing.
    Categories(#[serde(with = "vector")] Vec<f64>),
}

impl FeatureBins {
    /// The number of bins of values; missing values have the bin of that number.
    pub fn n_bins(&self) -> usize {
        match self {
            FeatureBins::Numeric(thresholds) => thresholds.len() + 1,
            FeatureBins::Categories(values) => values.len(),
        }
    }

    /// Whether the bins are categories.
    pub fn is_categorical(&self) -> bool {
        matches!(self, FeatureBins::Categories(_))
    }

    /// The bin of a value.
    pub fn bin(&self, value: f64) -> u8 {
        match self {
            _ if value.is_nan() => self.n_bins() as u8,
            FeatureBins::Numeric(thresholds) => thresholds.partition_point(|&t| t < value) as u8,
            FeatureBins::Categories(values) => {
                let at = values.partition_point(|&v| v < value);
                if values.get(at) == Some(&value) { at as u8 } else { values.len() as u8 }
            }
        }
    }

    fn check(&self) -> bool {
        let (FeatureBins::Numeric(values) | FeatureBins::Categories(values)) = self;
        self.n_bins() <= 255 && values.windows(2).all(|pair| pair[0] < pair[1]) && !values.iter().any(|v| v.is_nan())
    }
}

/// How bins are learnt.
#[derive(Debug, Clone)]
pub struct Bins<'a> {
    /// Bins of values of a feature, at most. Range [2, 255].
    pub max_bins: usize,
    /// Whether each feature holds categories; empty: none does.
    pub categorical: &'a [bool],
    /// From more rows than this, as many are drawn to find quantiles.
    pub subsample: usize,
    /// The seed of that draw.
    pub seed: u64,
}

impl Bins<'_> {
    /// Rows that quantiles are found on.
    pub const SUBSAMPLE: usize = 200_000;
}

/// The bins of all features.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mapper {
    /// One for each column of X.
    pub features: Vec<FeatureBins>,
}

/// Columns whose values are gathered in one walk over the rows: a cache line of `f64`.
const NEAR: usize = 8;

impl Mapper {
    /// Learns the bins of `x`: thresholds from `rows` (all where `None`) with their `weights` (one for each of those
    /// rows; rows without weight do not count), categories from all rows. NaN is a missing value.
    ///
    /// # Errors
    /// [`Error::Input`] for sparse X and for a feature with more categories than bins.
    pub fn fit(
        x: &AnyMatrix<'_>,
        rows: Option<&[u32]>,
        weights: Option<&[f64]>,
        rule: &Bins<'_>,
        ctl: &Control,
    ) -> Result<Self> {
        let p = x.ncols();
        let n = rows.map_or(x.nrows(), <[u32]>::len);
        let drawn = (n > rule.subsample).then(|| draw(n, weights, rule));
        let picked: Option<Vec<u32>> = match (&drawn, rows) {
            (Some(drawn), Some(rows)) => Some(drawn.iter().map(|&i| rows[i as usize]).collect()),
            (Some(drawn), None) => Some(drawn.clone()),
            (None, _) => rows.map(<[u32]>::to_vec),
        };
        // The draw has taken the weights into account.
        let weights = if drawn.is_some() { None } else { weights };
        let found = threads::map_tiles(ctl, p, NEAR, |columns| {
            with_matrix!(x, x => match x {
                Matrix::Dense(x) => dense(x, picked.as_deref(), weights, columns, rule),
                Matrix::Sparse(_) => Err(sparse()),
            })
        })?;
        let mut features = Vec::with_capacity(p);
        for part in found {
            features.extend(part?);
        }
        Ok(Mapper { features })
    }

    /// Checks that every value has a bin.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self, n_features: usize) -> Result<()> {
        let fits = self.features.len() == n_features && self.features.iter().all(FeatureBins::check);
        if fits { Ok(()) } else { Err(Error::File("its bins are not in order".into())) }
    }
}

/// What sparse X gets.
pub(super) fn sparse() -> Error {
    Error::Input("Sparse data was passed for X, but dense data is required.".into())
}

/// Rows drawn with replacement, by weight, rising.
fn draw(n: usize, weights: Option<&[f64]>, rule: &Bins<'_>) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(rule.seed);
    let mut drawn: Vec<u32> = match weights {
        None => (0..rule.subsample).map(|_| ((u128::from(rng.next_u64()) * n as u128) >> 64) as u32).collect(),
        Some(weights) => {
            let mut sum = 0.0;
            let sums: Vec<f64> = weights.iter().map(|w| (sum += w, sum).1).collect();
            let unit = sum / (1_u64 << 53) as f64;
            let mut one = || {
                let target = (rng.next_u64() >> 11) as f64 * unit;
                sums.partition_point(|&s| s <= target).min(n - 1) as u32
            };
            (0..rule.subsample).map(|_| one()).collect()
        }
    };
    drawn.sort_unstable();
    drawn
}

/// The distinct values of a column as long as they are few.
struct Few {
    values: Vec<f64>,
    /// The last two that were looked for.
    last: [f64; 2],
    many: bool,
    ignored: bool,
}

impl Few {
    const MOST: usize = 16;

    fn new(ignored: bool) -> Self {
        Few { values: Vec::new(), last: [f64::NAN; 2], many: false, ignored }
    }

    #[inline(always)]
    fn take(&mut self, v: f64, max_bins: usize) {
        if (v == self.last[0]) | (v == self.last[1]) {
            return;
        }
        self.look_for(v, max_bins);
    }

    fn look_for(&mut self, v: f64, max_bins: usize) {
        if v.is_nan() || self.many || self.ignored {
            return;
        }
        self.last = [v, self.last[0]];
        if !self.values.contains(&v) {
            self.values.push(v);
            self.many = self.values.len() > Self::MOST.min(max_bins);
        }
    }
}

/// All values of a column, and their weights where there are such.
struct Many {
    column: usize,
    values: Vec<f64>,
    kept: Vec<f64>,
}

impl Many {
    fn new(column: usize) -> Self {
        Many { column, values: Vec::new(), kept: Vec::new() }
    }
}

fn dense<F: Real>(
    x: &ArrayView2<'_, F>,
    picked: Option<&[u32]>,
    weights: Option<&[f64]>,
    columns: Range<usize>,
    rule: &Bins<'_>,
) -> Result<Vec<FeatureBins>> {
    let n = picked.map_or(x.nrows(), <[u32]>::len);
    let is_categorical = |j: usize| rule.categorical.get(j).copied().unwrap_or(false);
    let row = |i: usize| picked.map_or(i, |picked| picked[i] as usize);
    let counts = |i: &usize| weights.is_none_or(|w| w[*i] != 0.0);
    let mut few: Vec<Few> = columns.clone().map(|j| Few::new(is_categorical(j))).collect();
    for i in (0..n).filter(counts) {
        let row = x.row(row(i));
        for (j, few) in columns.clone().zip(&mut few) {
            few.take(row[j].widen(), rule.max_bins);
        }
        if few.iter().all(|few| few.many || few.ignored) {
            break;
        }
    }
    // All values of the others.
    let mut many: Vec<Many> =
        columns.clone().zip(&few).filter(|(_, few)| few.many).map(|(j, _)| Many::new(j)).collect();
    for i in (0..if many.is_empty() { 0 } else { n }).filter(counts) {
        let (row, weight) = (x.row(row(i)), weights.map(|w| w[i]));
        for Many { column, values, kept } in &mut many {
            let v = row[*column].widen();
            if !v.is_nan() {
                values.push(v);
                kept.extend(weight);
            }
        }
    }
    let mut many = many.into_iter();
    let each = columns.zip(few).map(|(j, mut few)| {
        if is_categorical(j) {
            return categories(x, j, rule.max_bins);
        }
        Ok(FeatureBins::Numeric(match few.many.then(|| many.next()).flatten() {
            Some(mut all) => {
                let weights = weights.is_some().then_some(all.kept.as_slice());
                thresholds::find(&mut all.values, weights, rule.max_bins)
            }
            // Where each value has a bin, weights say nothing.
            None => thresholds::find(&mut few.values, None, rule.max_bins),
        }))
    });
    each.collect()
}

/// The distinct values of a column that are not missing.
fn categories<F: Real>(x: &ArrayView2<'_, F>, column: usize, max_bins: usize) -> Result<FeatureBins> {
    let mut values: Vec<f64> = x.column(column).iter().map(|v| v.widen()).filter(|v| !v.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    if values.len() > max_bins {
        bad_input!(
            "Categorical feature at index {column} is expected to have a cardinality <= {max_bins} but actually has a \
             cardinality of {}.",
            values.len()
        );
    }
    Ok(FeatureBins::Categories(values))
}
