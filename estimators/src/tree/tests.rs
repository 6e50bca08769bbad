//! Every split of a grown tree against a search through all splits, on small random problems.

use super::problem::Problem;
use super::*;
use crate::{AnyMatrix, Checked, Control, Cpu, Data, FitOn, Model, PredictOn, ProbaOn};
use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Values on a coarse grid, so that there are ties; every seventh is missing where asked for.
fn problem(seed: u64, rows: usize, columns: usize, missing: bool, weighted: bool) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |n: u64| rng.next_u64() % n;
    let x = Array2::from_shape_fn((rows, columns), |_| match below(7) {
        0 if missing => f64::NAN,
        _ => below(9) as f64 / 4.0,
    });
    let y = Array2::from_shape_fn((rows, 1), |_| below(20) as f64);
    let codes = y.mapv(|v| v as u32 % 3);
    let weights = weighted.then(|| Array1::from_shape_fn(rows, |_| below(4) as f64));
    Problem { x, y, codes, weights }
}

impl Problem {
    fn sides(&self, rows: &[usize], feature: usize, threshold: f64, missing_left: bool) -> [Vec<usize>; 2] {
        let left = |r: &usize| match self.x[[*r, feature]] {
            v if v.is_nan() => missing_left,
            v => f64::from(v as f32) <= threshold,
        };
        let (left, right) = rows.iter().copied().partition(left);
        [left, right]
    }
    /// The smallest loss of any split with at least `min_leaf` rows on each side.
    fn best(&self, rows: &[usize], kind: &str, min_leaf: usize) -> Option<f64> {
        let mut best: Option<f64> = None;
        for feature in 0..self.x.ncols() {
            let mut thresholds: Vec<f64> = rows.iter().map(|&r| self.x[[r, feature]]).filter(|v| !v.is_nan()).collect();
            thresholds.push(f64::INFINITY);
            for threshold in thresholds {
                for missing_left in [false, true] {
                    let [left, right] = self.sides(rows, feature, threshold, missing_left);
                    if left.len() < min_leaf || right.len() < min_leaf {
                        continue;
                    }
                    let loss = self.loss(&left, kind) + self.loss(&right, kind);
                    best = Some(best.map_or(loss, |b: f64| b.min(loss)));
                }
            }
        }
        best
    }
    /// Walks down the tree and compares each node with the search.
    fn verify(&self, tree: &Tree, kind: &str, min_leaf: usize) {
        tree.check().unwrap();
        let rows = (0..self.x.nrows()).filter(|&r| self.weight(r) != 0.0).collect::<Vec<_>>();
        let mut stack = vec![(0, rows)];
        while let Some((node, rows)) = stack.pop() {
            let weight: f64 = rows.iter().map(|&r| self.weight(r)).sum();
            let loss = self.loss(&rows, kind);
            assert_eq!(tree.n_node_samples[node] as usize, rows.len());
            assert!((tree.weighted_n_node_samples[node] - weight).abs() < 1e-9);
            assert!((tree.impurity[node] * weight - loss).abs() < 1e-9 * (1.0 + weight), "{kind}: {node}");
            let best = self.best(&rows, kind, min_leaf).filter(|b| b.is_finite());
            match tree.children(node) {
                None => {
                    // A split that changes nothing may be refused by rounding.
                    let pays = best.is_some_and(|best| best < loss - 1e-9);
                    assert!(loss < 1e-9 || !pays, "{kind}: node {node} could be split");
                }
                Some(children) => {
                    let missing_left = tree.missing_go_to_left[node] != 0;
                    let feature = tree.feature[node] as usize;
                    let sides = self.sides(&rows, feature, tree.threshold[node], missing_left);
                    assert!(sides.iter().all(|side| side.len() >= min_leaf));
                    let found = self.loss(&sides[0], kind) + self.loss(&sides[1], kind);
                    assert!(found <= best.unwrap() + 1e-9 * (1.0 + weight), "{kind}: {found} against {best:?}");
                    stack.extend(children.into_iter().zip(sides));
                }
            }
        }
    }
}

fn class_tree(params: DecisionTreeClassifier, data: &Data<'_>, threads: usize) -> Tree {
    let ctl = Control::new().with_threads(Some(threads));
    DecisionTreeClassifier::fit_checked(&Checked::new(params).unwrap(), data, None, &Cpu, &ctl).unwrap().tree
}

