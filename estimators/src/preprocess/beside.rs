//! Blocks of the same rows side by side, dense or sparse.

use super::block::{for_rows, numbers};
use super::{Block, Sparse};
use crate::{AnyMatrix, Control, Matrix, Result, bad_input};
use ironlearn_datasets::Column;
use ironlearn_linalg::{Layout, threads, with_matrix};
use ndarray::{Array2, Axis};
use std::borrow::Cow;

/// Whether the parts together are to be sparse: only where one of them is, and little enough is stored.
pub(super) fn wants_sparse(parts: &[Block<'_>], threshold: f64) -> bool {
    let (mut any, mut stored, mut all) = (false, 0.0, 0.0);
    for part in parts {
        let (n, p) = part.shape();
        let size = n as f64 * p as f64;
        all += size;
        stored += match part {
            Block::Sparse(x) => {
                any = true;
                x.data.len() as f64
            }
            Block::Columns(columns) if columns.iter().any(|c| numbers(c).is_err()) => f64::INFINITY,
            _ => size,
        };
    }
    any && all > 0.0 && stored / all < threshold
}

/// The parts side by side.
///
/// # Errors
/// [`Error::Input`] where parts of text stand beside sparse ones.
pub fn beside(mut parts: Vec<Block<'static>>, n: usize, sparse: bool, ctl: &Control) -> Result<Block<'static>> {
    if parts.len() == 1 && matches!(parts[0], Block::Sparse(_)) == sparse {
        return Ok(parts.remove(0));
    }
    if parts.iter().any(|part| matches!(part, Block::Columns(c) if c.iter().any(|c| numbers(c).is_err()))) {
        let mut out = Vec::new();
        for part in &parts {
            for j in 0..part.shape().1 {
                out.push(Cow::Owned(Column { ..part.column(j)?.into_owned() }));
            }
        }
        return Ok(Block::Columns(out));
    }
    let parts = parts.into_iter().map(Block::into_numbers).collect::<Result<Vec<_>>>()?;
    let width: usize = parts.iter().map(|part| part.shape().1).sum();
    if !sparse {
        if !parts.is_empty() && parts.iter().all(|part| matches!(part, Block::Dense32(_))) {
            let views: Vec<_> =
                parts.iter().filter_map(|p| if let Block::Dense32(x) = p { Some(x.view()) } else { None }).collect();
            return Ok(Block::Dense32(ndarray::concatenate(Axis(1), &views).unwrap_or_default()));
        }
        let mut matrices = Vec::new();
        for part in &parts {
            matrices.extend(part.matrix()?);
        }
        let mut out = Array2::zeros((n, width));
        threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), width, 512, |first, out| {
            let rows = first..first + out.len() / width.max(1);
            let mut at = 0;
            for matrix in &matrices {
                let p = matrix.ncols();
                pack_wide(matrix, rows.clone(), &mut out[at..], width);
                at += p;
            }
        })?;
        return Ok(Block::Dense(out));
    }
    if width >= i32::MAX as usize {
        bad_input!("{width} columns are more than a sparse matrix can have");
    }
    // Each part's rows as a list of entries; a dense part's zeros are not stored.
    let stored: usize =
        parts.iter().map(|p| if let Block::Sparse(x) = p { x.data.len() } else { n * p.shape().1 }).sum();
    let rows_of = |part: &Block<'static>| -> Result<Sparse> {
        let mut own =
            Sparse { layout: Layout::Row, shape: part.shape(), indptr: vec![0], indices: vec![], data: vec![] };
        if let Some(matrix) = part.matrix()? {
            with_matrix!(matrix, x => for_rows(&x, |entry| match entry {
                None => own.indptr.push(own.data.len() as i64),
                Some((j, v)) => {
                    own.indices.push(j as i32);
                    own.data.push(v);
                }
            }));
        }
        Ok(own)
    };
    let mut by_row = Vec::new();
    for part in parts {
        by_row.push(match part {
            Block::Sparse(x) if x.layout == Layout::Row => x,
            other => rows_of(&other)?,
        });
    }
    let mut out = Sparse {
        layout: Layout::Row,
        shape: (n, width),
        indptr: Vec::with_capacity(n + 1),
        indices: Vec::with_capacity(stored),
        data: Vec::with_capacity(stored),
    };
    out.indptr.push(0);
    for row in 0..n {
        if row % 4096 == 0 {
            ctl.check()?;
        }
        let mut at = 0;
        for part in &by_row {
            let of = part.indptr[row] as usize..part.indptr[row + 1] as usize;
            out.indices.extend(part.indices[of.clone()].iter().map(|&j| j + at));
            out.data.extend_from_slice(&part.data[of]);
            at += part.shape.1 as i32;
        }
        out.indptr.push(out.data.len() as i64);
    }
    Ok(Block::Sparse(out))
}

/// Writes rows of a matrix into wider rows.
fn pack_wide(matrix: &AnyMatrix<'_>, rows: std::ops::Range<usize>, out: &mut [f64], width: usize) {
    let p = matrix.ncols();
    if p > 0 {
        with_matrix!(matrix, x => match x {
            Matrix::Dense(x) => {
                for (row, out) in rows.zip(out.chunks_mut(width)) {
                    out.iter_mut().zip(x.row(row)).for_each(|(o, &v)| *o = ironlearn_linalg::Real::widen(v));
                }
            }
            Matrix::Sparse(_) => {
                let mut tile = vec![0.0; rows.len() * p];
                x.pack(rows, 0..p, p, &mut tile);
                tile.chunks_exact(p).zip(out.chunks_mut(width)).for_each(|(row, out)| out[..p].copy_from_slice(row));
            }
        });
    }
}
