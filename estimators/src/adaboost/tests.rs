use super::{AdaBoostClassifier, AdaBoostLoss, AdaBoostRegressor, boost_classes};
use crate::members::{Chance, Streams};
use crate::registry::Task;
use crate::tree::{ClassTree, DecisionTreeClassifier};
use crate::{AnyEstimator, AnyModel, Checked, Control, Cpu, Data, DecisionOn, FitOn, Model, PredictOn, ProbaOn, Saved};
use ndarray::{Array1, Array2, Axis};

fn classes() -> (Array2<f64>, Array2<u32>) {
    let wine = ironlearn_datasets::wine();
    (wine.data, wine.target.mapv(|class| class as u32).insert_axis(Axis(1)))
}

/// SAMME by its formulas: the errors are the weighted errors of the members, and the weights follow from them.
#[test]
fn weights_follow_from_errors() {
    let (x, codes) = classes();
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    for learning_rate in [1.0, 0.4] {
        let boost = AdaBoostClassifier { n_estimators: 12, learning_rate, ..AdaBoostClassifier::default() };
        let model = boost.fit_on(&data, &Cpu).unwrap();
        let mut weights = vec![1.0 / 178.0; 178];
        assert_eq!(model.rounds.members.len(), 12);
        for (k, member) in model.rounds.members.iter().enumerate() {
            let predicted = member.predict(&data.x, &Control::new()).unwrap();
            let wrong: Vec<bool> = predicted.iter().zip(&codes).map(|(p, c)| *p != f64::from(*c)).collect();
            let error: f64 = weights.iter().zip(&wrong).map(|(w, wrong)| if *wrong { *w } else { 0.0 }).sum();
            assert!((error - model.rounds.estimator_errors[k]).abs() < 1e-12, "round {k}");
            let own = learning_rate * (((1.0 - error) / error).ln() + 2_f64.ln());
            assert!((own - model.rounds.estimator_weights[k]).abs() < 1e-10, "round {k}");
            weights.iter_mut().zip(&wrong).for_each(|(w, wrong)| *w *= if *wrong { own.exp() } else { 1.0 });
            let total: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= total);
        }
        let (scores, proba) =
            (model.decision_on(&data.x, &Control::new()).unwrap(), model.proba_on(&data.x, &Control::new()).unwrap());
        assert_eq!((scores.dim(), proba[0].dim()), ((178, 3), (178, 3)));
        let total: f64 = model.rounds.estimator_weights.iter().sum();
        let mut votes = Array2::<f64>::zeros((178, 3));
        for (member, &weight) in model.rounds.members.iter().zip(&model.rounds.estimator_weights) {
            let named = member.predict(&data.x, &Control::new()).unwrap();
            votes.indexed_iter_mut().for_each(|((i, code), vote)| {
                *vote += if named[[i, 0]] == code as f64 { weight } else { -weight / 2.0 };
            });
        }
        assert_eq!(scores, votes / total);
        let predicted = model.predict_cpu(x.view()).unwrap();
        for (i, code) in predicted.iter().enumerate() {
            let best = scores.row(i).iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(scores[[i, *code as usize]], best);
            assert!((proba[0].row(i).sum() - 1.0).abs() < 1e-12);
        }
        let right = predicted.iter().zip(&codes).filter(|(p, c)| **p == f64::from(**c)).count();
        assert!(right > 165, "{right}");
    }
}

