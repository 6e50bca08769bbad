//! smartcore. It works on one thread; its k-means draws its own first centres.

use crate::arrays::Arrays;
use crate::timing::{Effort, measure};
use ndarray::Array2;
use serde_json::Map;
use smartcore::cluster::kmeans::{KMeans, KMeansParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::lasso::{Lasso, LassoParameters};
use smartcore::linear::linear_regression::LinearRegression;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};
use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};
use smartcore::svm::Kernels;
use smartcore::svm::svc::{SVC, SVCParameters};
use smartcore::svm::svr::{SVR, SVRParameters};
use smartcore::tree::decision_tree_classifier::DecisionTreeClassifier;
use smartcore::tree::decision_tree_regressor::DecisionTreeRegressor;

type Matrix = DenseMatrix<f64>;

fn matrix(x: &Array2<f64>) -> Result<Matrix, String> {
    let columns: Vec<f64> = x.t().iter().copied().collect();
    DenseMatrix::new(x.nrows(), x.ncols(), columns, true).map_err(|e| e.to_string())
}

/// Fits and times `estimator`. The matrix is in smartcore's own order (by column), made outside the clock.
pub fn run(
    estimator: &str,
    arrays: &Arrays,
    effort: Effort,
    params: &Map<String, serde_json::Value>,
) -> crate::Outcome {
    let one = arrays.x_test.slice(ndarray::s![..1, ..]).to_owned();
    let all = (matrix(&arrays.x)?, matrix(&arrays.x_test)?, matrix(&one)?);
    let number = |name: &str| params.get(name).and_then(serde_json::Value::as_u64).map(|v| v as usize);
    match estimator {
        "LinearRegression" => {
            let y = arrays.values()?.to_vec();
            let fit = |x: &Matrix| LinearRegression::fit(x, &y, Default::default()).map_err(|e| e.to_string());
            measure(arrays, effort, all, fit, |m, x| m.predict(x).unwrap_or_default())
        }
        "Ridge" => {
            let y = arrays.values()?.to_vec();
            let fit = |x: &Matrix| {
                // Its default standardises the columns, which is another objective.
                let params = RidgeRegressionParameters::default().with_alpha(1.0).with_normalize(false);
                RidgeRegression::fit(x, &y, params).map_err(|e| e.to_string())
            };
            measure(arrays, effort, all, fit, |m, x| m.predict(x).unwrap_or_default())
        }
        "Lasso" => {
            let y = arrays.values()?.to_vec();
            let alpha = params.get("alpha").and_then(serde_json::Value::as_f64).unwrap_or(1.0);
            let fit = |x: &Matrix| {
                // Its squares are not halved: twice the strength is the same problem.
                let params = LassoParameters::default().with_alpha(2.0 * alpha).with_normalize(false);
                Lasso::fit(x, &y, params).map_err(|e| e.to_string())
            };
            measure(arrays, effort, all, fit, |m, x| m.predict(x).unwrap_or_default())
        }
        "LogisticRegression" => {
            let y: Vec<i64> = arrays.classes()?.to_vec();
            let fit = |x: &Matrix| {
                let params = LogisticRegressionParameters::default().with_alpha(1.0);
                LogisticRegression::fit(x, &y, params).map_err(|e| e.to_string())
            };
            let predict = |m: &LogisticRegression<f64, i64, Matrix, Vec<i64>>, x: &Matrix| {
                m.predict(x).unwrap_or_default().into_iter().map(|v| v as f64).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "KMeans" => {
            let k = arrays.init.as_ref().map_or(8, Array2::nrows);
            let fit = |x: &Matrix| {
                let params = KMeansParameters::default().with_k(k).with_max_iter(number("max_iter").unwrap_or(300));
                KMeans::<f64, i32, Matrix, Vec<i32>>::fit(x, params).map_err(|e| e.to_string())
            };
            let predict = |m: &KMeans<f64, i32, Matrix, Vec<i32>>, x: &Matrix| {
                m.predict(x).unwrap_or_default().into_iter().map(f64::from).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "DecisionTreeClassifier" => {
            let y: Vec<i64> = arrays.classes()?.to_vec();
            let fit = |x: &Matrix| DecisionTreeClassifier::fit(x, &y, Default::default()).map_err(|e| e.to_string());
            let predict = |m: &DecisionTreeClassifier<f64, i64, Matrix, Vec<i64>>, x: &Matrix| {
                m.predict(x).unwrap_or_default().into_iter().map(|v| v as f64).collect()
            };
            measure(arrays, effort, all, fit, predict)
        }
        "DecisionTreeRegressor" => {
            let y = arrays.values()?.to_vec();
            let fit = |x: &Matrix| DecisionTreeRegressor::fit(x, &y, Default::default()).map_err(|e| e.to_string());
            measure(arrays, effort, all, fit, |m, x| m.predict(x).unwrap_or_default())
        }
        "SVC" => {
            let y: &'static Vec<i64> = kept(arrays.classes()?.to_vec());
            let params = SVCParameters::default().with_c(strength(params));
            let params = kept(params.with_kernel(Kernels::rbf().with_gamma(arrays.gamma())));
            let fit = |x: &&'static Matrix| SVC::fit(*x, y, params).map_err(|e| e.to_string());
            let predict =
                |m: &SVC<'static, f64, i64, Matrix, Vec<i64>>, x: &&'static Matrix| m.predict(*x).unwrap_or_default();
            measure(arrays, effort, (kept(all.0), kept(all.1), kept(all.2)), fit, predict)
        }
        "SVR" => {
            let y: &'static Vec<f64> = kept(arrays.values()?.to_vec());
            let params = SVRParameters::default().with_c(strength(params)).with_eps(0.1);
            let params = kept(params.with_kernel(Kernels::rbf().with_gamma(arrays.gamma())));
            let fit = |x: &&'static Matrix| SVR::fit(*x, y, params).map_err(|e| e.to_string());
            let predict =
                |m: &SVR<'static, f64, Matrix, Vec<f64>>, x: &&'static Matrix| m.predict(*x).unwrap_or_default();
            measure(arrays, effort, (kept(all.0), kept(all.1), kept(all.2)), fit, predict)
        }
        other => Err(format!("smartcore has no {other}").into()),
    }
}

/// Its kernel machines borrow what they were fitted on, so that is kept until the process ends.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// C of a kernel machine.
fn strength(params: &Map<String, serde_json::Value>) -> f64 {
    params.get("C").and_then(serde_json::Value::as_f64).unwrap_or(1.0)
}
