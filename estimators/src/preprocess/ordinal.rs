//! One number for each category.

use super::categories::{Categories, UNKNOWN};
use super::infrequent::{self, Frequency};
use super::learn::{learn, refuse_unknown};
use super::one_hot::Wanted;
use super::{Block, FitTransformer, Transformer, transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning, bad_input};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::{threads, zeros::zeros2};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// Each entry becomes the place of its category in the order of the categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrdinalEncoder {
    /// Found in the data, or given.
    pub categories: Wanted,
    /// What an entry becomes that is no category.
    pub handle_unknown: Unknown,
    /// The number of an entry that is no category: an integer that no category has, or NaN. Needed with
    /// [`Unknown::UseEncodedValue`], an error without.
    pub unknown_value: Option<f64>,
    /// The number of a missing entry: an integer that no category has, or NaN (the default).
    pub encoded_missing_value: f64,
    /// Categories rarer than this are taken together.
    pub min_frequency: Option<Frequency>,
    /// The largest number of codes of a feature, that of the rare ones included, that of missing entries not. Range
    /// [1, ∞).
    pub max_categories: Option<usize>,
}

impl Default for OrdinalEncoder {
    fn default() -> Self {
        OrdinalEncoder {
            categories: Wanted::Auto,
            handle_unknown: Unknown::Error,
            unknown_value: None,
            encoded_missing_value: f64::NAN,
            min_frequency: None,
            max_categories: None,
        }
    }
}

/// What becomes of an unknown category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// An error.
    #[default]
    Error,
    /// [`OrdinalEncoder::unknown_value`].
    UseEncodedValue,
}

impl Params for OrdinalEncoder {
    const NAME: &'static str = "OrdinalEncoder";

    fn validate(&self) -> Result<()> {
        infrequent::validate::<Self>(self.min_frequency, self.max_categories)?;
        let whole = |v: f64| v.is_nan() || v.fract() == 0.0;
        let bad = |name, found: f64| {
            let expected = "an int or nan".to_owned();
            Err(Error::Parameter { estimator: Self::NAME, name, expected, found: found.to_string() })
        };
        match (self.handle_unknown, self.unknown_value) {
            (Unknown::Error, Some(value)) => {
                bad_input!("unknown_value should only be set when handle_unknown is 'use_encoded_value', got {value}.")
            }
            (Unknown::UseEncodedValue, None) => bad_input!(
                "unknown_value should be an integer or np.nan when handle_unknown is 'use_encoded_value', got None."
            ),
            (_, Some(value)) if !whole(value) => bad("unknown_value", value),
            _ if !whole(self.encoded_missing_value) => bad("encoded_missing_value", self.encoded_missing_value),
            _ => Ok(()),
        }
    }
}

/// A fitted [`OrdinalEncoder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ordinal {
    /// The parameters of the fit.
    pub params: OrdinalEncoder,
    /// The categories of each column.
    pub categories: Vec<Categories>,
    /// The codes of those that are taken together, rising.
    pub infrequent: Vec<Vec<u32>>,
}

impl FitTransformer for OrdinalEncoder {
    type Model = Ordinal;

    /// The target is not looked at; weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<Ordinal> {
        let refused = params.handle_unknown == Unknown::Error;
        let learnt = learn(Self::NAME, &params.categories, refused, x, weights, ctl)?;
        let mut model = Ordinal { params: (**params).clone(), categories: Vec::new(), infrequent: Vec::new() };
        let mut clash = Vec::new();
        for (j, (categories, counts)) in learnt.into_iter().enumerate() {
            let has_nan = categories.ends_in_nan();
            let known = &counts[..counts.len() - usize::from(has_nan)];
            let rare = infrequent::rare(known, x.shape().0, params.min_frequency, params.max_categories);
            let taken = (known.len() - rare.len()) as f64;
            let inside = |value: f64| (0.0..taken).contains(&value);
            if let Some(value) = params.unknown_value
                && inside(value)
            {
                bad_input!(
                    "The used value for unknown_value {value} is one of the values already used for encoding the seen \
                     categories."
                );
            }
            if has_nan && inside(params.encoded_missing_value) {
                clash.push(j);
            }
            model.categories.push(categories);
            model.infrequent.push(rare);
        }
        if !clash.is_empty() {
            let value = params.encoded_missing_value;
            bad_input!(
                "encoded_missing_value ({value}) is already used to encode a known category in features: {clash:?}"
            );
        }
        Ok(model)
    }
}

impl Transformer for Ordinal {
    type Params = OrdinalEncoder;

    fn params(&self) -> &OrdinalEncoder {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.categories.len()
    }

    fn check(&self) -> Result<()> {
        let bad = || Err(Error::File("an ordinal feature whose groups are no part of its categories".into()));
        if self.categories.is_empty() || self.infrequent.len() != self.categories.len() {
            return bad();
        }
        for (categories, rare) in self.categories.iter().zip(&self.infrequent) {
            categories.check()?;
            let n = categories.len() as u32 - u32::from(categories.ends_in_nan());
            let rising = rare.windows(2).all(|pair| pair[0] < pair[1]);
            if categories.is_empty() || !rising || rare.last().is_some_and(|&last| last >= n) {
                return bad();
            }
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let (n, p) = x.shape();
        let unknown = self.params.unknown_value.unwrap_or(f64::NAN);
        let columns = threads::map(ctl, p, |j| -> Result<Vec<f64>> {
            let (categories, column) = (&self.categories[j], x.column(j)?);
            let codes = categories.resolve(&column)?;
            if self.params.handle_unknown == Unknown::Error {
                refuse_unknown(&column, &codes, j)?;
            }
            let known = categories.len() - usize::from(categories.ends_in_nan());
            let groups = infrequent::grouped(known, &self.infrequent[j]);
            let mut values: Vec<f64> = groups.into_iter().map(f64::from).collect();
            values.resize(categories.len(), self.params.encoded_missing_value);
            let value = |row| match codes.code(row) {
                UNKNOWN => unknown,
                code => values[code as usize],
            };
            Ok((0..n).map(value).collect())
        })?;
        let columns: Vec<Vec<f64>> = columns.into_iter().collect::<Result<_>>()?;
        let mut out: Array2<f64> = zeros2((n, p));
        threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), p, 4096, |first, out| {
            for (i, out) in out.chunks_exact_mut(p).enumerate() {
                out.iter_mut().zip(&columns).for_each(|(o, c)| *o = c[first + i]);
            }
        })?;
        Ok(Block::Dense(out))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        self.categories.iter().map(|c| Some(c.column_type())).collect()
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        names.to_vec()
    }
}
