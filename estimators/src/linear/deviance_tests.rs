//! The deviances against their optimality conditions.

use super::*;
use crate::{Cpu, PredictOn};
use ndarray::{Array, Axis};

fn made(n: usize, p: usize) -> (Array2<f64>, Array1<f64>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| ((i * (2 * j + 3)) as f64 * 0.37).sin() * 10.0_f64.powi(j as i32));
    let y = x.map_axis(Axis(1), |row| (0.4 * row[0] + 0.05 * row[1] + 0.3 + (row[0] * 37.0).sin() * 0.5).exp());
    (x, y)
}

/// `Xᵀ·(derivative) / n + alpha·coef = 0`, by the definition of each derivative.
#[test]
fn gradients_vanish_at_the_optimum() {
    let (x, y) = made(400, 3);
    let y2 = y.view().insert_axis(Axis(1));
    let data = Data::new(x.view()).with_values(y2);
    let base = TweedieRegressor { alpha: 0.01, tol: 1e-10, ..TweedieRegressor::default() };
    for power in [0.0, 1.0, 1.5, 2.0, 3.0] {
        for link in [TweedieLink::Log, TweedieLink::Identity] {
            let fit = TweedieRegressor { power, link, ..base.clone() };
            let model = fit.fit_on(&data, &Cpu).unwrap();
            assert!(model.report.converged, "power {power} {link:?}: {:?}", model.report);
            let mean = model.predict_cpu(x.view()).unwrap().index_axis_move(Axis(1), 0);
            let r = Array1::from_shape_fn(400, |i| {
                let unit = if link == TweedieLink::Log { mean[i] } else { 1.0 };
                (mean[i] - y[i]) / mean[i].powf(power) * unit / 400.0
            });
            let g = x.t().dot(&r) + &(&model.coef.row(0) * 0.01);
            assert!(g.iter().all(|g| g.abs() < 3e-7) && r.sum().abs() < 1e-7, "power {power} {link:?}: {g}");
        }
    }
    let poisson = PoissonRegressor { alpha: 0.01, tol: 1e-10, ..PoissonRegressor::default() };
    let tweedie = TweedieRegressor { power: 1.0, ..base.clone() };
    let (a, b) = (poisson.fit_on(&data, &Cpu).unwrap(), tweedie.fit_on(&data, &Cpu).unwrap());
    assert!((a.coef - b.coef).iter().all(|d| d.abs() < 1e-7));
    let gamma = GammaRegressor { alpha: 0.01, tol: 1e-10, ..GammaRegressor::default() };
    let tweedie = TweedieRegressor { power: 2.0, ..base };
    let (a, b) = (gamma.fit_on(&data, &Cpu).unwrap(), tweedie.fit_on(&data, &Cpu).unwrap());
    assert!((a.coef - b.coef).iter().all(|d| d.abs() < 1e-7));
}

#[test]
fn weights_of_zero_remove_rows() {
    let (x, y) = made(200, 3);
    let w = Array1::from_shape_fn(200, |i| f64::from(u8::from(i % 4 != 0)));
    let kept: Vec<usize> = (0..200).filter(|i| i % 4 != 0).collect();
    let (x2, y2) = (x.select(Axis(0), &kept), y.select(Axis(0), &kept).insert_axis(Axis(1)));
    let y = y.insert_axis(Axis(1));
    let fit = PoissonRegressor { alpha: 0.1, tol: 1e-11, ..PoissonRegressor::default() };
    let a = fit.fit_on(&Data::new(x.view()).with_values(y.view()).with_weights(Some(w.view())), &Cpu).unwrap();
    let b = fit.fit_on(&Data::new(x2.view()).with_values(y2.view()), &Cpu).unwrap();
    assert!((a.coef - b.coef).iter().all(|d| d.abs() < 1e-8));
    assert!(GammaRegressor::default().fit_on(&Data::new(x.view()).with_values((&y * 0.0).view()), &Cpu).is_err());
}

#[test]
fn targets_and_powers_outside_are_refused() {
    let (x, y) = made(50, 2);
    let minus = -y.insert_axis(Axis(1));
    assert!(PoissonRegressor::default().fit_on(&Data::new(x.view()).with_values(minus.view()), &Cpu).is_err());
    assert!(TweedieRegressor { power: 0.5, ..TweedieRegressor::default() }.validate().is_err());
    assert!(PoissonRegressor { max_iter: 0, ..PoissonRegressor::default() }.validate().is_err());
}

/// A penalty of 1 is 1e16 in the units in which a column of 1e-8 is of size 1.
#[test]
fn a_small_penalised_column_holds_up_no_other() {
    let (mut x, y) = made(300, 3);
    x.columns_mut().into_iter().zip([1e-8, 1e8, 1.0]).for_each(|(mut column, unit)| column *= unit);
    let y = y.insert_axis(Axis(1));
    for alpha in [0.0, 1e-3, 1.0] {
        let fit = PoissonRegressor { alpha, ..PoissonRegressor::default() };
        let model = fit.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
        assert!(model.report.converged && model.report.iterations[0] < 15, "{:?}", model.report);
    }
}

#[test]
fn a_negative_weight_takes_a_row_back() {
    let (x, y) = made(200, 2);
    let rows: Vec<usize> = (0..200).chain(0..20).collect();
    let (twice, y2) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows).insert_axis(Axis(1)));
    let w = Array1::from_shape_fn(220, |i| if i < 200 { 1.0 } else { -0.5 });
    let half = Array1::from_shape_fn(200, |i| if i < 20 { 0.5 } else { 1.0 });
    let y = y.insert_axis(Axis(1));
    let fit = PoissonRegressor { alpha: 0.1, tol: 1e-10, ..PoissonRegressor::default() };
    let a = fit.fit_on(&Data::new(twice.view()).with_values(y2.view()).with_weights(Some(w.view())), &Cpu).unwrap();
    let b = fit.fit_on(&Data::new(x.view()).with_values(y.view()).with_weights(Some(half.view())), &Cpu).unwrap();
    assert!((a.coef - b.coef).iter().all(|d| d.abs() < 1e-7));
}
