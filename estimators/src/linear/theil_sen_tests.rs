//! TheilSenRegressor: outliers, subsets of all rows, threads, element types, what it refuses.

use super::*;
use crate::{AnyMatrix, Cpu};
use ndarray::Array;

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin());
    let y = Array::from_shape_fn((n, 1), |(i, _)| {
        let clean = 2.0 + (0..p).map(|j| (j + 1) as f64 * x[[i, j]]).sum::<f64>();
        if i % 10 == 3 { 50.0 - clean } else { clean + 0.01 * ((i * 7) as f64).cos() }
    });
    (x, y)
}

fn fit<'a>(of: &TheilSenRegressor, x: impl Into<AnyMatrix<'a>>, y: &'a Array2<f64>, threads: usize) -> TheilSenModel {
    let ctl = Control::new().with_threads(Some(threads));
    TheilSenRegressor::fit_checked(Checked::new_ref(of).unwrap(), &Data::new(x).with_values(y.view()), None, &Cpu, &ctl)
        .unwrap()
}

#[test]
fn outliers_do_not_count_and_threads_do_not_matter() {
    let (x, y) = data(300, 3);
    let of = TheilSenRegressor { max_subpopulation: 3000.0, ..TheilSenRegressor::default() };
    let model = fit(&of, x.view(), &y, 1);
    assert_eq!(model, fit(&of, x.view(), &y, 3));
    assert_eq!((model.n_subpopulation, model.linear.report.converged), (3000, true));
    for (j, &c) in model.linear.coef.iter().enumerate() {
        assert!((c - (j + 1) as f64).abs() < 0.05, "{c}");
    }
    assert!((model.linear.intercept[0] - 2.0).abs() < 0.05);
    assert!(model.breakdown > 0.1 && model.breakdown < 0.2);
}

/// Given subsets are used; f32 and any strides give nearly the same; another stream gives other subsets.
#[test]
fn subsets_may_be_given() {
    let (x, y) = data(200, 2);
    let of = TheilSenRegressor { max_subpopulation: 500.0, ..TheilSenRegressor::default() };
    let mut rows = vec![0; 500 * 3];
    rows.chunks_mut(3).enumerate().for_each(|(i, rows)| subsets::drawn(200, 3, 0, i as u64, rows));
    let given = TheilSenRegressor { subsets: Some(Rows(rows)), random_state: 9, ..of.clone() };
    let model = fit(&of, x.view(), &y, 2);
    assert_eq!(fit(&given, x.view(), &y, 2), model);
    let turned = x.t().as_standard_layout().into_owned();
    assert_eq!(fit(&of, turned.t(), &y, 2), model);
    let narrow = fit(&of, x.mapv(|v| v as f32).view(), &y, 2);
    assert!((&narrow.linear.coef - &model.linear.coef).iter().all(|d| d.abs() < 1e-4));
    assert_ne!(fit(&TheilSenRegressor { random_state: 1, ..of }, x.view(), &y, 2), model);
}

/// One subset of all rows is least squares; in one dimension without an intercept it is the median of the slopes.
#[test]
fn the_ends_of_the_range() {
    let (x, y) = data(60, 3);
    let all = TheilSenRegressor { n_subsamples: Some(60), ..TheilSenRegressor::default() };
    let model = fit(&all, x.view(), &y, 1);
    let data = Data::new(x.view()).with_values(y.view());
    let want = crate::linear::LinearRegression::default().fit_on(&data, &Cpu).unwrap();
    assert!((&model.linear.coef - &want.coef).iter().all(|d| d.abs() < 1e-11));
    let one = TheilSenRegressor { fit_intercept: false, ..TheilSenRegressor::default() };
    // The first row is 0: it has no slope.
    let (column, y) = (x.slice(ndarray::s![1.., ..1]).to_owned(), y.slice(ndarray::s![1.., ..]).to_owned());
    let mut slopes: Vec<f64> = (0..59).map(|i| y[[i, 0]] / column[[i, 0]]).collect();
    slopes.sort_by(f64::total_cmp);
    let found = fit(&one, column.view(), &y, 1).linear.coef[[0, 0]];
    let want = slopes[29];
    assert!((found - want).abs() < 1e-12, "{found}, not {want}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let plan = |n_subsamples, n, p| TheilSenRegressor { n_subsamples, ..TheilSenRegressor::default() }.plan(n, p);
    assert!(plan(Some(1), 50, 1).unwrap_err().to_string().contains("(2 > 1)"));
    assert!(plan(Some(101), 50, 1).unwrap_err().to_string().contains("(101 > 50)"));
    assert!(plan(Some(9), 10, 20).is_err() && plan(None, 10, 20).is_ok());
    let (x, y) = data(40, 2);
    let bad = |of: TheilSenRegressor, data: Data<'_>| of.fit_on(&data, &Cpu).unwrap_err().to_string();
    let of = TheilSenRegressor::default();
    let two = ndarray::concatenate![Axis(1), y, y];
    assert!(bad(of.clone(), Data::new(x.view()).with_values(two.view())).contains("one target"));
    let ones = Array1::ones(40);
    let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(ones.view()));
    assert!(bad(of.clone(), weighted).contains("sample_weight"));
    let huge = TheilSenRegressor { max_subpopulation: 1e18, n_subsamples: Some(20), ..of.clone() };
    assert!(huge.plan(4000, 2).unwrap().drawn);
    let few = TheilSenRegressor { max_subpopulation: 10.0, subsets: Some(Rows(vec![0, 1, 40])), ..of };
    assert!(bad(few, Data::new(x.view()).with_values(y.view())).contains("subsets"));
}

/// A run that is told to stop ends without a model.
#[test]
fn a_run_can_be_stopped() {
    let (x, y) = data(300, 3);
    let ctl = Control::new();
    ctl.cancel().store(true, std::sync::atomic::Ordering::Relaxed);
    let of = TheilSenRegressor::default();
    let data = Data::new(x.view()).with_values(y.view());
    assert!(TheilSenRegressor::fit_checked(Checked::new_ref(&of).unwrap(), &data, None, &Cpu, &ctl).is_err());
}
