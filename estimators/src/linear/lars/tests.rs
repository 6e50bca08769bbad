//! Paths against their own conditions: equal correlations of the active columns at each knot, the lasso's optimality.

use super::*;
use crate::{Cpu, Model};
use ndarray::{Array, Array1, Axis};

fn data(n: usize, p: usize, t: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * i * j) as f64).sin() + 0.2 * j as f64);
    let y = Array::from_shape_fn((n, t), |(i, k)| {
        x[[i, 0]] * 2.0 - x[[i, 1 + k]] + ((i * (k + 3)) as f64).cos() * 2.0 + 5.0
    });
    (x, y)
}

/// How far the knots are from the lasso's optimality conditions, in units of the first alpha.
fn slack(model: &LarsModel, x: &Array2<f64>, y: &Array2<f64>, k: usize) -> f64 {
    let n = x.nrows() as f64;
    let (x, y) = (x - &x.mean_axis(Axis(0)).unwrap(), &y.column(k) - y.column(k).mean().unwrap());
    let path = &model.paths[k];
    let coef = &path.kept.as_ref().unwrap().coef;
    let mut worst: f64 = 0.0;
    for (alpha, w) in path.alphas.iter().zip(coef.columns()) {
        let pull = x.t().dot(&(&y - &x.dot(&w))) / n;
        for (pull, w) in pull.iter().zip(w) {
            let off = if *w == 0.0 { (pull.abs() - alpha).max(0.0) } else { (pull - alpha * w.signum()).abs() };
            worst = worst.max(off);
        }
    }
    worst / path.alphas[0]
}

fn lasso(alpha: f64, precompute: Precompute) -> LassoLars {
    LassoLars { alpha, precompute, ..LassoLars::default() }
}

#[test]
fn every_knot_of_the_lasso_is_optimal() {
    for (n, p) in [(80, 10), (15, 40)] {
        let (x, y) = data(n, p, 2);
        let csc = sprs::CsMat::csr_from_dense(x.view(), 0.0).to_csc();
        for precompute in [Precompute::Yes, Precompute::No] {
            let fit = lasso(1e-3, precompute).fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
            let sparse = lasso(1e-3, precompute).fit_on(&Data::new(csc.view()).with_values(y.view()), &Cpu).unwrap();
            for k in 0..2 {
                for model in [&fit, &sparse] {
                    let worst = slack(model, &x, &y, k);
                    assert!(worst < 1e-11, "{n} × {p}, {precompute:?}: {worst:e}");
                    assert_eq!(model.paths[k].alphas.last(), Some(&1e-3));
                }
            }
        }
    }
}

/// Copies of a column, one of them 10⁶ times as long, a sum of two others, and a constant.
fn dependent() -> (Array2<f64>, Array2<f64>) {
    let (mut x, y) = data(60, 9, 1);
    let (again, sum) = (x.column(0).to_owned(), &x.column(1) + &x.column(2) * 1e-3);
    x.column_mut(4).assign(&again);
    x.column_mut(5).assign(&(&again * 1e6));
    x.column_mut(6).assign(&sum);
    x.column_mut(7).fill(3.0);
    (x, y)
}

#[test]
fn repeated_and_dependent_columns_stay_out_and_the_lasso_stays_optimal() {
    let (x, y) = dependent();
    for precompute in [Precompute::Yes, Precompute::No] {
        let model = lasso(1e-6, precompute).fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
        let worst = slack(&model, &x, &y, 0);
        assert!(worst < 1e-7, "{precompute:?}: {worst:e}");
    }
}

#[test]
fn least_angles_end_in_least_squares_with_dependent_columns() {
    let (x, y) = dependent();
    for precompute in [Precompute::Yes, Precompute::No] {
        let least = Lars { precompute, ..Lars::default() };
        let model = least.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
        let left = &y - &x.dot(&model.linear.coef.t()) - &model.linear.intercept;
        let columns = &x / &x.mapv(|v| v * v).sum_axis(Axis(0)).mapv(f64::sqrt);
        let pull = columns.t().dot(&left).iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        assert!(pull < 1e-8, "least squares at the end: {pull:e}");
    }
}

#[test]
fn columns_and_targets_of_any_size_give_the_same_path() {
    let (x, y) = data(50, 6, 1);
    let small = (&x * 1e-8, &y * 1e-6);
    let fit = |x: &Array2<f64>, y: &Array2<f64>| {
        Lars::default().fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap()
    };
    let (a, b) = (fit(&x, &y), fit(&small.0, &small.1));
    assert_eq!(a.paths[0].kept.as_ref().unwrap().active, b.paths[0].kept.as_ref().unwrap().active);
    assert!((&a.linear.coef * 1e2 - &b.linear.coef).iter().all(|d| d.abs() < 1e-9));
}

#[test]
fn positive_coefficients_are_optimal_too() {
    let (x, y) = data(70, 8, 1);
    let model = LassoLars { positive: true, alpha: 0.05, ..LassoLars::default() };
    let model = model.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let (xc, yc) = (&x - &x.mean_axis(Axis(0)).unwrap(), &y - y.mean().unwrap());
    let pull = xc.t().dot(&(&yc - &xc.dot(&model.linear.coef.t()))) / 70.0;
    for (pull, &w) in pull.iter().zip(&model.linear.coef) {
        assert!(w >= 0.0 && if w > 0.0 { (pull - 0.05).abs() < 1e-12 } else { *pull < 0.05 + 1e-12 });
    }
    assert!(model.linear.coef.iter().any(|&w| w == 0.0));
}

#[test]
fn weights_count_rows_threads_change_nothing_and_f32_is_kept() {
    let (x, y) = data(60, 7, 1);
    let w: Array1<f64> = (0..60).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..60).flat_map(|i| vec![i; i % 3]).collect();
    let (repeated, y_repeated) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    for precompute in [Precompute::Yes, Precompute::No] {
        let params = Checked::new(lasso(0.01, precompute)).unwrap();
        let fit = |data: &Data<'_>, threads| {
            let ctl = Control::new().with_threads(Some(threads));
            LassoLars::fit_checked(&params, data, None, &Cpu, &ctl).unwrap()
        };
        let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(w.view()));
        let a = fit(&weighted, 1);
        let b = fit(&Data::new(repeated.view()).with_values(y_repeated.view()), 1);
        assert!((&a.linear.coef - &b.linear.coef).iter().all(|d| d.abs() < 1e-12));
        assert_eq!(a, fit(&weighted, 2));
    }
    let narrow = x.mapv(|v| v as f32);
    let model = Lars::default().fit_on(&Data::new(narrow.view()).with_values(y.view()), &Cpu).unwrap();
    assert!(matches!(model.attributes()[0].1, crate::Attribute::Floats(_, crate::Dtype::F32)));
}

#[test]
fn a_criterion_chooses_few_columns_and_needs_rows() {
    let (x, y) = data(90, 10, 1);
    let choose = |criterion| LassoLarsIC { criterion, ..LassoLarsIC::default() };
    let fit = |criterion| choose(criterion).fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let count = |model: &LarsModel| model.linear.coef.iter().filter(|c| **c != 0.0).count();
    assert!(count(&fit(Criterion::Bic)) <= count(&fit(Criterion::Aic)));
    let few = x.slice(ndarray::s![..8, ..]);
    let refused = choose(Criterion::Aic).fit_on(&Data::new(few).with_values(y.slice(ndarray::s![..8, ..])), &Cpu);
    assert!(refused.unwrap_err().to_string().contains("noise"));
}
