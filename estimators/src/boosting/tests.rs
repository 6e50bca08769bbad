//! Boosting against brute force and against itself.

use super::cuts::Cuts;
use super::fixed::{Choice, Form, Sums, choose};
use super::grow::{Pool, Room, grow};
use super::plan::Plan;
use super::split::{MIN_HESSIAN, Node, Rule, Side};
use super::*;
use crate::binning::{Binned, Bins, Channels, Mapper};
use crate::growth::Bounds;
use crate::{AnyEstimator, AnyModel, Checked, Control, Cpu, Data, FitOn, Model, Params, PredictOn, Saved};
use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Numbers, categories (every fifth column) and, where wanted, missing values (every third).
fn table(n: usize, p: usize, missing: bool, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_fn((n, p), |(_, j)| {
        let v = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        match j % 5 {
            _ if missing && j % 3 == 0 && v < 0.1 => f64::NAN,
            4 => (v * 8.0).floor(),
            _ => v,
        }
    })
}

fn target(x: &Array2<f64>) -> Array2<f64> {
    let y = |row: ndarray::ArrayView1<'_, f64>| {
        let at = |j: usize| row.get(j).copied().filter(|v| !v.is_nan()).unwrap_or(0.3);
        (6.0 * at(0)).sin() + at(1) * at(2) + f64::from(u8::from(at(4) as u32 % 3 == 1))
    };
    x.rows().into_iter().map(y).collect::<Array1<f64>>().insert_axis(ndarray::Axis(1))
}

struct Case {
    binned: Binned,
    pairs: Vec<[f32; 2]>,
    mapper: Mapper,
}

fn case(n: usize, p: usize) -> Case {
    let x = table(n, p, true, 5);
    let categorical: Vec<bool> = (0..p).map(|j| j % 5 == 4).collect();
    let rule = Bins { max_bins: 30, categorical: &categorical, subsample: Bins::SUBSAMPLE, seed: 0 };
    let ctl = Control::new();
    let mapper = Mapper::fit(&x.view().into(), None, None, &rule, &ctl).unwrap();
    let binned = Binned::new(&x.view().into(), &mapper, None, &ctl).unwrap();
    let y = target(&x);
    let pairs = (0..n).map(|i| [y[[i, 0]] as f32 - 0.8, 0.5 + (i % 3) as f32 * 0.25]).collect();
    Case { binned, pairs, mapper }
}

fn plan(rule: Rule) -> Plan {
    Plan { max_leaves: Some(12), max_depth: None, rule, max_features: 1.0, interactions: None, seed: 1 }
}

fn rule() -> Rule {
    Rule { min_samples_leaf: 9, l2: 0.5, monotonic: Vec::new() }
}

/// The best gain of any cut of the numeric features, by summing rows.
fn best_by_force(case: &Case, rows: &[u32], rule: &Rule) -> f64 {
    let sums = |rows: &mut dyn Iterator<Item = u32>| {
        rows.fold(Sums::default(), |s, row| {
            let [g, h] = case.pairs[row as usize].map(f64::from);
            Sums { gradient: s.gradient + g, hessian: s.hessian + h, count: s.count + 1 }
        })
    };
    let mut best = 0.0_f64;
    for feature in (0..case.binned.n_features()).filter(|&j| !case.binned.is_categorical(j)) {
        let missing = case.binned.missing_bin(feature);
        for cut in 0..missing {
            for missing_left in [false, true] {
                let leads = |row: u32| {
                    let bin = case.binned.bin(row as usize, feature);
                    if bin == missing { missing_left } else { bin <= cut }
                };
                let left = sums(&mut rows.iter().copied().filter(|&row| leads(row)));
                let right = sums(&mut rows.iter().copied().filter(|&row| !leads(row)));
                let fits = |s: &Sums| s.count >= rule.min_samples_leaf && s.hessian >= MIN_HESSIAN;
                if fits(&left) && fits(&right) {
                    let loss = |s: &Sums| s.gradient * rule.value(s, Bounds::NONE);
                    best = best.max(-loss(&left) - loss(&right));
                }
            }
        }
    }
    best
}

