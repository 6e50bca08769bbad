//! Huber's regression: its optimality conditions, scales of columns, weights.

use super::*;
use crate::{AnyMatrix, Cpu};
use ndarray::{Array, Array2, ArrayView1};

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin() + j as f64 * 0.1);
    let y = Array::from_shape_fn((n, 1), |(i, _)| {
        x[[i, 0]] * 2.0 - ((i * 3) as f64).cos() * 0.3 + 5.0 + if i % 9 == 0 { 40.0 } else { 0.0 }
    });
    (x, y)
}

fn fit<'a>(
    params: &HuberRegressor,
    x: impl Into<AnyMatrix<'a>>,
    y: &'a Array2<f64>,
    w: Option<ArrayView1<'a, f64>>,
) -> RobustModel<Outliers> {
    params.fit_on(&Data::new(x).with_values(y.view()).with_weights(w), &Cpu).unwrap()
}

#[test]
fn no_step_in_any_direction_lowers_the_objective() {
    for (n, p, alpha) in [(60, 4, 1e-4), (60, 4, 0.0), (12, 20, 1e-2)] {
        let (x, y) = data(n, p);
        let w: Array1<f64> = (0..n).map(|i| (i % 3) as f64 + 0.5).collect();
        let params = HuberRegressor { alpha, tol: 1e-9, ..Default::default() };
        let model = fit(&params, x.view(), &y, Some(w.view()));
        assert!(model.linear.report.converged, "{n} × {p}: {:?}", model.linear.report);
        let y = y.column(0).to_owned();
        let best = objective(&model, &x, &y, &w, &params);
        for j in 0..p + 2 {
            for h in [-1e-4, 1e-4] {
                let mut moved = model.clone();
                match j {
                    j if j < p => moved.linear.coef[[0, j]] += h,
                    j if j == p => moved.linear.intercept[0] += h,
                    _ => moved.findings.scale *= 1.0 + h,
                }
                let there = objective(&moved, &x, &y, &w, &params);
                assert!(there >= best - 1e-12 * best, "{n} × {p}, {j}: {best} {there}");
            }
        }
    }
}

#[test]
fn columns_of_any_scale_converge_to_one_model() {
    let (x, y) = data(80, 3);
    let params = HuberRegressor { alpha: 0.0, ..Default::default() };
    let plain = fit(&params, x.view(), &y, None);
    let scales = Array1::from(vec![1e-8, 1.0, 1e8]);
    let scaled = fit(&params, (&x * &scales).view(), &y, None);
    assert!(scaled.linear.report.converged && scaled.linear.report.iterations[0] < 50);
    let back = &scaled.linear.coef.row(0) * &scales;
    assert!(back.iter().zip(&plain.linear.coef).all(|(a, b)| (a - b).abs() < 1e-6), "{back} {}", plain.linear.coef);
    assert_eq!(plain.findings.outliers, scaled.findings.outliers);
}

#[test]
fn weights_count_rows_and_sparse_and_threads_change_nothing() {
    let (x, y) = data(50, 3);
    let w: Array1<f64> = (0..50).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..50).flat_map(|i| vec![i; i % 3]).collect();
    let (xr, yr) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    let params = HuberRegressor { tol: 1e-10, ..Default::default() };
    let (a, b) = (fit(&params, x.view(), &y, Some(w.view())), fit(&params, xr.view(), &yr, None));
    assert!((&a.linear.coef - &b.linear.coef).iter().all(|d| d.abs() < 1e-8));
    let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let c = fit(&params, csr.view(), &y, Some(w.view()));
    assert!((&a.linear.coef - &c.linear.coef).iter().all(|d| d.abs() < 1e-8));
    let with = |threads| {
        let ctl = Control::new().with_threads(Some(threads));
        let params = Checked::new(HuberRegressor::default()).unwrap();
        HuberRegressor::fit_checked(&params, &Data::new(x.view()).with_values(y.view()), None, &Cpu, &ctl).unwrap()
    };
    assert_eq!(with(1), with(2));
}

/// Near epsilon = 1 the loss is nearly straight, and the scale falls to its least value.
#[test]
fn a_nearly_straight_loss_is_no_harder() {
    let (x, y) = data(100, 8);
    for epsilon in [1.0, 1.0001, 1.05] {
        let params = HuberRegressor { epsilon, tol: 1e-9, ..Default::default() };
        let model = fit(&params, x.view(), &y, None);
        assert!(model.linear.report.converged && model.linear.report.iterations[0] < 40, "{:?}", model.linear.report);
        let (w, y) = (Array1::ones(100), y.column(0).to_owned());
        let best = objective(&model, &x, &y, &w, &params);
        for j in 0..8 {
            for h in [-1e-5, 1e-5] {
                let mut moved = model.clone();
                moved.linear.coef[[0, j]] += h;
                assert!(objective(&moved, &x, &y, &w, &params) >= best * (1.0 - 1e-11), "{epsilon}, {j}");
            }
        }
    }
}

/// Steps are functions of weighted sums: before the end too, two equal rows are one of weight 2.
#[test]
fn steps_count_rows_by_their_weights() {
    let (x, y) = data(15, 30);
    let w: Array1<f64> = (0..15).map(|i| (i % 4) as f64).collect();
    let rows: Vec<usize> = (0..15).flat_map(|i| vec![i; i % 4]).collect();
    let (xr, yr) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    for max_iter in [1, 3, 5, 100] {
        let params = HuberRegressor { max_iter, ..Default::default() };
        let (a, b) = (fit(&params, x.view(), &y, Some(w.view())), fit(&params, xr.view(), &yr, None));
        let worst = (&a.linear.coef - &b.linear.coef).iter().fold(0.0_f64, |a, d| a.max(d.abs()));
        assert!(worst < 1e-8, "{max_iter}: {worst:e}");
    }
}

/// With negative weights there may be other minima; this is one: no small step lowers the objective.
#[test]
fn negative_weights_end_at_a_minimum() {
    let (x, y) = data(90, 3);
    let w: Array1<f64> = (0..90).map(|i| if i % 15 == 1 { -0.4 } else { 1.0 }).collect();
    let params = HuberRegressor { tol: 1e-8, ..Default::default() };
    let model = fit(&params, x.view(), &y, Some(w.view()));
    assert!(model.linear.report.converged, "{:?}", model.linear.report);
    let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let sparse = fit(&params, csr.view(), &y, Some(w.view()));
    assert!((&model.linear.coef - &sparse.linear.coef).iter().all(|d| d.abs() < 1e-6));
    let y_column = y.column(0).to_owned();
    let best = objective(&model, &x, &y_column, &w, &params);
    for j in 0..5 {
        for h in [-1e-3, 1e-3] {
            let mut moved = model.clone();
            match j {
                j if j < 3 => moved.linear.coef[[0, j]] += h,
                3 => moved.linear.intercept[0] += h,
                _ => moved.findings.scale *= 1.0 + h,
            }
            assert!(objective(&moved, &x, &y_column, &w, &params) > best, "{j} {h}");
        }
    }
    // Less than nothing in all, or a row that pulls without end.
    let below = -&w;
    let ctl = Control::new();
    let checked = Checked::new(HuberRegressor { max_iter: 1000, ..params }).unwrap();
    let data = Data::new(x.view()).with_values(y.view()).with_weights(Some(below.view()));
    assert!(HuberRegressor::fit_checked(&checked, &data, None, &Cpu, &ctl).is_err());
}
