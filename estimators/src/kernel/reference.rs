//! The rows on one side of a kernel matrix, and blocks of the matrix.
//!
//! A block is 64 rows by a chunk of the reference: both are packed, multiplied by BLAS and mapped. Its shape does not
//! depend on the number of rows that are asked about (a shorter tile is filled up with zeros), so a row's numbers are
//! the same bits in any batch. Sparse references go entry by entry instead.

use super::pairs::{chi_square, manhattan, square};
use super::rows::Rows;
use super::{Kernel, KernelFunction};
use crate::{AnyMatrix, Control, Result};
use ironlearn_linalg::lapack::Blas;
use ironlearn_linalg::{host::matmul::matmul_t, threads, with_matrix};
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// Rows of a block.
const TILE: usize = 64;
/// Rows of a block beside a sparse reference: there the tile is packed column by column.
const SPARSE_TILE: usize = 8;
/// Numbers of the reference in one packed chunk.
const CHUNK: usize = 1 << 16;

/// The rows on one side of a kernel matrix.
pub struct Reference<'a> {
    kernel: Kernel,
    rows: Rows<'a>,
    /// Taken off all rows where only differences count: the columns' means.
    shift: Vec<f64>,
    /// See [`Kernel::size`]; empty where the kernel needs none.
    sizes: Vec<f64>,
}

/// Memory of one tile.
struct Scratch {
    tile: Vec<f64>,
    sizes: Vec<f64>,
    chunk: Vec<f64>,
    block: Vec<f64>,
}

impl<'a> Reference<'a> {
    /// Prepares the rows of `x`, on which the kernel has to be defined ([`Kernel::check_rows`]).
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn new(kernel: Kernel, x: &'a AnyMatrix<'_>, ctl: &Control) -> Result<Self> {
        let rows = Rows::of(x);
        let mut reference = Reference { kernel, rows, shift: Vec::new(), sizes: Vec::new() };
        let (n, p) = (reference.rows.len(), reference.rows.columns());
        let dense = matches!(reference.rows, Rows::Dense(_));
        if kernel.function == KernelFunction::Rbf && dense {
            let ones = Array2::from_elem((n, 1), 1.0 / n.max(1) as f64);
            let mean = with_matrix!(x, x => matmul_t(x, ones.view(), ctl))?;
            reference.shift = mean.into_raw_vec_and_offset().0;
        }
        if matches!(kernel.function, KernelFunction::Rbf | KernelFunction::Cosine) {
            let mut sizes = vec![0.0; n];
            threads::fill_rows(ctl, &mut sizes, 1, TILE, |first, out| {
                let mut row = vec![0.0; p];
                for (i, out) in out.iter_mut().enumerate() {
                    reference.rows.pack(first + i..first + i + 1, &reference.shift, &mut row);
                    *out = kernel.size(square(&row));
                }
            })?;
            reference.sizes = sizes;
        }
        Ok(reference)
    }

    /// The kernel matrix of the rows with themselves, n × n, of which the upper triangle is filled.
    ///
    /// # Errors
    /// As [`Reference::new`].
    pub fn upper(&self, ctl: &Control) -> Result<Array2<f64>> {
        let n = self.rows.len();
        let mut k = Array2::zeros((n, n));
        let out = k.as_slice_mut().unwrap_or_default();
        threads::fill_rows(ctl, out, n, self.tile(), |first, out| {
            self.blocks(&self.rows, first..first + out.len() / n, first, ctl, |columns, block| {
                for (row, block) in out.chunks_exact_mut(n).zip(block.chunks_exact(columns.len())) {
                    row[columns.clone()].copy_from_slice(block);
                }
            });
            if self.kernel.function == KernelFunction::Rbf {
                out.chunks_exact_mut(n).enumerate().for_each(|(i, row)| row[first + i] = 1.0);
            }
        })?;
        ctl.check()?;
        Ok(k)
    }

    /// `K·V` for the kernel matrix K of the rows of `x` with the reference, and V with a row for each of it: m × t.
    ///
    /// # Errors
    /// As [`Reference::new`].
    pub fn times(&self, x: &AnyMatrix<'_>, v: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
        let (m, t) = (x.nrows(), v.ncols());
        let mut result = Array2::zeros((m, t));
        if t == 0 {
            return Ok(result);
        }
        let v = v.as_standard_layout();
        let v = v.as_slice().unwrap_or_default();
        let (x, tile) = (Rows::of(x), self.tile());
        threads::fill_rows(ctl, result.as_slice_mut().unwrap_or_default(), t, tile, |first, out| {
            let mut sums = vec![0.0; tile * t];
            self.blocks(&x, first..first + out.len() / t, 0, ctl, |columns, block| {
                let (c, v) = (columns.len(), &v[columns.start * t..columns.end * t]);
                f64::gemm((false, false), (tile, t, c), 1.0, block, c, v, t, 1.0, &mut sums, t);
            });
            out.copy_from_slice(&sums[..out.len()]);
        })?;
        ctl.check()?;
        Ok(result)
    }

