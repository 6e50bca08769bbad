//! Categorical splits against a search through all subsets; missing, unknown and many categories; files.

use crate::tree::problem::Problem;
use crate::tree::{
    Categorical, ClassCriterion, ClassTree, Count, DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier,
    ExtraTreeRegressor, MaxFeatures, NumberCriterion, NumberTree, Splitter, Tree,
};
use crate::{AnyMatrix, ApplyOn, Checked, Control, Cpu, Data, Error, FitOn, Model, PredictOn};
use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Codes in column 0, numbers in column 1.
fn problem(seed: u64, rows: usize, levels: u64, missing: bool, weighted: bool, classes: u32) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |n: u64| rng.next_u64() % n;
    let effect: Vec<u64> = (0..levels).map(|_| below(12)).collect();
    let x = Array2::from_shape_fn((rows, 2), |(_, j)| match (j, below(7)) {
        (0, 0) if missing => f64::NAN,
        (0, _) => below(levels) as f64,
        _ => below(4) as f64 / 4.0,
    });
    let y = Array2::from_shape_fn((rows, 1), |(i, _)| {
        let known = x[[i, 0]];
        (if known.is_nan() { 5 } else { effect[known as usize] } + below(6)) as f64
    });
    let codes = y.mapv(|v| v as u32 % classes);
    let weights = weighted.then(|| Array1::from_shape_fn(rows, |_| below(4) as f64));
    Problem { x, y, codes, weights }
}

impl Problem {
    /// The smallest loss of any split of column 0 by a subset of its categories, or of column 1 by a threshold.
    fn best_of(&self, rows: &[usize], kind: &str, feature: i32) -> f64 {
        let mut best = f64::INFINITY;
        let mut weigh = |left: &dyn Fn(usize) -> bool| {
            let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().copied().partition(|&r| left(r));
            if !left.is_empty() && !right.is_empty() {
                best = best.min(self.loss(&left, kind) + self.loss(&right, kind));
            }
        };
        if feature == 1 {
            for threshold in [0.0, 0.25, 0.5] {
                weigh(&|r| self.x[[r, 1]] <= threshold);
            }
            return best;
        }
        let known = rows.iter().map(|&r| self.x[[r, 0]]).filter(|v| !v.is_nan());
        let there: std::collections::BTreeSet<u32> = known.map(|v| v as u32).collect();
        for subset in 0_u32..1 << there.len() {
            let held = |v: f64| there.iter().position(|&c| f64::from(c) == v).is_some_and(|at| subset >> at & 1 != 0);
            weigh(&|r| held(self.x[[r, 0]]));
        }
        best
    }
    /// Walks down the tree by its sets; compares what each split leaves with the best of all of its feature. Returns the mean
    /// share of the possible decrease that the splits reach.
    fn verify_sets(&self, tree: &Tree, kind: &str, exact: bool) -> f64 {
        tree.check().unwrap();
        let rows = (0..self.x.nrows()).filter(|&r| self.weight(r) != 0.0).collect::<Vec<_>>();
        let (mut stack, mut reached, mut splits) = (vec![(0, rows)], 0.0, 0);
        while let Some((node, rows)) = stack.pop() {
            let weight: f64 = rows.iter().map(|&r| self.weight(r)).sum();
            let loss = self.loss(&rows, kind);
            assert_eq!(tree.n_node_samples[node] as usize, rows.len());
            assert!((tree.impurity[node] * weight - loss).abs() < 1e-9 * (1.0 + weight), "{kind}: {node}");
            let Some(children) = tree.children(node) else {
                let best = self.best_of(&rows, kind, 0).min(self.best_of(&rows, kind, 1));
                assert!(loss < 1e-9 || best > loss - 1e-9 || !exact, "{kind}: {node} could be split");
                continue;
            };
            let set = tree.categories.as_ref().and_then(|sets| sets.categories(node));
            assert_eq!(set.is_some(), tree.feature[node] == 0);
            let missing_left = tree.missing_go_to_left[node] != 0;
            let goes_left = |r: usize| match (&set, self.x[[r, tree.feature[node] as usize]]) {
                (_, v) if v.is_nan() => missing_left,
                (Some(set), v) => set.contains(&(v as u32)) ^ missing_left,
                (None, v) => v <= tree.threshold[node],
            };
            let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|&&r| goes_left(r));
            let found = self.loss(&left, kind) + self.loss(&right, kind);
            let best = self.best_of(&rows, kind, tree.feature[node]);
            assert!(found <= best + 1e-9 * (1.0 + weight) || !exact, "{kind}: {found} against {best}");
            if loss - best > 1e-9 {
                reached += (loss - found) / (loss - best);
                splits += 1;
            }
            stack.extend(children.into_iter().zip([left, right]));
        }
        reached / f64::from(splits.max(1))
    }
}

