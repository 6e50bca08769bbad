//! linfa: linfa-linear, linfa-elasticnet, linfa-logistic, linfa-clustering, linfa-trees, linfa-svm.

use crate::arrays::Arrays;
use crate::timing::{Effort, measure};
use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::{KMeans, KMeansInit};
use linfa_nn::distance::L2Dist;
use linfa_svm::Svm;
use ndarray::{Array1, Array2, ArrayView2};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use serde_json::Map;

/// Fits and times `estimator`; only parameters that linfa calls otherwise are translated here.
pub fn run(
    estimator: &str,
    arrays: &Arrays,
    effort: Effort,
    params: &Map<String, serde_json::Value>,
) -> crate::Outcome {
    let one = arrays.x_test.slice(ndarray::s![..1, ..]);
    let all = (arrays.x.view(), arrays.x_test.view(), one);
    let said = |error: &dyn std::fmt::Display| error.to_string();
    match estimator {
        "LinearRegression" => {
            let y = arrays.values()?;
            let fit = |x: &ArrayView2<'_, f64>| {
                let data = DatasetBase::new(*x, y.view());
                linfa_linear::LinearRegression::default().fit(&data).map_err(|e| said(&e))
            };
            let predict = |model: &linfa_linear::FittedLinearRegression<f64>, x: &ArrayView2<'_, f64>| {
                let predicted: Array1<f64> = model.predict(x);
                predicted.to_vec()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "Lasso" => {
            let y = arrays.values()?;
            let alpha = number(params, "alpha").unwrap_or(1.0);
            let fit = |x: &ArrayView2<'_, f64>| {
                let data = DatasetBase::new(*x, y.view());
                linfa_elasticnet::ElasticNet::lasso().penalty(alpha).fit(&data).map_err(|e| said(&e))
            };
            let predict = |model: &linfa_elasticnet::ElasticNet<f64>, x: &ArrayView2<'_, f64>| {
                let predicted: Array1<f64> = model.predict(x);
                predicted.to_vec()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "LogisticRegression" => {
            let y = arrays.classes()?;
            let fit = |x: &ArrayView2<'_, f64>| {
                let data = DatasetBase::new(*x, y.view());
                linfa_logistic::LogisticRegression::default().alpha(1.0).fit(&data).map_err(|e| said(&e))
            };
            let predict = |model: &linfa_logistic::FittedLogisticRegression<f64, i64>, x: &ArrayView2<'_, f64>| {
                let labels: Array1<i64> = model.predict(x);
                labels.iter().map(|&l| l as f64).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "KMeans" => {
            let init: Array2<f64> = arrays.init.clone().ok_or("no first centres")?;
            let max_iter = params.get("max_iter").and_then(serde_json::Value::as_u64).unwrap_or(300);
            let fit = |x: &ArrayView2<'_, f64>| {
                let data = DatasetBase::from(*x);
                KMeans::params_with(init.nrows(), Xoshiro256Plus::seed_from_u64(0), L2Dist)
                    .init_method(KMeansInit::Precomputed(init.clone()))
                    .n_runs(1)
                    .max_n_iterations(max_iter)
                    .fit(&data)
                    .map_err(|e| said(&e))
            };
            let predict = |model: &KMeans<f64, L2Dist>, x: &ArrayView2<'_, f64>| {
                let labels: Array1<usize> = model.predict(x);
                labels.iter().map(|&l| l as f64).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "DecisionTreeClassifier" => {
            let y = arrays.classes()?.mapv(|v| v as usize);
            let fit = |x: &ArrayView2<'_, f64>| {
                let data = DatasetBase::new(*x, y.view());
                let params = linfa_trees::DecisionTree::params().min_impurity_decrease(1e-12);
                params.fit(&data).map_err(|e| said(&e))
            };
            let predict = |model: &linfa_trees::DecisionTree<f64, usize>, x: &ArrayView2<'_, f64>| {
                let labels: Array1<usize> = model.predict(x);
                labels.iter().map(|&l| l as f64).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "SVC" | "NuSVC" => {
            let y = arrays.classes()?.mapv(|class| class == 1);
            // Its steps end at 1e-7 by default; ours, LIBSVM's and smartcore's at 1e-3.
            let machine = Svm::<f64, bool>::params().gaussian_kernel(1.0 / arrays.gamma()).eps(1e-3);
            let machine = match number(params, "nu") {
                Some(nu) => machine.nu_weight(nu),
                None => machine.pos_neg_weights(strength(params), strength(params)),
            };
            let fit = |x: &ArrayView2<'_, f64>| machine.fit(&DatasetBase::new(*x, y.view())).map_err(|e| said(&e));
            let predict = |model: &Svm<f64, bool>, x: &ArrayView2<'_, f64>| {
                let sides: Array1<bool> = model.predict(x);
                sides.iter().map(|&side| f64::from(u8::from(side))).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "SVR" => {
            let y = arrays.values()?;
            let machine = Svm::<f64, f64>::params().gaussian_kernel(1.0 / arrays.gamma()).eps(1e-3);
            let machine = machine.c_svr(strength(params), Some(0.1));
            let fit = |x: &ArrayView2<'_, f64>| machine.fit(&DatasetBase::new(*x, y.view())).map_err(|e| said(&e));
            let predict = |model: &Svm<f64, f64>, x: &ArrayView2<'_, f64>| {
                let predicted: Array1<f64> = model.predict(x);
                predicted.to_vec()
            };
            measure(arrays, effort, all, fit, predict)
        }
        other => Err(format!("linfa has no {other}").into()),
    }
}

fn number(params: &Map<String, serde_json::Value>, name: &str) -> Option<f64> {
    params.get(name).and_then(serde_json::Value::as_f64)
}

/// C of a kernel machine.
fn strength(params: &Map<String, serde_json::Value>) -> f64 {
    number(params, "C").unwrap_or(1.0)
}