/// A tree inside is the tree that a fit by itself gives, whatever its parameters.
#[test]
fn trees_on_sorted_rows_are_those_of_single_fits() {
    let (x, codes) = classes();
    let params = [
        ("DecisionTreeClassifier", vec![("max_depth", 2.into())]),
        ("DecisionTreeClassifier", vec![("max_depth", 4.into()), ("max_features", 3.into())]),
        ("DecisionTreeClassifier", vec![("max_depth", 1.into()), ("class_weight", "balanced".into())]),
        ("DecisionTreeClassifier", vec![("max_leaf_nodes", 4.into()), ("criterion", "entropy".into())]),
        ("ExtraTreeClassifier", vec![("max_depth", 3.into())]),
    ];
    for (name, given) in params {
        let given: Vec<_> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let base = AnyEstimator::with_params(name, &given).unwrap();
        let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
        let boost = AdaBoostClassifier { estimator: Some(base.clone().into()), n_estimators: 3, ..Default::default() };
        let model = boost.fit_on(&data, &Cpu).unwrap();
        // The first round has equal weights.
        let seed = Streams(0).seed(0).unwrap();
        let weights = Array1::from_elem(178, 1.0 / 178.0);
        let data = data.with_weights(Some(weights.view()));
        let alone = crate::members::with_seed(&base, seed).unwrap().fit(&data, None, &Cpu, &Control::new()).unwrap();
        let tree = |model: &AnyModel| model.trees()[0].clone();
        assert_eq!(tree(&model.rounds.members[0]), tree(&alone), "{name} {given:?}");
    }
}

#[test]
fn any_classifier_that_takes_weights_may_be_inside() {
    let (x, codes) = classes();
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    for name in ["LogisticRegression", "RidgeClassifier", "RandomForestClassifier", "BaggingClassifier"] {
        let base = AnyEstimator::by_name(name).unwrap();
        let boost = AdaBoostClassifier { estimator: Some(base.into()), n_estimators: 3, ..Default::default() };
        let model = boost.fit_on(&data, &Cpu).unwrap_or_else(|error| panic!("{name}: {error}"));
        let wrong =
            model.predict_cpu(x.view()).unwrap().iter().zip(&codes).filter(|(p, c)| **p != f64::from(**c)).count();
        // Weights that add up to 1 leave the logistic regression's penalty the upper hand.
        assert!(wrong < 20, "{name}: {wrong}");
    }
    let said = |base: &str| {
        let base = AnyEstimator::by_name(base).unwrap();
        let boost = AdaBoostClassifier { estimator: Some(base.into()), ..Default::default() };
        boost.fit_on(&data, &Cpu).unwrap_err().to_string()
    };
    assert!(said("LinearDiscriminantAnalysis").contains("doesn't support sample_weight"));
    assert!(said("Ridge").contains("a classifier"));
    // A stump on nothing is no better than chance; sixty-fourths add up exactly.
    let noise = Array2::<f64>::zeros((64, 1));
    let codes = Array2::from_shape_fn((64, 1), |(i, _)| (i % 2) as u32);
    let data = Data::new(noise.view()).with_classes(codes.view(), vec![2]);
    let error = AdaBoostClassifier::default().fit_on(&data, &Cpu).unwrap_err();
    assert!(error.to_string().contains("worse than random"));
}

/// One class, perfect stumps, weights of zero, all rows as sparse X: no round fails.
#[test]
fn edges_of_classes() {
    let (x, codes) = classes();
    let one = Array2::zeros((178, 1));
    let model =
        AdaBoostClassifier::default().fit_on(&Data::new(x.view()).with_classes(one.view(), vec![1]), &Cpu).unwrap();
    assert_eq!(model.predict_cpu(x.view()).unwrap().sum(), 0.0);
    assert_eq!(model.proba_on(&x.view().into(), &Control::new()).unwrap()[0], Array2::from_elem((178, 1), 1.0));

    let step = Array2::from_shape_fn((178, 1), |(i, _)| u32::from(x[[i, 0]] > 13.0));
    let data = Data::new(x.view()).with_classes(step.view(), vec![2]);
    let model = AdaBoostClassifier::default().fit_on(&data, &Cpu).unwrap();
    assert_eq!((model.rounds.members.len(), model.rounds.estimator_errors[0]), (1, 0.0));
    assert_eq!(model.rounds.estimator_weights.len(), 50);
    assert_eq!(model.predict_cpu(x.view()).unwrap(), step.mapv(f64::from));

    // Rows without weight are as good as absent.
    let weights = Array1::from_shape_fn(178, |i| f64::from(u8::from(i % 3 != 0)));
    let kept: Vec<usize> = (0..178).filter(|i| i % 3 != 0).collect();
    let (fewer, theirs) = (x.select(Axis(0), &kept), codes.select(Axis(0), &kept));
    let boost = AdaBoostClassifier { n_estimators: 10, ..Default::default() };
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]).with_weights(Some(weights.view()));
    let weighted = boost.fit_on(&data, &Cpu).unwrap();
    let picked = boost.fit_on(&Data::new(fewer.view()).with_classes(theirs.view(), vec![3]), &Cpu).unwrap();
    assert_eq!(weighted.rounds.estimator_errors, picked.rounds.estimator_errors);

    let sparse = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let model = boost.fit_on(&Data::new(sparse.view()).with_classes(codes.view(), vec![3]), &Cpu).unwrap();
    let dense = boost.fit_on(&Data::new(x.view()).with_classes(codes.view(), vec![3]), &Cpu).unwrap();
    assert_eq!(model.predict_cpu(sparse.view()).unwrap(), dense.predict_cpu(x.view()).unwrap());
}

