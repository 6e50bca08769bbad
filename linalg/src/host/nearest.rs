//! The two halves of one k-means step: which centre is nearest, and what the members of each centre add up to.

use crate::lapack::Blas;
use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

const TILE_ROWS: usize = 256;

/// See [`crate::Backend::nearest`].
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn nearest<F: Real>(
    x: &Matrix<'_, F>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<(Array1<u32>, Array1<f64>)> {
    let ((n, p), k) = (x.shape(), centers.nrows());
    let centers = centers.as_standard_layout();
    let flat = centers.as_slice().unwrap_or_default();
    let norms: Vec<f64> = centers.rows().into_iter().map(|c| c.dot(&c)).collect();
    let parts = threads::map_tiles(ctl, n, TILE_ROWS, |rows| {
        let m = rows.len();
        let mut tile = vec![0.0; m * p];
        x.pack(rows, 0..p, p, &mut tile);
        let mut products = vec![0.0; m * k];
        f64::gemm((false, true), (m, k, p), -2.0, &tile, p, flat, p, 0.0, &mut products, k);
        let pick = |(row, products): (&[f64], &[f64])| {
            let mut best = (f64::INFINITY, 0);
            for (c, (product, norm)) in products.iter().zip(&norms).enumerate() {
                if product + norm < best.0 {
                    best = (product + norm, c);
                }
            }
            let center = &flat[best.1 * p..(best.1 + 1) * p];
            let distance: f64 = row.iter().zip(center).map(|(a, b)| (a - b) * (a - b)).sum();
            (best.1 as u32, distance)
        };
        tile.chunks_exact(p).zip(products.chunks_exact(k)).map(pick).collect::<Vec<_>>()
    })?;
    Ok(parts.into_iter().flatten().unzip::<u32, f64, Vec<_>, Vec<_>>()).map(|(l, d)| (l.into(), d.into()))
}

/// See [`crate::Backend::segment_sum`].
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn segment_sum<F: Real>(
    x: &Matrix<'_, F>,
    labels: ArrayView1<'_, u32>,
    weights: Option<ArrayView1<'_, f64>>,
    k: usize,
    ctl: &Control,
) -> Result<(Array2<f64>, Array1<f64>)> {
    let (n, p) = x.shape();
    let group_rows = n.div_ceil(16).next_multiple_of(TILE_ROWS);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        let (mut sums, mut counts) = (Array2::<f64>::zeros((k, p)), Array1::<f64>::zeros(k));
        let mut tile = vec![0.0; TILE_ROWS * p];
        for start in rows.clone().step_by(TILE_ROWS) {
            let end = rows.end.min(start + TILE_ROWS);
            x.pack(start..end, 0..p, p, &mut tile);
            for (i, row) in (start..end).zip(tile.chunks_exact(p)) {
                let weight = weights.as_ref().map_or(1.0, |w| w[i]);
                let label = labels[i] as usize;
                sums.row_mut(label).scaled_add(weight, &ArrayView1::from(row));
                counts[label] += weight;
            }
        }
        (sums, counts)
    })?;
    let zero = (Array2::zeros((k, p)), Array1::zeros(k));
    Ok(parts.into_iter().fold(zero, |(sums, counts), part| (sums + part.0, counts + part.1)))
}
