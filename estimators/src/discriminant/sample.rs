//! The rows by class: their means, covariances and principal axes.

use crate::{AnyMatrix, Backend, Control, Data, Error, Result, bad_input};
use ironlearn_linalg::host::class_gram::{Classes, class_triangle};
use ironlearn_linalg::{Real, lapack};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// Eigenvalues of a correlation matrix below this share of the largest are taken from the rows themselves: squaring
/// has lost half of their digits.
const RELIABLE: f64 = 1e-6;

/// The class codes of rows that a discriminant can be fitted to, and the number of classes.
pub(super) fn codes(data: &Data<'_>, estimator: &str) -> Result<(Vec<u32>, usize)> {
    data.check()?;
    data.check_finite()?;
    if data.weights.is_some() {
        return Err(Error::Unsupported(format!("{estimator} takes no sample_weight")));
    }
    let (codes, n_classes) = data.classes(estimator)?;
    if codes.ncols() != 1 {
        bad_input!("y should be a 1d array, got an array of shape {:?} instead.", codes.dim());
    }
    Ok((codes.iter().copied().collect(), n_classes[0]))
}

/// X as the passes read it: a sparse one becomes dense, as its centred rows are.
pub(super) fn dense_of(x: &AnyMatrix<'_>) -> Option<Array2<f64>> {
    x.is_sparse().then(|| x.to_dense())
}

/// Rows, their classes, and the means of these.
pub(super) struct Sample<'a, 'x, B: Backend, F: Real> {
    x: &'a B::Placed<'x, F>,
    on: &'a B,
    pub ctl: &'a Control,
    /// The class of each row.
    pub labels: Vec<u32>,
    /// The number of rows of each class.
    pub counts: Array1<f64>,
    /// k × p.
    pub means: Array2<f64>,
}

/// Principal axes: variances, falling, and unit vectors in columns.
pub(super) struct Axes {
    pub variances: Array1<f64>,
    pub vectors: Array2<f64>,
}

impl<'a, 'x, B: Backend, F: Real> Sample<'a, 'x, B, F> {
    /// Finds the means of the classes.
    pub fn new(
        x: &'a B::Placed<'x, F>,
        labels: Vec<u32>,
        n_classes: usize,
        on: &'a B,
        ctl: &'a Control,
    ) -> Result<Self> {
        let view = ndarray::ArrayView1::from(&labels);
        let (mut means, counts) = on.segment_sum(x, view, None, n_classes, ctl)?;
        if let Some(empty) = counts.iter().position(|&count| count == 0.0) {
            bad_input!("class {empty} has no rows");
        }
        means /= &counts.view().insert_axis(Axis(1));
        if means.iter().any(|m| !m.is_finite()) {
            bad_input!("the values of X are too large: their means overflow");
        }
        Ok(Sample { x, on, ctl, labels, counts, means })
    }

    /// The number of rows.
    pub fn n(&self) -> f64 {
        self.labels.len() as f64
    }

