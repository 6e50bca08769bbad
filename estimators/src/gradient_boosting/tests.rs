//! Trees from bins against the grower of single trees; weights as repetition; going on; threads.

use super::shallow::Shallow;
use super::*;
use crate::tree::criterion::{Moments, SquaredError};
use crate::tree::grow::Plan;
use crate::tree::{Columns, Ground, Limits, Tree};
use crate::{Checked, Control, Cpu, Data, DecisionOn, FitOn, Model, PredictOn};
use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::borrow::Cow;

/// Random numbers; column 1 has few values, column 2 has many ties, column 3 one value mostly.
fn numbers(seed: u64, n: usize, p: usize) -> (Array2<f64>, Array2<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let x = Array2::from_shape_fn((n, p), |(_, j)| match (j, uniform()) {
        (1, u) => (5.0 * u).floor(),
        (2, u) => (400.0 * u).floor() / 8.0,
        (3, u) => {
            if u < 0.9 {
                1.0
            } else {
                u
            }
        }
        (_, u) => u * u - 0.3,
    });
    let y = Array2::from_shape_fn((n, 1), |(i, _)| {
        (6.0 * x[[i, 0]]).sin() + x[[i, 1 % p]] * x[[i, 2 % p]] / 20.0 + (uniform() - 0.5).powi(3) * 8.0
    });
    (x, y)
}

fn plan(p: usize) -> Plan {
    Plan {
        max_depth: 3,
        min_split: 2,
        limits: Limits { min_leaf: 1, min_weight: 0.0 },
        min_decrease: 0.0,
        max_features: p,
        max_leaves: None,
        random: false,
        monotonic: None,
        categorical: Vec::new(),
        seed: 5,
    }
}

fn same(a: &Tree, b: &Tree) {
    assert_eq!((&a.feature, &a.threshold), (&b.feature, &b.threshold));
    assert_eq!((&a.children_left, &a.n_node_samples), (&b.children_left, &b.n_node_samples));
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(a.value.iter().zip(&b.value).all(|(&a, &b)| close(a, b)));
    assert!(a.impurity.iter().zip(&b.impurity).all(|(&a, &b)| close(a, b)));
    assert!(a.weighted_n_node_samples.iter().zip(&b.weighted_n_node_samples).all(|(&a, &b)| close(a, b)));
}

/// The two growers find the same tree, whatever the plan.
#[test]
fn trees_from_bins_are_those_of_the_grower() {
    let ctl = Control::new();
    for (seed, n, p) in [(1, 3000, 6), (2, 3000, 4), (3, 150, 5), (5, 20_000, 7)] {
        let (x, y) = numbers(seed, n, p);
        let x = crate::AnyMatrix::from(x.view());
        let shallow = Shallow::new(&Columns::new(&x).unwrap(), &ctl).unwrap();
        let y: Vec<f64> = y.iter().copied().collect();
        let weights: Vec<f64> = (0..n).map(|i| 0.25 + (i * 7 % 11) as f64).collect();
        let base = plan(p);
        let plans = [
            Plan { max_depth: 1, ..base.clone() },
            base.clone(),
            Plan { max_depth: 6, min_split: 20, limits: Limits { min_leaf: 9, min_weight: 3.0 }, ..base.clone() },
            Plan { max_depth: 9, max_leaves: Some(11), ..base.clone() },
            Plan { max_features: 2, seed: 77, ..base.clone() },
            Plan { min_decrease: 0.01, ..base },
        ];
        for plan in plans {
            let ground = Ground::new(Columns::new(&x).unwrap(), plan.max_features, false, None, &ctl).unwrap();
            for weighted in [false, true] {
                for rows in [(0..n as u32).collect::<Vec<_>>(), (0..n as u32).filter(|i| i % 3 != 1).collect()] {
                    let given = weighted.then_some(weights.as_slice());
                    let weight = rows.iter().map(|&row| given.map_or(1.0, |w| w[row as usize])).sum();
                    let criterion = SquaredError(Moments::new(Cow::Borrowed(&y), 1, given));
                    let expected = ground.grow(&plan, &criterion, rows.clone(), weight, &[1], &ctl).unwrap();
                    let mut found = shallow.grow(&plan, &y, given, rows, weight, &ctl).unwrap();
                    same(&found.tree, &expected);
                    shallow.walk_others(&mut found);
                    let leaves = expected.apply(&x, &ctl).unwrap();
                    assert!(found.leaves.iter().zip(leaves).all(|(&a, b)| i64::from(a) == b));
                }
            }
        }
    }
}

/// Columns that are the same, and values that only differ by a tie.
#[test]
fn ties_are_no_splits_and_equal_features_are_drawn() {
    let x = Array2::from_shape_fn((600, 2), |(i, _)| f64::from(0.5_f32 + (i % 3) as f32 * 6e-8) + (i % 5) as f64);
    let y: Vec<f64> = (0..600).map(|i| (i % 5) as f64 + (i % 3) as f64 * 100.0).collect();
    let any = crate::AnyMatrix::from(x.view());
    let ctl = Control::new();
    let shallow = Shallow::new(&Columns::new(&any).unwrap(), &ctl).unwrap();
    let mut drawn = [false; 2];
    for seed in 0..20 {
        let plan = Plan { seed, max_depth: 5, ..plan(2) };
        let tree = shallow.grow(&plan, &y, None, (0..600).collect(), 600.0, &ctl).unwrap().tree;
        assert_eq!(tree.n_leaves(), 5);
        drawn[tree.feature[0] as usize] = true;
    }
    assert_eq!(drawn, [true; 2]);
}

