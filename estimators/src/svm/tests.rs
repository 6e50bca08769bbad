//! Optimality conditions of all machines, found again from their dual coefficients; weights, threads, hard input.

use super::*;
use crate::kernel::KernelFunction;
use crate::{Checked, Control, Cpu, Data, DecisionOn, FitOn, Model, PredictOn, ProbaOn};
use ndarray::{Array, Array1, Array2, Axis, array};

/// Rows of two overlapping clouds a class; numbers that no other formula gives.
fn rows(n: usize, p: usize) -> Array2<f64> {
    let noise = |k: usize| (((k * 7919 + k * k * 31) % 1009) as f64 / 1009.0 - 0.5) * 3.0;
    Array::from_shape_fn((n, p), |(i, j)| noise(i * p + j) + if i % 3 == 0 && j < 2 { 1.2 } else { 0.0 })
}

fn codes(n: usize, classes: usize) -> Array2<u32> {
    Array::from_shape_fn((n, 1), |(i, _)| if i % 3 == 0 { 0 } else { 1 + (i % (classes - 1)) as u32 })
}

fn kernel_of(kernel: crate::kernel::Kernel, x: &Array2<f64>, i: usize, j: usize) -> f64 {
    let (a, b) = (x.row(i), x.row(j));
    let product = a.dot(&b);
    match kernel.function {
        KernelFunction::Rbf => (-kernel.gamma * (&a - &b).mapv(|d| d * d).sum()).exp(),
        KernelFunction::Polynomial => (kernel.gamma * product + kernel.coef0).powi(kernel.degree as i32),
        KernelFunction::Sigmoid => (kernel.gamma * product + kernel.coef0).tanh(),
        KernelFunction::Precomputed => x[[i, j]],
        _ => product,
    }
}

/// The gradients at the signed duals `beta` of all rows, found anew.
pub(super) fn gradients(
    kernel: crate::kernel::Kernel,
    x: &Array2<f64>,
    beta: &[f64],
    linear: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let held: Vec<usize> = (0..beta.len()).filter(|&j| beta[j] != 0.0).collect();
    let sum = |i: usize| held.iter().map(|&j| beta[j] * kernel_of(kernel, x, i, j)).sum::<f64>();
    (0..beta.len()).map(|i| sum(i) + linear(i)).collect()
}

/// How far the signed duals `beta` within their bounds are from optimal, by gradients that are found anew.
pub(super) fn violation(
    kernel: crate::kernel::Kernel,
    x: &Array2<f64>,
    rows: &[usize],
    beta: &[f64],
    bounds: impl Fn(usize) -> (f64, f64),
    linear: impl Fn(usize) -> f64,
    epsilon: f64,
) -> f64 {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (r, &i) in rows.iter().enumerate() {
        let sum: f64 =
            rows.iter().zip(beta).filter(|(_, b)| **b != 0.0).map(|(&j, b)| b * kernel_of(kernel, x, i, j)).sum();
        let (g, (least, most)) = (sum + linear(r), bounds(r));
        assert!(beta[r] >= least && beta[r] <= most);
        if beta[r] < most {
            low = low.min(if beta[r] >= 0.0 { g + epsilon } else { g - epsilon });
        }
        if beta[r] > least {
            high = high.max(if beta[r] > 0.0 { g + epsilon } else { g - epsilon });
        }
    }
    high - low
}

/// The dual coefficients over all rows of a machine without classes.
fn spread(model: &SvmModel, n: usize) -> Vec<f64> {
    let mut beta = vec![0.0; n];
    model.support.iter().zip(&model.dual_coef.row(0)).for_each(|(&i, &b)| beta[i as usize] = b);
    beta
}

const KERNELS: [KernelFunction; 4] =
    [KernelFunction::Linear, KernelFunction::Polynomial, KernelFunction::Rbf, KernelFunction::Sigmoid];

/// Memory for whole matrices, and for so few rows that blocks and shrinking have to do.
const MEMORY: [f64; 2] = [200.0, 0.1];