fn number_tree(params: DecisionTreeRegressor, data: &Data<'_>, threads: usize) -> Tree {
    let ctl = Control::new().with_threads(Some(threads));
    DecisionTreeRegressor::fit_checked(&Checked::new(params).unwrap(), data, None, &Cpu, &ctl).unwrap().tree
}

#[test]
fn every_split_is_the_best_there_is() {
    use ClassCriterion::{Entropy, Gini};
    use NumberCriterion::{AbsoluteError, Poisson, SquaredError};
    for seed in 0..12 {
        for (missing, weighted) in [(false, false), (true, false), (false, true), (true, true)] {
            let p = problem(seed, 40, 3, missing, weighted);
            let min = 1 + seed as usize % 3;
            let min_samples_leaf = Count::Rows(min as u64);
            for (criterion, kind) in [(Gini, "gini"), (Entropy, "entropy")] {
                let params = DecisionTreeClassifier { criterion, min_samples_leaf, ..Default::default() };
                p.verify(&class_tree(params, &p.classes(3), 1), kind, min);
            }
            let kinds = [(SquaredError, "squared_error"), (AbsoluteError, "absolute_error"), (Poisson, "poisson")];
            for (criterion, kind) in kinds {
                let params = DecisionTreeRegressor { criterion, min_samples_leaf, ..Default::default() };
                p.verify(&number_tree(params, &p.numbers(), 1), kind, min);
            }
        }
    }
}

/// Sorting node by node (a sparse X does) and presorting find the same tree.
#[test]
fn both_sources_grow_the_same_tree() {
    for seed in 0..5 {
        let p = problem(seed, 300, 4, false, seed % 2 == 0);
        let sparse = sprs::CsMat::csr_from_dense(p.x.view(), 0.0);
        let by_column = sparse.to_csc();
        let tree = class_tree(Default::default(), &p.classes(3), 1);
        for view in [sparse.view(), by_column.view()] {
            let data = Data::new(view).with_classes(p.codes.view(), vec![3]);
            let data = data.with_weights(p.weights.as_ref().map(|w| w.view()));
            assert_eq!(class_tree(Default::default(), &data, 1), tree);
        }
    }
}

/// Sorted lists, ranks, and bins of which each holds one value only find the same splits.
#[test]
fn lists_ranks_and_bins_grow_the_same_tree() {
    let kinds = [(0, false, false), (1, true, false), (2, false, true), (3, true, true)];
    let drawn = [MaxFeatures::Number(3), MaxFeatures::All];
    for ((seed, missing, weighted), max_features) in kinds.iter().flat_map(|&kind| drawn.map(|drawn| (kind, drawn))) {
        let p = problem(seed, 3000, 6, missing, weighted);
        // Values that a split cannot tell apart, in one column.
        let x = Array2::from_shape_fn(p.x.dim(), |(i, j)| p.x[[i, j]] * if j == 4 { 1e-7 } else { 1.0 });
        let any: AnyMatrix<'_> = x.view().into();
        let weights = p.weights.as_ref().map(|w| w.to_vec());
        let growth = Growth {
            estimator: "a test",
            splitter: Splitter::Best,
            max_depth: None,
            min_samples_split: Count::Rows(2),
            min_samples_leaf: Count::Rows(3),
            min_weight_fraction_leaf: 0.0,
            max_features,
            random_state: seed,
            max_leaf_nodes: None,
            min_impurity_decrease: 0.0,
            ccp_alpha: 0.0,
            monotonic_cst: None,
            categorical_features: None,
        };
        let (ctl, columns) = (Control::new(), || Columns::new(&any).unwrap());
        let ground = |bins| Ground::new(columns(), max_features.of(6), false, bins, &ctl).unwrap();
        for criterion in [ClassCriterion::Gini, ClassCriterion::Entropy] {
            let target = ClassTarget::new(criterion, p.codes.view(), &[3]);
            let lists = target.grow(&growth, &columns(), weights.as_deref(), &ctl).unwrap();
            assert!(lists.node_count() > 100);
            for bins in [None, Some(255)] {
                assert_eq!(target.grow(&growth, &ground(bins), weights.as_deref(), &ctl).unwrap(), lists);
            }
        }
        for criterion in [NumberCriterion::SquaredError, NumberCriterion::Poisson] {
            let target = NumberTarget::new(criterion, p.y.view()).unwrap();
            let lists = target.grow(&growth, &columns(), weights.as_deref(), &ctl).unwrap();
            for bins in [None, Some(255)] {
                let tree = target.grow(&growth, &ground(bins), weights.as_deref(), &ctl).unwrap();
                // Impurities are sums over the rows in another order.
                assert_eq!((&tree.feature, &tree.threshold), (&lists.feature, &lists.threshold));
                assert_eq!((&tree.n_node_samples, &tree.value), (&lists.n_node_samples, &lists.value));
            }
        }
    }
}

