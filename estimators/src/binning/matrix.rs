//! X in bins: one byte an entry, a few columns side by side.
//!
//! A column is a feature, or a bundle of features that share a byte (`bundle`). Columns lie in groups of up to eight whose
//! bytes of one row are neighbours: a histogram pass reads a row's whole group at once, and where a node's rows are far
//! apart, one cache line serves eight columns. Where a node looks at a few columns only, as in forests, each is a group.

use super::bundle::{self, Bundles};
use super::layout::Layout;
use super::mapper::{FeatureBins, Mapper, sparse};
use super::table::{Table, map};
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{Matrix, threads, with_matrix};
use std::ops::Range;
use std::sync::Arc;

/// Columns of a group, at most.
pub(super) const LANES: usize = 8;
/// Codes of a column, at most.
const CODES: usize = 256;
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

/// The bins of all rows. Every code is below the number of codes of its column: histograms rely on it.
#[derive(Debug)]
pub struct Binned {
    n: usize,
    groups: Vec<Group>,
    pub(super) layout: Arc<Layout>,
}

impl Binned {
    /// Maps `rows` of `x` (all where `None`), in their order.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for sparse X or another number of columns.
    pub fn new(x: &AnyMatrix<'_>, mapper: &Mapper, rows: Option<&[u32]>, ctl: &Control) -> Result<Self> {
        Self::that_can_be_split(x, mapper, rows, 0, ctl)
    }

    /// The same, without columns of features that cannot be split, as far as it is seen at once, where both sides of a
    /// split must have at least `least` rows.
    ///
    /// # Errors
    /// As [`Binned::new`].
    pub fn that_can_be_split(
        x: &AnyMatrix<'_>,
        mapper: &Mapper,
        rows: Option<&[u32]>,
        least: usize,
        ctl: &Control,
    ) -> Result<Self> {
        let p = x.ncols();
        if p != mapper.features.len() {
            bad_input!("X has {p} features, but the bins are those of {} features", mapper.features.len());
        }
        if x.is_sparse() {
            return Err(sparse());
        }
        let tables: Vec<Table> = mapper.features.iter().map(Table::new).collect();
        let bundles = bundle::find(x, rows, mapper, &tables, least, ctl)?;
        Self::with_bundles(x, mapper, rows, &tables, bundles, ctl)
    }

    /// The same without bundles.
    ///
    /// # Errors
    /// As [`Binned::new`].
    #[cfg(test)]
    pub fn plain(x: &AnyMatrix<'_>, mapper: &Mapper, rows: Option<&[u32]>, ctl: &Control) -> Result<Self> {
        let tables: Vec<Table> = mapper.features.iter().map(Table::new).collect();
        Self::with_bundles(x, mapper, rows, &tables, Bundles::default(), ctl)
    }

