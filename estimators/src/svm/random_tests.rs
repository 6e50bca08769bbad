//! Random problems of all five machines: the violation of the optimality conditions, found again in double precision from
//! what the model says, is within `tol`.

use super::tests::violation;
use super::*;
use crate::kernel::KernelFunction;
use crate::{Cpu, Data, FitOn};
use ndarray::{Array1, Array2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A problem: rows, numbers, two classes of them, weights, and what all machines are told.
struct Drawn {
    x: Array2<f64>,
    y: Array2<f64>,
    codes: Array2<u32>,
    weights: Array1<f64>,
    kernel: KernelFunction,
    c: f64,
    nu: f64,
    epsilon: f64,
    tol: f64,
    cache_size: f64,
}

fn draw(seed: u64) -> Drawn {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (n, p) = (rng.random_range(60..260), rng.random_range(1..8));
    let mut x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.5_f64..1.5));
    for i in (0..n / 10).map(|i| 7 * i) {
        // Some rows are there twice.
        let copy = x.row(i).to_owned();
        x.row_mut((i + n / 2) % n).assign(&copy);
    }
    let y = x.map_axis(Axis(1), |r| (2.0 * r[0]).sin() + r.sum() + rng.random_range(-0.5..0.5));
    let codes = y.mapv(|v| u32::from(v > 0.1)).insert_axis(Axis(1));
    let choices = [KernelFunction::Linear, KernelFunction::Polynomial, KernelFunction::Rbf, KernelFunction::Sigmoid];
    Drawn {
        y: y.insert_axis(Axis(1)),
        codes,
        weights: Array1::from_shape_simple_fn(n, || rng.random_range(0.25..2.0)),
        kernel: choices[seed as usize % choices.len()],
        c: 10.0_f64.powf(rng.random_range(-2.0..2.0)),
        nu: rng.random_range(0.05..0.5),
        epsilon: [0.0, 0.05, 0.5][rng.random_range(0..3)],
        tol: [1e-3, 1e-6][rng.random_range(0..2)],
        cache_size: [200.0, 0.1][rng.random_range(0..2)],
        x,
    }
}

/// The dual coefficients of all rows, positive for the first class where there are two.
fn duals(model: &SvmModel, n: usize) -> Vec<f64> {
    let mut beta = vec![0.0; n];
    model.support.iter().zip(&model.dual_coef.row(0)).for_each(|(&i, &b)| beta[i as usize] = b);
    beta
}

/// What rounding may add to `tol`: gradients of this size are followed through many steps.
fn allowed(tol: f64, beta: &[f64]) -> f64 {
    tol * 1.001 + 1e-11 * beta.iter().map(|b| b.abs()).sum::<f64>()
}

