//! One way of timing for every library: a warm-up, then fits and predictions in turn, then single rows.

use crate::arrays::Arrays;
use ndarray::Array1;
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

/// How long to go on.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Fits after the warm-up, at most.
    pub repeats: usize,
    /// No other fit starts after this many seconds.
    pub seconds: f64,
}

/// The figures of one contestant. `X` is the library's own matrix type: the rows to fit, held-out ones, one row.
pub fn measure<X, M>(
    arrays: &Arrays,
    effort: Effort,
    (x, x_test, one): (X, X, X),
    fit: impl Fn(&X) -> Result<M, String>,
    predict: impl Fn(&M, &X) -> Vec<f64>,
) -> Result<Value, Box<dyn std::error::Error>> {
    let (mut fits, mut predicts, began) = (Vec::new(), Vec::new(), Instant::now());
    let (mut model, mut train) = (None, Vec::new());
    while fits.is_empty() || (fits.len() <= effort.repeats && began.elapsed().as_secs_f64() < effort.seconds) {
        drop(model.take());
        let start = Instant::now();
        let fitted = fit(&x)?;
        fits.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        train = predict(&fitted, &x);
        predicts.push(start.elapsed().as_secs_f64());
        model = Some(fitted);
    }
    if fits.len() > 1 {
        fits.remove(0);
        predicts.remove(0);
    }
    let model = model.ok_or("no fit")?;
    let test = Array1::from(predict(&model, &x_test));
    let mut single: Vec<f64> = (0..2000)
        .map(|_| {
            let start = Instant::now();
            black_box(predict(&model, black_box(&one)));
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    single.sort_by(f64::total_cmp);
    let score = arrays.score(Array1::from(train).view(), test.view());
    Ok(json!({
        "fit": fits, "predict": predicts, "single_row_us": single[single.len() / 2], "score": score,
        "rows": arrays.x.nrows(),
    }))
}
