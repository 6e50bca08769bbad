//! Stochastic gradients against optimality, weights, threads, layouts, and runs that go on.

use super::*;
use crate::linear::LinearClassifier;
use crate::{AnyMatrix, Checked, Control, Cpu, Data, Error, FitOn, Model, PredictOn, ProbaOn, Result};
use ndarray::{Array, Array1, Array2, ArrayView1, Axis};

fn numbers(n: usize) -> (Array2<f64>, Array2<f64>, Array2<u32>) {
    let x = Array::from_shape_fn((n, 4), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin());
    let y = Array::from_shape_fn((n, 1), |(i, _)| x[[i, 0]] * 2.0 - x[[i, 3]] + 0.3 * (i as f64).cos());
    let codes = y.mapv(|v| u32::from(v > -0.7) + u32::from(v > 0.8));
    (x, y, codes)
}

fn classify<'a>(
    params: &SGDClassifier,
    x: AnyMatrix<'a>,
    codes: &'a Array2<u32>,
    weights: Option<ArrayView1<'a, f64>>,
    start: Option<&Stepped<LinearClassifier>>,
    threads: usize,
) -> Result<Stepped<LinearClassifier>> {
    let classes = *codes.iter().max().unwrap() as usize + 1;
    let data = Data::new(x).with_classes(codes.view(), vec![classes]).with_weights(weights);
    let ctl = Control::new().with_threads(Some(threads));
    SGDClassifier::fit_checked(Checked::new_ref(params)?, &data, start, &Cpu, &ctl)
}

/// With steps that shrink, the gradient of the objective vanishes.
#[test]
fn steps_that_shrink_come_to_the_minimum() {
    let (x, y, _) = numbers(300);
    let alpha = 0.05;
    let params = SGDRegressor {
        alpha,
        learning_rate: LearningRate::Adaptive,
        eta0: 0.05,
        tol: Some(1e-9),
        n_iter_no_change: 3,
        max_iter: 5000,
        ..SGDRegressor::default()
    };
    let model = params.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let (coef, b) = (model.model.coef.row(0), model.model.intercept[0]);
    let residual = x.dot(&coef) + b - y.column(0);
    let gradient = x.t().dot(&residual) / 300.0 + &(&coef * alpha);
    assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient}");
    assert!((residual.sum() / 300.0).abs() < 1e-3);
    assert!(model.report().converged);
}

/// Rows of weight 0 leave no trace, the bits of the others' fit; all-zero weights are refused.
#[test]
fn weights_of_zero_take_rows_out() {
    let (x, _, codes) = numbers(120);
    let kept: Vec<usize> = (0..120).filter(|i| i % 3 != 1).collect();
    let weights = Array1::from_shape_fn(120, |i| if i % 3 == 1 { 0.0 } else { 1.0 + (i % 2) as f64 });
    let params = SGDClassifier { average: 20, ..SGDClassifier::default() };
    let all = classify(&params, x.view().into(), &codes, Some(weights.view()), None, 1).unwrap();
    let (x_kept, codes_kept) = (x.select(Axis(0), &kept), codes.select(Axis(0), &kept));
    let some = weights.select(Axis(0), &kept);
    let less = classify(&params, x_kept.view().into(), &codes_kept, Some(some.view()), None, 1).unwrap();
    assert_eq!(all, less);
    let none = Array1::zeros(120);
    assert!(matches!(classify(&params, x.view().into(), &codes, Some(none.view()), None, 1), Err(Error::Input(_))));
}

#[test]
fn threads_and_layouts_change_no_bit() {
    let (x, _, codes) = numbers(200);
    for penalty in [None, Some(PenaltyName::L2), Some(PenaltyName::L1), Some(PenaltyName::Elasticnet)] {
        let params = SGDClassifier { penalty, average: 1, alpha: 1e-2, ..SGDClassifier::default() };
        let one = classify(&params, x.view().into(), &codes, None, None, 1).unwrap();
        assert_eq!(one, classify(&params, x.view().into(), &codes, None, None, 2).unwrap());
        let by_column = x.t().as_standard_layout().into_owned();
        assert_eq!(one, classify(&params, by_column.t().into(), &codes, None, None, 2).unwrap());
        let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
        let sparse = classify(&params, csr.view().into(), &codes, None, None, 1).unwrap();
        assert_eq!(sparse, classify(&params, csr.to_csc().view().into(), &codes, None, None, 2).unwrap());
        assert_eq!(one.model.coef.dim(), (3, 4));
    }
    let narrow = x.mapv(|v| v as f32);
    let params = SGDClassifier { loss: SgdLoss::LogLoss, ..SGDClassifier::default() };
    let model = classify(&params, narrow.view().into(), &codes, None, None, 1).unwrap();
    assert!(model.model.coef.iter().all(|&v| f64::from(v as f32) == v));
    let p = model.proba_on(&x.view().into(), &Control::new()).unwrap().remove(0);
    assert!(p.sum_axis(Axis(1)).iter().all(|s| (s - 1.0).abs() < 1e-12));
}

