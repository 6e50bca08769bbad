//! The rows on one side of a kernel matrix, and blocks of the matrix.
//!
//! Dense rows are packed once into panels, so that one pass of vector registers finds the products of eight new rows
//! with two dozen of them; sparse rows are turned into lists by column, so that a new row meets only what shares a
//! column with it. A number of the matrix is the same sum in the same order in any batch, so a row's numbers are the
//! same bits whether it is asked about alone or among many.

use super::index::Index;
use super::pairs::{chi_square, manhattan, square};
use super::rows::Rows;
use super::{Kernel, KernelFunction};
use crate::{AnyMatrix, Control, Result};
use ironlearn_linalg::host::dot::Dot;
use ironlearn_linalg::host::panel::{Panels, ROWS};
use ironlearn_linalg::lapack::Blas;
use ironlearn_linalg::{host::matmul::matmul_t, threads, with_matrix};
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// Rows of a block.
const TILE: usize = 64;
/// Rows of a block of sparse rows, whose blocks are as wide as the whole matrix.
const SPARSE_TILE: usize = 8;
/// Numbers of one group of panels at most: they stay in the second cache while a tile passes by.
const CHUNK: usize = 1 << 15;
/// Columns of a block at most, about.
const WIDEST: usize = 480;
/// Up to so many sums each is a dot product; beyond, BLAS is called for whole tiles.
const FEW: usize = 32;

/// The rows on one side of a kernel matrix.
#[derive(Debug)]
pub struct Reference {
    kernel: Kernel,
    n: usize,
    p: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Products, or squared distances, by panels.
    Panels {
        panels: Panels<f64>,
        /// Taken off all rows where only differences count: the columns' means.
        shift: Vec<f64>,
        /// See [`Kernel::size`]; empty where the kernel needs none.
        sizes: Vec<f64>,
    },
    /// Other distances, pair by pair: row by row.
    Pairs(Vec<f64>),
    /// Sparse rows by column.
    Index(Index),
    /// The kernel is given: which columns of it are the rows'.
    Columns(Vec<usize>),
}

/// A sum over some of the rows: `out` of each new row grows by `Σ coef·k(row, x)`.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The rows.
    pub rows: Range<usize>,
    /// One for each of them.
    pub coef: &'a [f64],
    /// Which sum it belongs to.
    pub out: usize,
}