#[test]
fn splits_are_the_best_of_all() {
    let case = case(600, 4);
    let ctl = Control::new();
    let Choice::Packed(form) = choose(&ctl, &case.pairs, false).unwrap() else { panic!("packed") };
    let mut channels: Vec<Channels<2>> = Vec::new();
    form.encode(&ctl, &case.pairs, &mut channels).unwrap();
    let (mut room, mut pool) = (Room::default(), Pool::default());
    let plan = plan(rule());
    let nodes = grow(&case.binned, &channels, form, &plan, 0, &mut room, &mut pool, &ctl).unwrap();
    assert_eq!(nodes.iter().filter(|node| node.split.is_none()).count(), 12);
    let mut rows: Vec<u32> = room.rows.clone();
    rows.sort_unstable();
    assert!(rows.into_iter().eq(0..600));
    for (place, node) in nodes.iter().enumerate() {
        let Some((split, children)) = &node.split else { continue };
        let mine = &room.rows[node.rows.clone()];
        // The gain counts from the loss at the node's own value, which the root has none of.
        let value = if place == 0 { 0.0 } else { node.value };
        let gradient: f64 = mine.iter().map(|&row| f64::from(case.pairs[row as usize][0])).sum();
        let best = best_by_force(&case, mine, &plan.rule) + gradient * value;
        assert!((split.gain - best).abs() <= 1e-9 * best.abs(), "{} {best}", split.gain);
        assert_eq!(nodes[children[0]].rows.end, nodes[children[1]].rows.start);
    }
}

#[test]
fn categories_are_cut_in_the_order_of_their_means() {
    let case = case(900, 5);
    let ctl = Control::new();
    let Choice::Packed(form) = choose(&ctl, &case.pairs, false).unwrap() else { panic!("packed") };
    let mut channels: Vec<Channels<2>> = Vec::new();
    form.encode(&ctl, &case.pairs, &mut channels).unwrap();
    let feature = 4;
    let mut bins = vec![[0; 2]; case.binned.missing_bin(feature) as usize + 1];
    for (row, channel) in channels.iter().enumerate() {
        let bin = &mut bins[case.binned.bin(row, feature) as usize];
        (0..2).for_each(|c| bin[c] += channel[c]);
    }
    let sums = |codes: &mut dyn Iterator<Item = usize>| {
        form.sums(&codes.fold([0; 2], |s, code| [s[0] + bins[code][0], s[1] + bins[code][1]]))
    };
    let all = sums(&mut (0..bins.len()));
    let node = Node { sums: all, value: 0.0, bounds: Bounds::NONE };
    let split = rule().best(&case.binned, feature, &bins, &node, &form, &mut Cuts::default()).unwrap();
    let Side::In(set) = split.side else { panic!("a set") };
    // Every set of the eight categories.
    let gain = |set: u64| {
        let left = sums(&mut (0..8).filter(|code| set >> code & 1 != 0));
        let right = Sums {
            gradient: all.gradient - left.gradient,
            hessian: all.hessian - left.hessian,
            count: all.count - left.count,
        };
        let loss = |s: &Sums| s.gradient * rule().value(s, node.bounds);
        -loss(&left) - loss(&right)
    };
    let best = (1..255).map(gain).fold(0.0, f64::max);
    assert!((gain(set[0]) - split.gain).abs() < 1e-9 * best);
    // The order shrinks the means towards 0, which may cost a little.
    assert!(split.gain > 0.98 * best && split.gain <= best * (1.0 + 1e-12));
}

