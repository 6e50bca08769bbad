//! The stages of boosting: gradients, trees on them, the leaves' steps, scores, and when to stop.

use super::leaves;
use super::loss::{Loss, Paid, Rows};
use super::model::Boosted;
use super::shallow::{Grown, Shallow};
use crate::tree::criterion::{Moments, SquaredError, SquaredErrorOne};
use crate::tree::params::Growth;
use crate::tree::{Columns, Ground, Tree};
use crate::{AnyMatrix, Control, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::threads;
use ndarray::ArrayView2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

/// Rows of a tile: what gradients and scores are computed by.
const TILE: usize = 2048;

/// A stage that is done.
pub struct Stage<'a> {
    /// Its number, from 0.
    pub index: usize,
    /// What is paid on the rows learnt from.
    pub train_score: f64,
    /// By how much it lowered what is paid on the rows left out.
    pub oob_improvement: Option<f64>,
    /// The model so far.
    pub model: &'a dyn Fn() -> Boosted,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("index", &self.index).field("train_score", &self.train_score).finish()
    }
}

/// Hears of every stage; says whether to stop.
pub type Watch<'a> = &'a (dyn Fn(&Stage<'_>) -> Result<bool> + Sync);

/// What a caller may bring beside the data.
#[derive(Clone, Copy, Default)]
pub struct Extra<'a> {
    /// The raw predictions of another estimator to start from, n × outputs.
    pub start: Option<ArrayView2<'a, f64>>,
    /// Who hears of every stage.
    pub watch: Option<Watch<'a>>,
}

impl std::fmt::Debug for Extra<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extra").field("start", &self.start.is_some()).field("watch", &self.watch.is_some()).finish()
    }
}

/// Both estimators' parameters, resolved.
#[derive(Debug)]
pub struct Boosting<'a> {
    /// The loss.
    pub loss: Loss,
    /// The share of each tree's leaves that is taken.
    pub learning_rate: f64,
    /// Stages, at most, with those of a model to go on from.
    pub n_estimators: usize,
    /// The share of the rows that each stage sees.
    pub subsample: f64,
    /// Whether raw predictions start from 0.
    pub zero: bool,
    /// How trees grow.
    pub(crate) growth: Growth<'a>,
    /// Rows held out to tell when to stop (rising).
    pub held_out: Vec<u32>,
    /// Stages without an improvement after which to stop.
    pub patience: Option<usize>,
    /// What is an improvement.
    pub tol: f64,
}

/// X, y and weights.
#[derive(Debug)]
pub struct Problem<'a> {
    /// n × p, finite.
    pub x: AnyMatrix<'a>,
    /// y, or class codes.
    pub y: &'a [f64],
    /// The weights.
    pub weights: Option<&'a [f64]>,
}

/// What grows the trees.
enum Prepared<'a> {
    Shallow(Shallow),
    Ground(Ground<'a>),
}

impl Prepared<'_> {
    fn grow(
        &self,
        plan: &crate::tree::grow::Plan,
        on: &Gradient<'_>,
        x: &AnyMatrix<'_>,
        ctl: &Control,
    ) -> Result<Grown> {
        let Gradient { values, weights, rows, weight } = *on;
        match self {
            Prepared::Shallow(shallow) => shallow.grow(plan, values, weights, rows.to_vec(), weight, ctl),
            Prepared::Ground(ground) => {
                let moments = Moments::new(Cow::Borrowed(values), 1, weights);
                let rows = rows.to_vec();
                let tree = match weights {
                    None => ground.grow(plan, &SquaredErrorOne::new(moments), rows, weight, &[1], ctl)?,
                    Some(_) => ground.grow(plan, &SquaredError(moments), rows, weight, &[1], ctl)?,
                };
                grown(tree, x, ctl)
            }
        }
    }
}

/// A tree with the leaves of all rows.
fn grown(tree: Tree, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Grown> {
    let leaves = tree.apply(x, ctl)?.into_iter().map(|leaf| leaf as u32).collect();
    Ok(Grown { tree, leaves })
}

/// What a tree learns from.
#[derive(Clone, Copy)]
struct Gradient<'a> {
    values: &'a [f64],
    weights: Option<&'a [f64]>,
    /// The rows that count.
    rows: &'a [u32],
    weight: f64,
}

