//! The contract with a device, on one page.
//!
//! A device implements [`Backend::place`] and overrides the primitives that it runs natively. Every other primitive
//! runs on the host, and the run's [`Control`] says so: its trace names the place of each call. What is as long as
//! the rows stays where [`Backend::place`] put it; what is as long as the columns is host data in `f64`.

use crate::host::class_gram::Classes;
use crate::host::column_moments::ColumnMoments;
use crate::host::gram::Gram;
use crate::host::lloyd::Lloyd;
use crate::host::pointwise::{Point, Pointwise};
use crate::host::rows::Source;
use crate::{Control, Matrix, Real, Result, host};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// A device that runs the primitives below.
pub trait Backend: Send + Sync {
    /// X where this device wants it; the host's view of it stays reachable for primitives that run there.
    type Placed<'a, F: Real>: AsRef<Matrix<'a, F>> + Send + Sync;

    /// The device's name, as users write it: `cpu`, `cuda:0`.
    fn name(&self) -> String;

    /// The name under which the trace notes a primitive that this device leaves to the host.
    fn host_name(&self) -> String {
        format!("cpu (no kernel for {})", self.name())
    }

    /// Puts X on the device, once a fit.
    ///
    /// # Errors
    /// [`crate::Error::Device`] where there is no room.
    fn place<'a, F: Real>(&self, x: Matrix<'a, F>, ctl: &Control) -> Result<Self::Placed<'a, F>>;

    /// Weighted, optionally centred second moments of X and y in one pass: see [`Gram`]. `y` is n × t.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`]; a device's own failure. The same holds for every primitive.
    fn gram<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        y: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        center: bool,
        ctl: &Control,
    ) -> Result<Gram> {
        ctl.timed("gram", &self.host_name(), || host::gram::gram(x.as_ref(), y, weights, center, ctl))
    }

    /// `Σ s²·(x − c)(x − c)ᵀ` with the centre c and the scale s of each row's class: see [`host::class_gram`].
    fn class_gram<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        classes: &Classes<'_>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        ctl.timed("class_gram", &self.host_name(), || host::class_gram::class_gram(x.as_ref(), classes, ctl))
    }

    /// The n × n matrix `K = (X − 1·shiftᵀ)·(X − 1·shiftᵀ)ᵀ`, for fewer rows than columns.
    fn outer_gram<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        shift: ArrayView1<'_, f64>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        ctl.timed("outer_gram", &self.host_name(), || host::outer::outer_gram(x.as_ref(), shift, ctl))
    }

    /// `X·B` for B of p × t.
    fn matmul<F: Real>(&self, x: &Self::Placed<'_, F>, b: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
        ctl.timed("matmul", &self.host_name(), || host::matmul::matmul(x.as_ref(), b, ctl))
    }

    /// `Xᵀ·R` for R of n × t.
    fn matmul_t<F: Real>(&self, x: &Self::Placed<'_, F>, r: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
        ctl.timed("matmul_t", &self.host_name(), || host::matmul::matmul_t(x.as_ref(), r, ctl))
    }

    /// One pass for a loss of linear predictions `X·coefᵀ + intercept`: see [`host::pointwise`].
    fn pointwise<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        coef: ArrayView2<'_, f64>,
        intercept: ArrayView1<'_, f64>,
        point: Point<'_>,
        ctl: &Control,
    ) -> Result<Pointwise> {
        let pass = || host::pointwise::pointwise(x.as_ref(), coef, intercept, point, ctl);
        ctl.timed("pointwise", &self.host_name(), pass)
    }

    /// Means and squares of the columns of X and their products with R (n × t), in one pass: see [`ColumnMoments`].
    fn column_moments<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        r: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        centred: bool,
        ctl: &Control,
    ) -> Result<ColumnMoments> {
        ctl.timed("column_moments", &self.host_name(), || {
            host::column_moments::column_moments(x.as_ref(), r, weights, centred, ctl)
        })
    }

    /// For each row of X the nearest of `centers` (k × p) by Euclidean distance and the square of that distance; the
    /// first of equally near ones. The n × k matrix of distances is never stored.
    fn nearest<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        centers: ArrayView2<'_, f64>,
        ctl: &Control,
    ) -> Result<(Array1<u32>, Array1<f64>)> {
        ctl.timed("nearest", &self.host_name(), || host::nearest::nearest(x.as_ref(), centers, ctl))
    }

    /// For each of `k` segments the sum of the weighted rows of X with that label (k × p), and the sum of the weights.
    fn segment_sum<F: Real>(
        &self,
        x: &Self::Placed<'_, F>,
        labels: ArrayView1<'_, u32>,
        weights: Option<ArrayView1<'_, f64>>,
        k: usize,
        ctl: &Control,
    ) -> Result<(Array2<f64>, Array1<f64>)> {
        ctl.timed("segment_sum", &self.host_name(), || host::nearest::segment_sum(x.as_ref(), labels, weights, k, ctl))
    }

    /// One step of Lloyd's k-means: labels by the nearest of `centers` and the members' sums, both kept in `state`;
    /// the number of labels that changed. `source` is the host's view of `x`. A device with its own `nearest` and
    /// `segment_sum` hands their results to [`Lloyd::replace`]; its sums are of `x − source.shift`.
    fn lloyd_step<F: Real>(
        &self,
        _x: &Self::Placed<'_, F>,
        source: &Source<'_, '_, F>,
        state: &mut Lloyd,
        centers: ArrayView2<'_, f64>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<usize> {
        ctl.timed("lloyd_step", &self.host_name(), || state.step(source, centers, weights, ctl))
    }
}
