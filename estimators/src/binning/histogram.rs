//! Sums by bin: the inner loop of boosting and of forests on histograms.
//!
//! One kernel walks over the codes of rows; what a row adds to the bins that it falls into is [`Sums`]. Boosting adds
//! channels, integers of a row: a gradient in fixed point, a hessian, a count ([`add_rows`]). Such sums are exact: any order,
//! any number of threads and any split into blocks give the same bits, and a node less one child is the other child. A forest
//! adds what its criterion sums, in `f64`, in the order of the rows.

use super::matrix::{Binned, Group, LANES, place};

/// What a row adds to the bin that it falls into.
pub type Channels<const C: usize> = [i64; C];

/// What is kept of a row: its channels, or what they follow from.
pub trait Row<const C: usize>: Copy + Send + Sync {
    /// What a row without channels has.
    const NONE: Self;
    /// The channels.
    fn channels(self) -> Channels<C>;
}

impl<const C: usize> Row<C> for Channels<C> {
    const NONE: Self = [0; C];

    #[inline(always)]
    fn channels(self) -> Channels<C> {
        self
    }
}

/// The first channel alone; the second one counts rows.
impl Row<2> for i64 {
    const NONE: Self = 0;

    #[inline(always)]
    fn channels(self) -> Channels<2> {
        [self, 1]
    }
}

/// The sums of each code, column after column ([`Binned::bins_of_column`]).
pub type Histogram<const C: usize> = Vec<Channels<C>>;

/// `out[i] = all[rows[i]]`: what is kept of a node's rows, one after the other.
pub fn gather<R: Copy>(all: &[R], rows: &[u32], out: &mut [R]) {
    for (out, &row) in out.iter_mut().zip(rows) {
        *out = all[row as usize];
    }
}

/// The histogram of the sibling: what is left of the parent's.
pub fn subtract<const C: usize>(parent: &mut [Channels<C>], child: &[Channels<C>]) {
    for (parent, child) in parent.iter_mut().zip(child) {
        for c in 0..C {
            parent[c] -= child[c];
        }
    }
}

/// What rows add to the bins that they fall into, and the bins.
pub trait Sums {
    /// What is read of a row, once for all columns of a group.
    type Item: Copy;

    /// The number of bins.
    fn n_bins(&self) -> usize;

    /// What is to be added of the `i`-th row, which is number `row` of X.
    fn item(&self, i: usize, row: usize) -> Self::Item;

    /// Adds it to a bin.
    ///
    /// # Safety
    /// `bin` is below a number that [`Sums::n_bins`] has returned.
    unsafe fn add(&mut self, item: Self::Item, bin: usize);
}

/// Sums of channels: what is kept of the rows, in their order, and the bins.
struct Integers<'a, R, const C: usize>(&'a [R], &'a mut [Channels<C>]);

impl<R: Row<C>, const C: usize> Sums for Integers<'_, R, C> {
    type Item = Channels<C>;

    #[inline(always)]
    fn n_bins(&self) -> usize {
        self.1.len()
    }

    #[inline(always)]
    fn item(&self, i: usize, _: usize) -> Channels<C> {
        self.0[i].channels()
    }

    #[inline(always)]
    unsafe fn add(&mut self, channels: Channels<C>, bin: usize) {
        // SAFETY: the caller vouches for the bin; there are always as many.
        let sums = unsafe { self.1.get_unchecked_mut(bin) };
        for c in 0..C {
            sums[c] += channels[c];
        }
    }
}

