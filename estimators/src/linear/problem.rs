//! Least squares as every solver here sees it: `√w·(X − 1·x̄ᵀ)·v ≈ √w·(y − ȳ)`, of which X is never copied.

use crate::{Backend, Control, Data, Result, bad_input};
use ironlearn_linalg::{Gram, Layout, Matrix, Real};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// Where X is finite and its squares are not.
pub const TOO_LARGE: &str = "the squares of X add up to more than a float64 can hold: scale its columns down";

/// Checks of y and weights that every linear regression makes; X is looked at by [`Problem::moments`] or
/// [`Problem::centred`].
///
/// # Errors
/// [`crate::Error::Input`].
pub fn check_regression(data: &Data<'_>, center: bool) -> Result<()> {
    data.check_weights_not_negative()?;
    check_signed_regression(data, center)
}

/// The same for a regression that takes no roots of weights, so that some of them may be negative.
///
/// # Errors
/// [`crate::Error::Input`].
pub fn check_signed_regression(data: &Data<'_>, center: bool) -> Result<()> {
    data.check()?;
    let Some(weights) = &data.weights else { return Ok(()) };
    let sum = weights.sum();
    if weights.iter().any(|&w| w < 0.0) && sum <= 0.0 {
        bad_input!(
            "Negative values in data passed to `sample_weight` make it add up to {sum}: the sum has to be positive"
        );
    }
    if center && sum <= 0.0 {
        bad_input!("Weights sum to zero, can't be normalized");
    }
    Ok(())
}

/// The weighted, centred operator and its targets.
pub struct Problem<'a, 'x, B: Backend, F: Real> {
    /// The device.
    pub on: &'a B,
    /// X, where the device put it.
    pub x: &'a B::Placed<'x, F>,
    /// y, n × t, as it came.
    pub y: ArrayView2<'a, f64>,
    /// The weights, as they came.
    pub weights: Option<ArrayView1<'a, f64>>,
    /// x̄; 0 when not centred.
    pub x_mean: Array1<f64>,
    /// ȳ; 0 when not centred.
    pub y_mean: Array1<f64>,
    /// Whether x̄ and ȳ are taken off.
    pub center: bool,
    /// The run's surroundings.
    pub ctl: &'a Control,
}

impl<'a, 'x, B: Backend, F: Real> Problem<'a, 'x, B, F> {
    /// The problem with its means still 0.
    pub fn uncentred(
        on: &'a B,
        x: &'a B::Placed<'x, F>,
        y: ArrayView2<'a, f64>,
        weights: Option<ArrayView1<'a, f64>>,
        ctl: &'a Control,
    ) -> Self {
        let (x_mean, y_mean) = (Array1::zeros(x.as_ref().ncols()), Array1::zeros(y.ncols()));
        Problem { on, x, y, weights, x_mean, y_mean, center: false, ctl }
    }

    /// Looks at every value of X.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity.
    pub fn check_finite(&self) -> Result<()> {
        if !self.x.as_ref().all_finite() {
            bad_input!("Input X contains NaN or infinity.");
        }
        Ok(())
    }

    /// The second moments, in one pass over X, and the problem with its means. NaN and infinity in X show in the
    /// moments, so X itself is looked at only then. No moments: the squares of X are beyond `f64`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity in X, [`crate::Error::Linalg`].
    pub fn moments(mut self, center: bool) -> Result<(Self, Option<Gram>)> {
        let weights = self.weights.as_ref().map(|w| w.view());
        let moments = self.on.gram(self.x, self.y.view(), weights, center, self.ctl)?;
        if !moments.gram.diag().iter().all(|v| v.is_finite()) {
            return Ok((self.centred(center)?, None));
        }
        (self.x_mean, self.y_mean, self.center) = (moments.x_mean.clone(), moments.y_mean.clone(), center);
        Ok((self, Some(moments)))
    }

    /// The means of X and y, by one pass over X, where `center` asks for them.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for NaN or infinity in X, [`crate::Error::Linalg`]; the latter for all that follow.
    pub fn centred(mut self, center: bool) -> Result<Self> {
        if !center {
            self.check_finite()?;
            return Ok(self);
        }
        let ones = Array1::ones(self.rows());
        let w = self.weights.as_ref().map_or(ones, |w| w.to_owned());
        let share = &w / w.sum();
        self.x_mean = self.on.matmul_t(self.x, share.view().insert_axis(Axis(1)), self.ctl)?.remove_axis_column();
        if !self.x_mean.iter().all(|v| v.is_finite()) {
            self.check_finite()?;
        }
        self.y_mean = self.y.t().dot(&share);
        self.center = true;
        Ok(self)
    }

    /// ȳ.
    pub fn weighted_mean_of_y(&self) -> Array1<f64> {
        match &self.weights {
            Some(w) => self.y.t().dot(w) / w.sum(),
            None => column_sums(self.y.view()) / self.rows() as f64,
        }
    }

