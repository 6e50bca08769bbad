//! Ranks in bins, as boosting has them ([`crate::binning`]): what large nodes look at.

use super::columns::TIE;
use super::criterion::Criterion;
use super::narrow::with_narrow;
use super::ranks::Ranks;
use super::shared::Scratch;
use super::split::{Candidate, Found, Place, Search};
use crate::Result;
use crate::binning::{Binned, add_column, thresholds};
use ironlearn_linalg::{Control, threads};
use std::sync::Arc;

/// Ranks in bins of about as many rows each.
#[derive(Debug)]
pub struct Bins {
    binned: Binned,
    /// For each column the last rank of each bin.
    last: Arc<[Vec<u32>]>,
}

impl Bins {
    /// At most `most` bins a column (2 to 255).
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    pub fn new(ranks: &Ranks, most: usize, ctl: &Control) -> Result<Self> {
        let columns = threads::map(ctl, ranks.shape().1, |j| {
            let column = ranks.column(j);
            let distinct = ranks.values(j).len();
            let mut counts = vec![0.0; distinct + 1];
            with_narrow!(column, ranks => ranks.iter().for_each(|&rank| counts[rank as usize] += 1.0));
            let values = ranks.values(j);
            let mut last = last_ranks(values, &counts[..distinct], most);
            // No border between values that a split cannot tell apart.
            last.retain(|&rank| values.get(rank as usize + 1).is_none_or(|&next| next > values[rank as usize] + TIE));
            let mut of_rank = vec![0_u8; distinct + 1];
            let mut bin = 0;
            for rank in 0..distinct {
                of_rank[rank] = bin as u8;
                bin += usize::from(last[bin] as usize == rank);
            }
            of_rank[distinct] = last.len() as u8;
            let codes: Vec<u8> =
                with_narrow!(column, ranks => ranks.iter().map(|&rank| of_rank[rank as usize]).collect());
            ((codes, last.len()), last)
        })?;
        let (columns, last): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        Ok(Bins { binned: Binned::of_columns(columns), last: last.into() })
    }

    /// The bins of the given rows alone, in the room of others.
    pub fn of(&self, rows: &[u32], room: Option<Bins>) -> Self {
        Bins { binned: self.binned.of(rows, room.map(|room| room.binned)), last: Arc::clone(&self.last) }
    }

    /// The best split of `rows` among the borders of the bins of column `j`; `None` where all known values are in one bin,
    /// within which they may differ.
    pub fn best<C: Criterion>(
        &self,
        rows: &[u32],
        j: usize,
        search: &Search<'_, C>,
        scratch: &mut Scratch,
        scan: &mut C::Scan,
    ) -> Option<Found> {
        let (last, by_bin) = (&self.last[j], &mut scratch.by_bin);
        add_column(&self.binned, j, Some(rows), by_bin.start(last.len(), search.criterion));
        if by_bin.filled(0).count() < 2 {
            return None;
        }
        let best = by_bin.best(search, rows.len(), |_, _| true, scan).map(|(best, bin, next)| {
            // The next bin that has rows begins after the last rank of the one before it.
            Candidate { at: Place::Ranks(last[bin], next.map(|next| last[next - 1] + 1)), ..best }
        });
        Some(Found { constant: false, best })
    }
}

/// The last rank of each of at most `most` bins of values that occur so often: those of boosting, whose thresholds are
/// quantiles.
fn last_ranks(values: &[f32], counts: &[f64], most: usize) -> Vec<u32> {
    let mut wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
    let thresholds = thresholds(&mut wide, Some(counts), most);
    let ends = thresholds.iter().map(|&t| wide.partition_point(|&v| v <= t)).chain([wide.len()]);
    let mut last: Vec<u32> = ends.filter(|&end| end > 0).map(|end| end as u32 - 1).collect();
    last.dedup();
    last
}

#[cfg(test)]
mod tests {
    use super::super::Columns;
    use super::*;
    use crate::binning;
    use ndarray::Array2;

    #[test]
    fn bins_are_those_of_boosting() {
        let x = Array2::from_shape_fn((900, 3), |(i, j)| match (i * 37 + j * 11) % 96 {
            5 if j == 1 => f32::NAN,
            // A heavy value.
            v if j == 2 => v.max(40) as f32 - 3.5,
            v => (v as f32 * 0.3).exp(),
        });
        let ctl = Control::new();
        let ranks = Ranks::new(&Columns::F32(x.view()), &ctl).unwrap();
        for most in [2, 8, 64, 255] {
            let bins = Bins::new(&ranks, most, &ctl).unwrap();
            let rule = binning::Bins { max_bins: most, categorical: &[], subsample: usize::MAX, seed: 0 };
            let mapper = binning::Mapper::fit(&x.view().into(), None, None, &rule, &ctl).unwrap();
            let some: Vec<u32> = (0..900).filter(|i| i % 4 != 1).rev().collect();
            let of_some = bins.of(&some, Some(bins.of(&[3, 4], None)));
            for (j, feature) in mapper.features.iter().enumerate() {
                assert_eq!(bins.last[j].len(), feature.n_bins(), "{most} {j}");
                let bin = |row: usize| feature.bin(f64::from(x[[row, j]]));
                assert!((0..900).all(|row| bins.binned.bin(row, j) == bin(row)), "{most} {j}");
                assert!(some.iter().enumerate().all(|(i, &row)| of_some.binned.bin(i, j) == bin(row as usize)));
            }
        }
    }
}
