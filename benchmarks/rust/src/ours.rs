//! This project's crate, through its registry: an estimator that lands there is measured without a line here.

use crate::arrays::{Arrays, Target};
use crate::timing::{Effort, measure};
use ironlearn::{AnyEstimator, AnyMatrix, Control, Cpu, Data, Matrix};
use ndarray::{Array2, Axis};
use rmpv::Value;
use serde_json::Map;

type Given<'a> = &'a Map<String, serde_json::Value>;

/// Fits and times `estimator` with the given parameters.
pub fn run(estimator: &str, arrays: &Arrays, effort: Effort, params: Given<'_>) -> crate::Outcome {
    let mut given = Vec::new();
    for (name, value) in params {
        given.push((name.clone(), rmpv::ext::to_value(value)?));
    }
    if let Some(init) = &arrays.init {
        let rows = init.rows().into_iter().map(|r| Value::Array(r.iter().map(|&v| Value::F64(v)).collect()));
        // One list of centres, for the one run.
        given.push(("init".into(), Value::Array(vec![Value::Array(rows.collect())])));
    }
    let estimator = AnyEstimator::with_params(estimator, &given)?;
    let values = match &arrays.target {
        Target::Values(y, _) => y.view().insert_axis(Axis(1)).to_owned(),
        _ => Array2::zeros((0, 0)),
    };
    let (codes, classes) = match &arrays.target {
        Target::Classes(y, _) => {
            let codes = y.mapv(|v| v as u32).insert_axis(Axis(1));
            let k = codes.iter().max().map_or(0, |m| *m as usize + 1);
            (codes, k)
        }
        _ => (Array2::zeros((0, 0)), 0),
    };
    let fit = |x: &Array2<f64>| {
        let data = Data::new(AnyMatrix::F64(Matrix::Dense(x.view())));
        let data = match &arrays.target {
            Target::None => data,
            Target::Values(..) => data.with_values(values.view()),
            Target::Classes(..) => data.with_classes(codes.view(), vec![classes]),
        };
        estimator.fit(&data, None, &Cpu, &Control::new()).map_err(|error| error.to_string())
    };
    let predict = |model: &ironlearn::AnyModel, x: &Array2<f64>| {
        let x = AnyMatrix::F64(Matrix::Dense(x.view()));
        model.predict(&x, &Control::new()).map(|y| y.into_raw_vec_and_offset().0).unwrap_or_default()
    };
    let one = arrays.x_test.slice(ndarray::s![..1, ..]).to_owned();
    measure(arrays, effort, (arrays.x.clone(), arrays.x_test.clone(), one), fit, predict)
}
