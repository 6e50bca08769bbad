//! KernelRidge: the dual equations, weights, singular matrices, files.

use super::*;
use crate::linear::{LinearRegression, Ridge};
use crate::{Cpu, Dtype, Model, PredictOn};
use ndarray::{Array, Array1, Array2, Axis};

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101) as f64 * 0.61).sin());
    let y = Array::from_shape_fn((n, 2), |(i, k)| 2.0 * x[[i, 0]] - x[[i, 1]] * x[[i, k]] + 0.1 * (i as f64).cos());
    (x, y)
}

fn rbf() -> KernelRidge {
    KernelRidge { kernel: KernelFunction::Rbf, gamma: Some(0.5), alpha: 0.1.into(), ..KernelRidge::default() }
}

#[test]
fn the_linear_kernel_is_ridge() {
    let (x, y) = data(50, 4);
    let weights = Array1::from_shape_fn(50, |i| (i % 4) as f64);
    for weights in [None, Some(weights.view())] {
        let data = Data::new(x.view()).with_values(y.view()).with_weights(weights);
        let alpha = PerOutput::Each(vec![0.5, 2.0]);
        let model = KernelRidge { alpha: alpha.clone(), ..KernelRidge::default() }.fit_on(&data, &Cpu).unwrap();
        let ridge = Ridge { alpha, fit_intercept: false, ..Ridge::default() }.fit_on(&data, &Cpu).unwrap();
        let (a, b) = (model.predict_cpu(x.view()).unwrap(), ridge.predict_cpu(x.view()).unwrap());
        assert!((a - b).iter().all(|d| d.abs() < 1e-9));
        model.check().unwrap();
    }
}

#[test]
fn weights_repeat_rows_and_threads_do_not_matter() {
    let (x, y) = data(150, 3);
    let weights = Array1::from_shape_fn(150, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..150).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let (repeated, of_repeated) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    let params = Checked::new(rbf()).unwrap();
    let fit = |data: &Data<'_>, n| {
        let ctl = Control::new().with_threads(Some(n));
        KernelRidge::fit_checked(&params, data, None, &Cpu, &ctl).unwrap()
    };
    let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
    let model = fit(&weighted, 1);
    assert_eq!(model, fit(&weighted, 3));
    let other = fit(&Data::new(repeated.view()).with_values(of_repeated.view()), 1);
    let (a, b) = (model.predict_cpu(x.view()).unwrap(), other.predict_cpu(x.view()).unwrap());
    assert!((a - b).iter().all(|d| d.abs() < 1e-9));
}

#[test]
fn a_precomputed_matrix_says_the_same() {
    let (x, y) = data(30, 3);
    let data = Data::new(x.view()).with_values(y.view());
    let model = rbf().fit_on(&data, &Cpu).unwrap();
    let kernel = model.kernel;
    let mut k = Reference::new(kernel, &data.x, &Control::new()).unwrap().upper(&data.x, &Control::new()).unwrap();
    (0..30).for_each(|i| (0..i).for_each(|j| k[[i, j]] = k[[j, i]]));
    let precomputed = KernelRidge { kernel: KernelFunction::Precomputed, ..rbf() };
    let other = precomputed.fit_on(&Data::new(k.view()).with_values(y.view()), &Cpu).unwrap();
    let (a, b) = (model.predict_cpu(x.view()).unwrap(), other.predict_cpu(k.view()).unwrap());
    assert!((a - b).iter().all(|d| d.abs() < 1e-9));
    assert_eq!(other.n_features_in(), 30);
    let narrow = k.slice(ndarray::s![.., ..29]);
    assert!(precomputed.fit_on(&Data::new(narrow).with_values(y.view()), &Cpu).is_err());
}

#[test]
fn a_singular_matrix_is_solved_by_least_squares_with_a_warning() {
    let (x, y) = data(30, 3);
    let data = Data::new(x.view()).with_values(y.view());
    let model = KernelRidge { alpha: 0.0.into(), ..KernelRidge::default() }.fit_on(&data, &Cpu).unwrap();
    assert_eq!((model.report.solver.as_str(), model.report.warnings.len()), ("lstsq", 1));
    let plain = LinearRegression { fit_intercept: false, ..LinearRegression::default() }.fit_on(&data, &Cpu).unwrap();
    let (a, b) = (model.predict_cpu(x.view()).unwrap(), plain.predict_cpu(x.view()).unwrap());
    let apart = (a - b).iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    assert!(apart < 1e-8, "{apart}");
}

#[test]
fn sparse_and_narrow_rows_are_as_good_and_hostile_files_are_refused() {
    let (x, y) = data(40, 3);
    let narrow = x.mapv(|v| v as f32);
    let mut triplets = sprs::TriMat::new((40, 3));
    x.indexed_iter().for_each(|((i, j), &v)| triplets.add_triplet(i, j, v));
    let sparse: sprs::CsMat<f64> = triplets.to_csc();
    let model = rbf().fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let expected = model.predict_cpu(x.view()).unwrap();
    let other = rbf().fit_on(&Data::new(sparse.view()).with_values(y.view()), &Cpu).unwrap();
    assert!((other.predict_cpu(x.view()).unwrap() - &expected).iter().all(|d| d.abs() < 1e-8));
    let other = rbf().fit_on(&Data::new(narrow.view()).with_values(y.view()), &Cpu).unwrap();
    assert_eq!(other.dtype, Dtype::F32);
    assert!((other.predict_cpu(narrow.view()).unwrap() - &expected).iter().all(|d| d.abs() < 1e-4));
    let changes: [fn(&mut KernelRidgeModel); 4] = [
        |m| m.dual_coef = Array2::zeros((39, 2)),
        |m| m.dual_coef = Array2::zeros((40, 0)),
        |m| m.rows = FittedRows::None.into(),
        |m| m.kernel.function = KernelFunction::Precomputed,
    ];
    for change in changes {
        let mut changed = model.clone();
        change(&mut changed);
        assert!(changed.check().is_err());
    }
}

#[test]
fn a_kernel_beyond_the_numbers_is_an_error() {
    let x = Array2::from_elem((3, 1), 1e200);
    let y = Array2::zeros((3, 1));
    let params = KernelRidge { kernel: KernelFunction::Polynomial, ..KernelRidge::default() };
    assert!(params.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).is_err());
    let each = KernelRidge { alpha: PerOutput::Each(vec![1.0, 2.0]), ..KernelRidge::default() };
    assert!(each.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).is_err());
    assert!(KernelRidge { alpha: (-1.0).into(), ..KernelRidge::default() }.validate().is_err());
}
