//! Rows of a kernel matrix, tile by tile, and sums of them.

use super::fit::Ground;
use super::shared::Share;
use super::solver::add_rows;
use crate::kernel::exp::Entry;
use crate::kernel::{Kernel, KernelFunction};
use crate::{AnyMatrix, Control, Result};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use std::ops::Range;
use std::sync::Arc;

/// What a hyperbolic tangent costs, as [`Gram::cost`] counts.
const TANH: usize = 64;
/// From this cost on, finding a number takes longer than picking it out of others.
pub(super) const DEAR: usize = 64;

/// The rows whose kernel matrix with each other is asked for.
#[derive(Clone)]
pub struct Gram<'a, F> {
    pub(super) kernel: Kernel,
    pub(super) rows: Rows<'a, F>,
    /// The squares of the rows' lengths, where the kernel needs them.
    pub(super) sizes: Arc<Vec<F>>,
    /// Where numbers lie that other problems of the fit need too.
    share: Option<Share<'a, F>>,
}

#[derive(Clone)]
pub(super) enum Rows<'a, F> {
    /// Row by row, of this many columns.
    Dense(Arc<Vec<F>>, usize),
    Sparse(Arc<Csr<F>>),
    /// The matrix itself, and which of its rows (and columns) are meant.
    Given(AnyMatrix<'a>, Arc<Vec<usize>>),
}

/// CSR without duplicates.
pub(super) struct Csr<F> {
    pub offsets: Vec<usize>,
    pub columns: Vec<u32>,
    pub values: Vec<F>,
    /// The number of columns.
    pub width: usize,
}

