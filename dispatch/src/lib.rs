//! The edge between run-time choices and compiled code.
//!
//! Algorithms are generic over the backend; users name a device at run time. [`Device`] is that name, [`on_device!`]
//! the one match on it, and [`fit`] its instantiation for every estimator: the Python module, the shell and the tests
//! call these and compile no algorithm themselves.

pub mod device;

pub use device::Device;
pub use ironlearn_gpu::Cuda;
pub use ironlearn_linalg::Cpu;

use ironlearn::adaboost::{boost_classes, boost_numbers};
use ironlearn::datasets::Table;
use ironlearn::linear::lasso::{self, Path, PathOptions};
use ironlearn::members::Chance;
use ironlearn::pipeline::TablePipeline;
use ironlearn::{AnyEstimator, AnyModel, Checked, Control, Data, Error, Result, Saved};
use ndarray::ArrayView1;

/// Checks the parameters and fits `estimator` on `device`. `start` is a model of the same estimator to go on from.
///
/// # Errors
/// As [`AnyEstimator::fit`].
pub fn fit(
    estimator: &AnyEstimator,
    data: &Data<'_>,
    start: Option<&AnyModel>,
    device: &Device,
    ctl: &Control,
) -> Result<AnyModel> {
    on_device!(device, backend => estimator.fit(data, start, backend, ctl))
}

/// Boosts with random numbers of the caller's choice: `estimator` is one of both AdaBoosts.
///
/// # Errors
/// As [`AnyEstimator::fit`], those of `chance`, and [`Error::Parameters`] for another estimator.
pub fn adaboost(
    estimator: &AnyEstimator,
    data: &Data<'_>,
    chance: &mut dyn Chance,
    device: &Device,
    ctl: &Control,
) -> Result<AnyModel> {
    match estimator {
        AnyEstimator::AdaBoostClassifier(p) => {
            let params = Checked::new_ref(p)?;
            on_device!(device, backend => boost_classes(params, data, chance, backend, ctl))
                .map(AnyModel::AdaBoostClassifier)
        }
        AnyEstimator::AdaBoostRegressor(p) => {
            let params = Checked::new_ref(p)?;
            on_device!(device, backend => boost_numbers(params, data, chance, backend, ctl))
                .map(AnyModel::AdaBoostRegressor)
        }
        other => Err(Error::Parameters(format!("{} is no AdaBoost", other.name()))),
    }
}

/// Fits `pipeline` to the columns of `table` on `device`.
///
/// # Errors
/// As [`TablePipeline::fit`].
pub fn fit_table(
    pipeline: &TablePipeline,
    table: &Table,
    target: Option<&str>,
    weights: Option<ArrayView1<'_, f64>>,
    device: &Device,
    ctl: &Control,
) -> Result<Saved> {
    on_device!(device, backend => pipeline.fit(table, target, weights, backend, ctl))
}

/// [`lasso::enet_path`] on `device`.
///
/// # Errors
/// As there.
pub fn enet_path(data: &Data<'_>, options: &PathOptions<'_>, device: &Device, ctl: &Control) -> Result<Path> {
    on_device!(device, backend => lasso::enet_path(data, options, backend, ctl))
}
