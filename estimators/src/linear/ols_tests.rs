//! LinearRegression against singular values: well and badly scaled, dependent, wide, constant columns.

use super::*;
use crate::{AnyMatrix, Cpu, Target};
use ndarray::{Array, ArrayView1, Axis};

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin());
    let y = Array::from_shape_fn((n, 2), |(i, k)| x[[i, 0]] - ((i * (k + 3)) as f64).cos() + 5.0);
    (x, y)
}

fn fit<'a>(
    of: &LinearRegression,
    x: impl Into<AnyMatrix<'a>>,
    y: &'a Array2<f64>,
    w: Option<ArrayView1<'a, f64>>,
) -> LinearModel {
    of.fit_on(&Data { x: x.into(), target: Target::Values(y.view()), weights: w }, &Cpu).unwrap()
}

/// The minimum-norm solution on the centred matrix.
fn reference(x: &Array2<f64>, y: &Array2<f64>, cut: f64) -> Array2<f64> {
    let (x_mean, y_mean) = (x.mean_axis(Axis(0)).unwrap(), y.mean_axis(Axis(0)).unwrap());
    lapack::lstsq(&(x - &x_mean), (y - &y_mean).view(), cut, &crate::Control::new()).unwrap().solution
}

#[test]
fn coefficients_match_the_minimum_norm_solution() {
    let (base, y) = data(200, 6);
    let mut twice = base.clone();
    let copy = base.column(1).to_owned();
    twice.column_mut(4).assign(&copy);
    let mut constant = base.clone();
    constant.column_mut(2).fill(7.3);
    let (wide, wide_y) = data(5, 12);
    type Case<'a> = (&'a str, &'a Array2<f64>, &'a Array2<f64>, f64, &'a str, usize);
    let cases: [Case<'_>; 4] = [
        ("base", &base, &y, 1e-6, "cholesky", 6),
        ("twice", &twice, &y, 1e-6, "svd", 5),
        ("constant", &constant, &y, 1e-6, "svd", 5),
        ("wide", &wide, &wide_y, 1e-6, "svd", 4),
    ];
    for (name, x, y, tol, solver, rank) in cases {
        let model = fit(&LinearRegression { tol, ..LinearRegression::default() }, x.view(), y, None);
        let want = reference(x, y, tol);
        assert_eq!((model.report.solver.as_str(), model.rank), (solver, Some(rank)), "{name}");
        let worst = model.coef.t().iter().zip(&want).fold(0.0_f64, |a, (g, w)| a.max((g - w).abs() / (w.abs() + 1e-3)));
        assert!(worst < 1e-9, "{name}: {worst:e}");
    }
}

/// Units do not change what is learnt where every column counts: by Cholesky, with refinement, and by the triangle.
/// (Singular values alone would lose digits here: the reference is the well-scaled fit.)
#[test]
fn badly_scaled_columns_cost_no_digits() {
    let (base, y) = data(300, 5);
    let want = reference(&base, &y, 1e-12);
    for (power, tol, solver) in [(0, 1e-6, "cholesky"), (1, 1e-6, "cholesky"), (2, 1e-12, "svd"), (4, 0.0, "svd")] {
        let scale = |j: usize| 10.0_f64.powi(power * (j as i32 - 2));
        let mut x = base.clone();
        x.columns_mut().into_iter().enumerate().for_each(|(j, mut c)| c *= scale(j));
        let model = fit(&LinearRegression { tol, ..LinearRegression::default() }, x.view(), &y, None);
        assert_eq!(model.report.solver, solver);
        for ((k, j), c) in model.coef.indexed_iter() {
            let off = (c * scale(j) - want[[j, k]]).abs();
            assert!(off < 1e-12, "10^{power}: {off:e}");
        }
    }
}

#[test]
fn sparse_and_dense_agree_and_weights_count_rows() {
    let (x, y) = data(60, 4);
    let w: Array1<f64> = (0..60).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..60).flat_map(|i| vec![i; i % 3]).collect();
    let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let csc = csr.to_csc();
    let exact = LinearRegression { tol: 1e-14, ..LinearRegression::default() };
    let (x_rows, y_rows) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    let repeated = fit(&exact, x_rows.view(), &y_rows, None);
    for model in [
        fit(&exact, x.view(), &y, Some(w.view())),
        fit(&exact, csr.view(), &y, Some(w.view())),
        fit(&exact, csc.view(), &y, Some(w.view())),
    ] {
        assert!((&model.coef - &repeated.coef).iter().all(|d| d.abs() < 1e-10), "{}", model.report.solver);
    }
}

#[test]
fn single_precision_keeps_its_type() {
    let (x, y) = data(100, 3);
    let model = fit(&LinearRegression::default(), x.mapv(|v| v as f32).view(), &y, None);
    assert!(model.coef.iter().all(|&c| c == f64::from(c as f32)));
    assert_eq!(model.dtype, crate::Dtype::F32);
}

#[test]
fn wrong_input_is_refused() {
    let (mut x, y) = data(10, 2);
    let zero = Array1::zeros(10);
    let message = |data: &Data<'_>| LinearRegression::default().fit_on(data, &Cpu).unwrap_err().to_string();
    let good = Data::new(x.view()).with_values(y.view()).with_weights(Some(zero.view()));
    assert!(message(&good).contains("sum to zero"));
    x[[3, 1]] = f64::NAN;
    assert!(message(&Data::new(x.view()).with_values(y.view())).contains("NaN"));
}
