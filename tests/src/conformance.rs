//! The suite that every backend runs: each primitive × element type × layout × shape, against its definition in `f64`.

use ironlearn_linalg::{Backend, Control, Matrix, Real};
use ndarray::{Array, Array1, Array2, ArrayView2, Axis, ShapeBuilder, s};

/// Gives the list of the suite's functions to a macro such as [`crate::on_every_backend!`].
#[macro_export]
macro_rules! conformance {
    ($on:ident) => {
        $crate::$on! {
            $crate::conformance::gram as gram,
            $crate::conformance::outer_gram as outer_gram,
            $crate::conformance::matmul as matmul,
            $crate::conformance::matmul_t as matmul_t,
            $crate::conformance::nearest as nearest,
            $crate::conformance::nearest_ties as nearest_ties,
            $crate::conformance::nearest_far_from_the_origin as nearest_far_from_the_origin,
            $crate::conformance::segment_sum as segment_sum,
            $crate::conformance::repeats_bit_by_bit as repeats_bit_by_bit,
            $crate::conformance::stops_when_asked as stops_when_asked,
            $crate::conformance::says_where_it_ran as says_where_it_ran,
        }
    };
}

/// Rows, columns and other sizes: single ones, odd ones, both sides of the tiles of all backends, wide ones.
const SHAPES: &[(usize, usize, usize)] =
    &[(1, 1, 1), (2, 3, 2), (17, 5, 1), (65, 17, 9), (300, 66, 70), (1100, 3, 4), (5, 130, 3), (9, 700, 2)];