/// Fits.
///
/// # Errors
/// [`crate::Error::Input`] where parts do not fit together; [`crate::Error::Linalg`] where the run was interrupted; the
/// errors of the one who watches.
pub fn fit(
    boosting: &Boosting<'_>,
    problem: &Problem<'_>,
    from: Option<&Boosted>,
    extra: Extra<'_>,
    ctl: &Control,
) -> Result<Boosted> {
    threads::install(ctl, || Run::new(boosting, problem, from, extra, ctl)?.run(extra.watch))
}

/// A fit under way.
struct Run<'a, 'g, 'x> {
    boosting: &'a Boosting<'g>,
    problem: &'a Problem<'x>,
    ctl: &'a Control,
    prepared: Prepared<'x>,
    model: Boosted,
    /// n × outputs.
    raw: Vec<f64>,
    /// The negative gradients at `raw`, n × outputs.
    gradient: Vec<f64>,
    /// For each row whether the stage learns from it (0), leaves it out (1), or it is held out (2).
    groups: Vec<u8>,
    /// The rows that are not held out.
    train: Vec<u32>,
}

impl<'a, 'g, 'x> Run<'a, 'g, 'x> {
    fn new(
        boosting: &'a Boosting<'g>,
        problem: &'a Problem<'x>,
        from: Option<&Boosted>,
        extra: Extra<'_>,
        ctl: &'a Control,
    ) -> Result<Self> {
        let (n, k) = (problem.y.len(), boosting.loss.outputs());
        let mut groups = vec![0_u8; n];
        boosting.held_out.iter().for_each(|&row| groups[row as usize] = 2);
        let train: Vec<u32> = (0..n as u32).filter(|&row| groups[row as usize] == 0).collect();
        if train.is_empty() {
            bad_input!("no rows are left to learn from");
        }
        let columns = Columns::new(&problem.x)?;
        let plan = boosting.growth.plan(train.len(), problem.x.ncols(), 1.0, false)?;
        let negative = problem.weights.is_some_and(|w| w.iter().any(|&w| w < 0.0));
        let prepared = if Shallow::suits(&columns, &plan) && !negative {
            Prepared::Shallow(Shallow::new(&columns, ctl)?)
        } else {
            Prepared::Ground(Ground::new(columns, plan.max_features, false, None, ctl)?)
        };
        let mut model = match from {
            Some(model) => {
                let other = (model.n_features, model.outputs()) != (problem.x.ncols(), k);
                if other || model.stages() > boosting.n_estimators {
                    let (more, has) = (boosting.n_estimators, model.stages());
                    bad_input!(
                        "n_estimators={more} must be larger or equal to estimators_.shape[0]={has} when \
                         warm_start==True, and X and y of the same shape"
                    );
                }
                model.clone()
            }
            None => Boosted {
                loss: boosting.loss,
                n_features: problem.x.ncols(),
                learning_rate: boosting.learning_rate,
                start: None,
                trees: Vec::new(),
                max_features: 0,
                seed: boosting.growth.random_state,
                train_score: Vec::new(),
                oob_scores: Vec::new(),
                oob_improvement: Vec::new(),
                report: Report::default(),
                forest: Default::default(),
            },
        };
        model.max_features = plan.max_features;
        if from.is_none() {
            model.start = match extra.start {
                Some(_) => None,
                None if boosting.zero => Some(vec![0.0; k]),
                None => {
                    let take = |values: &[f64]| train.iter().map(|&row| values[row as usize]).collect::<Vec<_>>();
                    Some(boosting.loss.start(&take(problem.y), problem.weights.map(take).as_deref()))
                }
            };
        }
        model.learning_rate = boosting.learning_rate;
        let raw = match extra.start {
            Some(raw) if raw.dim() == (n, k) => raw.to_owned(),
            Some(raw) => bad_input!("raw predictions of shape {:?}, expected {:?}", raw.dim(), (n, k)),
            None => model.start_of(n)?,
        };
        let stages = 0..model.stages();
        // A model that grows on is another one: what its predictions walk is laid out anew.
        let raw = if stages.is_empty() { raw } else { model.raw_from(&problem.x, raw, stages, ctl)? };
        (model.forest, model.loss) = (Default::default(), boosting.loss);
        let raw: Vec<f64> = raw.iter().copied().collect();
        let gradient = vec![0.0; raw.len()];
        Ok(Run { boosting, problem, ctl, prepared, model, raw, gradient, groups, train })
    }

