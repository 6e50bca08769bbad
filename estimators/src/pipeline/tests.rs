//! From tables to predictions and through the model file.

use super::*;
use crate::preprocess::{OneHotEncoder, StandardScaler};
use crate::{Cpu, Labels};
use ironlearn_datasets::{Column, MISSING_TIME, Table};
use ndarray::Array2;

fn table(n: usize) -> Table {
    let color = ["red", "green", "blue", "grey"];
    let names: Vec<String> = (0..n).map(|i| format!("tail{}", i % 300)).collect();
    Table::new(vec![
        Column::number("size", (0..n).map(|i| if i % 7 == 0 { f64::NAN } else { (i % 50) as f64 }).collect()),
        Column::text("color", (0..n).map(|i| if i % 11 == 0 { None } else { Some(color[i % 4]) })),
        Column::text("tail", names.iter().map(|name| Some(name.as_str()))),
        Column::time("when", (0..n).map(|i| if i == 3 { MISSING_TIME } else { i as i64 * 3_600_000 }).collect()),
        Column::number("empty", vec![f64::NAN; n]),
        Column::number("same", vec![2.5; n]),
        Column::number("y", (0..n).map(|i| (i % 50) as f64 * 2.0 + (i % 4) as f64 + (i % 300) as f64).collect()),
    ])
    .unwrap()
}

fn ridge() -> TablePipeline {
    TablePipeline::new(AnyEstimator::by_name("Ridge").unwrap())
}

fn bits(values: &Array2<f64>) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn a_table_trains_a_model_that_goes_through_the_file_and_gives_the_same_bits() {
    let (table, ctl) = (table(2000), Control::new());
    let saved = ridge().fit(&table, Some("y"), None, &Cpu, &ctl).unwrap();
    let names = saved.feature_names_out();
    for name in ["size", "missingindicator_size", "color_red", "color_nan", "tail", "when_year", "when_epoch", "same"] {
        assert!(names.contains(&name.to_owned()), "{name} is none of {names:?}");
    }
    assert!(!names.contains(&"empty".to_owned()));
    let predicted = saved.predict_table(&table, &ctl).unwrap();
    let y = match saved.target_of(&table).unwrap().unwrap() {
        TargetColumn::Values(y) => y,
        TargetColumn::Classes(..) => panic!("classes"),
    };
    let (mean, n) = (y.mean().unwrap(), y.len() as f64);
    let error: f64 = (&y - &predicted).iter().map(|d| d * d).sum::<f64>() / n;
    let total: f64 = y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    assert!(1.0 - error / total > 0.95, "R² {}", 1.0 - error / total);

    let again = Saved::from_bytes(&saved.to_bytes().unwrap()).unwrap();
    assert_eq!(bits(&again.predict_table(&table, &ctl).unwrap()), bits(&predicted));
    assert_eq!(again.feature_names_out(), names);

    // Other batches, another order of columns, further columns, one thread: the same bits.
    let mut shuffled: Vec<Column> = table.columns().iter().rev().cloned().collect();
    shuffled.push(Column::number("more", vec![0.0; 2000]));
    let shuffled = Table::new(shuffled).unwrap();
    assert_eq!(bits(&again.predict_table(&shuffled, &ctl).unwrap()), bits(&predicted));
    for rows in [vec![17], vec![3, 0, 1999], (0..700).collect()] {
        let some = again.predict_table(&table.take(&rows), &Control::new().with_threads(Some(1))).unwrap();
        let all: Vec<u64> = rows.iter().map(|&row| predicted[[row, 0]].to_bits()).collect();
        assert_eq!(bits(&some), all);
    }
}

#[test]
fn unknown_levels_and_missing_entries_are_predicted_wrong_columns_are_named() {
    let (table, ctl) = (table(600), Control::new());
    let saved = ridge().fit(&table, Some("y"), None, &Cpu, &ctl).unwrap();
    let one = |column: Column| {
        let mut columns = table.take(&[5]).into_columns();
        let at = columns.iter().position(|c| c.name == column.name).unwrap();
        columns[at] = column;
        saved.predict_table(&Table::new(columns).unwrap(), &ctl)
    };
    for column in [
        Column::text("color", [Some("violet")]),
        Column::text("tail", [Some("unseen")]),
        Column::text("tail", [None]),
        Column::number("size", vec![f64::NAN]),
        Column::number("tail", vec![f64::NAN]),
        Column::text("size", [None]),
        Column::time("when", vec![MISSING_TIME]),
    ] {
        let y = one(column.clone()).unwrap_or_else(|error| panic!("{column:?}: {error}"));
        assert!(y[[0, 0]].is_finite());
    }
    let error = one(Column::number("color", vec![3.0])).unwrap_err().to_string();
    assert_eq!(error, "column 'color' holds number (3 in row 1), the model needs text");
    let error = one(Column::text("size", [Some("big")])).unwrap_err().to_string();
    assert_eq!(error, "column 'size' holds text ('big' in row 1), the model needs number");
    let error = saved.predict_table(&table.without("size"), &ctl).unwrap_err().to_string();
    assert!(error.starts_with("the table lacks columns that the model needs: 'size'; it has 'color'"), "{error}");
    let error = ridge().fit(&table, Some("z"), None, &Cpu, &ctl).unwrap_err().to_string();
    assert_eq!(error, "the table has no column 'z' to be the target");
    let error = ridge().fit(&table, Some("color"), None, &Cpu, &ctl).unwrap_err().to_string();
    assert!(error.contains("are missing"), "{error}");
}

