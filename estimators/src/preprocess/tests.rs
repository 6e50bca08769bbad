//! What the transformers promise: against definitions, on every path the same bits.

use super::*;
use crate::{Control, Target};
use ironlearn_datasets::{Column, Table};
use ironlearn_linalg::Layout;
use ndarray::{Array2, array};

fn table() -> Table {
    Table::new(vec![
        Column::text("t", [Some("b"), Some("a"), None, Some("b"), Some("c")]),
        Column::number("n", vec![2.0, 1.0, f64::NAN, 2.0, -3.0]),
    ])
    .unwrap()
}

fn dense(block: Block<'_>) -> Array2<f64> {
    block.matrix().unwrap().unwrap().to_dense()
}

fn bits(block: Block<'_>) -> Vec<u64> {
    dense(block).iter().map(|v| v.to_bits()).collect()
}

#[test]
fn one_hot_columns_follow_sorted_categories() {
    let table = table();
    let model = OneHotEncoder::default().fit_block(&(&table).into()).unwrap();
    let names = model.feature_names_out(&["t".into(), "n".into()]);
    assert_eq!(names, ["t_a", "t_b", "t_c", "t_nan", "n_-3", "n_1", "n_2", "n_nan"]);
    let out = dense(model.transform_block(&(&table).into()).unwrap());
    assert_eq!(out.row(0).to_vec(), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(out.row(2).to_vec(), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert!(out.rows().into_iter().all(|row| row.sum() == 2.0));

    let dropped = OneHotEncoder { drop: Drop::First, ..OneHotEncoder::default() }.fit_block(&(&table).into()).unwrap();
    assert_eq!(dropped.feature_names_out(&["t".into(), "n".into()]).len(), 6);
    let rare = OneHotEncoder { min_frequency: Some(Frequency::Count(2)), ..OneHotEncoder::default() };
    let rare = rare.fit_block(&(&table).into()).unwrap();
    assert_eq!(
        rare.feature_names_out(&["t".into(), "n".into()]),
        ["t_b", "t_infrequent_sklearn", "n_2", "n_infrequent_sklearn"]
    );
}

#[test]
fn unknown_categories_are_refused_by_name_or_left_out() {
    let (known, other) = (table(), Table::new(vec![Column::text("t", [Some("z"), Some("a")])]).unwrap());
    let only = known.without("n");
    let strict = OneHotEncoder::default().fit_block(&(&only).into()).unwrap();
    let error = strict.transform_block(&(&other).into()).unwrap_err().to_string();
    assert_eq!(error, "Found unknown categories ['z'] in column 0 during transform");
    let lenient = OneHotEncoder { handle_unknown: OnUnknown::Ignore, ..OneHotEncoder::default() };
    let out = lenient.fit_block(&(&only).into()).unwrap().transform_block(&(&other).into()).unwrap();
    assert_eq!(dense(out), array![[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]);
    let ordinal = OrdinalEncoder {
        handle_unknown: Unknown::UseEncodedValue,
        unknown_value: Some(-1.0),
        encoded_missing_value: -2.0,
        ..OrdinalEncoder::default()
    };
    let model = ordinal.fit_block(&(&only).into()).unwrap();
    assert_eq!(dense(model.transform_block(&(&other).into()).unwrap()), array![[-1.0], [0.0]]);
    let own = dense(model.transform_block(&(&only).into()).unwrap());
    assert_eq!(own.column(0).to_vec(), [1.0, 0.0, -2.0, 1.0, 2.0]);
}

/// Over several tiles, with missing entries and weights, against two passes over each column.
#[test]
fn scaler_moments_match_their_definition_in_one_fit_in_parts_and_sparse() {
    let n = 5000;
    let x = Array2::from_shape_fn((n, 3), |(i, j)| match (i * 7 + j) % 11 {
        0 => f64::NAN,
        k => 1e6 + (k as f64) * 0.5 + (i % 13) as f64,
    });
    let model = StandardScaler::default().fit_block(&x.view().into()).unwrap();
    let mut parts = StandardScaler::default().fit_block(&x.slice(ndarray::s![..100, ..]).into()).unwrap();
    parts.update(&x.slice(ndarray::s![100.., ..]).into(), None, &Control::new()).unwrap();
    for j in 0..3 {
        let there: Vec<f64> = x.column(j).iter().copied().filter(|v| !v.is_nan()).collect();
        let mean = there.iter().sum::<f64>() / there.len() as f64;
        let var = there.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / there.len() as f64;
        for model in [&model, &parts] {
            assert_eq!(model.seen[j], there.len() as f64);
            // Values near 1e6 carry a rounding of 1e-10 each.
            assert!((model.mean[j] - mean).abs() < 1e-8 && (model.var[j] - var).abs() < 1e-8 * var);
        }
    }
    let zeros = x.mapv(|v| if v.is_nan() { 0.0 } else { v });
    let mut sparse =
        Sparse { layout: Layout::Row, shape: (n, 3), indptr: vec![0], indices: Vec::new(), data: Vec::new() };
    for row in zeros.rows() {
        for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            sparse.indices.push(j as i32);
            sparse.data.push(v);
        }
        sparse.indptr.push(sparse.data.len() as i64);
    }
    let scaler = StandardScaler { with_mean: false, ..StandardScaler::default() };
    let (a, b) = (scaler.fit_block(&zeros.view().into()).unwrap(), scaler.fit_block(&Block::Sparse(sparse)).unwrap());
    assert!(a.var.iter().zip(&b.var).all(|(a, b)| (a - b).abs() < 1e-9 * a));
    assert_eq!(StandardScaler::default().fit_block(&array![[2.5], [2.5]].view().into()).unwrap().scale, [1.0]);
}

#[test]
fn imputed_columns_hold_their_statistic() {
    let x = array![[1.0, f64::NAN, 5.0], [f64::NAN, f64::NAN, 5.0], [4.0, f64::NAN, 1.0], [1.0, f64::NAN, 7.0]];
    for (strategy, fill) in
        [(Strategy::Mean, 2.0), (Strategy::Median, 1.0), (Strategy::MostFrequent, 1.0), (Strategy::Constant, 0.0)]
    {
        let imputer = SimpleImputer { strategy, add_indicator: true, ..SimpleImputer::default() };
        let model = imputer.fit_block(&x.view().into()).unwrap();
        let out = dense(model.transform_block(&x.view().into()).unwrap());
        assert_eq!(out.dim(), (4, 4), "the column without entries goes, two had missing ones");
        assert_eq!(out.row(1).to_vec(), [fill, 5.0, 1.0, 1.0]);
    }
    let table = table();
    let text = SimpleImputer { strategy: Strategy::MostFrequent, ..SimpleImputer::default() };
    let Block::Columns(columns) = text.fit_block(&(&table).into()).unwrap().transform_block(&(&table).into()).unwrap()
    else {
        panic!()
    };
    assert!(columns.iter().all(|c| c.values.n_missing() == 0));
    assert!(SimpleImputer::default().fit_block(&(&table).into()).unwrap_err().to_string().contains("non-numeric"));
}

/// A row that its own target reached would be encoded by it: with one row a level, the encoding is the others' mean.
#[test]
fn cross_fitting_keeps_a_rows_target_out_of_its_encoding() {
    let names: Vec<String> = (0..100).map(|i| format!("l{i}")).collect();
    let table = Table::new(vec![Column::text("t", names.iter().map(|n| Some(n.as_str())))]).unwrap();
    let y = Array2::from_shape_fn((100, 1), |(i, _)| i as f64);
    let encoder = AnyTransformer::from(TargetEncoder { smooth: Some(0.0), ..TargetEncoder::default() });
    let target = Target::Values(y.view());
    let (model, out) = encoder.fit_transform(&(&table).into(), &target, None, &Control::new()).unwrap();
    assert!(dense(out).iter().all(|v| (v - 49.5).abs() < 15.0));
    let again = dense(model.transform(&(&table).into(), &Control::new(), &mut Vec::new()).unwrap());
    assert_eq!(again, y);
}

#[test]
fn columns_by_name_stand_side_by_side_with_the_same_bits_at_any_batch_and_thread_count() {
    let n = 9000;
    let level = ["x", "y", "z"];
    let table = Table::new(vec![
        Column::number("a", (0..n).map(|i| (i as f64 * 0.37).sin()).collect()),
        Column::text("t", (0..n).map(|i| (i % 5 > 0).then(|| level[i % 3]))),
        Column::number("b", (0..n).map(|i| (i % 17) as f64).collect()),
    ])
    .unwrap();
    let name = |n: &str| Selector::Name(n.into());
    for threshold in [0.0, 1.0] {
        let columns = ColumnTransformer {
            transformers: vec![
                Branch::new("scale", StandardScaler::default(), vec![name("b")]),
                Branch::new("hot", OneHotEncoder::default(), vec![name("t")]),
            ],
            remainder: Step::Passthrough,
            sparse_threshold: threshold,
            ..ColumnTransformer::default()
        };
        let one = Control::new().with_threads(Some(1));
        let (model, out) =
            AnyTransformer::from(columns.clone()).fit_transform(&(&table).into(), &Target::None, None, &one).unwrap();
        let three = Control::new().with_threads(Some(3));
        let (again, out3) =
            AnyTransformer::from(columns).fit_transform(&(&table).into(), &Target::None, None, &three).unwrap();
        assert_eq!(model, again);
        assert_eq!(matches!(out, Block::Sparse(_)), threshold == 1.0);
        let all = bits(out);
        assert_eq!(all, bits(out3));
        let some = table.take(&[4321, 7]);
        let row = bits(model.transform(&(&some).into(), &three, &mut Vec::new()).unwrap());
        assert_eq!(row[..6], all[4321 * 6..4322 * 6]);
        let names = model.feature_names_out(&["a".into(), "t".into(), "b".into()]);
        assert_eq!(names, ["scale__b", "hot__t_x", "hot__t_y", "hot__t_z", "hot__t_nan", "remainder__a"]);
    }
    let absent = ColumnTransformer {
        transformers: vec![Branch::new("s", StandardScaler::default(), vec![name("q")])],
        ..ColumnTransformer::default()
    };
    let error = absent.fit_block(&(&table).into()).unwrap_err().to_string();
    assert_eq!(error, "A given column is not a column of the table: 'q'");
}

#[test]
fn parameters_are_checked() {
    assert!(
        OneHotEncoder { max_categories: Some(0), ..OneHotEncoder::default() }
            .fit_block(&array![[1.0]].view().into())
            .is_err()
    );
    assert!(
        OrdinalEncoder { unknown_value: Some(1.0), ..OrdinalEncoder::default() }
            .fit_block(&array![[1.0]].view().into())
            .is_err()
    );
    assert!(TargetEncoder { cv: 1, ..TargetEncoder::default() }.fit_block(&array![[1.0]].view().into()).is_err());
    assert!(Steps::default().fit_block(&array![[1.0]].view().into()).is_err());
}
