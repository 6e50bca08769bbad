//! Products of features are nearly the kernel; with all rows they are the kernel.

use super::*;
use crate::kernel::KernelFunction;
use crate::preprocess::{FitTransformer, Transformer};
use crate::{Checked, Control, Target};
use ndarray::{Array, Array2};

fn rows(n: usize, p: usize) -> Array2<f64> {
    Array::from_shape_fn((n, p), |(i, j)| 0.6 + 0.5 * ((i * 37 + j * 101 + i * j) as f64).sin())
}

fn dense(block: Block<'static>) -> Array2<f64> {
    match block {
        Block::Dense(x) => x,
        Block::Dense32(x) => x.mapv(f64::from),
        other => panic!("{other:?}"),
    }
}

#[test]
fn random_waves_make_the_kernel() {
    let x = rows(30, 4);
    let params = RBFSampler { gamma: WaveScale::Given(0.7), n_components: 20_000, random_state: 5 };
    let model = params.fit_block(&x.view().into()).unwrap();
    let features = dense(model.transform_block(&x.view().into()).unwrap());
    let found = features.dot(&features.t());
    for i in 0..30 {
        for j in 0..30 {
            let square: f64 = x.row(i).iter().zip(x.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
            // The mean of 20,000 products with a variance below 1.
            assert!((found[[i, j]] - (-0.7 * square).exp()).abs() < 0.04, "{i}, {j}");
        }
    }
    let narrow = x.mapv(|v| v as f32);
    let scale = RBFSampler { gamma: WaveScale::Rule(WidthRule::Scale), ..params };
    let model = scale.fit_block(&Block::Matrix(narrow.view().into())).unwrap();
    let out = model.transform_block(&Block::Matrix(narrow.view().into())).unwrap();
    assert!(matches!(out, Block::Dense32(_)));
    assert_eq!(model.feature_names_out(&[])[1], "rbfsampler1");
}

#[test]
fn with_all_rows_the_kernel_is_exact() {
    let x = rows(25, 6);
    for kernel in [KernelFunction::Rbf, KernelFunction::Laplacian, KernelFunction::Chi2, KernelFunction::Cosine] {
        let params = Nystroem { kernel, n_components: 25, random_state: 3, ..Default::default() };
        let model = params.fit_block(&x.view().into()).unwrap();
        let features = dense(model.transform_block(&x.view().into()).unwrap());
        let kernel = crate::kernel::Kernel::new(kernel, None, 3.0, 1.0, 6);
        let any = x.view().into();
        let exact =
            crate::kernel::Reference::new(kernel, &any, &Control::new()).unwrap().upper(&any, &Control::new()).unwrap();
        let found = features.dot(&features.t());
        for i in 0..25 {
            for j in i..25 {
                assert!((found[[i, j]] - exact[[i, j]]).abs() < 1e-6, "{kernel:?} {i}, {j}");
            }
        }
    }
}

#[test]
fn a_precomputed_kernel_gives_the_same_features() {
    let x = rows(20, 3);
    let named = Nystroem { n_components: 7, random_state: 9, ..Default::default() };
    let (model, features) = fit(&named, &x);
    let kernel = crate::kernel::Kernel::new(KernelFunction::Rbf, None, 3.0, 1.0, 3);
    let any = x.view().into();
    let mut matrix =
        crate::kernel::Reference::new(kernel, &any, &Control::new()).unwrap().upper(&any, &Control::new()).unwrap();
    for i in 0..20 {
        for j in 0..i {
            matrix[[i, j]] = matrix[[j, i]];
        }
    }
    let (other, same) = fit(&Nystroem { kernel: KernelFunction::Precomputed, ..named }, &matrix);
    assert_eq!(model.indices, other.indices);
    assert!(features.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-9));
    assert!(model.check().is_ok() && other.check().is_ok());
}

fn fit(params: &Nystroem, x: &Array2<f64>) -> (KernelFeatures, Array2<f64>) {
    let checked = Checked::new(params.clone()).unwrap();
    let block = x.view().into();
    let (model, out) = Nystroem::fit_transform_checked(&checked, &block, &Target::None, None, &Control::new()).unwrap();
    (model, dense(out))
}

#[test]
fn more_components_than_rows_are_all_of_them() {
    let x = rows(8, 3);
    let (model, features) = fit(&Nystroem { n_components: 30, ..Default::default() }, &x);
    assert_eq!(features.ncols(), 8);
    assert_eq!(model.report().warnings.len(), 1);
}
