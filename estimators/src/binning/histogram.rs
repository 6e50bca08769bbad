//! Sums of channels by bin: the inner loop of boosting and of forests on histograms.
//!
//! A channel is an integer of a row: a gradient in fixed point, a count, a class. Integer sums are exact: any order,
//! any number of threads and any split into blocks give the same bits, and a node less one child is the other child.

use super::matrix::{Binned, Group, LANES};

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

/// Adds the channels of some rows to the bins of one group's columns: `hist` are the bins of the group
/// ([`Binned::bins_of_group`]). `rows` are the rows of `kept`, in their order; `None`: the first ones of X.
///
/// # Panics
/// Where `hist` has another length, or `rows` are fewer than `kept`, or beyond those of `binned`.
pub fn add_rows<R: Row<C>, const C: usize>(
    binned: &Binned,
    group: &Group,
    rows: Option<&[u32]>,
    kept: &[R],
    hist: &mut [Channels<C>],
) {
    let bins = binned.bins_of_group(group);
    assert_eq!(hist.len(), bins.len());
    let mut starts = [0; LANES];
    for (start, column) in starts.iter_mut().zip(group.columns.clone()) {
        *start = binned.bins_of_column(column).start - bins.start;
    }
    let n = binned.n_rows();
    match rows {
        Some(rows) => {
            assert!(rows.len() >= kept.len());
            assert!(rows.iter().all(|&row| (row as usize) < n));
        }
        None => assert!(kept.len() <= n),
    }
    macro_rules! by_lanes {
        ($($lanes:literal)*) => {
            match (group.stride(), rows) {
                $(
                    // SAFETY: the rows are below n, as was just asserted; the bins of `starts` are those of this group
                    // in `hist`, whose length is right; every code of a `Binned` is below its column's number of codes.
                    ($lanes, None) => unsafe {
                        add::<R, C, $lanes, false>(&group.codes, |i| i, kept, &starts, hist)
                    },
                    ($lanes, Some(rows)) if kept.len() > n / FAR => unsafe {
                        let row = |i: usize| *rows.get_unchecked(i) as usize;
                        add::<R, C, $lanes, false>(&group.codes, row, kept, &starts, hist)
                    },
                    ($lanes, Some(rows)) => unsafe {
                        let row = |i: usize| *rows.get_unchecked(i) as usize;
                        add::<R, C, $lanes, true>(&group.codes, row, kept, &starts, hist)
                    },
                )*
                _ => unreachable!("a group has at most {LANES} features"),
            }
        };
    }
    by_lanes!(1 2 3 4 5 6 7 8);
}

/// Where fewer rows than one in this many are picked, the next ones are fetched ahead: each lies in a line of its own.
const FAR: usize = 16;
/// How many rows ahead.
const AHEAD: usize = 16;

/// The kernel: eight bytes are the bins of a row; each picks the place to which the row's channels are added.
///
/// # Safety
/// `row(i)` is below the number of rows of `codes` for each `i` below the length of `kept`, and every
/// `starts[lane]` plus a code of that lane is below the length of `hist`.
#[inline(always)]
unsafe fn add<R: Row<C>, const C: usize, const L: usize, const APART: bool>(
    codes: &[u8],
    row: impl Fn(usize) -> usize,
    kept: &[R],
    starts: &[usize; LANES],
    hist: &mut [Channels<C>],
) {
    let last = kept.len().wrapping_sub(1);
    for (i, kept) in kept.iter().enumerate() {
        let channels = kept.channels();
        #[cfg(target_arch = "x86_64")]
        if APART {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a row of `codes`, which is only fetched.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(codes.as_ptr().add(row((i + AHEAD).min(last)) * L).cast()) };
        }
        // SAFETY: `codes` has LANES bytes after the last row, and the caller vouches for the row.
        let word = unsafe { codes.as_ptr().add(row(i) * L).cast::<u64>().read_unaligned() }.to_le();
        for lane in 0..L {
            let code = (word >> (8 * lane)) as u8;
            // SAFETY: the caller vouches for the place.
            let sums = unsafe { hist.get_unchecked_mut(starts[lane] + code as usize) };
            for c in 0..C {
                sums[c] += channels[c];
            }
        }
    }
}
