//! LogisticRegressionCV: the penalty of a logistic regression chosen by cross-validation.

use super::held_out::{answers, weights_of};
use super::logistic::{Labelled, LogisticRegression, LogisticSolver};
use super::logistic_path::LogisticPath;
use super::{LinearClassifier, Probabilities};
use crate::class_weight::ClassWeight;
use crate::folds::Folds;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Result, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array1, Array2, Array3, Array5, ArrayView1, Axis, s};
use serde::{Deserialize, Serialize};

/// A [`LogisticRegression`] for each fold, share of the L1 penalty and C, each C from the one before; the pair with the
/// best sum of scores is fitted to all rows, from the mean of the folds' coefficients.
///
/// The rows of a fold that are not learnt from have weight 0 there: X is not copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogisticRegressionCV {
    /// The values of C, or how many between 10⁻⁴ and 10⁴.
    #[serde(rename = "Cs")]
    pub cs: Strengths,
    /// The shares of the L1 penalty; range [0, 1] each.
    pub l1_ratios: Vec<f64>,
    /// The folds; a number means blocks of rows with each class spread evenly.
    pub cv: Folds,
    /// What a fold's models are judged by.
    pub scoring: Scoring,
    /// Scores that the caller found, folds × shares × Cs, for the models that the fit to go on from holds: only the
    /// choice and the last fit are done then.
    pub scores: Option<Vec<f64>>,
    /// Whether the best penalty is fitted to all rows; otherwise the folds' best coefficients are averaged.
    pub refit: bool,
    /// As in [`LogisticRegression`]; the same holds for all that follow.
    pub dual: bool,
    /// See there.
    pub tol: f64,
    /// See there.
    pub fit_intercept: bool,
    /// See there.
    pub intercept_scaling: f64,
    /// See there; "balanced" counts all rows.
    pub class_weight: Option<ClassWeight>,
    /// See there.
    pub solver: LogisticSolver,
    /// See there.
    pub max_iter: usize,
}

impl Default for LogisticRegressionCV {
    fn default() -> Self {
        let one = LogisticRegression::default();
        LogisticRegressionCV {
            cs: Strengths::Count(10),
            l1_ratios: vec![0.0],
            cv: Folds::default(),
            scoring: Scoring::Accuracy,
            scores: None,
            refit: true,
            dual: one.dual,
            tol: one.tol,
            fit_intercept: one.fit_intercept,
            intercept_scaling: one.intercept_scaling,
            class_weight: None,
            solver: one.solver,
            max_iter: one.max_iter,
        }
    }
}

/// Values of C.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Strengths {
    /// So many, evenly spaced by their logarithms from 10⁻⁴ to 10⁴.
    Count(usize),
    /// These.
    Each(Vec<f64>),
}

impl Strengths {
    /// The values.
    pub fn values(&self) -> Vec<f64> {
        match self {
            Strengths::Each(each) => each.clone(),
            Strengths::Count(1) => vec![1e-4],
            Strengths::Count(k) => (0..*k).map(|i| 10.0_f64.powf(-4.0 + 8.0 * i as f64 / (*k - 1) as f64)).collect(),
        }
    }
}

/// What models are judged by; more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// The weighted share of rows whose class is predicted.
    Accuracy,
    /// Minus the weighted mean log loss.
    NegLogLoss,
}

impl LogisticRegressionCV {
    /// The estimator of one penalty.
    fn one(&self, c: f64, l1_ratio: f64) -> LogisticRegression {
        let LogisticRegressionCV { dual, tol, fit_intercept, intercept_scaling, solver, max_iter, .. } = *self;
        let class_weight = None;
        LogisticRegression { c, l1_ratio, dual, tol, fit_intercept, intercept_scaling, class_weight, solver, max_iter }
    }
}

impl Params for LogisticRegressionCV {
    const NAME: &'static str = "LogisticRegressionCV";

    fn validate(&self) -> Result<()> {
        if let Strengths::Count(1_000_001..) = self.cs {
            return Err(Error::Parameters("Cs asks for more than a million values".into()));
        }
        let values = self.cs.values();
        if values.is_empty() || self.l1_ratios.is_empty() {
            return Err(Error::Parameters("Cs and l1_ratios need a value each at least".into()));
        }
        for &c in &values {
            for &ratio in &self.l1_ratios {
                self.one(c, ratio).validate()?;
            }
        }
        self.cv.validate(Self::NAME)
    }
}