fn marked() -> Option<Categorical> {
    Some(Categorical::Places(vec![0]))
}

fn fit<P: FitOn<Cpu>>(params: &P, data: &Data<'_>, threads: usize) -> P::Model {
    let ctl = Control::new().with_threads(Some(threads));
    P::fit_checked(&Checked::new(params.clone()).unwrap(), data, None, &Cpu, &ctl).unwrap()
}

/// One number or two classes: no subset of the categories is better than the one found, whatever the criterion.
#[test]
fn on_a_line_every_split_is_the_best_of_all_subsets() {
    use NumberCriterion::{Poisson, SquaredError};
    for seed in 0..6 {
        for (missing, weighted) in [(false, false), (true, false), (false, true), (true, true)] {
            let p = problem(seed, 60, 7, missing, weighted, 2);
            for (criterion, kind) in [(ClassCriterion::Gini, "gini"), (ClassCriterion::Entropy, "entropy")] {
                let params = DecisionTreeClassifier { criterion, categorical_features: marked(), ..Default::default() };
                p.verify_sets(&fit(&params, &p.classes(2), 1).tree, kind, true);
            }
            for (criterion, kind) in [(SquaredError, "squared_error"), (Poisson, "poisson")] {
                let params = DecisionTreeRegressor { criterion, categorical_features: marked(), ..Default::default() };
                p.verify_sets(&fit(&params, &p.numbers(), 1).tree, kind, true);
            }
        }
    }
}

/// Several classes along their principal component, and absolute errors by medians, come close.
#[test]
fn other_splits_reach_nearly_all_that_subsets_can() {
    for (kind, least) in [("gini", 0.97), ("entropy", 0.96), ("absolute_error", 0.97)] {
        let (mut reached, mut worst) = (0.0, 1.0_f64);
        for seed in 0..12 {
            let p = problem(seed, 60, 7, seed % 2 == 1, seed % 3 == 1, 4);
            let tree = if kind == "absolute_error" {
                let criterion = NumberCriterion::AbsoluteError;
                let params = DecisionTreeRegressor { criterion, categorical_features: marked(), ..Default::default() };
                fit(&params, &p.numbers(), 1).tree
            } else {
                let criterion = if kind == "gini" { ClassCriterion::Gini } else { ClassCriterion::Entropy };
                let params = DecisionTreeClassifier { criterion, categorical_features: marked(), ..Default::default() };
                fit(&params, &p.classes(4), 1).tree
            };
            let share = p.verify_sets(&tree, kind, false);
            reached += share / 12.0;
            worst = worst.min(share);
        }
        assert!(reached > least && worst > least - 0.06, "{kind}: {reached} {worst}");
    }
}

/// What a tree predicts is what its sets say, whatever the layout and the numbers that stand for the categories.
#[test]
fn values_stand_for_categories_whatever_they_are() {
    let p = problem(1, 300, 9, true, true, 3);
    let params = DecisionTreeClassifier { categorical_features: marked(), ..Default::default() };
    let model = fit(&params, &p.classes(3), 1);
    let mut other = p.x.clone();
    // Rising, so that the codes stay what they are.
    other.column_mut(0).mapv_inplace(|v| (v - 4.0) * 1e6 + 0.5);
    let data = Data::new(other.view()).with_classes(p.codes.view(), vec![3]);
    let of_values = fit(&params, &data.with_weights(p.weights.as_ref().map(|w| w.view())), 1);
    assert_eq!(of_values.tree, model.tree);
    assert_eq!(of_values.categories.as_ref().unwrap().features[0].values.len(), 9);
    let ctl = Control::new();
    let leaves = model.apply_on(&p.x.view().into(), &ctl).unwrap();
    assert_eq!(of_values.apply_on(&other.view().into(), &ctl).unwrap(), leaves);
    let columns = Array2::from_shape_fn((2, 300), |(j, i)| p.x[[i, j]] as f32);
    let turned: AnyMatrix<'_> = columns.t().into();
    assert_eq!(model.apply_on(&turned, &ctl).unwrap(), leaves);
    let mask = DecisionTreeClassifier { categorical_features: Some(Categorical::Mask(vec![true, false])), ..params };
    assert_eq!(fit(&mask, &p.classes(3), 1), model);
}

/// Categories that the fit did not see, and numbers that are none, go where missing values go.
#[test]
fn unknown_categories_are_missing_ones() {
    let p = problem(4, 400, 30, true, false, 2);
    let params = DecisionTreeRegressor { categorical_features: marked(), ..Default::default() };
    let model = fit(&params, &p.numbers(), 1);
    let rows = |v: f64| Array2::from_shape_fn((4, 2), |(i, j)| if j == 0 { v } else { i as f64 / 4.0 });
    let ctl = Control::new();
    let missing = model.predict_on(&rows(f64::NAN).view().into(), &ctl).unwrap();
    for unknown in [30.0, -1.0, 2.5, 1e30, 64.0 * 31.0, 70_000.0] {
        assert_eq!(model.predict_on(&rows(unknown).view().into(), &ctl).unwrap(), missing, "{unknown}");
    }
    assert!(model.predict_on(&rows(f64::INFINITY).view().into(), &ctl).is_err());
}

