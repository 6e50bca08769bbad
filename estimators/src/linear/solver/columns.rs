//! The columns of a regression as methods that add one at a time see them: inner products with each other and with
//! what is left of y.

use crate::linear::problem::Problem;
use crate::{Backend, Result};
use ironlearn_linalg::Real;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// Inner products of the (centred, weighted) columns. `active` are the numbers of columns, `coef` their coefficients.
pub trait Columns {
    /// The number of columns.
    fn count(&self) -> usize;

    /// `‖x_j‖²`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run or a failed device; the same holds for every method.
    fn squared_norm(&mut self, j: usize) -> Result<f64>;

    /// `x_aᵀ·x_j` for each active a.
    fn products(&mut self, j: usize, active: &[usize]) -> Result<Vec<f64>>;

    /// `Xᵀ·X_A·coef`, for all columns.
    fn along(&self, active: &[usize], coef: &[f64]) -> Result<Array1<f64>>;

    /// `Xᵀ·(y − X_A·coef)`, for all columns.
    fn correlations(&self, active: &[usize], coef: &[f64]) -> Result<Array1<f64>>;

    /// One entry of [`Columns::correlations`].
    fn correlation(&mut self, j: usize, active: &[usize], coef: &[f64]) -> Result<f64>;

    /// `‖y − X_A·coef‖²`.
    fn squared_residual(&self, active: &[usize], coef: &[f64]) -> Result<f64>;

    /// Column j is not active any more.
    fn forget(&mut self, j: usize);
}

/// All products are there: the second moments.
#[derive(Debug, Clone)]
pub struct Moments<'a> {
    /// `XᵀX`, p × p.
    pub gram: ArrayView2<'a, f64>,
    /// `Xᵀy`.
    pub xty: ArrayView1<'a, f64>,
    /// `‖y‖²`.
    pub yty: f64,
}

impl Columns for Moments<'_> {
    fn count(&self) -> usize {
        self.xty.len()
    }

    fn squared_norm(&mut self, j: usize) -> Result<f64> {
        Ok(self.gram[[j, j]])
    }

    fn products(&mut self, j: usize, active: &[usize]) -> Result<Vec<f64>> {
        let row = self.gram.row(j);
        Ok(active.iter().map(|&a| row[a]).collect())
    }

    fn along(&self, active: &[usize], coef: &[f64]) -> Result<Array1<f64>> {
        let mut sum = Array1::zeros(self.count());
        active.iter().zip(coef).for_each(|(&a, &c)| sum.scaled_add(c, &self.gram.row(a)));
        Ok(sum)
    }

    fn correlations(&self, active: &[usize], coef: &[f64]) -> Result<Array1<f64>> {
        Ok(&self.xty - &self.along(active, coef)?)
    }

    fn correlation(&mut self, j: usize, active: &[usize], coef: &[f64]) -> Result<f64> {
        let row = self.gram.row(j);
        Ok(self.xty[j] - active.iter().zip(coef).map(|(&a, c)| row[a] * c).sum::<f64>())
    }

    fn squared_residual(&self, active: &[usize], coef: &[f64]) -> Result<f64> {
        let moved = self.along(active, coef)?;
        let explained: f64 = active.iter().zip(coef).map(|(&a, c)| c * (2.0 * self.xty[a] - moved[a])).sum();
        Ok(self.yty - explained)
    }

    fn forget(&mut self, _j: usize) {}
}

/// X itself: products are made when they are asked for, by passes over X on the device; active columns alone are copied.
pub struct Rows<'p, 'a, 'x, B: Backend, F: Real> {
    problem: &'p Problem<'a, 'x, B, F>,
    /// `√w·(y − ȳ)`.
    target: Array1<f64>,
    /// The columns that were asked for.
    columns: Vec<Option<Vec<f64>>>,
}

impl<'p, 'a, 'x, B: Backend, F: Real> Rows<'p, 'a, 'x, B, F> {
    /// Columns of `problem`, with its target number `k`.
    pub fn new(problem: &'p Problem<'a, 'x, B, F>, k: usize) -> Self {
        let target = problem.targets().column(k).to_owned();
        Rows { problem, target, columns: vec![None; problem.cols()] }
    }

    fn load(&mut self, j: usize) {
        if self.columns[j].is_some() {
            return;
        }
        let n = self.problem.rows();
        let mut column = vec![0.0; n];
        self.problem.x.as_ref().pack(0..n, j..j + 1, 1, &mut column);
        let mean = self.problem.x_mean[j];
        column.iter_mut().for_each(|v| *v -= mean);
        // What centring leaves of a constant column is rounding, and no direction.
        let largest = column.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        if largest <= 8.0 * f64::EPSILON * mean.abs() {
            column.fill(0.0);
        }
        if let Some(weights) = &self.problem.weights {
            column.iter_mut().zip(weights).for_each(|(v, w)| *v *= w.sqrt());
        }
        self.columns[j] = Some(column);
    }

    /// A loaded column.
    fn column(&self, j: usize) -> &[f64] {
        self.columns[j].as_deref().unwrap_or_default()
    }

    /// `X_A·coef`.
    fn sum(&self, active: &[usize], coef: &[f64]) -> Array1<f64> {
        let mut sum = Array1::zeros(self.target.len());
        for (&a, &c) in active.iter().zip(coef) {
            sum.iter_mut().zip(self.column(a)).for_each(|(s, v)| *s += c * v);
        }
        sum
    }

    fn residual(&self, active: &[usize], coef: &[f64]) -> Array1<f64> {
        &self.target - &self.sum(active, coef)
    }
}

/// In a fixed order, in lanes that the compiler can vectorise.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (x, x_rest) = a.as_chunks::<8>();
    let (y, y_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (x, y) in x.iter().zip(y) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f64>() + x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum::<f64>()
}

impl<B: Backend, F: Real> Columns for Rows<'_, '_, '_, B, F> {
    fn count(&self) -> usize {
        self.problem.cols()
    }

    fn squared_norm(&mut self, j: usize) -> Result<f64> {
        self.load(j);
        Ok(dot(self.column(j), self.column(j)))
    }

    fn products(&mut self, j: usize, active: &[usize]) -> Result<Vec<f64>> {
        self.load(j);
        Ok(active.iter().map(|&a| dot(self.column(a), self.column(j))).collect())
    }

    fn along(&self, active: &[usize], coef: &[f64]) -> Result<Array1<f64>> {
        self.problem.times_t(&self.sum(active, coef))
    }

    fn correlations(&self, active: &[usize], coef: &[f64]) -> Result<Array1<f64>> {
        self.problem.times_t(&self.residual(active, coef))
    }

    fn correlation(&mut self, j: usize, active: &[usize], coef: &[f64]) -> Result<f64> {
        self.load(j);
        Ok(dot(self.column(j), self.residual(active, coef).as_slice().unwrap_or_default()))
    }

    fn squared_residual(&self, active: &[usize], coef: &[f64]) -> Result<f64> {
        let residual = self.residual(active, coef);
        Ok(residual.dot(&residual))
    }

    fn forget(&mut self, j: usize) {
        self.columns[j] = None;
    }
}

/// Dense knots × p from coefficients of the columns that are not 0.
pub fn dense(knots: &[Vec<(usize, f64)>], p: usize) -> Array2<f64> {
    let mut all = Array2::zeros((knots.len(), p));
    for (mut row, knot) in all.rows_mut().into_iter().zip(knots) {
        knot.iter().for_each(|&(j, v)| row[j] = v);
    }
    all
}
