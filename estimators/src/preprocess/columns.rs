//! Each group of columns by its own transformer, the results side by side.

use super::beside::{beside, wants_sparse};
use super::steps::check_names;
use super::{AnyTransformer, AnyTransformerModel, Block, FitTransformer, Transformer, transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning, bad_input};
use ironlearn_datasets::ColumnType;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

/// Named transformers, each for some of the columns; their results stand side by side in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnTransformer {
    /// The groups of columns. A column may be in several.
    pub transformers: Vec<Branch>,
    /// What happens to the columns of no group; their results come last.
    pub remainder: Step,
    /// Where a part is sparse, all is sparse if less than this part of the entries is not 0. Range [0, 1].
    pub sparse_threshold: f64,
    /// Whether the names of the new columns start with the name of their group.
    pub verbose_feature_names_out: bool,
}

impl Default for ColumnTransformer {
    fn default() -> Self {
        ColumnTransformer {
            transformers: Vec::new(),
            remainder: Step::Drop,
            sparse_threshold: 0.3,
            verbose_feature_names_out: true,
        }
    }
}

/// What happens to a group of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// They go.
    Drop,
    /// They stay as they are.
    Passthrough,
    /// They are mapped.
    Transform(Box<AnyTransformer>),
}

/// A group of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// The group's name.
    pub name: String,
    /// What happens to it.
    pub step: Step,
    /// Its columns.
    pub columns: Vec<Selector>,
}

impl Branch {
    /// A group that `step` maps.
    pub fn new(name: &str, step: impl Into<AnyTransformer>, columns: Vec<Selector>) -> Self {
        Branch { name: name.into(), step: Step::Transform(Box::new(step.into())), columns }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Selector {
    /// By its place.
    Index(u32),
    /// By its name, in a table.
    Name(String),
}

impl Params for ColumnTransformer {
    const NAME: &'static str = "ColumnTransformer";

    fn validate(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.sparse_threshold) {
            return Err(Error::Parameter {
                estimator: Self::NAME,
                name: "sparse_threshold",
                expected: "a float in the range [0.0, 1.0]".into(),
                found: self.sparse_threshold.to_string(),
            });
        }
        check_names(self.transformers.iter().map(|branch| &branch.name))
    }
}

/// A fitted [`ColumnTransformer`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnsModel {
    /// The parameters of the fit.
    pub params: ColumnTransformer,
    /// The number of columns.
    pub n_features_in: usize,
    /// The groups, that of the remaining columns last.
    pub branches: Vec<FittedBranch>,
    /// Whether the result is sparse.
    pub sparse_output: bool,
}

/// A fitted group of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedBranch {
    /// The group's name; `remainder` for the columns of no group.
    pub name: String,
    /// The places of its columns.
    pub columns: Vec<u32>,
    /// Its transformer.
    pub step: FittedStep,
}

/// What happens to a group of columns, fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FittedStep {
    /// They go.
    Drop,
    /// They stay as they are.
    Passthrough,
    /// They are mapped.
    Model(Box<AnyTransformerModel>),
}

/// The places of the columns that `selectors` name.
fn places(selectors: &[Selector], x: &Block<'_>) -> Result<Vec<u32>> {
    let p = x.shape().1;
    let of = |selector: &Selector| match selector {
        Selector::Index(j) if (*j as usize) < p => Ok(*j),
        Selector::Index(j) => bad_input!("all features must be in [0, {}], got {j}", p.saturating_sub(1)),
        Selector::Name(name) => match x {
            Block::Columns(columns) => match columns.iter().position(|c| c.name == *name) {
                Some(j) => Ok(j as u32),
                None => bad_input!("A given column is not a column of the table: '{name}'"),
            },
            _ => bad_input!("Specifying the columns using strings is only supported for tables: '{name}'"),
        },
    };
    selectors.iter().map(of).collect()
}

impl FitTransformer for ColumnTransformer {
    type Model = ColumnsModel;