#[test]
fn random_problems_meet_their_optimality_conditions() {
    for seed in 0..24 {
        let d = draw(seed);
        let (kernel, tol, cache_size, coef0) = (d.kernel, d.tol, d.cache_size, 0.3);
        // The sigmoid is nearly a kernel where its factor is small; elsewhere an optimum need not exist.
        let gamma = if kernel == KernelFunction::Sigmoid { Gamma::Value(0.01) } else { Gamma::default() };
        let n = d.x.nrows();
        let all: Vec<usize> = (0..n).collect();
        let w = &d.weights;
        let data = Data::new(d.x.view()).with_weights(Some(w.view()));
        let (numbers, classes) =
            (data.clone().with_values(d.y.view()), data.clone().with_classes(d.codes.view(), vec![2]));
        let seen = |name: &str, model: &SvmModel, beta: &[f64], found: f64| {
            let name = format!("{name} {seed} {kernel:?} C={} tol={tol} cache={cache_size}", d.c);
            assert!(model.report.converged, "{name}");
            assert!(found <= allowed(tol, beta), "{name}: {found:e}");
        };

        let model = SVC { kernel, gamma, coef0, tol, cache_size, c: d.c, ..SVC::default() };
        let model = model.fit_on(&classes, &Cpu).unwrap();
        let (beta, first) = (duals(&model, n), |i: usize| d.codes[[i, 0]] == 0);
        let bounds = |i: usize| if first(i) { (0.0, d.c * w[i]) } else { (-d.c * w[i], 0.0) };
        let sign = |i: usize| if first(i) { 1.0 } else { -1.0 };
        seen("SVC", &model, &beta, violation(model.kernel, &d.x, &all, &beta, bounds, |i| -sign(i), 0.0));

        let model = SVR { kernel, gamma, coef0, tol, cache_size, c: d.c, epsilon: d.epsilon, ..SVR::default() };
        let model = model.fit_on(&numbers, &Cpu).unwrap();
        let beta = duals(&model, n);
        let bounds = |i: usize| (-d.c * w[i], d.c * w[i]);
        seen("SVR", &model, &beta, violation(model.kernel, &d.x, &all, &beta, bounds, |i| -d.y[[i, 0]], d.epsilon));

        // Both kinds of errors keep a sum of their own: what lies above the tube and what lies below it.
        let model = NuSVR { kernel, gamma, coef0, tol, cache_size, c: d.c, nu: d.nu, ..NuSVR::default() };
        let model = model.fit_on(&numbers, &Cpu).unwrap();
        let beta = duals(&model, n);
        let sum = d.c * d.nu * w.sum();
        assert!((beta.iter().map(|b| b.abs()).sum::<f64>() - sum).abs() <= 1e-9 * sum, "NuSVR {seed}");
        let gradient = super::tests::gradients(model.kernel, &d.x, &beta, |i| -d.y[[i, 0]]);
        for side in [1.0, -1.0] {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for i in 0..n {
                let alpha = (side * beta[i]).max(0.0);
                low = if alpha < d.c * w[i] { low.min(side * gradient[i]) } else { low };
                high = if alpha > 0.0 { high.max(side * gradient[i]) } else { high };
            }
            seen("NuSVR", &model, &beta, high - low);
        }

        // The model's coefficients are those of the problem over a number that makes margins 1.
        let sums = [0, 1].map(|k| (0..n).filter(|&i| d.codes[[i, 0]] == k).map(|i| w[i]).sum::<f64>());
        let nu = d.nu.min(1.9 * sums[0].min(sums[1]) / w.sum());
        let model = NuSVC { kernel, gamma, coef0, tol, cache_size, nu, ..NuSVC::default() };
        let model = model.fit_on(&classes, &Cpu).unwrap();
        let beta = duals(&model, n);
        let scale = nu * w.sum() / beta.iter().map(|b| b.abs()).sum::<f64>();
        let beta: Vec<f64> = (0..n).map(|i| (beta[i] * scale).clamp(-w[i], w[i])).collect();
        let gradient = super::tests::gradients(model.kernel, &d.x, &beta, |_| 0.0);
        for class in [0, 1] {
            let side = if class == 0 { 1.0 } else { -1.0 };
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for i in (0..n).filter(|&i| d.codes[[i, 0]] == class) {
                // Scaling back and forth costs a digit of what is at its bound.
                low = if side * beta[i] < w[i] * (1.0 - 1e-12) { low.min(side * gradient[i]) } else { low };
                high = if beta[i] != 0.0 { high.max(side * gradient[i]) } else { high };
            }
            seen("NuSVC", &model, &beta, high - low);
        }

        let model = OneClassSVM { kernel, gamma, coef0, tol, cache_size, nu: d.nu, ..OneClassSVM::default() };
        let model = model.fit_on(&data, &Cpu).unwrap();
        let beta = duals(&model, n);
        let found = violation(model.kernel, &d.x, &all, &beta, |i| (0.0, w[i]), |_| 0.0, 0.0);
        seen("OneClassSVM", &model, &beta, found);
    }
}
