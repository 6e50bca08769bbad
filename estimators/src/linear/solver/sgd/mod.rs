//! Stochastic gradient descent: one step a row, over and over (Robbins and Monro 1951; Bottou 2012, "Stochastic gradient
//! descent tricks"). Any loss, L2 by shrinking and L1 by cumulative truncation, averages, passive-aggressive steps.
//!
//! A pass costs what X stores. It is one chain of dependent steps, so threads are for problems side by side (classes).

mod order;
mod rows;
mod schedule;
mod stop;
mod weights;

pub use rows::{Dense, Rows, Sparse};
pub use schedule::LearningRate;

use crate::loss::Loss;
use crate::{Control, Result, bad_input};
use order::shuffle;
use schedule::{inverse_power, optimal_start};
use stop::Watch;
use weights::Weights;

/// No gradient is taken to be steeper.
const STEEPEST: f64 = 1e12;
/// [`LearningRate::Adaptive`] ends here.
const SHORTEST_STEP: f64 = 1e-6;
/// Steps between two looks at cancellation, and how far ahead rows are asked for.
const BLOCK: usize = 1024;
const AHEAD: usize = 12;

/// Minimises `Σ w·loss(y, x·coef + b)/n + alpha·(l1_ratio·‖coef‖₁ + (1 − l1_ratio)·‖coef‖²/2)`.
#[derive(Debug, Clone, Copy)]
pub struct Sgd {
    /// Strength of both penalties; [`LearningRate::Optimal`] uses it in any case.
    pub alpha: f64,
    /// alpha times the share of the L1 penalty.
    pub l1: f64,
    /// alpha times the share of the L2 penalty.
    pub l2: f64,
    /// The length of steps.
    pub learning_rate: LearningRate,
    /// The first length, or what the learning rate makes of it.
    pub eta0: f64,
    /// The exponent of [`LearningRate::Invscaling`].
    pub power_t: f64,
    /// Whether b is fitted.
    pub fit_intercept: bool,
    /// Passes over the data.
    pub max_iter: usize,
    /// The least improvement in a pass; `None`: all passes are made.
    pub tol: Option<f64>,
    /// The passes without an improvement after which to stop.
    pub n_iter_no_change: usize,
    /// Whether each pass has its own order.
    pub shuffle: bool,
    /// From which step on the mean of the coefficients is taken; 0: never.
    pub average: usize,
    /// Whether b is also pulled down by alpha, as the one-class machine asks.
    pub one_class: bool,
}

/// What one problem learns from.
pub struct Problem<'a, R> {
    /// X.
    pub rows: &'a R,
    /// For each row what its loss compares with.
    pub y: &'a [f64],
    /// For each row its weight, where not 1. Rows of weight 0 are not in `order`.
    pub weights: Option<&'a [f64]>,
    /// How much rows with y > 0 count, and the others.
    pub sides: (f64, f64),
    /// The rows to visit, the held-out ones among them.
    pub order: Vec<u32>,
    /// The held-out rows, where stopping asks a score of them.
    pub held_out: Option<HeldOut<'a>>,
    /// The seed of the orders.
    pub seed: u32,
}

/// Rows that are not learnt from, and the score on them: larger is better.
#[derive(Clone, Copy)]
pub struct HeldOut<'a> {
    /// For each row of X whether it is held out.
    pub mask: &'a [bool],
    /// The held-out rows of weight other than 0, rising.
    pub rows: &'a [u32],
    /// The score of the predictions of `rows`.
    pub score: &'a (dyn Fn(&[f64]) -> f64 + Sync),
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The coefficients.
    pub coef: Vec<f64>,
    /// b.
    pub intercept: f64,
    /// Their mean, where it is taken.
    pub mean: Option<(Vec<f64>, f64)>,
    /// The number of the next step.
    pub t: f64,
}

/// What [`Sgd::solve`] found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where the run ended.
    pub state: State,
    /// Passes done.
    pub iterations: usize,
    /// Whether the stopping rule was met.
    pub converged: bool,
}

/// One pass's running numbers.
struct Pass {
    weights: Weights,
    intercept: f64,
    mean_intercept: f64,
    eta: f64,
    t: f64,
    /// Σ of the objective over the steps.
    objective: f64,
    /// NaN once a prediction was not finite.
    doubt: f64,
}

