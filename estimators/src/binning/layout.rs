//! Where features are among the columns of codes, and what a code says.

use super::bundle::Bundles;
use super::histogram::Channels;
use super::matrix::{Binned, Group, place};
use std::ops::Range;

/// Where a feature is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub column: usize,
    /// In a bundle: the usual bin, whose code is 0, and the code of the first other one.
    pub bundled: Option<(u8, u8)>,
}

impl Home {
    /// The code of a bin.
    pub fn code(&self, bin: u8) -> u8 {
        match self.bundled {
            None => bin,
            Some((usual, _)) if bin == usual => 0,
            Some((usual, start)) => start + bin - u8::from(bin > usual),
        }
    }
}

/// The features of a matrix of codes.
#[derive(Debug)]
pub(super) struct Layout {
    /// The features of each column: one, or those of a bundle.
    pub columns: Vec<Vec<u32>>,
    /// Where each feature is; none: it has no column, because it cannot be split.
    homes: Vec<Option<Home>>,
    /// For each column where its codes start in a histogram of all; one entry more.
    pub starts: Vec<usize>,
    /// For each feature the number of bins of values, without that of missing ones.
    pub n_values: Vec<usize>,
    pub categorical: Vec<bool>,
    pub has_missing: Vec<bool>,
}

impl Layout {
    /// Features with so many bins of values. A bundle stands where its first feature would; every other feature that is not
    /// dead is a column. Only of bundles it is known which features have missing values.
    pub fn new(n_values: Vec<usize>, categorical: Vec<bool>, known: &Bundles) -> Self {
        let p = n_values.len();
        let (mut homes, mut has_missing): (Vec<Option<Home>>, _) = (vec![None; p], vec![false; p]);
        let (mut waiting, mut dead) = (known.bundles.iter().peekable(), known.dead.iter().peekable());
        let (mut columns, mut starts) = (Vec::with_capacity(p), vec![0]);
        for feature in 0..p {
            let (column, start) = (columns.len(), starts[columns.len()]);
            if dead.next_if(|&&dead| dead == feature).is_some() {
                continue;
            }
            if let Some(bundle) = waiting.next_if(|bundle| bundle[0].feature == feature) {
                let mut next = 1;
                for rare in bundle {
                    let n_values = n_values[rare.feature];
                    homes[rare.feature] = Some(Home { column, bundled: Some((rare.usual, next as u8)) });
                    has_missing[rare.feature] = rare.bins.contains(&(n_values as u8));
                    next += rare.codes(n_values);
                }
                columns.push(bundle.iter().map(|rare| rare.feature as u32).collect());
                starts.push(start + next);
            } else if homes[feature].is_none() {
                homes[feature] = Some(Home { column, bundled: None });
                columns.push(vec![feature as u32]);
                starts.push(start + n_values[feature] + 1);
            }
        }
        Layout { columns, homes, starts, n_values, categorical, has_missing }
    }

    /// Where a feature is that has a column.
    pub fn home(&self, feature: usize) -> Home {
        self.homes[feature].unwrap_or_else(|| unreachable!("a feature without a column is not split"))
    }

    /// Whether a feature has a column.
    pub fn has_column(&self, feature: usize) -> bool {
        self.homes[feature].is_some()
    }
}

/// What the codes say.
impl Binned {
    /// The number of features.
    pub fn n_features(&self) -> usize {
        self.layout.n_values.len()
    }

    /// The number of columns: features, or bundles of them.
    pub fn n_columns(&self) -> usize {
        self.layout.columns.len()
    }

    /// The features of a column, rising.
    pub fn features(&self, column: usize) -> &[u32] {
        &self.layout.columns[column]
    }

    /// The length of a histogram: the codes of all columns.
    pub fn n_bins(&self) -> usize {
        *self.layout.starts.last().unwrap_or(&0)
    }

    /// Where the codes of a column lie in a histogram of all.
    pub fn bins_of_column(&self, column: usize) -> Range<usize> {
        self.layout.starts[column]..self.layout.starts[column + 1]
    }

    /// Where the codes of a group lie in a histogram of all.
    pub fn bins_of_group(&self, group: &Group) -> Range<usize> {
        self.layout.starts[group.columns.start]..self.layout.starts[group.columns.end]
    }

    /// The sums of the bins of `feature`, that of missing values last, from those of its column, which are of `all` rows.
    pub fn bins_of<'a, const C: usize>(
        &self,
        feature: usize,
        column: &'a [Channels<C>],
        all: &Channels<C>,
        room: &'a mut [Channels<C>; 256],
    ) -> &'a [Channels<C>] {
        let Some((usual, start)) = self.layout.home(feature).bundled else { return column };
        let (usual, start, n) = (usual as usize, start as usize, self.layout.n_values[feature] + 1);
        // Without missing values, these have no code.
        let codes = if self.layout.has_missing[feature] { n - 1 } else { n - 2 };
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
        self.layout.n_values[feature] as u8
    }

    /// Whether `feature` has missing values.
    pub fn has_missing(&self, feature: usize) -> bool {
        self.layout.has_missing[feature]
    }

    /// Whether `feature` holds categories.
    pub fn is_categorical(&self, feature: usize) -> bool {
        self.layout.categorical[feature]
    }

    /// The group that holds the codes of `feature`, and the place of its column there.
    pub fn place(&self, feature: usize) -> (&Group, usize) {
        place(self.groups(), self.layout.home(feature).column)
    }

    /// What each code says, where `of_bin` says it of each bin of `feature`.
    pub fn by_code(&self, feature: usize, of_bin: &[bool; 256]) -> [bool; 256] {
        let home = self.layout.home(feature);
        let Some((usual, _)) = home.bundled else { return *of_bin };
        let mut of_code = [of_bin[usual as usize]; 256];
        for bin in self.bins_that_occur(feature) {
            of_code[home.code(bin) as usize] = of_bin[bin as usize];
        }
        of_code
    }

    /// The bin of an entry.
    pub fn bin(&self, row: usize, feature: usize) -> u8 {
        let (group, lane) = self.place(feature);
        let (code, home) = (group.codes[row * group.stride() + lane], self.layout.home(feature));
        match home.bundled {
            None => code,
            Some((usual, _)) => self.bins_that_occur(feature).find(|&bin| home.code(bin) == code).unwrap_or(usual),
        }
    }

    /// The bins of values, and that of missing ones where there are such.
    fn bins_that_occur(&self, feature: usize) -> Range<u8> {
        let n_bins = self.layout.n_values[feature] + usize::from(self.layout.has_missing[feature]);
        0..n_bins as u8
    }
}
