//! Compressed sparse matrices, borrowed from whoever owns them.

use crate::host::row_step::RowStep;
use crate::{Error, Real, Result};

/// Index arrays as they come: scipy and sprs use `i32` or `i64`, sprs also `usize`. None of them is copied.
#[derive(Debug, Clone, Copy)]
pub enum Indices<'a> {
    /// 32-bit indices.
    I32(&'a [i32]),
    /// 64-bit indices.
    I64(&'a [i64]),
    /// Native indices.
    Usize(&'a [usize]),
}

impl Indices<'_> {
    /// The number of entries.
    pub fn len(&self) -> usize {
        match self {
            Indices::I32(s) => s.len(),
            Indices::I64(s) => s.len(),
            Indices::Usize(s) => s.len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entry `i`. Entries are checked to be non-negative by [`Compressed::new`].
    #[inline]
    pub fn get(&self, i: usize) -> usize {
        match self {
            Indices::I32(s) => s[i] as usize,
            Indices::I64(s) => s[i] as usize,
            Indices::Usize(s) => s[i],
        }
    }

    fn all(&self, mut holds: impl FnMut(i64) -> bool) -> bool {
        match self {
            Indices::I32(s) => s.iter().all(|&i| holds(i64::from(i))),
            Indices::I64(s) => s.iter().all(|&i| holds(i)),
            Indices::Usize(s) => s.iter().all(|&i| holds(i as i64)),
        }
    }

    /// Whether all are in `0..end`: a negative one counts as large. By the largest of each chunk, which takes no branch.
    fn all_below(&self, end: usize) -> bool {
        match self {
            Indices::I32(s) => {
                // A matrix may be wider than such an index can say: -1 must not pass for 2^32 - 1.
                let end = end.min(1 << 31);
                s.chunks(4096).all(|c| (c.iter().fold(0, |most: u32, &i| most.max(i as u32)) as usize) < end)
            }
            Indices::I64(s) => {
                s.chunks(4096).all(|c| (c.iter().fold(0, |most: u64, &i| most.max(i as u64)) as usize) < end)
            }
            Indices::Usize(s) => s.chunks(4096).all(|c| c.iter().fold(0, |most: usize, &i| most.max(i)) < end),
        }
    }
}

/// Which dimension is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// By row: CSR.
    Row,
    /// By column: CSC.
    Column,
}

/// A CSR or CSC matrix. Duplicate entries add up, as in scipy; indices inside a row need not be sorted.
#[derive(Debug, Clone, Copy)]
pub struct Compressed<'a, F> {
    layout: Layout,
    shape: (usize, usize),
    indptr: Indices<'a>,
    /// The first offset: a slice of an sprs matrix does not start at 0.
    base: usize,
    indices: Indices<'a>,
    data: &'a [F],
}

impl<'a, F: Real> Compressed<'a, F> {
    /// Checks that the three arrays describe a matrix of `shape`, in O(stored entries).
    ///
    /// # Errors
    /// [`Error::Shape`] where lengths, offsets or indices do not fit.
    pub fn new(
        layout: Layout,
        shape: (usize, usize),
        indptr: Indices<'a>,
        indices: Indices<'a>,
        data: &'a [F],
    ) -> Result<Self> {
        let (major, minor) = match layout {
            Layout::Row => shape,
            Layout::Column => (shape.1, shape.0),
        };
        let bad = |what: String| Err(Error::Shape(format!("not a sparse matrix: {what}")));
        if indptr.len() != major + 1 {
            return bad(format!("{} offsets for {major} slices", indptr.len()));
        }
        if indices.len() != data.len() {
            return bad(format!("{} indices for {} values", indices.len(), data.len()));
        }
        let mut last = 0_i64;
        let rising = indptr.all(|offset| {
            let rises = offset >= last;
            last = offset;
            rises
        });
        let base = indptr.get(0);
        if !rising || indptr.get(major) - base > data.len() {
            return bad("offsets must rise, to at most the number of values".into());
        }
        if !indices.all_below(minor) {
            return bad(format!("an index is outside 0..{minor}"));
        }
        Ok(Compressed { layout, shape, indptr, base, indices, data })
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Which dimension is compressed.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The stored values.
    pub fn data(&self) -> &'a [F] {
        &self.data[..self.indptr.get(self.indptr.len() - 1) - self.base]
    }

    /// Asks for slice `major`, which will be wanted soon.
    #[inline]
    pub fn prefetch(&self, major: usize) {
        let range = self.indptr.get(major) - self.base..self.indptr.get(major + 1) - self.base;
        RowStep::prefetch(&self.data[range.clone()]);
        match self.indices {
            Indices::I32(s) => RowStep::prefetch(&s[range]),
            Indices::I64(s) => RowStep::prefetch(&s[range]),
            Indices::Usize(s) => RowStep::prefetch(&s[range]),
        }
    }

    /// Calls `entry(index, value)` for each stored entry of slice `major` (a row of CSR, a column of CSC), in order.
    #[inline]
    pub fn for_slice(&self, major: usize, mut entry: impl FnMut(usize, F)) {
        let range = self.indptr.get(major) - self.base..self.indptr.get(major + 1) - self.base;
        let values = &self.data[range.clone()];
        match self.indices {
            Indices::I32(s) => s[range].iter().zip(values).for_each(|(&i, &v)| entry(i as usize, v)),
            Indices::I64(s) => s[range].iter().zip(values).for_each(|(&i, &v)| entry(i as usize, v)),
            Indices::Usize(s) => s[range].iter().zip(values).for_each(|(&i, &v)| entry(i, v)),
        }
    }
}

/// A matrix's own form by row or by column, where it does not lie so already; see [`Compressed::by_row`].
#[derive(Debug, Clone)]
pub struct Arranged<F> {
    layout: Layout,
    copy: Option<(Vec<usize>, Vec<usize>, Vec<F>)>,
}

impl<F: Real> Arranged<F> {
    /// The matrix in this form: `of`, whose form this is, or the copy.
    pub fn view<'a>(&'a self, of: &Compressed<'a, F>) -> Compressed<'a, F> {
        match &self.copy {
            None => *of,
            Some((indptr, indices, data)) => Compressed {
                layout: self.layout,
                shape: of.shape,
                indptr: Indices::Usize(indptr),
                base: 0,
                indices: Indices::Usize(indices),
                data,
            },
        }
    }
}

impl<F: Real> Compressed<'_, F> {
    /// CSR without duplicate entries: a copy of CSC, and of CSR with duplicates; otherwise nothing is copied.
    pub fn by_row(&self) -> Arranged<F> {
        self.arranged(Layout::Row)
    }

    /// CSC without duplicate entries, likewise.
    pub fn by_column(&self) -> Arranged<F> {
        self.arranged(Layout::Column)
    }

    fn arranged(&self, layout: Layout) -> Arranged<F> {
        let (n, p) = self.shape;
        let (major, minor) = if layout == Layout::Row { (n, p) } else { (p, n) };
        if self.layout == layout {
            let (mut seen, mut twice) = (vec![usize::MAX; minor], false);
            for i in 0..major {
                self.for_slice(i, |j, _| twice |= std::mem::replace(&mut seen[j], i) == i);
            }
            if !twice {
                return Arranged { layout, copy: None };
            }
        }
        let mut slices: Vec<Vec<(usize, F)>> = vec![Vec::new(); major];
        for own in 0..if self.layout == Layout::Row { n } else { p } {
            self.for_slice(own, |other, v| {
                let (i, j) = if self.layout == layout { (own, other) } else { (other, own) };
                slices[i].push((j, v));
            });
        }
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for mut slice in slices {
            slice.sort_by_key(|&(j, _)| j);
            slice.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 += next.1;
                }
                same
            });
            indices.extend(slice.iter().map(|&(j, _)| j));
            data.extend(slice.iter().map(|&(_, v)| v));
            indptr.push(indices.len());
        }
        Arranged { layout, copy: Some((indptr, indices, data)) }
    }
}

