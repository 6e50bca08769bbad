//! Rows of a kernel matrix, by one matrix product for a tile and a map of its numbers.

use super::settings::packs;
use super::solver::add_rows;
use crate::kernel::exp::{Entry, of_products};
use crate::kernel::{Kernel, KernelFunction, SparseRows};
use crate::{AnyMatrix, Control, Result};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};

/// Rows of a tile.
const TILE: usize = 64;
/// Columns of a tile: its numbers stay in the second cache.
const WIDTH: usize = 512;
/// Rows of a tile of sparse rows, which is laid out column by column.
const SPARSE_TILE: usize = 16;

/// The rows whose kernel matrix with each other is asked for.
pub struct Gram<'a, F> {
    kernel: Kernel,
    rows: Rows<'a, F>,
    /// The squares of the rows' lengths, where the kernel needs them.
    sizes: Vec<F>,
}

enum Rows<'a, F> {
    /// Row by row, of this many columns.
    Dense(Vec<F>, usize),
    /// CSR without duplicates: offsets, columns, values, number of columns.
    Sparse(Vec<usize>, Vec<u32>, Vec<F>, usize),
    /// The matrix itself, and which of its rows (and columns) are meant.
    Given(AnyMatrix<'a>, Vec<usize>),
}

impl<'a, F: Entry> Gram<'a, F> {
    /// The rows `picked` of `x`; with [`KernelFunction::Precomputed`] the same rows and columns of it. Dense rows are
    /// moved by `shift`, which must be 0 for kernels that are no functions of differences.
    pub fn new(kernel: Kernel, x: &'a AnyMatrix<'_>, picked: &[usize], shift: &[f64]) -> Self {
        let p = x.ncols();
        if kernel.function == KernelFunction::Precomputed {
            return Gram { kernel, rows: Rows::Given(x.reborrow(), picked.to_vec()), sizes: Vec::new() };
        }
        let sparse = if packs(x) { None } else { SparseRows::of(x) };
        let rows = match sparse {
            Some(sparse) => {
                let entries = || picked.iter().flat_map(|&i| sparse.row(i));
                // Columns without entries do not matter, and there may be very many of them.
                let mut used: Vec<usize> = entries().map(|(j, _)| j).collect();
                used.sort_unstable();
                used.dedup();
                let columns = entries().map(|(j, _)| used.partition_point(|&u| u < j) as u32).collect();
                let values = entries().map(|(_, v)| F::narrow(v)).collect();
                let mut offsets = vec![0];
                for &i in picked {
                    offsets.push(offsets[offsets.len() - 1] + sparse.row(i).count());
                }
                Rows::Sparse(offsets, columns, values, used.len())
            }
            None => {
                let mut packed = vec![F::zero(); picked.len() * p];
                let mut row = vec![0.0_f64; p];
                for (&i, out) in picked.iter().zip(packed.chunks_exact_mut(p)) {
                    with_matrix!(x, x => x.pack(i..i + 1, 0..p, p, &mut row));
                    for j in 0..p {
                        out[j] = F::narrow(row[j] - shift.get(j).copied().unwrap_or(0.0));
                    }
                }
                Rows::Dense(packed, p)
            }
        };
        let mut gram = Gram { kernel, rows, sizes: Vec::new() };
        if kernel.function == KernelFunction::Rbf {
            gram.sizes = (0..picked.len()).map(|i| F::narrow(gram.square(i))).collect();
        }
        gram
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Dense(x, p) => x.len() / p.max(&1),
            Rows::Sparse(offsets, ..) => offsets.len() - 1,
            Rows::Given(_, picked) => picked.len(),
        }
    }

    /// The rows `picked` alone.
    pub fn subset(&self, picked: &[usize]) -> Self {
        let rows = match &self.rows {
            Rows::Dense(x, p) => {
                let mut packed = Vec::with_capacity(picked.len() * p);
                picked.iter().for_each(|&i| packed.extend_from_slice(&x[i * p..(i + 1) * p]));
                Rows::Dense(packed, *p)
            }
            Rows::Sparse(offsets, columns, values, p) => {
                let (mut o, mut c, mut v) = (vec![0], Vec::new(), Vec::new());
                for &i in picked {
                    c.extend_from_slice(&columns[offsets[i]..offsets[i + 1]]);
                    v.extend_from_slice(&values[offsets[i]..offsets[i + 1]]);
                    o.push(c.len());
                }
                Rows::Sparse(o, c, v, *p)
            }
            Rows::Given(x, own) => Rows::Given(*x, picked.iter().map(|&i| own[i]).collect()),
        };
        let sizes = if self.sizes.is_empty() { Vec::new() } else { picked.iter().map(|&i| self.sizes[i]).collect() };
        Gram { kernel: self.kernel, rows, sizes }
    }

    fn square(&self, i: usize) -> f64 {
        match &self.rows {
            Rows::Dense(x, p) => x[i * p..(i + 1) * p].iter().map(|v| v.widen() * v.widen()).sum(),
            Rows::Sparse(offsets, _, values, _) => {
                values[offsets[i]..offsets[i + 1]].iter().map(|v| v.widen() * v.widen()).sum()
            }
            Rows::Given(..) => 0.0,
        }
    }

    /// The diagonal.
    pub fn diagonal(&self) -> Vec<f64> {
        let n = self.len();
        if self.kernel.function == KernelFunction::Rbf {
            return vec![1.0; n];
        }
        (0..n)
            .map(|i| match &self.rows {
                Rows::Given(x, picked) => with_matrix!(x, x => match x {
                    Matrix::Dense(x) => x[[picked[i], picked[i]]].widen(),
                    Matrix::Sparse(_) => 0.0,
                }),
                _ => {
                    let mut value = [F::narrow(self.square(i))];
                    self.map_plain(&mut value);
                    value[0].widen()
                }
            })
            .collect()
    }

    /// The map of the kernels that need no sizes.
    fn map_plain(&self, values: &mut [F]) {
        let (gamma, coef0) = (self.kernel.gamma, self.kernel.coef0);
        match self.kernel.function {
            KernelFunction::Polynomial => {
                for v in values {
                    *v = F::narrow(self.kernel.power(gamma * v.widen() + coef0));
                }
            }
            KernelFunction::Sigmoid => {
                for v in values {
                    *v = F::narrow((gamma * v.widen() + coef0).tanh());
                }
            }
            _ => {}
        }
    }

    /// Turns products of a row of size `size` with the columns from `start` on into the kernel.
    fn map(&self, size: F, start: usize, values: &mut [F]) {
        if self.kernel.function == KernelFunction::Rbf {
            let sizes = &self.sizes[start..start + values.len()];
            of_products(F::narrow(self.kernel.gamma), size, sizes, values);
        } else {
            self.map_plain(values);
        }
    }

    /// The kernel of the rows `picked` of `from` with all rows of this one, each to the beginning of one of `out`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn fill(&self, from: &Self, picked: &[usize], out: &mut [Vec<F>], ctl: &Control) -> Result<()> {
        let n = self.len();
        let height = self.height();
        let mut tiles: Vec<(&[usize], &mut [Vec<F>])> = picked.chunks(height).zip(out.chunks_mut(height)).collect();
        Ok(threads::each(ctl, &mut tiles, |_, (picked, out)| {
            let mut scratch = self.scratch(from, picked);
            for start in (0..n).step_by(WIDTH) {
                let end = n.min(start + WIDTH);
                if ctl.check().is_err() {
                    return;
                }
                self.tile(from, picked, &mut scratch, start, end, |r, row| {
                    out[r][start..end].copy_from_slice(row);
                });
            }
        })?)
    }

    /// Adds `Σ coef·K[row]` over the rows `picked` of `from` to `out`, which is as long as this one.
    ///
    /// # Errors
    /// As [`Gram::fill`].
    pub fn add(&self, from: &Self, picked: &[usize], coefs: &[f64], out: &mut [f64], ctl: &Control) -> Result<()> {
        let height = self.height();
        Ok(threads::fill_rows(ctl, out, 1, WIDTH, |start, out| {
            let end = start + out.len();
            let mut block = vec![vec![F::zero(); out.len()]; height];
            for (picked, coefs) in picked.chunks(height).zip(coefs.chunks(height)) {
                if ctl.check().is_err() {
                    return;
                }
                let mut scratch = self.scratch(from, picked);
                self.tile(from, picked, &mut scratch, start, end, |r, row| block[r].copy_from_slice(row));
                let rows: Vec<&[F]> = block[..picked.len()].iter().map(Vec::as_slice).collect();
                add_rows(out, &rows, coefs);
            }
        })?)
    }

    fn height(&self) -> usize {
        if matches!(self.rows, Rows::Sparse(..)) { SPARSE_TILE } else { TILE }
    }

    /// The packed rows of a tile, and memory for its products.
    fn scratch(&self, from: &Self, picked: &[usize]) -> Scratch<F> {
        let packed = match &from.rows {
            Rows::Dense(x, p) => {
                let mut packed = Vec::with_capacity(TILE * p);
                picked.iter().for_each(|&i| packed.extend_from_slice(&x[i * p..(i + 1) * p]));
                packed
            }
            Rows::Sparse(offsets, columns, values, p) => {
                let mut packed = vec![F::zero(); p * SPARSE_TILE];
                for (r, &i) in picked.iter().enumerate() {
                    for at in offsets[i]..offsets[i + 1] {
                        packed[columns[at] as usize * SPARSE_TILE + r] = values[at];
                    }
                }
                packed
            }
            Rows::Given(..) => Vec::new(),
        };
        Scratch { packed, products: vec![F::zero(); self.height() * WIDTH] }
    }

    /// Calls `each(r, numbers)` with row r of the tile, columns `start..end`.
    fn tile(
        &self,
        from: &Self,
        picked: &[usize],
        scratch: &mut Scratch<F>,
        start: usize,
        end: usize,
        mut each: impl FnMut(usize, &[F]),
    ) {
        let width = end - start;
        let Scratch { packed, products } = scratch;
        match (&self.rows, &from.rows) {
            (Rows::Dense(x, p), _) => {
                let columns = &x[start * p..end * p];
                let shape = (picked.len(), width, *p);
                F::gemm((false, true), shape, F::one(), packed, *p, columns, *p, F::zero(), products, width);
            }
            (Rows::Sparse(offsets, columns, values, _), _) => {
                for c in 0..width {
                    let mut sums = [F::zero(); SPARSE_TILE];
                    for at in offsets[start + c]..offsets[start + c + 1] {
                        let (j, v) = (columns[at] as usize * SPARSE_TILE, values[at]);
                        let xs = &packed[j..j + SPARSE_TILE];
                        for r in 0..SPARSE_TILE {
                            sums[r] += xs[r] * v;
                        }
                    }
                    for (r, sum) in sums.into_iter().enumerate().take(picked.len()) {
                        products[r * width + c] = sum;
                    }
                }
            }
            (Rows::Given(x, columns), Rows::Given(_, own)) => {
                with_matrix!(x, x => {
                    let Matrix::Dense(x) = x else { return };
                    for (r, &i) in picked.iter().enumerate() {
                        let row = x.row(own[i]);
                        for (out, &j) in products[r * width..(r + 1) * width].iter_mut().zip(&columns[start..end]) {
                            *out = F::narrow(row[j].widen());
                        }
                    }
                });
            }
            _ => {}
        }
        for (r, &i) in picked.iter().enumerate() {
            let size = from.sizes.get(i).copied().unwrap_or_default();
            let values = &mut products[r * width..(r + 1) * width];
            self.map(size, start, values);
            each(r, values);
        }
    }
}

struct Scratch<F> {
    packed: Vec<F>,
    products: Vec<F>,
}
