//! Which centre is nearest, and what the members of each centre add up to.

use super::panel::{Hit, Panels, ROWS};
use super::row_loops::two_sum;
use super::rows::{Buffer, Rows, TILE, load, nearest_exactly, square_norms};
use crate::{Control, Dtype, Matrix, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use std::sync::atomic::{AtomicBool, Ordering};

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
    let mut found = vec![(0, 0.0); x.nrows()];
    for_each(x, centers, ctl, &mut found, |rows, i, label, centers, norms| {
        let at = label as usize * rows.width()..(label as usize + 1) * rows.width();
        (label, rows.distance(i, &centers[at], norms[label as usize]))
    })?;
    Ok(found.into_iter().unzip::<u32, f64, Vec<_>, Vec<_>>()).map(|(l, d)| (l.into(), d.into()))
}

/// For each row of X the nearest of `centers`, as by [`nearest`]; and whether all rows are of finite length, which
/// shows on the way.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn labels<F: Real>(x: &Matrix<'_, F>, centers: ArrayView2<'_, f64>, ctl: &Control) -> Result<(Array1<i32>, bool)> {
    let mut found = vec![0; x.nrows()];
    let finite = for_each(x, centers, ctl, &mut found, |_, _, label, _, _| label as i32)?;
    Ok((found.into(), finite))
}

/// Sets `out` to what `answer` makes of each row, its nearest centre, and the centres with their squared lengths.
fn for_each<F: Real, T: Send>(
    x: &Matrix<'_, F>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
    out: &mut [T],
    answer: impl Fn(&Rows<'_, F>, usize, u32, &[f64], &[f64]) -> T + Sync + Send,
) -> Result<bool> {
    if let Matrix::Sparse(sparse) = x {
        let rows = sparse.by_row();
        return for_each_by_row(&Matrix::Sparse(rows.view(sparse)), centers, ctl, out, answer);
    }
    for_each_by_row(x, centers, ctl, out, answer)
}

fn for_each_by_row<F: Real, T: Send>(
    x: &Matrix<'_, F>,
    centers: ArrayView2<'_, f64>,
    ctl: &Control,
    out: &mut [T],
    answer: impl Fn(&Rows<'_, F>, usize, u32, &[f64], &[f64]) -> T + Sync + Send,
) -> Result<bool> {
    let ((n, p), k) = (x.shape(), centers.nrows());
    let centers = centers.as_standard_layout();
    let flat = centers.as_slice().unwrap_or_default();
    let norms = square_norms(flat, p);
    let shift = origin::<F>(flat, p, x.is_sparse());
    let zero = vec![0.0; p];
    // Packing the centres costs as much as a few rows.
    let few = n < 8;
    let panels = (!few).then(|| Panels::<F>::new(centers.view(), shift.as_ref().unwrap_or(&zero), 1));
    let finite = AtomicBool::new(true);
    threads::fill_rows(ctl, out, 1, TILE, |first, out| {
        let (mut buffer, mut room, mut scores) = (Buffer::default(), Vec::new(), Vec::new());
        let rows = load(x, shift.as_ref(), first..first + out.len(), &mut buffer);
        let moved = rows.moved(0..out.len(), &mut room);
        let Some(panels) = &panels else {
            for (i, out) in out.iter_mut().enumerate() {
                if !moved.length(i).is_finite() {
                    finite.store(false, Ordering::Relaxed);
                }
                *out = answer(&rows, i, nearest_exactly(&rows, i, flat, &norms).0, flat, &norms);
            }
            return;
        };
        // Rows whose scores do not decide, with the score up to which a centre may be the nearest.
        let mut open: Vec<(u32, f64)> = Vec::new();
        let mut hits = [Hit { best: 0.0, second: 0.0, at: 0 }; ROWS];
        for start in (0..out.len()).step_by(ROWS) {
            moved.best(start, out.len() - start, panels, &mut hits);
            for (i, hit) in (start..out.len()).zip(&hits) {
                let length = moved.length(i);
                if !length.is_finite() {
                    finite.store(false, Ordering::Relaxed);
                }
                let reach = 4.0 * panels.error(length);
                if (hit.second - hit.best > reach || k == 1) && (hit.at as usize) < k {
                    out[i] = answer(&rows, i, hit.at, flat, &norms);
                } else {
                    open.push((i as u32, hit.best + reach));
                }
            }
        }
        if moved.is_sparse() {
            for &(i, _) in &open {
                let i = i as usize;
                out[i] = answer(&rows, i, nearest_exactly(&rows, i, flat, &norms).0, flat, &norms);
            }
            return;
        }
        let which: Vec<u32> = open.iter().map(|&(i, _)| i).collect();
        let mut limits = open.iter();
        moved.scores(&which, panels, &mut scores, |i, scores| {
            let limit = limits.next().map_or(f64::INFINITY, |&(_, limit)| limit);
            let mut best = (0, f64::INFINITY);
            for (c, score) in scores[..k].iter().enumerate() {
                // What is not a number leaves a centre open.
                if score.widen() > limit {
                    continue;
                }
                let distance = rows.distance(i, &flat[c * p..(c + 1) * p], norms[c]);
                if distance < best.1 {
                    best = (c as u32, distance);
                }
            }
            out[i] = answer(&rows, i, best.0, flat, &norms);
        });
    })?;
    Ok(finite.into_inner())
}

/// The mean of the centres where they lie so much further from 0 than from each other that scores would lose what
/// decides: a better origin. Sparse rows stay.
fn origin<F: Real>(flat: &[f64], p: usize, sparse: bool) -> Option<Vec<f64>> {
    let k = flat.len() as f64 / p.max(1) as f64;
    let mut mean = vec![0.0; p];
    let mut square = 0.0;
    for center in flat.chunks_exact(p.max(1)) {
        mean.iter_mut().zip(center).for_each(|(m, c)| *m += c / k);
        square += center.iter().map(|c| c * c).sum::<f64>() / k;
    }
    let offset: f64 = mean.iter().map(|m| m * m).sum();
    let spread = square - offset;
    let far = match F::DTYPE {
        Dtype::F32 => 1.0,
        Dtype::F64 => 1e6,
    };
    (!sparse && offset.is_finite() && offset > far * spread)
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