#[test]
fn targets_whose_squares_overflow_are_refused() {
    let (x, y) = (Array2::from_shape_fn((4, 1), |(i, _)| i as f64), Array2::from_elem((4, 1), 1e200));
    let data = Data::new(x.view()).with_values(y.view());
    let refused = DecisionTreeRegressor::default().fit_on(&data, &Cpu).unwrap_err();
    assert!(refused.to_string().contains("overflow"), "{refused}");
}

#[test]
fn threads_change_nothing() {
    let p = problem(3, 60_000, 6, true, true);
    let x = p.x.mapv(|v| v + 0.1) + &Array2::from_shape_fn(p.x.dim(), |(i, j)| ((i * 7919 + j * 31) % 1000) as f64);
    let weights = p.weights.as_ref().map(|w| w.view());
    let classes = Data::new(x.view()).with_classes(p.codes.view(), vec![3]).with_weights(weights);
    let numbers = Data::new(x.view()).with_values(p.y.view()).with_weights(weights);
    for max_features in [MaxFeatures::All, MaxFeatures::Number(2)] {
        for splitter in [Splitter::Best, Splitter::Random] {
            let params = DecisionTreeClassifier { max_features, splitter, ..Default::default() };
            let [one, two] = [1, 2].map(|threads| class_tree(params.clone(), &classes, threads));
            assert!(one == two && one.node_count() > 500);
            let params = DecisionTreeRegressor { max_features, splitter, max_depth: Some(12), ..Default::default() };
            let [one, two] = [1, 2].map(|threads| number_tree(params.clone(), &numbers, threads));
            assert!(one == two && one.node_count() > 500);
            let params = DecisionTreeRegressor { max_leaf_nodes: Some(300), ..params };
            let [one, two] = [1, 2].map(|threads| number_tree(params.clone(), &numbers, threads));
            assert!(one == two && one.n_leaves() == 300);
        }
    }
}