#[test]
fn threads_and_files_change_nothing() {
    let (x, codes) = classes();
    let y = codes.mapv(f64::from);
    for task in [Task::Classification, Task::Regression] {
        let (name, data) = match task {
            Task::Classification => ("AdaBoostClassifier", Data::new(x.view()).with_classes(codes.view(), vec![3])),
            _ => ("AdaBoostRegressor", Data::new(x.view()).with_values(y.view())),
        };
        let estimator = AnyEstimator::with_params(name, &[("n_estimators".into(), 8.into())]).unwrap();
        let fit = |threads| {
            let ctl = Control::new().with_threads(Some(threads));
            Saved::new(estimator.fit(&data, None, &Cpu, &ctl).unwrap()).to_bytes().unwrap()
        };
        assert_eq!(fit(1), fit(2));
        let again = Saved::from_bytes(&fit(1)).unwrap();
        let model = estimator.fit(&data, None, &Cpu, &Control::new()).unwrap();
        let (a, b) =
            (again.model().unwrap().predict(&data.x, &Control::new()), model.predict(&data.x, &Control::new()));
        assert_eq!(a.unwrap(), b.unwrap());
    }
}

/// Drucker's R2 by its formulas, and the weighted median by its definition.
#[test]
fn boosted_numbers() {
    let diabetes = ironlearn_datasets::diabetes();
    let (x, y) = (diabetes.data, diabetes.target.insert_axis(Axis(1)));
    let data = Data::new(x.view()).with_values(y.view());
    for loss in [AdaBoostLoss::Linear, AdaBoostLoss::Square, AdaBoostLoss::Exponential] {
        let boost = AdaBoostRegressor { loss, n_estimators: 10, ..Default::default() };
        let model = boost.fit_on(&data, &Cpu).unwrap();
        let mut weights = vec![1.0 / 442.0; 442];
        let each: Vec<_> = model.rounds.members.iter().map(|m| m.predict(&data.x, &Control::new()).unwrap()).collect();
        for (k, predicted) in each.iter().enumerate() {
            let far: Vec<f64> = predicted.iter().zip(&y).map(|(p, y)| (p - y).abs()).collect();
            let most = far.iter().copied().fold(0.0, f64::max);
            let far: Vec<f64> = far.iter().map(|far| loss.of(far / most)).collect();
            let error: f64 = weights.iter().zip(&far).map(|(w, far)| w * far).sum();
            assert!((error - model.rounds.estimator_errors[k]).abs() < 1e-12);
            let beta = error / (1.0 - error);
            assert!(((1.0 / beta).ln() - model.rounds.estimator_weights[k]).abs() < 1e-10);
            weights.iter_mut().zip(&far).for_each(|(w, far)| *w *= beta.powf(1.0 - far));
            let total: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= total);
        }
        let predicted = model.predict_cpu(x.view()).unwrap();
        let total: f64 = model.rounds.estimator_weights.iter().sum();
        for (i, &median) in predicted.iter().enumerate() {
            let pairs = || each.iter().zip(&model.rounds.estimator_weights).map(|(p, w)| (p[[i, 0]], *w));
            let up_to: f64 = pairs().filter(|(p, _)| *p <= median).map(|(_, w)| w).sum();
            let below: f64 = pairs().filter(|(p, _)| *p < median).map(|(_, w)| w).sum();
            assert!(up_to >= total / 2.0 - 1e-9 && below < total / 2.0 + 1e-9);
        }
        let r2 = crate::metrics::r2(y.column(0), predicted.column(0), None).unwrap();
        assert!(r2 > 0.5, "{loss:?}: {r2}");
    }
    let two = Array2::zeros((442, 2));
    let error = AdaBoostRegressor::default().fit_on(&Data::new(x.view()).with_values(two.view()), &Cpu).unwrap_err();
    assert!(error.to_string().contains("one output"));
    // A constant target ends it in the first round.
    let constant = Array2::from_elem((442, 1), 2.5);
    let data = Data::new(x.view()).with_values(constant.view());
    let model = AdaBoostRegressor::default().fit_on(&data, &Cpu).unwrap();
    assert_eq!((model.rounds.members.len(), model.predict_cpu(x.view()).unwrap()), (1, constant));
}