/// Two passes are one pass and another that goes on from its model: steps, means and all.
#[test]
fn a_run_goes_on_where_it_stopped() {
    let (x, _, codes) = numbers(90);
    for average in [0, 1, 100] {
        let whole = SGDClassifier { max_iter: 2, tol: None, shuffle: false, average, ..SGDClassifier::default() };
        let pass = SGDClassifier { max_iter: 1, ..whole.clone() };
        let first = classify(&pass, x.view().into(), &codes, None, None, 1).unwrap();
        let second = classify(&pass, x.view().into(), &codes, None, Some(&first), 1).unwrap();
        let both = classify(&whole, x.view().into(), &codes, None, None, 1).unwrap();
        let away = (&second.model.coef - &both.model.coef).iter().fold(0.0_f64, |a, d| a.max(d.abs()));
        assert!(away < 1e-10 * both.model.coef.iter().fold(0.0_f64, |a, v| a.max(v.abs())), "{average}: {away:e}");
        assert_eq!((second.t, both.t), (181.0, 181.0));
    }
    let other = classify(&SGDClassifier::default(), x.view().into(), &codes.mapv(|c| c.min(1)), None, None, 1).unwrap();
    assert!(classify(&SGDClassifier::default(), x.view().into(), &codes, None, Some(&other), 1).is_err());
}

#[test]
fn early_stopping_holds_rows_out() {
    let (x, y, codes) = numbers(200);
    let params = SGDClassifier { early_stopping: true, validation_fraction: 0.2, ..SGDClassifier::default() };
    let model = classify(&params, x.view().into(), &codes, None, None, 1).unwrap();
    assert!(model.report().converged && model.report().iterations.iter().all(|&passes| passes < 1000));
    let rows = (0..50).collect::<crate::folds::Rows>();
    let params = SGDRegressor { early_stopping: true, validation_rows: Some(rows), ..SGDRegressor::default() };
    let fit = |y: &Array2<f64>| params.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    // What is held out is not learnt from: where it asks for as many passes, its values make no difference.
    let (first, mut shifted) = (fit(&y), y.clone());
    shifted.slice_mut(ndarray::s![..50, ..]).mapv_inplace(|v| 3.0 * v);
    let passes = first.report().iterations[0];
    let fixed = SGDRegressor { tol: None, max_iter: passes, ..params.clone() };
    let again = |y: &Array2<f64>| fixed.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    assert_eq!(again(&y).model.coef, again(&shifted).model.coef);
}

#[test]
fn what_is_not_finite_is_found() {
    let (mut x, _, codes) = numbers(50);
    // The hinge alone would never notice: it is flat where nothing compares.
    x[[17, 2]] = f64::NAN;
    let error = classify(&SGDClassifier::default(), x.view().into(), &codes, None, None, 1).unwrap_err();
    assert!(error.to_string().contains("Input X contains NaN"), "{error}");
    let (x, y, _) = numbers(50);
    let params = SGDRegressor { eta0: 1e300, learning_rate: LearningRate::Constant, ..SGDRegressor::default() };
    let error = params.fit_on(&Data::new((&x * 1e10).view()).with_values(y.view()), &Cpu).unwrap_err();
    assert!(error.to_string().contains("under-/overflow occurred at epoch #1"), "{error}");
    let wrong = SGDRegressor { loss: SgdLoss::Hinge, ..SGDRegressor::default() };
    assert!(Checked::new(wrong).is_err());
}

/// More rows end outside the larger nu is; predictions are 1 and -1.
#[test]
fn the_one_class_machine_leaves_its_share_outside() {
    let x = Array::from_shape_fn((500, 3), |(i, j)| 2.0 + ((i * 13 + j * 7 + i * i) as f64).sin());
    let mut shares = Vec::new();
    for nu in [0.05, 0.5] {
        let params = SGDOneClassSVM { nu, max_iter: 200, tol: None, average: 1, ..SGDOneClassSVM::default() };
        let model = params.fit_on(&Data::new(x.view()), &Cpu).unwrap();
        let labels = model.predict_cpu(x.view()).unwrap();
        assert!(labels.iter().all(|&l| l == 1.0 || l == -1.0));
        shares.push(labels.iter().filter(|&&l| l < 0.0).count() as f64 / 500.0);
    }
    assert!(shares[0] < 0.15 && shares[1] > 0.2 && shares[1] < 0.6, "{shares:?} outside");
}

/// Passive-aggressive steps: without a bound each step makes its row right.
#[test]
fn a_passive_aggressive_step_is_just_long_enough() {
    let x = ndarray::array![[1.0, 2.0], [0.0, 0.0], [3.0, -1.0]];
    let y = ndarray::array![[5.0], [0.0], [-4.0]];
    let one = PassiveAggressiveRegressor {
        c: f64::INFINITY,
        fit_intercept: false,
        max_iter: 1,
        tol: None,
        shuffle: false,
        epsilon: 0.5,
        ..PassiveAggressiveRegressor::default()
    };
    let model = one.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let last = model.predict_cpu(x.view()).unwrap()[[2, 0]];
    assert!((last - -3.5).abs() < 1e-12, "{last}");
    assert!(Checked::new(PassiveAggressiveClassifier { c: 0.0, ..Default::default() }).is_err());
}
