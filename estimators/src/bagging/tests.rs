use super::{BaggingClassifier, BaggingRegressor, Features};
use crate::forest::Draw;
use crate::registry::Task;
use crate::{
    AnyEstimator, AnyMatrix, Checked, Control, Cpu, Data, DecisionOn, FitOn, Model, PredictOn, ProbaOn, Saved, metrics,
};
use ndarray::{Array1, Array2, ArrayView2, Axis};

fn classes() -> (Array2<f64>, Array2<u32>) {
    let wine = ironlearn_datasets::wine();
    (wine.data, wine.target.mapv(|class| class as u32).insert_axis(Axis(1)))
}

fn numbers() -> (Array2<f64>, Array2<f64>) {
    let diabetes = ironlearn_datasets::diabetes();
    (diabetes.data, diabetes.target.insert_axis(Axis(1)))
}

fn base(name: &str) -> Option<Box<AnyEstimator>> {
    Some(AnyEstimator::by_name(name).unwrap().into())
}

fn share_right(predicted: &Array2<f64>, codes: &Array2<u32>) -> f64 {
    let right = predicted.iter().zip(codes).filter(|(p, code)| **p == f64::from(**code)).count();
    right as f64 / codes.len() as f64
}

/// Estimators with and without weights, probabilities and scores; rows and columns drawn in every way.
#[test]
fn every_kind_of_estimator_in_every_kind_of_bag() {
    let (x, codes) = classes();
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let kinds = [
        BaggingClassifier::default(),
        BaggingClassifier { max_features: Features::Share(0.5), bootstrap_features: true, ..Default::default() },
        BaggingClassifier { max_features: Features::Number(6), bootstrap: false, ..Default::default() },
        BaggingClassifier { max_samples: Some(Draw::Share(0.6)), bootstrap: false, ..Default::default() },
    ];
    let names = ["DecisionTreeClassifier", "LinearDiscriminantAnalysis", "RidgeClassifier", "AdaBoostClassifier"];
    for (kind, name) in kinds.iter().flat_map(|kind| names.map(|name| (kind, name))) {
        let bagging = BaggingClassifier { estimator: base(name), ..kind.clone() };
        let model = bagging.fit_on(&data, &Cpu).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(model.check().is_ok());
        let predicted = model.predict_cpu(x.view()).unwrap();
        assert!(share_right(&predicted, &codes) > 0.9, "{name} {kind:?}: {}", share_right(&predicted, &codes));
        let proba = model.proba_on(&data.x, &Control::new()).unwrap().swap_remove(0);
        assert!(proba.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
        let scores = model.decision_on(&data.x, &Control::new());
        assert_eq!(scores.is_ok(), name != "DecisionTreeClassifier", "{name}");
        // Row by row, and as sparse X, the same answers.
        let one = model.predict_cpu(x.slice(ndarray::s![7..8, ..])).unwrap();
        assert_eq!(one[[0, 0]], predicted[[7, 0]]);
        if kind.max_features != Features::Share(1.0) {
            assert!(model.bags.features.iter().all(|features| features.len() == 6));
        }
    }
}

#[test]
fn bags_are_means() {
    let (x, y) = numbers();
    let data = Data::new(x.view()).with_values(y.view());
    for name in ["DecisionTreeRegressor", "Ridge", "Lars"] {
        let bagging = BaggingRegressor { estimator: base(name), n_estimators: 7, ..Default::default() };
        let model = bagging.fit_on(&data, &Cpu).unwrap();
        let mut sum = Array2::<f64>::zeros((442, 1));
        for member in &model.bags.members {
            sum += &member.predict(&data.x, &Control::new()).unwrap();
        }
        assert_eq!(model.predict_cpu(x.view()).unwrap(), sum / 7.0, "{name}");
    }
    // Several outputs, where the estimator has them.
    let two = ndarray::concatenate![Axis(1), y, -&y];
    let data = Data::new(x.view()).with_values(two.view());
    let model = BaggingRegressor::default().fit_on(&data, &Cpu).unwrap();
    let predicted = model.predict_cpu(x.view()).unwrap();
    assert!(predicted.rows().into_iter().all(|row| (row[0] + row[1]).abs() < 1e-9));
}

/// The estimates of rows by bags that have not seen them are those of the bags themselves.
#[test]
fn out_of_bag() {
    let (x, codes) = classes();
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let bagging = BaggingClassifier { oob_score: true, n_estimators: 40, ..Default::default() };
    let model = bagging.fit_on(&data, &Cpu).unwrap();
    let score = model.bags.oob_score.unwrap();
    assert!(score > 0.9 && score < 1.0, "{score}");
    let best = |row: ndarray::ArrayView1<'_, f64>| crate::tree::argmax(row.iter().copied()) as u32;
    let predicted: Array1<u32> = model.oob.rows().into_iter().map(best).collect();
    assert_eq!(metrics::accuracy(codes.column(0), predicted.view(), None).unwrap(), score);

    let (x, y) = numbers();
    let data = Data::new(x.view()).with_values(y.view());
    let bagging = BaggingRegressor { oob_score: true, n_estimators: 40, ..Default::default() };
    let model = bagging.fit_on(&data, &Cpu).unwrap();
    let score = model.bags.oob_score.unwrap();
    assert_eq!(metrics::r2(y.column(0), model.oob.view(), None).unwrap(), score);
    assert!(score > 0.3 && score < 0.6, "{score}");
    assert!(BaggingRegressor { bootstrap: false, ..bagging.clone() }.fit_on(&data, &Cpu).is_err());
    let few = BaggingRegressor { n_estimators: 1, ..bagging }.fit_on(&data, &Cpu).unwrap();
    assert!(few.report().warnings.iter().any(|w| w.message.contains("do not have OOB scores")));
}

/// Weights are probabilities: rows without are never drawn.
#[test]
fn weights_choose_rows() {
    let (x, y) = numbers();
    let wrong = Array2::from_shape_fn((442, 1), |(i, _)| if i % 2 == 0 { y[[i, 0]] } else { 1e6 });
    let weights = Array1::from_shape_fn(442, |i| f64::from(u8::from(i % 2 == 0)));
    let data = Data::new(x.view()).with_values(wrong.view()).with_weights(Some(weights.view()));
    let model = BaggingRegressor::default().fit_on(&data, &Cpu).unwrap();
    assert!(model.predict_cpu(x.view()).unwrap().iter().all(|p| *p < 1000.0));
    let none = Array1::zeros(442);
    let data = Data::new(x.view()).with_values(wrong.view()).with_weights(Some(none.view()));
    assert!(BaggingRegressor::default().fit_on(&data, &Cpu).is_err());
}

#[test]
fn threads_files_and_warm_starts_change_nothing() {
    let (x, codes) = classes();
    let y = codes.mapv(f64::from);
    for task in [Task::Classification, Task::Regression] {
        let (name, data) = match task {
            Task::Classification => ("BaggingClassifier", Data::new(x.view()).with_classes(codes.view(), vec![3])),
            _ => ("BaggingRegressor", Data::new(x.view()).with_values(y.view())),
        };
        let estimator = |n: u64| {
            let given = [("n_estimators".into(), n.into()), ("max_features".into(), 5.into())];
            AnyEstimator::with_params(name, &given).unwrap()
        };
        let fit = |threads| {
            let ctl = Control::new().with_threads(Some(threads));
            Saved::new(estimator(9).fit(&data, None, &Cpu, &ctl).unwrap()).to_bytes().unwrap()
        };
        assert_eq!(fit(1), fit(2));
        let again = Saved::from_bytes(&fit(1)).unwrap();
        let ctl = Control::new();
        let first = estimator(4).fit(&data, None, &Cpu, &ctl).unwrap();
        let whole = estimator(9).fit(&data, Some(&first), &Cpu, &ctl).unwrap();
        let of_file = again.model().unwrap().predict(&data.x, &ctl).unwrap();
        assert_eq!(whole.predict(&data.x, &ctl).unwrap(), of_file);
        assert!(estimator(3).fit(&data, Some(&first), &Cpu, &ctl).is_err());
        let same = estimator(4).fit(&data, Some(&first), &Cpu, &ctl).unwrap();
        assert!(same.report().warnings[0].message.contains("does not fit new trees"));
    }
}

/// A class that a bag has not drawn is one that its estimator does not know.
#[test]
fn rare_classes_are_missing_in_some_bags() {
    let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * 7 + j * 3) % 13) as f64 + i as f64 / 10.0);
    let codes = Array2::from_shape_fn((40, 1), |(i, _)| if i < 2 { 2 } else { u32::from(x[[i, 0]] > 7.0) });
    let bagging = BaggingClassifier { estimator: base("LinearDiscriminantAnalysis"), ..Default::default() };
    let data = Data::new(x.view()).with_classes(codes.view(), vec![3]);
    let bagging = BaggingClassifier { max_samples: Some(Draw::Rows(15)), n_estimators: 30, ..bagging };
    let model = bagging.fit_on(&data, &Cpu).unwrap();
    assert!(model.classes.iter().any(|known| known == &[0, 1]) && model.classes.iter().any(Vec::is_empty));
    let proba = model.proba_on(&data.x, &Control::new()).unwrap().swap_remove(0);
    assert!(proba.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-9));
}

