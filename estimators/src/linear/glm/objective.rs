//! The penalised average loss of a linear model, in coordinates in which columns are centred and of one scale.
//!
//! `F = Σ w·loss(y, X·coef + b) / Σ w + ½·Σ l2·coef² + Σ l1·|coef|`. The solvers see `θ = (scale·coef, b + center·coef)`:
//! the same objective, since the penalties are rescaled too, but units and offsets of columns do not matter to them.
//! How far a point is from an optimum is told in the caller's units.

use super::precondition::Preconditioner;
use super::rows::Rows;
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::Real;
use ironlearn_linalg::host::column_gram::{column_gram, column_moments};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// The penalties of one class's coefficients, the last of them the intercept's; in the caller's units.
#[derive(Debug, Clone)]
pub struct Penalty {
    /// `½·Σ l2·coef²`, p + 1.
    pub l2: Array1<f64>,
    /// `Σ l1·|coef|`, p + 1.
    pub l1: Array1<f64>,
}

impl Penalty {
    /// The same for every coefficient, none for the intercept.
    pub fn uniform(p: usize, l2: f64, l1: f64) -> Self {
        let of = |v| {
            let mut all = Array1::from_elem(p + 1, v);
            all[p] = 0.0;
            all
        };
        Penalty { l2: of(l2), l1: of(l1) }
    }

    /// Whether there is no L1 part.
    pub fn is_smooth(&self) -> bool {
        self.l1.iter().all(|&v| v == 0.0)
    }
}

/// Offsets and units of the columns, exact or roughly right: any are valid.
#[derive(Debug, Clone)]
pub struct Units {
    /// What is taken off each column; 0 where the intercept is penalised or missing.
    pub center: Array1<f64>,
    /// What each column is divided by, > 0.
    pub scale: Array1<f64>,
}

impl Units {
    /// Means (where `center`) and standard deviations, or lengths; an error where X holds NaN or infinity.
    ///
    /// # Errors
    /// [`crate::Error::Input`], [`crate::Error::Linalg`].
    pub fn of<F: Real>(x: &Matrix<'_, F>, center: bool, ctl: &Control) -> Result<Self> {
        let (mean, variance) = column_moments(x, ctl)?;
        let finite = mean.iter().chain(&variance).all(|v| v.is_finite());
        if !finite && !x.all_finite() {
            crate::bad_input!("Input X contains NaN or infinity.");
        }
        let scale = Array1::from_shape_fn(mean.len(), |j| {
            let (m, v) = (mean[j], variance[j]);
            let square = if center { v } else { v + m * m };
            let scale = square.sqrt();
            // A constant column says nothing, and its rounding must not be blown up.
            if scale.is_finite() && scale > 1e-13 * m.abs() && scale > 1e-300 { scale } else { 1.0 }
        });
        let center = if center && mean.iter().all(|v| v.is_finite()) { mean } else { Array1::zeros(scale.len()) };
        Ok(Units { center, scale })
    }
}

/// Who can tell how the objective curves.
pub trait Curved {
    /// A preconditioner at `theta`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    fn precondition(&self, theta: &Array2<f64>) -> Result<Preconditioner>;
}

/// The objective.
pub struct Objective<'a, 'x, B: Backend, F: Real, R> {
    /// The device.
    pub on: &'a B,
    /// X, where the device put it; sparse X by row.
    pub x: &'a B::Placed<'x, F>,
    /// Losses, targets and weights.
    pub rows: &'a R,
    /// Offsets and units.
    pub units: &'a Units,
    /// Penalties.
    pub penalty: &'a Penalty,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// Some of the rows, which show well enough how all of them curve.
    pub sketch: Option<&'a dyn Curved>,
    /// The run's surroundings.
    pub ctl: &'a Control,
}

/// A point with what the objective does there.
#[derive(Debug, Clone)]
pub struct Place {
    /// Classes × (p + 1), in the solvers' coordinates.
    pub theta: Array2<f64>,
    /// F.
    pub value: f64,
    /// The gradient of F without its L1 part, in the solvers' coordinates.
    pub gradient: Array2<f64>,
    /// The largest entry of the smallest subgradient of F, in the caller's units.
    pub violation: f64,
    /// Its Euclidean norm, or with an L1 part the sum of its absolute values: the measure of liblinear.
    pub total: f64,
}

