//! LogisticRegression against its optimality conditions and its own symmetries.

use super::*;
use crate::{Cpu, PredictOn};
use ndarray::{Array, Axis, array};

fn rows(n: usize, p: usize) -> Array2<f64> {
    Array::from_shape_fn((n, p), |(i, j)| {
        let wave = ((i * (2 * j + 3)) as f64 * 0.37).sin() + ((i + 5 * j) as f64 * 1.3).cos();
        wave * 10.0_f64.powi(j as i32 % 3 - 1) + j as f64
    })
}

fn codes(x: &Array2<f64>, k: usize) -> Array2<u32> {
    x.map_axis(Axis(1), |row| {
        let score = row[0] * 20.0 + row[1] + (row[1] * 91.0).sin() * 3.0;
        (score.abs() * 0.7) as u32 % k as u32
    })
    .insert_axis(Axis(1))
}

/// The gradient of the unpenalised average loss, by definition.
fn gradient(
    x: &Array2<f64>,
    y: &Array2<u32>,
    w: &[f64],
    model: &LinearClassifier,
    k: usize,
) -> (Array2<f64>, Vec<f64>) {
    let scores = x.dot(&model.coef.t()) + &model.intercept;
    let p = Probabilities::Softmax.of(scores).unwrap();
    let outputs = model.coef.nrows();
    let mut g = Array2::zeros(model.coef.dim());
    let mut b = vec![0.0; outputs];
    let total: f64 = w.iter().sum();
    for i in 0..x.nrows() {
        for a in 0..outputs {
            let class = if k == 2 { 1 } else { a };
            let r = w[i] * (p[[i, class]] - f64::from(u8::from(y[[i, 0]] as usize == class))) / total;
            g.row_mut(a).scaled_add(r, &x.row(i));
            b[a] += r;
        }
    }
    (g, b)
}

#[test]
fn every_penalty_meets_its_optimality_conditions() {
    let x = rows(300, 5);
    for k in [2, 3] {
        let y = codes(&x, k);
        let w: Vec<f64> = (0..300).map(|i| 0.5 + (i % 3) as f64).collect();
        let weights = Array1::from(w.clone());
        let data = Data::new(x.view()).with_classes(y.view(), vec![k]).with_weights(Some(weights.view()));
        let total: f64 = w.iter().sum();
        for (ratio, c) in [(0.0, 1.0), (0.0, f64::INFINITY), (1.0, 0.02), (0.4, 0.05)] {
            let solver = LogisticSolver::Saga;
            let fit = LogisticRegression { c, l1_ratio: ratio, solver, tol: 1e-9, ..LogisticRegression::default() };
            let model = fit.fit_on(&data, &Cpu).unwrap();
            assert!(model.report.converged, "{k} classes, ratio {ratio}: {:?}", model.report);
            let (g, b) = gradient(&x, &y, &w, &model, k);
            let strength = 1.0 / (c * total);
            assert!(b.iter().all(|b| b.abs() < 1e-7), "{k} classes, ratio {ratio}: {b:?}");
            for (g, &v) in g.iter().zip(&model.coef) {
                let smooth = g + (1.0 - ratio) * strength * v;
                let l1 = ratio * strength;
                let slack = if v == 0.0 { (smooth.abs() - l1).max(0.0) } else { (smooth + l1 * v.signum()).abs() };
                assert!(slack < 1e-7, "{k} classes, ratio {ratio}: violated by {slack:e}");
            }
            if ratio == 1.0 {
                assert!(model.coef.iter().any(|&v| v == 0.0));
            }
        }
    }
}

#[test]
fn liblinear_penalises_the_intercept() {
    let x = rows(200, 3);
    let y = codes(&x, 2);
    let data = Data::new(x.view()).with_classes(y.view(), vec![2]);
    let scaled = |intercept_scaling, l1_ratio| {
        let solver = LogisticSolver::Liblinear;
        let fit = LogisticRegression { solver, tol: 1e-9, intercept_scaling, l1_ratio, c: 0.5, ..Default::default() };
        fit.fit_on(&data, &Cpu).unwrap()
    };
    let with_ones = ndarray::concatenate![Axis(1), x, Array2::from_elem((200, 1), 2.0)];
    let wide = Data::new(with_ones.view()).with_classes(y.view(), vec![2]);
    for l1_ratio in [0.0, 1.0] {
        let fit = LogisticRegression {
            solver: LogisticSolver::Saga,
            tol: 1e-9,
            c: 0.5,
            fit_intercept: false,
            l1_ratio,
            ..Default::default()
        };
        let expected = fit.fit_on(&wide, &Cpu).unwrap();
        let found = scaled(2.0, l1_ratio);
        assert!((found.intercept[0] - 2.0 * expected.coef[[0, 3]]).abs() < 1e-5);
        assert!((&found.coef - &expected.coef.slice(ndarray::s![.., ..3])).iter().all(|d| d.abs() < 1e-5));
    }
}

