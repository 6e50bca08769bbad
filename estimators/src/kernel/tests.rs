//! Blocks against the formulas, on dense and sparse rows; a row is the same bits in any batch.

use super::*;
use crate::Control;
use ndarray::{Array, Array2, ArrayView1, s};

const ALL: [KernelFunction; 8] = [
    KernelFunction::Linear,
    KernelFunction::Polynomial,
    KernelFunction::Rbf,
    KernelFunction::Sigmoid,
    KernelFunction::Laplacian,
    KernelFunction::Cosine,
    KernelFunction::Chi2,
    KernelFunction::AdditiveChi2,
];

fn rows(n: usize, p: usize) -> Array2<f64> {
    Array::from_shape_fn((n, p), |(i, j)| {
        ((i * 31 + j * 17 + i * j) % 7) as f64 * 0.3 * f64::from(u8::from(i % 3 != j % 2))
    })
}

fn plain(kernel: Kernel, x: ArrayView1<'_, f64>, y: ArrayView1<'_, f64>) -> f64 {
    let (product, gamma) = (x.dot(&y), kernel.gamma);
    let pairs = || x.iter().zip(&y);
    let chi: f64 = pairs().map(|(a, b)| if a + b > 0.0 { (a - b).powi(2) / (a + b) } else { 0.0 }).sum();
    match kernel.function {
        KernelFunction::Linear | KernelFunction::Precomputed => product,
        KernelFunction::Polynomial => (gamma * product + kernel.coef0).powf(kernel.degree),
        KernelFunction::Rbf => (-gamma * pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>()).exp(),
        KernelFunction::Sigmoid => (gamma * product + kernel.coef0).tanh(),
        KernelFunction::Laplacian => (-gamma * pairs().map(|(a, b)| (a - b).abs()).sum::<f64>()).exp(),
        KernelFunction::Cosine => {
            let lengths = (x.dot(&x) * y.dot(&y)).sqrt();
            if lengths > 0.0 { product / lengths } else { 0.0 }
        }
        KernelFunction::Chi2 => (-gamma * chi).exp(),
        KernelFunction::AdditiveChi2 => -chi,
    }
}

fn sparse(x: &Array2<f64>, by_row: bool) -> sprs::CsMat<f64> {
    let mut triplets = sprs::TriMat::new(x.dim());
    x.indexed_iter().filter(|(_, v)| **v != 0.0).for_each(|((i, j), &v)| triplets.add_triplet(i, j, v));
    if by_row { triplets.to_csr() } else { triplets.to_csc() }
}

#[test]
fn blocks_follow_the_formulas() {
    let ctl = Control::new();
    let (reference, asked) = (rows(150, 11), rows(70, 11));
    let (csr, csc) = (sparse(&reference, true), sparse(&reference, false));
    let of_asked = sparse(&asked, false);
    for function in ALL {
        for degree in [3.0, 2.5] {
            let kernel = Kernel::new(function, Some(0.3), degree, 1.0, 11);
            let k = Array::from_shape_fn((70, 150), |(i, j)| plain(kernel, asked.row(i), reference.row(j)));
            let own = Array::from_shape_fn((150, 150), |(i, j)| plain(kernel, reference.row(i), reference.row(j)));
            let v = Array::from_shape_fn((150, 2), |(i, k)| ((i + k) as f64).sin());
            let mut sides: Vec<(AnyMatrix<'_>, AnyMatrix<'_>)> = vec![(reference.view().into(), asked.view().into())];
            if !function.is_for_histograms() {
                sides.push((csr.view().into(), asked.view().into()));
                sides.push((csc.view().into(), of_asked.view().into()));
                sides.push((reference.view().into(), of_asked.view().into()));
            }
            for (of_reference, x) in &sides {
                let found = Reference::new(kernel, of_reference, &ctl).unwrap();
                let product = found.times(x, v.view(), &ctl).unwrap();
                assert!((product - k.dot(&v)).iter().all(|d| d.abs() < 1e-9), "{function:?}");
                let upper = found.upper(of_reference, &ctl).unwrap();
                for i in 0..150 {
                    assert!((i..150).all(|j| (upper[[i, j]] - own[[i, j]]).abs() < 1e-10), "{function:?}");
                }
            }
        }
    }
}

#[test]
fn a_row_is_the_same_bits_in_any_batch_and_with_any_threads() {
    let (reference, asked) = (rows(700, 9), rows(133, 9));
    let v = Array::from_shape_fn((700, 3), |(i, k)| ((i + 3 * k) as f64).cos());
    let csr = sparse(&reference, true);
    for function in ALL {
        let kernel = Kernel::new(function, Some(0.2), 3.0, 1.0, 9);
        let mut sides: Vec<AnyMatrix<'_>> = vec![reference.view().into()];
        if !function.is_for_histograms() {
            sides.push(csr.view().into());
        }
        for side in &sides {
            let of = |x: ndarray::ArrayView2<'_, f64>, threads| {
                let ctl = Control::new().with_threads(Some(threads));
                Reference::new(kernel, side, &ctl).unwrap().times(&x.into(), v.view(), &ctl).unwrap()
            };
            let all = of(asked.view(), 1);
            assert_eq!(all, of(asked.view(), 3));
            for i in [0, 1, 63, 64, 100, 132] {
                assert_eq!(all.row(i), of(asked.slice(s![i..i + 1, ..]), 1).row(0), "{function:?} row {i}");
            }
        }
    }
}

#[test]
fn a_distant_origin_costs_no_digits() {
    let (near, far) = (rows(40, 3), rows(40, 3) + 1e7);
    let ctl = Control::new();
    let of = |x: &Array2<f64>| {
        let kernel = Kernel::new(KernelFunction::Rbf, Some(1.0), 3.0, 1.0, 3);
        let x = x.view().into();
        Reference::new(kernel, &x, &ctl).unwrap().upper(&x, &ctl).unwrap()
    };
    assert!((of(&near) - of(&far)).iter().all(|d| d.abs() < 1e-6));
}

#[test]
fn duplicate_entries_add_up_and_wrong_rows_are_refused() {
    let values = [1.0, 2.0, 4.0];
    let indices = ironlearn_linalg::Indices::I32(&[1, 0, 1]);
    let indptr = ironlearn_linalg::Indices::I32(&[0, 3, 3]);
    let layout = ironlearn_linalg::Layout::Row;
    let x = ironlearn_linalg::Compressed::new(layout, (2, 2), indptr, indices, &values).unwrap();
    let found = SparseRows::of(&AnyMatrix::F64(Matrix::Sparse(x))).unwrap();
    assert_eq!((found.indptr.to_vec(), found.indices.to_vec()), (vec![0, 2, 2], vec![0, 1]));
    assert_eq!(found.data.to_vec(), [2.0, 5.0]);
    found.check().unwrap();
    let changes: [fn(&mut SparseRows); 4] =
        [|r| r.indptr[1] = 3, |r| r.indices[0] = 2, |r| r.indices[1] = -1, |r| r.indptr = vec![0, 1].into()];
    for change in changes {
        let mut changed = found.clone();
        change(&mut changed);
        assert!(changed.check().is_err());
    }
    let negative = ndarray::array![[1.0, -1.0]];
    let kernel = Kernel::new(KernelFunction::Chi2, None, 3.0, 1.0, 2);
    assert_eq!(kernel.gamma, 1.0);
    assert!(kernel.check_rows(&negative.view().into()).is_err());
}
