//! The descent at its optimality conditions, for both kinds of rows and of columns.

use super::*;
use ironlearn_linalg::Matrix;
use ndarray::{Array, Array2};

/// 80 × 60, of whose entries `shown` of nine are not 0; the last column is the sum of the two before it.
fn x(shown: usize) -> Array2<f64> {
    let mut x = Array::from_shape_fn((80, 60), |(i, j)| {
        if (i * 5 + j * 7) % 9 < shown { ((i * (2 * j + 3)) as f64 * 0.37).sin() } else { 0.0 }
    });
    let sum = &x.column(57) + &x.column(58);
    x.column_mut(59).assign(&sum);
    x
}

/// Penalties that differ; the intercept has none.
fn penalties(l2: f64) -> (Vec<f64>, Vec<f64>) {
    let l1 = (0..=60).map(|j| if j == 60 { 0.0 } else { 1.0 + 0.1 * (j % 3) as f64 });
    (l1.collect(), (0..=60).map(|j| if j == 60 { 0.0 } else { l2 }).collect())
}

fn check<R: Row>(rows: &[R], share: f64) {
    for (shown, l2) in [(2, 0.0), (9, 0.0), (9, 0.3)] {
        let x = x(shown);
        let columns = Columns::of(&Matrix::Dense(x.view()));
        assert!(columns.len() == 60 && if shown == 9 { columns.length(0) == 80 } else { columns.length(0) < 20 });
        let mut state = State::new((&columns, 1.0), (vec![0.0; 61], rows.to_vec()), penalties(l2));
        let rule = Rule { share, max_iter: 2000, seed: (1, 2) };
        let done = minimise(&mut state, rule, &mut Steps::default(), &Control::new()).unwrap();
        assert!(done.converged && done.iterations > 1, "{done:?}");
        let theta = state.theta.clone();
        assert!(theta.iter().filter(|t| **t == 0.0).count() > 5 && theta.iter().filter(|t| **t != 0.0).count() > 5);
        for j in 0..=60 {
            let column = |i: usize| if j == 60 { 1.0 } else { x[[i, j]] };
            // By definition, at predictions that are computed anew.
            let slope: f64 = (0..80)
                .map(|i| {
                    let mut row = rows[i];
                    row.shift(theta[60] + (0..60).map(|k| x[[i, k]] * theta[k]).sum::<f64>());
                    column(i) * row.derivatives().0
                })
                .sum::<f64>()
                + state.l2[j] * theta[j];
            let (l1, t) = (state.l1[j], theta[j]);
            let off = if t == 0.0 { (slope.abs() - l1).max(0.0) } else { (slope + l1 * t.signum()).abs() };
            assert!(off < 1e-6, "{shown} {l2} {j}: {off:e}");
        }
    }
}

#[test]
fn squared_hinges_and_parabolas_end_at_their_optimum() {
    let sign = |i: usize| if (i * i) % 7 < 3 { 1.0 } else { -1.0 };
    let hinges: Vec<Short> = (0..80).map(|i| Short { residual: sign(i), cost: 0.7 * sign(i) }).collect();
    check(&hinges, 1e-9);
    let bends: Vec<Bend> = (0..80).map(|i| Bend { slope: sign(i), curvature: 0.2 + 0.1 * (i % 4) as f64 }).collect();
    check(&bends, 1e-9);
}

/// What a row says that it pays is what its derivatives add up to.
#[test]
fn derivatives_are_those_of_what_is_paid() {
    fn agrees<R: Row>(row: R) {
        let (slope, curvature) = row.derivatives();
        let (up, down) = (row.change(1e-4), row.change(-1e-4));
        assert!(((up - down) / 2e-4 - slope).abs() < 1e-7 && ((up + down) / 1e-8 - curvature).abs() < 1e-5);
        let mut moved = row;
        moved.shift(0.3);
        assert!((row.change(0.3) + moved.change(-0.3)).abs() < 1e-12 && curvature <= row.bound());
    }
    agrees(Short { residual: 0.5, cost: 2.0 });
    agrees(Short { residual: 0.5, cost: -2.0 });
    agrees(Bend { slope: -0.3, curvature: 1.5 });
}
