//! From data to paths: which products are made beforehand, and how the paths become a model.

use super::model::{Kept, LarsModel, OutputPath};
use crate::linear::LinearModel;
use crate::linear::problem::{Problem, TOO_LARGE, check_regression};
use crate::linear::solver::columns::{Moments, Rows, dense};
use crate::linear::solver::least_angle::{LeastAngle, Path};
use crate::{Backend, Control, Data, Report, Result, bad_input};
use ironlearn_linalg::{Gram, Real, with_matrix};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// Whether `XᵀX` is computed before a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Spelled", into = "Spelled")]
pub enum Precompute {
    /// Where rows are more than columns, or a moderate number of columns serves several outputs.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never: each step is a pass over X.
    No,
}

/// As scikit-learn spells it: `"auto"`, or a truth value.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelled {
    Given(bool),
    Word(Word),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Auto,
}

impl From<Spelled> for Precompute {
    fn from(spelled: Spelled) -> Self {
        match spelled {
            Spelled::Word(Word::Auto) => Precompute::Auto,
            Spelled::Given(true) => Precompute::Yes,
            Spelled::Given(false) => Precompute::No,
        }
    }
}

impl From<Precompute> for Spelled {
    fn from(precompute: Precompute) -> Self {
        match precompute {
            Precompute::Auto => Spelled::Word(Word::Auto),
            Precompute::Yes => Spelled::Given(true),
            Precompute::No => Spelled::Given(false),
        }
    }
}

impl Precompute {
    /// Whether n rows, p columns and t outputs are worth a p × p matrix.
    pub fn resolve(self, n: usize, p: usize, t: usize) -> bool {
        match self {
            Precompute::Auto => n > p || (t > 1 && p <= 4 * n),
            Precompute::Yes => true,
            Precompute::No => false,
        }
    }
}

/// What the caller has computed already, about X and y less their means where an intercept is fitted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// `XᵀX`, p × p.
    pub gram: Option<ArrayView2<'a, f64>>,
    /// `Xᵀy`, p × t.
    pub xty: Option<ArrayView2<'a, f64>>,
}

/// The paths of all outputs about the means of X and y.
pub struct Walked {
    pub paths: Vec<Path>,
    pub p: usize,
    pub means: (ndarray::Array1<f64>, ndarray::Array1<f64>),
    pub dtype: crate::Dtype,
}

impl Walked {
    /// The model of coefficients (p × t) with these paths, in which `keep` says what the model holds.
    pub fn into_model(self, coef: Array2<f64>, keep: bool) -> LarsModel {
        let mut report = Report::direct("lars");
        for path in &self.paths {
            report.iterations.push(path.iterations);
            report.warnings.extend(path.warnings.iter().cloned());
        }
        let linear = LinearModel::new(coef, &self.means.0, &self.means.1, self.dtype, report);
        let kept = |path: Path| {
            if !keep {
                let last = path.alphas.last().copied();
                return OutputPath { alphas: last.into_iter().collect(), kept: None };
            }
            let coef = dense(&path.knots, self.p).reversed_axes().as_standard_layout().into_owned();
            OutputPath { alphas: path.alphas.into(), kept: Some(Kept { active: path.active, coef }) }
        };
        LarsModel { linear, paths: self.paths.into_iter().map(kept).collect(), chosen: None }
    }

    /// The coefficients at the end of each path, p × t.
    pub fn last(&self) -> Array2<f64> {
        let mut coef = Array2::zeros((self.p, self.paths.len()));
        for (mut column, path) in coef.columns_mut().into_iter().zip(&self.paths) {
            path.knots.last().into_iter().flatten().for_each(|&(j, v)| column[j] = v);
        }
        coef
    }
}

/// What leads the walk beside [`LeastAngle`].
#[derive(Debug, Clone)]
pub struct Walking<'a> {
    /// The rule; its number of rows is set here.
    pub rule: LeastAngle,
    pub fit_intercept: bool,
    pub precompute: Precompute,
    pub given: Given<'a>,
}

impl Walking<'_> {
    /// Follows the paths of all outputs.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for data that do not fit, [`crate::Error::Linalg`].
    pub fn walk<B: Backend>(mut self, data: &Data<'_>, name: &str, on: &B, ctl: &Control) -> Result<Walked> {
        check_regression(data, self.fit_intercept)?;
        let y = data.values(name)?;
        let (n, p) = data.x.shape();
        let fits = |given: &Option<ArrayView2<'_, f64>>, shape| given.is_none_or(|given| given.dim() == shape);
        if !fits(&self.given.gram, (p, p)) || !fits(&self.given.xty, (p, y.ncols())) {
            bad_input!("The shapes of the inputs Gram and Xy do not match.");
        }
        let finite =
            |given: &Option<ArrayView2<'_, f64>>| given.is_none_or(|given| given.iter().all(|v| v.is_finite()));
        if !finite(&self.given.gram) || !finite(&self.given.xty) {
            bad_input!("Gram or Xy contains NaN or infinity.");
        }
        self.rule.n_samples = data.weights.as_ref().map_or(n as f64, |w| w.sum());
        with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let problem = Problem::uncentred(on, &x, y, data.weights.as_ref().map(|w| w.view()), ctl);
            let (problem, paths) = self.paths(problem)?;
            Ok(Walked { paths, p, means: (problem.x_mean, problem.y_mean), dtype: data.x.dtype() })
        })
    }

    /// Follows the paths, and gives the problem back with its means.
    pub fn paths<'a, 'x, B: Backend, F: Real>(
        &self,
        problem: Problem<'a, 'x, B, F>,
    ) -> Result<(Problem<'a, 'x, B, F>, Vec<Path>)> {
        let (n, p, t) = (problem.rows(), problem.cols(), problem.y.ncols());
        let computed = self.given.gram.is_none() && self.precompute.resolve(n, p, t);
        let (problem, moments) = match computed {
            true => problem.moments(self.fit_intercept)?,
            false => (problem.centred(self.fit_intercept)?, None),
        };
        if computed && moments.is_none() {
            bad_input!("{TOO_LARGE}");
        }
        let xty = match (&self.given.xty, &moments) {
            (Some(xty), _) => xty.to_owned(),
            (None, Some(Gram { xty, .. })) => xty.clone(),
            (None, None) => problem.apply_t(problem.targets().view())?,
        };
        let given = self.given.gram.as_ref().map(|gram| gram.view());
        let gram = given.or(moments.as_ref().map(|m| m.gram.view()));
        let mut paths = Vec::with_capacity(t);
        for (k, start) in xty.columns().into_iter().enumerate() {
            let path = match &gram {
                Some(gram) => {
                    let mut columns = Moments { gram: gram.view(), xty: start.view(), yty: 0.0 };
                    self.rule.path(&mut columns, start.to_vec(), problem.ctl)?
                }
                None => self.rule.path(&mut Rows::new(&problem, k), start.to_vec(), problem.ctl)?,
            };
            paths.push(path);
        }
        Ok((problem, paths))
    }
}
