//! One column of zeros and ones for each category.

use super::categories::{Categories, Category, UNKNOWN};
use super::infrequent::{self, Frequency};
use super::learn::{learn, refuse_unknown, show};
use super::{Block, FitTransformer, Sparse, Transformer, transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning, WarningKind, bad_input};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::zeros::{zeros, zeros2};
use ironlearn_linalg::{Layout, threads};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// Each column becomes as many columns as it has categories; in each row the one of its category is 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OneHotEncoder {
    /// Found in the data, or given.
    pub categories: Wanted,
    /// The category of each column that gets no column of its own.
    pub drop: Drop,
    /// What an entry becomes that is no category.
    pub handle_unknown: OnUnknown,
    /// Categories rarer than this are taken together.
    pub min_frequency: Option<Frequency>,
    /// The largest number of columns of a feature, that of the rare ones included. Range [1, ∞).
    pub max_categories: Option<usize>,
    /// Whether the result is sparse.
    pub sparse_output: bool,
}

impl Default for OneHotEncoder {
    fn default() -> Self {
        OneHotEncoder {
            categories: Wanted::Auto,
            drop: Drop::None,
            handle_unknown: OnUnknown::Error,
            min_frequency: None,
            max_categories: None,
            sparse_output: true,
        }
    }
}

/// Where categories come from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// The data.
    #[default]
    Auto,
    /// The user, one entry a column.
    Given(Vec<Categories>),
}

/// Which category of a column gets no column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// None.
    #[default]
    None,
    /// The first.
    First,
    /// The first, where there are two.
    IfBinary,
    /// These, one a column.
    Given(Vec<Category>),
}

/// What becomes of an unknown category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// An error.
    #[default]
    Error,
    /// Zeros.
    Ignore,
    /// The group of the rare ones where there is one, zeros elsewhere.
    InfrequentIfExist,
    /// The same, with a warning.
    Warn,
}

impl Params for OneHotEncoder {
    const NAME: &'static str = "OneHotEncoder";
    fn validate(&self) -> Result<()> {
        infrequent::validate::<Self>(self.min_frequency, self.max_categories)
    }
}

/// A fitted [`OneHotEncoder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneHot {
    /// The parameters of the fit.
    pub params: OneHotEncoder,
    /// One for each column.
    pub features: Vec<Feature>,
}

/// What is known of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its categories.
    pub categories: Categories,
    /// The codes of those that are taken together, rising.
    #[serde(default)]
    pub infrequent: Vec<u32>,
    /// The code that gets no column, counted after the rare ones were taken together.
    #[serde(default)]
    pub drop: Option<u32>,
}

impl Feature {
    /// The number of codes after the rare ones were taken together.
    fn n_groups(&self) -> usize {
        self.categories.len() - self.infrequent.len() + usize::from(!self.infrequent.is_empty())
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.n_groups() - usize::from(self.drop.is_some())
    }

    /// The column of each category, [`UNKNOWN`] for none.
    fn targets(&self) -> Vec<u32> {
        let mut map = infrequent::grouped(self.categories.len(), &self.infrequent);
        map.iter_mut().for_each(|group| *group = self.column(*group));
        map
    }

    fn column(&self, group: u32) -> u32 {
        match self.drop {
            Some(drop) if group == drop => UNKNOWN,
            Some(drop) if group > drop => group - 1,
            _ => group,
        }
    }

    /// The column of an unknown category, where it gets one.
    fn unknown(&self, on: OnUnknown) -> u32 {
        match on {
            OnUnknown::InfrequentIfExist | OnUnknown::Warn if !self.infrequent.is_empty() => {
                self.column(self.n_groups() as u32 - 1)
            }
            _ => UNKNOWN,
        }
    }

    /// The category behind [`Feature::drop`]: the first of its group.
    pub fn dropped_category(&self) -> Option<usize> {
        let drop = self.drop?;
        infrequent::grouped(self.categories.len(), &self.infrequent).iter().position(|&group| group == drop)
    }
}

impl FitTransformer for OneHotEncoder {
    type Model = OneHot;

