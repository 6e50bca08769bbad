//! Estimators through `dispatch`: a fit on the emulated CUDA device gives the CPU's model, and the trace says where
//! each part ran.

use ironlearn::registry::ESTIMATORS;
use ironlearn::{AnyEstimator, Control, Cpu, Data};
use ironlearn_dispatch::{Device, fit};
use ironlearn_tests::{backends, models};
use ndarray::{Array, Array2};

#[test]
fn ridge_on_cuda_is_ridge() {
    let Some(cuda) = backends::emulated() else { return };
    let x = Array::from_shape_fn((400, 7), |(i, j)| ((i * 31 + j * 17 + i * j) % 23) as f64 * 0.37 + j as f64);
    let y: Array2<f64> = Array::from_shape_fn((400, 2), |(i, k)| x[[i, k]] * 2.0 - x[[i, 3]] + (i % 7) as f64);
    let estimator = AnyEstimator::with_params("Ridge", &[("alpha".into(), 0.5.into())]).unwrap();
    for single in [false, true] {
        let narrow = x.mapv(|v| v as f32);
        let data = if single { Data::new(narrow.view()) } else { Data::new(x.view()) }.with_values(y.view());
        let (on_cpu, on_cuda) = (Control::new(), Control::new());
        let want = fit(&estimator, &data, None, &Device::Cpu, &on_cpu).unwrap();
        let got = fit(&estimator, &data, None, &Device::Cuda(cuda.clone()), &on_cuda).unwrap();
        let difference = want.predict(&data.x, &on_cpu).unwrap() - got.predict(&data.x, &on_cuda).unwrap();
        // Both round their coefficients to X's type.
        let bound = if single { 1e-4 } else { 1e-10 };
        assert!(difference.iter().all(|d| d.abs() < bound), "{difference}");
        let places: Vec<_> = on_cuda.trace().into_iter().filter(|t| t.op == "gram").map(|t| t.place).collect();
        assert_eq!(places, ["cuda:0"]);
    }
}

#[test]
fn kmeans_on_cuda_is_kmeans() {
    let Some(cuda) = backends::emulated() else { return };
    // Five groups, far from the origin.
    let x = Array::from_shape_fn((300, 3), |(i, j)| {
        ((i % 5) * (j + 2)) as f64 * 3.0 + ((i * 31 + j * 17) % 29) as f64 * 0.05 + 100.0
    });
    let weights = ndarray::Array1::from_shape_fn(300, |i| 0.5 + (i % 3) as f64);
    let params = [("n_clusters".to_owned(), 5.into()), ("random_state".to_owned(), 3.into())];
    let estimator = AnyEstimator::with_params("KMeans", &params).unwrap();
    for single in [false, true] {
        let narrow = x.mapv(|v| v as f32);
        let data = if single { Data::new(narrow.view()) } else { Data::new(x.view()) };
        let data = data.with_weights(Some(weights.view()));
        let (on_cpu, on_cuda) = (Control::new(), Control::new());
        let want = fit(&estimator, &data, None, &Device::Cpu, &on_cpu).unwrap();
        let got = fit(&estimator, &data, None, &Device::Cuda(cuda.clone()), &on_cuda).unwrap();
        assert_eq!(want.predict(&data.x, &on_cpu).unwrap(), got.predict(&data.x, &on_cuda).unwrap());
        let distances = |model: &ironlearn::AnyModel| model.transform(&data.x, &Control::new()).unwrap();
        assert!((distances(&want) - distances(&got)).iter().all(|d| d.abs() < if single { 1e-3 } else { 1e-9 }));
        let places: Vec<_> = on_cuda.trace().into_iter().filter(|t| t.op == "lloyd_step").map(|t| t.place).collect();
        assert_eq!(places, ["cuda:0"]);
    }
}

/// Whatever is native and whatever is not: each estimator gives the CPU's answers, and nothing that a device should run
/// falls back for dense X without saying so.
#[test]
fn every_estimator_on_cuda_answers_as_on_the_cpu() {
    let Some(cuda) = backends::emulated() else { return };
    for &(name, _, task) in ESTIMATORS {
        let (on_cpu, on_cuda) = (Control::new(), Control::new());
        let want = models::estimator(name, task, &Cpu, &on_cpu);
        let got = models::estimator(name, task, &*cuda, &on_cuda);
        let predict = |s: &models::Sample| s.saved.predict(s.rows.block(), &Control::new()).unwrap();
        assert!((predict(&want) - predict(&got)).iter().all(|d| d.abs() < 1e-8), "{name}");
        for entry in on_cuda.trace() {
            let native = ["gram", "outer_gram", "matmul", "matmul_t", "nearest", "segment_sum", "lloyd_step"];
            let place = if native.contains(&entry.op) { "cuda:0" } else { "cpu (no kernel for cuda:0)" };
            assert_eq!(entry.place, place, "{name}: {}", entry.op);
        }
    }
}

/// Other devices than the emulated one are refused by name.
#[test]
fn a_device_that_is_not_there_is_refused() {
    if backends::emulated().is_none() {
        return;
    }
    let error = "cuda:1".parse::<Device>().unwrap_err().to_string();
    assert_eq!(error, "no CUDA device: cuda:1 was asked for, but there is only cuda:0");
}
