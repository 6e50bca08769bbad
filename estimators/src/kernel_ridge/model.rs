//! A fitted kernel ridge regression: the rows that it was fitted to, each with its dual coefficients.

use crate::kernel::{FittedRows, Kernel, KernelFunction, PreparedRows, Reference};
use crate::{AnyMatrix, Attribute, Control, Dtype, Error, Model, PredictOn, Report, Result};
use ironlearn_linalg::{host::matmul::matmul, with_matrix};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// `ŷ(x) = Σ d_i·k(x, x_i)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelRidgeModel {
    /// The kernel k, its parameters resolved.
    pub kernel: Kernel,
    /// The rows x_i.
    pub rows: PreparedRows,
    /// The dual coefficients d, n × outputs, in units of y per unit of the kernel.
    #[serde(with = "crate::saved::array2")]
    pub dual_coef: Array2<f64>,
    /// The type of X at the fit.
    pub dtype: Dtype,
    /// What the fit had to say.
    pub report: Report,
}

impl KernelRidgeModel {
    /// The predictions with given rows (the model's own where they are `None`) and coefficients.
    ///
    /// # Errors
    /// [`Error::Input`] for rows that the kernel is not defined on, [`Error::Linalg`] for an interrupted run.
    pub fn predict_with(
        &self,
        rows: Option<&AnyMatrix<'_>>,
        dual_coef: ArrayView2<'_, f64>,
        x: &AnyMatrix<'_>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        self.kernel.check_rows(x)?;
        match rows {
            Some(rows) => Reference::new(self.kernel, rows, ctl)?.times(x, dual_coef, ctl),
            None => self.rows.reference(self.kernel, ctl)?.times(x, dual_coef, ctl),
        }
    }

    /// The predictions where X is the kernel matrix of the rows to predict with those of the fit.
    ///
    /// # Errors
    /// [`Error::Linalg`] for an interrupted run.
    pub fn predict_precomputed(
        dual_coef: ArrayView2<'_, f64>,
        x: &AnyMatrix<'_>,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        Ok(with_matrix!(x, x => matmul(x, dual_coef, ctl))?)
    }
}

impl Model for KernelRidgeModel {
    fn n_features_in(&self) -> usize {
        match &*self.rows {
            FittedRows::None => self.dual_coef.nrows(),
            FittedRows::Dense(rows) => rows.ncols(),
            FittedRows::Sparse(rows) => rows.columns,
        }
    }

    fn check(&self) -> Result<()> {
        let n = match &*self.rows {
            FittedRows::None => self.dual_coef.nrows(),
            FittedRows::Dense(rows) => rows.nrows(),
            FittedRows::Sparse(rows) => {
                rows.check()?;
                rows.len()
            }
        };
        let precomputed = self.kernel.function == KernelFunction::Precomputed;
        let fits = n == self.dual_coef.nrows() && n > 0 && self.dual_coef.ncols() > 0 && self.n_features_in() > 0;
        if !fits || precomputed != (*self.rows == FittedRows::None) {
            return Err(Error::File("the rows of a kernel do not fit the dual coefficients".into()));
        }
        if self.kernel.function.is_for_histograms() && !matches!(*self.rows, FittedRows::Dense(_)) {
            return Err(Error::File("the chi-squared kernels take dense rows only".into()));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("dual_coef_", Attribute::Floats(self.dual_coef.clone().into_dyn(), Dtype::F64))]
    }
}

impl PredictOn for KernelRidgeModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "the model")?;
        let dual = self.dual_coef.view();
        match &*self.rows {
            FittedRows::None => Self::predict_precomputed(dual, x, ctl),
            _ => self.predict_with(None, dual, x, ctl),
        }
    }
}
