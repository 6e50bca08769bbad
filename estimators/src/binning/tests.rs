//! Bins against plain searches, histograms against plain sums.

use super::*;
use crate::{AnyMatrix, Control};
use ndarray::{Array2, ShapeBuilder};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn bins(max_bins: usize, categorical: &[bool]) -> Bins<'_> {
    Bins { max_bins, categorical, subsample: Bins::SUBSAMPLE, seed: 1 }
}

/// Few values, many values, categories, missing ones.
fn table(n: usize, p: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    Array2::from_shape_fn((n, p), |(_, j)| match (rng.next_u64() % 1000, j % 4) {
        (v, 0) => v as f64 / 7.0,
        (v, 1) => (v % 5) as f64,
        (v, 2) if v < 100 => f64::NAN,
        (v, _) => (v as f64 - 500.0).exp2().min(1e308),
    })
}

fn one(values: &[f64], weights: Option<&[f64]>, max_bins: usize) -> FeatureBins {
    let x = Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
    let mapper = Mapper::fit(&x.view().into(), None, weights, &bins(max_bins, &[]), &Control::new()).unwrap();
    mapper.features.into_iter().next().unwrap()
}

#[test]
fn few_values_have_a_bin_each_and_many_have_quantiles() {
    assert_eq!(one(&[3.0, 1.0, 1.0, 2.0], None, 255), FeatureBins::Numeric(vec![1.5, 2.5]));
    assert_eq!(one(&[5.0, 5.0, f64::NAN], None, 255), FeatureBins::Numeric(vec![]));
    assert_eq!(one(&[f64::NAN, f64::NAN], None, 255), FeatureBins::Numeric(vec![]));
    let hundred: Vec<f64> = (0..100).map(f64::from).collect();
    assert_eq!(one(&hundred, None, 4), FeatureBins::Numeric(vec![24.5, 49.5, 74.5]));
    // Infinities are values, and lie beyond every threshold.
    let wild = one(&[f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY], None, 255);
    assert_eq!([f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY].map(|v| wild.bin(v)), [0, 1, 2, 3]);
}

#[test]
fn weights_are_repetitions() {
    let values: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 60)).collect();
    let weights: Vec<f64> = (0..60).map(|i| f64::from(i % 4)).collect();
    let repeated: Vec<f64> =
        values.iter().zip(&weights).flat_map(|(&v, &w)| std::iter::repeat_n(v, w as usize)).collect();
    // Shares that are exact in binary: elsewhere rounding decides between two neighbours.
    for max_bins in [2, 4, 8, 255] {
        assert_eq!(one(&values, Some(&weights), max_bins), one(&repeated, None, max_bins));
    }
    assert_eq!(weighted_percentile(&[(1.0, 1.0), (2.0, 1.0)], 50.0, false), 1.0);
    assert_eq!(weighted_percentile(&[(1.0, 1.0), (2.0, 1.0)], 50.0, true), 1.5);
}

