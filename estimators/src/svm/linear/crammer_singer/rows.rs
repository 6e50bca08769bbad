//! What the descent asks of the rows of X: products with the coefficients of some classes, and multiples of a row added
//! to them.

use crate::svm::linear::lines::{Few, Full, Lines};
use ironlearn_linalg::{Compressed, Real};

/// Rows of X, beside coefficients that lie as suits them.
pub trait Rows: Sync {
    /// `‖xᵢ‖²`.
    fn square(&self, i: usize) -> f64;

    /// Adds `xᵢ·w_c` to `out` for each of these classes.
    fn products(&self, i: usize, classes: &[u32], w: &[f64], out: &mut [f64]);

    /// `w_c += by_c·xᵢ` for each of these classes.
    fn add(&self, i: usize, classes: &[u32], by: &[f64], w: &mut [f64]);

    /// The number of coefficients, with what is left free between them.
    fn size(&self, columns: usize) -> usize;

    /// Where a coefficient is.
    fn place(&self, column: usize, class: usize) -> usize;
}

/// Rows with every column: class by class, so that a product runs along memory.
pub struct Columns<'a, F: Real> {
    rows: Full<'a, F>,
    columns: usize,
    classes: usize,
}

impl<'a, F: Real> Columns<'a, F> {
    /// Rows of so many columns, for so many classes.
    pub fn new(rows: Full<'a, F>, columns: usize, classes: usize) -> Self {
        Columns { rows, columns, classes }
    }

    fn range(&self, class: u32) -> std::ops::Range<usize> {
        class as usize * self.columns..(class as usize + 1) * self.columns
    }
}

impl<F: Real> Rows for Columns<'_, F> {
    fn square(&self, i: usize) -> f64 {
        self.rows.square(i)
    }

    fn products(&self, i: usize, classes: &[u32], w: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(classes).for_each(|(o, &c)| *o += self.rows.dot(i, &w[self.range(c)]));
    }

    fn add(&self, i: usize, classes: &[u32], by: &[f64], w: &mut [f64]) {
        for (&c, &by) in classes.iter().zip(by).filter(|(_, by)| **by != 0.0) {
            self.rows.add(i, by, &mut w[self.range(c)]);
        }
    }

    fn size(&self, columns: usize) -> usize {
        columns * self.classes
    }

    fn place(&self, column: usize, class: usize) -> usize {
        class * self.columns + column
    }
}

/// Rows of which some entries are stored.
pub trait Entries: Sync {
    /// Calls `entry` with each column that row `i` stores, and its value.
    fn each(&self, i: usize, entry: impl FnMut(usize, f64));
}

impl<F: Real> Entries for Compressed<'_, F> {
    #[inline]
    fn each(&self, i: usize, mut entry: impl FnMut(usize, f64)) {
        self.for_slice(i, |j, v| entry(j, v.widen()));
    }
}

impl<F: Real> Entries for Few<F> {
    #[inline]
    fn each(&self, i: usize, mut entry: impl FnMut(usize, f64)) {
        let (columns, values) = self.row(i);
        columns.iter().zip(values).for_each(|(&j, v)| entry(j as usize, v.widen()));
    }
}

/// Classes that an entry meets at once.
const LANES: usize = 4;

/// Rows of which some entries are stored: column by column, so that an entry meets all classes in one place.
pub struct Listed<E> {
    entries: E,
    /// Numbers from one column's coefficients to the next one's.
    stride: usize,
}

impl<E: Entries> Listed<E> {
    /// Rows for so many classes.
    pub fn new(entries: E, classes: usize) -> Self {
        Listed { entries, stride: classes.next_multiple_of(LANES) }
    }

    /// The products of `LANES·B` classes from this one on.
    #[inline]
    fn block<const B: usize>(&self, i: usize, first: usize, w: &[f64]) -> [[f64; LANES]; B] {
        let mut sums = [[0.0; LANES]; B];
        self.entries.each(i, |j, v| {
            let w = &w[j * self.stride + first..][..LANES * B];
            for (sums, w) in sums.iter_mut().zip(w.as_chunks::<LANES>().0) {
                for l in 0..LANES {
                    sums[l] += v * w[l];
                }
            }
        });
        sums
    }
}

impl<E: Entries> Rows for Listed<E> {
    fn square(&self, i: usize) -> f64 {
        let mut sum = 0.0;
        self.entries.each(i, |_, v| sum += v * v);
        sum
    }

    fn products(&self, i: usize, classes: &[u32], w: &[f64], out: &mut [f64]) {
        match *classes {
            [a, b] => {
                let (a, b, mut sums) = (a as usize, b as usize, [0.0; 2]);
                self.entries.each(i, |j, v| {
                    sums[0] += v * w[j * self.stride + a];
                    sums[1] += v * w[j * self.stride + b];
                });
                out[0] += sums[0];
                out[1] += sums[1];
            }
            [a, b, c] => {
                let (a, b, c, mut sums) = (a as usize, b as usize, c as usize, [0.0; 3]);
                self.entries.each(i, |j, v| {
                    let w = &w[j * self.stride..(j + 1) * self.stride];
                    sums[0] += v * w[a];
                    sums[1] += v * w[b];
                    sums[2] += v * w[c];
                });
                out.iter_mut().zip(sums).for_each(|(o, s)| *o += s);
            }
            _ if 3 * classes.len() < self.stride => {
                self.entries.each(i, |j, v| {
                    let w = &w[j * self.stride..(j + 1) * self.stride];
                    out.iter_mut().zip(classes).for_each(|(o, &c)| *o += v * w[c as usize]);
                });
            }
            _ => {
                // In blocks of classes, whose sums stay in registers.
                let mut first = 0;
                while first < self.stride {
                    let mut sums = [0.0; 4 * LANES];
                    let blocks = ((self.stride - first) / LANES).min(4);
                    match blocks {
                        4 => sums.copy_from_slice(self.block::<4>(i, first, w).as_flattened()),
                        3 => sums[..3 * LANES].copy_from_slice(self.block::<3>(i, first, w).as_flattened()),
                        2 => sums[..2 * LANES].copy_from_slice(self.block::<2>(i, first, w).as_flattened()),
                        _ => sums[..LANES].copy_from_slice(self.block::<1>(i, first, w).as_flattened()),
                    }
                    let end = first + blocks * LANES;
                    for (o, &c) in out.iter_mut().zip(classes) {
                        let c = c as usize;
                        if c >= first && c < end {
                            *o += sums[c - first];
                        }
                    }
                    first = end;
                }
            }
        }
    }

    fn add(&self, i: usize, classes: &[u32], by: &[f64], w: &mut [f64]) {
        self.entries.each(i, |j, v| {
            let w = &mut w[j * self.stride..(j + 1) * self.stride];
            classes.iter().zip(by).for_each(|(&c, by)| w[c as usize] += v * by);
        });
    }

    fn size(&self, columns: usize) -> usize {
        columns * self.stride
    }

    fn place(&self, column: usize, class: usize) -> usize {
        column * self.stride + class
    }
}