fn fit(params: &HistGradientBoostingRegressor, x: &Array2<f64>, threads: usize) -> BoostedNumbers {
    let y = target(x);
    let data = Data::new(x.view()).with_values(y.view());
    let ctl = Control::new().with_threads(Some(threads));
    HistGradientBoostingRegressor::fit_checked(&Checked::new(params.clone()).unwrap(), &data, None, &Cpu, &ctl).unwrap()
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    // Rows of several tiles; with rows held out and features drawn.
    let x = table(40_000, 6, true, 3);
    let params = HistGradientBoostingRegressor {
        max_iter: 6,
        max_features: 0.7,
        categorical_features: Some(Categorical::Places(vec![4])),
        random_state: 9,
        ..Default::default()
    };
    let [one, two] = [1, 2].map(|threads| fit(&params, &x, threads));
    assert_eq!(one, two);
    assert!(one.boosted.early_stopping && one.boosted.validation_score.len() == 7);
    let ctl = |threads| Control::new().with_threads(Some(threads));
    let [a, b] = [1, 2].map(|threads| one.predict_on(&x.view().into(), &ctl(threads)).unwrap());
    assert_eq!(a, b);
    // A row by itself gets the same bits as in the batch, in any layout.
    for row in [0, 17, 39_999] {
        let alone = x.slice(ndarray::s![row..row + 1, ..]);
        assert_eq!(one.predict_cpu(alone).unwrap()[[0, 0]], a[[row, 0]]);
    }
    let by_column = x.t().as_standard_layout().to_owned();
    assert_eq!(one.predict_cpu(by_column.t()).unwrap(), a);
}

/// Trees of several classes are grown at the same time; where they do not come out even, the last one by all threads.
#[test]
fn classes_at_the_same_time_give_the_same_bits() {
    let x = table(4000, 8, true, 3);
    let codes = target(&x).mapv(|y| ((y + 1.0) * 1.2) as u32);
    let data = Data::new(x.view()).with_classes(codes.view(), vec![5]);
    let early_stopping = EarlyStopping::Flag(true);
    let params = HistGradientBoostingClassifier { max_iter: 4, early_stopping, ..Default::default() };
    let checked = Checked::new(params).unwrap();
    let fit = |threads| {
        let ctl = Control::new().with_threads(Some(threads));
        HistGradientBoostingClassifier::fit_checked(&checked, &data, None, &Cpu, &ctl).unwrap()
    };
    let one: BoostedClasses = fit(1);
    assert_eq!(one.boosted.trees.n_trees(), 20);
    assert!([2, 3, 8].map(fit).iter().all(|more| *more == one));
}

/// Where no feature can be split there is one leaf.
#[test]
fn features_that_nearly_always_say_the_same_make_no_split() {
    let x = Array2::from_shape_fn((500, 3), |(i, j)| if (i + j) % 100 == 0 { f64::NAN } else { 1.0 });
    let y = Array2::from_shape_fn((500, 1), |(i, _)| (i % 100 == 0) as u32 as f64);
    let model = fit(&HistGradientBoostingRegressor { max_iter: 3, ..Default::default() }, &x, 2);
    assert_eq!(model.boosted.trees.left.len(), 3);
    let data = Data::new(x.view()).with_values(y.view());
    let leaves = HistGradientBoostingRegressor { max_iter: 3, min_samples_leaf: 5, ..Default::default() };
    let checked = Checked::new(leaves).unwrap();
    let model = HistGradientBoostingRegressor::fit_checked(&checked, &data, None, &Cpu, &Control::new()).unwrap();
    assert!(model.boosted.trees.left.len() > 3);
}

