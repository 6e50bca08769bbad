//! Second moments of a sparse X, in as many steps as rows have pairs of entries, and without a dense copy.
//!
//! Up to some columns each row adds the products of its entries to one p × p sum a group of rows. Beyond that the sum
//! would not stay in a cache: there each column gathers its own row of the result from the rows that it is stored in.
//! Centring is a correction of rank one at the end. What that loses where a mean is large beside the spread happens
//! only in columns that nearly every row stores; those that every row stores are shifted by a provisional mean first.

use super::gram::Gram;
use crate::{Compressed, Control, Layout, Real, Result, threads};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// Up to so many columns the rows are walked; a sum of this size has 8 MB.
const BY_ROW_UP_TO: usize = 1024;
/// Row groups that are summed apart and then in order, as long as their partial results are small.
const GROUPS: usize = 16;
const PARTIAL_BYTES: usize = 16 << 20;
/// Rows that give the provisional means.
const FIRST_ROWS: usize = 1024;
/// Above this share of stored entries packing X densely and BLAS are faster.
const DENSE_FROM: f64 = 0.2;

/// Whether [`sparse_gram`] serves `x` better than a dense pass.
pub fn pays<F: Real>(x: &Compressed<'_, F>) -> bool {
    let (n, p) = x.shape();
    (x.data().len() as f64) < DENSE_FROM * n as f64 * p as f64
}

/// The entries of one row, shifted, by rising column and each once.
struct Row {
    entries: Vec<(usize, f64)>,
}

impl Row {
    /// Reads row `i`; whether its columns rose as they came.
    fn read<F: Real>(&mut self, x: &Compressed<'_, F>, i: usize) -> bool {
        self.entries.clear();
        let (mut next, mut rising) = (0, true);
        x.for_slice(i, |j, v| {
            rising &= j >= next;
            next = j + 1;
            self.entries.push((j, v.widen()));
        });
        if !rising {
            self.entries.sort_by_key(|&(j, _)| j);
            self.entries.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 += next.1;
                }
                same
            });
        }
        rising
    }
}

/// What the moments are taken of.
struct Source<'a, 'x, F> {
    /// By row.
    x: Compressed<'x, F>,
    y: ArrayView2<'a, f64>,
    weights: Option<ArrayView1<'a, f64>>,
    x_shift: Vec<f64>,
    y_shift: Array1<f64>,
}

/// Sums over rows: X'X (upper triangle), X'y (p × t) and X'1, all weighted and of shifted values.
struct Sums {
    gram: Array2<f64>,
    xty: Array2<f64>,
    x: Array1<f64>,
}

/// [`Gram`] of a sparse X.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn sparse_gram<F: Real>(
    x: &Compressed<'_, F>,
    y: ArrayView2<'_, f64>,
    weights: Option<ArrayView1<'_, f64>>,
    center: bool,
    ctl: &Control,
) -> Result<Gram> {
    let (n, p) = x.shape();
    let by_row = (x.layout() == Layout::Column).then(|| x.other_layout());
    let rows = by_row.as_ref().map_or(*x, |turned| turned.view());
    ctl.check()?;
    let first = n.min(FIRST_ROWS);
    let y_shift = if center {
        y.slice(ndarray::s![..first, ..]).sum_axis(Axis(0)) / first as f64
    } else {
        Array1::zeros(y.ncols())
    };
    let mut source = Source {
        x: rows,
        y: y.reborrow(),
        weights: weights.as_ref().map(|w| w.reborrow()),
        x_shift: vec![0.0; p],
        y_shift,
    };
    if center {
        source.shift_full_columns(p <= BY_ROW_UP_TO);
    }
    let sums = if p <= BY_ROW_UP_TO {
        source.by_row(ctl)?
    } else if x.layout() == Layout::Column {
        source.by_column(x, ctl)?
    } else {
        source.by_column(&rows.other_layout().view(), ctl)?
    };
    Ok(source.assemble(sums, center))
}

