//! KMeans against the definition.

use super::*;
use crate::{AnyMatrix, Checked, Control, Cpu, Data, FitOn, Model, PredictOn, TransformOn, WarningKind};
use ironlearn_datasets::blobs;
use ndarray::{Array1, Array2, ArrayView2, Axis, array, concatenate, s};

/// Lloyd's alternation as one would write it down, with labels by exact distance.
fn naive(x: ArrayView2<'_, f64>, w: &Array1<f64>, start: &Array2<f64>, steps: usize) -> (Array2<f64>, Vec<usize>, f64) {
    let nearest = |c: &Array2<f64>| -> Vec<(usize, f64)> {
        x.rows()
            .into_iter()
            .map(|row| {
                c.rows().into_iter().enumerate().fold((0, f64::INFINITY), |best, (i, c)| {
                    let d = row.iter().zip(c).map(|(a, b)| (a - b) * (a - b)).sum();
                    if d < best.1 { (i, d) } else { best }
                })
            })
            .collect()
    };
    let mut centers = start.clone();
    for _ in 0..steps {
        let labels = nearest(&centers);
        for c in 0..centers.nrows() {
            let members: Vec<usize> = (0..x.nrows()).filter(|&i| labels[i].0 == c).collect();
            let total: f64 = members.iter().map(|&i| w[i]).sum();
            if total > 0.0 {
                let sum = members.iter().fold(Array1::zeros(x.ncols()), |s, &i| s + &x.row(i) * w[i]);
                centers.row_mut(c).assign(&(sum / total));
            }
        }
    }
    let labels = nearest(&centers);
    let inertia = labels.iter().zip(w).map(|(l, w)| l.1 * w).sum();
    (centers, labels.into_iter().map(|l| l.0).collect(), inertia)
}

fn uniform(n: usize, p: usize, seed: u64) -> Array2<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Array2::from_shape_simple_fn((n, p), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 * (-53_f64).exp2()
    })
}

fn fit(params: &KMeans, data: &Data<'_>, threads: usize) -> KMeansModel {
    let ctl = Control::new().with_threads(Some(threads));
    KMeans::fit_checked(Checked::new_ref(params).unwrap(), data, None, &Cpu, &ctl).unwrap()
}

/// Steps from given centres are those of the plain alternation: for shapes on both sides of the kernels' widths, with
/// and without weights, near and far from the origin.
#[test]
fn steps_are_those_of_plain_lloyd() {
    for (n, p, k, offset) in
        [(40, 1, 3, 0.0), (700, 3, 5, 0.0), (900, 20, 25, 1e4), (1500, 7, 60, 0.0), (3000, 5, 300, 3.0)]
    {
        let x = uniform(n, p, 7 + n as u64) + offset;
        let w = uniform(n, 1, 3).column(0).mapv(|v| 0.1 + v);
        let start = x.slice(s![..k, ..]).to_owned();
        for steps in [1, 2, 9] {
            let params =
                KMeans { n_clusters: k, init: start.view().into(), max_iter: steps, tol: 0.0, ..KMeans::default() };
            for weighted in [false, true] {
                let ones = Array1::ones(n);
                let weights = if weighted { &w } else { &ones };
                let model = fit(&params, &Data::new(x.view()).with_weights(weighted.then(|| w.view())), 2);
                let (centers, labels, inertia) = naive(x.view(), weights, &start, model.report.iterations[0]);
                let worst = (&model.cluster_centers - &centers).iter().fold(0.0_f64, |a, d| a.max(d.abs()));
                assert!(worst <= 1e-12 * (1.0 + offset), "{n} × {p}, k = {k}: centres differ by {worst:e}");
                assert_eq!(model.labels.mapv(|l| l as usize).to_vec(), labels, "{n} × {p}, k = {k}");
                assert!((model.inertia - inertia).abs() <= 1e-9 * (1.0 + inertia));
            }
        }
    }
}