    fn tile(&self) -> usize {
        if matches!(self.rows, Rows::Sparse(_)) { SPARSE_TILE } else { TILE }
    }

    /// Calls `each(columns, block)` with the blocks of `rows` of `x` with the reference, from the chunk that holds
    /// `from` on. A block has as many rows as a tile; those beyond `rows` mean nothing. Ends early where the run was
    /// cancelled.
    fn blocks(
        &self,
        x: &Rows<'_>,
        rows: Range<usize>,
        from: usize,
        ctl: &Control,
        mut each: impl FnMut(Range<usize>, &[f64]),
    ) {
        let (n, p, tile, asked) = (self.rows.len(), self.rows.columns(), self.tile(), rows.len());
        let width = (CHUNK / p.max(1)).clamp(32, 512);
        let sparse = matches!(self.rows, Rows::Sparse(_));
        let mut scratch = Scratch {
            tile: vec![0.0; tile * p],
            sizes: vec![0.0; tile],
            chunk: vec![0.0; if sparse { 0 } else { width * p }],
            block: vec![0.0; tile * width],
        };
        x.pack(rows, &self.shift, &mut scratch.tile[..asked * p]);
        if !self.sizes.is_empty() {
            for (size, row) in scratch.sizes.iter_mut().zip(scratch.tile.chunks_exact(p)) {
                *size = self.kernel.size(square(row));
            }
        }
        let lengths: Vec<f64> = match self.kernel.function {
            KernelFunction::Laplacian if sparse => {
                scratch.tile.chunks_exact(p).map(|row| row.iter().map(|v| v.abs()).sum()).collect()
            }
            _ => vec![0.0; tile],
        };
        if sparse {
            // Column by column, so that one entry of the reference meets all rows of the tile at once.
            let by_row = std::mem::take(&mut scratch.tile);
            scratch.tile = vec![0.0; tile * p];
            for (i, row) in by_row.chunks_exact(p).enumerate() {
                row.iter().enumerate().for_each(|(j, &v)| scratch.tile[j * tile + i] = v);
            }
        }
        let mut start = from / width * width;
        while start < n && ctl.check().is_ok() {
            let columns = start..n.min(start + width);
            let block = &mut scratch.block[..tile * columns.len()];
            match &self.rows {
                Rows::Sparse(_) => self.entry_by_entry(&scratch.tile, &lengths, columns.clone(), block),
                Rows::Dense(_) => {
                    let chunk = &mut scratch.chunk[..columns.len() * p];
                    self.rows.pack(columns.clone(), &self.shift, chunk);
                    self.packed(&scratch.tile, chunk, asked, block);
                }
            }
            let sizes = self.sizes.get(columns.clone()).unwrap_or_default();
            for (row, &size) in block.chunks_exact_mut(columns.len()).zip(&scratch.sizes).take(asked) {
                self.kernel.map(row, size, sizes);
            }
            each(columns.clone(), block);
            start = columns.end;
        }
    }

    /// Products or distances of packed rows.
    fn packed(&self, tile: &[f64], chunk: &[f64], asked: usize, block: &mut [f64]) {
        let p = self.rows.columns();
        let width = chunk.len() / p;
        let distance = match self.kernel.function {
            KernelFunction::Laplacian => manhattan,
            KernelFunction::Chi2 | KernelFunction::AdditiveChi2 => chi_square,
            _ => {
                f64::gemm((false, true), (TILE, width, p), 1.0, tile, p, chunk, p, 0.0, block, width);
                return;
            }
        };
        for (x, block) in tile.chunks_exact(p).zip(block.chunks_exact_mut(width)).take(asked) {
            block.iter_mut().zip(chunk.chunks_exact(p)).for_each(|(b, y)| *b = distance(x, y));
        }
    }

    /// The same for a sparse reference, beside a tile that lies column by column; `lengths` are its rows' sums of
    /// magnitudes, where distances are asked for: `Σ|x − y|` differs from that where y has an entry.
    fn entry_by_entry(&self, tile: &[f64], lengths: &[f64], columns: Range<usize>, block: &mut [f64]) {
        let Rows::Sparse(reference) = &self.rows else { return };
        let distances = self.kernel.function == KernelFunction::Laplacian;
        let width = columns.len();
        for (c, y) in columns.enumerate() {
            let mut sums = [0.0; SPARSE_TILE];
            for (j, v) in reference.row(y) {
                let xs = &tile[j * SPARSE_TILE..(j + 1) * SPARSE_TILE];
                if distances {
                    sums.iter_mut().zip(xs).for_each(|(s, x)| *s += (x - v).abs() - x.abs());
                } else {
                    sums.iter_mut().zip(xs).for_each(|(s, x)| *s += x * v);
                }
            }
            for (i, (sum, length)) in sums.iter().zip(lengths).enumerate() {
                block[i * width + c] = if distances { (sum + length).max(0.0) } else { *sum };
            }
        }
    }
}
