//! Transformers one after the other.

use super::{AnyTransformer, AnyTransformerModel, Block, FitTransformer, Transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning};
use ironlearn_datasets::ColumnType;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

/// Named transformers; each maps what the one before it gives.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Steps {
    /// The name and the parameters of each.
    pub steps: Vec<(String, AnyTransformer)>,
}

impl Steps {
    /// Steps with names.
    pub fn new<const N: usize>(steps: [(&str, AnyTransformer); N]) -> Self {
        Steps { steps: steps.map(|(name, step)| (name.to_owned(), step)).into() }
    }
}

impl Params for Steps {
    const NAME: &'static str = "Pipeline";

    fn validate(&self) -> Result<()> {
        if self.steps.is_empty() {
            return Err(Error::Parameters("The pipeline is empty. Please add steps.".into()));
        }
        check_names(self.steps.iter().map(|(name, _)| name))
    }
}

/// Fails where a name occurs twice, clashes with the syntax of nested parameters or is empty.
///
/// # Errors
/// [`Error::Parameters`].
pub fn check_names<'a>(names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen: Vec<&String> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Error::Parameters(format!("Names provided are not unique: {name:?} occurs twice")));
        }
        if name.contains("__") || name.is_empty() {
            return Err(Error::Parameters(format!("Estimator names must not contain __: got {name:?}")));
        }
        seen.push(name);
    }
    Ok(())
}

/// Fitted [`Steps`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepsModel {
    /// The parameters of the fit.
    pub params: Steps,
    /// The name and the model of each.
    pub steps: Vec<(String, AnyTransformerModel)>,
}

impl FitTransformer for Steps {
    type Model = StepsModel;

    /// Weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<StepsModel> {
        Ok(Self::fit_transform_checked(params, x, target, weights, ctl)?.0)
    }

    fn fit_transform_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<(StepsModel, Block<'static>)> {
        if weights.is_some() {
            return Err(Error::Unsupported("a pipeline of transformers takes no sample_weight".into()));
        }
        let mut model = StepsModel { params: (**params).clone(), steps: Vec::new() };
        let mut out: Option<Block<'static>> = None;
        for (name, step) in &params.steps {
            let (fitted, mapped) = match &out {
                Some(rows) => step.fit_transform(rows, target, None, ctl)?,
                None => step.fit_transform(x, target, None, ctl)?,
            };
            model.steps.push((name.clone(), fitted));
            out = Some(mapped);
        }
        let out = out.ok_or_else(|| Error::Parameters("The pipeline is empty. Please add steps.".into()))?;
        Ok((model, out))
    }
}

impl Transformer for StepsModel {
    type Params = Steps;

    fn params(&self) -> &Steps {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.steps.first().map_or(0, |(_, step)| step.n_features_in())
    }

    fn check(&self) -> Result<()> {
        if self.steps.is_empty() {
            return Err(Error::File("a pipeline without steps".into()));
        }
        self.steps.iter().try_for_each(|(_, step)| step.check())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, warnings: &mut Vec<Warning>) -> Result<Block<'static>> {
        let mut out: Option<Block<'static>> = None;
        for (_, step) in &self.steps {
            out = Some(match &out {
                Some(rows) => step.transform(rows, ctl, warnings)?,
                None => step.transform(x, ctl, warnings)?,
            });
        }
        out.ok_or_else(|| Error::Input("a pipeline without steps".into()))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        self.steps.first().map(|(_, step)| step.input_types()).unwrap_or_default()
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        self.steps.iter().fold(names.to_vec(), |names, (_, step)| step.feature_names_out(&names))
    }
}
