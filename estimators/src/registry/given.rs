//! Fits of those estimators that take inner products which the caller has computed already.

use super::{AnyEstimator, AnyModel};
use crate::linear::lars::{FixedPath, Given, Lars, LassoLars, LassoLarsIC};
use crate::{Backend, Checked, Control, Data, Error, Result};

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
}
