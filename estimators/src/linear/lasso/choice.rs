//! Choosing the penalty: a path on each fold's rows, judged by the rows left out.

use super::design::{Design, Plan};
use super::fit::{check, of_design};
use super::folded::{Part, folded_moments, parts};
use super::model::{Choice, LassoModel};
use super::path::{Alphas, follow};
use super::settings::{Settings, in_range, wrong};
use crate::{Backend, Control, Data, Folds, Matrix, Result, Warning, bad_input};
use ironlearn_linalg::{Gram, Real, threads, with_matrix};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// One share of the L1 part, or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Shares {
    /// One.
    One(f64),
    /// Several to choose from.
    Several(Vec<f64>),
}

impl Shares {
    /// All of them.
    pub fn values(&self) -> &[f64] {
        match self {
            Shares::One(v) => std::slice::from_ref(v),
            Shares::Several(v) => v,
        }
    }

    /// Checks the range of each.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`].
    pub fn check(&self, estimator: &'static str) -> Result<()> {
        if self.values().is_empty() {
            return Err(wrong(estimator, "l1_ratio", "at least one float", "none".into()));
        }
        self.values().iter().try_for_each(|&v| in_range(estimator, "l1_ratio", v, 1.0))
    }
}

/// Checks what says which penalties are tried on which rows.
///
/// # Errors
/// [`crate::Error::Parameter`].
pub fn check_search(estimator: &'static str, eps: f64, alphas: &Alphas, cv: &Folds) -> Result<()> {
    if !(eps > 0.0 && eps.is_finite()) {
        return Err(wrong(estimator, "eps", "a float in the range (0.0, inf)", eps.to_string()));
    }
    if alphas.is_empty() {
        return Err(wrong(estimator, "alphas", "at least one float, or an int in the range [1, inf)", "none".into()));
    }
    if let Alphas::Count(count @ 1_000_001..) = alphas {
        return Err(wrong(estimator, "alphas", "at most a million values", count.to_string()));
    }
    if let Alphas::Given(given) = alphas {
        given.iter().try_for_each(|&a| in_range(estimator, "alphas", a, f64::INFINITY))?;
    }
    cv.validate(estimator)
}

/// A search for the best penalty.
pub struct Search<'a> {
    /// The family's parameters.
    pub settings: Settings<'a>,
    /// Shares to try.
    pub l1_ratios: &'a [f64],
    /// See [`Alphas::values`].
    pub eps: f64,
    /// Strengths to try.
    pub alphas: &'a Alphas,
    /// Rows to learn from and to judge by.
    pub cv: &'a Folds,
}

/// Mean squared errors of one fold, share by share and strength by strength, and what its fits warn of.
type Judged = (Vec<f64>, Vec<Warning>);