#[test]
fn trees_say_what_the_run_has_added_up() {
    let x = table(3000, 7, true, 4);
    let y = target(&x);
    let data = Data::new(x.view()).with_values(y.view());
    let held = table(500, 7, true, 8);
    let held_y = target(&held);
    for loss in [NumberLoss::SquaredError, NumberLoss::AbsoluteError] {
        let params = HistGradientBoostingRegressor {
            loss,
            max_iter: 20,
            early_stopping: EarlyStopping::Flag(true),
            categorical_features: Some(Categorical::Places(vec![4])),
            ..Default::default()
        };
        let params = Checked::new(params).unwrap();
        let flat: Vec<f64> = held_y.iter().copied().collect();
        let held_out = HeldOut::Data(held.view().into(), &flat, None);
        let ctl = Control::new();
        let mut run = HistGradientBoostingRegressor::begin(&params, &data, held_out, None, &ctl).unwrap();
        run.run(&ctl).unwrap();
        let model = run.model();
        assert_eq!(model.raw(&x.view().into(), &ctl).unwrap().as_slice().unwrap(), run.raw());
        assert_eq!(model.raw(&held.view().into(), &ctl).unwrap().as_slice().unwrap(), run.held_raw().unwrap());
        let scores = &model.train_score;
        assert!(scores.windows(2).all(|pair| pair[1] > pair[0]), "{scores:?}");
    }
}

#[test]
fn weights_are_repetitions_and_a_start_goes_on() {
    let x = table(400, 5, false, 6);
    let y = target(&x);
    let weights: Array1<f64> = (0..400).map(|i| f64::from(i % 3)).collect();
    let rows: Vec<usize> = (0..400).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let (rx, ry) = (x.select(ndarray::Axis(0), &rows), y.select(ndarray::Axis(0), &rows));
    let params = HistGradientBoostingRegressor {
        min_samples_leaf: 1,
        max_iter: 10,
        max_leaf_nodes: Some(4),
        ..Default::default()
    };
    let weighted = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
    let weighted = params.fit_on(&weighted, &Cpu).unwrap();
    let repeated = params.fit_on(&Data::new(rx.view()).with_values(ry.view()), &Cpu).unwrap();
    let (a, b) = (weighted.predict_cpu(x.view()).unwrap(), repeated.predict_cpu(x.view()).unwrap());
    // Gradients are rounded to f32, with their weights or without.
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a} {b}");

    let data = Data::new(x.view()).with_values(y.view());
    let ctl = Control::new();
    let whole = HistGradientBoostingRegressor { max_features: 0.5, random_state: 3, ..params.clone() };
    let half = HistGradientBoostingRegressor { max_iter: 4, ..whole.clone() };
    let first = half.fit_on(&data, &Cpu).unwrap();
    let checked = Checked::new(whole.clone()).unwrap();
    let on = HistGradientBoostingRegressor::fit_checked(&checked, &data, Some(&first), &Cpu, &ctl).unwrap();
    assert_eq!(on.boosted.trees, whole.fit_on(&data, &Cpu).unwrap().boosted.trees);
    let less = Checked::new(HistGradientBoostingRegressor { max_iter: 2, ..whole }).unwrap();
    assert!(HistGradientBoostingRegressor::fit_checked(&less, &data, Some(&first), &Cpu, &ctl).is_err());
}

#[test]
fn constraints_hold() {
    let x = table(2000, 4, false, 2);
    let params = HistGradientBoostingRegressor { monotonic_cst: Some(vec![0, 1, -1, 0]), ..Default::default() };
    let model = fit(&params, &x, 1);
    for (feature, sign) in [(1, 1.0), (2, -1.0)] {
        for row in 0..50 {
            let mut rows = Array2::from_shape_fn((40, 4), |(_, j)| x[[row, j]]);
            rows.column_mut(feature).iter_mut().enumerate().for_each(|(i, v)| *v = i as f64 / 39.0);
            let y = model.predict_cpu(rows.view()).unwrap();
            assert!(y.iter().zip(y.iter().skip(1)).all(|(a, b)| sign * (b - a) >= 0.0));
        }
    }
    let sets = Some(Interactions::Sets(vec![vec![0, 1], vec![1, 2]]));
    let params = HistGradientBoostingRegressor { interaction_cst: sets, ..Default::default() };
    let trees = fit(&params, &x, 1).boosted.trees;
    for tree in 0..trees.n_trees() {
        let start = trees.nodes(tree).start;
        let mut seen = vec![std::collections::BTreeSet::new(); trees.nodes(tree).len()];
        for node in 0..seen.len() {
            let feature = trees.feature[start + node];
            if feature < 0 {
                let met = &seen[node];
                let fits = |set: &[i32]| met.iter().all(|f| set.contains(f));
                assert!(fits(&[0, 1]) || fits(&[1, 2]) || fits(&[3]), "{met:?}");
                continue;
            }
            for child in [trees.left[start + node], trees.right[start + node]] {
                let mut below = seen[node].clone();
                below.insert(feature);
                seen[child as usize] = below;
            }
        }
    }
}

