//! What the list says of an estimator is what its fit does.

use super::{AnyEstimator, AnyModel, ESTIMATORS, Task};
use crate::{Control, Cpu, Data, Result};
use ndarray::{Array1, Array2};

/// Weights of the rows change what is fitted, or are refused where the estimator is said to take none.
#[test]
fn weights_change_the_fits_that_take_them() {
    let x = Array2::from_shape_fn((80, 1), |(i, _)| (i * 7 % 20) as f64 / 10.0);
    let noise = |i: usize| ((i * i) % 11) as f64;
    let y = Array2::from_shape_fn((80, 1), |(i, _)| 1.0 + x[[i, 0]] + noise(i));
    let codes = y.mapv(|v| u32::from(v > 6.0));
    let weights = Array1::from_shape_fn(80, |i| if i % 3 == 0 { 5.0 } else { 0.1 + (i % 5) as f64 / 10.0 });
    let fit = |name: &str, task, weights: Option<&Array1<f64>>| -> Result<AnyModel> {
        let data = match task {
            Task::Classification => Data::new(x.view()).with_classes(codes.view(), vec![2]),
            _ => Data::new(x.view()).with_values(y.view()),
        };
        let data = data.with_weights(weights.map(|w| w.view()));
        AnyEstimator::by_name(name).unwrap().fit(&data, None, &Cpu, &Control::new())
    };
    let answer = |model: &AnyModel| {
        let (x, ctl) = (x.view().into(), Control::new());
        model.decision_function(&x, &ctl).or_else(|_| model.predict(&x, &ctl)).unwrap()
    };
    for &(name, _, task) in ESTIMATORS.iter().filter(|(.., task)| task.has_target()) {
        let weighted = fit(name, task, Some(&weights));
        if AnyEstimator::by_name(name).unwrap().takes_weights() {
            let weighted = weighted.unwrap_or_else(|error| panic!("{name}: {error}"));
            let plain = fit(name, task, None).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_ne!(answer(&weighted), answer(&plain), "{name} fits the same with weights");
        } else {
            let refused = weighted.expect_err(name).to_string();
            assert!(refused.contains("takes no sample_weight"), "{name}: {refused}");
        }
    }
}