impl<F: Real> Source<'_, '_, F> {
    fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// Sets the shift of the columns that every row stores; where entries repeat, only if `merging` is promised.
    fn shift_full_columns(&mut self, merging: bool) {
        let (n, p) = self.x.shape();
        let (mut counts, mut sums) = (vec![0_usize; p], vec![0.0; p]);
        let mut row = Row { entries: Vec::new() };
        let first = n.min(FIRST_ROWS);
        let mut rising = true;
        for i in 0..n {
            rising &= row.read(&self.x, i);
            for &(j, v) in &row.entries {
                counts[j] += 1;
                if i < first {
                    sums[j] += v;
                }
            }
        }
        if rising || merging {
            for (shift, (count, sum)) in self.x_shift.iter_mut().zip(counts.into_iter().zip(sums)) {
                *shift = if count == n { sum / first as f64 } else { 0.0 };
            }
        }
    }

    fn by_row(&self, ctl: &Control) -> Result<Sums> {
        let ((n, p), t) = (self.x.shape(), self.y.ncols());
        let size = p * p + p * t + p;
        let groups = (PARTIAL_BYTES / (8 * size.max(1))).clamp(1, GROUPS).min(n.max(1));
        let parts = threads::map_tiles(ctl, n, n.div_ceil(groups), |rows| {
            let mut sums = vec![0.0; size];
            let (gram, rest) = sums.split_at_mut(p * p);
            let (xty, ones) = rest.split_at_mut(p * t);
            let mut row = Row { entries: Vec::new() };
            for i in rows {
                if i % 1024 == 0 && ctl.check().is_err() {
                    break;
                }
                row.read(&self.x, i);
                row.entries.iter_mut().for_each(|(j, v)| *v -= self.x_shift[*j]);
                let w = self.weight(i);
                for (a, &(j, v)) in row.entries.iter().enumerate() {
                    let scaled = w * v;
                    let line = &mut gram[j * p..(j + 1) * p];
                    row.entries[a..].iter().for_each(|&(k, other)| line[k] += scaled * other);
                    ones[j] += scaled;
                    for k in 0..t {
                        xty[j * t + k] += scaled * (self.y[[i, k]] - self.y_shift[k]);
                    }
                }
            }
            sums
        })?;
        ctl.check()?;
        let mut parts = parts.into_iter();
        let mut total = parts.next().unwrap_or_else(|| vec![0.0; size]);
        for part in parts {
            total.iter_mut().zip(part).for_each(|(s, v)| *s += v);
        }
        let x = Array1::from(total.split_off(p * p + p * t));
        let xty = Array2::from_shape_vec((p, t), total.split_off(p * p)).unwrap_or_default();
        Ok(Sums { gram: Array2::from_shape_vec((p, p), total).unwrap_or_default(), xty, x })
    }

    fn by_column(&self, columns: &Compressed<'_, F>, ctl: &Control) -> Result<Sums> {
        let ((_, p), t) = (self.x.shape(), self.y.ncols());
        let mut gram = Array2::zeros((p, p));
        threads::fill_rows(ctl, gram.as_slice_mut().unwrap_or_default(), p, 8, |first, out| {
            for (j, line) in (first..).zip(out.chunks_exact_mut(p)) {
                columns.for_slice(j, |i, v| {
                    let scaled = self.weight(i) * (v.widen() - self.x_shift[j]);
                    self.x.for_slice(i, |k, other| {
                        if k >= j {
                            line[k] += scaled * (other.widen() - self.x_shift[k]);
                        }
                    });
                });
            }
        })?;
        let mut rest = vec![0.0; p * (t + 1)];
        threads::fill_rows(ctl, &mut rest, t + 1, 64, |first, out| {
            for (j, line) in (first..).zip(out.chunks_exact_mut(t + 1)) {
                columns.for_slice(j, |i, v| {
                    let scaled = self.weight(i) * (v.widen() - self.x_shift[j]);
                    line[t] += scaled;
                    (0..t).for_each(|k| line[k] += scaled * (self.y[[i, k]] - self.y_shift[k]));
                });
            }
        })?;
        let xty = Array2::from_shape_fn((p, t), |(j, k)| rest[j * (t + 1) + k]);
        Ok(Sums { gram, xty, x: (0..p).map(|j| rest[j * (t + 1) + t]).collect() })
    }

