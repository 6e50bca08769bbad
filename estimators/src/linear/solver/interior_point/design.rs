//! X as the solver sees it: columns about their means and of unit spread, those that say nothing left out.
//!
//! X is never copied: offsets and units are applied to what is as long as the columns. A point θ holds one number a
//! kept column and, with an intercept, the intercept last.

use crate::linear::solver::direct::Scaled;
use crate::{Backend, Control, Result, bad_input};
use ironlearn_linalg::{Gram, Real, lapack::Cholesky};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// The matrix in its new coordinates.
pub struct Design<'a, 'x, B: Backend, F: Real> {
    on: &'a B,
    x: &'a B::Placed<'x, F>,
    ctl: &'a Control,
    /// The columns of X that are kept.
    pub columns: Vec<usize>,
    /// What is taken off each of them.
    pub center: Vec<f64>,
    /// What each of them is divided by.
    pub scale: Vec<f64>,
    /// Whether there is an intercept.
    pub intercept: bool,
}

/// A factored system `Aᵀ·D·A + diagonal`.
pub struct Normal {
    factor: Cholesky,
    /// What rows and columns were multiplied by.
    unit: Vec<f64>,
    /// How far the columns' means under D are from 0.
    shift: Vec<f64>,
    /// The sum of D.
    total: f64,
}

/// Columns whose correlation matrix says that they depend on earlier ones to this part are left out.
const DEPENDENT: f64 = 1e-13;

impl<'a, 'x, B: Backend, F: Real> Design<'a, 'x, B, F> {
    /// Chooses columns, offsets and units; `weights` add up to 1. Also θ and offset of a least-squares fit.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN, infinity or values beyond `f64` when squared; [`crate::Error::Linalg`].
    pub fn new(
        on: &'a B,
        x: &'a B::Placed<'x, F>,
        y: ArrayView1<'_, f64>,
        weights: &[f64],
        (intercept, penalised): (bool, bool),
        ctl: &'a Control,
    ) -> Result<(Self, Vec<f64>)> {
        let target = column(&y);
        let moments = on.gram(x, target, Some(ArrayView1::from(weights)), intercept, ctl)?;
        if !moments.gram.iter().all(|v| v.is_finite()) {
            if x.as_ref().all_finite() {
                bad_input!("the squares of values of X are beyond what float64 holds: scale the columns");
            }
            bad_input!("Input X contains NaN or infinity.");
        }
        let spread = moments.gram.diag().mapv(f64::sqrt);
        let says = |j: &usize| spread[*j] > 1e-13 * moments.x_mean[*j].abs() && spread[*j] > 1e-300;
        let mut columns: Vec<usize> = (0..spread.len()).filter(says).collect();
        if !penalised {
            columns = independent(&correlations(&moments, &columns, &spread), &columns)?;
        }
        let correlations = correlations(&moments, &columns, &spread);
        let right =
            Array2::from_shape_fn((columns.len(), 1), |(a, _)| moments.xty[[columns[a], 0]] / spread[columns[a]]);
        let mut theta = match Scaled::new(&correlations, 1e-8)? {
            Some(factor) if !columns.is_empty() => factor.solve(&right)?.into_raw_vec_and_offset().0,
            _ => vec![0.0; columns.len()],
        };
        if intercept {
            theta.push(moments.y_mean[0]);
        }
        let center = columns.iter().map(|&j| moments.x_mean[j]).collect();
        let scale = columns.iter().map(|&j| spread[j]).collect();
        Ok((Design { on, x, ctl, columns, center, scale, intercept }, theta))
    }

    /// The length of θ.
    pub fn width(&self) -> usize {
        self.columns.len() + usize::from(self.intercept)
    }

    /// Coefficients of all columns of X and the intercept.
    pub fn coefficients(&self, theta: &[f64]) -> (Array1<f64>, f64) {
        let mut coef = Array1::zeros(self.x.as_ref().ncols());
        let mut intercept = if self.intercept { theta[self.columns.len()] } else { 0.0 };
        for (a, &j) in self.columns.iter().enumerate() {
            if theta[a] != 0.0 {
                coef[j] = theta[a] / self.scale[a];
                intercept -= self.center[a] * coef[j];
            }
        }
        (coef, intercept)
    }