/// The score of one model on the rows `test`, from their raw predictions.
fn score(scoring: Scoring, rows: Array2<f64>, labelled: &Labelled, own: Option<&[f64]>, test: &[usize]) -> Result<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    let weight = |i: usize| own.map_or(1.0, |w| w[i]);
    match scoring {
        Scoring::Accuracy => {
            for (&i, row) in test.iter().zip(rows.rows()) {
                let hit = super::classifier::class_of(row) == labelled.codes[i] as usize;
                sum += weight(i) * f64::from(u8::from(hit));
                total += weight(i);
            }
        }
        Scoring::NegLogLoss => {
            let p = Probabilities::Softmax.of(rows)?;
            for (&i, row) in test.iter().zip(p.rows()) {
                let p = row[labelled.codes[i] as usize].clamp(f64::EPSILON, 1.0 - f64::EPSILON);
                sum += weight(i) * p.ln();
                total += weight(i);
            }
        }
    }
    Ok(sum / total)
}

impl LogisticRegressionCV {
    /// All folds' models: coefficients with the intercept last, scores and steps.
    fn folds<B: Backend>(
        &self,
        data: &Data<'_>,
        labelled: &Labelled,
        on: &B,
        ctl: &Control,
    ) -> Result<(Array5<f64>, Array3<f64>, Array3<f64>)> {
        let (n, p) = data.x.shape();
        let cs = self.cs.values();
        let splits = self.cv.stratified(&labelled.codes)?;
        let (t, width) = (labelled.outputs(), p + usize::from(self.fit_intercept));
        let shape = (splits.len(), self.l1_ratios.len(), cs.len());
        let mut paths = Array5::zeros((shape.0, shape.1, shape.2, t, width));
        let (mut scores, mut steps) = (Array3::zeros(shape), Array3::zeros(shape));
        let own = data.weights.as_ref().map(|w| w.to_vec());
        for (f, split) in splits.iter().enumerate() {
            let weights = labelled.weights.as_deref().map(ArrayView1::from);
            let weights = weights_of(&split.train, weights, n).to_vec();
            let (codes, n_classes) = (labelled.codes.clone(), labelled.n_classes);
            let part = Labelled { codes, n_classes, weights: Some(weights) };
            if !(part.weight() > 0.0) {
                bad_input!("the rows to learn from in fold {f} have no weight");
            }
            let test: Vec<usize> = split.test.iter().collect();
            for (r, &ratio) in self.l1_ratios.iter().enumerate() {
                let strengths: Vec<(f64, f64)> = cs.iter().map(|&c| (c, ratio)).collect();
                let found = self.one(cs[0], ratio).path(&data.x, &part, &strengths, None, on, ctl)?;
                let mut coefs = Array2::zeros((p, cs.len() * t));
                for (c, fitted) in found.iter().enumerate() {
                    coefs.slice_mut(s![.., c * t..(c + 1) * t]).assign(&fitted.coef.t());
                    let mut out = paths.slice_mut(s![f, r, c, .., ..]);
                    out.slice_mut(s![.., ..p]).assign(&fitted.coef);
                    if self.fit_intercept {
                        out.column_mut(p).assign(&fitted.intercept);
                    }
                    // Seeing that the start is good enough is a step too.
                    steps[[f, r, c]] = fitted.iterations.max(1) as f64;
                }
                let answered = with_matrix!(data.x.reborrow(), x => answers(&x, &split.test, coefs.view(), ctl))?;
                for (c, fitted) in found.iter().enumerate() {
                    let raw = &answered.slice(s![.., c * t..(c + 1) * t]) + &fitted.intercept;
                    scores[[f, r, c]] = score(self.scoring, raw, &part, own.as_deref(), &test)?;
                }
                ctl.step(f * shape.1 + r + 1, shape.0 * shape.1, scores[[f, r, 0]])?;
            }
        }
        Ok((paths, scores, steps))
    }
}

/// The place (share, C) of the largest score; C by C, the first of equal ones.
fn best(scores: &Array2<f64>) -> (usize, usize) {
    let mut found = (0, 0);
    for c in 0..scores.ncols() {
        for r in 0..scores.nrows() {
            if scores[[r, c]] > scores[found] {
                found = (r, c);
            }
        }
    }
    found
}

impl<B: Backend> FitOn<B> for LogisticRegressionCV {
    type Model = LogisticPath;