    /// The squared lengths of the columns of `√w·(X − 1·x̄ᵀ)`, to the accuracy that scaling needs.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn column_squares(&self) -> Result<Array1<f64>> {
        let Matrix::Sparse(x) = self.x.as_ref() else {
            let weights = self.weights.as_ref().map(|w| w.view());
            let none = Array2::zeros((self.rows(), 1));
            return Ok(self.on.column_moments(self.x, none.view(), weights, self.center, self.ctl)?.squares);
        };
        let weight = |i: usize| self.weights.as_ref().map_or(1.0, |w| w[i]);
        let mut squares = Array1::<f64>::zeros(self.cols());
        let slices = if x.layout() == Layout::Row { self.rows() } else { self.cols() };
        for major in 0..slices {
            x.for_slice(major, |minor, v| {
                let (i, j) = if x.layout() == Layout::Row { (major, minor) } else { (minor, major) };
                squares[j] += weight(i) * v.widen() * v.widen();
            });
        }
        self.ctl.check()?;
        if self.center {
            let total = self.weights.as_ref().map_or(self.rows() as f64, |w| w.sum());
            squares.zip_mut_with(&self.x_mean, |s, m| {
                let about_mean = *s - total * m * m;
                // A constant column: what is left is rounding.
                *s = if about_mean > *s * 1e-12 { about_mean } else { *s };
            });
        }
        Ok(squares)
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.x.as_ref().nrows()
    }

    /// The number of columns.
    pub fn cols(&self) -> usize {
        self.x.as_ref().ncols()
    }

    /// `√w·(y − ȳ)`, n × t.
    pub fn targets(&self) -> Array2<f64> {
        let mut targets = self.y.to_owned();
        shift(&mut targets, &self.y_mean);
        self.scale_rows(&mut targets);
        targets
    }

    /// Multiplies each row by √w.
    pub fn scale_rows(&self, values: &mut Array2<f64>) {
        if let Some(weights) = &self.weights {
            values.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w.sqrt());
        }
    }

    /// `√w·(X − 1·x̄ᵀ)·V` for V of p × t.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn apply(&self, v: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let mut product = self.on.matmul(self.x, v, self.ctl)?;
        if self.center {
            shift(&mut product, &self.x_mean.dot(&v));
        }
        self.scale_rows(&mut product);
        Ok(product)
    }

    /// The transpose of [`Problem::apply`], for R of n × t.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn apply_t(&self, r: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let mut r = r.to_owned();
        self.scale_rows(&mut r);
        let product = self.on.matmul_t(self.x, r.view(), self.ctl)?;
        Ok(self.about_means(product, || column_sums(r.view())))
    }

    /// `(X − 1·x̄ᵀ)ᵀ·R` of `Xᵀ·R` and the sums of R's columns.
    fn about_means(&self, mut product: Array2<f64>, sums: impl FnOnce() -> Array1<f64>) -> Array2<f64> {
        if self.center {
            let sums = sums();
            for (mut row, &mean) in product.rows_mut().into_iter().zip(&self.x_mean) {
                row.scaled_add(-mean, &sums);
            }
        }
        product
    }

    /// `(X − 1·x̄ᵀ)ᵀ·W·(y − ȳ)`, p × t. Weights may be negative.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn products(&self) -> Result<Array2<f64>> {
        let mut y = self.y.to_owned();
        shift(&mut y, &self.y_mean);
        if let Some(weights) = &self.weights {
            y.rows_mut().into_iter().zip(weights).for_each(|(mut row, &w)| row *= w);
        }
        let product = self.on.matmul_t(self.x, y.view(), self.ctl)?;
        Ok(self.about_means(product, || column_sums(y.view())))
    }

    /// What is left of the normal equations at V: `(X − 1·x̄ᵀ)ᵀ·W·(y − ȳ − (X − 1·x̄ᵀ)·V)`, p × t. X that lies by row is
    /// read once.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn normal_residual(&self, v: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let by_row = match self.x.as_ref() {
            Matrix::Sparse(x) => x.layout() == Layout::Row,
            dense => dense.as_rows().is_some(),
        };
        if !by_row {
            let mut residual = self.targets();
            residual -= &self.apply(v)?;
            return self.apply_t(residual.view());
        }
        let y = self.y.as_standard_layout();
        let (y, t) = (y.as_slice().unwrap_or_default(), v.ncols());
        // The means as one constant, which z starts from.
        let constant = if self.center { &self.y_mean - &self.x_mean.dot(&v) } else { Array1::zeros(t) };
        let point = |rows: std::ops::Range<usize>, z: &mut [f64]| {
            z.iter_mut().zip(&y[rows.start * t..rows.end * t]).for_each(|(z, y)| *z = y - *z);
            if let Some(weights) = &self.weights {
                z.chunks_exact_mut(t).zip(rows).for_each(|(z, i)| z.iter_mut().for_each(|z| *z *= weights[i]));
            }
            0.0
        };
        let pass = self.on.pointwise(self.x, v.t(), constant.view(), &point, self.ctl)?;
        Ok(self.about_means(pass.gradient.reversed_axes(), || pass.sums))
    }

    /// [`Problem::apply`] to one vector.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn times(&self, v: &Array1<f64>) -> Result<Array1<f64>> {
        Ok(self.apply(v.view().insert_axis(Axis(1)))?.remove_axis_column())
    }

    /// [`Problem::apply_t`] to one vector.
    ///
    /// # Errors
    /// As [`Problem::centred`].
    pub fn times_t(&self, r: &Array1<f64>) -> Result<Array1<f64>> {
        Ok(self.apply_t(r.view().insert_axis(Axis(1)))?.remove_axis_column())
    }
}

/// Takes `by` off each row.
fn shift(values: &mut Array2<f64>, by: &Array1<f64>) {
    match (values.as_slice_memory_order_mut(), by.as_slice()) {
        // A loop over rows of one number would cost more than the numbers.
        (Some(values), Some(&[by])) => values.iter_mut().for_each(|v| *v -= by),
        _ => *values -= by,
    }
}

/// The sums of the columns.
fn column_sums(values: ArrayView2<'_, f64>) -> Array1<f64> {
    match values.ncols() {
        1 => Array1::from_elem(1, values.iter().sum()),
        _ => values.sum_axis(Axis(0)),
    }
}

trait RemoveColumn {
    fn remove_axis_column(self) -> Array1<f64>;
}

impl RemoveColumn for Array2<f64> {
    fn remove_axis_column(self) -> Array1<f64> {
        self.index_axis_move(Axis(1), 0)
    }
}
