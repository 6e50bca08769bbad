//! Linear machines: no step in any coordinate goes down, methods agree, weights are repetitions, threads change no bit,
//! hard problems end.

use super::*;
use crate::linear::{LinearClassifier, LinearModel};
use crate::{AnyMatrix, Checked, Control, Cpu, Data, FitOn};
use ironlearn_linalg::{Compressed, Indices, Layout};
use ndarray::{Array, Array1, Array2, ArrayView1, s};

fn rows(n: usize, p: usize) -> Array2<f64> {
    Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin() + j as f64 * 0.1)
}

/// Classes that overlap.
fn classes(x: &Array2<f64>, k: usize) -> Array2<u32> {
    Array::from_shape_fn((x.nrows(), 1), |(i, _)| {
        let score = x[[i, 0]] + 0.5 * x[[i, x.ncols() - 1]] + ((i * i) as f64).cos();
        ((score * 1.3 + 1.0).max(0.0) as u32).min(k as u32 - 1)
    })
}

fn classify<'a>(
    params: &LinearSVC,
    x: impl Into<AnyMatrix<'a>>,
    codes: &'a Array2<u32>,
    k: usize,
    w: Option<ArrayView1<'a, f64>>,
) -> LinearClassifier {
    params.fit_on(&Data::new(x).with_classes(codes.view(), vec![k]).with_weights(w), &Cpu).unwrap()
}

fn regress<'a>(
    params: &LinearSVR,
    x: impl Into<AnyMatrix<'a>>,
    y: &'a Array2<f64>,
    w: Option<ArrayView1<'a, f64>>,
) -> LinearModel {
    params.fit_on(&Data::new(x).with_values(y.view()).with_weights(w), &Cpu).unwrap()
}

/// The objective of two classes at coefficients with the intercept last.
fn of_classes(params: &LinearSVC, x: &Array2<f64>, codes: &Array2<u32>, w: &Array1<f64>, theta: &[f64]) -> f64 {
    let p = x.ncols();
    let z = x.dot(&ArrayView1::from(&theta[..p])) + theta[p];
    let loss = |z: f64, code: u32| {
        let short = (1.0 - z * (2.0 * f64::from(code) - 1.0)).max(0.0);
        if params.loss == HingeLoss::Hinge { short } else { short * short }
    };
    let losses: f64 = (0..x.nrows()).map(|i| w[i] * loss(z[i], codes[[i, 0]])).sum();
    let b = theta[p] / params.intercept_scaling;
    params.c * losses
        + match params.penalty {
            Norm::L1 => theta[..p].iter().map(|v| v.abs()).sum::<f64>() + b.abs(),
            Norm::L2 => 0.5 * (theta[..p].iter().map(|v| v * v).sum::<f64>() + b * b),
        }
}

fn of_numbers(params: &LinearSVR, x: &Array2<f64>, y: &Array2<f64>, w: &Array1<f64>, theta: &[f64]) -> f64 {
    let p = x.ncols();
    let r = &y.column(0) - &x.dot(&ArrayView1::from(&theta[..p])) - theta[p];
    let loss = |r: f64| {
        let outside = (r.abs() - params.epsilon).max(0.0);
        if params.loss == TubeLoss::EpsilonInsensitive { outside } else { outside * outside }
    };
    let b = theta[p] / params.intercept_scaling;
    let losses: f64 = r.iter().zip(w).map(|(&r, w)| w * loss(r)).sum();
    params.c * losses + 0.5 * (theta[..p].iter().map(|v| v * v).sum::<f64>() + b * b)
}

fn theta(coef: ArrayView1<'_, f64>, intercept: f64) -> Vec<f64> {
    coef.iter().copied().chain([intercept]).collect()
}

/// No step of `h` in a coordinate gains more than the objective's curvature there and its tolerance explain.
fn is_lowest(what: &str, objective: &dyn Fn(&[f64]) -> f64, at: &[f64]) {
    let best = objective(at);
    for j in 0..at.len() {
        for h in [-1e-2, -1e-4, 1e-4, 1e-2] {
            let mut moved = at.to_vec();
            moved[j] += h;
            let found = objective(&moved);
            assert!(found >= best - 1e-9 * best, "{what}, coordinate {j}: {found} after {best}");
        }
    }
}

