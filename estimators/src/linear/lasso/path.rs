//! A path of penalties: each fit goes on from the one before.

use super::design::{Design, Plan};
use super::fit::{Ended, check, not_finite};
use super::settings::Settings;
use crate::linear::solver::coordinate::{Source, State, solve};
use crate::penalty::{BlockElasticNet, ElasticNet};
use crate::{Backend, Control, Data, Result, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// The strengths to try: so many from the smallest that makes all coefficients 0 downwards, or as given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Alphas {
    /// How many. Range [1, ∞).
    Count(usize),
    /// Each in the range [0, ∞).
    Given(Vec<f64>),
}

impl Default for Alphas {
    fn default() -> Self {
        Alphas::Count(100)
    }
}

impl Alphas {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Alphas::Count(k) => *k,
            Alphas::Given(given) => given.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The strengths, falling, for data with these products.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a count without an L1 part.
    pub fn values(
        &self,
        products: &Array2<f64>,
        weight_sum: f64,
        l1_ratio: f64,
        eps: f64,
        positive: bool,
    ) -> Result<Vec<f64>> {
        let count = match self {
            Alphas::Given(given) => {
                let mut given = given.clone();
                given.sort_by(|a, b| b.total_cmp(a));
                return Ok(given);
            }
            Alphas::Count(count) => *count,
        };
        if l1_ratio == 0.0 {
            bad_input!(
                "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing your \
                 estimator with the appropriate `alphas=` argument."
            );
        }
        let length = |row: ArrayView1<'_, f64>| {
            if positive { row.iter().fold(0.0, |a: f64, &v| a.max(v)) } else { row.dot(&row).sqrt() }
        };
        let largest = products.rows().into_iter().map(length).fold(0.0, f64::max) / (weight_sum * l1_ratio);
        // What 15 decimal digits of a number tell apart.
        if !(largest > 1e-15) {
            return Ok(vec![1e-15; count]);
        }
        let step = if count > 1 { eps.ln() / (count - 1) as f64 } else { 0.0 };
        let value = |k: usize| match k {
            0 => largest,
            k if k + 1 == count => largest * eps,
            k => largest * (k as f64 * step).exp(),
        };
        Ok((0..count).map(value).collect())
    }
}

/// The coefficients of a path.
#[derive(Debug, Clone)]
pub struct Path {
    /// The strengths, falling.
    pub alphas: Vec<f64>,
    /// For each strength p × t coefficients, features first.
    pub coefs: Vec<Vec<f64>>,
    /// For each strength how its fit ended.
    pub ended: Vec<Ended>,
}

/// What [`enet_path`] is told beside the data; the rest is [`Settings`]'s.
#[derive(Debug, Clone)]
pub struct PathOptions<'a> {
    /// The family's parameters; `fit_intercept` says whether data are centred.
    pub settings: Settings<'a>,
    /// The strengths.
    pub alphas: Alphas,
    /// The share of the L1 part.
    pub l1_ratio: f64,
    /// The smallest strength of a counted path relative to the largest.
    pub eps: f64,
    /// Coefficients to begin with, p × t, features first.
    pub start: Option<Vec<f64>>,
    /// What is taken off the columns of sparse X.
    pub offset: Option<ArrayView1<'a, f64>>,
    /// Products of the columns with the targets, where they were computed before (with given second moments).
    pub products: Option<Array2<f64>>,
}

/// The family's solutions along a path of strengths (scikit-learn's `enet_path` and `lasso_path`): one target, or
/// several that are penalised together.
///
/// # Errors
/// As a fit of [`super::ElasticNet`].
pub fn enet_path<B: Backend>(data: &Data<'_>, options: &PathOptions<'_>, on: &B, ctl: &Control) -> Result<Path> {
    let settings = &options.settings;
    check(data, settings.fit_intercept)?;
    settings.check()?;
    let y = data.values(settings.name)?;
    let plan = Plan {
        center: settings.fit_intercept,
        precompute: settings.precompute,
        penalties: options.alphas.len(),
        offset: options.offset.as_ref().map(|o| o.view()),
    };
    with_matrix!(data.x, x => {
        let x = on.place(x, ctl)?;
        let mut design = Design::new(on, &x, y, data.weights.as_ref().map(|w| w.view()), plan, ctl)?;
        if let Some(products) = &options.products {
            design.replace_products(products)?;
        }
        let (p, t) = (data.x.ncols(), data.values(settings.name)?.ncols());
        let products = design.products()?;
        let alphas =
            options.alphas.values(&products, design.weight_sum, options.l1_ratio, options.eps, settings.positive)?;
        let start = options.start.clone().unwrap_or_else(|| vec![0.0; p * t]);
        if start.len() != p * t {
            bad_input!("{} coefficients to begin with, but there are {}", start.len(), p * t);
        }
        let mut source = design.source(0..t)?;
        follow(source.as_mut(), settings, &alphas, options.l1_ratio, design.weight_sum, start, ctl)
    })
}

/// Fits each strength, beginning with the coefficients of the one before.
///
/// # Errors
/// [`crate::Error::Linalg`]; [`crate::Error::Input`] where coefficients overflow.
pub fn follow(
    source: &mut dyn Source,
    settings: &Settings<'_>,
    alphas: &[f64],
    l1_ratio: f64,
    weight_sum: f64,
    start: Vec<f64>,
    ctl: &Control,
) -> Result<Path> {
    let mut path = Path { alphas: alphas.to_vec(), coefs: Vec::new(), ended: Vec::new() };
    let mut state = State::new(start);
    for &alpha in alphas {
        let (l1, l2) = (alpha * l1_ratio * weight_sum, alpha * (1.0 - l1_ratio) * weight_sum);
        let outcome = if settings.joint {
            solve(source, &BlockElasticNet { l1, l2 }, settings.rule(), &mut state, ctl)?
        } else {
            solve(source, &ElasticNet { l1, l2, positive: settings.positive }, settings.rule(), &mut state, ctl)?
        };
        if !outcome.gap.is_finite() || state.w.iter().any(|w| !w.is_finite()) {
            return Err(not_finite());
        }
        path.coefs.push(state.w.clone());
        path.ended.push(Ended::new(outcome, weight_sum, alpha));
    }
    Ok(path)
}