#[test]
fn every_layout_and_selection_maps_as_one_value_does() {
    let x = table(700, 13);
    let narrow = x.mapv(|v| v as f32);
    let mut by_column = Array2::zeros((700, 13).f());
    by_column.assign(&x);
    let categorical: Vec<bool> = (0..13).map(|j| j % 4 == 1).collect();
    let some: Vec<u32> = (0..700).filter(|i| i % 3 != 1).collect();
    let views: [AnyMatrix<'_>; 4] =
        [x.view().into(), by_column.view().into(), narrow.view().into(), x.slice(ndarray::s![..;2, ..]).into()];
    for view in views {
        for rows in [None, Some(some.as_slice())] {
            let rows = rows.filter(|_| view.nrows() == 700);
            for threads in [1, 2] {
                let ctl = Control::new().with_threads(Some(threads));
                let mapper = Mapper::fit(&view, rows, None, &bins(200, &categorical), &ctl).unwrap();
                mapper.check(13).unwrap();
                let binned = Binned::new(&view, &mapper, rows, &ctl).unwrap();
                let dense = view.to_dense();
                for i in 0..binned.n_rows() {
                    let row = rows.map_or(i, |rows| rows[i] as usize);
                    for (j, bins) in mapper.features.iter().enumerate() {
                        assert_eq!(binned.bin(i, j), bins.bin(dense[[row, j]]), "row {i} column {j}");
                    }
                }
                assert!((0..13).all(|j| binned.has_missing(j) == (j % 4 == 2)));
            }
        }
    }
}

#[test]
fn histograms_are_plain_sums() {
    for p in [1, 3, 5, 8, 9, 20] {
        let x = table(500, p);
        let ctl = Control::new();
        let mapper = Mapper::fit(&x.view().into(), None, None, &bins(50, &[]), &ctl).unwrap();
        let binned = Binned::plain(&x.view().into(), &mapper, None, &ctl).unwrap();
        let channels: Vec<Channels<2>> = (0..500).map(|i| [i * i - 900, 1]).collect();
        let some: Vec<u32> = (0..500).filter(|i| i % 7 < 3).collect();
        let mut ordered = vec![[0; 2]; some.len()];
        gather(&channels, &some, &mut ordered);
        for rows in [None, Some(some.as_slice())] {
            let kept = if rows.is_some() { &ordered } else { &channels };
            let mut hist: Histogram<2> = vec![[0; 2]; binned.n_bins()];
            for group in binned.groups() {
                add_rows(&binned, group, rows, kept, &mut hist[binned.bins_of_group(group)]);
            }
            let mut plain = vec![[0; 2]; binned.n_bins()];
            for i in 0..rows.map_or(500, <[u32]>::len) {
                let row = rows.map_or(i, |rows| rows[i] as usize);
                for j in 0..p {
                    // Without bundles a column is a feature.
                    let bin = binned.bins_of_column(j).start + binned.bin(row, j) as usize;
                    (0..2).for_each(|c| plain[bin][c] += channels[row][c]);
                }
            }
            assert_eq!(hist, plain);
            let mut rest = hist.clone();
            subtract(&mut rest, &plain);
            assert!(rest.iter().all(|&sums| sums == [0, 0]));
        }
    }
}

#[test]
fn columns_of_codes_and_copies_of_rows_are_the_matrix_of_the_values() {
    let x = table(600, 13);
    let (view, ctl) = (x.view().into(), Control::new());
    let mapper = Mapper::fit(&view, None, None, &bins(40, &[]), &ctl).unwrap();
    let column =
        |j: usize| (x.column(j).iter().map(|&v| mapper.features[j].bin(v)).collect(), mapper.features[j].n_bins());
    let alone = Binned::of_columns((0..13).map(column).collect());
    let grouped = Binned::plain(&view, &mapper, None, &ctl).unwrap();
    let some: Vec<u32> = (0..600).rev().filter(|i| i % 5 != 1).collect();
    let few = alone.of(&[599, 0], None);
    for (whole, room) in [(&alone, Some(grouped.of(&[7], None))), (&grouped, Some(few)), (&grouped, None)] {
        let part = whole.of(&some, room);
        assert_eq!((part.n_rows(), part.n_features(), part.n_bins()), (some.len(), 13, grouped.n_bins()));
        for j in 0..13 {
            assert_eq!((alone.has_missing(j), alone.missing_bin(j)), (grouped.has_missing(j), grouped.missing_bin(j)));
            assert!((0..600).all(|row| alone.bin(row, j) == grouped.bin(row, j)));
            assert!(some.iter().enumerate().all(|(i, &row)| part.bin(i, j) == grouped.bin(row as usize, j)));
        }
    }
    assert_eq!((alone.groups().len(), grouped.groups().len()), (13, 2));
}

/// How many rows, and the sum of their numbers.
struct Numbers<'a>(&'a mut [(u32, f64)]);