#[test]
fn classes_are_told_apart_at_an_optimum() {
    for (n, p) in [(80, 3), (300, 8), (20, 40)] {
        let x = rows(n, p);
        let codes = classes(&x, 2);
        let w: Array1<f64> = (0..n).map(|i| (i % 3) as f64 + 0.5).collect();
        for (loss, penalty) in
            [(HingeLoss::Hinge, Norm::L2), (HingeLoss::SquaredHinge, Norm::L2), (HingeLoss::SquaredHinge, Norm::L1)]
        {
            for (c, intercept_scaling) in [(0.05, 1.0), (3.0, 10.0)] {
                let params = LinearSVC {
                    loss,
                    penalty,
                    c,
                    intercept_scaling,
                    tol: 1e-10,
                    max_iter: 200_000,
                    ..Default::default()
                };
                let model = classify(&params, x.view(), &codes, 2, Some(w.view()));
                assert!(model.report.converged, "{n} × {p} {loss:?} {penalty:?}: {:?}", model.report);
                let at = theta(model.coef.row(0), model.intercept[0]);
                is_lowest(&format!("{n} × {p} {params:?}"), &|t| of_classes(&params, &x, &codes, &w, t), &at);
            }
        }
    }
}

#[test]
fn numbers_are_met_at_an_optimum() {
    for (n, p) in [(80, 3), (300, 8), (20, 40)] {
        let x = rows(n, p);
        let y = Array::from_shape_fn((n, 1), |(i, _)| x[[i, 0]] * 2.0 - ((i * i * 3) as f64).cos().powi(3) + 5.0);
        let w: Array1<f64> = (0..n).map(|i| (i % 3) as f64 + 0.5).collect();
        for loss in [TubeLoss::EpsilonInsensitive, TubeLoss::SquaredEpsilonInsensitive] {
            for (c, epsilon) in [(0.05, 0.0), (3.0, 0.3), (0.5, 20.0)] {
                let params = LinearSVR { loss, c, epsilon, tol: 1e-10, max_iter: 200_000, ..Default::default() };
                let model = regress(&params, x.view(), &y, Some(w.view()));
                assert!(model.report.converged, "{n} × {p} {params:?}: {:?}", model.report);
                let at = theta(model.coef.row(0), model.intercept[0]);
                is_lowest(&format!("{n} × {p} {params:?}"), &|t| of_numbers(&params, &x, &y, &w, t), &at);
            }
        }
    }
}

/// Interior point and descent on the dual end at one objective.
#[test]
fn methods_agree() {
    let x = rows(200, 6);
    let codes = classes(&x, 2);
    let y: Vec<f64> = codes.iter().map(|&c| 2.0 * f64::from(c) - 1.0).collect();
    let numbers: Vec<f64> = x.column(1).iter().map(|v| 3.0 * v + 1.0).collect();
    for (pays, y) in [
        (problem::Pays::Hinge, &y),
        (problem::Pays::Insensitive(0.0), &numbers),
        (problem::Pays::Insensitive(0.2), &numbers),
    ] {
        let problem = problem::Problem {
            pays,
            norm: Norm::L2,
            y: y.clone(),
            cost: (0..200).map(|i| 0.1 * (i % 4) as f64).collect(),
            intercept: Some(1.0),
            tol: 1e-9,
            max_iter: 1_000_000,
            dual: true,
            seed: (3, 0),
        };
        let ctl = Control::new();
        let matrix = || Matrix::Dense(x.view());
        let inside = interior::solve(&problem, matrix(), &Cpu, &ctl).unwrap();
        let descent = dual::solve(&problem, &matrix(), &ctl).unwrap();
        assert!(inside.converged && descent.converged);
        for (a, b) in inside.coef.iter().zip(&descent.coef) {
            assert!((a - b).abs() < 1e-4, "{pays:?}: {:?} {:?}", inside.coef, descent.coef);
        }
    }
}