    /// Weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<ColumnsModel> {
        Ok(Self::fit_transform_checked(params, x, target, weights, ctl)?.0)
    }

    fn fit_transform_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<(ColumnsModel, Block<'static>)> {
        if weights.is_some() {
            return Err(Error::Unsupported("ColumnTransformer takes no sample_weight".into()));
        }
        let p = x.shape().1;
        let mut taken = vec![false; p];
        let mut groups = Vec::new();
        for branch in &params.transformers {
            let columns = places(&branch.columns, x)?;
            columns.iter().for_each(|&j| taken[j as usize] = true);
            groups.push((branch.name.clone(), columns, &branch.step));
        }
        let rest: Vec<u32> = (0..p as u32).filter(|&j| !taken[j as usize]).collect();
        if !rest.is_empty() {
            groups.push(("remainder".into(), rest, &params.remainder));
        }
        let (mut branches, mut parts) = (Vec::new(), Vec::new());
        for (name, columns, step) in groups {
            let chosen: Vec<usize> = columns.iter().map(|&j| j as usize).collect();
            let step = match step {
                Step::Drop => FittedStep::Drop,
                _ if columns.is_empty() => FittedStep::Drop,
                Step::Passthrough => {
                    parts.push(x.select(&chosen)?.into_owned()?);
                    FittedStep::Passthrough
                }
                Step::Transform(step) => {
                    let (model, part) = step.fit_transform(&x.select(&chosen)?, target, None, ctl)?;
                    parts.push(part);
                    FittedStep::Model(Box::new(model))
                }
            };
            branches.push(FittedBranch { name, columns, step });
        }
        let sparse_output = wants_sparse(&parts, params.sparse_threshold);
        let model = ColumnsModel { params: (**params).clone(), n_features_in: p, branches, sparse_output };
        let out = beside(parts, x.shape().0, sparse_output, ctl)?;
        Ok((model, out))
    }
}

impl Transformer for ColumnsModel {
    type Params = ColumnTransformer;

    fn params(&self) -> &ColumnTransformer {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    fn check(&self) -> Result<()> {
        let bad = |what: String| Err(Error::File(what));
        if self.n_features_in == 0 || self.n_features_in > 1 << 31 {
            return bad(format!("a column transformer of {} columns", self.n_features_in));
        }
        for branch in &self.branches {
            if branch.columns.iter().any(|&j| j as usize >= self.n_features_in) {
                return bad(format!("the group '{}' has columns that are not there", branch.name));
            }
            if let FittedStep::Model(model) = &branch.step {
                model.check()?;
                if model.n_features_in() != branch.columns.len() {
                    return bad(format!("the group '{}' does not fit its transformer", branch.name));
                }
            }
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, warnings: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let mut parts = Vec::new();
        for branch in &self.branches {
            let chosen: Vec<usize> = branch.columns.iter().map(|&j| j as usize).collect();
            match &branch.step {
                FittedStep::Drop => {}
                FittedStep::Passthrough => parts.push(x.select(&chosen)?.into_owned()?),
                FittedStep::Model(model) => parts.push(model.transform(&x.select(&chosen)?, ctl, warnings)?),
            }
        }
        beside(parts, x.shape().0, self.sparse_output, ctl)
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        let mut types = vec![None; self.n_features_in];
        for branch in &self.branches {
            if let FittedStep::Model(model) = &branch.step {
                let of = branch.columns.iter().zip(model.input_types());
                of.for_each(|(&j, kind)| types[j as usize] = types[j as usize].or(kind));
            }
        }
        types
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        for branch in &self.branches {
            let own: Vec<String> = branch.columns.iter().filter_map(|&j| names.get(j as usize).cloned()).collect();
            let new = match &branch.step {
                FittedStep::Drop => continue,
                FittedStep::Passthrough => own,
                FittedStep::Model(model) => model.feature_names_out(&own),
            };
            let prefix = |name: String| format!("{}__{name}", branch.name);
            out.extend(new.into_iter().map(|n| if self.params.verbose_feature_names_out { prefix(n) } else { n }));
        }
        out
    }
}