fn fit_to<'a>(bagging: &BaggingClassifier, x: AnyMatrix<'a>, codes: &'a Array2<u32>) -> super::BaggedClasses {
    bagging.fit_on(&Data::new(x).with_classes(codes.view(), vec![3]), &Cpu).unwrap()
}

#[test]
fn sparse_rows_give_the_answers_of_dense_ones() {
    let (x, codes) = classes();
    let csr = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let csc = csr.to_csc();
    for name in ["DecisionTreeClassifier", "RidgeClassifier"] {
        let bagging =
            BaggingClassifier { estimator: base(name), max_features: Features::Number(6), ..Default::default() };
        let dense = fit_to(&bagging, x.view().into(), &codes).predict_cpu(x.view()).unwrap();
        let by_row = fit_to(&bagging, csr.view().into(), &codes).predict_cpu(csc.view()).unwrap();
        let by_column = fit_to(&bagging, csc.view().into(), &codes).predict_cpu(csr.view()).unwrap();
        let agree = |a: ArrayView2<'_, f64>| a.iter().zip(&dense).filter(|(a, b)| a == b).count();
        assert!(agree(by_row.view()) >= 176 && agree(by_column.view()) >= 176, "{name}");
    }
}

#[test]
fn parameters_are_checked() {
    let said = |bagging: BaggingRegressor| Checked::new(bagging).unwrap_err().to_string();
    let default = BaggingRegressor::default;
    assert!(said(BaggingRegressor { n_estimators: 0, ..default() }).contains("n_estimators"));
    assert!(said(BaggingRegressor { max_samples: Some(Draw::Share(1.5)), ..default() }).contains("max_samples"));
    assert!(said(BaggingRegressor { max_features: Features::Number(0), ..default() }).contains("max_features"));
    assert!(said(BaggingRegressor { estimator: base("DecisionTreeClassifier"), ..default() }).contains("a regressor"));
    let (x, y) = numbers();
    let data = Data::new(x.view()).with_values(y.view());
    let said = |bagging: BaggingRegressor| bagging.fit_on(&data, &Cpu).unwrap_err().to_string();
    assert!(said(BaggingRegressor { max_features: Features::Number(11), ..default() }).contains("max_features"));
    let many = BaggingRegressor { max_samples: Some(Draw::Rows(500)), bootstrap: false, ..default() };
    assert!(said(many).contains("without replacement"));
}
