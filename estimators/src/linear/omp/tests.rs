//! Matching pursuit: what it finds, that what is left of y has nothing to do with the chosen columns, equal ways.

use super::*;
use crate::{Cpu, Model};
use ndarray::{Array, Array1, Axis};

fn data(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * i * j) as f64).sin() + 0.3);
    let noise = |i: usize| ((i * 13 + 5) as f64).cos() * 0.01;
    let y = Array::from_shape_fn((n, 2), |(i, k)| x[[i, 2 + k]] * 3.0 - x[[i, 7]] * 2.0 + 4.0 + noise(i + k));
    (x, y)
}

#[test]
fn the_columns_that_made_y_are_found_by_both_ways() {
    let (x, y) = data(60, 12);
    let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let omp = OrthogonalMatchingPursuit { n_nonzero_coefs: Some(2), ..Default::default() };
    let by_moments = omp.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let omp = OrthogonalMatchingPursuit { precompute: Precompute::No, ..omp };
    let by_rows = omp.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let sparse = omp.fit_on(&Data::new(csr.view()).with_values(y.view()), &Cpu).unwrap();
    for model in [&by_moments, &by_rows, &sparse] {
        for (k, coef) in model.linear.coef.rows().into_iter().enumerate() {
            let chosen: Vec<usize> = (0..12).filter(|&j| coef[j] != 0.0).collect();
            assert_eq!(chosen, [2 + k, 7]);
        }
        let left = &y - &x.dot(&model.linear.coef.t()) - &model.linear.intercept;
        let slack = x.column(7).dot(&left.column(0)).abs() + left.column(0).sum().abs();
        assert!(slack < 1e-10, "{slack:e}");
        assert!((&model.linear.coef - &by_rows.linear.coef).iter().all(|d| d.abs() < 1e-11));
    }
}

#[test]
fn a_constant_column_is_never_chosen() {
    let (mut x, y) = data(60, 12);
    x.column_mut(3).fill(0.1);
    for precompute in [Precompute::Yes, Precompute::No] {
        let omp = OrthogonalMatchingPursuit { n_nonzero_coefs: Some(12), precompute, ..Default::default() };
        let model = omp.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
        assert!(model.linear.coef.column(3).iter().all(|&w| w == 0.0), "{precompute:?}");
        assert!(model.linear.coef.iter().all(|w| w.abs() < 10.0), "{precompute:?}");
    }
}

#[test]
fn a_residual_ends_it_and_dependence_warns() {
    let (mut x, y) = data(40, 9);
    let y = y.slice_move(ndarray::s![.., ..1]);
    for precompute in [Precompute::Yes, Precompute::No] {
        let omp = OrthogonalMatchingPursuit { tol: Some(0.01), precompute, ..Default::default() };
        let model = omp.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
        let left = &y - &x.dot(&model.linear.coef.t()) - &model.linear.intercept;
        assert!(left.mapv(|v| v * v).sum() <= 0.01 && model.report().iterations == [2], "{:?}", model.report());
    }
    let again = x.column(2).to_owned();
    x.column_mut(5).assign(&again);
    let exact = &x.column(2) * 2.0 + x.column(5);
    let exact = exact.insert_axis(Axis(1));
    let omp = OrthogonalMatchingPursuit { n_nonzero_coefs: Some(2), ..Default::default() };
    let model = omp.fit_on(&Data::new(x.view()).with_values(exact.view()), &Cpu).unwrap();
    assert!(model.report().warnings[0].message.contains("prematurely"));
    assert!((model.linear.coef.sum() - 3.0).abs() < 1e-12);
}

#[test]
fn weights_count_rows_and_threads_change_nothing() {
    let (x, y) = data(50, 8);
    let w: Array1<f64> = (0..50).map(|i| (i % 3) as f64).collect();
    let rows: Vec<usize> = (0..50).flat_map(|i| vec![i; i % 3]).collect();
    let (repeated, y_repeated) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    let omp = Checked::new(OrthogonalMatchingPursuit { n_nonzero_coefs: Some(3), ..Default::default() }).unwrap();
    let fit = |data: &Data<'_>, threads| {
        OrthogonalMatchingPursuit::fit_checked(&omp, data, None, &Cpu, &Control::new().with_threads(Some(threads)))
    };
    let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(w.view()));
    let a = fit(&weighted, 1).unwrap();
    let b = fit(&Data::new(repeated.view()).with_values(y_repeated.view()), 1).unwrap();
    assert!((&a.linear.coef - &b.linear.coef).iter().all(|d| d.abs() < 1e-11));
    assert_eq!(a.linear, fit(&weighted, 2).unwrap().linear);
}