    fn with_bundles(
        x: &AnyMatrix<'_>,
        mapper: &Mapper,
        rows: Option<&[u32]>,
        tables: &[Table<'_>],
        known: Bundles,
        ctl: &Control,
    ) -> Result<Self> {
        let n = rows.map_or(x.nrows(), <[u32]>::len);
        let n_values = mapper.features.iter().map(FeatureBins::n_bins).collect();
        let categorical = mapper.features.iter().map(FeatureBins::is_categorical).collect();
        let mut layout = Layout::new(n_values, categorical, &known);
        let mut bundles = known.bundles.into_iter();
        let mut groups = Vec::new();
        for columns in side_by_side(layout.columns.len()) {
            let lanes = columns.len();
            let mut codes = vec![0_u8; n * lanes + LANES];
            let single = |column: usize| match layout.columns[column][..] {
                [feature] => Some(feature as usize),
                _ => None,
            };
            let features: Vec<Option<usize>> = columns.clone().map(single).collect();
            threads::fill_rows(ctl, &mut codes[..n * lanes], lanes, TILE, |first, out| {
                let some = first..first + out.len() / lanes;
                with_matrix!(x, x => if let Matrix::Dense(x) = x {
                    map(x, rows, some, &features, tables, out);
                });
            })?;
            for lane in (0..lanes).filter(|&lane| features[lane].is_none()) {
                // Let go when they are written.
                for rare in bundles.next().into_iter().flatten() {
                    let home = layout.home(rare.feature);
                    for (&row, &bin) in rare.rows.iter().zip(&rare.bins) {
                        codes[row as usize * lanes + lane] = home.code(bin);
                    }
                }
            }
            groups.push(Group { columns, codes });
        }
        layout.has_missing = threads::map(ctl, x.ncols(), |feature| {
            if !layout.has_column(feature) {
                return false;
            }
            let (home, missing) = (layout.home(feature), layout.n_values[feature] as u8);
            let (group, lane) = place(&groups, home.column);
            let is_missing = |row: &[u8]| row[lane] == missing;
            if home.bundled.is_some() { layout.has_missing[feature] } else { group.rows(n).any(is_missing) }
        })?;
        Ok(Binned { n, groups, layout: Arc::new(layout) })
    }

    /// Columns that are in bins already: the codes of each, and its number of bins of values. Each is a group, so that a
    /// look at a few reads no other.
    ///
    /// # Panics
    /// Where columns differ in length, have more than 255 bins of values, or a code beyond that of missing values.
    pub fn of_columns(columns: Vec<(Vec<u8>, usize)>) -> Self {
        let n = columns.first().map_or(0, |(codes, _)| codes.len());
        let n_values = columns.iter().map(|column| column.1).collect();
        let mut layout = Layout::new(n_values, vec![false; columns.len()], &Bundles::default());
        let mut groups = Vec::with_capacity(columns.len());
        for (column, (mut codes, missing)) in columns.into_iter().enumerate() {
            let most = codes.iter().fold(0, |most, &code| most.max(code)) as usize;
            assert!(codes.len() == n && most <= missing && missing < CODES);
            layout.has_missing[column] = n > 0 && most == missing;
            codes.resize(n + LANES, 0);
            groups.push(Group { columns: column..column + 1, codes });
        }
        Binned { n, groups, layout: Arc::new(layout) }
    }

    /// The given rows alone, numbered in this order, in the room of other ones.
    ///
    /// # Panics
    /// Where one is not there.
    pub fn of(&self, rows: &[u32], room: Option<Binned>) -> Self {
        let mut room = room.map_or_else(Vec::new, |room| room.groups).into_iter();
        let of_group = |group: &Group| {
            let mut codes = room.next().map_or_else(Vec::new, |group| group.codes);
            group.take(self.n, rows, &mut codes);
            Group { columns: group.columns.clone(), codes }
        };
        Binned { n: rows.len(), groups: self.groups.iter().map(of_group).collect(), layout: Arc::clone(&self.layout) }
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.n
    }

    /// The columns, as they lie side by side.
    pub fn groups(&self) -> &[Group] {
        &self.groups
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

    /// Writes the codes of the given ones of `n` rows.
    fn take(&self, n: usize, rows: &[u32], out: &mut Vec<u8>) {
        let (lanes, codes) = (self.columns.len(), &self.codes[..n * self.columns.len()]);
        out.clear();
        out.reserve(rows.len() * lanes + LANES);
        match lanes {
            1 => out.extend(rows.iter().map(|&row| codes[row as usize])),
            _ => rows.iter().for_each(|&row| out.extend_from_slice(&codes[row as usize * lanes..][..lanes])),
        }
        out.resize(rows.len() * lanes + LANES, 0);
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.columns.len()
    }
}

/// Groups of about equal size, an even number of them: two threads share them evenly.
fn side_by_side(p: usize) -> Vec<Range<usize>> {
    let groups = if p < 4 { p.min(1) } else { p.div_ceil(LANES).next_multiple_of(2) };
    (0..groups).map(|g| p * g / groups..p * (g + 1) / groups).collect()
}

/// The group that holds a column, and the column's place there.
pub(super) fn place(groups: &[Group], column: usize) -> (&Group, usize) {
    let at = groups.partition_point(|group| group.columns.end <= column);
    (&groups[at], column - groups[at].columns.start)
}
