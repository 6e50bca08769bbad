//! Sparse rows, turned into a list for each column: the kernel of a new row with all of them.

use super::rows::SparseRows;
use super::{Kernel, KernelFunction};

/// Sparse rows by column.
#[derive(Debug)]
pub(super) struct Index {
    kernel: Kernel,
    /// The columns that have entries, rising: there may be very many without.
    used: Vec<u32>,
    /// Where the list of each begins, and the end.
    offsets: Vec<usize>,
    /// Row and value of each entry.
    rows: Vec<u32>,
    values: Vec<f64>,
    /// See [`Kernel::size`]; for [`KernelFunction::Laplacian`] the sum of magnitudes.
    sizes: Vec<f64>,
}

impl Index {
    pub fn new(kernel: Kernel, rows: &SparseRows) -> Self {
        let mut used: Vec<u32> = rows.indices.iter().map(|&j| j as u32).collect();
        used.sort_unstable();
        used.dedup();
        let place = |j: usize| used.partition_point(|&u| (u as usize) < j);
        let mut offsets = vec![0; used.len() + 1];
        rows.indices.iter().for_each(|&j| offsets[place(j as usize) + 1] += 1);
        (0..used.len()).for_each(|u| offsets[u + 1] += offsets[u]);
        let mut next = offsets.clone();
        let (mut of, mut values) = (vec![0; rows.data.len()], vec![0.0; rows.data.len()]);
        let mut sizes = vec![0.0; rows.len()];
        for (i, size) in sizes.iter_mut().enumerate() {
            for (j, v) in rows.row(i) {
                let at = &mut next[place(j)];
                (of[*at], values[*at]) = (i as u32, v);
                *at += 1;
            }
            *size = size_of(kernel, rows.row(i).map(|(_, v)| v));
        }
        Index { kernel, used, offsets, rows: of, values, sizes }
    }

    /// Writes the kernel of a row, given by columns and values, with all rows to `out`.
    pub fn kernel(&self, row: impl Iterator<Item = (usize, f64)> + Clone, out: &mut [f64]) {
        let laplacian = self.kernel.function == KernelFunction::Laplacian;
        let size = size_of(self.kernel, row.clone().map(|(_, v)| v));
        out.fill(0.0);
        for (j, v) in row.filter(|(_, v)| *v != 0.0) {
            let at = self.used.partition_point(|&u| (u as usize) < j);
            if self.used.get(at).is_none_or(|&u| u as usize != j) {
                continue;
            }
            let list = self.offsets[at]..self.offsets[at + 1];
            let entries = self.rows[list.clone()].iter().zip(&self.values[list]);
            if laplacian {
                // Σ|x − y| differs from Σ|x| + Σ|y| where both have an entry.
                entries.for_each(|(&i, &y)| out[i as usize] += (v - y).abs() - v.abs() - y.abs());
            } else {
                entries.for_each(|(&i, &y)| out[i as usize] += v * y);
            }
        }
        if laplacian {
            out.iter_mut().zip(&self.sizes).for_each(|(d, s)| *d = (*d + (size + s)).max(0.0));
        }
        self.kernel.map(out, size, &self.sizes);
    }
}

fn size_of(kernel: Kernel, values: impl Iterator<Item = f64>) -> f64 {
    match kernel.function {
        KernelFunction::Laplacian => values.map(f64::abs).sum(),
        _ => kernel.size(values.map(|v| v * v).sum()),
    }
}