    /// `A·θ`, n.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`]; so for all that follow.
    pub fn product(&self, theta: &[f64]) -> Result<Vec<f64>> {
        let (coef, intercept) = self.coefficients(theta);
        let coef = coef.insert_axis(ndarray::Axis(1));
        let mut out = self.on.matmul(self.x, coef.view(), self.ctl)?.into_raw_vec_and_offset().0;
        if intercept != 0.0 {
            out.iter_mut().for_each(|v| *v += intercept);
        }
        Ok(out)
    }

    /// `Aᵀ·r`.
    ///
    /// # Errors
    /// As [`Design::product`].
    pub fn transposed(&self, r: &[f64]) -> Result<Vec<f64>> {
        let product = self.on.matmul_t(self.x, column(&ArrayView1::from(r)), self.ctl)?;
        let sum: f64 = r.chunks(4096).map(|c| c.iter().sum::<f64>()).sum();
        let of = |(a, &j): (usize, &usize)| (product[[j, 0]] - self.center[a] * sum) / self.scale[a];
        let mut out: Vec<f64> = self.columns.iter().enumerate().map(of).collect();
        if self.intercept {
            out.push(sum);
        }
        Ok(out)
    }

    /// Factors `Aᵀ·D·A + diagonal` (the diagonal leaves the intercept alone) and solves it for `Aᵀ·D·R`, R of n × t; the
    /// first right-hand side has `extra` added, which does not speak of the intercept. `None` where D leaves nothing.
    ///
    /// # Errors
    /// As [`Design::product`].
    pub fn normal(
        &self,
        d: &[f64],
        targets: ArrayView2<'_, f64>,
        diagonal: &[f64],
        extra: &[f64],
    ) -> Result<Option<(Normal, Vec<Vec<f64>>)>> {
        let weights = Some(ArrayView1::from(d));
        let moments = self.on.gram(self.x, targets.view(), weights, self.intercept, self.ctl)?;
        let m = self.columns.len();
        let mut matrix = Array2::zeros((m, m));
        for (a, &i) in self.columns.iter().enumerate() {
            for (b, &j) in self.columns.iter().enumerate() {
                matrix[[a, b]] = moments.gram[[i, j]] / (self.scale[a] * self.scale[b]);
            }
            matrix[[a, a]] += diagonal[a];
        }
        let shift = if self.intercept {
            (0..m).map(|a| (moments.x_mean[self.columns[a]] - self.center[a]) / self.scale[a]).collect()
        } else {
            Vec::new()
        };
        let Some((factor, unit)) = factored(matrix)? else { return Ok(None) };
        let normal = Normal { factor, unit, shift, total: moments.weight_sum };
        let mut solved = Vec::new();
        for k in 0..targets.ncols() {
            let of = |a: usize| moments.xty[[self.columns[a], k]] / self.scale[a] + if k == 0 { extra[a] } else { 0.0 };
            let mut theta = normal.within(&(0..m).map(of).collect::<Vec<f64>>())?;
            if self.intercept {
                theta.push(moments.y_mean[k] - dot(&normal.shift, &theta));
            }
            solved.push(theta);
        }
        let finite = solved.iter().flatten().all(|v| v.is_finite());
        Ok(finite.then_some((normal, solved)))
    }

    /// θ of coefficients of all columns of X and an intercept; columns that are left out do not matter.
    pub fn theta(&self, coef: &Array1<f64>, intercept: f64) -> Vec<f64> {
        let mut theta: Vec<f64> = self.columns.iter().zip(&self.scale).map(|(&j, s)| coef[j] * s).collect();
        if self.intercept {
            let moved: f64 = self.columns.iter().zip(&self.center).map(|(&j, c)| coef[j] * c).sum();
            theta.push(intercept + moved);
        }
        theta
    }

    /// Row `i` in the coordinates `of` (places in the kept columns) and, with an intercept, 1.
    pub fn row(&self, i: usize, of: &[usize], whole: &mut Vec<f64>, out: &mut [f64]) {
        let p = self.x.as_ref().ncols();
        whole.resize(p, 0.0);
        self.x.as_ref().pack(i..i + 1, 0..p, p, whole);
        for (v, &a) in out.iter_mut().zip(of) {
            *v = (whole[self.columns[a]] - self.center[a]) / self.scale[a];
        }
        if self.intercept {
            out[of.len()] = 1.0;
        }
    }