#[test]
fn classes_meet_their_optimality_conditions() {
    let (n, x) = (300, rows(300, 5));
    let codes = codes(n, 3);
    for kernel in KERNELS {
        for cache_size in MEMORY {
            for (c, tol) in [(1.0, 1e-3), (20.0, 1e-5)] {
                let params = SVC { kernel, c, tol, cache_size, coef0: 0.5, ..SVC::default() };
                let model = params.fit_on(&Data::new(x.view()).with_classes(codes.view(), vec![3]), &Cpu).unwrap();
                model.check().unwrap();
                if !model.report.converged {
                    // The sigmoid is no kernel: what it asks for need not exist.
                    assert_eq!(kernel, KernelFunction::Sigmoid);
                    continue;
                }
                let begin = [0, model.n_support[0], model.n_support[0] + model.n_support[1]];
                for (i, j) in [(0_usize, 1_usize), (0, 2), (1, 2)] {
                    let of = |k: usize| (0..n).filter(|&r| codes[[r, 0]] as usize == k).collect::<Vec<usize>>();
                    let pair = [of(i), of(j)].concat();
                    let mut beta = vec![0.0; n];
                    for (class, line) in [(i, j - 1), (j, i)] {
                        for s in begin[class]..begin[class] + model.n_support[class] {
                            beta[model.support[s as usize] as usize] = model.dual_coef[[line, s as usize]];
                        }
                    }
                    let beta: Vec<f64> = pair.iter().map(|&r| beta[r]).collect();
                    let sign = |r: usize| if codes[[pair[r], 0]] as usize == i { 1.0 } else { -1.0 };
                    let bounds = |r: usize| if sign(r) > 0.0 { (0.0, c) } else { (-c, 0.0) };
                    let found = violation(model.kernel, &x, &pair, &beta, bounds, |r| -sign(r), 0.0);
                    assert!(found <= tol * 1.001, "{kernel:?} {cache_size} {c}: {found:e}");
                    assert!(beta.iter().sum::<f64>().abs() < 1e-9 * c * n as f64);
                }
            }
        }
    }
}

#[test]
fn numbers_and_regions_meet_their_optimality_conditions() {
    let (n, x) = (300, rows(300, 4));
    let y = x.map_axis(Axis(1), |r| (r[0] * 2.0).sin() + 0.3 * r[1] * r[2]).insert_axis(Axis(1));
    let data = Data::new(x.view()).with_values(y.view());
    for cache_size in MEMORY {
        for (c, tol, epsilon) in [(1.0, 1e-3, 0.1), (30.0, 1e-5, 0.0)] {
            let model = SVR { c, tol, epsilon, cache_size, ..SVR::default() }.fit_on(&data, &Cpu).unwrap();
            let beta = spread(&model, n);
            let all: Vec<usize> = (0..n).collect();
            let found = violation(model.kernel, &x, &all, &beta, |_| (-c, c), |r| -y[[r, 0]], epsilon);
            assert!(model.report.converged && found <= tol * 1.001, "{cache_size} {c}: {found:e}");
            // The narrowest tube is the tube of its own width.
            let nu = NuSVR { c, tol: tol / 10.0, nu: 0.3, cache_size, ..NuSVR::default() }.fit_on(&data, &Cpu).unwrap();
            let errors = nu.predict_cpu(x.view()).unwrap() - &y;
            let free: Vec<f64> = spread(&nu, n)
                .iter()
                .zip(&errors)
                .filter(|(b, _)| **b != 0.0 && b.abs() < c)
                .map(|(_, e)| e.abs())
                .collect();
            let width = free.iter().sum::<f64>() / free.len() as f64;
            assert!(free.iter().all(|e| (e - width).abs() <= 10.0 * tol), "{width}");
            assert!(
                (spread(&nu, n).iter().map(|b| b.abs()).sum::<f64>() - c * 0.3 * n as f64).abs() < 1e-6 * c * n as f64
            );
        }
        let model = OneClassSVM { nu: 0.2, tol: 1e-4, cache_size, ..OneClassSVM::default() };
        let model = model.fit_on(&Data::new(x.view()), &Cpu).unwrap();
        let all: Vec<usize> = (0..n).collect();
        let found = violation(model.kernel, &x, &all, &spread(&model, n), |_| (0.0, 1.0), |_| 0.0, 0.0);
        assert!(found <= 1.001e-4, "{found:e}");
        let outside = model.predict_cpu(x.view()).unwrap().iter().filter(|v| **v < 0.0).count();
        assert!((outside as f64 - 0.2 * n as f64).abs() <= 6.0, "{outside}");
    }
}

