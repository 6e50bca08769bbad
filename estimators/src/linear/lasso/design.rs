//! From data to a source for the descent: which of them, and the means that it is centred by.

use super::settings::Precompute;
use crate::linear::problem::Problem;
use crate::linear::solver::coordinate::{Moments, Source, SparseColumns, Wide};
use crate::{Backend, Control, Matrix, Result, bad_input};
use ironlearn_linalg::sparse::Arranged;
use ironlearn_linalg::{Gram, Real};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use std::borrow::Cow;
use std::ops::Range;

/// Rows of one fit and what is known about them before the first step.
pub struct Design<'a, 'x, B: Backend, F: Real> {
    on: &'a B,
    x: &'a B::Placed<'x, F>,
    y: ArrayView2<'a, f64>,
    weights: Option<ArrayView1<'a, f64>>,
    ctl: &'a Control,
    center: bool,
    /// x̄, or the given offset.
    pub x_mean: Array1<f64>,
    /// ȳ.
    pub y_mean: Array1<f64>,
    /// Σ w.
    pub weight_sum: f64,
    way: Way<F>,
}

enum Way<F> {
    Moments { gram: Array2<f64>, xty: Array2<f64>, yty: Array1<f64> },
    Wide { squares: Vec<f64>, xty: Array2<f64>, room: Option<usize> },
    Sparse(Arranged<F>),
}

/// What a design is for.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'p> {
    /// Whether columns and targets are centred.
    pub center: bool,
    /// See [`Precompute`].
    pub precompute: &'p Precompute,
    /// How many penalties will be asked for.
    pub penalties: usize,
    /// What is taken off the columns of sparse X instead of their means.
    pub offset: Option<ArrayView1<'p, f64>>,
}

/// How many products of columns a path over dense X may keep: as much as X itself, and at least 16 MiB.
fn room(n: usize, p: usize) -> usize {
    (n * p).max(1 << 21)
}

/// Whether all second moments are the cheaper way: forming them costs n·p² operations, which run some fifty times as
/// fast as the passes over X that they save, and they have to be no larger than X or small.
fn cheap(n: usize, p: usize, penalties: usize) -> bool {
    p <= 64 || (p * p <= (n * p).max(1 << 16) && p <= 700 * penalties.min(8))
}

/// Whether a design of dense X is one of second moments that are formed from X.
pub fn by_moments(n: usize, p: usize, plan: Plan<'_>) -> bool {
    match plan.precompute {
        Precompute::Given(_) => false,
        Precompute::Flag(true) => true,
        _ => cheap(n, p, plan.penalties),
    }
}

impl<'a, 'x, B: Backend, F: Real> Design<'a, 'x, B, F> {
    /// Looks at X once. Targets and weights have been checked.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity in X, and for a matrix of moments of another size;
    /// [`crate::Error::Linalg`].
    pub fn new(
        on: &'a B,
        x: &'a B::Placed<'x, F>,
        y: ArrayView2<'a, f64>,
        weights: Option<ArrayView1<'a, f64>>,
        plan: Plan<'_>,
        ctl: &'a Control,
    ) -> Result<Self> {
        let (n, p) = x.as_ref().shape();
        let weight_sum = weights.as_ref().map_or(n as f64, |w| w.sum());
        let center = plan.center;
        let mut problem = Problem::uncentred(on, x, y.reborrow(), weights.as_ref().map(|w| w.reborrow()), ctl);
        let mut design = Design {
            on,
            x,
            y: y.reborrow(),
            weights: weights.as_ref().map(|w| w.reborrow()),
            ctl,
            center,
            x_mean: Array1::zeros(p),
            y_mean: Array1::zeros(y.ncols()),
            weight_sum,
            way: Way::Wide { squares: vec![], xty: Array2::zeros((0, 0)), room: None },
        };
        if let Matrix::Sparse(sparse) = x.as_ref() {
            let problem = problem.centred(center)?;
            design.x_mean = plan.offset.map_or(problem.x_mean, |offset| offset.to_owned());
            design.y_mean = problem.y_mean;
            design.way = Way::Sparse(sparse.by_column());
            return Ok(design);
        }
        if let Some(gram) = plan.precompute.given() {
            if gram.dim() != (p, p) {
                bad_input!("a precomputed Gram matrix of shape {:?} does not fit {p} features", gram.dim());
            }
            let problem = problem.centred(center)?;
            let targets = problem.targets();
            let xty = problem.apply_t(targets.view())?;
            let yty = targets.columns().into_iter().map(|c| c.dot(&c)).collect();
            (design.x_mean, design.y_mean) = (problem.x_mean, problem.y_mean);
            // Given for weights that add up to the number of rows.
            design.way = Way::Moments { gram: gram * (weight_sum / n as f64), xty, yty };
            return Ok(design);
        }
        if by_moments(n, p, plan) {
            let (problem, moments) = problem.moments(center)?;
            (design.x_mean, design.y_mean) = (problem.x_mean, problem.y_mean);
            let Some(Gram { gram, xty, yty, .. }) = moments else { return Err(super::fit::not_finite()) };
            design.way = Way::Moments { gram, xty, yty };
            return Ok(design);
        }
        if center {
            problem.y_mean = problem.weighted_mean_of_y();
        }
        let residual = &problem.y - &problem.y_mean;
        let found = on.column_moments(x, residual.view(), problem.weights.as_ref().map(|w| w.view()), center, ctl)?;
        if !found.squares.iter().all(|v| v.is_finite()) {
            problem.check_finite()?;
            return Err(super::fit::not_finite());
        }
        if center {
            (design.x_mean, design.y_mean) = (found.mean, problem.y_mean);
        }
        let squares = found.squares.iter().map(|v| v.max(0.0)).collect();
        let room = (plan.penalties >= 10).then(|| room(n, p));
        design.way = Way::Wide { squares, xty: found.products, room };
        Ok(design)
    }