    /// The run's surroundings.
    pub fn ctl(&self) -> &Control {
        self.ctl
    }
}

impl Normal {
    /// Solves for a right-hand side as long as θ.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn solve(&self, right: &[f64]) -> Result<Vec<f64>> {
        let m = self.unit.len();
        if right.len() == m {
            return self.within(right);
        }
        let last = right[m];
        let inner: Vec<f64> = right[..m].iter().zip(&self.shift).map(|(r, s)| r - s * last).collect();
        let mut theta = self.within(&inner)?;
        theta.push(last / self.total - dot(&self.shift, &theta));
        Ok(theta)
    }

    fn within(&self, right: &[f64]) -> Result<Vec<f64>> {
        if right.is_empty() {
            return Ok(Vec::new());
        }
        let scaled = Array2::from_shape_fn((right.len(), 1), |(a, _)| right[a] * self.unit[a]);
        let solved = self.factor.solve(scaled.view())?;
        Ok(solved.iter().zip(&self.unit).map(|(v, u)| v * u).collect())
    }
}

/// Factors a positive semidefinite matrix, scaled to a unit diagonal, with as little added to that as it takes.
fn factored(mut matrix: Array2<f64>) -> Result<Option<(Cholesky, Vec<f64>)>> {
    let unit: Vec<f64> = matrix.diag().iter().map(|&v| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 }).collect();
    if !unit.iter().all(|v| v.is_finite()) {
        return Ok(None);
    }
    for (mut row, &s) in matrix.rows_mut().into_iter().zip(&unit) {
        row.iter_mut().zip(&unit).for_each(|(v, t)| *v *= s * t);
    }
    for more in [0.0, 1e-15, 1e-14, 1e-13, 1e-12, 1e-10, 1e-8, 1e-6] {
        matrix.diag_mut().fill(1.0 + more);
        match Cholesky::new(&matrix) {
            Ok(factor) => return Ok(Some((factor, unit))),
            Err(ironlearn_linalg::Error::NotPositiveDefinite(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn correlations(moments: &Gram, columns: &[usize], spread: &Array1<f64>) -> Array2<f64> {
    let of = |(a, b): (usize, usize)| {
        let (i, j) = (columns[a], columns[b]);
        moments.gram[[i, j]] / (spread[i] * spread[j])
    };
    Array2::from_shape_fn((columns.len(), columns.len()), of)
}

/// Those of the columns that do not depend on others, by a Cholesky factorisation that takes the most independent one
/// at each step.
fn independent(correlations: &Array2<f64>, columns: &[usize]) -> Result<Vec<usize>> {
    if Scaled::new(correlations, 0.0)?.is_some_and(|f| columns.is_empty() || f.rcond() > 1e-10) {
        return Ok(columns.to_vec());
    }
    let m = columns.len();
    let mut rest = correlations.diag().to_owned();
    let mut factor: Vec<Array1<f64>> = Vec::new();
    let mut kept = vec![false; m];
    for _ in 0..m {
        let free = (0..m).filter(|&j| !kept[j]);
        let Some(next) = free.max_by(|&a, &b| rest[a].total_cmp(&rest[b]).then(b.cmp(&a))) else { break };
        if rest[next] <= DEPENDENT * m as f64 {
            break;
        }
        let mut row = correlations.row(next).to_owned();
        for done in &factor {
            row.scaled_add(-done[next], done);
        }
        row /= rest[next].sqrt();
        rest.zip_mut_with(&row, |r, v| *r -= v * v);
        kept[next] = true;
        factor.push(row);
    }
    Ok((0..m).filter(|&j| kept[j]).map(|j| columns[j]).collect())
}

/// The scalar product, in one order.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// One column.
pub fn column<'a>(values: &ArrayView1<'a, f64>) -> ArrayView2<'a, f64> {
    (*values).insert_axis(ndarray::Axis(1))
}
