//! What must hold of discriminants, whatever the data.

use super::*;
use crate::{Checked, Control, Cpu, Data, DecisionOn, Dtype, FitOn, Model, Params, PredictOn, ProbaOn, TransformOn};
use ndarray::{Array, Array2, Axis};

const N: usize = 120;

fn rows() -> (Array2<f64>, Array2<u32>) {
    let codes = Array::from_shape_fn((N, 1), |(i, _)| (i * 7 % 3) as u32);
    let noise = |i: usize, j: usize| ((i * 31 + j * 17 + i * i * (j + 3)) % 97) as f64 / 97.0;
    let x = Array::from_shape_fn((N, 4), |(i, j)| noise(i, j) + 0.3 * f64::from(codes[[i, 0]]) * j as f64);
    (x, codes)
}

fn fit<P: FitOn<Cpu>>(params: &P, x: &Array2<f64>, codes: &Array2<u32>, threads: usize) -> P::Model {
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let ctl = Control::new().with_threads(Some(threads));
    P::fit_checked(&Checked::new(params.clone()).unwrap(), &data, None, &Cpu, &ctl).unwrap()
}

fn lda(solver: LdaSolver) -> LinearDiscriminantAnalysis {
    LinearDiscriminantAnalysis { solver, store_covariance: true, ..Default::default() }
}

/// Between two classes all solvers see the same difference of scores; directions have variance 1 within the classes.
#[test]
fn the_solvers_agree() {
    let (x, codes) = rows();
    let models = [LdaSolver::Svd, LdaSolver::Lsqr, LdaSolver::Eigen].map(|s| fit(&lda(s), &x, &codes, 1));
    let proba = |m: &LdaModel| m.proba_on(&x.view().into(), &Control::new()).unwrap().remove(0);
    for other in &models[1..] {
        assert!((proba(&models[0]) - proba(other)).iter().all(|d| d.abs() < 1e-10));
        assert!((&models[0].covariance - &other.covariance).iter().all(|d| d.abs() < 1e-13));
    }
    for m in [&models[0], &models[2]] {
        let scalings = m.scalings.slice(ndarray::s![.., ..2]);
        let identity = scalings.t().dot(&m.covariance).dot(&scalings);
        assert!((identity - Array2::<f64>::eye(2)).iter().all(|d| d.abs() < 1e-10));
        assert!((m.explained_variance_ratio.sum() - 1.0).abs() < 1e-10);
        assert_eq!(m.transform_on(&x.view().into(), &Control::new()).unwrap().dim(), (N, 2));
    }
    assert!(models[1].transform_on(&x.view().into(), &Control::new()).is_err());
}

#[test]
fn the_same_bits_at_any_thread_count_and_for_repeated_rows_the_same_model() {
    let (x, codes) = rows();
    let twice = |a: &Array2<f64>| ndarray::concatenate![Axis(0), *a, *a];
    let codes2 = ndarray::concatenate![Axis(0), codes, codes];
    for solver in [LdaSolver::Svd, LdaSolver::Lsqr, LdaSolver::Eigen] {
        let model = fit(&lda(solver), &x, &codes, 1);
        assert_eq!(model, fit(&lda(solver), &x, &codes, 2));
        let again = fit(&lda(solver), &twice(&x), &codes2, 2);
        assert!((&model.linear.coef - &again.linear.coef).iter().all(|d| d.abs() < 1e-9));
    }
    let qda = QuadraticDiscriminantAnalysis { tol: 1e-6, ..Default::default() };
    let model = fit(&qda, &x, &codes, 1);
    assert_eq!(model, fit(&qda, &x, &codes, 2));
    let scores = |m: &QdaModel| m.decision_on(&x.view().into(), &Control::new()).unwrap();
    assert!((scores(&model) - scores(&fit(&qda, &twice(&x), &codes2, 2))).iter().all(|d| d.abs() < 1e-9));
}

/// A copy of a column, a constant one and one in other units change nothing that is predicted.
#[test]
fn dependent_constant_and_scaled_columns() {
    let (x, codes) = rows();
    let wide = Array::from_shape_fn((N, 7), |(i, j)| match j {
        0 => x[[i, 0]] * 1e8,
        4 => x[[i, 1]],
        5 => 0.1,
        6 => 3.0 * x[[i, 2]] - x[[i, 3]],
        j => x[[i, j]],
    });
    let (plain, other) = (fit(&lda(LdaSolver::Svd), &x, &codes, 1), fit(&lda(LdaSolver::Svd), &wide, &codes, 1));
    let a = plain.proba_on(&x.view().into(), &Control::new()).unwrap().remove(0);
    let b = other.proba_on(&wide.view().into(), &Control::new()).unwrap().remove(0);
    assert!((a - b).iter().all(|d| d.abs() < 1e-8));
    let qda = Checked::new(QuadraticDiscriminantAnalysis::default()).unwrap();
    let data = Data::new(wide.view()).with_classes(codes.view(), vec![3]);
    let refused = QuadraticDiscriminantAnalysis::fit_checked(&qda, &data, None, &Cpu, &Control::new());
    assert!(refused.unwrap_err().to_string().contains("not full rank"));
}

/// The discriminant of one class is its Gaussian's log density.
#[test]
fn quadratic_scores_are_log_densities() {
    let (x, codes) = rows();
    let model = fit(&QuadraticDiscriminantAnalysis { tol: 1e-6, ..Default::default() }, &x, &codes, 1);
    let scores = model.decision_on(&x.view().into(), &Control::new()).unwrap();
    let of = |class: usize| {
        let members: Vec<usize> = (0..N).filter(|&i| codes[[i, 0]] as usize == class).collect();
        let own = x.select(Axis(0), &members);
        let mean = own.mean_axis(Axis(0)).unwrap();
        let apart = &own - &mean;
        let cov = apart.t().dot(&apart) / members.len() as f64;
        let inverse = ironlearn_linalg::lapack::Cholesky::new(&cov).unwrap().solve(Array2::eye(4).view()).unwrap();
        let row = &x.row(5) - &mean;
        let log_det: f64 =
            ironlearn_linalg::lapack::eigvalsh(&cov, &crate::Control::new()).unwrap().mapv(f64::ln).sum();
        (members.len() as f64 / N as f64).ln() - 0.5 * log_det - 0.5 * row.dot(&inverse.dot(&row))
    };
    for class in 0..3 {
        assert!((scores[[5, class]] - of(class)).abs() < 1e-9);
    }
}

#[test]
fn single_precision_is_kept_and_parameters_are_checked() {
    let (x, codes) = rows();
    let narrow = x.mapv(|v| v as f32);
    let data = Data::new(narrow.view()).with_classes(codes.view(), vec![3]);
    let model = lda(LdaSolver::Svd).fit_on(&data, &Cpu).unwrap();
    assert_eq!((model.dtype, model.linear.dtype), (Dtype::F32, Dtype::F32));
    let double = fit(&lda(LdaSolver::Svd), &x, &codes, 1);
    assert_eq!(model.predict_cpu(narrow.view()).unwrap(), double.predict_cpu(x.view()).unwrap());
    model.check().unwrap();
    let bad = LinearDiscriminantAnalysis { tol: -1.0, ..Default::default() };
    assert!(bad.validate().is_err());
    let bad = LinearDiscriminantAnalysis { shrinkage: Some(Shrinkage::By(2.0)), solver: LdaSolver::Lsqr, ..bad };
    assert!(bad.validate().is_err());
    let weights = ndarray::Array1::ones(N);
    assert!(lda(LdaSolver::Svd).fit_on(&data.with_weights(Some(weights.view())), &Cpu).is_err());
}
