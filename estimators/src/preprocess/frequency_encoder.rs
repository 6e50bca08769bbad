//! Text of many levels as numbers, where there is no target to go by: how frequent the level is.

use super::categories::{Categories, UNKNOWN};
use super::learn::learn;
use super::one_hot::Wanted;
use super::{Block, FitTransformer, Transformer, transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::threads;
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// Each entry becomes the part of the rows of the fit that its category had; 0 where it was not seen. A missing entry is
/// a category.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FrequencyEncoder {}

impl Params for FrequencyEncoder {
    const NAME: &'static str = "FrequencyEncoder";
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

/// A fitted [`FrequencyEncoder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frequencies {
    /// The parameters of the fit.
    pub params: FrequencyEncoder,
    /// The categories of each column.
    pub categories: Vec<Categories>,
    /// The part of the rows of each category, in [0, 1].
    pub frequencies: Vec<Vec<f64>>,
}

impl FitTransformer for FrequencyEncoder {
    type Model = Frequencies;

    /// The target is not looked at; weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<Frequencies> {
        let n = x.shape().0 as f64;
        let mut model = Frequencies { params: (**params).clone(), categories: Vec::new(), frequencies: Vec::new() };
        for (categories, counts) in learn(Self::NAME, &Wanted::Auto, false, x, weights, ctl)? {
            model.categories.push(categories);
            model.frequencies.push(counts.into_iter().map(|count| count as f64 / n).collect());
        }
        Ok(model)
    }
}

impl Transformer for Frequencies {
    type Params = FrequencyEncoder;

    fn params(&self) -> &FrequencyEncoder {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.categories.len()
    }

    fn check(&self) -> Result<()> {
        let fits = self.categories.len() == self.frequencies.len()
            && self.categories.iter().zip(&self.frequencies).all(|(c, f)| c.len() == f.len());
        if self.categories.is_empty() || !fits {
            return Err(Error::File("frequencies that do not fit their categories".into()));
        }
        self.categories.iter().try_for_each(Categories::check)
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let (n, p) = x.shape();
        let columns = threads::map(ctl, p, |j| -> Result<Vec<f64>> {
            let column = x.column(j)?;
            let codes = self.categories[j].resolve(&column)?;
            let of = |code| if code == UNKNOWN { 0.0 } else { self.frequencies[j][code as usize] };
            Ok((0..n).map(|row| of(codes.code(row))).collect())
        })?;
        let mut out = Array2::zeros((n, p));
        for (mut to, column) in out.columns_mut().into_iter().zip(columns) {
            to.iter_mut().zip(column?).for_each(|(to, v)| *to = v);
        }
        Ok(Block::Dense(out))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        self.categories.iter().map(|c| Some(c.column_type())).collect()
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        names.to_vec()
    }
}