#[test]
fn weights_are_repetitions_and_threads_change_no_bit() {
    let x = rows(150, 4);
    for k in [2, 4] {
        let y = codes(&x, k);
        let w: Array1<f64> = (0..150).map(|i| (i % 3) as f64).collect();
        let repeated: Vec<usize> = (0..150).flat_map(|i| vec![i; i % 3]).collect();
        let (x2, y2) = (x.select(Axis(0), &repeated), y.select(Axis(0), &repeated));
        for ratio in [0.0, 1.0] {
            let fit = LogisticRegression {
                l1_ratio: ratio,
                solver: LogisticSolver::Saga,
                tol: 1e-10,
                ..LogisticRegression::default()
            };
            let weighted = Data::new(x.view()).with_classes(y.view(), vec![k]).with_weights(Some(w.view()));
            let a = fit.fit_on(&weighted, &Cpu).unwrap();
            let b = fit.fit_on(&Data::new(x2.view()).with_classes(y2.view(), vec![k]), &Cpu).unwrap();
            assert!((&a.coef - &b.coef).iter().all(|d| d.abs() < 1e-5), "{k} classes, ratio {ratio}");
            let of = |n| {
                let ctl = Control::new().with_threads(Some(n));
                LogisticRegression::fit_checked(&Checked::new(fit.clone()).unwrap(), &weighted, None, &Cpu, &ctl)
            };
            assert_eq!(of(1).unwrap().coef, of(2).unwrap().coef);
        }
    }
}

#[test]
fn units_do_not_matter_without_a_penalty_and_f32_is_kept() {
    let mut x = rows(400, 4);
    let y = codes(&x, 2);
    let free = LogisticRegression { c: f64::INFINITY, tol: 1e-10, ..LogisticRegression::default() };
    let before = free.fit_on(&Data::new(x.view()).with_classes(y.view(), vec![2]), &Cpu).unwrap();
    let p = before.predict_cpu(x.view()).unwrap();
    for (j, mut column) in x.columns_mut().into_iter().enumerate() {
        column *= [1e8, 1e-8, 1e3, 1.0][j];
    }
    let after = free.fit_on(&Data::new(x.view()).with_classes(y.view(), vec![2]), &Cpu).unwrap();
    assert!(after.report.converged && after.report.iterations[0] < 30, "{:?}", after.report);
    assert_eq!(p, after.predict_cpu(x.view()).unwrap());
    let narrow = rows(400, 4).mapv(|v| v as f32);
    let model = free.fit_on(&Data::new(narrow.view()).with_classes(y.view(), vec![2]), &Cpu).unwrap();
    assert!(model.coef.iter().all(|&v| f64::from(v as f32) == v));
    assert!((&model.coef - &before.coef).iter().zip(&before.coef).all(|(d, c)| d.abs() < 1e-3 * (1.0 + c.abs())));
}

#[test]
fn what_scikit_learn_refuses_is_refused() {
    let x = array![[0.0], [1.0], [2.0]];
    let y = array![[0_u32], [1], [2]];
    let data = Data::new(x.view()).with_classes(y.view(), vec![3]);
    let refused = |fit: LogisticRegression| fit.fit_on(&data, &Cpu).unwrap_err().to_string();
    let base = LogisticRegression::default();
    assert!(refused(LogisticRegression { l1_ratio: 1.0, ..base.clone() }).contains("supports only 'l2'"));
    let solver = LogisticSolver::Liblinear;
    assert!(refused(LogisticRegression { solver, ..base.clone() }).contains("multiclass"));
    assert!(refused(LogisticRegression { solver, l1_ratio: 0.5, ..base.clone() }).contains("elasticnet"));
    assert!(refused(LogisticRegression { c: 0.0, ..base.clone() }).contains("'C'"));
    let few = LogisticRegression { max_iter: 1, tol: 1e-12, ..base }.fit_on(&data, &Cpu).unwrap();
    assert!(!few.report.converged && few.report.warnings.len() == 1 && few.report.iterations == [1]);
}

/// All categories as columns beside an intercept, and a sum of columns: sweeps over coordinates alone would crawl.
#[test]
fn an_l1_penalty_on_columns_that_depend_on_each_other() {
    let numbers = rows(600, 3);
    let x = Array::from_shape_fn((600, 9), |(i, j)| match j {
        0..3 => numbers[[i, j]] * 1000.0,
        3 => numbers[[i, 0]] + numbers[[i, 1]],
        _ => f64::from(u8::from(i * 7 % 13 % 5 == j - 4)),
    });
    let y = codes(&numbers, 2);
    let data = Data::new(x.view()).with_classes(y.view(), vec![2]);
    for solver in [LogisticSolver::Saga, LogisticSolver::Liblinear] {
        let fit = LogisticRegression { l1_ratio: 1.0, solver, ..LogisticRegression::default() };
        let model = fit.fit_on(&data, &Cpu).unwrap();
        assert!(model.report.converged && model.report.iterations[0] < 20, "{:?}", model.report);
    }
}