#[test]
fn odd_data_are_right_or_an_error() {
    let fit = |x: &Array2<f64>, y: &Array2<f64>| {
        HistGradientBoostingRegressor::default().fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu)
    };
    let y = Array2::from_shape_fn((60, 1), |(i, _)| i as f64);
    // Nothing to split on: constant, all missing, one row.
    for x in [Array2::ones((60, 2)), Array2::from_elem((60, 2), f64::NAN)] {
        let model = fit(&x, &y).unwrap();
        assert!(model.predict_cpu(x.view()).unwrap().iter().all(|v| (v - 29.5).abs() < 1e-12));
    }
    assert!(fit(&Array2::ones((1, 1)), &Array2::ones((1, 1))).is_ok());
    // Infinities are values.
    let x = Array2::from_shape_fn((60, 1), |(i, _)| if i < 30 { f64::NEG_INFINITY } else { f64::INFINITY });
    let model = fit(&x, &y).unwrap();
    assert!(model.predict_cpu(x.view()).unwrap()[[0, 0]] < 20.0);
    assert!(fit(&x, &y.mapv(|v| v * 1e308)).is_err());
    assert!(fit(&x, &y.mapv(|v| v * 1e300)).is_err());
    // No row weighs anything.
    let weights = Array1::zeros(60);
    let data = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
    assert!(HistGradientBoostingRegressor::default().fit_on(&data, &Cpu).is_err());
    // One class.
    let codes = Array2::zeros((60, 1));
    let data = Data::new(x.view()).with_classes(codes.view(), vec![1]);
    let model = HistGradientBoostingClassifier::default().fit_on(&data, &Cpu).unwrap();
    assert!(model.predict_cpu(x.view()).unwrap().iter().all(|&code| code == 0.0));
}

#[test]
fn a_hostile_file_is_refused() {
    let x = table(300, 6, true, 1);
    let y = target(&x);
    let params =
        [("categorical_features".to_owned(), rmpv::Value::Array(vec![4.into()])), ("max_iter".into(), 3.into())];
    let estimator = AnyEstimator::with_params(HistGradientBoostingRegressor::NAME, &params).unwrap();
    let data = Data::new(x.view()).with_values(y.view());
    let model = estimator.fit(&data, None, &Cpu, &Control::new()).unwrap();
    let bytes = Saved::new(model.clone()).to_bytes().unwrap();
    let again = Saved::from_bytes(&bytes).unwrap();
    let ask = |model: &AnyModel| model.predict(&x.view().into(), &Control::new()).unwrap();
    assert_eq!(ask(again.model.as_ref().unwrap()), ask(&model));
    let AnyModel::HistGradientBoostingRegressor(good) = model else { panic!("the same kind") };
    type Change = fn(&mut Boosted);
    let changes: [Change; 9] = [
        |m| m.baseline.push(0.0),
        |m| m.trees.left[0] = 0,
        |m| m.trees.right[0] = 10_000,
        |m| m.trees.feature[0] = 6,
        |m| m.trees.set[0] = 99,
        |m| m.trees.starts[1] += 1,
        |m| m.trees.threshold[0] = f64::NAN,
        |m| m.objective = Objective::Multinomial(0),
        |m| m.mapper.features[0] = crate::binning::FeatureBins::Numeric(vec![1.0; 300]),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad.boosted);
        assert!(bad.check().is_err(), "change {i}");
    }
    good.check().unwrap();
    assert_eq!(good.boosted.mapper.features.len(), case(100, 6).mapper.features.len());
}

