//! The interior point and the descent on rows of each kind end at one objective; rows that count nothing, and none at all.

use super::descent::onto_simplex;
use super::rows::{Columns, Listed};
use super::{AllClasses, Found, descent, interior};
use crate::svm::linear::lines::{Few, Full};
use crate::{Control, Cpu, Matrix};
use ndarray::{Array, Array2};

/// Classes by bands of the first column, with noise.
fn overlapping(n: usize, p: usize, zeros: usize) -> (Array2<f64>, Vec<u32>) {
    let x = Array::from_shape_fn((n, p), |(i, j)| {
        if (i * 5 + j * 3) % 7 < zeros { 0.0 } else { ((i * 37 + j * 101 + i * j) as f64).sin() }
    });
    let codes = (0..n).map(|i| (1.5 + 1.5 * x[[i, 0]] + ((i * i) as f64).cos()).clamp(0.0, 3.0) as u32).collect();
    (x, codes)
}

fn objective(all: &AllClasses<'_>, x: &Array2<f64>, found: &Found) -> f64 {
    let b: f64 = found.intercept.iter().map(|v| v * v).sum::<f64>() / all.intercept.unwrap_or(1.0).powi(2);
    let mut value = 0.5 * (found.coef.iter().map(|v| v * v).sum::<f64>() + b);
    for (i, z) in x.dot(&found.coef.t()).rows().into_iter().enumerate() {
        let own = all.codes[i] as usize;
        let score = |c: usize| z[c] + found.intercept[c] + all.margin(i, c);
        let most = (0..all.n_classes).map(score).fold(f64::NEG_INFINITY, f64::max);
        value += all.cost[i] * (most - score(own));
    }
    value
}

#[test]
fn all_ways_end_at_one_objective() {
    let ctl = Control::new();
    for (n, p, zeros, c) in [(200, 6, 0, 1.0), (200, 6, 5, 30.0), (60, 40, 5, 10.0), (300, 3, 2, 0.01)] {
        let (x, codes) = overlapping(n, p, zeros);
        for intercept in [None, Some(2.0)] {
            let cost = (0..n).map(|i| c * (i % 4) as f64).collect();
            let all = AllClasses { codes: &codes, n_classes: 4, cost, intercept, tol: 1e-6, seed: 3 };
            let inside = interior::solve(&all, Matrix::Dense(x.view()), &Cpu, &ctl).unwrap();
            let full = descent::solve(&all, p, &Columns::new(Full::new(&x.view()), p, 4), usize::MAX, &ctl).unwrap();
            assert!(inside.converged && full.converged, "{n} × {p}, C = {c}");
            let least = objective(&all, &x, &inside);
            // The gap of the interior point is a thousandth of tol, the violations of the descent 0.3 tol a row at most.
            let off = 1e-9 * least + 0.3e-6 * all.cost.iter().sum::<f64>();
            assert!((objective(&all, &x, &full) - least).abs() <= off, "{n} × {p}, C = {c}");
            if let Some(few) = Few::of(&x.view()) {
                let listed = descent::solve(&all, p, &Listed::new(few, 4), usize::MAX, &ctl).unwrap();
                assert!(listed.converged && (objective(&all, &x, &listed) - least).abs() <= off);
            } else {
                assert!(zeros < 5, "few entries are other than 0");
            }
        }
    }
}

/// Where nothing counts, nothing is found; rows without entries tell nothing.
#[test]
fn empty_problems_end() {
    let (mut x, codes) = overlapping(40, 3, 0);
    let ctl = Control::new();
    let all = AllClasses { codes: &codes, n_classes: 4, cost: vec![0.0; 40], intercept: None, tol: 1e-4, seed: 0 };
    let found = all.solve(Matrix::Dense(x.view()), &Cpu, &ctl).unwrap();
    assert!(found.converged && found.coef.iter().all(|&v| v == 0.0) && found.intercept == [0.0; 4]);
    x.row_mut(7).fill(0.0);
    let all = AllClasses { cost: vec![1.0; 40], ..all };
    let inside = interior::solve(&all, Matrix::Dense(x.view()), &Cpu, &ctl).unwrap();
    let full = descent::solve(&all, 3, &Columns::new(Full::new(&x.view()), 3, 4), usize::MAX, &ctl).unwrap();
    assert!(inside.converged && full.converged);
    assert!((objective(&all, &x, &inside) - objective(&all, &x, &full)).abs() < 1e-3);
}

#[test]
fn points_go_to_the_nearest_of_the_simplex() {
    let mut sorted = Vec::new();
    for (cost, point) in [(1.0, vec![0.3, -2.0, 0.9]), (2.0, vec![5.0, 5.0, 5.0, 1.0]), (1e-12, vec![3.0, 1.0, 2.0])] {
        let mut to = point.clone();
        onto_simplex(cost, &mut to, &mut sorted);
        assert!((to.iter().sum::<f64>() - cost).abs() <= 1e-15 * 4.0 * cost.max(1e-3) && to.iter().all(|&v| v >= 0.0));
        // Those above 0 are all moved by one number, and no other would have been left above 0 by it.
        let moved: Vec<f64> = to.iter().zip(&point).filter(|(t, _)| **t > 0.0).map(|(t, p)| p - t).collect();
        assert!(moved.iter().all(|m| (m - moved[0]).abs() < 1e-12));
        assert!(to.iter().zip(&point).all(|(&t, &p)| t > 0.0 || p - moved[0] <= 1e-12));
    }
}