#[test]
fn shares_of_errors_keep_their_bounds() {
    let x = rows(300, 4);
    let codes = codes(300, 2);
    for cache_size in MEMORY {
        let params = NuSVC { nu: 0.4, cache_size, tol: 1e-5, ..NuSVC::default() };
        let model = params.fit_on(&Data::new(x.view()).with_classes(codes.view(), vec![2]), &Cpu).unwrap();
        assert!(model.report.converged && model.support.len() as f64 >= 0.4 * 300.0);
        assert!(f64::from(model.bounded[0]) <= 0.4 * 300.0 + 1.0);
        // Free support vectors lie on the margin.
        let most = model.dual_coef.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
        let decision = model.decision_on(&x.view().into(), &Control::new()).unwrap();
        for (&i, &d) in model.support.iter().zip(&model.dual_coef.row(0)) {
            let sign = if codes[[i as usize, 0]] == 1 { 1.0 } else { -1.0 };
            assert!(d.abs() > most * 0.999 || (decision[[i as usize, 0]] * sign - 1.0).abs() < 1e-3);
        }
    }
}

#[test]
fn rows_without_weight_leave_no_trace_and_threads_none_either() {
    let x = rows(240, 4);
    let codes = codes(240, 3);
    let weights: Array1<f64> = (0..240).map(|i| [1.0, 0.0, 2.0, -1.0, 0.5][i % 5]).collect();
    let kept: Vec<usize> = (0..240).filter(|&i| weights[i] > 0.0).collect();
    let (few, of_few) = (x.select(Axis(0), &kept), codes.select(Axis(0), &kept));
    let own = weights.select(Axis(0), &kept);
    let rule = Some(crate::class_weight::ClassWeight::Rule(crate::class_weight::WeightRule::Balanced));
    for probability in [false, true] {
        let params = SVC { probability, class_weight: rule.clone(), ..SVC::default() };
        let with = Data::new(x.view()).with_classes(codes.view(), vec![3]).with_weights(Some(weights.view()));
        let model = params.fit_on(&with, &Cpu).unwrap();
        let data = Data::new(few.view()).with_classes(of_few.view(), vec![3]).with_weights(Some(own.view()));
        let without = params.fit_on(&data, &Cpu).unwrap();
        assert_eq!((&model.dual_coef, &model.intercept), (&without.dual_coef, &without.intercept));
        assert_eq!((&model.prob_a, &model.prob_b), (&without.prob_a, &without.prob_b));
        let named: Array1<i32> = without.support.iter().map(|&s| kept[s as usize] as i32).collect();
        assert_eq!(model.support, named);
        for threads in [1, 3] {
            let ctl = Control::new().with_threads(Some(threads));
            let again = SVC::fit_checked(Checked::new_ref(&params).unwrap(), &with, None, &Cpu, &ctl).unwrap();
            assert_eq!((&again.dual_coef, &again.prob_a), (&model.dual_coef, &model.prob_a));
        }
        if probability {
            let p = model.proba_on(&x.view().into(), &Control::new()).unwrap().remove(0);
            assert!(p.sum_axis(Axis(1)).iter().all(|s| (s - 1.0).abs() < 1e-12));
        }
    }
}