/// A repeatable number in −1..1 for each pair of indices.
fn number(i: usize, j: usize) -> f64 {
    let mut h = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (j as u64 + 1).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    h = (h ^ (h >> 31)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (h >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn numbers(n: usize, p: usize, seed: usize) -> Array2<f64> {
    Array::from_shape_fn((n, p), |(i, j)| number(i + 1000 * seed, j))
}

/// One matrix in every layout.
struct Cases<F> {
    dense: Array2<f64>,
    sparse: Array2<f64>,
    by_row: Array2<F>,
    by_column: Array2<F>,
    spread: Array2<F>,
    csr: sprs::CsMat<F>,
    csc: sprs::CsMat<F>,
}

impl<F: Real> Cases<F> {
    fn new(n: usize, p: usize) -> Self {
        let dense = numbers(n, p, 1).mapv(|v| F::narrow(2.0 * v + 0.5).widen());
        let sparse = Array::from_shape_fn((n, p), |(i, j)| if number(i, j + 7) > 0.2 { dense[[i, j]] } else { 0.0 });
        let mut by_column = Array2::zeros((n, p).f());
        by_column.assign(&dense.mapv(F::narrow));
        let mut spread = Array2::zeros((2 * n, 3 * p));
        spread.slice_mut(s![..;2, ..;3]).assign(&by_column);
        let csr = sprs::CsMat::csr_from_dense(sparse.view(), 0.0).map(|&v| F::narrow(v));
        Cases { by_row: dense.mapv(F::narrow), by_column, spread, csc: csr.to_csc(), csr, dense, sparse }
    }

    fn all(&self) -> [(Matrix<'_, F>, ArrayView2<'_, f64>, &'static str); 5] {
        [
            (Matrix::Dense(self.by_row.view()), self.dense.view(), "C"),
            (Matrix::Dense(self.by_column.view()), self.dense.view(), "Fortran"),
            (Matrix::Dense(self.spread.slice(s![..;2, ..;3])), self.dense.view(), "strided"),
            (self.csr.view().into(), self.sparse.view(), "CSR"),
            (self.csc.view().into(), self.sparse.view(), "CSC"),
        ]
    }
}

/// Runs the body for each element type and layout, with X, its values in `f64` and what it is.
macro_rules! for_each_matrix {
    ($n:expr, $p:expr, |$x:ident, $dense:ident, $what:ident| $body:block) => {{
        for ($x, $dense, layout) in Cases::<f32>::new($n, $p).all() {
            let $what = format!("{} × {} f32 {layout}", $n, $p);
            $body
        }
        for ($x, $dense, layout) in Cases::<f64>::new($n, $p).all() {
            let $what = format!("{} × {} f64 {layout}", $n, $p);
            $body
        }
    }};
}

/// Fails where two results differ by more than rounding: `terms` sums of products, none larger than `scale`.
fn assert_near(got: &Array2<f64>, want: &Array2<f64>, terms: usize, scale: f64, what: &str) {
    assert_eq!(got.dim(), want.dim(), "{what}");
    // n·eps bounds the error of a sum of n products in any order (Higham 2002, ch. 3); 4 covers both sides' products.
    let bound = 4.0 * (terms as f64 + 4.0) * f64::EPSILON * scale;
    let worst = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst <= bound, "{what}: off by {worst:e}, allowed {bound:e}");
}

/// The second moments, with and without weights and centring.
pub fn gram<B: Backend>(on: &B) {
    for &(n, p, t) in SHAPES {
        let t = t.min(3);
        let y = numbers(n, t, 2) + 3.0;
        let w = Array1::from_shape_fn(n, |i| if i % 5 == 4 { 0.0 } else { number(i, 99) + 1.5 });
        for_each_matrix!(n, p, |x, dense, what| {
            for (weights, center) in [(false, false), (false, true), (true, false), (true, true)] {
                let ctl = Control::new();
                let placed = on.place(x, &ctl).unwrap();
                let got = on.gram(&placed, y.view(), weights.then(|| w.view()), center, &ctl).unwrap();
                let w = if weights { w.clone() } else { Array1::ones(n) };
                let total = w.sum();
                let mean = |m: ArrayView2<'_, f64>| {
                    if center { m.t().dot(&w) / total } else { Array1::zeros(m.ncols()) }
                };
                let (x_mean, y_mean) = (mean(dense), mean(y.view()));
                let (xc, yc) = (&dense - &x_mean, &y - &y_mean);
                let xw = &xc * &w.view().insert_axis(Axis(1));
                let what = format!("gram of {what}, weights {weights}, centred {center}, on {}", on.name());
                // |x| < 2.5, |y| < 4, w < 2.5.
                let scale = 2.5 * 2.5 * 4.0;
                assert_near(&got.gram, &xw.t().dot(&xc), n * n, scale, &what);
                assert_near(&got.xty, &xw.t().dot(&yc), n * n, scale, &what);
                let yty = (&yc * &yc * w.view().insert_axis(Axis(1))).sum_axis(Axis(0));
                let column = |v: Array1<f64>| v.insert_axis(Axis(1));
                assert_near(&column(got.yty), &column(yty), n * n, 40.0, &what);
                assert_near(&column(got.x_mean), &column(x_mean), n, scale, &what);
                assert_near(&column(got.y_mean), &column(y_mean), n, scale, &what);
                assert!((got.weight_sum - total).abs() <= 1e-13 * total, "{what}");
                assert_eq!(got.gram, got.gram.t(), "{what}: not symmetric");
            }
        });
    }
}

/// Products of rows with rows.
pub fn outer_gram<B: Backend>(on: &B) {
    for &(n, p, _) in SHAPES {
        let shift = Array1::from_shape_fn(p, |j| number(3, j));
        for_each_matrix!(n, p, |x, dense, what| {
            let ctl = Control::new();
            let placed = on.place(x, &ctl).unwrap();
            let got = on.outer_gram(&placed, shift.view(), &ctl).unwrap();
            let centred = &dense - &shift;
            assert_near(&got, &centred.dot(&centred.t()), p, 13.0, &format!("outer_gram of {what} on {}", on.name()));
        });
    }
}

/// X·B, and that a row's product does not depend on the other rows.
pub fn matmul<B: Backend>(on: &B) {
    for &(n, p, t) in SHAPES {
        let b = numbers(p, t, 4);
        for_each_matrix!(n, p, |x, dense, what| {
            let ctl = Control::new();
            let placed = on.place(x, &ctl).unwrap();
            let got = on.matmul(&placed, b.view(), &ctl).unwrap();
            let what = format!("matmul of {what} on {}", on.name());
            assert_near(&got, &dense.dot(&b), p, 2.5, &what);
            if let Matrix::Dense(x) = x {
                let one = Matrix::Dense(x.slice(s![n - 1.., ..]));
                let alone = on.matmul(&on.place(one, &ctl).unwrap(), b.view(), &ctl).unwrap();
                assert_eq!(alone.row(0), got.row(n - 1), "{what}: the last row by itself");
            }
        });
    }
}

/// Xᵀ·R.
pub fn matmul_t<B: Backend>(on: &B) {
    for &(n, p, t) in SHAPES {
        let r = numbers(n, t, 5);
        for_each_matrix!(n, p, |x, dense, what| {
            let ctl = Control::new();
            let placed = on.place(x, &ctl).unwrap();
            let got = on.matmul_t(&placed, r.view(), &ctl).unwrap();
            assert_near(&got, &dense.t().dot(&r), n, 2.5, &format!("matmul_t of {what} on {}", on.name()));
        });
    }
}

/// Checks labels and squared distances against the definition: no centre may be nearer than the chosen one by more
/// than rounding, and of exactly equal centres the first is chosen.
fn check_nearest<F: Real, B: Backend>(
    on: &B,
    x: Matrix<'_, F>,
    dense: ArrayView2<'_, f64>,
    centers: &Array2<f64>,
    what: &str,
) {
    let ctl = Control::new();
    let (labels, squares) = on.nearest(&on.place(x, &ctl).unwrap(), centers.view(), &ctl).unwrap();
    assert_eq!((labels.len(), squares.len()), (dense.nrows(), dense.nrows()), "{what}");
    for (i, row) in dense.rows().into_iter().enumerate() {
        let all: Vec<f64> =
            centers.rows().into_iter().map(|c| row.iter().zip(c).map(|(a, b)| (a - b) * (a - b)).sum()).collect();
        let best = all.iter().copied().fold(f64::INFINITY, f64::min);
        let label = labels[i] as usize;
        let norms = row.dot(&row) + centers.rows().into_iter().map(|c| c.dot(&c)).fold(0.0, f64::max);
        let bound = 8.0 * (row.len() as f64 + 4.0) * f64::EPSILON * norms;
        assert!(all[label] <= best + bound, "{what}: row {i} got {label} at {} instead of {best}", all[label]);
        assert!((squares[i] - all[label]).abs() <= bound, "{what}: row {i} has {} not {}", squares[i], all[label]);
        let twin = (0..label).find(|&c| centers.row(c) == centers.row(label));
        assert_eq!(twin, None, "{what}: row {i} chose the later of two equal centres");
    }
}

/// The nearest of ordinary centres.
pub fn nearest<B: Backend>(on: &B) {
    for &(n, p, k) in SHAPES {
        let centers = numbers(k, p, 6) * 2.0;
        for_each_matrix!(n, p, |x, dense, what| {
            check_nearest(on, x, dense, &centers, &format!("nearest of {k} to {what} on {}", on.name()));
        });
    }
}

/// Centres that are rows of X, some of them twice, and points half-way between two.
pub fn nearest_ties<B: Backend>(on: &B) {
    let x = Array::from_shape_fn((90, 4), |(i, j)| ((i * 7 + j * 3) % 5) as f64);
    let mut centers = x.slice(s![..80, ..]).to_owned();
    centers.row_mut(40).fill(2.0);
    centers.row_mut(79).fill(2.0);
    let single = x.mapv(|v| v as f32);
    check_nearest(on, Matrix::Dense(x.view()), x.view(), &centers, &format!("ties, f64, on {}", on.name()));
    check_nearest(on, Matrix::Dense(single.view()), x.view(), &centers, &format!("ties, f32, on {}", on.name()));
}

/// Far from the origin single precision alone cannot tell the centres apart.
pub fn nearest_far_from_the_origin<B: Backend>(on: &B) {
    let single = numbers(200, 6, 8).mapv(|v| (v + 3000.0) as f32);
    let dense = single.mapv(f64::from);
    let centers = numbers(70, 6, 9) + 3000.0;
    let ctl = Control::new();
    let what = format!("far from the origin on {}", on.name());
    check_nearest(on, Matrix::Dense(single.view()), dense.view(), &centers, &what);
    let (labels, _) = on.nearest(&on.place(Matrix::Dense(single.view()), &ctl).unwrap(), centers.view(), &ctl).unwrap();
    for (i, row) in dense.rows().into_iter().enumerate() {
        let square = |c: usize| row.iter().zip(centers.row(c)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let best = (0..70).map(square).fold(f64::INFINITY, f64::min);
        // 3000² · eps is 2e-9: in f64 the centres are told apart.
        assert!(square(labels[i] as usize) <= best + 1e-6, "{what}: row {i}");
    }
}

/// Sums by label, with and without weights and with labels that no row has.
pub fn segment_sum<B: Backend>(on: &B) {
    for &(n, p, k) in SHAPES {
        let labels = Array1::from_shape_fn(n, |i| ((i * 31 + 5) % k.max(2).div_ceil(2)) as u32);
        let w = Array1::from_shape_fn(n, |i| number(i, 77) + 1.0);
        for_each_matrix!(n, p, |x, dense, what| {
            for weights in [None, Some(w.view())] {
                let ctl = Control::new();
                let placed = on.place(x, &ctl).unwrap();
                let (sums, counts) = on.segment_sum(&placed, labels.view(), weights, k, &ctl).unwrap();
                let (mut want, mut want_counts) = (Array2::zeros((k, p)), Array1::zeros(k));
                for i in 0..n {
                    let weight = weights.map_or(1.0, |w| w[i]);
                    want.row_mut(labels[i] as usize).scaled_add(weight, &dense.row(i));
                    want_counts[labels[i] as usize] += weight;
                }
                let what = format!("segment_sum of {what} on {}", on.name());
                assert_near(&sums, &want, n, 5.0, &what);
                assert_near(&counts.insert_axis(Axis(1)), &want_counts.insert_axis(Axis(1)), n, 2.0, &what);
            }
        });
    }
}

/// The same call gives the same bits.
pub fn repeats_bit_by_bit<B: Backend>(on: &B) {
    let (n, p, k) = (1500, 21, 9);
    let (x, y) = (numbers(n, p, 1).mapv(|v| v as f32), numbers(n, 2, 2));
    let centers = numbers(k, p, 3);
    let once = || {
        let ctl = Control::new();
        let placed = on.place(Matrix::Dense(x.view()), &ctl).unwrap();
        let gram = on.gram(&placed, y.view(), None, true, &ctl).unwrap();
        let (labels, squares) = on.nearest(&placed, centers.view(), &ctl).unwrap();
        let sums = on.segment_sum(&placed, labels.view(), None, k, &ctl).unwrap();
        let back = on.matmul_t(&placed, y.view(), &ctl).unwrap();
        let outer = on.outer_gram(&placed, gram.x_mean.view(), &ctl).unwrap();
        (gram.gram, gram.xty, labels, squares, sums, back, outer)
    };
    assert_eq!(once(), once(), "on {}", on.name());
}

/// A run that was stopped ends with `Interrupted`.
pub fn stops_when_asked<B: Backend>(on: &B) {
    let x = numbers(50, 3, 1);
    let ctl = Control::new();
    let placed = on.place(Matrix::Dense(x.view()), &ctl).unwrap();
    ctl.cancel().store(true, std::sync::atomic::Ordering::Relaxed);
    let stopped = |result: Result<(), ironlearn_linalg::Error>| {
        assert_eq!(result, Err(ironlearn_linalg::Error::Interrupted), "on {}", on.name());
    };
    stopped(on.gram(&placed, x.view(), None, true, &ctl).map(|_| ()));
    stopped(on.outer_gram(&placed, x.row(0), &ctl).map(|_| ()));
    stopped(on.matmul(&placed, x.t().slice(s![.., ..2]), &ctl).map(|_| ()));
    stopped(on.matmul_t(&placed, x.view(), &ctl).map(|_| ()));
    stopped(on.nearest(&placed, x.view(), &ctl).map(|_| ()));
    let labels = Array1::zeros(50);
    stopped(on.segment_sum(&placed, labels.view(), None, 2, &ctl).map(|_| ()));
}

/// Pins which primitives are native: on the CPU all, on CUDA those for dense X; for sparse X the trace says that the
/// host ran them.
pub fn says_where_it_ran<B: Backend>(on: &B) {
    let (x, y) = (numbers(20, 3, 1), numbers(20, 1, 2));
    let sparse = sprs::CsMat::csr_from_dense(x.view(), 0.0);
    let places = |x: Matrix<'_, f64>| {
        let ctl = Control::new();
        let placed = on.place(x, &ctl).unwrap();
        on.gram(&placed, y.view(), None, true, &ctl).unwrap();
        on.outer_gram(&placed, ndarray::aview1(&[0.0; 3]), &ctl).unwrap();
        on.matmul(&placed, y.slice(s![..3, ..]), &ctl).unwrap();
        on.matmul_t(&placed, y.view(), &ctl).unwrap();
        let (labels, _) = on.nearest(&placed, numbers(4, 3, 3).view(), &ctl).unwrap();
        on.segment_sum(&placed, labels.view(), None, 4, &ctl).unwrap();
        ctl.trace().into_iter().map(|entry| (entry.op, entry.place)).collect::<Vec<_>>()
    };
    let all = |place: &str| {
        let ops = ["gram", "outer_gram", "matmul", "matmul_t", "nearest", "segment_sum"];
        ops.map(|op| (op, place.to_owned())).to_vec()
    };
    assert_eq!(places(Matrix::Dense(x.view())), all(&on.name()));
    let on_host = format!("cpu (no kernel for sparse X on {})", on.name());
    assert_eq!(places(sparse.view().into()), all(if on.name() == "cpu" { "cpu" } else { &on_host }));
}
