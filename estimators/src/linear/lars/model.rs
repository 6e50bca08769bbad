//! A fitted path of least angles: a linear model, the path that led to it, and how its end was chosen.

use crate::linear::LinearModel;
use crate::{AnyMatrix, Attribute, Coefficients, Control, Dtype, Error, Model, PredictOn, Report, Result};
use ndarray::{Array1, Array2, ArrayD};
use serde::{Deserialize, Serialize};

/// `ŷ = X·coefᵀ + intercept`, with what the fit learnt on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LarsModel {
    /// The coefficients at the chosen place of the path.
    pub linear: LinearModel,
    /// One for each output.
    pub paths: Vec<OutputPath>,
    /// How the place was chosen, where the fit chose it.
    #[serde(default)]
    pub chosen: Option<Chosen>,
}

/// The path of one output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputPath {
    /// Correlation by rows at each knot, falling; the last one only where no path was kept.
    #[serde(with = "crate::saved::array1")]
    pub alphas: Array1<f64>,
    /// The rest, where it was to be kept.
    #[serde(default)]
    pub kept: Option<Kept>,
}

/// The coefficients along a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The active columns at the end, in the order in which they joined.
    pub active: Vec<usize>,
    /// features × knots.
    #[serde(with = "crate::saved::array2")]
    pub coef: Array2<f64>,
}

/// How the place on the path was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// By the squared errors of held-out rows.
    CrossValidation {
        /// Where their mean is least.
        alpha: f64,
        /// The places that were looked at, rising.
        #[serde(with = "crate::saved::array1")]
        alphas: Array1<f64>,
        /// Mean squared errors, alphas × folds.
        #[serde(with = "crate::saved::array2")]
        mse: Array2<f64>,
    },
    /// By an information criterion.
    Criterion {
        /// Where it is least.
        alpha: f64,
        /// Its value at each knot.
        #[serde(with = "crate::saved::array1")]
        values: Array1<f64>,
        /// The variance of the noise that it assumes.
        noise_variance: f64,
    },
}

/// One attribute for one output, a list of them for several.
fn one_or_list(mut all: Vec<Attribute>) -> Attribute {
    if all.len() == 1 { all.remove(0) } else { Attribute::List(all) }
}

impl LarsModel {
    fn floats<D: ndarray::Dimension>(&self, values: &ndarray::Array<f64, D>) -> Attribute {
        let dtype = self.linear.dtype;
        Attribute::Floats(values.mapv(|v| dtype.round(v)).into_dyn(), dtype)
    }
}

impl Model for LarsModel {
    fn n_features_in(&self) -> usize {
        self.linear.n_features_in()
    }

    fn check(&self) -> Result<()> {
        self.linear.check()?;
        let (outputs, paths) = (self.linear.coef.nrows(), self.paths.len());
        if outputs != paths {
            return Err(Error::File(format!("{paths} paths for {outputs} outputs")));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        self.linear.report()
    }

    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        self.linear.coefficients()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut all = self.linear.attributes();
        let per_output = |of: &dyn Fn(&OutputPath) -> Option<Attribute>| {
            let each: Option<Vec<Attribute>> = self.paths.iter().map(of).collect();
            each.filter(|each| !each.is_empty()).map(one_or_list)
        };
        all.extend(per_output(&|path| Some(self.floats(&path.alphas))).map(|v| ("alphas_", v)));
        let active = |path: &OutputPath| {
            let active = path.kept.as_ref()?.active.iter().map(|&j| j as i64);
            Some(Attribute::Int64s(active.collect::<Array1<i64>>().into_dyn()))
        };
        all.extend(per_output(&active).map(|v| ("active_", v)));
        all.extend(per_output(&|path| path.kept.as_ref().map(|k| self.floats(&k.coef))).map(|v| ("coef_path_", v)));
        match &self.chosen {
            None => {}
            Some(Chosen::CrossValidation { alpha, alphas, mse }) => {
                let mse: ArrayD<f64> = mse.clone().into_dyn();
                all.push(("alpha_", Attribute::Float(*alpha)));
                all.push(("cv_alphas_", self.floats(alphas)));
                all.push(("mse_path_", Attribute::Floats(mse, Dtype::F64)));
            }
            Some(Chosen::Criterion { alpha, values, noise_variance }) => {
                all.push(("alpha_", Attribute::Float(*alpha)));
                all.push(("criterion_", self.floats(values)));
                all.push(("noise_variance_", Attribute::Float(*noise_variance)));
            }
        }
        all
    }
}

impl PredictOn for LarsModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.linear.predict_on(x, ctl)
    }
}