/// A caller's own seeds, and a caller's own failure.
#[test]
fn the_caller_may_draw() {
    struct Own(usize);
    impl Chance for Own {
        fn seed(&mut self, round: usize) -> crate::Result<u64> {
            if round == self.0 { Err(crate::Error::Input("enough".into())) } else { Ok(100 + round as u64) }
        }
        fn uniforms(&mut self, _: usize, n: usize) -> crate::Result<Vec<f64>> {
            Ok(vec![0.5; n])
        }
    }
    let (x, codes) = classes();
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let params = Checked::new(AdaBoostClassifier { n_estimators: 4, ..Default::default() }).unwrap();
    let model = boost_classes(&params, &data, &mut Own(9), &Cpu, &Control::new()).unwrap();
    assert_eq!(model.rounds.seeds, [100, 101, 102, 103]);
    assert!(
        boost_classes(&params, &data, &mut Own(2), &Cpu, &Control::new()).unwrap_err().to_string().contains("enough")
    );
}

/// A file may hold anything: what does not fit together is refused, and members that answer oddly are errors.
#[test]
fn files_are_checked() {
    let (x, codes) = classes();
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let model = AdaBoostClassifier { n_estimators: 3, ..Default::default() }.fit_on(&data, &Cpu).unwrap();
    let damaged = |change: &dyn Fn(&mut super::AdaBoostClasses)| {
        let mut model = model.clone();
        change(&mut model);
        model.check()
    };
    assert!(damaged(&|_| ()).is_ok());
    assert!(damaged(&|m| m.rounds.members.clear()).is_err());
    assert!(damaged(&|m| m.rounds.seeds.push(1)).is_err());
    assert!(damaged(&|m| m.rounds.estimator_weights.truncate(2)).is_err());
    assert!(damaged(&|m| m.codes[1] = 7).is_err());
    assert!(damaged(&|m| m.codes.clear()).is_err());
    let narrow = x.slice(ndarray::s![.., ..2]).to_owned();
    let data = Data::new(narrow.view()).with_classes(codes.view(), vec![3]);
    let other: ClassTree = DecisionTreeClassifier::default().fit_on(&data, &Cpu).unwrap();
    assert!(damaged(&|m| m.rounds.members[1] = AnyModel::DecisionTreeClassifier(other.clone())).is_err());

    // Models in models, as deep as they may lie and deeper.
    let mut deep = AnyModel::AdaBoostClassifier(model.clone());
    for level in 1..6 {
        let read = Saved::from_bytes(&Saved::new(deep.clone()).to_bytes().unwrap());
        assert_eq!(read.is_ok(), level < crate::members::MOST_NESTED, "{level}");
        let mut outer = model.clone();
        outer.rounds.members = vec![deep; 3];
        deep = AnyModel::AdaBoostClassifier(outer);
    }
}
