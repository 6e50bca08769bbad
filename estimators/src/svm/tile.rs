//! A tile of a kernel matrix: one product of matrices, and a map of its numbers.

use super::gram::{Gram, Rows};
use crate::kernel::KernelFunction;
use crate::kernel::exp::{Entry, of_products};
use ironlearn_linalg::{Matrix, Real, with_matrix};

/// Rows of a tile.
pub(super) const TILE: usize = 96;
/// Columns of a tile: its numbers stay in the second cache, or nearly so where products take the time.
const WIDTHS: [usize; 2] = [512, 1024];
/// From so many columns of X on tiles are wide.
const MANY: usize = 24;
/// Rows of a tile of sparse rows, which is laid out column by column.
pub(super) const SPARSE_TILE: usize = 16;

/// The packed rows of a tile, and memory for its products.
pub(super) struct Scratch<F> {
    packed: Vec<F>,
    products: Vec<F>,
}

impl<F: Entry> Gram<'_, F> {
    /// The rows of a tile.
    pub(super) fn height(&self) -> usize {
        if matches!(self.rows, Rows::Sparse(..)) { SPARSE_TILE } else { TILE }
    }

    /// The columns of a tile.
    pub(super) fn width(&self) -> usize {
        let products = matches!(&self.rows, Rows::Dense(_, p) if *p >= MANY);
        WIDTHS[usize::from(products)]
    }

    /// What a tile of the rows `picked` of `from` needs: room for as many as `height` says.
    pub(super) fn scratch(&self, from: &Self, picked: &[usize]) -> Scratch<F> {
        let packed = match &from.rows {
            Rows::Dense(x, p) => {
                let mut packed = Vec::with_capacity(TILE * p);
                picked.iter().for_each(|&i| packed.extend_from_slice(&x[i * p..(i + 1) * p]));
                packed
            }
            Rows::Sparse(csr) => {
                let mut packed = vec![F::zero(); csr.width * SPARSE_TILE];
                for (r, &i) in picked.iter().enumerate() {
                    for at in csr.offsets[i]..csr.offsets[i + 1] {
                        packed[csr.columns[at] as usize * SPARSE_TILE + r] = csr.values[at];
                    }
                }
                packed
            }
            Rows::Given(..) => Vec::new(),
        };
        Scratch { packed, products: vec![F::zero(); self.height() * self.width()] }
    }

    /// Calls `each(r, numbers)` with row r of the tile, columns `start..end`.
    pub(super) fn tile(
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
            (Rows::Sparse(csr), _) => {
                for c in 0..width {
                    let mut sums = [F::zero(); SPARSE_TILE];
                    for at in csr.offsets[start + c]..csr.offsets[start + c + 1] {
                        let (j, v) = (csr.columns[at] as usize * SPARSE_TILE, csr.values[at]);
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

    /// Turns products of a row of size `size` with the columns from `start` on into the kernel.
    fn map(&self, size: F, start: usize, values: &mut [F]) {
        if self.kernel.function == KernelFunction::Rbf {
            let sizes = &self.sizes[start..start + values.len()];
            of_products(F::narrow(self.kernel.gamma), size, sizes, values);
        } else {
            self.map_plain(values);
        }
    }

    /// The map of the kernels that need no sizes.
    pub(super) fn map_plain(&self, values: &mut [F]) {
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
}