impl Sgd {
    /// Runs from `start` on. `x_finite` is asked once where a prediction is not finite.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where weights overflow or X is not finite, [`crate::Error::Linalg`] for an interrupted run.
    pub fn solve<L: Loss, R: Rows>(
        &self,
        loss: L,
        mut problem: Problem<'_, R>,
        start: State,
        x_finite: &(dyn Fn() -> bool + Sync),
        ctl: &Control,
    ) -> Result<Found> {
        let (mean, mean_intercept) = start.mean.unzip();
        let mut pass = Pass {
            weights: Weights::new(start.coef, mean, self.l1 > 0.0),
            intercept: start.intercept,
            mean_intercept: mean_intercept.unwrap_or(0.0),
            eta: self.eta0,
            t: start.t,
            objective: 0.0,
            doubt: 0.0,
        };
        let mut watch = Watch::new(self.tol, self.n_iter_no_change, problem.held_out.is_some());
        let begin = match self.learning_rate {
            LearningRate::Optimal => optimal_start(loss, self.alpha) - 1.0,
            _ => 0.0,
        };
        let learnt = problem.order.len() - problem.held_out.map_or(0, |h| h.rows.len());
        let (mut checked, mut done) = (false, None);
        for epoch in 1..=self.max_iter {
            if self.shuffle {
                shuffle(&mut problem.order, problem.seed);
            }
            pass.objective = 0.0;
            pass.weights.count();
            for block in 0..problem.order.len().div_ceil(BLOCK) {
                ctl.check()?;
                self.block(loss, &problem, block * BLOCK, begin, &mut pass);
            }
            if pass.doubt != 0.0 && !std::mem::replace(&mut checked, true) && !x_finite() {
                bad_input!("Input X contains NaN or infinity.");
            }
            if !pass.intercept.is_finite() || !pass.weights.all_finite() {
                bad_input!(
                    "Floating-point under-/overflow occurred at epoch #{epoch}. Scaling input data with \
                     StandardScaler or MinMaxScaler might help."
                );
            }
            let measure = match problem.held_out {
                Some(held_out) => {
                    let predict =
                        |&i: &u32| problem.rows.dot(i as usize, &pass.weights.w) * pass.weights.scale + pass.intercept;
                    (held_out.score)(&held_out.rows.iter().map(predict).collect::<Vec<f64>>())
                }
                None => pass.objective / learnt as f64,
            };
            ctl.step(epoch, self.max_iter, measure)?;
            if watch.is_over(measure) {
                if self.learning_rate == LearningRate::Adaptive && pass.eta > SHORTEST_STEP {
                    pass.eta /= 5.0;
                    watch.forget();
                } else {
                    done = Some(epoch);
                    break;
                }
            }
        }
        let (coef, mean) = pass.weights.finish();
        let mean = mean.map(|mean| (mean, pass.mean_intercept));
        let state = State { coef, intercept: pass.intercept, mean, t: pass.t };
        Ok(Found { state, iterations: done.unwrap_or(self.max_iter), converged: done.is_some() })
    }

    /// The steps of the rows from `from` on in the pass's order.
    fn block<L: Loss, R: Rows>(&self, loss: L, problem: &Problem<'_, R>, from: usize, begin: f64, pass: &mut Pass) {
        let (rows, order) = (problem.rows, &problem.order);
        let passive = self.learning_rate.is_passive_aggressive();
        let watched = problem.held_out.is_none();
        let penalised = !passive && (self.l1 > 0.0 || self.l2 > 0.0);
        for at in from..order.len().min(from + BLOCK) {
            if let Some(&next) = order.get(at + AHEAD) {
                rows.prefetch(next as usize);
            }
            let i = order[at] as usize;
            if problem.held_out.is_some_and(|held_out| held_out.mask[i]) {
                continue;
            }
            let y = problem.y[i];
            let p = rows.dot(i, &pass.weights.w) * pass.weights.scale + pass.intercept;
            pass.doubt += p * 0.0;
            match self.learning_rate {
                LearningRate::Optimal => pass.eta = 1.0 / (self.alpha * (begin + pass.t)),
                LearningRate::Invscaling => pass.eta = self.eta0 * inverse_power(pass.t, self.power_t),
                _ => {}
            }
            let (value, gradient) = loss.value_gradient(y, p);
            if watched {
                pass.objective += value;
                if penalised {
                    let (w, scale) = (&pass.weights, pass.weights.scale);
                    pass.objective += 0.5 * self.l2 * scale * scale * w.square + self.l1 * scale * w.absolute;
                }
                if self.one_class {
                    pass.objective += pass.intercept * self.alpha;
                }
            }
            let mut update = if passive {
                let square = rows.square(i);
                if self.learning_rate == LearningRate::Pa2 {
                    -gradient.signum() * value / (square + 0.5 / self.eta0)
                } else if square == 0.0 {
                    continue;
                } else {
                    -gradient.signum() * self.eta0.min(value / square)
                }
            } else {
                -pass.eta * gradient.clamp(-STEEPEST, STEEPEST)
            };
            update *= if y > 0.0 { problem.sides.0 } else { problem.sides.1 };
            if let Some(weights) = problem.weights {
                update *= weights[i];
            }
            if self.l2 > 0.0 {
                // Steps that are too long would turn the coefficients around.
                pass.weights.shrink((1.0 - self.l2 * pass.eta).max(0.0));
            }
            if update != 0.0 {
                let c = update / pass.weights.scale;
                rows.add(i, c, &mut pass.weights);
            }
            if self.fit_intercept {
                let pull = if self.one_class { pass.eta * self.alpha } else { 0.0 };
                pass.intercept += (update - pull) * R::INTERCEPT;
            }
            if self.average > 0 && self.average as f64 <= pass.t {
                let count = pass.t - self.average as f64 + 1.0;
                pass.weights.average(rows, i, update, count);
                pass.mean_intercept = if count <= 1.0 {
                    pass.intercept
                } else {
                    pass.mean_intercept + (pass.intercept - pass.mean_intercept) / count
                };
            }
            if self.l1 > 0.0 {
                pass.weights.truncate(rows, i, self.l1 * pass.eta);
            }
            pass.t += 1.0;
        }
    }
}
