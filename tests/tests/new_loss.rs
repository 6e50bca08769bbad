//! The exercise of docs/adding-an-estimator.md: a loss that ironlearn does not have, in one file outside it. Regression
//! with `log cosh(z − y)`, which is squared near the truth and absolute far from it, with an L2 or an L1 penalty; both
//! solvers of smooth losses take it by its traits alone.

use ironlearn::linear::glm::{Fitted, Task, lbfgs::Stop, objective::Penalty, rows::Numbers};
use ironlearn::loss::{Loss, Smooth};
use ironlearn::{Control, Cpu, Matrix};
use ndarray::{Array1, Array2, ArrayView2};

/// `log cosh(z − y)`.
#[derive(Debug, Clone, Copy)]
struct LogCosh;

impl Loss for LogCosh {
    fn value(&self, y: f64, z: f64) -> f64 {
        // cosh overflows where its logarithm does not.
        let r = (z - y).abs();
        r + (-2.0 * r).exp().ln_1p() - std::f64::consts::LN_2
    }

    fn gradient(&self, y: f64, z: f64) -> f64 {
        (z - y).tanh()
    }
}

impl Smooth for LogCosh {
    fn curvature(&self, y: f64, z: f64) -> f64 {
        1.0 - (z - y).tanh().powi(2)
    }
}

/// Minimises `Σ loss / n + l2/2·‖coef‖² + l1·‖coef‖₁`.
fn fit(x: ArrayView2<'_, f64>, y: &Array1<f64>, l2: f64, l1: f64) -> Fitted {
    let rows = Numbers { loss: LogCosh, y: y.to_vec(), weights: None, two_classes: false };
    let task = Task { rows: &rows, fit_intercept: true, stop: Stop::at(1e-9, 1000), share_of_zero: false };
    let start = (Array2::zeros((1, x.ncols())), Array1::zeros(1));
    let penalties = [Penalty::uniform(x.ncols(), l2, l1)];
    task.path(Matrix::Dense(x), &penalties, start, &Cpu, &Control::new()).unwrap().remove(0)
}

fn data() -> (Array2<f64>, Array1<f64>) {
    let x = Array2::from_shape_fn((400, 6), |(i, j)| ((i * (2 * j + 3)) as f64 * 0.7).sin() * 10f64.powi(j as i32 - 2));
    let truth = Array1::from_vec(vec![200.0, 0.0, -3.0, 0.0, 0.05, 0.0]);
    // One row in twenty is far off.
    let y = Array1::from_shape_fn(400, |i| 5.0 + (i as f64 * 1.3).cos() * 0.1 + if i % 20 == 7 { 50.0 } else { 0.0 });
    let y = y + x.dot(&truth);
    (x, y)
}

/// The derivatives in coefficients and intercept without the penalty.
fn slopes(x: &Array2<f64>, y: &Array1<f64>, found: &Fitted) -> (Array1<f64>, f64) {
    let z = x.dot(&found.coef.row(0)) + found.intercept[0];
    let slope = Array1::from_shape_fn(y.len(), |i| LogCosh.gradient(y[i], z[i])) / y.len() as f64;
    (x.t().dot(&slope), slope.sum())
}

#[test]
fn a_loss_of_ones_own_is_fitted_to_its_optimum() {
    let (x, y) = data();
    let (l2, l1) = (1e-4, 0.02);
    let ridge = fit(x.view(), &y, l2, 0.0);
    let (slope, free) = slopes(&x, &y, &ridge);
    assert!(ridge.converged && free.abs() < 1e-8, "{free}");
    assert!((slope + &ridge.coef.row(0) * l2).iter().all(|v| v.abs() < 1e-8), "{ridge:?}");
    // Rows far off pull by no more than 1 each.
    assert!((ridge.intercept[0] - 5.0).abs() < 0.2, "{ridge:?}");

    let sparse = fit(x.view(), &y, 0.0, l1);
    let (slope, free) = slopes(&x, &y, &sparse);
    assert!(sparse.converged && free.abs() < 1e-7, "{free}");
    for (slope, &coef) in slope.iter().zip(sparse.coef.row(0)) {
        let violation = if coef == 0.0 { slope.abs() - l1 } else { (slope + l1 * coef.signum()).abs() };
        assert!(violation < 1e-7, "{slope} at {coef}");
    }
    assert!(sparse.coef.iter().any(|&c| c == 0.0) && sparse.coef.iter().any(|&c| c != 0.0), "{sparse:?}");
}