/// A compressed matrix that owns its arrays; see [`Compressed::other_layout`].
#[derive(Debug, Clone)]
pub struct Turned<F> {
    layout: Layout,
    shape: (usize, usize),
    indptr: Vec<usize>,
    indices: Vec<usize>,
    data: Vec<F>,
}

impl<F: Real> Turned<F> {
    /// The matrix.
    pub fn view(&self) -> Compressed<'_, F> {
        let (indptr, indices) = (Indices::Usize(&self.indptr), Indices::Usize(&self.indices));
        Compressed { layout: self.layout, shape: self.shape, indptr, base: 0, indices, data: &self.data }
    }
}

impl<F: Real> Compressed<'_, F> {
    /// A copy of the same entries in the other layout; the indices of each of its slices rise. Entries that come in
    /// parts stay so.
    pub fn other_layout(&self) -> Turned<F> {
        let (n, p) = self.shape;
        let (layout, majors, minors) = match self.layout {
            Layout::Row => (Layout::Column, n, p),
            Layout::Column => (Layout::Row, p, n),
        };
        let mut indptr = vec![0; minors + 1];
        (0..majors).for_each(|major| self.for_slice(major, |minor, _| indptr[minor + 1] += 1));
        (0..minors).for_each(|minor| indptr[minor + 1] += indptr[minor]);
        let mut place = indptr.clone();
        let stored = indptr[minors];
        let (mut indices, mut data) = (vec![0; stored], vec![F::zero(); stored]);
        for major in 0..majors {
            self.for_slice(major, |minor, v| {
                indices[place[minor]] = major;
                data[place[minor]] = v;
                place[minor] += 1;
            });
        }
        Turned { layout, shape: self.shape, indptr, indices, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_indices_are_refused_whatever_the_width() {
        for cols in [3, 1 << 31, 1 << 40] {
            let of = |indices| Compressed::new(Layout::Row, (1, cols), Indices::I64(&[0, 1]), indices, &[1.0]).is_ok();
            assert!(of(Indices::I32(&[2])) && of(Indices::I64(&[2])), "{cols}");
            assert!(!of(Indices::I32(&[-1])) && !of(Indices::I32(&[i32::MIN])) && !of(Indices::I64(&[-1])), "{cols}");
        }
    }
}
