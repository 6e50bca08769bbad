//! From values to bins: a few rows of a feature at a time.

use super::mapper::FeatureBins;
use ironlearn_linalg::Real;
use ndarray::ArrayView2;
use std::ops::Range;

/// Rows that are read at a time.
pub(super) const NEAR: usize = 128;
/// Thresholds that are simply counted.
const FEW: usize = 3;

/// A feature's bins in the form that mapping searches.
pub(super) enum Table<'a> {
    /// Thresholds by sixteens, filled up with infinity, and the bin of missing values.
    Numeric(Box<Sixteens>, u8),
    /// A few thresholds, filled up with infinity, and the bin of missing values.
    Few([f64; FEW], u8),
    Categories(&'a FeatureBins),
}

/// Up to 255 thresholds in two levels.
pub(super) struct Sixteens {
    /// The last threshold of each sixteen.
    last: [f64; 16],
    all: [[f64; 16]; 16],
}

impl Sixteens {
    /// How many thresholds lie below each value: one every `stride` bytes of `out`, `missing` for NaN. Comparisons
    /// with a whole sixteen need no branch, and the machine's widest instructions make several at once.
    fn count(&self, values: &[f64; NEAR], missing: u8, stride: usize, out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            fn wide(table: &Sixteens, values: &[f64; NEAR], missing: u8, stride: usize, out: &mut [u8]) {
                table.count_by(values, missing, stride, out);
            }
            #[target_feature(enable = "avx2")]
            fn middle(table: &Sixteens, values: &[f64; NEAR], missing: u8, stride: usize, out: &mut [u8]) {
                table.count_by(values, missing, stride, out);
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
            {
                // SAFETY: these instructions are there.
                return unsafe { wide(self, values, missing, stride, out) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: these instructions are there.
                return unsafe { middle(self, values, missing, stride, out) };
            }
        }
        self.count_by(values, missing, stride, out);
    }

    #[inline(always)]
    fn count_by(&self, values: &[f64; NEAR], missing: u8, stride: usize, out: &mut [u8]) {
        let mut at = 0;
        while at < NEAR && at * stride < out.len() {
            let v = values[at];
            let (mut sixteen, mut within) = (0_u64, 0_u64);
            for k in 0..16 {
                sixteen += u64::from(self.last[k] < v);
            }
            // The last threshold of all is infinite, so at most fifteen lie below.
            let thresholds = &self.all[sixteen as usize & 15];
            for k in 0..16 {
                within += u64::from(thresholds[k] < v);
            }
            let bin = (16 * sixteen + within) as u8;
            out[at * stride] = if v.is_nan() { missing } else { bin };
            at += 1;
        }
    }
}

impl<'a> Table<'a> {
    pub fn new(bins: &'a FeatureBins) -> Self {
        match bins {
            FeatureBins::Numeric(thresholds) if thresholds.len() <= FEW => {
                let all = std::array::from_fn(|k| thresholds.get(k).copied().unwrap_or(f64::INFINITY));
                Table::Few(all, bins.n_bins() as u8)
            }
            FeatureBins::Numeric(thresholds) => {
                let all = std::array::from_fn(|i| {
                    std::array::from_fn(|k| thresholds.get(16 * i + k).copied().unwrap_or(f64::INFINITY))
                });
                let last = all.map(|sixteen: [f64; 16]| sixteen[15]);
                Table::Numeric(Box::new(Sixteens { last, all }), bins.n_bins() as u8)
            }
            FeatureBins::Categories(_) => Table::Categories(bins),
        }
    }

    /// Maps a few values; `out` has one every `stride` bytes.
    pub fn map(&self, values: &[f64; NEAR], stride: usize, out: &mut [u8]) {
        match self {
            Table::Numeric(thresholds, missing) => thresholds.count(values, *missing, stride, out),
            Table::Few(thresholds, missing) => {
                let below = |v: f64| thresholds.iter().map(|&t| u8::from(t < v)).sum::<u8>();
                let bins = values.map(|v| if v.is_nan() { *missing } else { below(v) });
                out.iter_mut().step_by(stride).zip(bins).for_each(|(out, bin)| *out = bin);
            }
            Table::Categories(bins) => {
                for (&v, out) in values.iter().zip(out.iter_mut().step_by(stride)) {
                    *out = bins.bin(v);
                }
            }
        }
    }
}

/// Maps single features, one a lane, and leaves the lanes of bundles as they are.
pub(super) fn map<F: Real>(
    x: &ArrayView2<'_, F>,
    rows: Option<&[u32]>,
    some: Range<usize>,
    features: &[Option<usize>],
    tables: &[Table<'_>],
    out: &mut [u8],
) {
    let stride = features.len();
    let mut values = [0.0; NEAR];
    for (first, out) in some.clone().step_by(NEAR).zip(out.chunks_mut(NEAR * stride)) {
        let near = first..some.end.min(first + NEAR);
        for (lane, feature) in features.iter().enumerate().filter_map(|(lane, feature)| Some((lane, (*feature)?))) {
            gather(x, rows, near.clone(), feature, &mut values);
            tables[feature].map(&values, stride, &mut out[lane..]);
        }
    }
}

/// The values of a feature in a few rows.
pub(super) fn gather<F: Real>(
    x: &ArrayView2<'_, F>,
    rows: Option<&[u32]>,
    near: Range<usize>,
    feature: usize,
    values: &mut [f64; NEAR],
) {
    let column = x.column(feature);
    match rows {
        None => {
            let part = column.slice(ndarray::s![near]);
            values.iter_mut().zip(part).for_each(|(out, v)| *out = v.widen());
        }
        Some(rows) => {
            values.iter_mut().zip(&rows[near]).for_each(|(out, &row)| *out = column[row as usize].widen());
        }
    }
}
