//! Ridge against singular values, on every solver, dense and sparse.

use super::*;
use crate::{AnyMatrix, Cpu, Matrix, Target};
use ndarray::{Array, Array1, Array2, ArrayView1, Axis};

fn data(n: usize, p: usize, t: usize) -> (Array2<f64>, Array2<f64>, Array1<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin() + j as f64 * 0.1);
    let y = Array::from_shape_fn((n, t), |(i, k)| x[[i, 0]] * 2.0 - ((i * (k + 3)) as f64).cos() + 5.0);
    let w = Array::from_shape_fn(n, |i| (i % 4) as f64 * 0.5);
    (x, y, w)
}

fn of<'a>(x: impl Into<AnyMatrix<'a>>, y: &'a Array2<f64>, w: Option<ArrayView1<'a, f64>>) -> Data<'a> {
    Data { x: x.into(), target: Target::Values(y.view()), weights: w }
}

/// The gradient of the objective, relative to its parts.
fn slack(model: &LinearModel, x: &Array2<f64>, y: &Array2<f64>, w: Option<&Array1<f64>>, alpha: f64) -> f64 {
    let ones = Array1::ones(x.nrows());
    let w = w.unwrap_or(&ones).view().insert_axis(Axis(1));
    let residual = (y - &x.dot(&model.coef.t()) - &model.intercept) * w;
    let gradient = x.t().dot(&residual) - &(&model.coef.t() * alpha);
    let scale = (x.mapv(f64::abs).t().dot(&(y.mapv(f64::abs) * w))).iter().fold(0.0_f64, |a, &v| a.max(v));
    let sums = residual.sum_axis(Axis(0));
    gradient.iter().chain(&sums).fold(0.0_f64, |a, v| a.max(v.abs())) / scale
}

#[test]
fn every_solver_meets_the_optimality_conditions() {
    use RidgeSolver::{Auto, Cholesky, Lsqr, Sag, Saga, SparseCg, Svd};
    for (n, p) in [(60, 4), (8, 15)] {
        let (x, y, w) = data(n, p, 2);
        let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
        let csc = csr.to_csc();
        for solver in [Auto, Svd, Cholesky, Lsqr, SparseCg, Sag, Saga] {
            for weights in [None, Some(&w)] {
                let ridge = Ridge { solver, alpha: 0.7.into(), tol: 1e-12, max_iter: Some(50_000), ..Ridge::default() };
                let view = weights.map(|w| w.view());
                let model = ridge.fit_on(&of(x.view(), &y, view), &Cpu).unwrap();
                let worst = slack(&model, &x, &y, weights, 0.7);
                assert!(worst < 1e-9, "{solver:?} on {n} × {p}: {worst:e}");
                for sparse in [csr.view(), csc.view()] {
                    match ridge.fit_on(&of(sparse, &y, view), &Cpu) {
                        Ok(model) => {
                            let worst = slack(&model, &x, &y, weights, 0.7);
                            // SAG's intercept moves slowly where columns are not centred, as in scikit-learn.
                            let allowed = if solver == Sag { 1e-3 } else { 1e-8 };
                            assert!(worst < allowed, "sparse {solver:?} on {n} × {p}: {worst:e}");
                        }
                        Err(_) => assert!(matches!(solver, Svd | Cholesky | Saga)),
                    }
                }
            }
        }
    }
}

#[test]
fn weights_count_rows_and_zero_takes_them_out() {
    let (x, y, _) = data(40, 3, 1);
    let w: Array1<f64> = (0..40).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..40).flat_map(|i| vec![i; i % 3]).collect();
    let (repeated, y_repeated) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    for solver in [RidgeSolver::Cholesky, RidgeSolver::Svd] {
        let ridge = Ridge { solver, ..Ridge::default() };
        let a = ridge.fit_on(&of(x.view(), &y, Some(w.view())), &Cpu).unwrap();
        let b = ridge.fit_on(&of(repeated.view(), &y_repeated, None), &Cpu).unwrap();
        assert!((&a.coef - &b.coef).iter().all(|d| d.abs() < 1e-12));
    }
}

