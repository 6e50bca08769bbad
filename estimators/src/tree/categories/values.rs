//! The values that stand for categories, and X with codes in their place: what trees are grown on and walk over.

use super::Categorical;
use super::sets::MOST;
use crate::saved::vector;
use crate::tree::Tree;
use crate::tree::columns::check_values;
use crate::{AnyMatrix, Attribute, Control, Error, Result, bad_input};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// The categories of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The feature.
    pub feature: u32,
    /// How many categories it has.
    pub count: u32,
    /// Their values, rising; the code of a category is its place. Empty where the values are their codes.
    #[serde(with = "vector")]
    pub values: Vec<f64>,
}

/// The features that hold categories, rising, and the values of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Categories {
    /// One for each such feature.
    pub features: Vec<Level>,
}

impl Level {
    fn learn<F: Real>(x: &ArrayView2<'_, F>, feature: usize) -> Result<Self> {
        let mut values: Vec<f64> = x.column(feature).iter().map(|v| v.widen()).filter(|v| !v.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        // -0 is 0.
        values.dedup_by(|a, b| a == b);
        let count = values.len();
        if count > MOST {
            bad_input!(
                "Categorical feature at index {feature} is expected to have a cardinality <= {MOST} but actually has a \
                 cardinality of {count}."
            );
        }
        if values.iter().enumerate().all(|(code, &value)| value == code as f64) {
            values.clear();
        }
        Ok(Level { feature: feature as u32, count: count as u32, values })
    }

    /// The code of a value; NaN where it is missing or unknown.
    fn code(&self, value: f64) -> f32 {
        if self.values.is_empty() {
            return if value >= 0.0 && value < f64::from(self.count) && value.fract() == 0.0 {
                value as f32
            } else {
                f32::NAN
            };
        }
        let at = self.values.partition_point(|&v| v < value);
        if self.values.get(at) == Some(&value) { at as f32 } else { f32::NAN }
    }

    fn check(&self) -> bool {
        let rises = self.values.windows(2).all(|pair| pair[0] < pair[1]) && !self.values.iter().any(|v| v.is_nan());
        self.count as usize <= MOST && rises && (self.values.is_empty() || self.values.len() == self.count as usize)
    }
}

impl Categories {
    /// Learns the values of the marked features from all rows; `None` where no feature is marked.
    ///
    /// # Errors
    /// [`Error::Input`] for sparse X, marks of other features, infinite values and a feature of more than 65,535
    /// categories; [`ironlearn_linalg::Error::Interrupted`].
    pub fn learn(x: &AnyMatrix<'_>, marked: Option<&Categorical>, ctl: &Control) -> Result<Option<Self>> {
        let Some(marked) = marked else { return Ok(None) };
        let mask = marked.mask(x.ncols())?;
        let features: Vec<usize> = (0..mask.len()).filter(|&j| mask[j]).collect();
        if features.is_empty() {
            return Ok(None);
        }
        refuse_sparse(x)?;
        check_values(x)?;
        let levels = threads::map(ctl, features.len(), |i| {
            with_matrix!(x, x => match x {
                Matrix::Dense(x) => Level::learn(x, features[i]),
                Matrix::Sparse(_) => Err(sparse()),
            })
        })?;
        Ok(Some(Categories { features: levels.into_iter().collect::<Result<_>>()? }))
    }

    /// Checks that the values of each feature rise, and that the features are some of `p`.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self, p: usize) -> Result<()> {
        let rises = self.features.windows(2).all(|pair| pair[0].feature < pair[1].feature);
        let within = self.features.iter().all(|level| (level.feature as usize) < p && level.check());
        if rises && within && !self.features.is_empty() {
            return Ok(());
        }
        Err(Error::File("its categories are not in order".to_owned()))
    }

    /// The marks of `p` features, as scikit-learn calls them.
    pub(crate) fn attribute(&self, p: usize) -> (&'static str, Attribute) {
        let mut mask = Array1::zeros(p);
        self.features.iter().for_each(|level| mask[level.feature as usize] = 1);
        ("is_categorical_", Attribute::Flags(mask))
    }

    fn count(&self, feature: i32) -> Option<u32> {
        let at = self.features.binary_search_by_key(&(feature as u32), |level| level.feature);
        at.ok().map(|at| self.features[at].count)
    }
}

fn sparse() -> Error {
    Error::Input("Sparse data was passed for X, but dense data is required where features hold categories.".into())
}

fn refuse_sparse(x: &AnyMatrix<'_>) -> Result<()> {
    if x.is_sparse() { Err(sparse()) } else { Ok(()) }
}

/// Checks a model's categories, and that its trees split those features by sets of them, and the others by thresholds.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn check_categories(categories: Option<&Categories>, trees: &[Tree]) -> Result<()> {
    let bad = |what: &str| Err(Error::File(format!("its tree {what}")));
    if let (Some(categories), Some(tree)) = (categories, trees.first()) {
        categories.check(tree.n_features)?;
    }
    for tree in trees {
        for node in (0..tree.node_count()).filter(|&node| tree.children(node).is_some()) {
            let count = categories.and_then(|categories| categories.count(tree.feature[node]));
            let sets = tree.categories.as_ref().filter(|sets| sets.lookup().set(node).is_some());
            match (count, sets) {
                (None, None) => {}
                (Some(count), Some(sets)) if sets.largest(node).is_none_or(|largest| largest < count) => {}
                (Some(_), Some(_)) => return bad("splits on a category that is not there"),
                _ => return bad("has a split that does not fit to its feature"),
            }
        }
    }
    Ok(())
}

/// X with codes where features hold categories.
#[derive(Debug)]
pub(crate) struct Coded<'x, 'a> {
    x: &'x AnyMatrix<'a>,
    /// Where the values are not codes already.
    copy: Option<Array2<f32>>,
}

impl<'x, 'a> Coded<'x, 'a> {
    /// Codes X, without a copy where its categories are codes anyway: the walk takes other numbers as missing.
    ///
    /// # Errors
    /// [`Error::Input`] for sparse X with categories; [`ironlearn_linalg::Error::Interrupted`].
    pub fn new(categories: Option<&Categories>, x: &'x AnyMatrix<'a>, ctl: &Control) -> Result<Self> {
        const BLOCK: usize = 256;
        let Some(categories) = categories else { return Ok(Coded { x, copy: None }) };
        refuse_sparse(x)?;
        if categories.features.iter().all(|level| level.values.is_empty()) {
            return Ok(Coded { x, copy: None });
        }
        let p = x.ncols();
        let mut copy = Array2::zeros((x.nrows(), p));
        let values = copy.as_slice_mut().unwrap_or(&mut []);
        threads::fill_rows(ctl, values, p, BLOCK, |first, out| {
            let rows = first..first + out.len() / p;
            with_matrix!(x, x => {
                x.pack(rows.clone(), 0..p, p, out);
                if let Matrix::Dense(x) = x {
                    for level in &categories.features {
                        let j = level.feature as usize;
                        for (row, out) in rows.clone().zip(out.chunks_exact_mut(p)) {
                            out[j] = level.code(x[[row, j]].widen());
                        }
                    }
                }
            });
        })?;
        Ok(Coded { x, copy: Some(copy) })
    }

    /// X to grow trees on, or to walk over.
    pub fn x(&self) -> AnyMatrix<'_> {
        self.copy.as_ref().map_or_else(|| self.x.reborrow(), |copy| copy.view().into())
    }
}