impl Sums for Numbers<'_> {
    type Item = f64;
    fn n_bins(&self) -> usize {
        self.0.len()
    }
    fn item(&self, _: usize, row: usize) -> f64 {
        row as f64
    }
    unsafe fn add(&mut self, item: f64, bin: usize) {
        self.0[bin].0 += 1;
        self.0[bin].1 += item;
    }
}

#[test]
fn a_column_alone_sums_what_it_is_told_to() {
    let codes: Vec<u8> = (0..400).map(|i| (i * i % 7) as u8).collect();
    let binned = Binned::of_columns(vec![(vec![0; 400], 1), (codes.clone(), 6)]);
    let rows: Vec<u32> = (0..400).rev().filter(|i| i % 3 != 1).collect();
    let (mut found, mut plain) = (vec![(0, 0.0); 7], vec![(0, 0.0); 7]);
    add_column(&binned, 1, Some(&rows), Numbers(&mut found));
    for &row in &rows {
        let bin = &mut plain[codes[row as usize] as usize];
        *bin = (bin.0 + 1, bin.1 + f64::from(row));
    }
    assert_eq!(found, plain);
}

#[test]
#[should_panic(expected = "most <= missing")]
fn codes_beyond_the_missing_values_are_refused() {
    Binned::of_columns(vec![(vec![0, 2, 1], 2), (vec![0, 3, 1], 2)]);
}

#[test]
#[should_panic(expected = "row < n")]
fn rows_that_are_not_there_are_refused() {
    let binned = Binned::of_columns(vec![(vec![0, 2, 1], 2)]);
    add_column(&binned, 0, Some(&[0, 3]), Numbers(&mut [(0, 0.0); 3]));
}

#[test]
#[should_panic(expected = "last as usize")]
fn channels_of_rows_that_are_not_there_are_refused() {
    let binned = Binned::of_columns(vec![(vec![0, 2, 1], 2)]);
    add_rows(&binned, &binned.groups()[0], Some(&[0, 3]), &[1_i64; 2], &mut [[0; 2]; 3]);
}

#[test]
#[should_panic(expected = "ptr::eq")]
fn groups_of_another_matrix_are_refused() {
    let [first, other] = [[0, 2, 1], [0, 1, 1]].map(|codes| Binned::of_columns(vec![(codes.to_vec(), 2)]));
    add_rows(&first, &other.groups()[0], None, &[1_i64; 3], &mut [[0; 2]; 3]);
}

#[test]
fn too_many_categories_are_refused_and_so_is_sparse_x() {
    let x = Array2::from_shape_fn((300, 1), |(i, _)| i as f64);
    let error = Mapper::fit(&x.view().into(), None, None, &bins(255, &[true]), &Control::new()).unwrap_err();
    assert!(error.to_string().contains("cardinality of 300"), "{error}");
    let sparse = sprs::CsMat::<f64>::zero((4, 2));
    assert!(Mapper::fit(&sparse.view().into(), None, None, &bins(255, &[]), &Control::new()).is_err());
}

#[test]
fn quantiles_of_many_rows_come_from_a_draw() {
    let x = Array2::from_shape_fn((5000, 1), |(i, _)| (i * 7919 % 5000) as f64);
    let weights: Vec<f64> = (0..5000).map(|i| f64::from(i % 2)).collect();
    for weights in [None, Some(weights.as_slice())] {
        let rule = Bins { subsample: 1000, ..bins(4, &[]) };
        let mapper = Mapper::fit(&x.view().into(), None, weights, &rule, &Control::new()).unwrap();
        let FeatureBins::Numeric(thresholds) = &mapper.features[0] else { panic!("numbers") };
        // Five standard deviations of a quantile of 1000 drawn rows.
        for (found, wanted) in thresholds.iter().zip([1250.0, 2500.0, 3750.0]) {
            assert!((found - wanted).abs() < 5.0 * 5000.0 * (0.25_f64 / 1000.0).sqrt(), "{found} {wanted}");
        }
    }
}

