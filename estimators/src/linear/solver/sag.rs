//! SAG and SAGA: least squares with an L2 penalty, one row at a time, with a memory of each row's last gradient
//! (Le Roux, Schmidt and Bach 2012; Defazio, Bach and Lacoste-Julien 2014, arXiv 1407.0202).
//!
//! The scaling of the coefficients by the penalty is kept as one factor, and the steps along the summed gradient are
//! made up for when a column is next needed: a step costs what its row stores.

use crate::{Control, Result};
use ironlearn_linalg::{Layout, Matrix, Real};
use ndarray::{Array1, ArrayView1};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Minimises `Σ w·(y − x·coef − b)²/2 + alpha·‖coef‖²/2`.
#[derive(Debug, Clone, Copy)]
pub struct Sag {
    /// SAGA's unbiased step instead of SAG's.
    pub saga: bool,
    /// The L2 penalty.
    pub alpha: f64,
    /// Passes over the data.
    pub max_iter: usize,
    /// Largest change of a coefficient in a pass, relative to the largest coefficient, at which to stop.
    pub tol: f64,
    /// The stream of random rows.
    pub seed: u64,
    /// How strongly b moves compared with the coefficients; `None` leaves it 0.
    pub intercept: Option<f64>,
}

/// What [`Sag`] found.
#[derive(Debug, Clone)]
pub struct Found {
    /// p coefficients.
    pub coef: Array1<f64>,
    /// b.
    pub intercept: f64,
    /// Passes done.
    pub iterations: usize,
    /// Whether the change fell below the tolerance.
    pub converged: bool,
}

/// The rows of X, each less `shift`, as pairs of column and value.
pub struct Rows<'a, F> {
    x: Matrix<'a, F>,
    shift: Option<Array1<f64>>,
    /// Rows of a CSC matrix: offsets, columns, values.
    turned: Option<(Vec<usize>, Vec<usize>, Vec<f64>)>,
}

impl<'a, F: Real> Rows<'a, F> {
    /// The rows of `x`; `shift` is for a dense matrix alone.
    pub fn new(x: Matrix<'a, F>, shift: Option<Array1<f64>>) -> Self {
        let turned = match &x {
            Matrix::Sparse(s) if s.layout() == Layout::Column => {
                let mut offsets = vec![0; s.shape().0 + 1];
                (0..s.shape().1).for_each(|j| s.for_slice(j, |i, _| offsets[i + 1] += 1));
                (0..s.shape().0).for_each(|i| offsets[i + 1] += offsets[i]);
                let mut next = offsets.clone();
                let total = offsets[s.shape().0];
                let (mut columns, mut values) = (vec![0; total], vec![0.0; total]);
                for j in 0..s.shape().1 {
                    s.for_slice(j, |i, v| {
                        (columns[next[i]], values[next[i]]) = (j, v.widen());
                        next[i] += 1;
                    });
                }
                Some((offsets, columns, values))
            }
            _ => None,
        };
        Rows { x, shift, turned }
    }

    fn read(&self, i: usize, columns: &mut Vec<usize>, values: &mut Vec<f64>) {
        match (&self.x, &self.turned) {
            (Matrix::Dense(x), _) => {
                values.clear();
                values.extend(x.row(i).iter().map(|v| v.widen()));
                if let Some(shift) = &self.shift {
                    values.iter_mut().zip(shift).for_each(|(v, s)| *v -= s);
                }
            }
            (_, Some((offsets, all, numbers))) => {
                columns.clear();
                columns.extend_from_slice(&all[offsets[i]..offsets[i + 1]]);
                values.clear();
                values.extend_from_slice(&numbers[offsets[i]..offsets[i + 1]]);
            }
            (Matrix::Sparse(x), None) => {
                columns.clear();
                values.clear();
                x.for_slice(i, |j, v| {
                    columns.push(j);
                    values.push(v.widen());
                });
            }
        }
    }
}

