//! What a step of L-BFGS starts from: the Hessian, or what stands for it where that is too large.

use super::objective::Objective;
use super::rows::Rows;
use crate::linear::solver::direct::Scaled;
use crate::{Backend, Result};
use ironlearn_linalg::{Real, lapack::eigh};
use ndarray::{Array1, Array2, ArrayView1, Axis, s};

/// The largest order of a Hessian that is factored.
const FULL: usize = 600;
/// The largest number of columns whose second moments are factored for each class.
const COLUMNS: usize = 1500;

/// An approximate inverse of the Hessian.
pub enum Preconditioner {
    /// The Hessian's factor: a Newton step.
    Full(Scaled),
    /// Classes and columns apart: `H ≈ A ⊗ G + L2`, with the eigenvectors of A and a factor for each eigenvalue.
    Apart(Array2<f64>, Vec<Scaled>),
    /// The Hessian's diagonal.
    Diagonal(Array2<f64>),
}

impl Preconditioner {
    /// Of all rows of `objective` at `theta`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn new<B: Backend, F: Real, R: Rows>(
        objective: &Objective<'_, '_, B, F, R>,
        theta: &Array2<f64>,
    ) -> Result<Self> {
        let (t, width) = theta.dim();
        let columns: Vec<usize> = (0..width - 1).collect();
        if t * width <= FULL || (t == 1 && width <= COLUMNS) {
            let mut hessian = objective.hessian(theta, &columns)?;
            let largest = largest_curvature(hessian.diag(), &objective.l2());
            if t > 1 {
                fix_common(&mut hessian, t);
            }
            if let Some(factor) = factored(hessian, largest)? {
                return Ok(Preconditioner::Full(factor));
            }
        } else if width <= COLUMNS
            && t > 1
            && let Some(found) = Self::apart(objective, theta, &columns)?
        {
            return Ok(found);
        }
        Self::diagonal(objective, theta)
    }

    /// Of the form `A ⊗ G`: A is the average second derivative in the raw predictions, G the second moments of X with
    /// the rows weighted by how much they curve.
    fn apart<B: Backend, F: Real, R: Rows>(
        objective: &Objective<'_, '_, B, F, R>,
        theta: &Array2<f64>,
        columns: &[usize],
    ) -> Result<Option<Self>> {
        let t = theta.nrows();
        let raw = objective.raw(theta)?;
        let mut between = Array2::zeros((t, t));
        let mut h = Array1::zeros(raw.nrows());
        for (i, (h, z)) in h.iter_mut().zip(raw.rows()).enumerate() {
            let z = z.as_slice().unwrap_or_default();
            for a in 0..t {
                let own = objective.rows.curvature(i, z, (a, a)).max(0.0);
                between[[a, a]] += own;
                *h += own;
                for b in 0..a {
                    between[[a, b]] -= objective.rows.curvature(i, z, (a, b)).max(0.0);
                }
            }
        }
        for a in 0..t {
            for b in 0..a {
                between[[b, a]] = between[[a, b]];
            }
        }
        let total: f64 = h.sum();
        if !(total > 0.0 && total.is_finite()) {
            return Ok(None);
        }
        between /= total;
        let moments = objective.moments(columns, h)?;
        let (values, vectors) = eigh(&between)?;
        let floor = 1e-2 * values[t - 1];
        let l2 = objective.l2();
        let mut factors = Vec::with_capacity(t);
        for &value in &values {
            let mut matrix = &moments * value.max(floor);
            let largest = matrix.diag().fold(0.0_f64, |a, &b| a.max(b));
            matrix.diag_mut().iter_mut().zip(&l2).for_each(|(m, l)| *m += l);
            if !objective.fit_intercept {
                let last = columns.len();
                matrix.row_mut(last).fill(0.0);
                matrix.column_mut(last).fill(0.0);
                matrix[[last, last]] = 1.0;
            }
            match factored(matrix, largest)? {
                Some(factor) => factors.push(factor),
                None => return Ok(None),
            }
        }
        Ok(Some(Preconditioner::Apart(vectors, factors)))
    }

    /// In the solvers' coordinates all columns are of one scale, so the average curvature does for all.
    fn diagonal<B: Backend, F: Real, R: Rows>(
        objective: &Objective<'_, '_, B, F, R>,
        theta: &Array2<f64>,
    ) -> Result<Self> {
        let raw = objective.raw(theta)?;
        let l2 = objective.l2();
        let weight = objective.rows.weight();
        let mut diagonal = Array2::zeros(theta.dim());
        for (a, mut row) in diagonal.rows_mut().into_iter().enumerate() {
            let mut curvature = 0.0;
            for (i, z) in raw.rows().into_iter().enumerate() {
                curvature += objective.rows.curvature(i, z.as_slice().unwrap_or_default(), (a, a)).max(0.0);
            }
            let curvature = if curvature.is_finite() { (curvature / weight).max(1e-8) } else { 1.0 };
            row.iter_mut().zip(&l2).for_each(|(d, l)| *d = curvature + l);
        }
        Ok(Preconditioner::Diagonal(diagonal))
    }

    /// The step for a gradient.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn apply(&self, gradient: &Array2<f64>) -> Result<Array2<f64>> {
        let (t, width) = gradient.dim();
        match self {
            Preconditioner::Full(factor) => {
                let flat = gradient.as_standard_layout().into_owned().into_shape_with_order((t * width, 1));
                let step = factor.solve(&flat.unwrap_or_default())?;
                Ok(step.into_shape_with_order((t, width)).unwrap_or_default())
            }
            Preconditioner::Apart(vectors, factors) => {
                let mut turned = vectors.t().dot(gradient);
                for (mut row, factor) in turned.rows_mut().into_iter().zip(factors) {
                    let solved = factor.solve(&row.to_owned().insert_axis(Axis(1)))?;
                    row.assign(&solved.slice(s![.., 0]));
                }
                Ok(vectors.dot(&turned))
            }
            Preconditioner::Diagonal(diagonal) => Ok(gradient / diagonal),
        }
    }
}

/// What is added to all classes alike does not change the softmax: such steps are made short instead of free.
fn fix_common(hessian: &mut Array2<f64>, t: usize) {
    let width = hessian.nrows() / t;
    for j in 0..width {
        let mean = (0..t).map(|k| hessian[[k * width + j, k * width + j]]).sum::<f64>() / t as f64;
        for a in 0..t {
            for b in 0..t {
                hessian[[a * width + j, b * width + j]] += mean / t as f64;
            }
        }
    }
}

/// The largest entry of a Hessian's diagonal (all classes and coordinates) without the penalty: where a column of small
/// numbers is penalised, the penalty in the solvers' coordinates may be 1e16 times what the rows curve.
pub(super) fn largest_curvature(diagonal: ArrayView1<'_, f64>, l2: &Array1<f64>) -> f64 {
    diagonal.iter().zip(l2.iter().cycle()).fold(0.0, |a, (h, l)| a.max(h - l))
}

/// The factor of a matrix that is at least nearly positive definite: what is missing is added to its diagonal, in shares
/// of `largest`, the largest curvature without the penalty.
fn factored(mut matrix: Array2<f64>, largest: f64) -> Result<Option<Scaled>> {
    if !matrix.iter().all(|v| v.is_finite()) {
        return Ok(None);
    }
    for floor in [1e-12, 1e-9, 1e-6, 1e-3] {
        matrix.diag_mut().mapv_inplace(|v| (v * (1.0 + floor)).max(floor * largest));
        if let Some(factor) = Scaled::new(&matrix, 0.0)? {
            return Ok(Some(factor));
        }
    }
    Ok(None)
}
