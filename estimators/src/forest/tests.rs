use super::*;
use crate::tree::MaxFeatures;
use crate::{AnyMatrix, ApplyOn, Checked, Control, Cpu, Data, DecisionOn, FitOn, Model, PredictOn, ProbaOn};
use ndarray::{Array1, Array2};

/// Rows of three numbers, of which the first two say something about y.
fn table(n: usize) -> (Array2<f64>, Array2<f64>, Array2<u32>) {
    let mut state = 12345_u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    let x = Array2::from_shape_simple_fn((n, 3), &mut next);
    let y = Array2::from_shape_fn((n, 1), |(i, _)| 3.0 * x[[i, 0]] + (6.0 * x[[i, 1]]).sin());
    let codes = y.mapv(|y| u32::from(y > 1.0) + u32::from(y > 2.0));
    (x, y, codes)
}

fn on_threads<P: FitOn<Cpu>>(params: &P, data: &Data<'_>, threads: usize) -> P::Model {
    let ctl = Control::new().with_threads(Some(threads));
    P::fit_checked(&Checked::new(params.clone()).unwrap(), data, None, &Cpu, &ctl).unwrap()
}

#[test]
fn one_and_two_threads_grow_the_same_forest() {
    let (x, y, codes) = table(500);
    let numbers = Data::new(x.view()).with_values(y.view());
    let classes = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let regressor = RandomForestRegressor { n_estimators: 7, oob_score: true, ..RandomForestRegressor::default() };
    assert_eq!(on_threads(&regressor, &numbers, 1), on_threads(&regressor, &numbers, 2));
    let extra = ExtraTreesClassifier { n_estimators: 7, ..ExtraTreesClassifier::default() };
    assert_eq!(on_threads(&extra, &classes, 1), on_threads(&extra, &classes, 2));
    let isolation = IsolationForest { n_estimators: 7, ..IsolationForest::default() };
    let (one, two) = (on_threads(&isolation, &numbers, 1), on_threads(&isolation, &numbers, 2));
    assert_eq!((one.trees, one.offset), (two.trees, two.offset));
}

#[test]
fn a_forest_goes_on_as_if_it_had_not_stopped() {
    let (x, _, codes) = table(200);
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let forest = |n_estimators| RandomForestClassifier { n_estimators, ..RandomForestClassifier::default() };
    let ctl = Control::new();
    let first =
        RandomForestClassifier::fit_checked(&Checked::new(forest(3)).unwrap(), &data, None, &Cpu, &ctl).unwrap();
    let more = RandomForestClassifier::fit_checked(&Checked::new(forest(8)).unwrap(), &data, Some(&first), &Cpu, &ctl)
        .unwrap();
    assert_eq!(more, forest(8).fit_on(&data, &Cpu).unwrap());
    let fewer = RandomForestClassifier::fit_checked(&Checked::new(forest(2)).unwrap(), &data, Some(&more), &Cpu, &ctl);
    assert!(fewer.unwrap_err().to_string().contains("must be larger or equal"));
}

