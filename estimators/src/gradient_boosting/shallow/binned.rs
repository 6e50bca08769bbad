//! X for shallow trees: each feature's sorted entries, cut into bins of neighbours, and the bin of each row.
//!
//! A bin begins where a value is larger than the one before by more than a tie, so that the border between two bins
//! is always a split. Sums over bins tell the gain of those splits exactly, and a bound for the splits inside.

use crate::Result;
use crate::binning;
use crate::tree::Columns;
use crate::tree::columns::TIE;
use crate::tree::criterion::row;
use crate::tree::order::{self, NEAR, NEW};
use ironlearn_linalg::{Control, threads};

/// The bins of a feature, at most.
pub const BINS: usize = 255;

/// X, sorted and binned.
#[derive(Debug)]
pub struct Binned {
    n: usize,
    p: usize,
    /// The values, by column.
    values: Vec<f32>,
    /// The sorted entries of each feature.
    lists: Vec<u32>,
    /// The bin of each row.
    codes: binning::Binned,
    /// For each feature where its bins begin in its list, and its end.
    starts: Vec<Vec<u32>>,
    /// For each feature and bin whether there may be a split inside.
    mixed: Vec<Vec<bool>>,
}

impl Binned {
    /// Sorts dense X without missing values and cuts it into bins.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn new(columns: &Columns<'_>, ctl: &Control) -> Result<Self> {
        let (n, p) = columns.shape();
        let Columns::Packed(values, _) = columns.packed() else { unreachable!("packed columns are packed") };
        let packed = Columns::Packed(values, (n, p));
        let lists = order::presort(&packed, &(0..n as u32).collect::<Vec<_>>(), ctl)?;
        let Columns::Packed(values, _) = packed else { unreachable!("packed columns are packed") };
        let cuts = threads::map(ctl, p, |j| cut(&lists[j * n..(j + 1) * n]))?;
        let codes = threads::map(ctl, p, |j| {
            let mut codes = vec![0; n];
            for (bin, ends) in cuts[j].0.windows(2).enumerate() {
                for &entry in &lists[j * n + ends[0] as usize..j * n + ends[1] as usize] {
                    codes[row(entry)] = bin as u8;
                }
            }
            (codes, cuts[j].1.len())
        })?;
        let codes = binning::Binned::of_columns(codes);
        let (starts, mixed) = cuts.into_iter().unzip();
        Ok(Binned { n, p, values, lists, codes, starts, mixed })
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.n, self.p)
    }

    /// The largest number of bins of a feature, one for missing values among them, which is empty here.
    pub fn width(&self) -> usize {
        self.mixed.iter().map(|bins| bins.len() + 1).max().unwrap_or(0)
    }

    /// The number of bins of a feature.
    pub fn bins(&self, feature: usize) -> usize {
        self.mixed[feature].len()
    }

    /// The values of a feature.
    pub fn column(&self, feature: usize) -> &[f32] {
        &self.values[feature * self.n..(feature + 1) * self.n]
    }

    /// The bin of each row.
    pub fn codes(&self) -> &binning::Binned {
        &self.codes
    }

    /// The sorted entries of some bins of a feature.
    pub fn entries(&self, feature: usize, bins: std::ops::Range<usize>) -> &[u32] {
        let starts = &self.starts[feature];
        &self.lists[feature * self.n..][starts[bins.start] as usize..starts[bins.end] as usize]
    }

    /// Whether there may be splits inside a bin.
    pub fn mixed(&self, feature: usize) -> &[bool] {
        &self.mixed[feature]
    }

    /// Whether a split separates `entry`, passed with the flags of those since, from a value before it.
    pub fn larger(flags: u32, value: f32, before: f32) -> bool {
        flags & NEW != 0 || (flags & NEAR != 0 && value > before + TIE)
    }
}

/// Where the bins of a sorted list begin (and its end), and whether there may be splits inside.
fn cut(list: &[u32]) -> (Vec<u32>, Vec<bool>) {
    let n = list.len();
    let groups = 1 + list.iter().skip(1).filter(|&&entry| entry & NEW != 0).count();
    // Every group of ties is a bin, or as many neighbours as make one of `BINS` equal parts.
    let part = if groups <= BINS { 1 } else { n.div_ceil(BINS - 1) };
    let mut starts = vec![0];
    let mut mixed = Vec::new();
    let mut inside = false;
    for (at, &entry) in list.iter().enumerate().skip(1) {
        let begun = starts[starts.len() - 1] as usize;
        if entry & NEW != 0 && at - begun >= part {
            starts.push(at as u32);
            mixed.push(inside);
            inside = false;
        } else {
            inside |= entry & (NEW | NEAR) != 0;
        }
    }
    starts.push(n as u32);
    mixed.push(inside);
    (starts, mixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn bins_follow_the_order_and_keep_ties_together() {
        let x = Array2::from_shape_fn((5000, 2), |(i, j)| match j {
            0 => (i * 7919 % 5000) as f64,
            _ => (i % 13) as f64,
        });
        let x = crate::AnyMatrix::from(x.view());
        let binned = Binned::new(&Columns::new(&x).unwrap(), &Control::new()).unwrap();
        assert!(binned.bins(0) > 200 && binned.bins(0) <= BINS && binned.bins(1) == 13);
        assert!(binned.mixed(1).iter().all(|&mixed| !mixed) && binned.mixed(0).iter().all(|&mixed| mixed));
        for j in 0..2 {
            let bin = |row: usize| binned.codes().bin(row, j);
            let mut sorted: Vec<_> = binned.column(j).iter().enumerate().map(|(i, &v)| (v, bin(i))).collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(sorted.windows(2).all(|w| w[0].1 <= w[1].1 && (w[0].0 < w[1].0 || w[0].1 == w[1].1)));
        }
    }
}
