//! Fits of those estimators that take matrices which the caller has computed already: inner products, covariances.

use super::{AnyEstimator, AnyModel};
use crate::discriminant::{LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis};
use crate::linear::lars::{FixedPath, Given, Lars, LassoLars, LassoLarsIC};
use crate::{Backend, Checked, Control, Data, Error, Result};
use ndarray::Array2;

impl AnyEstimator {
    /// Checks the parameters and fits with `given`.
    ///
    /// # Errors
    /// As [`AnyEstimator::fit`], [`Error::Input`] for matrices of other shapes, [`Error::Unsupported`] for an estimator
    /// that takes none.
    pub fn fit_given<B: Backend>(&self, data: &Data<'_>, given: Given<'_>, on: &B, ctl: &Control) -> Result<AnyModel> {
        match self {
            Self::Lars(p) => Lars::fit_given(Checked::new_ref(p)?, data, given, on, ctl).map(AnyModel::Lars),
            Self::LassoLars(p) => {
                LassoLars::fit_given(Checked::new_ref(p)?, data, given, on, ctl).map(AnyModel::LassoLars)
            }
            Self::LassoLarsIC(p) => {
                LassoLarsIC::fit_given(Checked::new_ref(p)?, data, given, on, ctl).map(AnyModel::LassoLarsIC)
            }
            _ => Err(Error::Unsupported(format!("{} takes no precomputed inner products", self.name()))),
        }
    }

    /// Checks the parameters and fits with `covariances`: of each class, and for a linear discriminant of all rows too.
    ///
    /// # Errors
    /// As [`AnyEstimator::fit_given`].
    pub fn fit_covariances<B: Backend>(
        &self,
        data: &Data<'_>,
        covariances: &[Array2<f64>],
        on: &B,
        ctl: &Control,
    ) -> Result<AnyModel> {
        match self {
            Self::LinearDiscriminantAnalysis(p) => {
                LinearDiscriminantAnalysis::fit_with(Checked::new_ref(p)?, data, covariances, on, ctl)
                    .map(AnyModel::LinearDiscriminantAnalysis)
            }
            Self::QuadraticDiscriminantAnalysis(p) => {
                QuadraticDiscriminantAnalysis::fit_with(Checked::new_ref(p)?, data, covariances, on, ctl)
                    .map(AnyModel::QuadraticDiscriminantAnalysis)
            }
            _ => Err(Error::Unsupported(format!("{} takes no covariances", self.name()))),
        }
    }
}