    /// A stream of random numbers of its own for each tree (and, `bag`, for each stage's rows).
    fn stream(&self, index: usize, bag: bool) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.model.seed);
        rng.set_stream(2 * index as u64 + u64::from(bag));
        rng
    }

    /// Gradients at the present raw predictions, and what is paid there.
    fn look(&mut self) -> Result<Paid> {
        let (loss, problem) = (self.model.loss, self.problem);
        let k = loss.outputs();
        let mixed = !self.boosting.held_out.is_empty() || self.boosting.subsample < 1.0;
        let groups = mixed.then_some(self.groups.as_slice());
        let raws = self.raw.chunks(TILE * k);
        let jobs: Vec<_> = raws.zip(self.gradient.chunks_mut(TILE * k)).map(Mutex::new).collect();
        let parts = threads::map(self.ctl, jobs.len(), |i| {
            let mut job = jobs[i].lock().unwrap_or_else(PoisonError::into_inner);
            let tile = i * TILE..i * TILE + job.0.len() / k;
            let rows = Rows {
                y: &problem.y[tile.clone()],
                weights: problem.weights.map(|w| &w[tile.clone()]),
                groups: groups.map(|groups| &groups[tile.clone()]),
            };
            let (raw, gradient) = &mut *job;
            loss.look(rows, raw, gradient)
        })?;
        let mut paid = Paid::default();
        parts.iter().for_each(|part| paid.add(part));
        Ok(paid)
    }

    /// The mean loss of a group, in scikit-learn's units.
    fn score(&self, paid: &Paid, group: usize) -> f64 {
        let (sum, weight) = paid.groups[group];
        self.model.loss.factor() * (sum / weight)
    }

    fn run(mut self, watch: Option<Watch<'_>>) -> Result<Boosted> {
        let Boosting { n_estimators, subsample, patience, tol, .. } = *self.boosting;
        let begin = self.model.stages();
        let bagged = subsample < 1.0;
        if bagged || !self.model.oob_scores.is_empty() {
            self.model.oob_scores.resize(begin, 0.0);
            self.model.oob_improvement.resize(begin, 0.0);
        }
        // As many as there are stages are never full.
        let mut history = vec![f64::INFINITY; patience.unwrap_or(0).min(n_estimators)];
        let mut bag = self.train.clone();
        self.set_delta();
        self.look()?;
        let mut reason = "n_estimators";
        for stage in begin..n_estimators {
            if bagged {
                self.draw_bag(stage, &mut bag);
            }
            let initial = if bagged && stage == 0 { Some(self.look()?) } else { None };
            if stage > begin && self.set_delta() {
                self.look()?;
            }
            self.stage(stage, &bag)?;
            let paid = self.look()?;
            let train_score = self.score(&paid, 0);
            self.model.train_score.push(train_score);
            let mut improvement = None;
            if bagged {
                let before = match initial {
                    Some(initial) => self.score(&initial, 1),
                    None => self.model.oob_scores[stage - 1],
                };
                let now = self.score(&paid, 1);
                self.model.oob_scores.push(now);
                self.model.oob_improvement.push(before - now);
                improvement = Some(before - now);
            } else if !self.model.oob_scores.is_empty() {
                self.model.oob_scores.push(0.0);
                self.model.oob_improvement.push(0.0);
            }
            self.ctl.step(stage + 1, n_estimators, train_score)?;
            if let Some(watch) = watch {
                let model = || self.model.clone();
                let stage = Stage { index: stage, train_score, oob_improvement: improvement, model: &model };
                if watch(&stage)? {
                    reason = "the caller";
                    break;
                }
            }
            if patience.is_some() {
                let now = self.score(&paid, 2);
                if !history.iter().any(|&before| now + tol < before) {
                    reason = "n_iter_no_change";
                    break;
                }
                let at = stage % history.len();
                history[at] = now;
            }
        }
        let mut report = Report::direct("exact");
        report.iterations = vec![self.model.stages()];
        report.solver = format!("exact, stopped by {reason}");
        if self.model.trees.iter().any(|tree| tree.value.iter().any(|v| v.is_infinite())) {
            let message = "overflow encountered in the step of a leaf".into();
            report.warnings.push(Warning { kind: WarningKind::Runtime, message });
        }
        self.model.report = report;
        Ok(self.model)
    }

    /// Brings Huber's delta up to date; says whether it has changed.
    fn set_delta(&mut self) -> bool {
        let Loss::Huber { alpha, delta: before } = self.model.loss else { return false };
        let far = |&row: &u32| (self.problem.y[row as usize] - self.raw[row as usize]).abs();
        let delta = match self.problem.weights {
            None => crate::quantiles::plain(self.train.iter().map(far).collect(), alpha),
            Some(w) => {
                crate::quantiles::weighted(self.train.iter().map(|row| (far(row), w[*row as usize])).collect(), alpha)
            }
        };
        self.model.loss = Loss::Huber { alpha, delta };
        delta != before
    }

    /// Draws the rows of a stage without replacement, in order.
    fn draw_bag(&mut self, stage: usize, bag: &mut Vec<u32>) {
        let mut rng = self.stream(stage, true);
        let n = self.train.len();
        let wanted = ((self.boosting.subsample * n as f64) as usize).max(1);
        bag.clear();
        for (i, &row) in self.train.iter().enumerate() {
            let uniform = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            let taken = uniform * ((n - i) as f64) < (wanted - bag.len()) as f64;
            if taken {
                bag.push(row);
            }
            self.groups[row as usize] = u8::from(!taken);
        }
    }

    /// Grows a stage's trees and takes their steps.
    fn stage(&mut self, stage: usize, bag: &[u32]) -> Result<()> {
        let (problem, k) = (self.problem, self.boosting.loss.outputs());
        let counting: Cow<'_, [u32]> = match problem.weights {
            Some(w) if bag.iter().any(|&row| w[row as usize] == 0.0) => {
                bag.iter().copied().filter(|&row| w[row as usize] != 0.0).collect()
            }
            _ => Cow::Borrowed(bag),
        };
        if counting.is_empty() {
            bad_input!("Sample weights must contain at least one non-zero number.");
        }
        let weight = problem.weights.map_or(bag.len() as f64, |w| bag.iter().map(|&row| w[row as usize]).sum());
        let this = &*self;
        let one = |output: usize, ctl: &Control| -> Result<Grown> {
            let values: Cow<'_, [f64]> = match k {
                1 => Cow::Borrowed(&this.gradient),
                _ => this.gradient.iter().skip(output).step_by(k).copied().collect(),
            };
            let mut plan = this.boosting.growth.plan(this.train.len(), problem.x.ncols(), weight, false)?;
            plan.seed = this.stream(stage * k + output, false).next_u64();
            let on = Gradient { values: &values, weights: problem.weights, rows: &counting, weight };
            let mut grown_tree = this.prepared.grow(&plan, &on, &problem.x, ctl)?;
            let alpha = this.boosting.growth.ccp_alpha;
            if alpha > 0.0 {
                grown_tree = grown(grown_tree.tree.pruned(alpha), &problem.x, ctl)?;
            } else if let Prepared::Shallow(shallow) = &this.prepared {
                shallow.walk_others(&mut grown_tree);
            }
            let target = leaves::Target {
                loss: this.model.loss,
                output,
                y: problem.y,
                weights: problem.weights,
                gradient: &values,
                raw: &this.raw,
                rows: bag,
            };
            leaves::step(&mut grown_tree, &target);
            Ok(grown_tree)
        };
        let trees: Vec<Grown> = if k == 1 || self.ctl.threads() == 1 {
            (0..k).map(|output| one(output, self.ctl)).collect::<Result<_>>()?
        } else {
            threads::map(self.ctl, k, |output| one(output, &self.ctl.part()))?.into_iter().collect::<Result<_>>()?
        };
        let rate = self.boosting.learning_rate;
        for (output, grown) in trees.into_iter().enumerate() {
            let values: Vec<f64> = grown.tree.value.column(0).iter().map(|value| rate * value).collect();
            for (raw, &leaf) in self.raw.iter_mut().skip(output).step_by(k).zip(&grown.leaves) {
                *raw += values[leaf as usize];
            }
            self.model.trees.push(grown.tree);
        }
        Ok(())
    }
}