impl<'a, F: Entry> Gram<'a, F> {
    /// The rows of `ground`; with [`KernelFunction::Precomputed`] the same rows and columns of it. Dense rows are
    /// moved by `shift`, which must be 0 for kernels that are no functions of differences.
    pub fn new(kernel: Kernel, ground: &'a Ground<'_>, shift: &[f64]) -> Self {
        let (x, picked, p) = (&ground.x, &ground.picked, ground.x.ncols());
        if kernel.function == KernelFunction::Precomputed {
            let rows = Rows::Given(x.reborrow(), Arc::new(picked.to_vec()));
            return Gram { kernel, rows, sizes: Arc::default(), share: None };
        }
        let rows = match ground.unpacked() {
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
                Rows::Sparse(Arc::new(Csr { offsets, columns, values, width: used.len() }))
            }
            None => {
                let mut packed = vec![F::zero(); picked.len() * p];
                let mut row = vec![0.0_f64; p];
                for (&i, out) in picked.iter().zip(packed.chunks_exact_mut(p)) {
                    ground.pack(i, &mut row);
                    for j in 0..p {
                        out[j] = F::narrow(row[j] - shift.get(j).copied().unwrap_or(0.0));
                    }
                }
                Rows::Dense(Arc::new(packed), p)
            }
        };
        let mut gram = Gram { kernel, rows, sizes: Arc::default(), share: None };
        if kernel.function == KernelFunction::Rbf {
            gram.sizes = Arc::new((0..picked.len()).map(|i| F::narrow(gram.square(i))).collect());
        }
        gram
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Dense(x, p) => x.len() / p.max(&1),
            Rows::Sparse(csr) => csr.offsets.len() - 1,
            Rows::Given(_, picked) => picked.len(),
        }
    }

    /// The rows `picked` alone, in their order.
    pub fn subset(&self, picked: &[usize]) -> Self {
        let rows = match &self.rows {
            Rows::Dense(x, p) => {
                let mut packed = Vec::with_capacity(picked.len() * p);
                picked.iter().for_each(|&i| packed.extend_from_slice(&x[i * p..(i + 1) * p]));
                Rows::Dense(Arc::new(packed), *p)
            }
            Rows::Sparse(csr) => {
                let (mut offsets, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
                for &i in picked {
                    columns.extend_from_slice(&csr.columns[csr.offsets[i]..csr.offsets[i + 1]]);
                    values.extend_from_slice(&csr.values[csr.offsets[i]..csr.offsets[i + 1]]);
                    offsets.push(columns.len());
                }
                Rows::Sparse(Arc::new(Csr { offsets, columns, values, width: csr.width }))
            }
            Rows::Given(x, own) => Rows::Given(*x, Arc::new(picked.iter().map(|&i| own[i]).collect())),
        };
        let sizes = if self.sizes.is_empty() { Vec::new() } else { picked.iter().map(|&i| self.sizes[i]).collect() };
        let share = self.share.as_ref().map(|share| share.subset(picked));
        Gram { kernel: self.kernel, rows, sizes: Arc::new(sizes), share }
    }

    /// The same rows, whose numbers are looked for in `share` first.
    pub(super) fn sharing(self, share: Share<'a, F>) -> Self {
        Gram { share: Some(share), ..self }
    }

    fn square(&self, i: usize) -> f64 {
        let square = |values: &[F]| values.iter().map(|v| v.widen() * v.widen()).sum();
        match &self.rows {
            Rows::Dense(x, p) => square(&x[i * p..(i + 1) * p]),
            Rows::Sparse(csr) => square(&csr.values[csr.offsets[i]..csr.offsets[i + 1]]),
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

    /// What finding a number costs, about, in columns of dense rows.
    pub fn cost(&self) -> usize {
        let map = if self.kernel.function == KernelFunction::Sigmoid { TANH } else { 0 };
        match &self.rows {
            Rows::Dense(_, p) => p + map,
            Rows::Sparse(csr) => csr.values.len() / self.len().max(1) + map,
            Rows::Given(..) => 0,
        }
    }

    /// The kernel of the rows `picked` with all rows, each to the beginning of one of `out`.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn fill(&self, picked: &[usize], out: &mut [Vec<F>], ctl: &Control) -> Result<()> {
        let (n, height) = (self.len(), self.height());
        let mut tiles: Vec<(&[usize], &mut [Vec<F>])> = picked.chunks(height).zip(out.chunks_mut(height)).collect();
        threads::each(ctl, &mut tiles, |_, (picked, out)| {
            self.pieces(self, picked, 0..n, ctl, |r, start, piece| {
                out[r][start..start + piece.len()].copy_from_slice(piece);
            });
        })?;
        Ok(ctl.check()?)
    }

    /// The kernel of all rows with each other, row by row, each to the beginning of one of `out`.
    ///
    /// # Errors
    /// As [`Gram::fill`].
    pub fn fill_all(&self, out: &mut [Vec<F>], ctl: &Control) -> Result<()> {
        let (n, height) = (self.len(), self.height());
        let all: Vec<usize> = (0..n).collect();
        if self.cost() < DEAR {
            return self.fill(&all, out, ctl);
        }
        // Rows are found from here on; what is before is on the other side of the diagonal.
        let begin = |row: usize| match &self.share {
            None => row / height * height,
            Some(share) => share.begin(row / height * height),
        };
        let mut tiles: Vec<(&[usize], &mut [Vec<F>])> = all.chunks(height).zip(out.chunks_mut(height)).collect();
        threads::each(ctl, &mut tiles, |_, (picked, out)| {
            self.pieces(self, picked, begin(picked[0])..n, ctl, |r, start, piece| {
                out[r][start..start + piece.len()].copy_from_slice(piece);
            });
        })?;
        let (mut left, right): (Vec<&mut [F]>, Vec<&[F]>) = (out.iter_mut().enumerate().take(n))
            .map(|(i, row)| {
                let (left, right) = row.split_at_mut(begin(i));
                (left, &*right)
            })
            .unzip();
        let mut tiles: Vec<(usize, &mut [&mut [F]])> =
            left.chunks_mut(height).enumerate().map(|(t, rows)| (t * height, rows)).collect();
        threads::each(ctl, &mut tiles, |_, (first, rows)| {
            for start in (0..begin(*first)).step_by(16) {
                for (r, row) in rows.iter_mut().enumerate() {
                    let end = row.len().min(start + 16);
                    for (j, out) in (start..end).zip(&mut row[start..end]) {
                        *out = right[j][*first + r - begin(j)];
                    }
                }
            }
        })?;
        Ok(ctl.check()?)
    }

    /// Adds `Σ coef·K[row]` over the rows `picked` of `from` to `out`, which is as long as this one.
    ///
    /// # Errors
    /// As [`Gram::fill`].
    pub fn add(&self, from: &Self, picked: &[usize], coefs: &[f64], out: &mut [f64], ctl: &Control) -> Result<()> {
        let height = self.height();
        threads::fill_rows(ctl, out, 1, self.width(), |start, out| {
            let columns = start..start + out.len();
            let mut block = vec![vec![F::zero(); out.len()]; height];
            for (picked, coefs) in picked.chunks(height).zip(coefs.chunks(height)) {
                self.pieces(from, picked, columns.clone(), ctl, |r, at, piece| {
                    block[r][at - start..at - start + piece.len()].copy_from_slice(piece);
                });
                let rows: Vec<&[F]> = block[..picked.len()].iter().map(Vec::as_slice).collect();
                add_rows(out, &rows, coefs);
            }
        })?;
        Ok(ctl.check()?)
    }

    /// Calls `each(r, start, numbers)` with pieces of the rows `picked` of `from`, no more than a tile has, which
    /// together are the columns `columns` of each. Ends early where the run was cancelled.
    fn pieces(
        &self,
        from: &Self,
        picked: &[usize],
        columns: Range<usize>,
        ctl: &Control,
        mut each: impl FnMut(usize, usize, &[F]),
    ) {
        match (&self.share, &from.share) {
            (Some(share), Some(of_rows)) => share.pieces(self, (from, of_rows), picked, columns, ctl, &mut each),
            _ => self.found(from, picked, columns, ctl, each),
        }
    }

    /// [`Gram::pieces`], found anew.
    pub(super) fn found(
        &self,
        from: &Self,
        picked: &[usize],
        columns: Range<usize>,
        ctl: &Control,
        mut each: impl FnMut(usize, usize, &[F]),
    ) {
        let (mut scratch, width) = (self.scratch(from, picked), self.width());
        for start in columns.clone().step_by(width) {
            if ctl.check().is_err() {
                return;
            }
            let end = columns.end.min(start + width);
            self.tile(from, picked, &mut scratch, start, end, |r, row| each(r, start, row));
        }
    }
}