impl Search<'_> {
    /// Searches, and fits the best penalty to all rows.
    ///
    /// # Errors
    /// As [`crate::FitOn::fit_checked`].
    pub fn run<B: Backend>(&self, data: &Data<'_>, on: &B, ctl: &Control) -> Result<LassoModel> {
        check(data, self.settings.fit_intercept)?;
        let y = data.values(self.settings.name)?;
        if !self.settings.joint && y.ncols() > 1 {
            bad_input!("For multi-task outputs, use MultiTask{}", self.settings.name);
        }
        if self.settings.precompute.given().is_some() {
            bad_input!("a Gram matrix of all rows is not that of a fold's rows: leave precompute at \"auto\"");
        }
        let splits = self.cv.splits(y.nrows())?;
        let parts = parts(&splits, y.nrows());
        with_matrix!(data.x, x => self.on_matrix(x, y, data.weights.as_ref().map(|w| w.view()), &parts, on, ctl))
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            center: self.settings.fit_intercept,
            precompute: self.settings.precompute,
            penalties: self.alphas.len() * self.l1_ratios.len(),
            offset: None,
        }
    }

    fn on_matrix<B: Backend, F: Real>(
        &self,
        x: Matrix<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        parts: &[Part],
        on: &B,
        ctl: &Control,
    ) -> Result<LassoModel> {
        let placed = on.place(x, ctl)?;
        let center = self.settings.fit_intercept;
        let weights = || weights.as_ref().map(|w| w.view());
        let shared = folded_moments(&x, y.view(), weights(), parts, self.plan(), on, ctl)?;
        let whole = match &shared {
            Some(moments) => {
                let all = moments.without(None, center);
                Design::of_moments(on, &placed, y.view(), weights(), all, center, ctl)
            }
            None => Design::new(on, &placed, y.view(), weights(), self.plan(), ctl)?,
        };
        let products = whole.products()?;
        let strengths =
            |&ratio: &f64| self.alphas.values(&products, whole.weight_sum, ratio, self.eps, self.settings.positive);
        let alphas: Vec<Vec<f64>> = self.l1_ratios.iter().map(strengths).collect::<Result<_>>()?;
        let judged = threads::map(ctl, parts.len(), |fold| {
            let own = ctl.part();
            let moments = shared.as_ref().map(|m| m.without(Some(fold), center));
            let judged = self.judge(&x, &placed, y.view(), weights(), &parts[fold], moments, &alphas, on, &own);
            ctl.absorb(&own);
            judged
        })?;
        let judged = judged.into_iter().collect::<Result<Vec<Judged>>>()?;
        let choice = choose(self.l1_ratios, &alphas, &judged);
        let (alpha, ratio) = (choice.alpha, choice.l1_ratio);
        let mut model = of_design(&self.settings, alpha, ratio, &whole, None, F::DTYPE, ctl)?;
        let warnings = judged.into_iter().flat_map(|(_, warnings)| warnings);
        model.linear.report.warnings.splice(0..0, warnings);
        model.choice = Some(choice);
        Ok(model)
    }

    /// Paths on the rows outside a fold, and their errors inside it.
    #[allow(clippy::too_many_arguments, reason = "data, fold and surroundings")]
    fn judge<B: Backend, F: Real>(
        &self,
        x: &Matrix<'_, F>,
        placed: &B::Placed<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        part: &Part,
        moments: Option<Gram>,
        alphas: &[Vec<f64>],
        on: &B,
        ctl: &Control,
    ) -> Result<Judged> {
        let (t, center) = (y.ncols(), self.settings.fit_intercept);
        let train = part.train_weights(weights.as_ref().map(|w| w.view()));
        let test = part.test_rows(x, y.view(), weights.as_ref().map(|w| w.view()));
        if center && train.sum() <= 0.0 || test.weights.as_ref().is_some_and(|w| w.sum() <= 0.0) {
            bad_input!("Weights sum to zero, can't be normalized");
        }
        let design = match moments {
            Some(moments) => Design::of_moments(on, placed, y.view(), Some(train.view()), moments, center, ctl),
            None => Design::new(on, placed, y.view(), Some(train.view()), self.plan(), ctl)?,
        };
        let mut source = design.source(0..t)?;
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        for (alphas, &ratio) in alphas.iter().zip(self.l1_ratios) {
            let start = vec![0.0; design.x_mean.len() * t];
            let path = follow(source.as_mut(), &self.settings, alphas, ratio, design.weight_sum, start, ctl)?;
            warnings.extend(path.ended.iter().filter_map(super::fit::Ended::warning));
            errors.extend(test.errors(&path.coefs, &design.x_mean, &design.y_mean, F::DTYPE, ctl)?);
        }
        Ok((errors, warnings))
    }
}

/// The first share and strength with the smallest mean error over the folds.
fn choose(l1_ratios: &[f64], alphas: &[Vec<f64>], judged: &[Judged]) -> Choice {
    let (shares, strengths, folds) = (l1_ratios.len(), alphas[0].len(), judged.len());
    let mse_path = Array2::from_shape_fn((shares * strengths, folds), |(at, fold)| judged[fold].0[at]);
    let means: Array1<f64> = mse_path.rows().into_iter().map(|row| row.sum() / folds as f64).collect();
    let mut best = 0;
    for at in 1..means.len() {
        if means[at] < means[best] {
            best = at;
        }
    }
    let alphas = Array2::from_shape_fn((shares, strengths), |(i, j)| alphas[i][j]);
    let at = (best / strengths, best % strengths);
    Choice { alpha: alphas[at], l1_ratio: l1_ratios[at.0], alphas, mse_path }
}