    /// The target is not looked at; weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<OneHot> {
        let refused = params.handle_unknown == OnUnknown::Error;
        let learnt = learn(Self::NAME, &params.categories, refused, x, weights, ctl)?;
        let n = x.shape().0;
        let mut features = Vec::with_capacity(learnt.len());
        for (j, (categories, counts)) in learnt.into_iter().enumerate() {
            let infrequent = infrequent::rare(&counts, n, params.min_frequency, params.max_categories);
            let mut feature = Feature { categories, infrequent, drop: None };
            feature.drop = match &params.drop {
                Drop::None => None,
                Drop::First => Some(0),
                Drop::IfBinary => (feature.n_groups() == 2).then_some(0),
                Drop::Given(_) => given_drop(params, &feature, j)?,
            };
            features.push(feature);
        }
        if let Drop::Given(wanted) = &params.drop {
            if wanted.len() != features.len() {
                let (columns, found) = (features.len(), wanted.len());
                bad_input!("`drop` should have length equal to the number of features ({columns}), got {found}");
            }
            let absent = |(j, (f, w)): (usize, (&Feature, &Category))| {
                (f.categories.position(w).is_none()).then(|| format!("Category: {j}, Feature: {}", show(w)))
            };
            let absent: Vec<String> = features.iter().zip(wanted).enumerate().filter_map(absent).collect();
            if !absent.is_empty() {
                let list = absent.join("\n");
                bad_input!(
                    "The following categories were supposed to be dropped, but were not found in the training data.\n{list}"
                );
            }
        }
        Ok(OneHot { params: (**params).clone(), features })
    }
}

fn given_drop(params: &OneHotEncoder, feature: &Feature, j: usize) -> Result<Option<u32>> {
    let Drop::Given(wanted) = &params.drop else { return Ok(None) };
    let Some(code) = wanted.get(j).and_then(|w| feature.categories.position(w)) else { return Ok(None) };
    if feature.infrequent.contains(&(code as u32)) {
        let name = show(&wanted[j]);
        bad_input!("Unable to drop category {name} from feature {j} because it is infrequent");
    }
    Ok(Some(infrequent::grouped(feature.categories.len(), &feature.infrequent)[code]))
}

impl OneHot {
    /// The number of columns of the result.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// The column of each row and feature, or [`UNKNOWN`]; the features that met an unknown category.
    fn columns(&self, x: &Block<'_>, ctl: &Control) -> Result<(Vec<Vec<u32>>, Vec<usize>)> {
        let mut offset = 0;
        let mut offsets = Vec::new();
        for feature in &self.features {
            offsets.push(offset);
            offset += feature.width() as u32;
        }
        let each = threads::map(ctl, self.features.len(), |j| -> Result<(Vec<u32>, bool)> {
            let (feature, column) = (&self.features[j], x.column(j)?);
            let codes = feature.categories.resolve(&column)?;
            if self.params.handle_unknown == OnUnknown::Error {
                refuse_unknown(&column, &codes, j)?;
            }
            let shift = |to: u32| if to == UNKNOWN { UNKNOWN } else { to + offsets[j] };
            let targets: Vec<u32> = feature.targets().into_iter().map(shift).collect();
            let unknown = shift(feature.unknown(self.params.handle_unknown));
            let mut met = false;
            let place = |row| match codes.code(row) {
                UNKNOWN => {
                    met = true;
                    unknown
                }
                code => targets[code as usize],
            };
            let columns = (0..column.values.len()).map(place).collect();
            Ok((columns, met))
        })?;
        let mut columns = Vec::new();
        let mut met = Vec::new();
        for (j, of) in each.into_iter().enumerate() {
            let (places, unknown) = of?;
            columns.push(places);
            if unknown {
                met.push(j);
            }
        }
        Ok((columns, met))
    }

