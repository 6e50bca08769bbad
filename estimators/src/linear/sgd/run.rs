//! From data and options to fitted problems, side by side.

use super::held_out;
use super::model::{Fitted, Stepped, Steps};
use super::options::{Options, SgdLoss};
use crate::linear::solver::sgd::{Dense, Found, HeldOut, Problem, Rows, Sgd, Sparse, State};
use crate::loss::{EpsilonInsensitive, HalfSquared, Hinge, Huber, LogLoss, ModifiedHuber, SquaredEpsilonInsensitive};
use crate::loss::{Loss, SquaredHinge};
use crate::{Control, Data, Matrix, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::{threads, with_matrix};
use ndarray::{Array1, Array2};

/// What the problems learn: a number a row, or class `k` against the others.
pub(super) enum Learn {
    /// One problem.
    Numbers(Vec<f64>),
    /// A problem a class, or one for two classes; for each problem how much its class and the others count.
    Classes(Vec<usize>, Vec<(f64, f64)>),
    /// So many rows of one kind.
    Alike(usize),
}

impl Learn {
    fn problems(&self) -> usize {
        match self {
            Learn::Classes(_, sides) => sides.len(),
            _ => 1,
        }
    }

    /// Whether row `i` is of the class of problem `k`.
    fn is_class(codes: &[usize], problems: usize, k: usize, i: usize) -> bool {
        codes[i] == if problems == 1 { 1 } else { k }
    }

    /// What the loss compares with in problem `k`.
    fn targets(&self, k: usize, codes_wanted: bool) -> Vec<f64> {
        match self {
            Learn::Numbers(y) => y.clone(),
            Learn::Alike(n) => vec![1.0; *n],
            Learn::Classes(codes, sides) => {
                let other = if codes_wanted { 0.0 } else { -1.0 };
                (0..codes.len()).map(|i| if Self::is_class(codes, sides.len(), k, i) { 1.0 } else { other }).collect()
            }
        }
    }
}

/// Everything of a fit but the rows.
struct Fit<'a> {
    options: &'a Options,
    sgd: Sgd,
    learn: &'a Learn,
    weights: Option<&'a [f64]>,
    /// The rows to visit, and of them those held out.
    order: Vec<u32>,
    held_out: Option<(Vec<bool>, Vec<u32>)>,
    starts: Vec<State>,
    x_finite: &'a (dyn Fn() -> bool + Sync),
    ctl: &'a Control,
}

/// Fits, from `start` on where there is one.
///
/// # Errors
/// [`crate::Error::Input`], [`crate::Error::Linalg`].
pub(super) fn fit<M: Fitted>(
    options: &Options,
    data: &Data<'_>,
    learn: &Learn,
    start: Option<&Stepped<M>>,
    ctl: &Control,
) -> Result<Stepped<M>> {
    let (n, p) = data.x.shape();
    let weights = data.weights.as_ref().map(|w| w.to_vec());
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
    let order: Vec<u32> = (0..n as u32).filter(|&i| weight(i as usize) != 0.0).collect();
    let held_out = if options.early_stopping {
        let class_of = match learn {
            Learn::Classes(codes, _) => Some(|i: usize| codes[i]),
            _ => None,
        };
        let class_of = class_of.as_ref().map(|f| f as &dyn Fn(usize) -> usize);
        let rows = held_out::choose(options, n, class_of, weight)?;
        let mut mask = vec![false; n];
        rows.iter().for_each(|&i| mask[i as usize] = true);
        Some((mask, rows))
    } else {
        None
    };
    let learnt = order.len() - held_out.as_ref().map_or(0, |(_, rows)| rows.len());
    if learnt == 0 {
        bad_input!("Sample weights must contain at least one non-zero number.");
    }
    if order.len() < n || held_out.is_some() {
        // Rows that are not learnt from would hide what is wrong with them.
        data.check_finite()?;
    }
    let problems = learn.problems();
    let fit = Fit {
        options,
        sgd: options.solver(),
        learn,
        weights: weights.as_deref(),
        order,
        held_out,
        starts: starts(start, problems, p, options)?,
        x_finite: &|| data.x.all_finite(),
        ctl,
    };
    let found = with_matrix!(&data.x, x => match x {
        Matrix::Dense(x) => fit.all(&Dense::new(x))?,
        Matrix::Sparse(x) => {
            let by_row = x.by_row();
            fit.all(&Sparse(by_row.view(x)))?
        }
    });
    Ok(fit.model(found, data, p))
}