#[test]
fn weights_are_repetitions_and_threads_change_no_bit() {
    let x = rows(150, 5);
    let codes = classes(&x, 3);
    let weights: Array1<f64> = (0..150).map(|i| (i % 3) as f64).collect();
    let again: Vec<usize> = (0..150).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let (long, long_codes) = (x.select(ndarray::Axis(0), &again), codes.select(ndarray::Axis(0), &again));
    for (loss, multi_class) in [
        (HingeLoss::Hinge, MultiClass::Ovr),
        (HingeLoss::SquaredHinge, MultiClass::Ovr),
        (HingeLoss::Hinge, MultiClass::CrammerSinger),
    ] {
        let params = LinearSVC { loss, multi_class, tol: 1e-9, max_iter: 100_000, ..Default::default() };
        let one = classify(&params, x.view(), &codes, 3, Some(weights.view()));
        let other = classify(&params, long.view(), &long_codes, 3, None);
        assert_eq!(one.coef.dim(), (3, 5));
        let off = (&one.coef - &other.coef).mapv(f64::abs).into_iter().fold(0.0, f64::max);
        assert!(off < 2e-5, "{loss:?} {multi_class:?}: {off:e}");
        let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
        let with = |threads| {
            let ctl = Control::new().with_threads(Some(threads));
            LinearSVC::fit_checked(&Checked::new(params.clone()).unwrap(), &data, None, &Cpu, &ctl).unwrap()
        };
        assert_eq!(with(1).coef, with(2).coef);
    }
}

/// The joint problem's gradient conditions, through its objective.
#[test]
fn all_classes_together_are_at_an_optimum() {
    let x = rows(120, 4);
    let codes = classes(&x, 3);
    let params =
        LinearSVC { multi_class: MultiClass::CrammerSinger, tol: 1e-9, max_iter: 100_000, ..Default::default() };
    let model = classify(&params, x.view(), &codes, 3, None);
    assert!(model.report.converged);
    let objective = |t: &[f64]| {
        let w = ArrayView1::from(t).into_shape_with_order((3, 5)).unwrap();
        let z = x.dot(&w.slice(s![.., ..4]).t()) + w.column(4);
        let loss = |i: usize| {
            let own = codes[[i, 0]] as usize;
            let worst = (0..3).map(|k| z[[i, k]] + f64::from(u8::from(k != own))).fold(f64::NEG_INFINITY, f64::max);
            worst - z[[i, own]]
        };
        0.5 * t.iter().map(|v| v * v).sum::<f64>() + (0..120).map(loss).sum::<f64>()
    };
    let at: Vec<f64> = (0..3).flat_map(|k| theta(model.coef.row(k), model.intercept[k])).collect();
    is_lowest("crammer-singer", &objective, &at);
}

/// Everything ends, and says what it is.
#[test]
fn hard_problems_end() {
    let mut x = rows(60, 3);
    let codes = classes(&x, 2);
    // Pairs of equal rows, some of them of both classes.
    for i in 0..30 {
        let row = x.row(2 * i).to_owned();
        x.row_mut(2 * i + 1).assign(&row);
    }
    let none_of_one: Array1<f64> = codes.column(0).mapv(|c| f64::from(c == 0));
    for (c, scale) in [(1e10, 1.0), (1e-10, 1.0), (1.0, 1e8), (1.0, 1e-8)] {
        let x = &x * scale;
        for loss in [HingeLoss::Hinge, HingeLoss::SquaredHinge] {
            for weights in [None, Some(none_of_one.view())] {
                for multi_class in [MultiClass::Ovr, MultiClass::CrammerSinger] {
                    let params = LinearSVC { loss, c, multi_class, ..Default::default() };
                    let model = classify(&params, x.view(), &codes, 2, weights);
                    assert!(model.coef.iter().chain(&model.intercept).all(|v| v.is_finite()), "{params:?} {scale}");
                }
            }
        }
    }
    let zeros = Array2::<f64>::zeros((5, 2));
    let y = Array2::from_elem((5, 1), 3.0);
    let model = regress(&LinearSVR::default(), zeros.view(), &y, None);
    assert_eq!(model.coef, ndarray::array![[0.0, 0.0]]);
    let few = LinearSVR { max_iter: 0, ..Default::default() };
    assert!(
        !regress(&few, rows(30, 2).view(), &Array2::from_shape_fn((30, 1), |(i, _)| i as f64), None).report.converged
    );
}