    /// `start` serves with `scores` only: its models are those that were scored.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&LogisticPath>,
        on: &B,
        ctl: &Control,
    ) -> Result<LogisticPath> {
        let labelled = Labelled::new(data, Self::NAME, params.class_weight.as_ref(), params.solver)?;
        let (t, p) = (labelled.outputs(), data.x.ncols());
        if params.solver == LogisticSolver::Liblinear && labelled.n_classes > 2 {
            bad_input!("The 'liblinear' solver does not support multiclass classification (n_classes >= 3).");
        }
        let cs = params.cs.values();
        let (paths, scores, steps) = match (&params.scores, start) {
            (Some(scores), Some(start)) => {
                let shape = start.scores.dim();
                let Ok(scores) = Array3::from_shape_vec(shape, scores.clone()) else {
                    bad_input!("{} scores for models of shape {shape:?}", scores.len());
                };
                if start.paths.dim().3 != t || (shape.1, shape.2) != (params.l1_ratios.len(), cs.len()) {
                    bad_input!("the models to choose from belong to another fit");
                }
                (start.paths.clone(), scores, start.steps.clone())
            }
            (Some(_), None) => bad_input!("scores without the models that they are of"),
            (None, _) => params.folds(data, &labelled, on, ctl)?,
        };
        let width = paths.dim().4;
        if width != p + usize::from(params.fit_intercept) {
            bad_input!("the models to choose from belong to another fit");
        }
        let parts = |w: &Array2<f64>| {
            let intercept = if params.fit_intercept { w.column(p).to_owned() } else { Array1::zeros(t) };
            (w.slice(s![.., ..p]).to_owned(), intercept)
        };
        let (folds, dtype) = (paths.dim().0, params.solver.dtype(data.x.dtype()));
        let (w, c, l1_ratio, report) = if params.refit {
            let (r, c) = best(&scores.sum_axis(Axis(0)));
            let from = paths.slice(s![.., r, c, .., ..]).mean_axis(Axis(0)).unwrap_or_default();
            let one = params.one(cs[c], params.l1_ratios[r]);
            let strengths = [(cs[c], params.l1_ratios[r])];
            // `liblinear` starts anew, as its fits do elsewhere.
            let from = (params.solver != LogisticSolver::Liblinear).then(|| parts(&from));
            let mut found = one.path(&data.x, &labelled, &strengths, from, on, ctl)?;
            let Some(found) = found.pop() else { bad_input!("nothing to fit") };
            let report = one.report(vec![found.iterations], found.converged);
            ((found.coef, found.intercept), cs[c], params.l1_ratios[r], report)
        } else {
            let (mut w, mut c, mut l1_ratio) = (Array2::zeros((t, width)), 0.0, 0.0);
            for f in 0..folds {
                let (r, k) = best(&scores.index_axis(Axis(0), f).to_owned());
                w += &paths.slice(s![f, r, k, .., ..]);
                c += cs[k] / folds as f64;
                l1_ratio += params.l1_ratios[r] / folds as f64;
            }
            w /= folds as f64;
            (parts(&w), c, l1_ratio, params.one(cs[0], params.l1_ratios[0]).report(vec![], true))
        };
        let classifier = LinearClassifier {
            coef: w.0.mapv(|v| dtype.round(v)),
            intercept: w.1.mapv(|v| dtype.round(v)),
            dtype,
            probabilities: Probabilities::Softmax,
            report,
        };
        let l1_ratios = params.l1_ratios.clone();
        Ok(LogisticPath { classifier, c, l1_ratio, cs, l1_ratios, paths, scores, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cpu;
    use ndarray::Array;

    #[test]
    fn a_fold_is_a_fit_without_its_rows_and_the_best_is_refitted() {
        let x = Array::from_shape_fn((90, 3), |(i, j)| ((i * (2 * j + 3)) as f64 * 0.37).sin());
        let y = x.map_axis(Axis(1), |r| u32::from(r[0] + 0.3 * r[1] > 0.1)).insert_axis(Axis(1));
        let data = Data::new(x.view()).with_classes(y.view(), vec![2]);
        let cv = LogisticRegressionCV {
            cs: Strengths::Each(vec![0.1, 1.0, 10.0]),
            cv: Folds::Count(3),
            scoring: Scoring::NegLogLoss,
            tol: 1e-10,
            ..LogisticRegressionCV::default()
        };
        let model = cv.fit_on(&data, &Cpu).unwrap();
        assert_eq!(model.paths.dim(), (3, 1, 3, 1, 4));
        let split = &Folds::Count(3).stratified(&y.column(0).to_vec()).unwrap()[1];
        let rows: Vec<usize> = split.train.iter().collect();
        let (x1, y1) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let one = LogisticRegression { c: 10.0, tol: 1e-10, ..LogisticRegression::default() };
        let alone = one.fit_on(&Data::new(x1.view()).with_classes(y1.view(), vec![2]), &Cpu).unwrap();
        assert!((&alone.coef - &model.paths.slice(s![1, 0, 2, .., ..3])).iter().all(|d| d.abs() < 1e-5));
        let again = LogisticRegression { c: model.c, tol: 1e-10, ..LogisticRegression::default() };
        let again = again.fit_on(&data, &Cpu).unwrap();
        assert!((&again.coef - &model.classifier.coef).iter().all(|d| d.abs() < 1e-5));
        // Other scores for the same models make another choice.
        let scores = Some(vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let chosen = LogisticRegressionCV { scores, ..cv };
        let ctl = Control::new();
        let chosen = FitOn::fit_checked(&Checked::new(chosen).unwrap(), &data, Some(&model), &Cpu, &ctl).unwrap();
        assert_eq!(chosen.c, 0.1);
    }
}
