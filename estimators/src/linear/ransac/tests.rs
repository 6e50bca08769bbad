//! RANSACRegressor: outliers, threads, kinds of X, weights, and how the search ends.

use super::search::enough_trials;
use super::*;
use crate::{AnyMatrix, Cpu};
use ndarray::{Array, Array2, ArrayView1, Axis};

const N: usize = 120;

/// A plane of two outputs; every fifth row is far off.
fn data() -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((N, 2), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin());
    let y = Array::from_shape_fn((N, 2), |(i, k)| {
        let clean = 1.0 + (k + 2) as f64 * x[[i, 0]] - x[[i, 1]];
        if i % 5 == 2 { clean + 30.0 + i as f64 } else { clean + 1e-3 * ((i * 7) as f64).cos() }
    });
    (x, y)
}

fn fit<'a>(
    of: &RANSACRegressor,
    x: impl Into<AnyMatrix<'a>>,
    y: &'a Array2<f64>,
    weights: Option<ArrayView1<'a, f64>>,
    threads: usize,
) -> Result<RansacModel> {
    let ctl = Control::new().with_threads(Some(threads));
    let data = Data::new(x).with_values(y.view()).with_weights(weights);
    RANSACRegressor::fit_checked(Checked::new_ref(of)?, &data, None, &Cpu, &ctl)
}

#[test]
fn rows_that_are_far_off_do_not_count() {
    let (x, y) = data();
    let of = RANSACRegressor { residual_threshold: Some(0.1), ..RANSACRegressor::default() };
    let model = fit(&of, x.view(), &y, None, 1).unwrap();
    assert_eq!(model, fit(&of, x.view(), &y, None, 3).unwrap());
    assert!((0..N).all(|i| model.inlier_mask[i] == (i % 5 != 2)));
    assert!(model.n_trials < 100);
    // The model is least squares of the rows that agree.
    let rows: Vec<usize> = (0..N).filter(|i| i % 5 != 2).collect();
    let (x_in, y_in) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    let want = LinearRegression::default().fit_on(&Data::new(x_in.view()).with_values(y_in.view()), &Cpu).unwrap();
    assert!((&model.linear.coef - &want.coef).iter().all(|d| d.abs() < 1e-12));
    assert!((&model.linear.intercept - &want.intercept).iter().all(|d| d.abs() < 1e-12));
}

/// CSR, CSC, other strides and f32 come to the same rows.
#[test]
fn every_kind_of_x_comes_to_the_same_rows() {
    let (x, y) = data();
    let of = RANSACRegressor { residual_threshold: Some(0.1), random_state: 4, ..RANSACRegressor::default() };
    let want = fit(&of, x.view(), &y, None, 1).unwrap();
    let by_row = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let by_column = by_row.to_csc();
    let turned = x.t().as_standard_layout().into_owned();
    let narrow = x.mapv(|v| v as f32);
    let all = [
        fit(&of, by_row.view(), &y, None, 1),
        fit(&of, by_column.view(), &y, None, 1),
        fit(&of, turned.t(), &y, None, 1),
        fit(&of, narrow.view(), &y, None, 1),
    ];
    for model in all.map(Result::unwrap) {
        assert_eq!((model.inlier_mask, model.n_trials), (want.inlier_mask.clone(), want.n_trials));
        assert!((&model.linear.coef - &want.linear.coef).iter().all(|d| d.abs() < 1e-3));
    }
}

#[test]
fn weights_count_in_the_fit() {
    let (x, y) = data();
    let of = RANSACRegressor { residual_threshold: Some(0.1), ..RANSACRegressor::default() };
    let weights = Array1::from_shape_fn(N, |i| 1.0 + (i % 3) as f64);
    let model = fit(&of, x.view(), &y, Some(weights.view()), 1).unwrap();
    let kept = Array1::from_shape_fn(N, |i| if i % 5 == 2 { 0.0 } else { weights[i] });
    let data = Data::new(x.view()).with_values(y.view()).with_weights(Some(kept.view()));
    let want = LinearRegression::default().fit_on(&data, &Cpu).unwrap();
    assert_eq!(model.linear, want);
    let negative = -&weights;
    assert!(fit(&of, x.view(), &y, Some(negative.view()), 1).is_err());
}

#[test]
fn how_the_search_ends() {
    let (x, y) = data();
    let base = RANSACRegressor { residual_threshold: Some(0.1), ..RANSACRegressor::default() };
    let trials = |of: RANSACRegressor| fit(&of, x.view(), &y, None, 1).unwrap().n_trials;
    assert_eq!(trials(RANSACRegressor { stop_n_inliers: Some(1), ..base.clone() }), 1);
    assert_eq!(trials(RANSACRegressor { stop_score: Some(-1e9), ..base.clone() }), 1);
    assert_eq!(trials(RANSACRegressor { stop_probability: 0.0, ..base.clone() }), 1);
    assert_eq!(trials(RANSACRegressor { stop_probability: 1.0, max_trials: 30, ..base.clone() }), 30);
    assert_eq!(enough_trials(95, 100, 8, 0.99), 5.0);
    assert_eq!(enough_trials(50, 100, 8, 0.99), 1177.0);
    assert_eq!((enough_trials(1, 100, 10, 0.0), enough_trials(1, 100, 10, 1.0)), (0.0, f64::INFINITY));
    // Nothing agrees to the last bit with a plane through more rows than it has coefficients.
    let none = RANSACRegressor { residual_threshold: Some(0.0), min_samples: Some(MinSamples::Count(60)), ..base };
    assert!(fit(&none, x.view(), &y, None, 1).unwrap_err().to_string().contains("could not find"));
    let skipping = RANSACRegressor { max_skips: Some(3), ..none.clone() };
    assert!(fit(&skipping, x.view(), &y, None, 1).unwrap_err().to_string().contains("max_skips"));
    assert!(fit(&RANSACRegressor { max_trials: 0, ..none }, x.view(), &y, None, 1).is_err());
}

#[test]
fn subset_sizes() {
    let size = |min_samples| RANSACRegressor { min_samples, ..RANSACRegressor::default() }.subset_size(10, 3);
    assert_eq!(size(None).unwrap(), 4);
    assert_eq!(size(Some(MinSamples::Share(0.25))).unwrap(), 3);
    assert_eq!(size(Some(MinSamples::Share(1.0))).unwrap(), 1);
    assert!(size(Some(MinSamples::Count(11))).is_err());
    let zero = RANSACRegressor { min_samples: Some(MinSamples::Share(0.0)), ..RANSACRegressor::default() };
    assert!(zero.validate().is_err());
}
