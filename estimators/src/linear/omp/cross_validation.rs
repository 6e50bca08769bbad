//! Matching pursuit with the number of columns chosen by held-out rows.

use super::model::PursuitModel;
use super::{OrthogonalMatchingPursuit, pursue_all};
use crate::folds::{Folds, Split};
use crate::linear::held_out::{answers, weights_of};
use crate::linear::lars::Precompute;
use crate::linear::problem::{Problem, check_regression};
use crate::linear::solver::columns::dense;
use crate::linear::solver::pursuit::Until;
use crate::{Backend, Checked, Control, Data, FitOn, Params, Result, Warning, bad_input};
use ironlearn_linalg::{Real, threads, with_matrix};
use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// [`OrthogonalMatchingPursuit`] with as many columns as make the mean squared error of held-out rows least.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrthogonalMatchingPursuitCV {
    /// Whether an intercept is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// The most columns. Range [1, p]; `None` or 0: a tenth of them, at least 5 where there are as many.
    pub max_iter: Option<usize>,
    /// How rows are divided.
    pub cv: Folds,
}

impl Default for OrthogonalMatchingPursuitCV {
    fn default() -> Self {
        OrthogonalMatchingPursuitCV { fit_intercept: true, max_iter: None, cv: Folds::default() }
    }
}

impl Params for OrthogonalMatchingPursuitCV {
    const NAME: &'static str = "OrthogonalMatchingPursuitCV";

    fn validate(&self) -> Result<()> {
        self.cv.validate(Self::NAME)
    }
}

impl OrthogonalMatchingPursuitCV {
    /// The mean squared errors of one split, after each column, and what was to be said.
    #[allow(clippy::too_many_arguments, reason = "X, y and weights come apart")]
    fn judge<B: Backend, F: Real>(
        &self,
        split: &Split,
        x: &B::Placed<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        most: usize,
        on: &B,
        ctl: &Control,
    ) -> Result<(Vec<f64>, Option<Warning>)> {
        let counts = weights_of(&split.train, weights.as_ref().map(|w| w.view()), y.nrows());
        if counts.sum() <= 0.0 {
            bad_input!("a split of cv has no rows of positive weight to learn from");
        }
        let problem = Problem::uncentred(on, x, y.view(), Some(counts.view()), ctl);
        let precompute = Precompute::Auto.resolve(split.train.len(), problem.cols(), 1);
        let (problem, mut found) = pursue_all(problem, self.fit_intercept, precompute, Until::Columns(most))?;
        let found = found.remove(0);
        let steps: Vec<_> = (0..found.steps.len()).map(|k| found.step(k)).collect();
        let coefs = dense(&steps, problem.cols());
        let answered = answers(x.as_ref(), &split.test, coefs.t(), ctl)?;
        let middle = coefs.dot(&problem.x_mean);
        let errors = answered.columns().into_iter().zip(&middle).map(|(answered, middle)| {
            let (mut sum, mut all) = (0.0, 0.0);
            for (value, i) in answered.iter().zip(split.test.iter()) {
                let weight = weights.as_ref().map_or(1.0, |w| w[i]);
                let left = value + problem.y_mean[0] - middle - y[[i, 0]];
                sum += weight * left * left;
                all += weight;
            }
            sum / all
        });
        Ok((errors.collect(), found.warning))
    }
}

impl<B: Backend> FitOn<B> for OrthogonalMatchingPursuitCV {
    type Model = PursuitModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&PursuitModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<PursuitModel> {
        check_regression(data, params.fit_intercept)?;
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("OrthogonalMatchingPursuitCV fits one target, but y has {}", y.ncols());
        }
        let (n, p) = data.x.shape();
        let most = params.max_iter.filter(|&k| k > 0).unwrap_or_else(|| (p / 10).max(5).min(p));
        if most > p {
            bad_input!("The number of atoms cannot be more than the number of features");
        }
        let splits = params.cv.splits(n)?;
        let weights = data.weights.as_ref().map(|w| w.view());
        let judged = with_matrix!(data.x, x => {
            let x = on.place(x, ctl)?;
            let fold = |k: usize| {
                let weights = weights.as_ref().map(|w| w.view());
                params.judge(&splits[k], &x, y.view(), weights, most, on, ctl)
            };
            threads::map(ctl, splits.len(), fold)?.into_iter().collect::<Result<Vec<_>>>()
        })?;
        let steps = judged.iter().map(|(errors, _)| errors.len()).min().unwrap_or(0);
        let mean = |k: usize| judged.iter().map(|(errors, _)| errors[k]).sum::<f64>() / judged.len() as f64;
        let means: Vec<f64> = (0..steps).map(mean).collect();
        let Some(best) = (0..steps).min_by(|&a, &b| means[a].total_cmp(&means[b])) else {
            bad_input!("in one fold at least no column has anything to do with y");
        };
        let chosen = OrthogonalMatchingPursuit {
            n_nonzero_coefs: Some(best + 1),
            fit_intercept: params.fit_intercept,
            ..OrthogonalMatchingPursuit::default()
        };
        let mut model = OrthogonalMatchingPursuit::fit_checked(&Checked::new(chosen)?, data, None, on, ctl)?;
        let heard: Vec<Warning> = judged.into_iter().filter_map(|(_, warning)| warning).collect();
        model.linear.report.warnings.splice(..0, heard);
        Ok(model)
    }
}
