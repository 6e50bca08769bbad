//! Which centre is nearest, and what the members of each centre add up to.

use super::panel::Panels;
use super::rows::{Buffer, TILE, load, nearest_exactly, square_norms, two_sum};
use crate::{Control, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// See [`crate::Backend::nearest`]. The answer for a row depends on nothing but the row and the centres: scores only
/// sort out what is clear by more than their error, the rest is compared in `f64`.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn nearest<F: Real>(
    x: &Matrix<'_, F>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<(Array1<u32>, Array1<f64>)> {
    if let Matrix::Sparse(sparse) = x {
        let rows = sparse.by_row();
        return nearest_by_row(&Matrix::Sparse(rows.view(sparse)), centers, ctl);
    }
    nearest_by_row(x, centers, ctl)
}

fn nearest_by_row<F: Real>(
    x: &Matrix<'_, F>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
) -> Result<(Array1<u32>, Array1<f64>)> {
    let ((n, p), k) = (x.shape(), centers.nrows());
    let centers = centers.as_standard_layout();
    let flat = centers.as_slice().unwrap_or_default();
    let norms = square_norms(flat, p);
    // Packing the centres costs as much as a few rows.
    let few = n < 8;
    let shift = origin::<F>(flat, p, x.is_sparse());
    let zero = vec![0.0; p];
    let panels = (!few).then(|| Panels::<F>::new(centers.view(), shift.as_ref().unwrap_or(&zero)));
    let parts = threads::map_tiles(ctl, n, TILE, |tile| {
        let (mut buffer, mut room) = (Buffer::default(), Vec::new());
        let rows = load(x, shift.as_ref(), tile.clone(), &mut buffer);
        let Some(panels) = &panels else {
            return (0..tile.len()).map(|i| nearest_exactly(&rows, i, flat, &norms)).collect::<Vec<_>>();
        };
        let moved = rows.moved(0..tile.len(), &mut room);
        let all: Vec<u32> = (0..tile.len() as u32).collect();
        let mut best = vec![(f64::INFINITY, f64::INFINITY, 0_u32); tile.len()];
        for group in 0..panels.groups() {
            moved.evaluate(&all, panels, group, |i, hit| {
                let old = best[i];
                best[i] = if hit.best < old.0 {
                    (hit.best, hit.second.min(old.0), hit.at)
                } else {
                    (old.0, old.1.min(hit.best), old.2)
                };
            });
        }
        let decide = |i: usize| {
            let (first, second, at) = best[i];
            let clear = second - first > 4.0 * panels.error(moved.length(i));
            if (at as usize) < k && (clear || k == 1) {
                let at = at as usize;
                (at as u32, rows.distance(i, &flat[at * p..(at + 1) * p], norms[at]))
            } else {
                nearest_exactly(&rows, i, flat, &norms)
            }
        };
        (0..tile.len()).map(decide).collect()
    })?;
    Ok(parts.into_iter().flatten().unzip::<u32, f64, Vec<_>, Vec<_>>()).map(|(l, d)| (l.into(), d.into()))
}

/// The mean of the centres where they lie further from 0 than from each other: a better origin. Sparse rows stay.
fn origin<F: Real>(flat: &[f64], p: usize, sparse: bool) -> Option<Vec<f64>> {
    let k = flat.len() as f64 / p.max(1) as f64;
    let mut mean = vec![0.0; p];
    let mut square = 0.0;
    for center in flat.chunks_exact(p.max(1)) {
        mean.iter_mut().zip(center).for_each(|(m, c)| *m += c / k);
        square += center.iter().map(|c| c * c).sum::<f64>() / k;
    }
    let offset: f64 = mean.iter().map(|m| m * m).sum();
    (!sparse && offset.is_finite() && 2.0 * offset > square)
        .then(|| mean.into_iter().map(|m| F::narrow(m).widen()).collect())
}

/// The distance of each row to each of `centers`, n × k.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn distances<F: Real>(x: &Matrix<'_, F>, centers: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    if let Matrix::Sparse(sparse) = x {
        let rows = sparse.by_row();
        return distances_by_row(&Matrix::Sparse(rows.view(sparse)), centers, ctl);
    }
    distances_by_row(x, centers, ctl)
}

fn distances_by_row<F: Real>(x: &Matrix<'_, F>, centers: ArrayView2<'_, f64>, ctl: &Control) -> Result<Array2<f64>> {
    let ((n, p), k) = (x.shape(), centers.nrows());
    let centers = centers.as_standard_layout();
    let flat = centers.as_slice().unwrap_or_default();
    let norms = square_norms(flat, p);
    let mut out = Array2::zeros((n, k));
    threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), k, TILE, |first, out| {
        let mut buffer = Buffer::default();
        let rows = load(x, None, first..first + out.len() / k, &mut buffer);
        for (i, out) in out.chunks_exact_mut(k).enumerate() {
            for (c, out) in out.iter_mut().enumerate() {
                *out = rows.distance(i, &flat[c * p..(c + 1) * p], norms[c]).sqrt();
            }
        }
    })?;
    Ok(out)
}

/// See [`crate::Backend::segment_sum`]. Sums are compensated: as good as exact, whatever the order.
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
    if let Matrix::Sparse(sparse) = x {
        let rows = sparse.by_row();
        return segment_sum_by_row(&Matrix::Sparse(rows.view(sparse)), labels, weights, k, ctl);
    }
    segment_sum_by_row(x, labels, weights, k, ctl)
}

fn segment_sum_by_row<F: Real>(
    x: &Matrix<'_, F>,
    labels: ArrayView1<'_, u32>,
    weights: Option<ArrayView1<'_, f64>>,
    k: usize,
    ctl: &Control,
) -> Result<(Array2<f64>, Array1<f64>)> {
    let (n, p) = x.shape();
    let zero = vec![0.0; p];
    let group_rows = n.div_ceil(16).next_multiple_of(TILE);
    let parts = threads::map_tiles(ctl, n, group_rows, |rows| {
        let (mut sums, mut rest) = (vec![0.0; k * p], vec![0.0; k * p]);
        let mut counts = vec![(0.0, 0.0); k];
        let mut buffer = Buffer::default();
        for start in rows.clone().step_by(TILE) {
            let tile = start..rows.end.min(start + TILE);
            let loaded = load(x, None, tile.clone(), &mut buffer);
            for (i, row) in tile.enumerate() {
                let weight = weights.as_ref().map_or(1.0, |w| w[row]);
                let c = labels[row] as usize;
                let at = c * p..(c + 1) * p;
                loaded.add(i, weight, &zero, &mut sums[at.clone()], &mut rest[at]);
                counts[c] = two_sum(counts[c].0, counts[c].1, weight);
            }
        }
        (sums, rest, counts)
    })?;
    let mut total = vec![(0.0, 0.0); k * p];
    let mut counted = vec![(0.0, 0.0); k];
    for (sums, rest, counts) in parts {
        for ((t, s), r) in total.iter_mut().zip(sums).zip(rest) {
            *t = two_sum(t.0, t.1 + r, s);
        }
        for (t, c) in counted.iter_mut().zip(counts) {
            *t = two_sum(t.0, t.1 + c.1, c.0);
        }
    }
    let sums = total.into_iter().map(|(s, r)| s + r).collect();
    let sums = Array2::from_shape_vec((k, p), sums).unwrap_or_default();
    Ok((sums, counted.into_iter().map(|(s, r)| s + r).collect()))
}
