//! X in bins: one byte an entry, a few columns side by side.
//!
//! A column is a feature, or a bundle of features that share a byte (`bundle`). Columns lie in groups of up to eight whose
//! bytes of one row are neighbours: a histogram pass reads a row's whole group at once, and where a node's rows are far
//! apart, one cache line serves eight columns.

use super::bundle::{self, Rare};
use super::histogram::Channels;
use super::mapper::{FeatureBins, Mapper, sparse};
use super::table::{Table, map};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Matrix, threads, with_matrix};
use std::ops::Range;

/// Columns of a group, at most.
pub(super) const LANES: usize = 8;
/// Rows of a tile of the mapping.
const TILE: usize = 8192;

/// The codes of some neighbouring columns.
#[derive(Debug)]
pub struct Group {
    /// The columns.
    pub columns: Range<usize>,
    /// Row by row one byte a column, and some bytes more, so that eight can be read at any row.
    pub(super) codes: Vec<u8>,
}

/// Where a feature is.
#[derive(Debug, Clone, Copy)]
struct Home {
    column: usize,
    /// In a bundle: the usual bin, whose code is 0, and the code of the first other one.
    bundled: Option<(u8, u8)>,
}

/// The bins of all rows. Every code is below the number of codes of its column: histograms rely on it.
#[derive(Debug)]
pub struct Binned {
    n: usize,
    groups: Vec<Group>,
    /// The features of each column: one, or those of a bundle.
    columns: Vec<Vec<u32>>,
    homes: Vec<Home>,
    /// For each column where its codes start in a histogram of all; one entry more.
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
        if p != mapper.features.len() {
            bad_input!("X has {p} features, but the bins are those of {} features", mapper.features.len());
        }
        if x.is_sparse() {
            return Err(sparse());
        }
        let tables: Vec<Table> = mapper.features.iter().map(Table::new).collect();
        let bundles = bundle::find(x, rows, mapper, &tables, ctl)?;
        Self::with_bundles(x, mapper, rows, &tables, bundles, ctl)
    }

    /// The same without bundles.
    ///
    /// # Errors
    /// As [`Binned::new`].
    #[cfg(test)]
    pub fn plain(x: &AnyMatrix<'_>, mapper: &Mapper, rows: Option<&[u32]>, ctl: &Control) -> Result<Self> {
        let tables: Vec<Table> = mapper.features.iter().map(Table::new).collect();
        Self::with_bundles(x, mapper, rows, &tables, Vec::new(), ctl)
    }

    fn with_bundles(
        x: &AnyMatrix<'_>,
        mapper: &Mapper,
        rows: Option<&[u32]>,
        tables: &[Table<'_>],
        bundles: Vec<Vec<Rare>>,
        ctl: &Control,
    ) -> Result<Self> {
        let p = x.ncols();
        let n = rows.map_or(x.nrows(), <[u32]>::len);
        let n_values: Vec<usize> = mapper.features.iter().map(FeatureBins::n_bins).collect();
        // A bundle stands where its first feature would.
        let mut homes: Vec<Option<Home>> = vec![None; p];
        let mut waiting = bundles.into_iter().peekable();
        let (mut columns, mut starts, mut shared) = (Vec::with_capacity(p), vec![0], Vec::new());
        for feature in 0..p {
            let (column, start) = (columns.len(), starts[columns.len()]);
            if let Some(bundle) = waiting.next_if(|bundle| bundle[0].feature == feature) {
                let mut next = 1;
                for rare in &bundle {
                    homes[rare.feature] = Some(Home { column, bundled: Some((rare.usual, next as u8)) });
                    next += rare.codes(n_values[rare.feature]);
                }
                columns.push(bundle.iter().map(|rare| rare.feature as u32).collect());
                starts.push(start + next);
                shared.push(Some(bundle));
            } else if homes[feature].is_none() {
                homes[feature] = Some(Home { column, bundled: None });
                columns.push(vec![feature as u32]);
                starts.push(start + n_values[feature] + 1);
                shared.push(None);
            }
        }
        let homes: Vec<Home> = homes.into_iter().flatten().collect();
        let mut has_missing = vec![false; p];
        for rare in shared.iter().flatten().flatten() {
            has_missing[rare.feature] = rare.bins.contains(&(n_values[rare.feature] as u8));
        }
        let mut groups = Vec::new();
        for columns_here in layout(columns.len()) {
            let lanes = columns_here.len();
            let mut codes = vec![0_u8; n * lanes + LANES];
            let single = |column: usize| shared[column].is_none().then(|| columns[column][0] as usize);
            let features: Vec<Option<usize>> = columns_here.clone().map(single).collect();
            threads::fill_rows(ctl, &mut codes[..n * lanes], lanes, TILE, |first, out| {
                let some = first..first + out.len() / lanes;
                with_matrix!(x, x => if let Matrix::Dense(x) = x {
                    map(x, rows, some, &features, tables, out);
                });
            })?;
            for (lane, column) in columns_here.clone().enumerate() {
                // Let go when they are written.
                for rare in shared[column].take().into_iter().flatten() {
                    let home = &homes[rare.feature];
                    for (&row, &bin) in rare.rows.iter().zip(&rare.bins) {
                        codes[row as usize * lanes + lane] = home.code(bin);
                    }
                }
            }
            groups.push(Group { columns: columns_here, codes });
        }
        let categorical = mapper.features.iter().map(FeatureBins::is_categorical).collect();
        let mut binned = Binned { n, groups, columns, homes, starts, n_values, categorical, has_missing };
        let found = threads::map(ctl, p, |feature| match binned.homes[feature].bundled {
            None => binned.find_missing(feature),
            Some(_) => binned.has_missing[feature],
        })?;
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

    /// The number of columns: features, or bundles of them.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The features of a column, rising.
    pub fn features(&self, column: usize) -> &[u32] {
        &self.columns[column]
    }

    /// The columns, as they lie side by side.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The length of a histogram: the codes of all columns.
    pub fn n_bins(&self) -> usize {
        *self.starts.last().unwrap_or(&0)
    }

    /// Where the codes of a column lie in a histogram of all.
    pub fn bins_of_column(&self, column: usize) -> Range<usize> {
        self.starts[column]..self.starts[column + 1]
    }

    /// Where the codes of a group lie in a histogram of all.
    pub fn bins_of_group(&self, group: &Group) -> Range<usize> {
        self.starts[group.columns.start]..self.starts[group.columns.end]
    }

    /// The sums of the bins of `feature`, that of missing values last, from those of its column, which are of `all` rows.
    pub fn bins_of<'a, const C: usize>(
        &self,
        feature: usize,
        column: &'a [Channels<C>],
        all: &Channels<C>,
        room: &'a mut [Channels<C>; 256],
    ) -> &'a [Channels<C>] {
        let Some((usual, start)) = self.homes[feature].bundled else { return column };
        let (usual, start, n) = (usual as usize, start as usize, self.n_values[feature] + 1);
        // Without missing values, these have no code.
        let codes = if self.has_missing[feature] { n - 1 } else { n - 2 };
        let others = &column[start..start + codes];
        let bins = &mut room[..n];
        bins[n - 1] = [0; C];
        bins[..usual].copy_from_slice(&others[..usual]);
        bins[usual + 1..codes + 1].copy_from_slice(&others[usual..]);
        bins[usual] = *all;
        for other in others {
            (0..C).for_each(|c| bins[usual][c] -= other[c]);
        }
        bins
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

    /// The group that holds the codes of `feature`, and the place of its column there.
    pub fn place(&self, feature: usize) -> (&Group, usize) {
        let column = self.homes[feature].column;
        let at = self.groups.partition_point(|group| group.columns.end <= column);
        (&self.groups[at], column - self.groups[at].columns.start)
    }

    /// What each code says, where `of_bin` says it of each bin of `feature`.
    pub fn by_code(&self, feature: usize, of_bin: &[bool; 256]) -> [bool; 256] {
        let Some((usual, _)) = self.homes[feature].bundled else { return *of_bin };
        let mut of_code = [of_bin[usual as usize]; 256];
        for bin in (0..=self.n_values[feature]).filter(|&bin| bin < self.n_values[feature] || self.has_missing[feature])
        {
            of_code[self.homes[feature].code(bin as u8) as usize] = of_bin[bin];
        }
        of_code
    }

    /// The bin of an entry.
    pub fn bin(&self, row: usize, feature: usize) -> u8 {
        let (group, lane) = self.place(feature);
        let code = group.codes[row * group.stride() + lane];
        match self.homes[feature].bundled {
            None => code,
            Some((usual, _)) => {
                let n_bins = self.n_values[feature] + usize::from(self.has_missing[feature]);
                let bin = (0..n_bins as u8).find(|&bin| self.homes[feature].code(bin) == code);
                bin.unwrap_or(usual)
            }
        }
    }
}

impl Home {
    /// The code of a bin.
    fn code(&self, bin: u8) -> u8 {
        match self.bundled {
            None => bin,
            Some((usual, _)) if bin == usual => 0,
            Some((usual, start)) => start + bin - u8::from(bin > usual),
        }
    }
}

impl Group {
    /// The codes of all `n` rows, one slice a row.
    pub fn rows(&self, n: usize) -> std::slice::ChunksExact<'_, u8> {
        let lanes = self.columns.len();
        self.codes[..n * lanes].chunks_exact(lanes)
    }

    /// The codes of the column at `lane`: one every [`Group::stride`] bytes, the first row's first.
    pub fn lane(&self, lane: usize) -> &[u8] {
        &self.codes[lane..]
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.columns.len()
    }
}

/// Groups of about equal size, an even number of them: two threads share them evenly.
fn layout(p: usize) -> Vec<Range<usize>> {
    let groups = if p < 4 { 1 } else { p.div_ceil(LANES).next_multiple_of(2) };
    (0..groups).map(|g| p * g / groups..p * (g + 1) / groups).collect()
}
