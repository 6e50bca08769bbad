//! Boosting, iteration by iteration: what holds the binned data, the raw predictions and the trees so far.
//!
//! [`Boosting::run`] goes on to the end; a caller with a score of his own calls [`Boosting::iterate`] and looks at the
//! raw predictions in between. X is binned once.

use super::held_out::{HeldOut, draw, stopped};
use super::job::{Desk, Iteration, Job};
use super::model::Boosted;
use super::params::Settings;
use super::part::Part;
use super::plan::Plan;
use super::trees::{Growing, Trees};
use crate::binning::{Bins, FeatureBins, Mapper};
use crate::{AnyMatrix, Control, Report, Result, bad_input};
use ironlearn_linalg::threads;

/// A run of boosting.
#[derive(Debug)]
pub struct Boosting {
    settings: Settings,
    plan: Plan,
    train: Part,
    held: Option<Part>,
    /// The model without the trees of this run, and these.
    model: Boosted,
    trees: Growing,
    /// One for each tree that is grown at the same time.
    desks: Vec<Desk>,
    pairs: Vec<[f32; 2]>,
}

/// Entries of X from which on threads pay within a tree.
const WORTH_THREADS: usize = 1 << 17;
/// Entries of X from which on trees of several outputs are grown at the same time.
const WORTH_TOGETHER: usize = 1 << 14;

impl Boosting {
    /// Bins the data and begins: with the best constant, or where `start` ended.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for data that do not fit.
    #[allow(clippy::too_many_arguments, reason = "the parts of one fit")]
    pub fn new(
        settings: Settings,
        x: &AnyMatrix<'_>,
        y: &[f64],
        weights: Option<&[f64]>,
        held_out: HeldOut<'_>,
        start: Option<&Boosted>,
        ctl: &Control,
    ) -> Result<Self> {
        let (n, p) = x.shape();
        if n > i32::MAX as usize {
            bad_input!("boosting takes up to {} rows, not {n}", i32::MAX);
        }
        let marked = settings.categorical_features.is_some();
        let categorical = settings.categorical_features.as_ref().map(|c| c.mask(p)).transpose()?.unwrap_or_default();
        let plan = settings.plan(p, &categorical)?;
        let early = settings.early_stopping.applies(n);
        let drawn = match held_out {
            HeldOut::Drawn if early && settings.validation_fraction.is_some() => Some(draw(&settings, y)?),
            _ => None,
        };
        let (train_rows, held_rows) = match (&held_out, &drawn) {
            (HeldOut::Rows(train, held), _) => (Some(*train), Some(*held)),
            (_, Some((train, held))) => (Some(train.as_slice()), Some(held.as_slice())),
            _ => (None, None),
        };
        let own: Option<Vec<f64>> = weights
            .map(|w| train_rows.map_or_else(|| w.to_vec(), |rows| rows.iter().map(|&i| w[i as usize]).collect()));
        let rule = Bins {
            max_bins: settings.max_bins as usize,
            categorical: &categorical,
            subsample: Bins::SUBSAMPLE,
            seed: settings.random_state,
        };
        let mapper = Mapper::fit(x, train_rows, own.as_deref(), &rule, ctl)?;
        let least = plan.rule.min_samples_leaf as usize;
        let mut train = Part::new(x, y, weights, train_rows, &mapper, least, ctl)?;
        let mut held = match &held_out {
            HeldOut::Data(x, y, weights) => Some(Part::new(x, y, *weights, None, &mapper, 0, ctl)?),
            _ => held_rows.map(|rows| Part::new(x, y, weights, Some(rows), &mapper, 0, ctl)).transpose()?,
        };
        let (model, trees) = match start {
            None => {
                let baseline = settings.objective.baseline(&train.y, train.weights.as_deref());
                if baseline.iter().any(|z| !z.is_finite()) {
                    bad_input!("The mean of y is not a finite number: y or the sample weights do not allow one.");
                }
                train.begin(&baseline);
                held.iter_mut().for_each(|held| held.begin(&baseline));
                let model = Boosted {
                    objective: settings.objective,
                    baseline,
                    mapper,
                    trees: Trees::default(),
                    early_stopping: early,
                    train_score: Vec::new(),
                    validation_score: Vec::new(),
                    weighted: weights.is_some(),
                    marked,
                    report: Report::default(),
                    walks: Default::default(),
                };
                (model, Growing::from(&Trees::default()))
            }
            Some(start) => {
                check_start(start, &settings, &mapper)?;
                train.go_on(start, x, train_rows, ctl)?;
                if let Some(held) = &mut held {
                    match &held_out {
                        HeldOut::Data(x, ..) => held.go_on(start, x, None, ctl)?,
                        _ => held.go_on(start, x, held_rows, ctl)?,
                    }
                }
                let mut model = start.clone();
                (model.mapper, model.early_stopping, model.walks) = (mapper, early, Default::default());
                (model, Growing::from(&start.trees))
            }
        };
        let pairs = vec![[0.0; 2]; train.raw.len()];
        Ok(Boosting { settings, plan, train, held, model, trees, desks: Vec::new(), pairs })
    }

    /// The number of iterations so far, those of the start among them.
    pub fn n_iter(&self) -> usize {
        self.trees.n_trees() / self.settings.objective.n_outputs()
    }

    /// Whether early stopping applies.
    pub fn stops_early(&self) -> bool {
        self.model.early_stopping
    }

    /// The raw predictions of the rows trained on, output after output.
    pub fn raw(&self) -> &[f64] {
        &self.train.raw
    }

    /// The same of the rows held out.
    pub fn held_raw(&self) -> Option<&[f64]> {
        self.held.as_ref().map(|held| held.raw.as_slice())
    }