#[test]
fn combinations_without_a_solver_are_refused() {
    let x = rows(10, 2);
    let codes = classes(&x, 2);
    let data = Data::new(x.view()).with_classes(codes.view(), vec![2]);
    let refused = |loss, penalty, dual| {
        let params = LinearSVC { loss, penalty, dual, ..Default::default() };
        params.fit_on(&data, &Cpu).unwrap_err().to_string()
    };
    assert!(refused(HingeLoss::Hinge, Norm::L1, Dual::Rule(Auto::Auto)).contains("is not supported, Parameters"));
    assert!(refused(HingeLoss::Hinge, Norm::L2, Dual::Given(false)).contains("dual=False"));
    assert!(refused(HingeLoss::SquaredHinge, Norm::L1, Dual::Given(true)).contains("dual=True"));
}

#[test]
fn the_bound_of_c_is_where_coefficients_begin() {
    let x = rows(40, 3);
    let codes = classes(&x, 2);
    let data = Data::new(x.view()).with_classes(codes.view(), vec![2]);
    let bound = l1_min_c(&data, BoundLoss::SquaredHinge, Some(1.0), &Control::new()).unwrap();
    let at = |c| {
        let params = LinearSVC { penalty: Norm::L1, c, tol: 1e-8, ..Default::default() };
        let model = classify(&params, x.view(), &codes, 2, None);
        model.coef.iter().chain(&model.intercept).any(|&v| v != 0.0)
    };
    assert!(!at(bound * 0.999) && at(bound * 1.01));
}

/// Squared losses of several problems on many columns with few entries: the lowest objective, and the same bits at any
/// number of threads and in any layout.
#[test]
fn many_columns_go_by_conjugate_gradients() {
    let full = rows(500, 160);
    let x = Array::from_shape_fn((500, 160), |(i, j)| if (i * 7 + j * 3) % 9 == 0 { full[[i, j]] } else { 0.0 });
    let codes = classes(&x, 3);
    let params = LinearSVC { tol: 1e-8, max_iter: 100_000, ..Default::default() };
    let model = classify(&params, x.view(), &codes, 3, None);
    assert!(model.report.converged && model.report.solver == "newton-cg", "{:?}", model.report);
    let alone = Control::new().with_threads(Some(1));
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let checked = Checked::new(params.clone()).unwrap();
    let again = LinearSVC::fit_checked(&checked, &data, None, &Cpu, &alone).unwrap();
    assert_eq!(model.coef, again.coef);
    let turned = x.t().as_standard_layout().reversed_axes().to_owned();
    assert_eq!(model.coef, classify(&params, turned.view(), &codes, 3, None).coef);
    for class in 0..3 {
        let own = codes.mapv(|code| u32::from(code == class));
        let at = theta(model.coef.row(class as usize), model.intercept[class as usize]);
        let ones = Array1::ones(x.nrows());
        is_lowest(&format!("class {class}"), &|t| of_classes(&params, &x, &own, &ones, t), &at);
    }
    let y = Array::from_shape_fn((500, 1), |(i, _)| 2.0 * x[[i, 0]] - ((i * i * 3) as f64).cos());
    let loss = TubeLoss::SquaredEpsilonInsensitive;
    let params = LinearSVR { loss, epsilon: 0.2, tol: 1e-8, ..Default::default() };
    let model = regress(&params, x.view(), &y, None);
    assert!(model.report.converged && model.report.solver == "newton-cg", "{:?}", model.report);
    let at = theta(model.coef.row(0), model.intercept[0]);
    is_lowest("a tube", &|t| of_numbers(&params, &x, &y, &Array1::ones(500), t), &at);
}

