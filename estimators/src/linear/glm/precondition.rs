//! What a step of L-BFGS starts from: the Hessian, or what stands for it where that is too large.

use super::objective::Objective;
use super::rows::Rows;
use crate::linear::solver::direct::Scaled;
use crate::{Backend, Result};
use ironlearn_linalg::{Matrix, Real, lapack::eigh};
use ndarray::{Array1, Array2, ArrayView1, s};
use std::ops::Range;

/// The largest order of a Hessian that is factored.
const FULL: usize = 600;
/// The largest number of columns whose second moments are factored for each class.
const COLUMNS: usize = 1500;
/// Rows for each column from which a part of them tells the second moments well enough.
const ROWS_PER_COLUMN: usize = 8;
/// Eigenvalues that differ by no more than this factor share one.
const EQUAL: f64 = 2.0;
/// Eigenvalues up to this share of the largest count as none.
const FLAT: f64 = 1e-2;

/// An approximate inverse of the Hessian.
pub enum Preconditioner {
    /// The Hessian's factor: a Newton step.
    Full(Scaled),
    /// Classes and columns apart: `H ≈ A ⊗ G + L2`.
    Apart {
        /// The eigenvectors of A.
        vectors: Array2<f64>,
        /// The diagonal for those that nothing curves along, such as what all classes have in common; they come first.
        rest: (usize, Array1<f64>),
        /// A factor for each group of the others whose eigenvalues are nearly equal.
        factors: Vec<(Range<usize>, Scaled)>,
    },
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
    /// the rows weighted by how much they curve. Of many rows a part tells both.
    fn apart<B: Backend, F: Real, R: Rows>(
        objective: &Objective<'_, '_, B, F, R>,
        theta: &Array2<f64>,
        columns: &[usize],
    ) -> Result<Option<Self>> {
        let (n, p) = objective.x.as_ref().shape();
        let step = n / (ROWS_PER_COLUMN * (p + 1));
        if let Matrix::Dense(x) = objective.x.as_ref()
            && step > 1
            && let Some(rows) = objective.rows.pick(&(0..n).step_by(step).collect::<Vec<_>>())
        {
            let x = &objective.on.place(Matrix::Dense(x.slice(s![..;step, ..])), objective.ctl)?;
            return Self::apart_of(&Objective { x, rows: &rows, sketch: None, ..*objective }, theta, columns);
        }
        Self::apart_of(objective, theta, columns)
    }

    fn apart_of<B: Backend, F: Real, R: Rows>(
        objective: &Objective<'_, '_, B, F, R>,
        theta: &Array2<f64>,
        columns: &[usize],
    ) -> Result<Option<Self>> {
        let t = theta.nrows();
        let raw = objective.raw(theta)?;
        let mut between = Array2::<f64>::zeros((t, t));
        let mut curvatures = vec![0.0; t * t];
        let mut h = Array1::zeros(raw.nrows());
        for (i, (h, z)) in h.iter_mut().zip(raw.as_slice().unwrap_or_default().chunks_exact(t)).enumerate() {
            objective.rows.curvatures(i, z, &mut curvatures);
            *h = curvatures.iter().step_by(t + 1).sum();
            between.iter_mut().zip(&curvatures).for_each(|(sum, c)| *sum -= c);
        }
        between.diag_mut().mapv_inplace(|v| -v);
        let total: f64 = h.sum();
        if !(total > 0.0 && total.is_finite()) {
            return Ok(None);
        }
        between /= total;
        let mut moments = objective.moments(columns, h)?;
        let (values, vectors) = eigh(&between, objective.ctl)?;
        let (l2, last) = (objective.l2(), columns.len());
        let floor = FLAT * values[t - 1];
        let flat = values.iter().take_while(|&&v| v <= floor).count();
        let mut diagonal = moments.diag().mapv(|v| floor * v) + &l2;
        diagonal.mapv_inplace(|v| if v > 0.0 { v } else { 1.0 });
        let mut factors = Vec::new();
        for group in nearly_equal(&values, flat) {
            let middle = (values[group.start] * values[group.end - 1]).sqrt();
            // The last factor takes the moments' own place.
            let own = if group.end == t { std::mem::take(&mut moments) } else { moments.clone() };
            let mut matrix = own * middle;
            let largest = matrix.diag().fold(0.0_f64, |a, &b| a.max(b));
            matrix.diag_mut().zip_mut_with(&l2, |m, l| *m += l);
            if !objective.fit_intercept {
                matrix.row_mut(last).fill(0.0);
                matrix.column_mut(last).fill(0.0);
                matrix[[last, last]] = 1.0;
            }
            let Some(factor) = factored(matrix, largest)? else { return Ok(None) };
            factors.push((group, factor));
        }
        Ok(Some(Preconditioner::Apart { vectors, rest: (flat, diagonal), factors }))
    }

    /// In the solvers' coordinates all columns are of one scale, so the average curvature does for all.
    fn diagonal<B: Backend, F: Real, R: Rows>(
        objective: &Objective<'_, '_, B, F, R>,
        theta: &Array2<f64>,
    ) -> Result<Self> {
        let (raw, t) = (objective.raw(theta)?, theta.nrows());
        let l2 = objective.l2();
        let weight = objective.rows.weight();
        let (mut all, mut curvatures) = (vec![0.0; t], vec![0.0; t * t]);
        for (i, z) in raw.as_slice().unwrap_or_default().chunks_exact(t).enumerate() {
            objective.rows.curvatures(i, z, &mut curvatures);
            all.iter_mut().zip(curvatures.iter().step_by(t + 1)).for_each(|(sum, c)| *sum += c);
        }
        let mut diagonal = Array2::zeros(theta.dim());
        for (curvature, mut row) in all.into_iter().zip(diagonal.rows_mut()) {
            let curvature: f64 = curvature;
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
            Preconditioner::Apart { vectors, rest: (flat, diagonal), factors } => {
                let mut turned = vectors.t().dot(gradient);
                let mut rows = turned.slice_mut(s![..*flat, ..]);
                rows /= diagonal;
                for (group, factor) in factors {
                    let mut rows = turned.slice_mut(s![group.clone(), ..]);
                    let solved = factor.solve(&rows.t().to_owned())?;
                    rows.assign(&solved.t());
                }
                Ok(vectors.dot(&turned))
            }
            Preconditioner::Diagonal(diagonal) => Ok(gradient / diagonal),
        }
    }
}

/// Runs of the ascending numbers from `first` on of which the last is at most [`EQUAL`] times the first.
fn nearly_equal(values: &Array1<f64>, first: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for k in first..values.len() {
        match runs.last_mut() {
            Some(run) if values[k] <= EQUAL * values[run.start] => run.end = k + 1,
            _ => runs.push(k..k + 1),
        }
    }
    runs
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
