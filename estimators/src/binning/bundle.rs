//! Bundles: features that never differ from their usual bin in the same row share one byte (Ke et al. 2017, "LightGBM",
//! section 4; here without conflicts).
//!
//! The columns of one-hot encoded data are of this kind. A bundle's code says which feature has which other bin, or that
//! all have their usual one. The histogram of a feature is read off that of the bundle; its usual bin has what is left of
//! the node. Sums are whole numbers, so this is exact, and a tree is the same with and without bundles.
//!
//! A feature that has its usual bin in nearly all rows cannot be split at all where a leaf needs more rows than the others
//! are: it is found on the way and has no column.

use super::mapper::{FeatureBins, Mapper};
use super::table::{NEAR, Table, gather};
use crate::{AnyMatrix, Control, Result};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::ArrayView2;
use std::ops::Range;

/// Codes of a bundle.
const CODES: usize = 256;
/// Bins of a feature that is tried, at most.
const FEW: usize = 64;
/// Bundles that a feature is tried in, at most.
const TRIES: usize = 32;
/// Rows that are looked at to see which bin is usual.
const SAMPLE: usize = 1024;
/// Features that are read at a time.
const TOGETHER: usize = 8;

/// A feature, its usual bin, and the rows that have another one.
#[derive(Debug)]
pub(super) struct Rare {
    pub feature: usize,
    pub usual: u8,
    pub rows: Vec<u32>,
    pub bins: Vec<u8>,
}

impl Rare {
    /// The codes that it needs.
    pub fn codes(&self, n_values: usize) -> usize {
        // Missing values have a bin of their own only where there are some.
        if self.bins.contains(&(n_values as u8)) { n_values } else { n_values - 1 }
    }
}

/// What is known of features that nearly always have the same bin.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    /// At least two features each, by the first feature of each; features within one in their order.
    pub bundles: Vec<Vec<Rare>>,
    /// Features of which fewer rows than asked for differ from the usual bin.
    pub dead: Vec<usize>,
}

/// Finds bundles, and features of which fewer than `least` rows differ from the usual bin.
pub(super) fn find(
    x: &AnyMatrix<'_>,
    rows: Option<&[u32]>,
    mapper: &Mapper,
    tables: &[Table<'_>],
    least: usize,
    ctl: &Control,
) -> Result<Bundles> {
    let n = rows.map_or(x.nrows(), <[u32]>::len);
    let usual = with_matrix!(x, x => match x {
        Matrix::Dense(x) => usual(x, rows, mapper),
        Matrix::Sparse(_) => Vec::new(),
    });
    if usual.is_empty() {
        return Ok(Bundles::default());
    }
    let found = threads::map_tiles(ctl, usual.len(), TOGETHER, |some| {
        with_matrix!(x, x => match x {
            Matrix::Dense(x) => rare(x, rows, n, &usual[some], tables),
            Matrix::Sparse(_) => Vec::new(),
        })
    })?;
    let (mut bundles, mut dead) = (Vec::<Bundle>::new(), Vec::new());
    for rare in found.into_iter().flatten() {
        if rare.rows.len() < least {
            dead.push(rare.feature);
            continue;
        }
        if mapper.features[rare.feature].n_bins() < 2 {
            continue;
        }
        let codes = rare.codes(mapper.features[rare.feature].n_bins());
        match bundles.iter_mut().take(TRIES).find(|bundle| bundle.takes(&rare, codes)) {
            Some(bundle) => bundle.push(rare, codes),
            None => {
                let mut bundle = Bundle { taken: vec![0; n.div_ceil(64)], codes: 1, rare: Vec::new() };
                bundle.push(rare, codes);
                bundles.push(bundle);
            }
        }
    }
    let bundles = bundles.into_iter().map(|bundle| bundle.rare).filter(|rare| rare.len() > 1).collect();
    Ok(Bundles { bundles, dead })
}

/// A bundle that grows: the rows in which a feature has another bin than the usual one, one bit each.
struct Bundle {
    taken: Vec<u64>,
    codes: usize,
    rare: Vec<Rare>,
}

impl Bundle {
    fn takes(&self, rare: &Rare, codes: usize) -> bool {
        self.codes + codes <= CODES && rare.rows.iter().all(|&row| self.taken[row as usize / 64] >> (row % 64) & 1 == 0)
    }

    fn push(&mut self, rare: Rare, codes: usize) {
        rare.rows.iter().for_each(|&row| self.taken[row as usize / 64] |= 1 << (row % 64));
        self.codes += codes;
        self.rare.push(rare);
    }
}

/// Features of few bins of which at least half of some rows have the same one, and that bin.
fn usual<F: Real>(x: &ArrayView2<'_, F>, rows: Option<&[u32]>, mapper: &Mapper) -> Vec<(usize, u8)> {
    let n = rows.map_or(x.nrows(), <[u32]>::len);
    let step = n.div_ceil(SAMPLE).max(1);
    let of = |(feature, bins): (usize, &FeatureBins)| {
        if bins.is_categorical() || bins.n_bins() > FEW {
            return None;
        }
        let mut counts = [0_usize; FEW + 1];
        let looked = (0..n).step_by(step).map(|i| rows.map_or(i, |rows| rows[i] as usize));
        looked.for_each(|row| counts[bins.bin(x[[row, feature]].widen()) as usize] += 1);
        let most = (0..=bins.n_bins()).rev().max_by_key(|&bin| counts[bin])?;
        let usual = most < bins.n_bins() && 2 * counts[most] >= counts.iter().sum();
        usual.then_some((feature, most as u8))
    };
    mapper.features.iter().enumerate().filter_map(of).collect()
}

/// The rows of some features that have another bin than the usual one; without features that have too many such.
fn rare<F: Real>(
    x: &ArrayView2<'_, F>,
    rows: Option<&[u32]>,
    n: usize,
    usual: &[(usize, u8)],
    tables: &[Table<'_>],
) -> Vec<Rare> {
    let new = |&(feature, usual): &(usize, u8)| Rare { feature, usual, rows: Vec::new(), bins: Vec::new() };
    let mut all: Vec<Rare> = usual.iter().map(new).collect();
    let (mut values, mut bins) = ([0.0; NEAR], [0_u8; NEAR]);
    let most = n - n / 3;
    for first in (0..n).step_by(NEAR) {
        let near: Range<usize> = first..n.min(first + NEAR);
        for rare in all.iter_mut().filter(|rare| rare.rows.len() <= most) {
            gather(x, rows, near.clone(), rare.feature, &mut values);
            tables[rare.feature].map(&values, 1, &mut bins[..near.len()]);
            for (row, &bin) in near.clone().zip(&bins) {
                if bin != rare.usual {
                    rare.rows.push(row as u32);
                    rare.bins.push(bin);
                }
            }
        }
    }
    all.retain(|rare| rare.rows.len() <= most);
    all
}
