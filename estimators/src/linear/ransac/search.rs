//! The search for the largest consensus: subsets are drawn, fitted, and judged on all rows, one after another.

use super::picked::Picked;
use super::{RANSACRegressor, RansacLoss};
use crate::linear::LinearRegression;
use crate::linear::problem::check_regression;
use crate::linear::solver::spatial_median::median;
use crate::{Checked, Control, Cpu, Data, FitOn, Params, PredictOn, Result, Target, bad_input};
use ironlearn_linalg::{Matrix, Real, with_matrix};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};

/// A subset that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subset {
    /// How many rows there are.
    pub n: usize,
    /// How many different ones are wanted.
    pub size: usize,
    /// The number of the trial, from 0.
    pub trial: usize,
}

/// Draws the rows of a subset.
pub type Draw<'a> = dyn FnMut(Subset) -> Result<Vec<u32>> + Send + 'a;

/// The rows that agree with the best subset.
#[derive(Debug, Clone, PartialEq)]
pub struct Consensus {
    /// For each row whether it agrees.
    pub inliers: Vec<bool>,
    /// How many do.
    pub count: usize,
    /// R² on them, the mean over the outputs; NaN for a single row.
    pub score: f64,
}

/// How the search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it found, if anything.
    pub consensus: Option<Consensus>,
    /// Subsets that were tried.
    pub trials: usize,
    /// Subsets left out because too few rows agreed.
    pub skips: usize,
    /// Whether these are more than `max_skips`.
    pub skipped_too_many: bool,
}

impl Found {
    /// Why there is no consensus, in words.
    pub fn why_none(&self) -> &'static str {
        if self.skipped_too_many {
            "RANSAC skipped more iterations than `max_skips` without finding a valid consensus set: with each randomly \
             chosen sub-sample no row was within residual_threshold."
        } else {
            "RANSAC could not find a valid consensus set: in all `max_trials` iterations no row was within \
             residual_threshold of the randomly chosen sub-sample."
        }
    }
}

/// How many subsets make it as probable as `probability` that one has only rows that belong, where `inliers` of `n` do
/// (Hartley and Zisserman 2004, chapter 4.7).
pub fn enough_trials(inliers: usize, n: usize, size: usize, probability: f64) -> f64 {
    let missed = (1.0 - probability).max(f64::EPSILON);
    let share = inliers as f64 / n as f64;
    let spoilt = (1.0 - share.powf(size as f64)).max(f64::EPSILON);
    if missed == 1.0 {
        0.0
    } else if spoilt == 1.0 {
        f64::INFINITY
    } else {
        (missed.ln() / spoilt.ln()).ceil().abs()
    }
}

/// Searches with subsets that `draw` draws.
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit, and whatever `draw` fails with; an interrupted run.
pub fn search(params: &Checked<RANSACRegressor>, data: &Data<'_>, draw: &mut Draw<'_>, ctl: &Control) -> Result<Found> {
    check_regression(data, false)?;
    data.check_finite()?;
    let y = data.values(RANSACRegressor::NAME)?;
    let (n, p) = data.x.shape();
    if u32::try_from(n).is_err() {
        bad_input!("{} takes at most 2^32 - 1 rows, but X has {n}", RANSACRegressor::NAME);
    }
    let size = params.subset_size(n, p)?;
    let threshold = params.residual_threshold.unwrap_or_else(|| deviation(y));
    let linear = Checked::new(params.linear())?;
    let weights = data.weights.as_ref().map(|w| w.view());
    with_matrix!(data.x, x => match &x {
        Matrix::Sparse(sparse) => {
            let arranged = sparse.by_row();
            let x = Matrix::Sparse(arranged.view(sparse));
            Trials { params, linear: &linear, x: &x, y, weights, size, threshold, ctl }.run(draw)
        }
        x => Trials { params, linear: &linear, x, y, weights, size, threshold, ctl }.run(draw),
    })
}

/// The median absolute deviation of all numbers from their median.
fn deviation(y: ArrayView2<'_, f64>) -> f64 {
    let mut values: Vec<f64> = y.iter().copied().collect();
    let middle = median(&mut values);
    values.iter_mut().for_each(|v| *v = (*v - middle).abs());
    median(&mut values)
}

/// Everything that the trials have in common.
struct Trials<'a, 'x, F> {
    params: &'a RANSACRegressor,
    linear: &'a Checked<LinearRegression>,
    x: &'a Matrix<'x, F>,
    y: ArrayView2<'a, f64>,
    weights: Option<ArrayView1<'a, f64>>,
    size: usize,
    threshold: f64,
    ctl: &'a Control,
}