#[test]
fn threads_layouts_and_batches_give_the_same_bits() {
    let x = uniform(3000, 13, 1);
    let mut f = Array2::zeros((3000, 13).into_shape_f());
    f.assign(&x);
    let params = KMeans { n_clusters: 40, random_state: 3, ..KMeans::default() };
    let one = fit(&params, &Data::new(x.view()), 1);
    assert_eq!(one, fit(&params, &Data::new(x.view()), 2));
    assert_eq!(one, fit(&params, &Data::new(f.view()), 3));
    let labels = one.predict_cpu(x.view()).unwrap();
    assert_eq!(labels.column(0).mapv(|l| l as i32), one.labels);
    for i in (0..3000).step_by(7) {
        assert_eq!(one.predict_cpu(x.slice(s![i..i + 1, ..])).unwrap()[[0, 0]], labels[[i, 0]]);
    }
    let narrow = x.mapv(|v| v as f32);
    let single = fit(&params, &Data::new(narrow.view()), 1);
    assert_eq!(single, fit(&params, &Data::new(narrow.view()), 2));
    assert_eq!(single.predict_cpu(narrow.view()).unwrap().column(0).mapv(|l| l as i32), single.labels);
    assert!(single.cluster_centers.iter().all(|&v| f64::from(v as f32) == v));
}

trait ShapeF {
    fn into_shape_f(self) -> ndarray::Shape<ndarray::Ix2>;
}

impl ShapeF for (usize, usize) {
    fn into_shape_f(self) -> ndarray::Shape<ndarray::Ix2> {
        ndarray::ShapeBuilder::f(self)
    }
}

#[test]
fn sparse_rows_give_what_dense_rows_give() {
    let x = uniform(500, 12, 5).mapv(|v| if v < 0.6 { 0.0 } else { v });
    let (mut indptr, mut indices, mut values) = (vec![0_usize], Vec::new(), Vec::new());
    for row in x.rows() {
        for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            // One entry in two parts, as scipy allows.
            for _ in 0..2 {
                indices.push(j);
                values.push(v / 2.0);
            }
        }
        indptr.push(indices.len());
    }
    use ironlearn_linalg::{Compressed, Indices, Layout, Matrix};
    let csr = Compressed::new(Layout::Row, (500, 12), Indices::Usize(&indptr), Indices::Usize(&indices), &values);
    let sparse = AnyMatrix::F64(Matrix::Sparse(csr.unwrap()));
    let params = KMeans { n_clusters: 9, ..KMeans::default() };
    let dense = fit(&params, &Data::new(x.view()), 2);
    let other = fit(&params, &Data::new(sparse), 2);
    assert_eq!(dense.labels, other.labels);
    assert!((&dense.cluster_centers - &other.cluster_centers).iter().all(|d| d.abs() < 1e-12));
    assert_eq!(other.predict_on(&sparse, &Control::new()).unwrap(), dense.predict_cpu(x.view()).unwrap());
    let (a, b) = (
        other.transform_on(&sparse, &Control::new()).unwrap(),
        dense.transform_on(&x.view().into(), &Control::new()).unwrap(),
    );
    assert!((a - b).iter().all(|d| d.abs() < 1e-7));
}

#[test]
fn a_weight_is_a_repetition() {
    let x = uniform(300, 4, 9);
    let w = Array1::from_shape_fn(300, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..300).flat_map(|i| vec![i; i % 3]).collect();
    let repeated = x.select(Axis(0), &rows);
    let start = x.slice(s![1..9, ..]).to_owned();
    let params = KMeans { init: start.view().into(), ..KMeans::default() };
    let a = fit(&params, &Data::new(x.view()).with_weights(Some(w.view())), 1);
    let b = fit(&params, &Data::new(repeated.view()), 1);
    assert!((&a.cluster_centers - &b.cluster_centers).iter().all(|d| d.abs() < 1e-12));
    assert!((a.inertia - b.inertia).abs() < 1e-10);
}