#[test]
fn positive_coefficients_meet_their_conditions_by_both_ways() {
    let (x, y, w) = data(50, 6, 1);
    let ridge = Ridge { positive: true, alpha: 0.3.into(), ..Ridge::default() };
    let exact = ridge.fit_on(&of(x.view(), &y, Some(w.view())), &Cpu).unwrap();
    assert!(exact.coef.iter().all(|&c| c >= 0.0) && exact.coef.iter().any(|&c| c == 0.0));
    let (ctl, placed) = (Control::new(), Matrix::Dense(x.view()));
    let problem = Problem::uncentred(&Cpu, &placed, y.view(), Some(w.view()), &ctl).centred(true).unwrap();
    let projected = crate::linear::solver::projected::Projected { alpha: 0.3, tol: 1e-10, max_iter: 100_000 };
    let found = projected.solve(&problem, &problem.targets().column(0).to_owned()).unwrap();
    assert!(found.converged);
    assert!(found.x.iter().zip(exact.coef.row(0)).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn no_penalty_on_dependent_columns_is_the_shortest_solution() {
    let (x, y, _) = data(30, 3, 1);
    let twice = ndarray::concatenate![Axis(1), x, x];
    let ridge = Ridge { alpha: 0.0.into(), ..Ridge::default() };
    let one = ridge.fit_on(&of(x.view(), &y, None), &Cpu).unwrap();
    let two = ridge.fit_on(&of(twice.view(), &y, None), &Cpu).unwrap();
    assert_eq!(two.report.solver, "svd");
    assert!((0..6).all(|j| (two.coef[[0, j]] - one.coef[[0, j % 3]] / 2.0).abs() < 1e-9));
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let (x, y, w) = data(5000, 20, 1);
    for solver in [RidgeSolver::Cholesky, RidgeSolver::Svd, RidgeSolver::Lsqr, RidgeSolver::SparseCg, RidgeSolver::Sag]
    {
        let fit = |threads| {
            let ridge = Checked::new(Ridge { solver, max_iter: Some(20), ..Ridge::default() }).unwrap();
            let ctl = Control::new().with_threads(Some(threads));
            Ridge::fit_checked(&ridge, &of(x.view(), &y, Some(w.view())), None, &Cpu, &ctl).unwrap()
        };
        assert_eq!(fit(1), fit(2));
    }
}

/// Too coarse for a benchmark, but a regression to microseconds would show.
#[test]
fn one_row_is_predicted_within_microseconds() {
    let (x, y, _) = data(100, 20, 1);
    let model = Ridge::default().fit_on(&of(x.view(), &y, None), &Cpu).unwrap();
    let row = x.slice(ndarray::s![..1, ..]);
    let ctl = Control::new().with_threads(Some(1));
    let began = std::time::Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(crate::PredictOn::predict_on(&model, &row.into(), &ctl).unwrap());
    }
    let nanoseconds = began.elapsed().as_nanos() / 10_000;
    eprintln!("{nanoseconds} ns a row");
    assert!(nanoseconds < 50_000, "{nanoseconds} ns a row");
}

/// Squares beyond `f64` go to singular values instead of failing.
#[test]
fn huge_values_are_fitted() {
    let (x, y, _) = data(30, 3, 1);
    let huge = &x * 1e160;
    let model = Ridge { alpha: 0.0.into(), ..Ridge::default() }.fit_on(&of(huge.view(), &y, None), &Cpu).unwrap();
    let plain = Ridge { alpha: 0.0.into(), ..Ridge::default() }.fit_on(&of(x.view(), &y, None), &Cpu).unwrap();
    assert!(model.coef.iter().zip(&plain.coef).all(|(a, b)| (a * 1e160 - b).abs() < 1e-9));
}