impl<B: Backend, F: Real, R: Rows> Objective<'_, '_, B, F, R> {
    /// The number of columns of X.
    pub fn cols(&self) -> usize {
        self.x.as_ref().ncols()
    }

    /// Coefficients (classes × p) and intercepts in the caller's units.
    pub fn coefficients(&self, theta: &Array2<f64>) -> (Array2<f64>, Array1<f64>) {
        let p = self.cols();
        let coef = &theta.slice(s![.., ..p]) / &self.units.scale;
        let intercept = if self.fit_intercept {
            &theta.column(p) - &coef.dot(&self.units.center)
        } else {
            Array1::zeros(theta.nrows())
        };
        (coef, intercept)
    }

    /// The solvers' coordinates of coefficients and intercepts.
    pub fn theta(&self, coef: ArrayView2<'_, f64>, intercept: &Array1<f64>) -> Array2<f64> {
        let p = self.cols();
        let mut theta = Array2::zeros((coef.nrows(), p + 1));
        theta.slice_mut(s![.., ..p]).assign(&(&coef * &self.units.scale));
        if self.fit_intercept {
            theta.column_mut(p).assign(&(intercept + &coef.dot(&self.units.center)));
        }
        theta
    }

    /// The L2 penalty in the solvers' coordinates.
    pub fn l2(&self) -> Array1<f64> {
        let mut l2 = self.penalty.l2.clone();
        l2.iter_mut().zip(&self.units.scale).for_each(|(l, s)| *l /= s * s);
        l2
    }

    /// The L1 penalty in the solvers' coordinates.
    pub fn l1(&self) -> Array1<f64> {
        let mut l1 = self.penalty.l1.clone();
        l1.iter_mut().zip(&self.units.scale).for_each(|(l, s)| *l /= s);
        l1
    }