#[test]
fn threads_change_nothing() {
    let p = problem(3, 40_000, 300, true, true, 3);
    for max_features in [MaxFeatures::All, MaxFeatures::Number(1)] {
        for splitter in [Splitter::Best, Splitter::Random] {
            let (categorical_features, max_depth) = (marked(), Some(10));
            let params = DecisionTreeClassifier {
                max_features,
                splitter,
                max_depth,
                categorical_features: categorical_features.clone(),
                ..Default::default()
            };
            let [one, two] = [1, 2].map(|threads| fit(&params, &p.classes(3), threads));
            assert!(one == two && one.tree.node_count() > 50);
            let max_leaf_nodes = Some(40);
            let params = DecisionTreeRegressor {
                max_features,
                splitter,
                max_leaf_nodes,
                categorical_features,
                ..Default::default()
            };
            let [one, two] = [1, 2].map(|threads| fit(&params, &p.numbers(), threads));
            assert!(one == two && one.tree.n_leaves() == 40 && one.tree.categories.is_some());
        }
    }
}

/// A tree without a limit tells every category and number apart, however many there are.
#[test]
fn thousands_of_categories_are_told_apart() {
    let n = 20_000;
    let x = Array2::from_shape_fn((n, 1), |(i, _)| (i % 5_000) as f64);
    let effect = |i: usize| ((i % 5_000) * 7_919 % 101) as f64;
    let y = Array2::from_shape_fn((n, 1), |(i, _)| effect(i));
    let data = Data::new(x.view()).with_values(y.view());
    let best = DecisionTreeRegressor { categorical_features: marked(), ..Default::default() };
    let model = fit(&best, &data, 2);
    assert_eq!(model.tree.n_leaves(), 101);
    assert_eq!(model.predict_on(&x.view().into(), &Control::new()).unwrap(), y);
    let random = ExtraTreeRegressor { categorical_features: marked(), ..Default::default() };
    let model = fit(&random, &data, 2);
    assert_eq!(model.predict_on(&x.view().into(), &Control::new()).unwrap(), y);
    let many = Array2::from_shape_fn((65_536, 1), |(i, _)| i as f64);
    let data = Data::new(many.view()).with_values(many.view());
    let refused = best.fit_on(&data, &Cpu).unwrap_err().to_string();
    assert!(refused.contains("cardinality <= 65535") && refused.contains("65536"), "{refused}");
    let most = many.slice(ndarray::s![..65_535, ..]);
    let stump = DecisionTreeRegressor { max_depth: Some(1), ..best };
    let model = fit(&stump, &Data::new(most).with_values(most), 2);
    assert_eq!(model.tree.categories.as_ref().unwrap().categories(0).unwrap().len(), 32_767);
}

/// Each subset of three categories, neither empty nor whole, is drawn about as often.
#[test]
fn random_subsets_are_drawn_evenly() {
    let x = Array2::from_shape_fn((6, 1), |(i, _)| (i % 3) as f64);
    let codes = Array2::from_shape_fn((6, 1), |(i, _)| u32::from(i > 2));
    let data = Data::new(x.view()).with_classes(codes.view(), vec![2]);
    let mut times = [0; 8];
    for random_state in 0..3000 {
        let params = ExtraTreeClassifier {
            random_state,
            max_depth: Some(1),
            categorical_features: marked(),
            ..Default::default()
        };
        let tree = fit(&params, &data, 1).tree;
        let others = tree.categories.as_ref().unwrap().categories(0).unwrap();
        let mut left: u32 = others.iter().map(|c| 1 << c).sum();
        if tree.missing_go_to_left[0] != 0 {
            left = 7 - left;
        }
        times[left as usize] += 1;
    }
    assert!(times[0] == 0 && times[7] == 0 && times[1..7].iter().all(|&n: &i32| (n - 500).abs() < 100), "{times:?}");
}

