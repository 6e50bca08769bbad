//! The nodes of a tree as they lie in memory, and steps from one to the next.

use super::Number;
use ironlearn_linalg::Real;

/// Rows, or trees, that walk together.
pub(crate) const TOGETHER: usize = 8;

/// A node: 8 bytes where thresholds are `f32` and links short.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step<T, L> {
    pub threshold: T,
    /// The left child, whose sibling follows it, above `BITS` bits: the feature, and below it a bit that says that missing
    /// values go right. So these bits are a place in a row that holds every value twice.
    pub link: L,
}

/// The nodes of a tree.
#[derive(Debug, Clone)]
pub(super) struct Links<T, L, const BITS: u32> {
    pub steps: Vec<Step<T, L>>,
}

/// How wide a link is.
pub(super) trait Link: Copy + Default + Into<u64> + TryFrom<u64> {}

impl Link for u32 {}
impl Link for u64 {}

impl<T: Number, L: Link, const BITS: u32> Links<T, L, BITS> {
    /// The threshold of a step, its place in a row that holds every value twice, and its left child.
    #[inline(always)]
    fn read(&self, at: u32) -> (T, usize, u32) {
        let Step { threshold, link } = self.steps[at as usize];
        let link: u64 = link.into();
        (threshold, (link & ((1 << BITS) - 1)) as usize, (link >> BITS) as u32)
    }

    /// Where a row goes from a step. Without `MISSING`, a row without missing values.
    #[inline(always)]
    pub fn next<const MISSING: bool, F: Real>(&self, at: u32, row: &[F]) -> u32 {
        let (threshold, place, left) = self.read(at);
        let value = T::narrow(row[place >> 1].widen());
        // Without a branch: which way a row goes cannot be guessed. NaN is at most nothing; a leaf's NaN sends missing values
        // right too.
        let mut right = u32::from(!(value <= threshold));
        if MISSING {
            right &= u32::from(value <= threshold || value > threshold) | place as u32;
        }
        left + right
    }

    /// Where a row goes that holds every value twice.
    #[inline(always)]
    fn next_of_twice(&self, at: u32, row: &[T]) -> u32 {
        let (threshold, place, left) = self.read(at);
        left + u32::from(!(row[place] <= threshold))
    }

    /// The steps at which rows of `width` numbers arrive, as many as `out` has room for.
    #[inline(always)]
    pub fn ends<const MISSING: bool, F: Real>(&self, rows: &[F], width: usize, out: &mut [u32]) {
        ends(rows, width, out, |at, row| self.next::<MISSING, F>(at, row));
    }

    /// The same for rows of `width` numbers that hold every value twice.
    #[inline(always)]
    pub fn ends_of_twice(&self, rows: &[T], width: usize, out: &mut [u32]) {
        ends(rows, width, out, |at, row| self.next_of_twice(at, row));
    }

    /// The step at which one row arrives.
    #[inline(always)]
    pub fn end<F: Real>(&self, row: &[F]) -> u32 {
        alone(|at| self.next::<true, F>(at, row))
    }

    /// The node of a leaf; `nodes` where that does not fit into it.
    #[inline(always)]
    pub fn name(&self, nodes: &[u32], at: u32) -> u32 {
        match nodes.get(at as usize) {
            Some(&node) => node,
            None => self.steps[at as usize].threshold.node(),
        }
    }
}

#[inline(always)]
fn ends<V>(rows: &[V], width: usize, out: &mut [u32], next: impl Fn(u32, &[V]) -> u32) {
    let (groups, rest) = out.as_chunks_mut::<TOGETHER>();
    let (rows, last) = rows.split_at(groups.len() * TOGETHER * width);
    for (rows, out) in rows.chunks_exact(TOGETHER * width).zip(groups) {
        let rows: [&[V]; TOGETHER] = std::array::from_fn(|j| &rows[j * width..(j + 1) * width]);
        *out = together(|j, at| next(at, rows[j]));
    }
    for (row, out) in last.chunks_exact(width).zip(rest) {
        *out = alone(|at| next(at, row));
    }
}

/// Walks from the root until it stands.
#[inline(always)]
fn alone(next: impl Fn(u32) -> u32) -> u32 {
    let mut at = 1;
    loop {
        let to = next(at);
        if to == at {
            return at;
        }
        at = to;
    }
}

/// Walks from the root in each place until all stand.
#[inline(always)]
pub(super) fn together(next: impl Fn(usize, u32) -> u32) -> [u32; TOGETHER] {
    let mut at = [1_u32; TOGETHER];
    loop {
        let mut moved = 0;
        for j in 0..TOGETHER {
            let to = next(j, at[j]);
            moved |= to ^ at[j];
            at[j] = to;
        }
        if moved == 0 {
            return at;
        }
    }
}