/// Ten columns of one-hot encoded data (the last has missing values too), one that shares rows with some of them, one that
/// is rare in other rows and has several values, one of many values.
pub(crate) fn one_hot(n: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut x = Array2::zeros((n, 13));
    for mut row in x.rows_mut() {
        let (level, v) = (rng.next_u64() % 12, rng.next_u64() % 1000);
        match level {
            10 => row[11] = 1.0 + (v % 3) as f64,
            9 => row[9] = if v < 300 { f64::NAN } else { -1.0 },
            level if level < 9 => row[level as usize] = 1.0,
            _ => {}
        }
        row[10] = f64::from(u8::from(v % 7 == 0));
        row[12] = v as f64;
    }
    x
}

#[test]
fn bundles_say_what_plain_columns_say() {
    let x = one_hot(3000);
    let some: Vec<u32> = (0..3000).filter(|i| i % 3 != 1).collect();
    for (rows, threads) in [(None, 1), (Some(some.as_slice()), 2)] {
        let ctl = Control::new().with_threads(Some(threads));
        let view = x.view().into();
        let mapper = Mapper::fit(&view, rows, None, &bins(255, &[]), &ctl).unwrap();
        let [plain, bundled] = [Binned::plain, Binned::new].map(|new| new(&view, &mapper, rows, &ctl).unwrap());
        assert_eq!((plain.n_columns(), bundled.n_columns()), (13, 3));
        assert_eq!((bundled.features(0), bundled.features(1)), (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11][..], &[10][..]));
        let n = plain.n_rows();
        let channels: Vec<Channels<2>> = (0..n as i64).map(|i| [i * i - 900, 1]).collect();
        let all = channels.iter().fold([0; 2], |sum, row| [sum[0] + row[0], sum[1] + row[1]]);
        let histogram = |binned: &Binned| -> Histogram<2> {
            let mut hist = vec![[0; 2]; binned.n_bins()];
            for group in binned.groups() {
                add_rows(binned, group, None, &channels, &mut hist[binned.bins_of_group(group)]);
            }
            hist
        };
        let (of_plain, of_bundled) = (histogram(&plain), histogram(&bundled));
        for feature in 0..13 {
            assert_eq!(plain.has_missing(feature), bundled.has_missing(feature));
            assert!((0..n).all(|row| plain.bin(row, feature) == bundled.bin(row, feature)), "feature {feature}");
            let column = (0..3).find(|&column| bundled.features(column).contains(&(feature as u32))).unwrap();
            let (mut room, codes) = ([[0; 2]; 256], &of_bundled[bundled.bins_of_column(column)]);
            assert_eq!(bundled.bins_of(feature, codes, &all, &mut room), &of_plain[plain.bins_of_column(feature)]);
            // What is said of a bin is said of the codes of its rows.
            let of_bin: [bool; 256] = std::array::from_fn(|bin| (bin + feature) % 3 == 1);
            let (of_code, (group, lane)) = (bundled.by_code(feature, &of_bin), bundled.place(feature));
            for (row, codes) in group.rows(n).enumerate() {
                assert_eq!(of_code[codes[lane] as usize], of_bin[plain.bin(row, feature) as usize]);
            }
        }
    }
}

#[test]
fn a_bundle_has_no_more_than_256_codes() {
    // 300 columns of one row each, of five values: four codes a column.
    let x = Array2::from_shape_fn((1500, 300), |(i, j)| if i / 5 == j { (i % 5) as f64 } else { 0.0 });
    let (view, ctl) = (x.view().into(), Control::new());
    let mapper = Mapper::fit(&view, None, None, &bins(255, &[]), &ctl).unwrap();
    let binned = Binned::new(&view, &mapper, None, &ctl).unwrap();
    // 255 codes beside that of nothing: 63 columns each.
    assert_eq!(binned.n_columns(), 5);
    assert!((0..300).all(|j| (0..1500).all(|i| binned.bin(i, j) == mapper.features[j].bin(x[[i, j]]))));
}
