//! Optimality recomputed from the coefficients, weights as repetition, layouts and threads, for the lasso's family.

use super::{ElasticNet, Lasso, LassoCV, MultiTaskLasso};
use crate::{Checked, Control, Cpu, Data, FitOn};
use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate};

fn wave(seed: usize) -> f64 {
    ((seed * 7919 + 13) as f64 * 0.618).sin() + ((seed * 104_729 + 7) as f64 * 0.414).cos()
}

/// Correlated columns of which three matter.
fn problem(n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let mut x = Array2::from_shape_fn((n, p), |(i, j)| wave(i * p + j));
    for j in 1..p {
        let before = x.column(j - 1).to_owned();
        x.column_mut(j).scaled_add(0.5, &before);
    }
    let y = Array2::from_shape_fn((n, 1), |(i, _)| {
        3.0 * x[[i, 0]] - 2.0 * x[[i, p / 2]] + x[[i, p - 1]] + 0.3 * wave(i + 500_000) + 5.0
    });
    (x, y)
}

/// How far the (sub)gradient is from 0: `xᵀ(y − ŷ)/n` against the penalties' slopes.
fn violation(x: &Array2<f64>, y: &Array2<f64>, coef: ArrayView1<'_, f64>, b: f64, l1: f64, l2: f64) -> f64 {
    let residual = &y.column(0) - &x.dot(&coef) - b;
    let slope: Array1<f64> = x.t().dot(&residual) / x.nrows() as f64;
    slope
        .iter()
        .zip(coef)
        .map(|(s, &c)| if c == 0.0 { (s.abs() - l1).max(0.0) } else { (s - l2 * c - l1 * c.signum()).abs() })
        .fold(residual.sum().abs() / x.nrows() as f64, f64::max)
}

#[test]
fn long_and_wide_problems_are_optimal() {
    for (n, p) in [(300, 12), (40, 200)] {
        let (x, y) = problem(n, p);
        let data = Data::new(x.view()).with_values(y.view());
        let lasso =
            Lasso { alpha: 0.1, tol: 1e-12, max_iter: 100_000, ..Lasso::default() }.fit_on(&data, &Cpu).unwrap();
        let found = violation(&x, &y, lasso.linear.coef.row(0), lasso.linear.intercept[0], 0.1, 0.0);
        assert!(found < 1e-5, "{n} × {p}: {found}");
        assert!(lasso.linear.coef.iter().any(|&c| c == 0.0) && lasso.dual_gap[0] >= 0.0);
        let net = ElasticNet { alpha: 0.2, l1_ratio: 0.5, tol: 1e-12, max_iter: 100_000, ..ElasticNet::default() };
        let net = net.fit_on(&data, &Cpu).unwrap();
        let found = violation(&x, &y, net.linear.coef.row(0), net.linear.intercept[0], 0.1, 0.1);
        assert!(found < 1e-5, "{n} × {p}: {found}");
    }
}

#[test]
fn weights_are_repetitions_and_zeros_leave_no_trace() {
    let (x, y) = problem(120, 8);
    let weights = Array1::from_shape_fn(120, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..120).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let (x2, y2) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
    let lasso = Lasso { alpha: 0.05, tol: 1e-13, max_iter: 100_000, ..Lasso::default() };
    let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
    let (a, b) = (lasso.fit_on(&weighted, &Cpu).unwrap(), Data::new(x2.view()).with_values(y2.view()));
    let b = lasso.fit_on(&b, &Cpu).unwrap();
    assert!((&a.linear.coef - &b.linear.coef).iter().all(|d| d.abs() < 1e-7));
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let (x, y) = problem(600, 30);
    let both = concatenate(Axis(1), &[y.view(), y.mapv(|v| v * v).view()]).unwrap();
    let one = Data::new(x.view()).with_values(y.view());
    let two = Data::new(x.view()).with_values(both.view());
    let on = |threads| Control::new().with_threads(Some(threads));
    let cv = Checked::new(LassoCV { cv: crate::folds::Folds::Count(3), ..LassoCV::default() }).unwrap();
    let joint = Checked::new(MultiTaskLasso { alpha: 0.1, ..MultiTaskLasso::default() }).unwrap();
    let fits = [1, 2, 3].map(|threads| {
        let a = LassoCV::fit_checked(&cv, &one, None, &Cpu, &on(threads)).unwrap();
        let b = MultiTaskLasso::fit_checked(&joint, &two, None, &Cpu, &on(threads)).unwrap();
        (a, b)
    });
    assert!(fits[0] == fits[1] && fits[1] == fits[2]);
    // Together: a column is in for both targets or for none.
    let coef = &fits[0].1.linear.coef;
    assert!((0..30).all(|j| (coef[[0, j]] == 0.0) == (coef[[1, j]] == 0.0)));
}