#[test]
fn a_weight_is_a_repetition() {
    let p = problem(5, 80, 3, false, true);
    let times: Vec<usize> = (0..80).flat_map(|r| vec![r; p.weight(r) as usize]).collect();
    let x = p.x.select(ndarray::Axis(0), &times);
    let codes = p.codes.select(ndarray::Axis(0), &times);
    let repeated = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let [a, b] = [&p.classes(3), &repeated].map(|data| class_tree(Default::default(), data, 1));
    assert_eq!((&a.threshold, &a.children_left), (&b.threshold, &b.children_left));
    assert!(a.value.iter().zip(&b.value).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn values_closer_than_a_tie_are_not_told_apart() {
    let x = Array2::from_shape_vec((4, 1), vec![1e-8, 2e-8, 3e-8, 1.0]).unwrap();
    let codes = Array2::from_shape_vec((4, 1), vec![0, 1, 0, 1]).unwrap();
    let tree = class_tree(Default::default(), &Data::new(x.view()).with_classes(codes.view(), vec![2]), 1);
    assert_eq!(tree.node_count(), 3);
    assert!(tree.threshold[0] > 0.4);
}

#[test]
fn pruning_cuts_the_weakest_branch_first() {
    let p = problem(8, 200, 3, false, false);
    let tree = class_tree(Default::default(), &p.classes(3), 1);
    let (alphas, impurities) = tree.pruning_path();
    assert!(alphas.windows(2).all(|a| a[0] <= a[1] + 1e-12) && impurities.windows(2).all(|r| r[0] <= r[1] + 1e-12));
    let mut leaves = tree.n_leaves();
    for alpha in alphas {
        let pruned = tree.pruned(alpha);
        pruned.check().unwrap();
        assert!(pruned.n_leaves() <= leaves);
        leaves = pruned.n_leaves();
    }
    assert_eq!(leaves, 1);
}

#[test]
fn constraints_make_predictions_monotonic() {
    let p = problem(9, 300, 2, false, false);
    let monotonic_cst = Some(vec![1, -1]);
    for max_leaf_nodes in [None, Some(20)] {
        let params =
            DecisionTreeClassifier { monotonic_cst: monotonic_cst.clone(), max_leaf_nodes, ..Default::default() };
        let codes = p.codes.mapv(|c| c.min(1));
        let data = Data::new(p.x.view()).with_classes(codes.view(), vec![2]);
        let model = params.fit_on(&data, &Cpu).unwrap();
        let proba = |a: f64, b: f64| {
            let x = Array2::from_shape_vec((1, 2), vec![a, b]).unwrap();
            model.proba_on(&x.view().into(), &Control::new()).unwrap()[0][[0, 1]]
        };
        for i in 0..8 {
            for j in 0..8 {
                let (a, b) = (f64::from(i) / 4.0, f64::from(j) / 4.0);
                assert!(proba(a, b) <= proba(a + 0.25, b) && proba(a, b) >= proba(a, b + 0.25));
            }
        }
        assert!(model.tree.node_count() > 3);
    }
}

#[test]
fn predictions_do_not_depend_on_layout_or_batch() {
    let p = problem(11, 700, 5, true, false);
    let model = DecisionTreeRegressor::default().fit_on(&p.numbers(), &Cpu).unwrap();
    let all = model.predict_cpu(p.x.view()).unwrap();
    let columns = p.x.t().as_standard_layout().into_owned();
    assert_eq!(model.predict_cpu(columns.t()).unwrap(), all);
    for i in [0, 13, 699] {
        assert_eq!(model.predict_cpu(p.x.slice(ndarray::s![i..i + 1, ..])).unwrap()[[0, 0]], all[[i, 0]]);
    }
    let single = p.x.mapv(|v| v as f32);
    assert_eq!(model.predict_cpu(single.view()).unwrap(), all);
}

#[test]
fn hostile_models_are_refused() {
    let p = problem(1, 60, 3, false, false);
    let good = DecisionTreeClassifier::default().fit_on(&p.classes(3), &Cpu).unwrap();
    good.check().unwrap();
    let spoil = |change: &dyn Fn(&mut Tree)| {
        let mut bad = good.clone();
        change(&mut bad.tree);
        assert!(matches!(bad.check(), Err(crate::Error::File(_))));
    };
    spoil(&|t| t.children_left[0] = 0);
    spoil(&|t| t.children_left[0] = t.children_right[0]);
    spoil(&|t| t.children_right[0] = t.node_count() as i32);
    spoil(&|t| t.children_right[0] = -1);
    spoil(&|t| t.feature[0] = 3);
    spoil(&|t| t.feature[0] = -2);
    spoil(&|t| t.threshold = Array1::zeros(1));
    spoil(&|t| t.value = Array2::zeros((t.node_count(), 2)));
    spoil(&|t| t.n_classes = vec![]);
    spoil(&|t| t.n_classes = vec![0, 3]);
    spoil(&|t| t.n_classes = vec![usize::MAX, 2]);
    spoil(&|t| t.n_features = 0);
}

#[test]
fn a_saved_tree_is_the_same_tree() {
    let p = problem(2, 100, 3, true, false);
    let model = DecisionTreeClassifier::default().fit_on(&p.classes(3), &Cpu).unwrap();
    let saved = crate::saved::Saved::new(crate::AnyModel::DecisionTreeClassifier(model.clone()));
    let back = crate::saved::Saved::from_bytes(&saved.to_bytes().unwrap()).unwrap();
    let back = back.model.map(std::sync::Arc::unwrap_or_clone);
    let Some(crate::AnyModel::DecisionTreeClassifier(back)) = back else { panic!("another model") };
    assert_eq!(back, model);
}