/// Where each problem begins.
fn starts<M: Fitted>(start: Option<&Stepped<M>>, problems: usize, p: usize, options: &Options) -> Result<Vec<State>> {
    let average = options.average;
    let Some(start) = start else {
        let mean = (average > 0).then(|| (vec![0.0; p], 0.0));
        // The one-class machine's offset begins at 0.
        let intercept = f64::from(u8::from(options.one_class));
        return Ok(vec![State { coef: vec![0.0; p], intercept, mean, t: 1.0 }; problems]);
    };
    let (coef, intercept) = start.model.parts();
    let given = Steps { coef: coef.clone(), intercept };
    let last = start.last.as_ref().filter(|_| average > 0).unwrap_or(&given);
    let mean = start.mean.as_ref().unwrap_or(&given);
    if [last, mean].iter().any(|s| s.coef.dim() != (problems, p) || s.intercept.len() != problems) {
        bad_input!("Provided coef_ of shape {:?} does not match dataset: ({problems}, {p})", last.coef.dim());
    }
    let state = |k: usize| State {
        coef: last.coef.row(k).to_vec(),
        intercept: last.intercept[k],
        mean: (average > 0).then(|| (mean.coef.row(k).to_vec(), mean.intercept[k])),
        t: start.t,
    };
    Ok((0..problems).map(state).collect())
}

impl Fit<'_> {
    /// All problems, each by one thread.
    fn all<R: Rows>(&self, rows: &R) -> Result<Vec<Found>> {
        let found = threads::map(self.ctl, self.learn.problems(), |k| self.one(rows, k))?;
        found.into_iter().collect()
    }

    fn one<R: Rows>(&self, rows: &R, k: usize) -> Result<Found> {
        let epsilon = self.options.epsilon;
        match self.options.loss {
            SgdLoss::Hinge => self.by(Hinge { threshold: 1.0 }, rows, k),
            SgdLoss::LogLoss => self.by(LogLoss, rows, k),
            SgdLoss::ModifiedHuber => self.by(ModifiedHuber, rows, k),
            SgdLoss::SquaredHinge => self.by(SquaredHinge { threshold: 1.0 }, rows, k),
            SgdLoss::Perceptron => self.by(Hinge { threshold: 0.0 }, rows, k),
            SgdLoss::SquaredError => self.by(HalfSquared, rows, k),
            SgdLoss::Huber => self.by(Huber { delta: epsilon }, rows, k),
            SgdLoss::EpsilonInsensitive => self.by(EpsilonInsensitive { epsilon }, rows, k),
            SgdLoss::SquaredEpsilonInsensitive => self.by(SquaredEpsilonInsensitive { epsilon }, rows, k),
        }
    }

    fn by<L: Loss, R: Rows>(&self, loss: L, rows: &R, k: usize) -> Result<Found> {
        let y = self.learn.targets(k, self.options.loss.takes_codes());
        let weight = |i: usize| self.weights.map_or(1.0, |w| w[i]);
        let score = |predicted: &[f64]| match (&self.held_out, self.learn) {
            (Some((_, rows)), Learn::Classes(codes, sides)) => {
                held_out::accuracy(predicted, rows, |i| Learn::is_class(codes, sides.len(), k, i), weight)
            }
            (Some((_, rows)), _) => held_out::r2(predicted, rows, &y, weight),
            (None, _) => 0.0,
        };
        let held_out = self.held_out.as_ref().map(|(mask, rows)| HeldOut { mask, rows, score: &score });
        let sides = match self.learn {
            Learn::Classes(_, sides) => sides[k],
            _ => (1.0, 1.0),
        };
        let problem = Problem {
            rows,
            y: &y,
            weights: self.weights,
            sides,
            order: self.order.clone(),
            held_out,
            seed: self.options.seeds.of(k),
        };
        self.sgd.solve(loss, problem, self.starts[k].clone(), self.x_finite, self.ctl)
    }

    fn model<M: Fitted>(&self, found: Vec<Found>, data: &Data<'_>, p: usize) -> Stepped<M> {
        let passes = found.iter().map(|f| f.iterations).max().unwrap_or(0);
        let t = self.starts[0].t + (passes * self.order.len()) as f64;
        let stack = |of: &dyn Fn(&State) -> (Vec<f64>, f64)| {
            let parts: Vec<(Vec<f64>, f64)> = found.iter().map(|f| of(&f.state)).collect();
            let coef = Array2::from_shape_fn((parts.len(), p), |(k, j)| parts[k].0[j]);
            Steps { coef, intercept: parts.iter().map(|(_, b)| *b).collect::<Array1<f64>>() }
        };
        let last = stack(&|s| (s.coef.clone(), s.intercept));
        let average = self.options.average;
        let mean = (average > 0).then(|| stack(&|s| s.mean.clone().unwrap_or_default()));
        // Means count once there are some.
        let shown = mean.as_ref().filter(|_| average as f64 <= t - 1.0).unwrap_or(&last);
        let mut warnings = Vec::new();
        if self.options.tol.is_some() && passes == self.options.max_iter {
            let message = "Maximum number of iteration reached before convergence. Consider increasing max_iter to \
                           improve the fit.";
            warnings.push(Warning { kind: WarningKind::Convergence, message: message.into() });
        }
        let report = Report {
            iterations: found.iter().map(|f| f.iterations).collect(),
            converged: found.iter().all(|f| f.converged),
            solver: "sgd".into(),
            warnings,
        };
        let dtype = data.x.dtype();
        let rounded = |values: &Array1<f64>| values.mapv(|v| dtype.round(v));
        let model = M::of(shown.coef.mapv(|v| dtype.round(v)), rounded(&shown.intercept), dtype, report);
        Stepped { model, t, last: (average > 0).then_some(last), mean }
    }
}