#[test]
fn limits_hold() {
    let p = problem(2, 200, 12, true, false, 3);
    for splitter in [Splitter::Best, Splitter::Random] {
        let params = DecisionTreeClassifier {
            min_samples_leaf: Count::Rows(15),
            min_weight_fraction_leaf: 0.1,
            splitter,
            categorical_features: marked(),
            ..Default::default()
        };
        let tree = fit(&params, &p.classes(3), 1).tree;
        assert!(tree.node_count() > 1 && tree.n_node_samples.iter().all(|&n| n >= 20));
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let p = problem(5, 50, 4, false, false, 2);
    let refuse = |params: DecisionTreeRegressor, data: &Data<'_>| params.fit_on(data, &Cpu).unwrap_err().to_string();
    let of = |categorical_features| DecisionTreeRegressor { categorical_features, ..Default::default() };
    let constrained = DecisionTreeRegressor { monotonic_cst: Some(vec![1, 0]), ..of(marked()) };
    assert!(refuse(constrained, &p.numbers()).contains("cannot have monotonic constraints"));
    assert!(refuse(of(Some(Categorical::Places(vec![2]))), &p.numbers()).contains("[0, 1]"));
    assert!(refuse(of(Some(Categorical::Mask(vec![true]))), &p.numbers()).contains("must have shape"));
    let sparse = sprs::CsMat::csr_from_dense(p.x.view(), 0.0);
    let data = Data::new(sparse.view()).with_values(p.y.view());
    assert!(refuse(of(marked()), &data).contains("dense data is required"));
    let model = fit(&of(marked()), &p.numbers(), 1);
    assert!(model.predict_on(&sparse.view().into(), &Control::new()).is_err());
    // Constraints on the other column are kept.
    let allowed = DecisionTreeRegressor { monotonic_cst: Some(vec![0, 1]), ..of(marked()) };
    let model = fit(&allowed, &p.numbers(), 1);
    for code in 0..4 {
        let x = Array2::from_shape_fn((4, 2), |(i, j)| if j == 0 { f64::from(code) } else { i as f64 / 4.0 });
        let y = model.predict_on(&x.view().into(), &Control::new()).unwrap();
        assert!(y.iter().zip(y.iter().skip(1)).all(|(a, b)| a <= b));
    }
}

#[test]
fn pruning_keeps_the_sets_of_what_is_left() {
    let p = problem(6, 200, 8, true, false, 3);
    let params = DecisionTreeClassifier { categorical_features: marked(), ..Default::default() };
    let model = fit(&params, &p.classes(3), 1);
    let (alphas, _) = model.tree.pruning_path();
    for alpha in alphas.into_iter().filter(|&alpha| alpha > 0.0) {
        let pruned = ClassTree { tree: model.tree.pruned(alpha), ..model.clone() };
        pruned.check().unwrap();
        let direct = DecisionTreeClassifier { ccp_alpha: alpha, ..params.clone() };
        assert_eq!(fit(&direct, &p.classes(3), 1).tree, pruned.tree);
    }
    assert!(model.tree.pruned(f64::INFINITY).categories.is_none());
}

#[test]
fn a_saved_tree_is_the_same_tree_and_a_damaged_one_is_refused() {
    let p = problem(7, 200, 100, true, false, 2);
    let mut x = p.x.clone();
    x.column_mut(0).mapv_inplace(|v| v * 3.0);
    let data = Data::new(x.view()).with_values(p.y.view());
    let model = fit(&DecisionTreeRegressor { categorical_features: marked(), ..Default::default() }, &data, 1);
    let saved = crate::saved::Saved::new(crate::AnyModel::DecisionTreeRegressor(model.clone()));
    let back = crate::saved::Saved::from_bytes(&saved.to_bytes().unwrap()).unwrap();
    let back = back.model.map(std::sync::Arc::unwrap_or_clone);
    let Some(crate::AnyModel::DecisionTreeRegressor(back)) = back else { panic!("another model") };
    assert_eq!(back, model);
    let split = (0..model.tree.node_count()).find(|&node| model.tree.feature[node] == 0).unwrap();
    let spoil = |change: &dyn Fn(&mut NumberTree)| {
        let mut bad = model.clone();
        change(&mut bad);
        assert!(matches!(bad.check(), Err(Error::File(_))));
    };
    spoil(&|m| m.categories = None);
    spoil(&|m| m.tree.categories = None);
    spoil(&|m| m.tree.feature[split] = 1);
    spoil(&|m| m.categories.as_mut().unwrap().features.clear());
    spoil(&|m| m.categories.as_mut().unwrap().features[0].feature = 2);
    spoil(&|m| m.categories.as_mut().unwrap().features[0].values.reverse());
    spoil(&|m| m.categories.as_mut().unwrap().features[0].values[0] = f64::NAN);
    spoil(&|m| m.categories.as_mut().unwrap().features[0].count = 99);
    spoil(&|m| {
        let level = &mut m.categories.as_mut().unwrap().features[0];
        (level.count, level.values) = (1, Vec::new());
    });
    spoil(&|m| {
        let twice = m.categories.as_ref().unwrap().features[0].clone();
        m.categories.as_mut().unwrap().features.push(twice);
    });
}