#[test]
fn an_empty_centre_goes_to_the_row_that_is_furthest() {
    let x = array![[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [1.0, 1.0]];
    let params = KMeans { n_clusters: 2, init: array![[0.5, 0.5], [3.0, 3.0]].view().into(), ..KMeans::default() };
    let model = fit(&params, &Data::new(x.view()), 1);
    assert_eq!((model.inertia, model.report.iterations[0]), (0.25, 3));
    assert_eq!(model.labels[0], model.labels[1]);
    assert_ne!(model.labels[0], model.labels[3]);
}

#[test]
fn more_centres_than_different_rows_is_a_warning() {
    let x = array![[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
    for init in [Init::from(x.view()), Init::default(), Init::Method(InitMethod::Random)] {
        let params = KMeans { n_clusters: 5, init, ..KMeans::default() };
        let model = fit(&params, &Data::new(x.view()), 2);
        assert_eq!(model.report.warnings[0].kind, WarningKind::Convergence);
        assert!(model.report.warnings[0].message.starts_with("Number of distinct clusters (4) found smaller"));
        assert_eq!(model.inertia, 0.0);
    }
}

/// Small distances far from the origin: the products alone would know nothing of them.
#[test]
fn an_offset_of_1e8_changes_nothing_but_the_centres() {
    let x = (uniform(2000, 6, 21) * 1024.0).mapv(f64::round) / 1024.0;
    let start = x.slice(s![..12, ..]).to_owned();
    let far = &x + 1e8;
    let near = fit(
        &KMeans { n_clusters: 12, init: start.view().into(), tol: 0.0, ..KMeans::default() },
        &Data::new(x.view()),
        2,
    );
    let params = KMeans { n_clusters: 12, init: (&start + 1e8).view().into(), tol: 0.0, ..KMeans::default() };
    let other = fit(&params, &Data::new(far.view()), 2);
    let same = near.labels.iter().zip(&other.labels).filter(|(a, b)| a == b).count();
    assert!(same >= 1990, "{same} labels of 2000 agree");
    assert!((near.inertia - other.inertia).abs() < 1e-3 * near.inertia);
    assert_eq!(other.predict_cpu(far.view()).unwrap().column(0).mapv(|l| l as i32), other.labels);
}

/// k-means++ starts much lower than random rows, and finds blobs that lie apart.
#[test]
fn plus_plus_starts_lower_than_random_rows() {
    let (x, _) = blobs_of(2000, 8, 15);
    let potential = |centers: ArrayView2<'_, f64>| {
        let params = KMeans { n_clusters: 15, init: centers.into(), max_iter: 1, ..KMeans::default() };
        let start = KMeansModel { cluster_centers: centers.to_owned(), ..fit(&params, &Data::new(x.view()), 1) };
        start.inertia_of(&x.view().into(), None, &Control::new()).unwrap()
    };
    let (mut seeded, mut random) = (0.0, 0.0);
    for seed in 0..5 {
        let (centers, rows) = kmeans_plusplus(&x.view().into(), 15, None, None, seed, &Control::new()).unwrap();
        assert!(rows.iter().zip(centers.rows()).all(|(&i, c)| x.row(i) == c));
        seeded += potential(centers.view());
        let rows = init::Draws::new(seed, 0).distinct(2000, 15, None).unwrap();
        random += potential(x.select(Axis(0), &rows).view());
    }
    assert!(seeded < 0.5 * random, "{seeded} against {random}");
}

fn blobs_of(n: usize, p: usize, k: usize) -> (Array2<f64>, Array1<usize>) {
    let labels = Array1::from_shape_fn(n, |i| i % k);
    let truth = uniform(k, p, 77) * 20.0;
    let noise = uniform(n, p, 78);
    (Array2::from_shape_fn((n, p), |(i, j)| truth[[labels[i], j]] + noise[[i, j]]), labels)
}

#[test]
fn rows_without_weight_are_never_drawn() {
    let x = uniform(100, 5, 2);
    let w = Array1::from_shape_fn(100, |i| if i % 2 == 0 { 0.0 } else { 1.0 + i as f64 });
    for seed in 0..20 {
        let (_, rows) = kmeans_plusplus(&x.view().into(), 10, Some(w.view()), None, seed, &Control::new()).unwrap();
        assert!(rows.iter().all(|i| i % 2 == 1));
        let mut rows = init::Draws::new(seed, 1).distinct(100, 50, Some(w.view())).unwrap();
        assert!(rows.iter().all(|i| i % 2 == 1));
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 50);
        assert!(init::Draws::new(seed, 1).distinct(100, 51, Some(w.view())).is_err());
    }
}

#[test]
fn more_runs_are_never_worse_and_huge_or_tiny_values_do_no_harm() {
    let x = uniform(400, 3, 30);
    let of = |runs| {
        let params = KMeans {
            init: Init::Method(InitMethod::Random),
            n_init: NInit::Runs(runs),
            max_iter: 1,
            ..KMeans::default()
        };
        fit(&params, &Data::new(x.view()), 2).inertia
    };
    assert!(of(5) <= of(1) && of(10) <= of(5));
    for scale in [1e-300, 1e-160, 1e150, 1e300] {
        let scaled = &x * scale;
        let model = fit(&KMeans::default(), &Data::new(scaled.view()), 2);
        assert!(model.cluster_centers.iter().all(|v| v.is_finite()));
    }
    for scale in [1e-38_f32, 1e-20, 1e18, 1e37] {
        let scaled = x.mapv(|v| v as f32 * scale);
        let model = fit(&KMeans::default(), &Data::new(scaled.view()), 2);
        let again = fit(&KMeans::default(), &Data::new(scaled.mapv(f64::from).view()), 2);
        if scale > 1e-30 {
            assert_eq!(model.labels, again.labels, "scale {scale:e}");
        }
    }
}

#[test]
fn bad_input_is_an_error_with_a_reason() {
    let x = uniform(10, 2, 1);
    let fails = |params: KMeans, data: Data<'_>| params.fit_on(&data, &Cpu).unwrap_err().to_string();
    let eleven = KMeans { n_clusters: 11, ..KMeans::default() };
    assert_eq!(fails(eleven, Data::new(x.view())), "n_samples=10 should be >= n_clusters=11.");
    let three = KMeans { n_clusters: 3, init: x.slice(s![..2, ..]).into(), ..KMeans::default() };
    assert_eq!(
        fails(three, Data::new(x.view())),
        "The shape of the initial centers (2, 2) does not match the number of clusters 3."
    );
    let narrow = KMeans { n_clusters: 2, init: x.slice(s![..2, ..1]).into(), ..KMeans::default() };
    assert!(fails(narrow, Data::new(x.view())).contains("does not match the number of features of the data 2."));
    let mut hole = x.clone();
    hole[[3, 1]] = f64::NAN;
    assert_eq!(fails(KMeans::default(), Data::new(hole.view())), "Input X contains NaN or infinity.");
    let zero = Array1::zeros(10);
    assert!(fails(KMeans::default(), Data::new(x.view()).with_weights(Some(zero.view()))).contains("sample_weight"));
    assert!(fails(KMeans { n_clusters: 0, ..KMeans::default() }, Data::new(x.view())).contains("n_clusters"));
    let model = fit(&KMeans::default(), &Data::new(x.view()), 1);
    assert!(model.predict_cpu(uniform(2, 3, 1).view()).is_err());
    assert!(KMeansModel { labels: array![9], ..model.clone() }.check().is_err());
    assert!(model.check().is_ok());
}

#[test]
fn the_file_and_linfas_traits_hold_it() {
    use linfa::prelude::*;
    let (x, labels) = blobs_of(200, 3, 8);
    let dataset = linfa::DatasetBase::from(x.clone());
    let model = KMeans::default().fit(&dataset).unwrap();
    let found: Array1<usize> = model.predict(&x);
    assert!((8..200).all(|i| (found[i] == found[i % 8]) == (labels[i] == labels[i % 8])));
    let bytes = crate::saved::Saved::new(crate::AnyModel::KMeans(model.clone())).to_bytes().unwrap();
    let read = crate::saved::Saved::from_bytes(&bytes).unwrap().model.map(std::sync::Arc::unwrap_or_clone);
    let Some(crate::AnyModel::KMeans(again)) = read else { panic!() };
    assert_eq!(again, model);
    let made = blobs().rows(100).seed(1).build();
    let _ = concatenate(Axis(0), &[x.view()]).unwrap();
    assert_eq!(KMeans::default().fit_on(&Data::new(made.data.view()), &Cpu).unwrap().labels.len(), 100);
}

#[test]
fn a_run_ends_when_it_is_told_to() {
    struct Stop(std::sync::Arc<std::sync::atomic::AtomicBool>);
    impl ironlearn_linalg::Progress for Stop {
        fn step(&self, done: usize, _: usize, measure: f64) {
            assert!(measure > 0.0);
            self.0.store(done >= 2, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let x = uniform(2000, 3, 4);
    let ctl = Control::new();
    let stop = Stop(ctl.cancel());
    let ctl = ctl.with_progress(std::sync::Arc::new(stop));
    let params = KMeans { n_clusters: 50, tol: 0.0, ..KMeans::default() };
    let ended = KMeans::fit_checked(Checked::new_ref(&params).unwrap(), &Data::new(x.view()), None, &Cpu, &ctl);
    assert!(matches!(ended, Err(crate::Error::Linalg(ironlearn_linalg::Error::Interrupted))));
}