#[test]
fn steps_on_numbers_give_the_same_bits_as_on_a_table() {
    let n = 300;
    let x = Array2::from_shape_fn((n, 3), |(i, j)| ((i * 7 + j * 3) % 13) as f64 * 0.7);
    let y = Array2::from_shape_fn((n, 1), |(i, _)| (i % 13) as f64);
    let steps = [("scale", AnyTransformer::from(StandardScaler::default())), ("hot", OneHotEncoder::default().into())];
    let pipeline = Pipeline {
        steps: steps.map(|(name, step)| (name.to_owned(), step)).into(),
        estimator: ("ridge".into(), AnyEstimator::by_name("Ridge").unwrap()),
    };
    let ctl = Control::new();
    let saved = pipeline.fit(&x.view().into(), &Target::Values(y.view()), None, &Cpu, &ctl).unwrap();
    let predicted = saved.predict(x.view().into(), &ctl).unwrap();
    let columns = x.columns().into_iter().enumerate().map(|(j, c)| Column::number(format!("c{j}"), c.to_vec()));
    let table = Table::new(columns.collect()).unwrap();
    assert_eq!(bits(&saved.predict_table(&table, &ctl).unwrap()), bits(&predicted));
    let wrong = table.without("c1");
    assert!(saved.predict_table(&wrong, &ctl).unwrap_err().to_string().contains("2 columns"));
}

#[test]
fn targets_become_classes() {
    use crate::registry::Task;
    let text = Column::text("t", [Some("b"), Some("a"), Some("b")]);
    let TargetColumn::Classes(codes, labels) = TargetColumn::learn(&text, Task::Classification).unwrap() else {
        panic!()
    };
    assert_eq!(codes.into_raw_vec_and_offset().0, [1, 0, 1]);
    assert_eq!(labels, Labels::Text(vec!["a".into(), "b".into()]));
    let numbers = Column::number("t", vec![3.0, -1.0, 3.0]);
    let TargetColumn::Classes(codes, labels) = TargetColumn::learn(&numbers, Task::Classification).unwrap() else {
        panic!()
    };
    assert_eq!(codes.into_raw_vec_and_offset().0, [1, 0, 1]);
    assert_eq!(labels, Labels::Int(vec![-1, 3]));
    let TargetColumn::Classes(codes, _) =
        TargetColumn::known(&Column::number("t", vec![3.0, 8.0]), Some(&labels)).unwrap()
    else {
        panic!()
    };
    assert_eq!(codes.into_raw_vec_and_offset().0, [1, 2]);
    assert!(TargetColumn::learn(&text, Task::Regression).is_err());
}

/// A file is untrusted: whatever bytes it holds, reading ends in a model that can predict or in an error.
#[test]
fn mutated_files_never_panic() {
    let (table, ctl) = (table(400), Control::new().with_threads(Some(1)));
    let mut pipeline = ridge();
    pipeline.max_levels = 350;
    let saved = pipeline.fit(&table, Some("y"), None, &Cpu, &ctl).unwrap();
    let bytes = saved.to_bytes().unwrap();
    let rows = table.take(&[0, 1, 2, 5]);
    let mut state = 0x1234_5678_9abc_def0_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let mut mutated = bytes.clone();
        for _ in 0..1 + next() % 4 {
            let at = 16 + next() as usize % (mutated.len() - 16);
            mutated[at] = if next() % 2 == 0 { next() as u8 } else { mutated[at] ^ (1 << (next() % 8)) };
        }
        let sum = crc32fast::hash(&mutated[16..]);
        mutated[12..16].copy_from_slice(&sum.to_le_bytes());
        if let Ok(model) = Saved::from_bytes(&mutated) {
            let _ = model.predict_table(&rows, &ctl);
            let _ = model.feature_names_out();
        }
    }
}

/// Text goes to trees and boosting as categories where they ask for it, through the file too.
#[test]
fn text_becomes_categories_where_the_estimator_takes_them() {
    let (table, ctl) = (table(600), Control::new());
    let marked = [("categorical_features".to_owned(), rmpv::Value::from("from_dtype"))];
    for (name, max_levels, text) in [
        ("DecisionTreeRegressor", 1000, vec!["color", "tail"]),
        ("ExtraTreesRegressor", 1000, vec!["color", "tail"]),
        ("HistGradientBoostingRegressor", 255, vec!["color"]),
    ] {
        let estimator = AnyEstimator::with_params(name, &marked).unwrap();
        let pipeline = TablePipeline { max_levels, ..TablePipeline::new(estimator) };
        let saved = pipeline.fit(&table, Some("y"), None, &Cpu, &ctl).unwrap();
        assert_eq!(saved.feature_names_out()[..text.len()], text);
        let predicted = saved.predict_table(&table, &ctl).unwrap();
        let again = Saved::from_bytes(&saved.to_bytes().unwrap()).unwrap();
        assert_eq!(bits(&again.predict_table(&table, &ctl).unwrap()), bits(&predicted));
        let marks = saved.model().unwrap().attributes().into_iter().find(|(name, _)| *name == "is_categorical_");
        let Some((_, crate::Attribute::Flags(marks))) = marks else { panic!("{name} has no categories") };
        assert_eq!(marks.iter().map(|&flag| usize::from(flag)).sum::<usize>(), text.len());
        assert!(marks.iter().take(text.len()).all(|&flag| flag == 1));
    }
}
