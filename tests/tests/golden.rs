//! The model files of each release load for ever, and predict what they predicted.
//!
//! `golden/VERSION/` holds a file of each kind with rows to ask it about and its answers. A file is never changed once its
//! version is released. After a release, or for a new kind: `IRONLEARN_WRITE_GOLDEN=1 cargo test -p ironlearn-tests
//! --test golden` writes those that are missing.

use ironlearn::datasets::{Column, Table, Values};
use ironlearn::preprocess::Block;
use ironlearn::{Control, Saved};
use ironlearn_linalg::with_matrix;
use ironlearn_tests::models::{Rows, Sample, samples};
use ndarray::Array2;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn matrix_to_json(x: &Array2<f64>) -> Value {
    // JSON has no NaN: null.
    Value::Array(x.rows().into_iter().map(|row| json!(row.to_vec())).collect())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn matrix_from_json(value: &Value) -> Array2<f64> {
    let rows = items(value);
    let flat = rows.iter().flat_map(items).map(number).collect();
    Array2::from_shape_vec((rows.len(), rows.first().map_or(0, |row| items(row).len())), flat).unwrap()
}

fn rows_to_json(rows: &Rows) -> Value {
    let column = |column: &Column| match &column.values {
        Values::Number(values) => json!({ "name": column.name, "number": values }),
        Values::Time(values) => json!({ "name": column.name, "time": values }),
        Values::Text { codes, levels } => {
            let entries: Vec<Option<&String>> = codes.iter().map(|&code| levels.get(code as usize)).collect();
            json!({ "name": column.name, "text": entries })
        }
    };
    match rows {
        Rows::Numbers(x) => json!({ "numbers": matrix_to_json(x) }),
        Rows::Table(table) => json!({ "table": table.columns().iter().map(column).collect::<Vec<_>>() }),
    }
}

fn rows_from_json(value: &Value) -> Rows {
    if let Some(x) = value.get("numbers") {
        return Rows::Numbers(matrix_from_json(x));
    }
    let column = |value: &Value| {
        let name = value["name"].as_str().unwrap();
        if let Some(values) = value.get("number") {
            Column::number(name, items(values).iter().map(number).collect())
        } else if let Some(values) = value.get("time") {
            Column::time(name, items(values).iter().map(|v| v.as_i64().unwrap()).collect())
        } else {
            Column::text(name, items(&value["text"]).iter().map(Value::as_str))
        }
    };
    Rows::Table(Table::new(items(&value["table"]).iter().map(column).collect()).unwrap())
}

/// What the file answers: what its steps make of the rows, what it predicts, and probabilities where it has them.
fn answers(saved: &Saved, rows: &Rows) -> Vec<(&'static str, Array2<f64>)> {
    let ctl = Control::new();
    let mut all = Vec::new();
    if !saved.steps.is_empty() {
        let made = saved.transform(rows.block(), &ctl, &mut Vec::new()).unwrap();
        let made: Block<'_> = made.into_numbers().unwrap();
        let x = made.matrix().unwrap().unwrap();
        all.push(("steps", with_matrix!(x, x => x.to_dense())));
    }
    if saved.model.is_some() {
        all.push(("predict", saved.predict(rows.block(), &ctl).unwrap()));
        let (model, numbers) = (saved.model.as_ref(), rows.block());
        if let (Some(model), Ok(Some(x))) = (model, numbers.matrix())
            && let Ok(deviations) = model.predict_deviation(&x, &ctl)
        {
            all.push(("predict_deviation", deviations));
        }
        if let Ok(probabilities) = saved.predict_proba(rows.block(), &ctl) {
            all.extend(probabilities.into_iter().map(|p| ("predict_proba", p)));
        }
    }
    all
}

fn write(folder: &Path, sample: &Sample) {
    let expected: Vec<Value> = answers(&sample.saved, &sample.rows)
        .iter()
        .map(|(method, values)| json!({ "method": method, "values": matrix_to_json(values) }))
        .collect();
    let text = json!({ "rows": rows_to_json(&sample.rows), "expected": expected });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(format!("{}.json", sample.kind)), serde_json::to_string_pretty(&text).unwrap() + "\n")
        .unwrap();
    sample.saved.write(&folder.join(format!("{}.ironlearn", sample.kind))).unwrap();
}

#[test]
fn files_of_every_release_predict_what_they_did() {
    let this = folder().join(env!("CARGO_PKG_VERSION"));
    let mut missing = Vec::new();
    for sample in samples() {
        if !this.join(format!("{}.ironlearn", sample.kind)).exists() {
            match std::env::var_os("IRONLEARN_WRITE_GOLDEN") {
                Some(_) => write(&this, &sample),
                None => missing.push(sample.kind),
            }
        }
    }
    assert!(missing.is_empty(), "no golden file yet of {missing:?}: IRONLEARN_WRITE_GOLDEN=1 writes them");

    let mut seen = BTreeSet::new();
    for version in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        let files = fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|e| e == "ironlearn")) {
            let what = path.display();
            let saved = Saved::read(&path).unwrap_or_else(|error| panic!("{what}: {error}"));
            let text = fs::read_to_string(path.with_extension("json")).unwrap();
            let text: Value = serde_json::from_str(&text).unwrap();
            let got = answers(&saved, &rows_from_json(&text["rows"]));
            let expected = items(&text["expected"]);
            assert_eq!(got.len(), expected.len(), "{what}");
            for ((method, got), expected) in got.iter().zip(expected) {
                assert_eq!(Some(*method), expected["method"].as_str(), "{what}");
                let want = matrix_from_json(&expected["values"]);
                assert_eq!(got.dim(), want.dim(), "{what} {method}");
                for (a, b) in got.iter().zip(&want) {
                    // A kernel may come to sum in another order, and JSON's numbers are read to one unit.
                    let near = (a - b).abs() <= 1e-12 * b.abs().max(1.0) || (a.is_nan() && b.is_nan());
                    assert!(near, "{what} {method}: {a} instead of {b}");
                }
            }
            seen.insert(path.file_stem().unwrap().to_owned());
        }
    }
    assert!(seen.len() >= samples().len());
}