/// Whatever the units and C, conjugate gradients end.
#[test]
fn hard_problems_on_many_columns_end() {
    let x = Array::from_shape_fn(
        (200, 160),
        |(i, j)| if (i + j) % 5 == 0 { ((i * 37 + j * 101) as f64).sin() } else { 0.0 },
    );
    let codes = classes(&x, 2);
    for (c, scale) in [(1e10, 1.0), (1e-10, 1.0), (1.0, 1e8), (1.0, 1e-8)] {
        let mut x = &x * scale;
        x.column_mut(3).mapv_inplace(|v| v * 1e6);
        let model = classify(&LinearSVC { c, ..Default::default() }, x.view(), &codes, 2, None);
        assert!(model.coef.iter().chain(&model.intercept).all(|v| v.is_finite()), "{c} {scale}: {:?}", model.report);
    }
}

/// Rows with all entries and those with the entries other than 0, several problems and one: one optimum, Newton's.
#[test]
fn rows_of_both_kinds_have_one_optimum() {
    let x = rows(300, 40);
    let codes = classes(&x, 3);
    let problem = |class: u32| problem::Problem {
        pays: problem::Pays::SquaredHinge,
        norm: Norm::L2,
        y: codes.iter().map(|&code| if code == class { 1.0 } else { -1.0 }).collect(),
        cost: (0..300).map(|i| 0.1 * (i % 4) as f64).collect(),
        intercept: Some(2.0),
        tol: 1e-9,
        max_iter: 1000,
        dual: false,
        seed: (3, 0),
    };
    let (all, ctl) = ((0..3).map(problem).collect::<Vec<_>>(), Control::new());
    let turned = x.t().as_standard_layout().into_owned();
    let together = newton::solve(&all, 40, &lines::Full::new(&turned.t()), &ctl).unwrap();
    for (problem, found) in all.iter().zip(together) {
        let other = smooth::solve(problem, Matrix::Dense(x.view()), &Cpu, &ctl).unwrap();
        let alone = newton::solve(std::slice::from_ref(problem), 40, &lines::Full::new(&x.view()), &ctl).unwrap();
        assert!(found.converged && other.converged && alone[0].converged);
        for ((a, b), c) in found.coef.iter().zip(&other.coef).zip(&alone[0].coef) {
            assert!((a - b).abs() < 1e-6 && (a - c).abs() < 1e-6, "{a} {b} {c}");
        }
    }
}

/// Columns of sparse rows one by one, with an L1 penalty: the lowest objective, and exact zeros.
#[test]
fn sparse_columns_with_an_l1_penalty_are_at_an_optimum() {
    let full = rows(300, 210);
    let x = Array::from_shape_fn((300, 210), |(i, j)| if (i * 7 + j * 3) % 9 == 0 { full[[i, j]] } else { 0.0 });
    let (mut starts, mut indices, mut values) = (vec![0_i64], Vec::new(), Vec::new());
    for row in x.rows() {
        for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            indices.push(j as i64);
            values.push(v);
        }
        starts.push(values.len() as i64);
    }
    let (starts, indices) = (Indices::I64(&starts), Indices::I64(&indices));
    let sparse = Compressed::new(Layout::Row, (300, 210), starts, indices, &values).unwrap();
    let codes = classes(&x, 2);
    let w: Array1<f64> = (0..300).map(|i| (i % 3) as f64 + 0.5).collect();
    for (c, intercept_scaling) in [(0.05, 1.0), (3.0, 10.0)] {
        let given = LinearSVC { penalty: Norm::L1, c, intercept_scaling, ..Default::default() };
        let params = LinearSVC { tol: 1e-8, max_iter: 100_000, ..given };
        let model = classify(&params, AnyMatrix::F64(Matrix::Sparse(sparse)), &codes, 2, Some(w.view()));
        assert!(model.report.converged && model.report.solver == "coordinate-descent", "{:?}", model.report);
        assert!(model.coef.iter().any(|&v| v == 0.0) && model.coef.iter().any(|&v| v != 0.0));
        let at = theta(model.coef.row(0), model.intercept[0]);
        is_lowest(&format!("C = {c}"), &|t| of_classes(&params, &x, &codes, &w, t), &at);
    }
}