    /// What the objective does at `theta`, by one pass over X.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn at(&self, theta: Array2<f64>) -> Result<Place> {
        let p = self.cols();
        let (coef, intercept) = self.coefficients(&theta);
        let point = |rows, z: &mut [f64]| self.rows.gradient(rows, z);
        let pass = self.on.pointwise(self.x, coef.view(), intercept.view(), &point, self.ctl)?;
        let weight = self.rows.weight();
        let (l2, l1) = (&self.penalty.l2, &self.penalty.l1);
        let mut value = pass.value / weight;
        let mut gradient = Array2::zeros(theta.dim());
        let (mut violation, mut sum_of_all, mut square) = (0.0_f64, 0.0, 0.0);
        let mut note = |v: f64| {
            violation = violation.max(v);
            sum_of_all += v;
            square += v * v;
        };
        let subgradient = |g: f64, c: f64, l1: f64| {
            if c == 0.0 { (g.abs() - l1).max(0.0) } else { (g + l1 * c.signum()).abs() }
        };
        for k in 0..theta.nrows() {
            let (sum, b) = (pass.sums[k] / weight, intercept[k]);
            for j in 0..p {
                let (c, raw) = (coef[[k, j]], pass.gradient[[k, j]] / weight);
                let penalty = l2[j] * c;
                value += 0.5 * penalty * c + l1[j] * c.abs();
                note(subgradient(raw + penalty, c, l1[j]));
                gradient[[k, j]] = (raw - self.units.center[j] * sum + penalty) / self.units.scale[j];
            }
            if self.fit_intercept {
                value += 0.5 * l2[p] * b * b + l1[p] * b.abs();
                gradient[[k, p]] = sum + l2[p] * b;
                note(subgradient(sum + l2[p] * b, b, l1[p]));
            }
        }
        if value.is_nan() {
            value = f64::INFINITY;
        }
        let total = if self.penalty.is_smooth() { square.sqrt() } else { sum_of_all };
        Ok(Place { theta, value, gradient, violation, total })
    }

    /// The raw predictions at `theta`, n × classes.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn raw(&self, theta: &Array2<f64>) -> Result<Array2<f64>> {
        let (coef, intercept) = self.coefficients(theta);
        Ok(self.on.matmul(self.x, coef.t(), self.ctl)? + &intercept)
    }

    /// The weighted second moments `Σ h·(x̃, 1)(x̃, 1)ᵀ / Σ w` of the scaled columns `columns`, the ones last.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn moments(&self, columns: &[usize], h: Array1<f64>) -> Result<Array2<f64>> {
        let (p, c) = (self.cols(), columns.len());
        let (center, scale) = (&self.units.center, &self.units.scale);
        let mut out = Array2::zeros((c + 1, c + 1));
        if c == p && !self.x.as_ref().is_sparse() {
            let y = h.view().insert_axis(Axis(1));
            let gram = self.on.gram(self.x, y, Some(h.view()), true, self.ctl)?;
            // About their own mean, and then back to the common one.
            let d = Array1::from_shape_fn(p, |j| (gram.x_mean[j] - center[j]) / scale[j]);
            for i in 0..p {
                for j in 0..p {
                    let own = gram.gram[[i, j]] / (scale[i] * scale[j]);
                    out[[i, j]] = own + gram.weight_sum * d[i] * d[j];
                }
                (out[[i, p]], out[[p, i]]) = (gram.weight_sum * d[i], gram.weight_sum * d[i]);
            }
            out[[p, p]] = gram.weight_sum;
        } else {
            let h = h.as_standard_layout().to_vec();
            let raw = column_gram(self.x.as_ref(), columns, &h, self.ctl)?;
            let total = raw[[c, c]];
            for (a, &i) in columns.iter().enumerate() {
                for (b, &j) in columns.iter().enumerate() {
                    let moved = raw[[a, b]] - raw[[a, c]] * center[j] - center[i] * raw[[b, c]];
                    out[[a, b]] = (moved + total * center[i] * center[j]) / (scale[i] * scale[j]);
                }
                let first = (raw[[a, c]] - total * center[i]) / scale[i];
                (out[[a, c]], out[[c, a]]) = (first, first);
            }
            out[[c, c]] = total;
        }
        Ok(out / self.rows.weight())
    }

    /// The Hessian of F without its L1 part for all classes and the coordinates `columns` (of each class) and the
    /// intercepts: class by class, the intercept last of each.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`].
    pub fn hessian(&self, theta: &Array2<f64>, columns: &[usize]) -> Result<Array2<f64>> {
        let (t, c) = (theta.nrows(), columns.len());
        let raw = self.raw(theta)?;
        let l2 = self.l2();
        let mut curvatures = vec![0.0; t * t];
        let mut hessian = Array2::zeros((t * (c + 1), t * (c + 1)));
        for a in 0..t {
            for b in a..t {
                let mut h = Array1::zeros(raw.nrows());
                for (i, (h, z)) in h.iter_mut().zip(raw.as_slice().unwrap_or_default().chunks_exact(t)).enumerate() {
                    self.rows.curvatures(i, z, &mut curvatures);
                    *h = curvatures[a * t + b];
                }
                let mut block = self.moments(columns, h)?;
                if a != b {
                    block.mapv_inplace(|v| -v);
                } else {
                    columns.iter().enumerate().for_each(|(i, &j)| block[[i, i]] += l2[j]);
                    block[[c, c]] += l2[self.cols()];
                }
                if !self.fit_intercept {
                    block.row_mut(c).fill(0.0);
                    block.column_mut(c).fill(0.0);
                    block[[c, c]] = f64::from(u8::from(a == b));
                }
                let at = |k: usize| k * (c + 1)..(k + 1) * (c + 1);
                hessian.slice_mut(s![at(a), at(b)]).assign(&block);
                if a != b {
                    hessian.slice_mut(s![at(b), at(a)]).assign(&block.t());
                }
            }
        }
        Ok(hessian)
    }
}

impl<B: Backend, F: Real, R: Rows> Curved for Objective<'_, '_, B, F, R> {
    fn precondition(&self, theta: &Array2<f64>) -> Result<Preconditioner> {
        match self.sketch {
            Some(sketch) => sketch.precondition(theta),
            None => Preconditioner::new(self, theta),
        }
    }
}