/// The coefficients, as `scale` times `w` less steps that are still to be made up for.
struct State {
    w: Vec<f64>,
    scale: f64,
    gradient: Vec<f64>,
    /// Σ of the step lengths so far, and what of it each column has had.
    path: f64,
    had: Vec<f64>,
}

impl State {
    #[inline]
    fn settle(&mut self, j: usize) {
        self.w[j] -= (self.path - self.had[j]) * self.gradient[j];
        self.had[j] = self.path;
    }

    fn settle_all(&mut self) {
        for j in 0..self.w.len() {
            self.settle(j);
            self.w[j] *= self.scale;
            self.had[j] = 0.0;
        }
        (self.scale, self.path) = (1.0, 0.0);
    }
}

impl Sag {
    /// Solves for one target.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn solve<F: Real>(
        &self,
        rows: &Rows<'_, F>,
        y: ArrayView1<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<Found> {
        let (n, p) = rows.x.shape();
        let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
        let (mut columns, mut values): (Vec<usize>, Vec<f64>) = ((0..p).collect(), Vec::with_capacity(p));
        let with_b = self.intercept.is_some();
        let mut curvature = 0.0_f64;
        for i in 0..n {
            rows.read(i, &mut columns, &mut values);
            let square: f64 = values.iter().map(|v| v * v).sum();
            curvature = curvature.max(weight(i).abs() * (square + f64::from(u8::from(with_b))));
        }
        let penalty = self.alpha / n as f64;
        let lipschitz = curvature + penalty;
        let step = match (lipschitz > 0.0, self.saga) {
            (false, _) => 0.0,
            (_, false) => 1.0 / lipschitz,
            (_, true) => 1.0 / (2.0 * lipschitz + (2.0 * n as f64 * penalty).min(lipschitz)),
        };

        let mut state = State { w: vec![0.0; p], scale: 1.0, gradient: vec![0.0; p], path: 0.0, had: vec![0.0; p] };
        let (mut b, mut b_gradient) = (0.0, 0.0);
        let (mut memory, mut seen, mut n_seen) = (vec![0.0; n], vec![false; n], 0_usize);
        let mut previous = vec![0.0; p];
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        for pass in 1..=self.max_iter {
            for k in 0..n {
                if k % 1024 == 0 {
                    ctl.check()?;
                }
                let i = ((u128::from(random.next_u64()) * n as u128) >> 64) as usize;
                if !seen[i] {
                    (seen[i], n_seen) = (true, n_seen + 1);
                }
                rows.read(i, &mut columns, &mut values);
                columns.iter().for_each(|&j| state.settle(j));
                let product: f64 = columns.iter().zip(&values).map(|(&j, v)| state.w[j] * v).sum();
                let gradient = weight(i) * (state.scale * product + b - y[i]);
                let change = gradient - memory[i];
                memory[i] = gradient;
                let ahead = if self.saga { change * (1.0 - 1.0 / n_seen as f64) } else { 0.0 };
                for (&j, v) in columns.iter().zip(&values) {
                    state.gradient[j] += change * v;
                    state.w[j] -= ahead * step / state.scale * v;
                }
                if let Some(decay) = self.intercept {
                    b_gradient += change;
                    b -= step * decay * (b_gradient / n_seen as f64 + ahead);
                }
                state.scale *= 1.0 - step * penalty;
                if state.scale < 1e-9 {
                    state.settle_all();
                }
                state.path += step / (n_seen as f64 * state.scale);
            }
            state.settle_all();
            let largest = state.w.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
            let change = state.w.iter().zip(&previous).fold(0.0_f64, |a, (v, p)| a.max((v - p).abs()));
            ctl.step(pass, self.max_iter, change)?;
            if change <= self.tol * largest {
                return Ok(Found { coef: state.w.into(), intercept: b, iterations: pass, converged: true });
            }
            previous.copy_from_slice(&state.w);
        }
        Ok(Found { coef: state.w.into(), intercept: b, iterations: self.max_iter, converged: false })
    }
}