/// A forest of one tree on all rows is that tree; its mean is the tree's answer.
#[test]
fn a_forest_predicts_the_mean_of_its_trees() {
    let (x, y, codes) = table(300);
    let any: AnyMatrix<'_> = x.view().into();
    let ctl = Control::new();
    let data = Data::new(x.view()).with_values(y.view());
    let forest =
        RandomForestRegressor { n_estimators: 5, ..RandomForestRegressor::default() }.fit_on(&data, &Cpu).unwrap();
    let leaves = forest.apply_on(&any, &ctl).unwrap();
    let mean = Array1::from_shape_fn(300, |i| {
        (0..5).map(|t| forest.trees[t].value[[leaves[[i, t]] as usize, 0]]).sum::<f64>() / 5.0
    });
    assert_eq!(forest.predict_on(&any, &ctl).unwrap().column(0), mean);
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let forest =
        ExtraTreesClassifier { n_estimators: 5, ..ExtraTreesClassifier::default() }.fit_on(&data, &Cpu).unwrap();
    let proba = &forest.proba_on(&any, &ctl).unwrap()[0];
    assert!(proba.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
    // Without a draw of rows every row ends in a pure leaf of its own class.
    assert!(forest.predict_on(&any, &ctl).unwrap().iter().zip(&codes).all(|(p, &code)| *p as u32 == code));
}

#[test]
fn rows_out_of_the_bag_are_predicted_by_the_other_trees() {
    let (x, y, _) = table(150);
    let data = Data::new(x.view()).with_values(y.view());
    let params = RandomForestRegressor { n_estimators: 40, oob_score: true, ..RandomForestRegressor::default() };
    let forest = params.fit_on(&data, &Cpu).unwrap();
    let draws = super::draws::Draws::new(150, 150, None);
    let leaves = forest.apply_on(&x.view().into(), &Control::new()).unwrap();
    for i in 0..150 {
        let without: Vec<usize> =
            (0..40).filter(|&t| draws.rows(forest.seeds[t]).all(|row| row as usize != i)).collect();
        let sum: f64 = without.iter().map(|&t| forest.trees[t].value[[leaves[[i, t]] as usize, 0]]).sum();
        assert_eq!(forest.oob[[i, 0]], sum / without.len() as f64);
    }
    assert!(forest.report.warnings.is_empty());
    let few = RandomForestRegressor { n_estimators: 2, ..params }.fit_on(&data, &Cpu).unwrap();
    assert!(few.report.warnings[0].message.contains("do not have OOB scores"));
}

/// Far away rows are isolated soon.
#[test]
fn outliers_have_low_scores() {
    let (mut x, ..) = table(400);
    x.row_mut(17).fill(50.0);
    let model = IsolationForest::default().fit_on(&Data::new(x.view()), &Cpu).unwrap();
    let scores = model.decision_on(&x.view().into(), &Control::new()).unwrap();
    let lowest = (0..400).min_by(|&a, &b| scores[[a, 0]].total_cmp(&scores[[b, 0]]));
    assert_eq!(lowest, Some(17));
    let share = IsolationForest { contamination: Contamination::Share(0.1), ..IsolationForest::default() };
    let model = share.fit_on(&Data::new(x.view()), &Cpu).unwrap();
    let outliers = model.predict_on(&x.view().into(), &Control::new()).unwrap().iter().filter(|&&v| v < 0.0).count();
    assert_eq!(outliers, 40);
}

#[test]
fn a_tree_of_an_isolation_forest_keeps_to_its_features() {
    let (x, ..) = table(100);
    let params = IsolationForest { max_features: crate::tree::MaxFeatures::Number(2), ..IsolationForest::default() };
    let model = params.fit_on(&Data::new(x.view()), &Cpu).unwrap();
    for (tree, features) in model.trees.iter().zip(&model.features) {
        assert_eq!(features.len(), 2);
        assert!(tree.feature.iter().all(|&f| f < 0 || features.contains(&(f as u32))));
    }
    assert!(model.check().is_ok());
    let too_many = IsolationForest { max_features: crate::tree::MaxFeatures::Number(4), ..params };
    assert!(too_many.fit_on(&Data::new(x.view()), &Cpu).is_err());
}

/// With one tree on all rows the quantiles are those of the leaf; weights count as repetitions.
#[test]
fn quantiles_are_those_of_the_leaves() {
    let (x, y, _) = table(200);
    let any: AnyMatrix<'_> = x.view().into();
    let data = Data::new(x.view()).with_values(y.view());
    let params = ExtraTreesRegressor {
        n_estimators: 1,
        min_samples_leaf: crate::tree::Count::Rows(20),
        keep_samples: true,
        ..ExtraTreesRegressor::default()
    };
    let forest = params.fit_on(&data, &Cpu).unwrap();
    let ctl = Control::new();
    let leaves = forest.apply_on(&any, &ctl).unwrap();
    let found = forest.predict_quantiles(&any, &[0.0, 0.5, 1.0], &ctl).unwrap();
    for i in 0..200 {
        let mut inside: Vec<f64> = (0..200).filter(|&j| leaves[[j, 0]] == leaves[[i, 0]]).map(|j| y[[j, 0]]).collect();
        inside.sort_by(f64::total_cmp);
        let middle = inside[(inside.len() - 1) / 2];
        assert_eq!(found.row(i).to_vec(), [inside[0], middle, inside[inside.len() - 1]]);
    }
    assert!(forest.check().is_ok());
    assert!(forest.predict_quantiles(&any, &[1.5], &ctl).is_err());
    let without = ExtraTreesRegressor { keep_samples: false, ..params }.fit_on(&data, &Cpu).unwrap();
    assert!(without.predict_quantiles(&any, &[0.5], &ctl).unwrap_err().to_string().contains("keep_samples"));
}

/// Growth best first never copies rows; depth first does below a size. The same splits, in another order.
#[test]
fn copies_of_few_rows_grow_the_same_trees() {
    let (x, y, codes) = table(3000);
    let wide = Array2::from_shape_fn((3000, 200), |(i, j)| x[[(i * 7 + j * 13) % 3000, j % 3]] + x[[i, j % 3]]);
    let splits = |tree: &crate::tree::Tree| {
        let all = tree.feature.iter().zip(&tree.threshold).zip(&tree.n_node_samples).zip(&tree.impurity);
        let mut all: Vec<_> = all.map(|(((f, t), n), i)| (*f, t.to_bits(), *n, i.to_bits())).collect();
        all.sort_unstable();
        all
    };
    let no_limit = Some(1 << 20);
    let classes = Data::new(wide.view()).with_classes(codes.view(), vec![3]);
    let forest =
        RandomForestClassifier { n_estimators: 2, max_features: MaxFeatures::Number(30), ..Default::default() };
    let first = RandomForestClassifier { max_leaf_nodes: no_limit, ..forest.clone() };
    let (grown, first) = (on_threads(&forest, &classes, 1), on_threads(&first, &classes, 1));
    assert!(grown.trees.iter().zip(&first.trees).all(|(a, b)| a.node_count() > 300 && splits(a) == splits(b)));
    let numbers = Data::new(wide.view()).with_values(y.view());
    let extra = ExtraTreesRegressor { n_estimators: 2, bootstrap: true, ..Default::default() };
    let first = ExtraTreesRegressor { max_leaf_nodes: no_limit, ..extra.clone() };
    let (grown, first) = (on_threads(&extra, &numbers, 1), on_threads(&first, &numbers, 1));
    assert!(grown.trees.iter().zip(&first.trees).all(|(a, b)| a.node_count() > 300 && splits(a) == splits(b)));
}

/// Large trees take many rows in an order of their own: each row's answer is the one that it has alone, bit by bit.
#[test]
fn rows_in_a_large_block_are_predicted_as_alone() {
    let (numbers, y, codes) = table(4_003);
    let mut x = Array2::from_shape_fn((4_003, 5), |(i, j)| match j {
        3 => ((i * 7) % 90) as f64,
        4 => ((i * i) % 5_000) as f64,
        _ => numbers[[i, j]],
    });
    let full = x.clone();
    let gaps = |x: &mut Array2<f64>| {
        for ((i, j), v) in x.indexed_iter_mut() {
            if (i * 5 + j * 3) % 17 == 0 {
                *v = f64::NAN;
            }
        }
    };
    gaps(&mut x);
    let categorical_features = Some(crate::tree::Categorical::Places(vec![3, 4]));
    let forest = RandomForestRegressor { n_estimators: 12, categorical_features, ..RandomForestRegressor::default() };
    let extra = ExtraTreesClassifier {
        n_estimators: 12,
        categorical_features: forest.categorical_features.clone(),
        ..ExtraTreesClassifier::default()
    };
    let without = RandomForestRegressor { n_estimators: 12, ..RandomForestRegressor::default() };
    let data = Data::new(x.view()).with_values(y.view());
    let (forest, without) = (on_threads(&forest, &data, 2), on_threads(&without, &data, 2));
    let extra = on_threads(&extra, &Data::new(x.view()).with_classes(codes.view(), vec![3]), 2);
    assert!(forest.trees.iter().map(|tree| tree.node_count()).sum::<usize>() > 1 << 15);
    // Categories that were not there, and numbers that are none.
    let mut new = full.clone();
    new.column_mut(3).iter_mut().step_by(9).for_each(|v| *v += 0.5);
    new.column_mut(4).iter_mut().step_by(11).for_each(|v| *v = -3.0 - *v * 1e3);
    gaps(&mut new);
    let ctl = Control::new();
    for x in [&x, &full, &new] {
        let narrow = x.mapv(|v| v as f32);
        for any in [AnyMatrix::from(x.view()), AnyMatrix::from(narrow.view())] {
            let (leaves, mean) = (forest.apply_on(&any, &ctl).unwrap(), forest.predict_on(&any, &ctl).unwrap());
            let proba = extra.proba_on(&any, &ctl).unwrap().remove(0);
            let numbers = without.predict_on(&any, &ctl).unwrap();
            for i in (0..4_003).step_by(13) {
                let row = x.slice(ndarray::s![i..=i, ..]);
                let row = AnyMatrix::from(row);
                assert_eq!(leaves.row(i), forest.apply_on(&row, &ctl).unwrap().row(0));
                assert_eq!(mean.row(i), forest.predict_on(&row, &ctl).unwrap().row(0));
                assert_eq!(proba.row(i), extra.proba_on(&row, &ctl).unwrap()[0].row(0));
                assert_eq!(numbers.row(i), without.predict_on(&row, &ctl).unwrap().row(0));
            }
        }
    }
}