#[test]
fn sparse_rows_precomputed_kernels_and_single_precision_say_the_same() {
    // Wide enough for sparse rows not to be packed.
    let some = rows(200, 6).mapv(|v| if v > 0.4 { v } else { 0.0 });
    let mut x = Array2::zeros((200, 1400));
    x.slice_mut(ndarray::s![.., ..6]).assign(&some);
    let codes = codes(200, 2);
    let mut triplets = sprs::TriMat::new(x.dim());
    x.indexed_iter().filter(|(_, v)| **v != 0.0).for_each(|((i, j), &v)| triplets.add_triplet(i, j, v));
    let csr: sprs::CsMat<f64> = triplets.to_csr();
    for kernel in KERNELS {
        let params = SVC { kernel, tol: 1e-7, coef0: 0.3, gamma: Gamma::Value(0.2), ..SVC::default() };
        let fit = |data: &Data<'_>| params.fit_on(data, &Cpu).unwrap();
        let dense = fit(&Data::new(x.view()).with_classes(codes.view(), vec![2]));
        let sparse = fit(&Data::new(csr.view()).with_classes(codes.view(), vec![2]));
        let ctl = Control::new();
        let expected = dense.decision_on(&x.view().into(), &ctl).unwrap();
        let found = sparse.decision_on(&csr.view().into(), &ctl).unwrap();
        assert!((&expected - &found).iter().all(|d| d.abs() < 1e-4), "{kernel:?}");
        let matrix = Array::from_shape_fn((200, 200), |(i, j)| kernel_of(dense.kernel, &x, i, j));
        let given = SVC { kernel: KernelFunction::Precomputed, tol: 1e-7, ..SVC::default() };
        let given = given.fit_on(&Data::new(matrix.view()).with_classes(codes.view(), vec![2]), &Cpu).unwrap();
        let found = given.decision_on(&matrix.view().into(), &ctl).unwrap();
        assert!((&expected - &found).iter().all(|d| d.abs() < 1e-4), "{kernel:?}");
        given.check().unwrap();
    }
    // More rows than a block of double precision has.
    let x = rows(1300, 6);
    let many = self::codes(1300, 2);
    let of = |tol| {
        let params = SVC { tol, c: 5.0, cache_size: 2.0, ..SVC::default() };
        params.fit_on(&Data::new(x.view()).with_classes(many.view(), vec![2]), &Cpu).unwrap()
    };
    let (usual, exact) = (of(1e-3), of(1e-6));
    assert!((usual.objective[0] / exact.objective[0] - 1.0).abs() < 1e-5);
}

#[test]
fn hard_input_ends() {
    let mut x = rows(120, 3);
    for i in 0..30 {
        // Copies with other labels.
        let copy = x.row(i).to_owned();
        x.row_mut(i + 60).assign(&copy);
    }
    let codes = Array::from_shape_fn((120, 1), |(i, _)| u32::from(i >= 60));
    let data = Data::new(x.view()).with_classes(codes.view(), vec![2]);
    for c in [1e-6, 1.0, 1e10] {
        for gamma in [1e6, 1.0, 1e-9] {
            let params = SVC { c, gamma: Gamma::Value(gamma), ..SVC::default() };
            let model = params.fit_on(&data, &Cpu).unwrap();
            model.check().unwrap();
            assert!(model.dual_coef.iter().chain(&model.intercept).all(|v| v.is_finite()));
        }
    }
    // No kernel: curvatures of both signs.
    let matrix =
        Array::from_shape_fn((120, 120), |(i, j)| (((i * j) % 17) as f64 - 8.0) * if i == j { -1.0 } else { 1.0 });
    let matrix = &matrix + &matrix.t();
    for c in [1.0, 1e3] {
        let params = SVC { c, kernel: KernelFunction::Precomputed, ..SVC::default() };
        params.fit_on(&Data::new(matrix.view()).with_classes(codes.view(), vec![2]), &Cpu).unwrap();
    }
    let none = Array1::from_iter((0..120).map(|i| if i < 60 { 0.0 } else { 1.0 }));
    let error = SVC::default().fit_on(&data.clone().with_weights(Some(none.view())), &Cpu).unwrap_err();
    assert!(error.to_string().contains("same class"));
    let limited = SVC { max_iter: 3, ..SVC::default() }.fit_on(&data, &Cpu).unwrap();
    assert!(!limited.report.converged && limited.report.warnings[0].message.contains("max_iter=3"));
    // One support vector a class.
    let two = array![[0.0], [1.0]];
    let model = SVC { kernel: KernelFunction::Linear, c: 1e3, ..SVC::default() };
    let model = model.fit_on(&Data::new(two.view()).with_classes(array![[0], [1]].view(), vec![2]), &Cpu).unwrap();
    assert_eq!((model.n_support.to_vec(), model.dual_coef), (vec![1, 1], array![[2.0, -2.0]]));
    let error = NuSVC { nu: 0.99, ..NuSVC::default() };
    let few = self::codes(120, 2);
    let error = error.fit_on(&Data::new(x.view()).with_classes(few.view(), vec![2]), &Cpu).unwrap_err();
    assert!(error.to_string().contains("infeasible"));
}
