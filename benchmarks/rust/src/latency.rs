//! How long one row takes through a fitted Ridge: the shortest call that there is.

use ironlearn::linear::Ridge;
use ironlearn::{AnyMatrix, Control, PredictOn};
use linfa::prelude::*;
use ndarray::{Array1, Array2, s};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

const CALLS: usize = 200_000;

/// Nanoseconds a call for 50 columns: through linfa's `predict`, and through `predict_on`.
pub fn ridge() -> Value {
    let x = Array2::from_shape_fn((500, 50), |(i, j)| ((i * 53 + j * 17) as f64).sin());
    let y: Array1<f64> = x.rows().into_iter().map(|row| row.sum()).collect();
    let dataset = linfa::Dataset::new(x.clone(), y);
    let model = Ridge::default().fit(&dataset).expect("the data are sound");
    let row = x.slice(s![7..8, ..]);
    let ctl = Control::new();
    let best = |call: &dyn Fn()| {
        let round = |_| {
            let start = Instant::now();
            (0..CALLS / 10).for_each(|_| call());
            start.elapsed().as_secs_f64() * 1e9 / (CALLS / 10) as f64
        };
        let mut rounds: Vec<f64> = (0..11).map(round).collect();
        rounds.sort_by(f64::total_cmp);
        rounds[5]
    };
    let owned = row.to_owned();
    let by_linfa = best(&|| {
        let y: Array1<f64> = model.predict(black_box(&owned));
        black_box(y);
    });
    let direct = best(&|| {
        black_box(model.predict_on(&AnyMatrix::from(black_box(row)), &ctl).expect("the row fits"));
    });
    json!({ "linfa_ns": by_linfa, "predict_on_ns": direct })
}