    fn assemble(&self, sums: Sums, center: bool) -> Gram {
        let (n, t) = (self.x.shape().0, self.y.ncols());
        let Sums { mut gram, mut xty, x } = sums;
        let (mut y, mut yty, mut weight_sum) = (Array1::zeros(t), Array1::zeros(t), 0.0);
        for i in 0..n {
            let w = self.weight(i);
            weight_sum += w;
            for k in 0..t {
                let value = self.y[[i, k]] - self.y_shift[k];
                y[k] += w * value;
                yty[k] += w * value * value;
            }
        }
        let (mut x_mean, mut y_mean) = (Array1::zeros(x.len()), Array1::zeros(t));
        if center && weight_sum > 0.0 {
            let (dx, dy) = (&x / weight_sum, &y / weight_sum);
            for (j, (mut line, mut to_y)) in gram.rows_mut().into_iter().zip(xty.rows_mut()).enumerate() {
                line.scaled_add(-weight_sum * dx[j], &dx);
                to_y.scaled_add(-weight_sum * dx[j], &dy);
            }
            yty.zip_mut_with(&dy, |s, d| *s -= weight_sum * d * d);
            x_mean = dx + ArrayView1::from(&self.x_shift);
            y_mean = dy + &self.y_shift;
        }
        for i in 0..x.len() {
            for j in 0..i {
                gram[[i, j]] = gram[[j, i]];
            }
        }
        Gram { gram, xty, yty, x_mean, y_mean, weight_sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Indices, Matrix, host::gram};

    /// As a dense pass finds them, on both sides of the bound, for CSR (unsorted, with entries in two parts) and CSC;
    /// the same bits with one thread and with three.
    #[test]
    fn moments_are_those_of_the_dense_matrix() {
        for (n, p) in [(1, 3), (400, 40), (300, BY_ROW_UP_TO + 30)] {
            let (mut indptr, mut indices, mut data) = (vec![0_i32], Vec::new(), Vec::new());
            for i in 0..n {
                // The last column is stored by every row, far from 0; one entry comes in two parts.
                for j in [p - 1, (i * 7) % (p - 1), (i * 7) % (p - 1), (i * 13 + 5) % (p - 1)] {
                    indices.push(j as i32);
                    data.push(if j == p - 1 { 1e3 + (i % 5) as f64 } else { ((i + j) % 11) as f64 - 4.0 });
                }
                indptr.push(indices.len() as i32);
            }
            let x = Compressed::new(Layout::Row, (n, p), Indices::I32(&indptr), Indices::I32(&indices), &data).unwrap();
            let dense = Matrix::Sparse(x).to_dense();
            let turned = x.other_layout();
            let y = Array2::from_shape_fn((n, 2), |(i, k)| ((i * 3 + k) % 17) as f64 + 100.0);
            let w = Array1::from_shape_fn(n, |i| (i % 4) as f64 * 0.5 + 0.25);
            for (weights, center) in [(None, false), (None, true), (Some(w.view()), true), (Some(w.view()), false)] {
                let ctl = Control::new().with_threads(Some(1));
                let expected = gram::gram(&Matrix::Dense(dense.view()), y.view(), weights, center, &ctl).unwrap();
                for form in [x, turned.view()] {
                    let got = sparse_gram(&form, y.view(), weights, center, &ctl).unwrap();
                    let three = Control::new().with_threads(Some(3));
                    let again = sparse_gram(&form, y.view(), weights, center, &three).unwrap();
                    assert_eq!((&got.gram, &got.xty), (&again.gram, &again.xty));
                    // Where entries repeat beyond the bound nothing is shifted.
                    let scale = if p > BY_ROW_UP_TO && center { 1e6 } else { 1.0 };
                    let near = |a: &Array2<f64>, b: &Array2<f64>| {
                        let most = b.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
                        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-13 * most * scale)
                    };
                    assert!(near(&got.gram, &expected.gram), "gram of {n} × {p}, centred: {center}");
                    assert!(near(&got.xty, &expected.xty), "xty of {n} × {p}, centred: {center}");
                    assert!((&got.x_mean - &expected.x_mean).iter().all(|d| d.abs() < 1e-9));
                    assert!((&got.yty - &expected.yty).iter().all(|d| d.abs() < 1e-9 * n as f64));
                    assert!((got.weight_sum - expected.weight_sum).abs() < 1e-9);
                }
            }
        }
    }
}
