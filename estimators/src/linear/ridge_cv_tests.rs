//! RidgeCV against fits that really leave each row out.

use super::*;
use crate::Cpu;
use crate::linear::RidgeClassifierCV;
use ndarray::{Array, Array1, Array2};

const ALPHAS: [f64; 3] = [0.05, 1.0, 20.0];

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>, Array1<f64>) {
    let wave = |i: usize, j: usize| ((i * 37 + j * 101) as f64 * 0.61).sin() + 0.3 * j as f64;
    let x = Array::from_shape_fn((n, p), |(i, j)| wave(i, j));
    let y = Array::from_shape_fn((n, 2), |(i, k)| 2.0 * x[[i, 0]] - x[[i, (p - 1).min(1 + k)]] + wave(3 * i, 50 + k));
    let w = Array::from_shape_fn(n, |i| (i % 3) as f64 * 0.5 + 0.25);
    (x, y, w)
}

fn of<'a>(x: &'a Array2<f64>, y: &'a Array2<f64>, w: Option<&'a Array1<f64>>) -> Data<'a> {
    Data::new(x.view()).with_values(y.view()).with_weights(w.map(|w| w.view()))
}

/// The squared errors, weighted, of fits without each row: n × (penalties·targets).
fn left_out(x: &Array2<f64>, y: &Array2<f64>, w: &Array1<f64>, fit_intercept: bool) -> Array2<f64> {
    let mut errors = Array2::zeros((x.nrows(), 6));
    for i in 0..x.nrows() {
        let mut without = w.clone();
        without[i] = 0.0;
        for (m, &alpha) in ALPHAS.iter().enumerate() {
            let ridge = Ridge { alpha: alpha.into(), fit_intercept, ..Ridge::default() };
            let model = ridge.fit_on(&of(x, y, Some(&without)), &Cpu).unwrap();
            let row = model.predict_cpu(x.slice(ndarray::s![i..i + 1, ..])).unwrap();
            (0..2).for_each(|k| errors[[i, m * 2 + k]] = w[i] * (y[[i, k]] - row[[0, k]]).powi(2));
        }
    }
    errors
}

#[test]
fn errors_are_those_of_fits_without_the_row() {
    for (n, p) in [(30, 5), (12, 20), (9, 9)] {
        let (x, y, w) = data(n, p);
        for weighted in [false, true] {
            let ones = Array1::ones(n);
            let w = if weighted { &w } else { &ones };
            for fit_intercept in [true, false] {
                let expected = left_out(&x, &y, w, fit_intercept);
                for gcv_mode in [GcvMode::Auto, GcvMode::Svd, GcvMode::Eigen] {
                    let alphas = ALPHAS.to_vec();
                    let cv = RidgeCV { alphas, fit_intercept, gcv_mode, store_cv_results: true, ..RidgeCV::default() };
                    let model = cv.fit_on(&of(&x, &y, Some(w)), &Cpu).unwrap();
                    let found = model.choice.cv_results.as_ref().unwrap();
                    for (i, row) in found.iter().enumerate() {
                        for (c, e) in row.iter().enumerate() {
                            let want = expected[[i, c]];
                            assert!((e - want).abs() < 1e-8 * want.max(1e-2), "{n} × {p} {gcv_mode:?} {e} {want}");
                        }
                    }
                    let mean = |m: usize| expected.slice(ndarray::s![.., 2 * m..2 * m + 2]).mean().unwrap();
                    let best = (0..3).min_by(|&a, &b| mean(a).total_cmp(&mean(b))).unwrap();
                    assert_eq!(model.choice.alpha, [ALPHAS[best]]);
                    assert!((model.choice.best_score[0] + mean(best)).abs() < 1e-8 * mean(best));
                    let ridge = Ridge { alpha: ALPHAS[best].into(), fit_intercept, ..Ridge::default() };
                    let ridge = ridge.fit_on(&of(&x, &y, Some(w)), &Cpu).unwrap();
                    assert!((&ridge.coef - &model.linear.coef).iter().all(|d| d.abs() < 1e-9));
                }
            }
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_threads_and_each_target_can_choose() {
    let (x, y, w) = data(2000, 7);
    let cv = RidgeCV { alpha_per_target: true, ..RidgeCV::default() };
    let of_threads = |n| {
        let ctl = Control::new().with_threads(Some(n));
        RidgeCV::fit_checked(&Checked::new(cv.clone()).unwrap(), &of(&x, &y, Some(&w)), None, &Cpu, &ctl).unwrap()
    };
    let model = of_threads(1);
    assert_eq!(model, of_threads(3));
    for k in 0..2 {
        let alone = y.slice(ndarray::s![.., k..k + 1]).to_owned();
        let one = RidgeCV::default().fit_on(&of(&x, &alone, Some(&w)), &Cpu).unwrap();
        assert_eq!(one.choice.alpha[0], model.choice.alpha[k]);
        assert!((&one.linear.coef.row(0) - &model.linear.coef.row(k)).iter().all(|d| d.abs() < 1e-10));
    }
}

#[test]
fn folds_and_classes() {
    let (x, y, _) = data(60, 4);
    let cv = RidgeCV { cv: Some(Folds::Count(4)), alphas: vec![0.0, 1.0, 1e6], ..RidgeCV::default() };
    let model = cv.fit_on(&of(&x, &y, None), &Cpu).unwrap();
    assert!(model.choice.alpha[0] < 1e6 && model.choice.best_score[0] > 0.5);
    let codes = Array2::from_shape_fn((60, 1), |(i, _)| if y[[i, 0]] > 1.0 { 2 } else { u32::from(y[[i, 0]] > 0.0) });
    for cv in [None, Some(Folds::Count(3))] {
        let params = RidgeClassifierCV { cv, ..RidgeClassifierCV::default() };
        let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
        let model = params.fit_on(&data, &Cpu).unwrap();
        let right =
            model.predict_cpu(x.view()).unwrap().iter().zip(&codes).filter(|(a, b)| **a == f64::from(**b)).count();
        assert!(right > 40, "{right}");
        assert_eq!(model.linear.coef.nrows(), 3);
    }
    // Labels together.
    let codes = Array2::from_shape_fn((60, 2), |(i, k)| u32::from(y[[i, k]] > 0.5));
    let data = Data::new(x.view()).with_classes(codes.view(), vec![2, 2]);
    let model = RidgeClassifierCV::default().fit_on(&data, &Cpu).unwrap();
    assert_eq!(model.predict_cpu(x.view()).unwrap().dim(), (60, 2));
    assert!(RidgeCV { alphas: vec![0.0], ..RidgeCV::default() }.validate().is_err());
    assert!(RidgeCV { alphas: vec![], ..RidgeCV::default() }.validate().is_err());
}
