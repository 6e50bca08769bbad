//! BayesianRidge and ARDRegression: the fixed point, weights, threads, what is found and what priors may ask for.

use super::*;
use crate::linear::{ARDRegression, Ridge};
use crate::{AnyMatrix, Cpu, DeviationOn, Model, PredictOn};
use ndarray::{Array, Array2};

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let wave = |i: usize, j: usize| ((i * i * 37 + j * j * 101 + i * j * 17) as f64 * 0.61).sin();
    let x = Array::from_shape_fn((n, p), |(i, j)| wave(i, j) + 0.3 * j as f64);
    let y = Array::from_shape_fn((n, 1), |(i, _)| 2.0 * x[[i, 0]] - x[[i, 1]] + 0.3 * wave(3 * i, 50) + 7.0);
    (x, y)
}

fn close(a: &Array2<f64>, b: &Array2<f64>, within: f64) {
    assert!((a - b).iter().all(|d| d.abs() <= within), "{a} {b}");
}

/// At the end lambda and alpha reproduce themselves, and the coefficients are Ridge's at lambda/alpha.
#[test]
fn the_precisions_are_a_fixed_point() {
    for (n, p) in [(60, 4), (12, 20), (20, 20)] {
        let (x, y) = data(n, p);
        let data = Data::new(x.view()).with_values(y.view());
        let params = BayesianRidge { tol: 1e-13, max_iter: 50_000, compute_score: true, ..BayesianRidge::default() };
        let model = params.fit_on(&data, &Cpu).unwrap();
        assert!(model.linear.report.converged);
        let penalty = model.lambda[0] / model.alpha;
        let ridge = Ridge { alpha: penalty.into(), ..Ridge::default() }.fit_on(&data, &Cpu).unwrap();
        close(&ridge.coef, &model.linear.coef, 1e-7);
        let gamma = p as f64 - model.lambda[0] * model.sigma.diag().sum();
        let length = model.linear.coef.iter().map(|c| c * c).sum::<f64>();
        let lambda = (gamma + 2e-6) / (length + 2e-6);
        assert!((lambda / model.lambda[0] - 1.0).abs() < 1e-5, "{lambda} {}", model.lambda[0]);
        let residual = &model.predict_cpu(x.view()).unwrap() - &y;
        let alpha = (n as f64 - gamma + 2e-6) / (residual.iter().map(|r| r * r).sum::<f64>() + 2e-6);
        assert!((alpha / model.alpha - 1.0).abs() < 1e-5, "{alpha} {}", model.alpha);
        assert_eq!(model.scores.len(), model.linear.report.iterations[0] + 1);
        let std = model.deviation_on(&x.view().into(), &Control::new()).unwrap();
        assert!(std.iter().all(|s| *s >= (1.0 / model.alpha).sqrt() * (1.0 - 1e-12)));
    }
}

/// The covariance that is found through the rows is the inverse that defines it.
#[test]
fn the_covariance_is_the_inverse_of_the_precision() {
    for (n, p) in [(30, 5), (8, 12)] {
        let (x, y) = data(n, p);
        let data = Data::new(x.view()).with_values(y.view());
        let bayes = BayesianRidge { fit_intercept: false, ..BayesianRidge::default() }.fit_on(&data, &Cpu).unwrap();
        let params = ARDRegression { fit_intercept: false, threshold_lambda: 1e9, ..ARDRegression::default() };
        let ard = params.fit_on(&data, &Cpu).unwrap();
        for model in [bayes, ard] {
            let x = x.select(Axis(1), &model.kept);
            let lambda = |j: usize| if model.shared_lambda { model.lambda[0] } else { model.lambda[j] };
            let mut precision = x.t().dot(&x) * model.alpha;
            precision.diag_mut().iter_mut().zip(&model.kept).for_each(|(d, &j)| *d += lambda(j));
            let one = precision.dot(&model.sigma);
            close(&one, &Array2::eye(x.ncols()), 1e-4);
        }
    }
}

/// A column 1e8 times the others loses no digit of what they say: normal equations and covariance in its units.
#[test]
fn one_large_column_leaves_the_others_alone() {
    for (n, p) in [(40, 6), (20, 20), (12, 30)] {
        let (mut x, y) = data(n, p);
        x.column_mut(0).mapv_inplace(|v| v * 1e8);
        let data = Data::new(x.view()).with_values(y.view());
        let model = BayesianRidge { fit_intercept: false, ..Default::default() }.fit_on(&data, &Cpu).unwrap();
        let (w, lambda) = (model.linear.coef.row(0).to_owned(), model.lambda[0]);
        let residual = &y.column(0) - &x.dot(&w);
        let mut precision = x.t().dot(&x) * model.alpha;
        precision.diag_mut().mapv_inplace(|d| d + lambda);
        let one = precision.dot(&model.sigma);
        for (j, column) in x.columns().into_iter().enumerate() {
            let length = column.dot(&column).sqrt();
            let gradient = (column.dot(&residual) - lambda / model.alpha * w[j]) / length;
            assert!(gradient.abs() < 1e-7, "{n} {p} {j}: {gradient}");
            let unit = |j: usize| if j == 0 { 1e8 } else { 1.0 };
            let row = one.row(j).iter().enumerate().map(|(k, v)| v * unit(k) / unit(j)).collect::<Vec<_>>();
            // Rounding is up to alpha · n · 1e8 · eps.
            assert!(row.iter().enumerate().all(|(k, v)| (v - f64::from(j == k)).abs() < 1e-3), "{n} {p} {row:?}");
        }
    }
}