/// Adds the channels of some rows to the bins of one group's columns: `hist` are the bins of the group
/// ([`Binned::bins_of_group`]). `rows` are the rows of `kept`, in their order; `None`: all rows of X.
///
/// # Panics
/// Where the group is not one of `binned`, `hist` has another length, `rows` are not as many as `kept`, or one of them is
/// not there.
pub fn add_rows<R: Row<C>, const C: usize>(
    binned: &Binned,
    group: &Group,
    rows: Option<&[u32]>,
    kept: &[R],
    hist: &mut [Channels<C>],
) {
    assert!(std::ptr::eq(place(binned.groups(), group.columns.start).0, group));
    let bins = binned.bins_of_group(group);
    assert_eq!(hist.len(), bins.len());
    let mut starts = [0; LANES];
    for (start, column) in starts.iter_mut().zip(group.columns.clone()) {
        *start = binned.bins_of_column(column).start - bins.start;
    }
    let n = binned.n_rows();
    assert_eq!(kept.len(), rows.map_or(n, <[u32]>::len));
    // Written so that it goes by vectors: it is a pass over all rows.
    let last = rows.map_or(0, |rows| rows.iter().fold(0, |last, &row| last.max(row)));
    assert!(kept.is_empty() || (last as usize) < n);
    macro_rules! by_lanes {
        ($($lanes:literal)*) => {
            match (group.stride(), rows) {
                $(
                    // SAFETY: the rows are below n and as many as are added, as was just asserted; the bins of `starts` are
                    // those of this group in `hist`, whose length is right; every code of a `Binned` is below its column's
                    // number of codes.
                    ($lanes, None) => unsafe {
                        add::<_, $lanes, false>(&group.codes, kept.len(), |i| i, &starts, Integers(kept, hist))
                    },
                    ($lanes, Some(rows)) if kept.len() > n / FAR => unsafe {
                        let row = |i: usize| *rows.get_unchecked(i) as usize;
                        add::<_, $lanes, false>(&group.codes, kept.len(), row, &starts, Integers(kept, hist))
                    },
                    ($lanes, Some(rows)) => unsafe {
                        let row = |i: usize| *rows.get_unchecked(i) as usize;
                        add::<_, $lanes, true>(&group.codes, kept.len(), row, &starts, Integers(kept, hist))
                    },
                )*
                _ => unreachable!("a group has at most {LANES} columns"),
            }
        };
    }
    by_lanes!(1 2 3 4 5 6 7 8);
}

/// Adds `rows` (all where `None`), in their order, to the bins of one column, which is a group ([`Binned::of_columns`]). `sums` has the bins of
/// the column ([`Binned::bins_of_column`]).
///
/// Part of its caller: what is borrowed there, and cannot change meanwhile, is read once.
///
/// # Panics
/// Where the column shares its group, `sums` has another number of bins, or one of the rows is not there.
#[inline(always)]
pub fn add_column<S: Sums>(binned: &Binned, column: usize, rows: Option<&[u32]>, sums: S) {
    let (group, n) = (place(binned.groups(), column).0, binned.n_rows());
    assert_eq!((group.stride(), sums.n_bins()), (1, binned.bins_of_column(column).len()));
    let Some(rows) = rows else {
        // SAFETY: all n rows are there, and as many bins as the column has codes.
        return unsafe { add::<S, 1, false>(&group.codes, n, |i| i, &[0; LANES], sums) };
    };
    // Looked at one by one: a look at all beforehand would take as long as a tenth of the rest.
    let row = |i: usize| {
        let row = rows[i] as usize;
        assert!(row < n);
        row
    };
    // SAFETY: the rows are below n, as each asserts; there are as many bins as the column has codes.
    unsafe { add::<S, 1, false>(&group.codes, rows.len(), row, &[0; LANES], sums) }
}

/// Where fewer rows than one in this many are picked, the next ones are fetched ahead: each lies in a line of its own.
const FAR: usize = 16;
/// How many rows ahead.
const AHEAD: usize = 16;

/// The kernel: up to eight bytes are the codes of a row; each picks the bin to which the row is added.
///
/// # Safety
/// For each `i` below `n`, `row(i)` is below the number of rows of `codes`, which are the bytes of a group of `L` columns, and
/// every `starts[lane]` plus a code of that lane is below the number of bins of `sums`.
#[inline(always)]
unsafe fn add<S: Sums, const L: usize, const APART: bool>(
    codes: &[u8],
    n: usize,
    row: impl Fn(usize) -> usize,
    starts: &[usize; LANES],
    mut sums: S,
) {
    for i in 0..n {
        let at = row(i);
        let item = sums.item(i, at);
        #[cfg(target_arch = "x86_64")]
        if APART {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let next = row((i + AHEAD).min(n - 1));
            // SAFETY: a row of `codes`, which is only fetched.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(codes.as_ptr().add(next * L).cast()) };
        }
        // SAFETY: `codes` has LANES bytes after the last row, and the caller vouches for the row.
        let word = unsafe { codes.as_ptr().add(at * L).cast::<u64>().read_unaligned() }.to_le();
        for lane in 0..L {
            let code = (word >> (8 * lane)) as u8;
            // SAFETY: the caller vouches for the bin.
            unsafe { sums.add(item, starts[lane] + code as usize) };
        }
    }
}