    /// One iteration: one tree an output.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where the gradients overflow; [`ironlearn_linalg::Error::Interrupted`].
    pub fn iterate(&mut self, ctl: &Control) -> Result<()> {
        let entries = self.train.y.len() * self.train.binned.n_columns();
        if entries < WORTH_THREADS && (self.n_outputs() == 1 || entries < WORTH_TOGETHER) {
            return self.iterate_here(&ctl.part());
        }
        threads::install(ctl, || self.iterate_here(ctl))
    }

    fn iterate_here(&mut self, ctl: &Control) -> Result<()> {
        let (objective, rate, first) =
            (self.settings.objective, self.settings.learning_rate, self.trees.n_trees() as u64);
        let Part { binned, y, weights, raw } = &mut self.train;
        let (n, weights) = (y.len(), weights.as_deref());
        objective.gradients(y, weights, raw, &mut self.pairs, ctl)?;
        let (mut held, mut held_raw) = (None, None);
        if let Some(part) = &mut self.held {
            held_raw = Some(part.raw.chunks_mut(part.y.len().max(1)));
            held = Some(&part.binned);
        }
        let iteration = Iteration { plan: &self.plan, objective, rate, binned, y, weights, held };
        self.desks.resize_with(ctl.threads().min(objective.n_outputs()), Desk::default);
        let mut outputs = (first..).zip(self.pairs.chunks(n)).zip(raw.chunks_mut(n));
        loop {
            let some = self.desks.iter_mut().zip(outputs.by_ref());
            let mut jobs: Vec<Job<'_>> = some
                .map(|(desk, ((stream, pairs), raw))| {
                    let held = held_raw.as_mut().and_then(Iterator::next);
                    Job { stream, pairs, raw, held, desk, grown: Ok(Vec::new()) }
                })
                .collect();
            match &mut jobs[..] {
                [] => return Ok(()),
                // All threads grow one tree.
                [job] => job.run(&iteration, ctl),
                jobs => threads::each(ctl, jobs, |_, job| job.run(&iteration, &ctl.part()))?,
            }
            for job in jobs {
                self.trees.push(&job.grown?, &self.model.mapper);
            }
        }
    }

    /// Notes minus the mean loss on the rows trained on and on those held out; whether to stop.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn score(&mut self, ctl: &Control) -> Result<bool> {
        let objective = self.settings.objective;
        let part;
        let ctl = if self.train.raw.len() < WORTH_THREADS / 8 {
            part = ctl.part();
            &part
        } else {
            ctl
        };
        self.model.train_score.push(-self.train.mean_loss(objective, ctl)?);
        if let Some(held) = &self.held {
            self.model.validation_score.push(-held.mean_loss(objective, ctl)?);
        }
        Ok(self.is_at_end())
    }

    /// Notes scores that were computed elsewhere; whether to stop.
    pub fn note(&mut self, train: f64, validation: Option<f64>) -> bool {
        self.model.train_score.push(train);
        self.model.validation_score.extend(validation);
        self.is_at_end()
    }

    /// The last scores on the rows trained on and on those held out.
    pub fn last_scores(&self) -> (Option<f64>, Option<f64>) {
        (self.model.train_score.last().copied(), self.model.validation_score.last().copied())
    }

    /// Trees, leaves and the largest depth of the last iteration.
    pub fn last_trees(&self) -> (usize, usize, usize) {
        self.trees.last(self.n_outputs())
    }

    /// Raw predictions of a row.
    pub fn n_outputs(&self) -> usize {
        self.settings.objective.n_outputs()
    }

    fn is_at_end(&self) -> bool {
        let scores = if self.held.is_some() { &self.model.validation_score } else { &self.model.train_score };
        stopped(scores, usize::try_from(self.settings.n_iter_no_change).unwrap_or(usize::MAX), self.settings.tol)
    }

    /// All iterations that are left, with early stopping by the loss.
    ///
    /// # Errors
    /// As [`Boosting::iterate`].
    pub fn run(&mut self, ctl: &Control) -> Result<()> {
        let total = usize::try_from(self.settings.max_iter).unwrap_or(usize::MAX);
        if self.model.early_stopping && self.n_iter() == 0 {
            self.score(ctl)?;
        }
        while self.n_iter() < total {
            self.iterate(ctl)?;
            let stop = self.model.early_stopping && self.score(ctl)?;
            let scores = &self.model.validation_score;
            let measure = scores.last().or(self.model.train_score.last()).map_or(f64::NAN, |score| -score);
            ctl.step(self.n_iter(), total, measure)?;
            if stop {
                break;
            }
        }
        Ok(())
    }

    /// The model so far.
    pub fn model(&self) -> Boosted {
        let mut model = self.model.clone();
        model.trees = self.trees.trees();
        let total = usize::try_from(self.settings.max_iter).unwrap_or(usize::MAX);
        let iterations = vec![self.n_iter()];
        model.report = Report { iterations, converged: self.n_iter() <= total, ..Report::direct("histogram") };
        model
    }
}

fn check_start(start: &Boosted, settings: &Settings, mapper: &Mapper) -> Result<()> {
    if settings.max_iter < start.n_iter() as u64 {
        bad_input!(
            "max_iter={} must be larger than or equal to n_iter_={} when warm_start==True",
            settings.max_iter,
            start.n_iter()
        );
    }
    let same = |(a, b): (&FeatureBins, &FeatureBins)| {
        a.is_categorical() == b.is_categorical() && (!a.is_categorical() || a == b)
    };
    if start.objective != settings.objective
        || start.mapper.features.len() != mapper.features.len()
        || !start.mapper.features.iter().zip(&mapper.features).all(same)
    {
        bad_input!("warm_start goes on from a fit with the same loss, features, classes and categories");
    }
    Ok(())
}