fn classes(y: &Array2<f64>, k: u32) -> Array2<u32> {
    y.mapv(|v| ((v + 2.0).max(0.0) * f64::from(k) / 4.0) as u32 % k)
}

/// A row of weight 2 is two rows, for every loss.
#[test]
fn weights_are_repetitions() {
    let (x, y) = numbers(8, 400, 4);
    let twice: Vec<usize> = (0..400).flat_map(|i| vec![i; 1 + i % 3]).collect();
    let weights = Array1::from_shape_fn(400, |i| (1 + i % 3) as f64);
    let (x2, y2) = (x.select(ndarray::Axis(0), &twice), y.select(ndarray::Axis(0), &twice));
    let ones = Array1::ones(twice.len());
    for loss in [NumberLoss::SquaredError, NumberLoss::AbsoluteError, NumberLoss::Huber, NumberLoss::Quantile] {
        let params = GradientBoostingRegressor { loss, n_estimators: 15, alpha: 0.8, ..Default::default() };
        let a = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
        let b = Data::new(x2.view()).with_values(y2.view()).with_weights(Some(ones.view()));
        let (a, b) = (params.fit_on(&a, &Cpu).unwrap(), params.fit_on(&b, &Cpu).unwrap());
        let (a, b) = (a.predict_cpu(x.view()).unwrap(), b.predict_cpu(x.view()).unwrap());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{loss:?}");
    }
    for (loss, k) in [(ClassLoss::LogLoss, 2), (ClassLoss::LogLoss, 3), (ClassLoss::Exponential, 2)] {
        let (codes, codes2) = (classes(&y, k), classes(&y2, k));
        let params = GradientBoostingClassifier { loss, n_estimators: 15, ..Default::default() };
        let n = vec![k as usize];
        let a = Data::new(x.view()).with_classes(codes.view(), n.clone()).with_weights(Some(weights.view()));
        let b = Data::new(x2.view()).with_classes(codes2.view(), n);
        let (a, b) = (params.fit_on(&a, &Cpu).unwrap(), params.fit_on(&b, &Cpu).unwrap());
        let at = x.view().into();
        let (a, b) = (a.decision_on(&at, &Control::new()).unwrap(), b.decision_on(&at, &Control::new()).unwrap());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{loss:?} {k}");
    }
}

/// One and two threads give the same bits; so do a fit in one go and one that goes on.
#[test]
fn threads_and_stops_change_nothing() {
    let (x, y) = numbers(9, 6000, 5);
    let codes = classes(&y, 3);
    for k in [2, 3] {
        let codes = codes.mapv(|code| code % k);
        let data = Data::new(x.view()).with_classes(codes.view(), vec![k as usize]);
        let all =
            GradientBoostingClassifier { n_estimators: 12, subsample: 0.6, random_state: 4, ..Default::default() };
        let fit = |params: &GradientBoostingClassifier, start: Option<&BoostedClasses>, threads| {
            let ctl = Control::new().with_threads(Some(threads));
            GradientBoostingClassifier::fit_checked(&Checked::new(params.clone()).unwrap(), &data, start, &Cpu, &ctl)
                .unwrap()
        };
        let one = fit(&all, None, 1);
        let two = fit(&all, None, 2);
        let half = fit(&GradientBoostingClassifier { n_estimators: 5, ..all.clone() }, None, 2);
        let rest = fit(&all, Some(&half), 2);
        for other in [&two, &rest] {
            assert_eq!(one.boosted.trees, other.boosted.trees);
            assert_eq!(one.boosted.train_score, other.boosted.train_score);
            assert_eq!(one.boosted.oob_improvement, other.boosted.oob_improvement);
        }
        one.check().unwrap();
        // What the fit was told of itself is what predictions say.
        let at = x.view().into();
        let raw = one.decision_on(&at, &Control::new()).unwrap();
        assert_eq!(raw, two.decision_on(&at, &Control::new().with_threads(Some(2))).unwrap());
    }
}

/// Sparse X gives the same trees; trees without a bound take the other grower.
#[test]
fn sparse_and_deep_trees_agree() {
    let (x, y) = numbers(10, 500, 4);
    let x = x.mapv(|v| if v < 0.1 { 0.0 } else { v });
    let params = GradientBoostingRegressor { n_estimators: 10, ..Default::default() };
    let dense = params.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let sparse = params.fit_on(&Data::new(csr.view()).with_values(y.view()), &Cpu).unwrap();
    let deep = GradientBoostingRegressor { max_depth: None, ..params.clone() };
    let deep = deep.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap();
    let predict = |model: &BoostedNumbers| model.predict_cpu(x.view()).unwrap();
    assert_eq!(dense.boosted.trees, sparse.boosted.trees);
    assert_eq!(predict(&dense), predict(&sparse));
    assert!(deep.boosted.train_score[9] < dense.boosted.train_score[9]);
}

/// Rows held out stop the fit, and do not teach it.
#[test]
fn held_out_rows_stop_the_fit() {
    let (x, y) = numbers(11, 800, 4);
    let data = Data::new(x.view()).with_values(y.view());
    let params = GradientBoostingRegressor {
        n_estimators: 500,
        n_iter_no_change: Some(3),
        learning_rate: 0.5,
        ..Default::default()
    };
    let model = params.fit_on(&data, &Cpu).unwrap();
    assert!(model.boosted.stages() < 100);
    assert_eq!(model.boosted.trees[0].n_node_samples[0], 720);
}