    pub fn matrix(&self) -> &ironlearn_linalg::Matrix<'x, F> {
        self.x.as_ref()
    }

    /// The rows of class `k`.
    pub fn rows_of(&self, k: usize) -> Vec<u32> {
        (0..self.labels.len() as u32).filter(|&i| self.labels[i as usize] as usize == k).collect()
    }

    fn gram(&self, scales: &[f64], rows: Option<&[u32]>) -> Result<Array2<f64>> {
        let classes = Classes { labels: &self.labels, centers: self.means.view(), scales, rows };
        let gram = self.on.class_gram(self.x, &classes, self.ctl)?;
        if gram.iter().any(|v| !v.is_finite()) {
            bad_input!("the values of X are too large: their squares overflow");
        }
        Ok(gram)
    }

    /// `Σ_k weight_k · C_k` with the covariance C_k of class k about its mean, divisor n_k.
    pub fn pooled(&self, weights: &Array1<f64>) -> Result<Array2<f64>> {
        let scales = (weights / &self.counts).mapv(f64::sqrt);
        self.gram(&scales.to_vec(), None)
    }

    /// The covariance of class `k`, whose rows are `rows`.
    pub fn covariance(&self, k: usize, rows: &[u32]) -> Result<Array2<f64>> {
        let scales = vec![1.0 / self.counts[k].sqrt(); self.counts.len()];
        self.gram(&scales, Some(rows))
    }

    /// The mean of all rows.
    pub fn mean(&self) -> Array1<f64> {
        (&self.counts / self.n()).dot(&self.means)
    }

    /// The covariance of all rows about their common mean, from the pooled one by the classes' shares.
    pub fn total(&self, pooled: &Array2<f64>) -> Array2<f64> {
        let apart = &self.means - &self.mean();
        let weighted = &apart * &(&self.counts / self.n()).insert_axis(Axis(1));
        pooled + &apart.t().dot(&weighted)
    }

    /// The principal axes of `covariance` in units of `units`: that of class `of` (its number and rows), or the pooled
    /// one by the classes' shares. From the rows themselves where the condition is bad, unless what is unsure is below
    /// `floor` anyway.
    pub fn axes(
        &self,
        covariance: &Array2<f64>,
        units: &Array1<f64>,
        of: Option<(usize, &[u32])>,
        floor: f64,
    ) -> Result<Axes> {
        let scaled = covariance / units / units.view().insert_axis(Axis(1));
        let axes = Axes::of(&scaled, self.ctl)?;
        let largest = axes.variances[0].max(0.0);
        let noise = 16.0 * units.len() as f64 * f64::EPSILON * largest;
        let sure = |v: f64| v >= RELIABLE * largest || (v <= noise && floor > 4.0 * noise);
        if largest == 0.0 || axes.variances.iter().all(|&v| sure(v)) {
            return Ok(axes);
        }
        let (count, rows) = of.map_or((self.n(), None), |(k, rows)| (self.counts[k], Some(rows)));
        let scales = vec![1.0 / count.sqrt(); self.counts.len()];
        let classes = Classes { labels: &self.labels, centers: self.means.view(), scales: &scales, rows };
        let p = units.len();
        let (n, x) = (classes.len(), self.matrix());
        let mut spread = if n <= p {
            let mut all = Array2::zeros((n, p));
            classes.pack(x, 0..n, 0..p, p, all.as_slice_mut().unwrap_or_default());
            all
        } else {
            class_triangle(x, &classes, self.ctl)?
        };
        spread /= units;
        self.ctl.check()?;
        let (_, singular, vt) = lapack::svd(spread, self.ctl)?;
        Ok(Axes { variances: singular.mapv(|s| s * s), vectors: vt.reversed_axes() })
    }
}

impl Axes {
    /// Of a covariance, by its eigenvectors.
    pub fn of(covariance: &Array2<f64>, ctl: &Control) -> Result<Self> {
        let (values, vectors) = lapack::eigh(covariance, ctl)?;
        Ok(Axes { variances: values.slice(s![..;-1]).to_owned(), vectors: vectors.slice(s![.., ..;-1]).to_owned() })
    }
}

/// The square roots of the diagonal, 1 where a column does not vary within the classes but for rounding.
pub(super) fn deviations(covariance: &Array2<f64>, means: ArrayView2<'_, f64>) -> Array1<f64> {
    let mut out = covariance.diag().mapv(f64::sqrt);
    for (deviation, column) in out.iter_mut().zip(means.columns()) {
        let largest = column.iter().fold(0.0_f64, |a, m| a.max(m.abs()));
        if *deviation <= 32.0 * f64::EPSILON * largest {
            *deviation = 1.0;
        }
    }
    out
}

/// The classes' probabilities beforehand: as given, or the classes' shares of the rows.
pub(super) fn priors(given: Option<&[f64]>, counts: &Array1<f64>) -> Result<Array1<f64>> {
    let Some(given) = given else { return Ok(counts / counts.sum()) };
    if given.len() != counts.len() {
        bad_input!("priors holds {} values for {} classes", given.len(), counts.len());
    }
    if given.iter().any(|p| *p < 0.0) {
        bad_input!("priors must be non-negative");
    }
    if given.iter().any(|p| !p.is_finite()) || given.iter().sum::<f64>() <= 0.0 {
        bad_input!("priors must be finite, and one of them positive");
    }
    Ok(given.to_vec().into())
}