/// Rows and columns tell the same, also where the squares of X would lose the small columns.
#[test]
fn posteriors_by_rows_and_by_columns() {
    use crate::linear::solver::relevance::Moments;
    for (large, lambda) in [(1.0, 1.0), (1e8, 1.0), (1.0, 1e-12)] {
        let (mut x, y) = data(12, 30);
        x.column_mut(0).mapv_inplace(|v| v * large);
        let y = y.column(0).to_owned();
        let columns = Moments::Columns { gram: x.t().dot(&x), xty: x.t().dot(&y) };
        let rows = Moments::Rows { rows: x, y };
        let kept: Vec<usize> = (0..30).filter(|j| j % 5 != 3).collect();
        let kept = if lambda < 1.0 { kept[..8].to_vec() } else { kept };
        let precisions = Array1::from_shape_fn(30, |j| lambda * (1.0 + j as f64));
        let [a, b] = [&rows, &columns].map(|m| m.posterior(2.0, &precisions, &kept, &crate::Control::new()).unwrap());
        let [c, d] =
            [&rows, &columns].map(|m| m.distribution(2.0, &precisions, &kept, &crate::Control::new()).unwrap());
        assert!((a.log_det - b.log_det).abs() < 1e-6, "{} {}", a.log_det, b.log_det);
        let near =
            |a: &Array1<f64>, b: &Array1<f64>| (a - b).iter().zip(b).all(|(d, b)| d.abs() < 1e-6 * (b.abs() + 1e-8));
        assert!(near(&a.mean, &b.mean) && near(&c.0, &d.0), "{} {}", a.mean, b.mean);
        assert!((&a.determined - &b.determined).iter().all(|d| d.abs() < 1e-6));
        assert!((&c.1 - &d.1).iter().all(|v| v.abs() < 1e-6), "{large} {lambda}");
    }
}

#[test]
fn weights_repeat_rows_and_threads_do_not_matter() {
    fn check<P: FitOn<Cpu, Model = BayesianModel>>(params: P, shape: (usize, usize)) {
        let (x, y) = data(shape.0, shape.1);
        let weights = Array1::from_shape_fn(x.nrows(), |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..x.nrows()).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
        let (repeated, of_repeated) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let params = Checked::new(params).unwrap();
        let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
        let fit = |data: &Data<'_>, n| {
            let ctl = Control::new().with_threads(Some(n));
            P::fit_checked(&params, data, None, &Cpu, &ctl).unwrap()
        };
        let model = fit(&weighted, 1);
        assert_eq!(model, fit(&weighted, 3));
        let other = fit(&Data::new(repeated.view()).with_values(of_repeated.view()), 1);
        close(&model.linear.coef, &other.linear.coef, 1e-7);
        assert!((model.alpha / other.alpha - 1.0).abs() < 1e-6);
        assert_eq!(model.kept, other.kept);
        let std = |n| model.deviation_on(&x.view().into(), &Control::new().with_threads(Some(n))).unwrap();
        assert_eq!(std(1), std(3));
    }
    check(BayesianRidge::default(), (900, 3));
    check(BayesianRidge::default(), (20, 30));
    check(ARDRegression::default(), (900, 3));
    check(ARDRegression { max_iter: 20, ..ARDRegression::default() }, (20, 30));
}

#[test]
fn irrelevant_columns_are_dropped() {
    for (n, p) in [(80, 6), (40, 60)] {
        let (x, y) = data(n, p);
        let data = Data::new(x.view()).with_values(y.view());
        let model = ARDRegression { compute_score: true, ..ARDRegression::default() }.fit_on(&data, &Cpu).unwrap();
        assert!(model.kept.len() < p && model.kept.len() >= 2, "{} of {p}", model.kept.len());
        assert_eq!(model.scores.len(), model.linear.report.iterations[0]);
        let predicted = model.predict_cpu(x.view()).unwrap();
        let error = (&predicted - &y).iter().map(|e| e * e).sum::<f64>() / n as f64;
        assert!(error < 0.1, "{error}");
        let none = ARDRegression { threshold_lambda: 0.0, ..ARDRegression::default() }.fit_on(&data, &Cpu).unwrap();
        assert!(none.kept.is_empty() && none.linear.coef.iter().all(|c| *c == 0.0));
        none.check().unwrap();
        let flat = Data::new(x.view());
        let constant = Array2::from_elem((n, 1), 3.0);
        let flat = ARDRegression::default().fit_on(&flat.with_values(constant.view()), &Cpu).unwrap();
        let intercept = flat.linear.intercept[0];
        assert!(flat.kept.is_empty() && flat.sigma.is_empty() && (intercept - 3.0).abs() < 1e-14, "{intercept}");
        let std = none.deviation_on(&x.view().into(), &Control::new()).unwrap();
        assert!(std.iter().all(|s| *s == (1.0 / none.alpha).sqrt()));
    }
}

