//! X in bins: one byte an entry, a few features side by side.
//!
//! Features lie in groups of up to eight whose bytes of one row are neighbours: a histogram pass reads the bins of a
//! row's whole group at once, and where a node's rows are far apart, one cache line serves eight features.

use super::mapper::{FeatureBins, Mapper, sparse};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::ArrayView2;
use std::ops::Range;

/// Features of a group, at most.
pub(super) const LANES: usize = 8;
/// Rows of a tile of the mapping, and rows that are read at a time.
const TILE: usize = 8192;
const NEAR: usize = 128;

/// The bins of some neighbouring features.
#[derive(Debug)]
pub struct Group {
    /// The features.
    pub features: Range<usize>,
    /// Row by row one byte a feature, and some bytes more, so that eight can be read at any row.
    pub(super) codes: Vec<u8>,
}

/// The bins of all rows. Every bin is below the number of bins of its feature: histograms rely on it.
#[derive(Debug)]
pub struct Binned {
    n: usize,
    groups: Vec<Group>,
    /// For each feature where its bins start in a histogram of all; one entry more.
    starts: Vec<usize>,
    /// For each feature the number of bins of values, without that of missing ones.
    n_values: Vec<usize>,
    categorical: Vec<bool>,
    has_missing: Vec<bool>,
}

impl Binned {
    /// Maps `rows` of `x` (all where `None`), in their order.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for sparse X or another number of columns.
    pub fn new(x: &AnyMatrix<'_>, mapper: &Mapper, rows: Option<&[u32]>, ctl: &Control) -> Result<Self> {
        let p = x.ncols();
        let n = rows.map_or(x.nrows(), <[u32]>::len);
        if p != mapper.features.len() {
            bad_input!("X has {p} features, but the bins are those of {} features", mapper.features.len());
        }
        let tables: Vec<Table> = mapper.features.iter().map(Table::new).collect();
        let mut groups = Vec::new();
        for features in layout(p) {
            let lanes = features.len();
            let mut codes = vec![0_u8; n * lanes + LANES];
            threads::fill_rows(ctl, &mut codes[..n * lanes], lanes, TILE, |first, out| {
                let some = first..first + out.len() / lanes;
                with_matrix!(x, x => if let Matrix::Dense(x) = x {
                    map(x, rows, some, features.clone(), &tables, out);
                });
            })?;
            groups.push(Group { features, codes });
        }
        if x.is_sparse() {
            return Err(sparse());
        }
        let n_values: Vec<usize> = mapper.features.iter().map(FeatureBins::n_bins).collect();
        let mut starts = vec![0];
        starts.extend(n_values.iter().scan(0, |sum, bins| {
            *sum += bins + 1;
            Some(*sum)
        }));
        let categorical = mapper.features.iter().map(FeatureBins::is_categorical).collect();
        let mut binned = Binned { n, groups, starts, n_values, categorical, has_missing: vec![false; p] };
        let found = threads::map(ctl, p, |feature| binned.find_missing(feature))?;
        binned.has_missing = found;
        Ok(binned)
    }

    fn find_missing(&self, feature: usize) -> bool {
        let missing = self.n_values[feature] as u8;
        let (group, lane) = self.place(feature);
        group.rows(self.n).any(|row| row[lane] == missing)
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.n
    }

    /// The number of features.
    pub fn n_features(&self) -> usize {
        self.n_values.len()
    }

    /// The features, as they lie side by side.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The number of bins of all features together, each with one for missing values.
    pub fn n_bins(&self) -> usize {
        *self.starts.last().unwrap_or(&0)
    }

    /// Where the bins of `feature` lie in a histogram of all features; the last of them is that of missing values.
    pub fn bins(&self, feature: usize) -> Range<usize> {
        self.starts[feature]..self.starts[feature + 1]
    }

    /// Where the bins of a group lie in a histogram of all features.
    pub fn bins_of_group(&self, group: &Group) -> Range<usize> {
        self.starts[group.features.start]..self.starts[group.features.end]
    }

    /// The number of bins of values of `feature`, which is also the bin of missing ones.
    pub fn missing_bin(&self, feature: usize) -> u8 {
        self.n_values[feature] as u8
    }

    /// Whether `feature` has missing values.
    pub fn has_missing(&self, feature: usize) -> bool {
        self.has_missing[feature]
    }

    /// Whether `feature` holds categories.
    pub fn is_categorical(&self, feature: usize) -> bool {
        self.categorical[feature]
    }

    /// The group of `feature` and its place there.
    pub fn place(&self, feature: usize) -> (&Group, usize) {
        let at = self.groups.partition_point(|group| group.features.end <= feature);
        (&self.groups[at], feature - self.groups[at].features.start)
    }

    /// The bin of an entry.
    pub fn bin(&self, row: usize, feature: usize) -> u8 {
        let (group, lane) = self.place(feature);
        group.codes[row * group.features.len() + lane]
    }
}

impl Group {
    /// The bins of all `n` rows, one slice a row.
    pub fn rows(&self, n: usize) -> std::slice::ChunksExact<'_, u8> {
        let lanes = self.features.len();
        self.codes[..n * lanes].chunks_exact(lanes)
    }

    /// The bins of the feature at `lane`: one every [`Group::stride`] bytes, the first row's first.
    pub fn lane(&self, lane: usize) -> &[u8] {
        &self.codes[lane..]
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.features.len()
    }
}

/// Groups of about equal size, an even number of them: two threads share them evenly.
fn layout(p: usize) -> Vec<Range<usize>> {
    let groups = if p < 4 { 1 } else { p.div_ceil(LANES).next_multiple_of(2) };
    (0..groups).map(|g| p * g / groups..p * (g + 1) / groups).collect()
}

/// A feature's bins in the form that mapping searches.
enum Table<'a> {
    /// Thresholds by sixteens, filled up with infinity, and the bin of missing values.
    Numeric(Box<Sixteens>, u8),
    Categories(&'a FeatureBins),
}

/// Up to 255 thresholds in two levels.
struct Sixteens {
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
    fn new(bins: &'a FeatureBins) -> Self {
        match bins {
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
    fn map(&self, values: &[f64; NEAR], stride: usize, out: &mut [u8]) {
        match self {
            Table::Numeric(thresholds, missing) => thresholds.count(values, *missing, stride, out),
            Table::Categories(bins) => {
                for (&v, out) in values.iter().zip(out.iter_mut().step_by(stride)) {
                    *out = bins.bin(v);
                }
            }
        }
    }
}

fn map<F: Real>(
    x: &ArrayView2<'_, F>,
    rows: Option<&[u32]>,
    some: Range<usize>,
    features: Range<usize>,
    tables: &[Table<'_>],
    out: &mut [u8],
) {
    let stride = features.len();
    let mut values = [0.0; NEAR];
    for (first, out) in some.clone().step_by(NEAR).zip(out.chunks_mut(NEAR * stride)) {
        let near = first..some.end.min(first + NEAR);
        for (lane, feature) in features.clone().enumerate() {
            let column = x.column(feature);
            match rows {
                None => {
                    let part = column.slice(ndarray::s![near.clone()]);
                    values.iter_mut().zip(part).for_each(|(out, v)| *out = v.widen());
                }
                Some(rows) => {
                    let part = &rows[near.clone()];
                    values.iter_mut().zip(part).for_each(|(out, &row)| *out = column[row as usize].widen());
                }
            }
            tables[feature].map(&values, stride, &mut out[lane..]);
        }
    }
}