/// Sums of whole numbers are exact, so what a bundle's usual bins have is what is left, to the last bit. A feature that
/// differs in fewer rows than a leaf needs is never split, and need not be there.
#[test]
fn trees_are_the_same_with_and_without_bundles() {
    let mut x = crate::binning::tests::one_hot(4000);
    let few = Array1::from_shape_fn(4000, |i| if i % 600 == 3 { 1.0 } else { 0.0 });
    x.push_column(few.view()).unwrap();
    x.push_column(Array1::from_elem(4000, 2.0).view()).unwrap();
    let ctl = Control::new();
    let rule_of_bins = Bins { max_bins: 255, categorical: &[], subsample: Bins::SUBSAMPLE, seed: 0 };
    let mapper = Mapper::fit(&x.view().into(), None, None, &rule_of_bins, &ctl).unwrap();
    let [plain, bundled] = [Binned::plain, Binned::new].map(|new| new(&x.view().into(), &mapper, None, &ctl).unwrap());
    let least = rule().min_samples_leaf as usize;
    let possible = Binned::that_can_be_split(&x.view().into(), &mapper, None, least, &ctl).unwrap();
    assert!(bundled.n_columns() < plain.n_columns() && possible.n_columns() < bundled.n_columns());
    let pairs: Vec<[f32; 2]> = x
        .rows()
        .into_iter()
        .enumerate()
        .map(|(i, row)| {
            let sum: f64 = (0..12).filter(|&j| !row[j].is_nan()).map(|j| row[j] * ((j * j) as f64).sin()).sum();
            [(sum + (row[12] * 0.01).sin()) as f32, 0.5 + (i % 3) as f32 * 0.25]
        })
        .collect();
    let Choice::Packed(form) = choose(&ctl, &pairs, false).unwrap() else { panic!("packed") };
    let mut channels: Vec<Channels<2>> = Vec::new();
    form.encode(&ctl, &pairs, &mut channels).unwrap();
    let monotonic = vec![1, 0, -1, 0, 0, 0, 0, 0, 0, 1, 0, -1, 0];
    let interactions = Some(vec![vec![0, 1, 2, 3, 9, 11], vec![4, 5, 6, 7, 8, 10, 12]]);
    for (monotonic, max_features, interactions, max_leaves) in [
        (Vec::new(), 1.0, None, Some(31)),
        (monotonic.clone(), 1.0, None, Some(31)),
        (Vec::new(), 0.4, None, None),
        (monotonic, 0.7, interactions, Some(20)),
    ] {
        let rule = Rule { monotonic, ..rule() };
        let plan = Plan { max_leaves, max_features, interactions, ..plan(rule) };
        let grown = [&plain, &bundled, &possible].map(|binned| {
            let (mut room, mut pool) = (Room::default(), Pool::default());
            let nodes = grow(binned, &channels, form, &plan, 3, &mut room, &mut pool, &ctl).unwrap();
            let splits: Vec<_> = nodes.iter().map(|node| (node.rows.clone(), node.value, node.split)).collect();
            // Other rows in the same bins go where these say.
            let mut raw = vec![0.0; x.nrows()];
            super::leaves::add_unseen(&nodes, binned, &mut raw, &ctl).unwrap();
            (splits, room.rows, raw)
        });
        assert!(grown[0].0.len() > 15);
        assert!(grown[0] == grown[1] && grown[0] == grown[2]);
    }
}