    /// A design of moments that were found elsewhere.
    pub fn of_moments(
        on: &'a B,
        x: &'a B::Placed<'x, F>,
        y: ArrayView2<'a, f64>,
        weights: Option<ArrayView1<'a, f64>>,
        moments: Gram,
        center: bool,
        ctl: &'a Control,
    ) -> Self {
        let Gram { gram, xty, yty, x_mean, y_mean, weight_sum } = moments;
        Design { on, x, y, weights, ctl, center, x_mean, y_mean, weight_sum, way: Way::Moments { gram, xty, yty } }
    }

    /// The problem of some of the targets, with its means.
    fn problem(&self, outputs: Range<usize>) -> Problem<'_, 'x, B, F> {
        Problem {
            on: self.on,
            x: self.x,
            y: self.y.slice(s![.., outputs.clone()]),
            weights: self.weights.as_ref().map(|w| w.view()),
            x_mean: self.x_mean.clone(),
            y_mean: self.y_mean.slice(s![outputs]).to_owned(),
            center: self.center,
            ctl: self.ctl,
        }
    }

    /// The source for some of the targets.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn source(&self, outputs: Range<usize>) -> Result<Box<dyn Source + '_>> {
        let of =
            |products: &Array2<f64>| -> Vec<f64> { products.slice(s![.., outputs.clone()]).iter().copied().collect() };
        let t = outputs.len();
        Ok(match &self.way {
            Way::Moments { gram, xty, yty } => {
                let problem = self.problem(outputs.clone());
                let exact = move |w: &[f64], c: &mut [f64], _: &Control| {
                    let targets = problem.targets();
                    let w = ArrayView2::from_shape((w.len() / t, t), w).map_err(|_| super::fit::not_finite())?;
                    let residual = &targets - &problem.apply(w)?;
                    let products = problem.apply_t(residual.view())?;
                    c.iter_mut().zip(&products).for_each(|(c, v)| *c = *v);
                    let square = residual.iter().map(|r| r * r).sum();
                    let by_target = residual.iter().zip(&targets).map(|(r, b)| r * b).sum();
                    Ok(crate::linear::solver::coordinate::Fit { square, by_target })
                };
                let gram = Cow::Borrowed(gram.as_slice().unwrap_or_default());
                let yty = yty.slice(s![outputs.clone()]).sum();
                Box::new(Moments::new(gram, of(xty), yty, t, Some(Box::new(exact))))
            }
            Way::Wide { squares, xty, room } => {
                Box::new(Wide::new(self.problem(outputs.clone()), squares.clone(), of(xty), *room))
            }
            Way::Sparse(arranged) => {
                let Matrix::Sparse(x) = self.x.as_ref() else { bad_input!("X was sparse") };
                let (n, _) = x.shape();
                let ones = || vec![1.0; n];
                let weights = self.weights.as_ref().map_or_else(ones, |w| w.to_vec());
                let y = &self.y.slice(s![.., outputs.clone()]) - &self.y_mean.slice(s![outputs.clone()]);
                Box::new(SparseColumns::new(arranged.view(x), y.view(), weights, self.x_mean.to_vec(), self.ctl)?)
            }
        })
    }

    /// The products of the centred columns with the centred targets, p × t.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn products(&self) -> Result<Array2<f64>> {
        Ok(match &self.way {
            Way::Moments { xty, .. } | Way::Wide { xty, .. } => xty.clone(),
            Way::Sparse(_) => self.problem(0..self.y.ncols()).products()?,
        })
    }

    /// Puts products that were computed before in place of ours, where second moments are the way.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for another shape.
    pub fn replace_products(&mut self, products: &Array2<f64>) -> Result<()> {
        if let Way::Moments { xty, .. } = &mut self.way {
            if xty.dim() != products.dim() {
                bad_input!("Xy of shape {:?}, expected {:?}", products.dim(), xty.dim());
            }
            xty.assign(products);
        }
        Ok(())
    }
}