impl<F: Real> Trials<'_, '_, F> {
    fn run(&self, draw: &mut Draw<'_>) -> Result<Found> {
        let (n, params) = (self.y.nrows(), self.params);
        let mut found = Found { consensus: None, trials: 0, skips: 0, skipped_too_many: false };
        let mut most = params.max_trials as f64;
        while (found.trials as f64) < most {
            found.trials += 1;
            if params.max_skips.is_some_and(|most| found.skips > most) {
                break;
            }
            let rows = draw(Subset { n, size: self.size, trial: found.trials - 1 })?;
            let Some((inliers, score)) = self.trial(&rows, found.consensus.as_ref())? else {
                found.skips += 1;
                self.ctl.step(found.trials, params.max_trials, f64::NAN)?;
                continue;
            };
            let count = inliers.iter().filter(|&&inlier| inlier).count();
            self.ctl.step(found.trials, params.max_trials, count as f64)?;
            if found.consensus.as_ref().is_some_and(|best| count == best.count && score < best.score) {
                continue;
            }
            most = most.min(enough_trials(count, n, self.size, params.stop_probability));
            let enough = params.stop_n_inliers.is_some_and(|enough| count >= enough)
                || params.stop_score.is_some_and(|enough| score >= enough);
            found.consensus = Some(Consensus { inliers, count, score });
            if enough {
                break;
            }
        }
        found.skipped_too_many = params.max_skips.is_some_and(|most| found.skips > most);
        Ok(found)
    }

    /// Which rows agree with the line through `rows`, and R² on them; none where they are fewer than those of `best`.
    fn trial(&self, rows: &[u32], best: Option<&Consensus>) -> Result<Option<(Vec<bool>, f64)>> {
        if rows.iter().any(|&row| row as usize >= self.y.nrows()) {
            bad_input!("a subset names a row that there is not");
        }
        let picked = Picked::new(self.x, rows);
        let indices: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
        let y = self.y.select(Axis(0), &indices);
        let weights: Option<Array1<f64>> = self.weights.map(|w| w.select(Axis(0), &indices));
        let data =
            Data { x: picked.matrix()?, target: Target::Values(y.view()), weights: weights.as_ref().map(|w| w.view()) };
        // So few rows are not worth a device or a second thread; the search is told of as one operation of the host.
        let model = LinearRegression::fit_checked(self.linear, &data, None, &Cpu, &self.ctl.part())?;
        let mut predicted = model.predict_on(&F::any(*self.x), self.ctl)?;
        predicted.mapv_inplace(|v| F::DTYPE.round(v));
        let loss = |(y, z): (&f64, &f64)| match self.params.loss {
            RansacLoss::AbsoluteError => (y - z).abs(),
            RansacLoss::SquaredError => (y - z) * (y - z),
        };
        let inliers: Vec<bool> = match (self.y.ncols(), self.y.as_slice(), predicted.as_slice()) {
            // A loop over rows of one number would cost more than the numbers.
            (1, Some(y), Some(z)) => y.iter().zip(z).map(|pair| loss(pair) <= self.threshold).collect(),
            _ => {
                let rows = self.y.rows().into_iter().zip(predicted.rows());
                rows.map(|(y, z)| y.iter().zip(&z).map(loss).sum::<f64>() <= self.threshold).collect()
            }
        };
        let count = inliers.iter().filter(|&&inlier| inlier).count();
        if count < best.map_or(1, |best| best.count) {
            return Ok(None);
        }
        let score = score(self.y, predicted.view(), &inliers, count);
        Ok(Some((inliers, score)))
    }
}

/// R² on the rows that agree, the mean over the outputs.
fn score(y: ArrayView2<'_, f64>, predicted: ArrayView2<'_, f64>, inliers: &[bool], count: usize) -> f64 {
    if count < 2 {
        return f64::NAN;
    }
    let of_output = |(y, z): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| {
        let rows = || y.iter().zip(&z).zip(inliers).filter(|(_, inlier)| **inlier).map(|(pair, _)| pair);
        let mean = rows().map(|(y, _)| y).sum::<f64>() / count as f64;
        let residual: f64 = rows().map(|(y, z)| (y - z) * (y - z)).sum();
        let total: f64 = rows().map(|(y, _)| (y - mean) * (y - mean)).sum();
        match (total > 0.0, residual == 0.0) {
            (true, _) => 1.0 - residual / total,
            (false, true) => 1.0,
            (false, false) => 0.0,
        }
    };
    y.columns().into_iter().zip(predicted.columns()).map(of_output).sum::<f64>() / y.ncols() as f64
}