/// f32 and sparse X end where dense f64 does; what is rounded is rounded to X's type.
#[test]
fn types_and_sparse_data() {
    let (x, y) = data(50, 4);
    let x = x.mapv(|v| if v.abs() < 0.4 { 0.0 } else { f64::from(v as f32) });
    let narrow = x.mapv(|v| v as f32);
    let sparse = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    fn of<'a>(x: impl Into<AnyMatrix<'a>>, y: &'a Array2<f64>) -> BayesianModel {
        BayesianRidge::default().fit_on(&Data::new(x).with_values(y.view()), &Cpu).unwrap()
    }
    let wide = of(x.view(), &y);
    let by_moments = of(sparse.view(), &y);
    close(&wide.linear.coef, &by_moments.linear.coef, 1e-9);
    assert!((wide.alpha / by_moments.alpha - 1.0).abs() < 1e-9);
    let narrow = of(narrow.view(), &y);
    assert!(narrow.linear.coef.iter().all(|c| f64::from(*c as f32) == *c));
    close(&wide.linear.coef, &narrow.linear.coef, 1e-6);
}

/// Priors that know nothing on data that say everything, or nothing, still give numbers.
#[test]
fn precisions_stay_numbers() {
    let (x, _) = data(10, 3);
    let flat = |_: usize| (0.0, 0.0, 0.0, 0.0);
    let (alpha_1, alpha_2, lambda_1, lambda_2) = flat(0);
    let constant = Array2::from_elem((10, 3), 5.0);
    let line = x.column(0).to_owned().insert_axis(Axis(1));
    for (x, y) in [(&x, Array2::zeros((10, 1))), (&constant, line.clone()), (&x, line)] {
        let data = Data::new(x.view()).with_values(y.view());
        let bayes = BayesianRidge { alpha_1, alpha_2, lambda_1, lambda_2, compute_score: true, ..Default::default() };
        let ard = ARDRegression { alpha_1, alpha_2, lambda_1, lambda_2, compute_score: true, ..Default::default() };
        for model in [bayes.fit_on(&data, &Cpu).unwrap(), ard.fit_on(&data, &Cpu).unwrap()] {
            model.check().unwrap();
            assert!(model.linear.coef.iter().chain(&model.scores).chain(&model.sigma).all(|v| v.is_finite()));
        }
    }
    let (x, y) = data(10, 3);
    let data = Data::new(x.view()).with_values(y.view());
    for (alpha_init, lambda_init) in [(Some(0.0), None), (None, Some(0.0))] {
        let params = BayesianRidge { alpha_init, lambda_init, compute_score: true, ..Default::default() };
        let model = params.fit_on(&data, &Cpu).unwrap();
        close(&model.linear.coef, &BayesianRidge::default().fit_on(&data, &Cpu).unwrap().linear.coef, 1e-3);
        assert_eq!(model.scores[0], f64::NEG_INFINITY);
    }
    let both = BayesianRidge { alpha_init: Some(0.0), lambda_init: Some(0.0), ..Default::default() };
    assert!(matches!(both.validate(), Err(Error::Parameters(_))));
}

/// Weights that tell less than there are parameters: said, and the model stays one.
#[test]
fn small_weights_are_heard() {
    let (x, y) = data(30, 10);
    let weights = Array1::from_elem(30, 1.0 / 30.0);
    let data = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
    let params = BayesianRidge { alpha_init: Some(1e6), ..Default::default() };
    let model = params.fit_on(&data, &Cpu).unwrap();
    assert!(model.alpha > 0.0 && model.lambda[0] > 0.0);
    assert_eq!(model.linear.report.warnings.len(), 1);
}

#[test]
fn hostile_models_are_refused() {
    let (x, y) = data(20, 3);
    let model = BayesianRidge::default().fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    model.check().unwrap();
    let refused = |change: &dyn Fn(&mut BayesianModel)| {
        let mut changed = model.clone();
        change(&mut changed);
        assert!(matches!(changed.check(), Err(Error::File(_))));
    };
    refused(&|m| m.kept = vec![0, 0, 1]);
    refused(&|m| m.kept = vec![0, 1, 3]);
    refused(&|m| m.kept = vec![0, 1]);
    refused(&|m| m.alpha = f64::NAN);
    refused(&|m| m.alpha = 0.0);
    refused(&|m| m.lambda = vec![]);
    refused(&|m| m.x_mean = Array1::zeros(2));
    refused(&|m| m.sigma = Array2::zeros((3, 2)));
}