    fn warn_of_unknown(&self, met: &[usize], warnings: &mut Vec<Warning>) {
        let on = self.params.handle_unknown;
        let dropping = self.params.drop != Drop::None && on != OnUnknown::Error;
        if met.is_empty() || !(on == OnUnknown::Warn || dropping) {
            return;
        }
        let as_what = if on == OnUnknown::Ignore { "all zeros" } else { "the infrequent category." };
        let message = format!(
            "Found unknown categories in columns {met:?} during transform. These unknown categories will be encoded as {as_what}"
        );
        warnings.push(Warning { kind: WarningKind::User, message });
    }
}

impl Transformer for OneHot {
    type Params = OneHotEncoder;

    fn params(&self) -> &OneHotEncoder {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.features.len()
    }

    fn check(&self) -> Result<()> {
        let mut width = 0_usize;
        for feature in &self.features {
            feature.categories.check()?;
            let n = feature.categories.len() as u32;
            let rising = feature.infrequent.windows(2).all(|pair| pair[0] < pair[1]);
            let inside = feature.infrequent.last().is_none_or(|&last| last < n);
            if n == 0 || !rising || !inside || feature.drop.is_some_and(|d| d as usize >= feature.n_groups()) {
                return Err(Error::File("a one-hot feature whose groups are no part of its categories".into()));
            }
            width += feature.width();
        }
        if self.features.is_empty() || width >= i32::MAX as usize {
            return Err(Error::File(format!("one-hot encoding into {width} columns")));
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, warnings: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let (columns, met) = self.columns(x, ctl)?;
        self.warn_of_unknown(&met, warnings);
        let (n, p, width) = (x.shape().0, self.features.len(), self.width());
        if !self.params.sparse_output {
            let mut out: Array2<f64> = zeros2((n, width));
            threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), width, 1024, |first, out| {
                for (i, out) in out.chunks_exact_mut(width.max(1)).enumerate() {
                    columns.iter().map(|c| c[first + i]).filter(|&c| c != UNKNOWN).for_each(|c| out[c as usize] = 1.0);
                }
            })?;
            return Ok(Block::Dense(out));
        }
        let full = columns.iter().all(|c| !c.contains(&UNKNOWN));
        let (mut indices, mut indptr) = (Vec::new(), vec![0_i64]);
        if full {
            indices = zeros::<i32>(n * p);
            threads::fill_rows(ctl, &mut indices, p, 4096, |first, out| {
                for (i, out) in out.chunks_exact_mut(p).enumerate() {
                    out.iter_mut().zip(&columns).for_each(|(o, c)| *o = c[first + i] as i32);
                }
            })?;
            indptr.extend((1..=n).map(|row| (row * p) as i64));
        } else {
            let tiles = threads::map_tiles(ctl, n, 4096, |rows| {
                let mut of = (Vec::with_capacity(rows.len() * p), Vec::with_capacity(rows.len()));
                for row in rows {
                    of.0.extend(columns.iter().map(|c| c[row]).filter(|&c| c != UNKNOWN).map(|c| c as i32));
                    of.1.push(of.0.len() as i64);
                }
                of
            })?;
            for (part, ends) in tiles {
                let base = indices.len() as i64;
                indices.extend(part);
                indptr.extend(ends.into_iter().map(|end| base + end));
            }
        }
        let data = vec![1.0; indices.len()];
        Ok(Block::Sparse(Sparse { layout: Layout::Row, shape: (n, width), indptr, indices, data }))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        self.features.iter().map(|f| Some(f.categories.column_type())).collect()
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        let mut out = Vec::with_capacity(self.width());
        for (feature, name) in self.features.iter().zip(names) {
            let groups = infrequent::grouped(feature.categories.len(), &feature.infrequent);
            let own = (0..feature.categories.len()).filter(|&code| !feature.infrequent.contains(&(code as u32)));
            let mut of: Vec<(u32, String)> = own.map(|c| (groups[c], feature.categories.name(c))).collect();
            if !feature.infrequent.is_empty() {
                of.push((feature.n_groups() as u32 - 1, "infrequent_sklearn".into()));
            }
            let kept = of.into_iter().filter(|(group, _)| Some(*group) != feature.drop);
            out.extend(kept.map(|(_, category)| format!("{name}_{category}")));
        }
        out
    }
}
