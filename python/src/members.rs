//! Estimators inside estimators: boosting with the random numbers that Python draws, and models of fitted members.

use crate::array::{self, X, Y};
use crate::error::exception;
use crate::model::Model;
use crate::run::{Options, run};
use crate::value;
use ironlearn::adaboost::{AdaBoostClasses, AdaBoostNumbers, Rounds};
use ironlearn::bagging::{BaggedClasses, BaggedNumbers, Bags};
use ironlearn::members::Chance;
use ironlearn::{AnyEstimator, AnyModel, Control, Data, Error, Report};
use ndarray::{Array1, Array2};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use std::time::Instant;

/// What `draw(round)` of Python gives: a seed, and numbers in [0, 1) where rows are drawn.
struct Drawn {
    draw: Py<PyAny>,
    uniforms: Vec<f64>,
}

impl Chance for Drawn {
    fn seed(&mut self, round: usize) -> ironlearn::Result<u64> {
        let drawn = Python::attach(|py| -> PyResult<_> {
            let drawn = self.draw.call1(py, (round,))?;
            let (seed, uniforms) = drawn.extract::<(u64, Option<PyReadonlyArray1<'_, f64>>)>(py)?;
            Ok((seed, uniforms.map_or_else(Vec::new, |u| u.as_array().to_vec())))
        });
        let (seed, uniforms) = drawn.map_err(|raised| Error::Callable(Arc::new(raised)))?;
        self.uniforms = uniforms;
        Ok(seed)
    }

    fn uniforms(&mut self, _: usize, n: usize) -> ironlearn::Result<Vec<f64>> {
        match std::mem::take(&mut self.uniforms) {
            drawn if drawn.len() == n => Ok(drawn),
            drawn => Err(Error::Input(format!("{} random numbers for {n} rows", drawn.len()))),
        }
    }
}

/// Boosts; as `fit`, with `draw(round)` for the seed of each estimator and the numbers in [0, 1) that choose its rows.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn adaboost(
    py: Python<'_>,
    name: &str,
    params: &Bound<'_, PyDict>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    n_classes: Option<usize>,
    sample_weight: Option<&Bound<'_, PyAny>>,
    draw: Py<PyAny>,
    options: Options,
) -> PyResult<Model> {
    let given = value::named(params)?;
    let estimator = AnyEstimator::with_params(name, &given).map_err(|error| exception(py, &error))?;
    let (x, y) = (X::borrow(x)?, Y::borrow(y)?);
    let weights = sample_weight.map(array::weights).transpose()?;
    let data = Data::new(x.matrix()?).with_weights(weights.as_ref().map(array::view1));
    let data = match (&y, n_classes) {
        (Y::Values(y), _) => data.with_values(array::view2(y)),
        (Y::Codes(codes), Some(n)) => data.with_classes(codes.as_array(), vec![n]),
        (Y::Codes(_), None) => return Err(PyValueError::new_err("class codes need n_classes")),
    };
    let device = options.device(py)?;
    let began = Instant::now();
    let mut chance = Drawn { draw, uniforms: Vec::new() };
    let work = |ctl: &Control| ironlearn_dispatch::adaboost(&estimator, &data, &mut chance, &device, ctl);
    let (inner, ctl) = run(py, options, work)?;
    Ok(Model::fitted(inner, ctl.trace(), began.elapsed().as_secs_f64()))
}

/// The models inside a model, in their order.
#[pyfunction]
pub fn members(model: &Bound<'_, Model>) -> Vec<Model> {
    let members = match &*model.get().inner {
        AnyModel::AdaBoostClassifier(m) => &m.rounds.members,
        AnyModel::AdaBoostRegressor(m) => &m.rounds.members,
        AnyModel::BaggingClassifier(m) => &m.bags.members,
        AnyModel::BaggingRegressor(m) => &m.bags.members,
        _ => return Vec::new(),
    };
    members.iter().cloned().map(Model::new).collect()
}

/// The seeds of the models inside a model.
#[pyfunction]
pub fn member_seeds(model: &Bound<'_, Model>) -> Vec<u64> {
    match &*model.get().inner {
        AnyModel::AdaBoostClassifier(m) => m.rounds.seeds.clone(),
        AnyModel::AdaBoostRegressor(m) => m.rounds.seeds.clone(),
        AnyModel::BaggingClassifier(m) => m.bags.seeds.clone(),
        AnyModel::BaggingRegressor(m) => m.bags.seeds.clone(),
        _ => Vec::new(),
    }
}

/// The columns that each bag takes (empty: all) and the codes of the classes that it knows (empty: all).
#[pyfunction]
pub fn bag_parts(model: &Bound<'_, Model>) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    match &*model.get().inner {
        AnyModel::BaggingClassifier(m) => (m.bags.features.clone(), m.classes.clone()),
        AnyModel::BaggingRegressor(m) => (m.bags.features.clone(), vec![Vec::new(); m.bags.members.len()]),
        _ => (Vec::new(), Vec::new()),
    }
}

fn inner(members: &[PyRef<'_, Model>]) -> Vec<AnyModel> {
    members.iter().map(|member| AnyModel::clone(&member.inner)).collect()
}

/// A model, where its parts fit together.
fn checked(py: Python<'_>, model: AnyModel) -> PyResult<Model> {
    model.check().map_err(|error| exception(py, &error))?;
    Ok(Model::new(model))
}

/// The model of boosted members. Without `n_classes` they predict numbers.
#[pyfunction]
pub fn boosted(
    py: Python<'_>,
    members: Vec<PyRef<'_, Model>>,
    seeds: Vec<u64>,
    weights: Vec<f64>,
    errors: Vec<f64>,
    n_classes: Option<u32>,
) -> PyResult<Model> {
    let mut report = Report::direct("adaboost");
    report.iterations = vec![members.len()];
    let (members, estimator_weights, estimator_errors) = (inner(&members), weights, errors);
    let rounds = Rounds { members, seeds, estimator_weights, estimator_errors, report };
    let model = match n_classes {
        Some(k) => AnyModel::AdaBoostClassifier(AdaBoostClasses { rounds, codes: (0..k).collect() }),
        None => AnyModel::AdaBoostRegressor(AdaBoostNumbers { rounds }),
    };
    checked(py, model)
}

/// The model of bagged members. Without `classes`, the codes that each knows (empty: all), and `n_classes` they predict
/// numbers. `oob`: votes (rows, classes) or predictions (rows,).
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the parts of a model")]
pub fn bagged(
    py: Python<'_>,
    members: Vec<PyRef<'_, Model>>,
    seeds: Vec<u64>,
    features: Vec<Vec<u32>>,
    n_features: usize,
    n_classes: Option<u32>,
    classes: Vec<Vec<u32>>,
    oob_score: Option<f64>,
    oob: Option<&Bound<'_, PyAny>>,
) -> PyResult<Model> {
    let (members, report) = (inner(&members), Report::direct("bagging"));
    let bags = Bags { members, seeds, features, n_features, oob_score, report };
    let oob = oob.map(array::rows_f64).transpose()?;
    let model = match n_classes {
        Some(k) => {
            let oob = oob.unwrap_or_else(|| Array2::zeros((0, 0)));
            AnyModel::BaggingClassifier(BaggedClasses { bags, codes: (0..k).collect(), classes, oob })
        }
        None => {
            let oob = oob.map_or_else(|| Array1::zeros(0), |oob| oob.iter().copied().collect());
            AnyModel::BaggingRegressor(BaggedNumbers { bags, oob })
        }
    };
    checked(py, model)
}