impl Reference {
    /// Prepares the rows of `x`, on which the kernel has to be defined ([`Kernel::check_rows`]).
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn new(kernel: Kernel, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Self> {
        let (n, p) = x.shape();
        let form = match (Rows::of(x), kernel.function) {
            (Rows::Sparse(rows), _) => Form::Index(Index::new(kernel, &rows)),
            (Rows::Dense(x), KernelFunction::Laplacian | KernelFunction::Chi2 | KernelFunction::AdditiveChi2) => {
                Form::Pairs(x.to_dense().into_raw_vec_and_offset().0)
            }
            (Rows::Dense(x), _) => {
                let rows = x.to_dense();
                let groups = n.div_ceil((CHUNK / p.max(1)).clamp(24, WIDEST)).max(1);
                let (mut shift, mut sizes) = (Vec::new(), Vec::new());
                let panels = if kernel.function == KernelFunction::Rbf && n > 0 {
                    let ones = Array2::from_elem((n, 1), 1.0 / n as f64);
                    let mean = with_matrix!(&x, x => matmul_t(x, ones.view(), ctl))?;
                    shift = mean.into_raw_vec_and_offset().0;
                    Panels::new(rows.view(), &shift, groups)
                } else {
                    Panels::of_products(rows.view(), groups)
                };
                if kernel.function == KernelFunction::Cosine {
                    let rows = rows.rows().into_iter();
                    sizes = rows.map(|row| kernel.size(square(row.to_slice().unwrap_or_default()))).collect();
                }
                Form::Panels { panels, shift, sizes }
            }
        };
        Ok(Reference { kernel, n, p, form })
    }

    /// Where X is the matrix of the kernel with `n_fit` rows: which of its columns are meant.
    pub fn given(kernel: Kernel, columns: Vec<usize>, n_fit: usize) -> Self {
        Reference { kernel, n: columns.len(), p: n_fit, form: Form::Columns(columns) }
    }

    /// The kernel.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The columns that a new row has.
    pub fn columns(&self) -> usize {
        self.p
    }

    /// The kernel matrix of the rows `x`, those of the reference, with themselves, n × n, of which the upper triangle is
    /// filled.
    ///
    /// # Errors
    /// As [`Reference::new`].
    pub fn upper(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let n = self.n;
        let mut k = Array2::zeros((n, n));
        let out = k.as_slice_mut().unwrap_or_default();
        let x = Rows::of(x);
        threads::fill_rows(ctl, out, n.max(1), self.tile(), |first, out| {
            self.blocks(&x, first..first + out.len() / n, first, 0, ctl, |columns, block, stride| {
                for (row, block) in out.chunks_exact_mut(n).zip(block.chunks(stride)) {
                    row[columns.clone()].copy_from_slice(&block[..columns.len()]);
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
        let t = v.ncols();
        if t <= FEW {
            let lines = v.t().as_standard_layout().into_owned();
            let lines = lines.as_slice().unwrap_or_default().chunks(self.n.max(1));
            let parts: Vec<Part<'_>> =
                lines.enumerate().map(|(out, coef)| Part { rows: 0..self.n, coef, out }).collect();
            return self.sums(x, &parts, &vec![0.0; t], ctl);
        }
        let mut result = Array2::zeros((x.nrows(), t));
        let v = v.as_standard_layout();
        let v = v.as_slice().unwrap_or_default();
        let x = Rows::of(x);
        threads::fill_rows(ctl, result.as_slice_mut().unwrap_or_default(), t, TILE, |first, out| {
            let mut sums = vec![0.0; TILE * t];
            // Tiles of one height, whatever is asked: BLAS takes other ways for others.
            self.blocks(&x, first..first + out.len() / t, 0, TILE, ctl, |columns, block, stride| {
                let (c, v) = (columns.len(), &v[columns.start * t..columns.end * t]);
                f64::gemm((false, false), (TILE, t, c), 1.0, block, stride, v, t, 1.0, &mut sums, t);
            });
            out.copy_from_slice(&sums[..out.len()]);
        })?;
        ctl.check()?;
        Ok(result)
    }

    /// The sums of `parts` for each row of `x`, which start from `init`: m × as many as that has.
    ///
    /// # Errors
    /// As [`Reference::new`].
    pub fn sums(&self, x: &AnyMatrix<'_>, parts: &[Part<'_>], init: &[f64], ctl: &Control) -> Result<Array2<f64>> {
        let (m, t) = (x.nrows(), init.len());
        let mut result = Array2::zeros((m, t));
        let (x, dot) = (Rows::of(x), Dot::detect());
        threads::fill_rows(ctl, result.as_slice_mut().unwrap_or_default(), t.max(1), self.tile(), |first, out| {
            out.chunks_exact_mut(t).for_each(|out| out.copy_from_slice(init));
            self.blocks(&x, first..first + out.len() / t, 0, 0, ctl, |columns, block, stride| {
                for part in parts {
                    let both = part.rows.start.max(columns.start)..part.rows.end.min(columns.end);
                    if both.is_empty() {
                        continue;
                    }
                    let coef = &part.coef[both.start - part.rows.start..both.end - part.rows.start];
                    let here = both.start - columns.start..both.end - columns.start;
                    for (out, block) in out.chunks_exact_mut(t).zip(block.chunks(stride)) {
                        out[part.out] += dot.one(&block[here.clone()], coef);
                    }
                }
            });
        })?;
        ctl.check()?;
        Ok(result)
    }

    fn tile(&self) -> usize {
        if matches!(self.form, Form::Index(_)) { SPARSE_TILE } else { TILE }
    }

    /// Calls `each(columns, block, stride)` with the blocks of `rows` of `x` with the reference, from the one that holds
    /// `from` on. Rows of a block lie `stride` apart, `height` of them at least; those beyond `rows` mean nothing. Ends
    /// early where the run was cancelled.
    fn blocks(
        &self,
        x: &Rows<'_>,
        rows: Range<usize>,
        from: usize,
        height: usize,
        ctl: &Control,
        mut each: impl FnMut(Range<usize>, &[f64], usize),
    ) {
        let (n, p, asked) = (self.n, self.p, rows.len());
        if n == 0 || p == 0 || asked == 0 {
            return;
        }
        let height = height.max(if asked > 2 { asked.next_multiple_of(ROWS) } else { asked });
        let packed = |shift: &[f64]| {
            let mut tile = vec![0.0; asked * p];
            x.pack(rows.clone(), shift, &mut tile);
            tile
        };
        match &self.form {
            Form::Panels { panels, shift, sizes } => {
                let tile = packed(shift);
                let tile: Vec<&[f64]> = tile.chunks_exact(p).collect();
                let own: Vec<f64> = tile.iter().map(|row| self.kernel.size(square(row))).collect();
                let mut block = vec![0.0; height * panels.width()];
                for group in (0..panels.groups()).filter(|&g| panels.centers(g).end > from) {
                    if ctl.check().is_err() {
                        return;
                    }
                    let columns = panels.centers(group);
                    let stride = columns.len().next_multiple_of(8);
                    score(panels, group, &tile, &mut block, stride);
                    let sizes = sizes.get(columns.clone()).unwrap_or_default();
                    for (row, &size) in block.chunks_mut(stride).zip(&own) {
                        self.kernel.map_packed(&mut row[..columns.len()], size, sizes);
                    }
                    each(columns, &block[..height * stride], stride);
                }
            }
            Form::Pairs(reference) => {
                let distance = if self.kernel.function == KernelFunction::Laplacian { manhattan } else { chi_square };
                let tile = packed(&[]);
                let width = (CHUNK / p).clamp(24, WIDEST);
                let mut block = vec![0.0; height * width];
                for start in (from / width * width..n).step_by(width) {
                    if ctl.check().is_err() {
                        return;
                    }
                    let columns = start..n.min(start + width);
                    let others = &reference[columns.start * p..columns.end * p];
                    for (x, block) in tile.chunks_exact(p).zip(block.chunks_exact_mut(width)) {
                        let block = &mut block[..columns.len()];
                        block.iter_mut().zip(others.chunks_exact(p)).for_each(|(b, y)| *b = distance(x, y));
                        self.kernel.map(block, 0.0, &[]);
                    }
                    each(columns, &block, width);
                }
            }
            Form::Index(index) => {
                let mut block = vec![0.0; height * n];
                let mut row = vec![0.0; p];
                for (i, out) in rows.clone().zip(block.chunks_exact_mut(n)) {
                    match x {
                        Rows::Sparse(x) => index.kernel(x.row(i), out),
                        Rows::Dense(_) => {
                            x.pack(i..i + 1, &[], &mut row);
                            index.kernel(row.iter().copied().enumerate(), out);
                        }
                    }
                }
                each(0..n, &block, n);
            }
            Form::Columns(columns) => {
                let tile = packed(&[]);
                let mut block = vec![0.0; height * n];
                for (x, block) in tile.chunks_exact(p).zip(block.chunks_exact_mut(n)) {
                    block.iter_mut().zip(columns).for_each(|(b, &j)| *b = x[j]);
                }
                each(0..n, &block, n);
            }
        }
    }
}

/// The scores of all rows of a tile with one group of panels. The block has room for a multiple of eight rows where there
/// are more than two.
fn score(panels: &Panels<f64>, group: usize, tile: &[&[f64]], block: &mut [f64], stride: usize) {
    if tile.len() <= 2 {
        for (row, out) in tile.iter().zip(block.chunks_mut(stride)) {
            panels.scores_of(group, &[row], out, stride);
        }
        return;
    }
    for (eight, out) in tile.chunks(ROWS).zip(block.chunks_mut(ROWS * stride)) {
        let rows: [&[f64]; ROWS] = std::array::from_fn(|r| eight[r.min(eight.len() - 1)]);
        panels.scores_of(group, &rows, out, stride);
    }
}
