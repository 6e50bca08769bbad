//! Quantile regression: its optimality conditions at a vertex, weights, dependent columns, the duality gap.

use super::*;
use crate::{AnyMatrix, Cpu};
use ndarray::{Array, Array2, ArrayView1, s};

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin() + j as f64 * 0.1);
    let y = Array::from_shape_fn((n, 1), |(i, _)| x[[i, 0]] * 2.0 - ((i * i * 3) as f64).cos().powi(3) + 5.0);
    (x, y)
}

fn fit<'a>(
    params: &QuantileRegressor,
    x: impl Into<AnyMatrix<'a>>,
    y: &'a Array2<f64>,
    w: Option<ArrayView1<'a, f64>>,
) -> LinearModel {
    params.fit_on(&Data::new(x).with_values(y.view()).with_weights(w), &Cpu).unwrap()
}

fn objective(
    params: &QuantileRegressor,
    x: &Array2<f64>,
    y: &Array2<f64>,
    w: &Array1<f64>,
    model: &LinearModel,
) -> f64 {
    let residual = &y.column(0) - &x.dot(&model.coef.row(0)) - model.intercept[0];
    let loss = |r: f64| if r >= 0.0 { params.quantile * r } else { (params.quantile - 1.0) * r };
    let fit = residual.iter().zip(w).map(|(&r, w)| w * loss(r)).sum::<f64>() / w.sum();
    fit + params.alpha * model.coef.iter().map(|v| v.abs()).sum::<f64>()
}

/// As many rows are met as there are coefficients, and no step in any coordinate goes down.
#[test]
fn the_answer_is_an_optimal_vertex() {
    for (n, p, alpha, quantile) in [(60, 4, 0.0, 0.5), (60, 4, 0.05, 0.3), (12, 20, 1e-2, 0.8), (200, 6, 1e-3, 0.95)] {
        let (x, y) = data(n, p);
        let w: Array1<f64> = (0..n).map(|i| (i % 3) as f64 + 0.5).collect();
        let params = QuantileRegressor { alpha, quantile, ..Default::default() };
        let model = fit(&params, x.view(), &y, Some(w.view()));
        assert!(model.report.converged, "{n} × {p}: {:?}", model.report);
        let residual = &y.column(0) - &x.dot(&model.coef.row(0)) - model.intercept[0];
        let met = residual.iter().filter(|r| r.abs() < 1e-12).count();
        let free = model.coef.iter().filter(|&&v| v != 0.0).count() + 1;
        assert!(met >= free, "{n} × {p}: {met} rows for {free} unknowns");
        let best = objective(&params, &x, &y, &w, &model);
        for j in 0..p + 1 {
            for h in [-1e-3, -1e-6, 1e-6, 1e-3] {
                let mut moved = model.clone();
                match j {
                    j if j < p => moved.coef[[0, j]] += h,
                    _ => moved.intercept[0] += h,
                }
                assert!(objective(&params, &x, &y, &w, &moved) >= best - 1e-14, "{n} × {p}, coordinate {j}");
            }
        }
    }
}

#[test]
fn weights_count_rows_and_layouts_and_threads_change_nothing() {
    let (x, y) = data(50, 3);
    let w: Array1<f64> = (0..50).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..50).flat_map(|i| vec![i; i % 3]).collect();
    let (xr, yr) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    for (alpha, quantile) in [(0.0, 0.5), (0.02, 0.5), (0.02, 0.7)] {
        let params = QuantileRegressor { alpha, quantile, ..Default::default() };
        let near = |a: &LinearModel, b: &LinearModel| (&a.coef - &b.coef).iter().all(|d| d.abs() < 1e-10);
        let weighted = fit(&params, x.view(), &y, Some(w.view()));
        assert!(near(&weighted, &fit(&params, xr.view(), &yr, None)));
        let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
        assert!(near(&weighted, &fit(&params, csr.view(), &y, Some(w.view()))));
        assert!(near(&weighted, &fit(&params, csr.to_csc().view(), &y, Some(w.view()))));
        let single = x.mapv(|v| v as f32);
        let widened = single.mapv(f64::from);
        assert!(near(&fit(&params, single.view(), &y, None), &fit(&params, widened.view(), &y, None)));
        let with = |threads| {
            let ctl = Control::new().with_threads(Some(threads));
            let params = Checked::new(params.clone()).unwrap();
            let data = Data::new(x.view()).with_values(y.view());
            QuantileRegressor::fit_checked(&params, &data, None, &Cpu, &ctl).unwrap()
        };
        assert_eq!(with(1), with(2));
    }
}

#[test]
fn units_duplicates_and_constants_do_no_harm() {
    let (x, y) = data(80, 3);
    let params = QuantileRegressor { alpha: 0.0, ..Default::default() };
    let plain = fit(&params, x.view(), &y, None);
    let scales = Array1::from(vec![1e-8, 1.0, 1e8]);
    let scaled = fit(&params, (&x * &scales).view(), &y, None);
    let back = &scaled.coef.row(0) * &scales;
    assert!(back.iter().zip(&plain.coef).all(|(a, b)| (a - b).abs() < 1e-8), "{back} {}", plain.coef);
    let mut wide = Array2::from_elem((80, 6), 7.0);
    wide.slice_mut(s![.., ..3]).assign(&x);
    wide.column_mut(4).assign(&(&x.column(0) * 3.0 - x.column(1)));
    let w = Array1::ones(80);
    for alpha in [0.0, 1e-3] {
        let params = QuantileRegressor { alpha, ..Default::default() };
        let (few, many) = (fit(&params, x.view(), &y, None), fit(&params, wide.view(), &y, None));
        let (a, b) = (objective(&params, &x, &y, &w, &few), objective(&params, &wide, &y, &w, &many));
        assert!(b <= a * (1.0 + 1e-12) && (alpha > 0.0 || b >= a * (1.0 - 1e-12)), "{a} {b}");
        assert_eq!((many.coef[[0, 3]], many.coef[[0, 5]]), (0.0, 0.0));
    }
}

#[test]
fn limits_are_told_and_bad_weights_refused() {
    let (x, y) = data(40, 2);
    let model = fit(&QuantileRegressor { max_iter: Some(1), ..Default::default() }, x.view(), &y, None);
    assert!(!model.report.converged && model.report.warnings[0].message.contains("Iteration limit"));
    for w in [Array1::zeros(40), Array1::from_elem(40, -1.0)] {
        let data = Data::new(x.view()).with_values(y.view()).with_weights(Some(w.view()));
        assert!(matches!(QuantileRegressor::default().fit_on(&data, &Cpu), Err(Error::Input(_))));
    }
}
