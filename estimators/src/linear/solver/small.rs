//! Least squares of a small dense system, many times over: Householder's triangle in one buffer that is used again.

use crate::{Control, Result};
use ironlearn_linalg::lapack;
use ndarray::{Array2, ArrayView2, s};

/// Above this many numbers times columns LAPACK's blocks are faster than plain loops.
const PLAIN: usize = 1 << 16;

/// The largest condition number, with columns scaled to one length, that the triangle is trusted with.
const TRUSTED: f64 = 1e12;

/// Solves `min ‖A·x − b‖` for A of `rows` × `cols`.
#[derive(Debug)]
pub struct Small {
    rows: usize,
    cols: usize,
    /// `[A, b]`, column by column.
    system: Vec<f64>,
    /// The inverse of the triangle, column by column.
    inverse: Vec<f64>,
}

impl Small {
    /// Room for systems of this shape.
    pub fn new(rows: usize, cols: usize) -> Self {
        Small { rows, cols, system: vec![0.0; rows * (cols + 1)], inverse: vec![0.0; cols * cols] }
    }

    /// The solution of the system that `fill` writes as `[A, b]`, column by column. Where columns depend on each other
    /// (or there are fewer rows than columns) it is the shortest one; singular values up to eps times the largest count
    /// as 0.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] where LAPACK fails.
    pub fn solve(&mut self, fill: impl Fn(&mut [f64]), out: &mut [f64]) -> Result<()> {
        if self.rows >= self.cols {
            fill(&mut self.system);
            if self.by_triangle(out)? {
                return Ok(());
            }
        }
        fill(&mut self.system);
        let system = ArrayView2::from_shape((self.cols + 1, self.rows), &self.system);
        let system: Array2<f64> = system.map(|columns| columns.t().to_owned()).unwrap_or_default();
        let (a, b) = (system.slice(s![.., ..self.cols]).to_owned(), system.slice(s![.., self.cols..]));
        let found = lapack::lstsq(&a, b, f64::EPSILON, &Control::new())?.solution;
        out.iter_mut().zip(&found).for_each(|(out, &v)| *out = v);
        Ok(())
    }

    /// Whether the triangle's solution can be trusted.
    fn by_triangle(&mut self, out: &mut [f64]) -> Result<bool> {
        let (n, p) = (self.rows, self.cols);
        if n * p * p > PLAIN {
            lapack::qr_in_place(&mut self.system, n, p + 1)?;
        } else {
            householder(&mut self.system, n, p);
        }
        let r = |i: usize, j: usize| self.system[j * n + i];
        // The inverse, and with it the condition number in the 1-norm of the triangle with columns of length 1.
        let (mut size, mut inverse_size) = (0.0_f64, 0.0_f64);
        let length = |j: usize| (0..=j).map(|i| r(i, j) * r(i, j)).sum::<f64>().sqrt();
        for j in 0..p {
            let column = &mut self.inverse[j * p..(j + 1) * p];
            column[j] = 1.0 / r(j, j);
            for i in (0..j).rev() {
                let sum: f64 = (i + 1..=j).map(|k| r(i, k) * column[k]).sum();
                column[i] = -sum / r(i, i);
            }
            size = size.max((0..=j).map(|i| r(i, j).abs()).sum::<f64>() / length(j));
            inverse_size = inverse_size.max((0..=j).map(|i| (column[i] * length(i)).abs()).sum());
        }
        let condition = size * inverse_size;
        if !condition.is_finite() || condition > TRUSTED {
            return Ok(false);
        }
        for i in (0..p).rev() {
            let sum: f64 = (i + 1..p).map(|k| r(i, k) * out[k]).sum();
            out[i] = (r(i, p) - sum) / r(i, i);
        }
        Ok(out.iter().all(|v| v.is_finite()))
    }
}

/// Reflects each of the first `p` columns of `a` (`n` numbers each, column by column) onto its first numbers, and the
/// columns after it (p + 1 in all) with it: the triangle stands above.
fn householder(a: &mut [f64], n: usize, p: usize) {
    for j in 0..p.min(n) {
        let (done, rest) = a.split_at_mut((j + 1) * n);
        let v = &mut done[j * n + j..];
        let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm == 0.0 {
            continue;
        }
        let first = v[0];
        let diagonal = if first > 0.0 { -norm } else { norm };
        v[0] = first - diagonal;
        // ‖v‖² = 2·norm·(norm + |first|)
        let scale = 1.0 / (norm * (norm + first.abs()));
        for column in rest.chunks_exact_mut(n) {
            let column = &mut column[j..];
            let along = scale * v.iter().zip(column.iter()).map(|(v, c)| v * c).sum::<f64>();
            column.iter_mut().zip(v.iter()).for_each(|(c, v)| *c -= along * v);
        }
        v[0] = diagonal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(a: &Array2<f64>, b: &[f64]) -> Vec<f64> {
        let (n, p) = a.dim();
        let mut out = vec![0.0; p];
        let fill = |system: &mut [f64]| {
            (0..p).for_each(|j| (0..n).for_each(|i| system[j * n + i] = a[[i, j]]));
            system[p * n..].copy_from_slice(b);
        };
        Small::new(n, p).solve(fill, &mut out).unwrap();
        out
    }

    /// As by singular values: square, tall, by LAPACK's blocks, wide, and with dependent columns.
    #[test]
    fn the_solution_is_the_shortest() {
        for (n, p, dependent) in [(4, 4, false), (9, 4, false), (400, 40, false), (3, 7, false), (9, 4, true)] {
            let mut a = Array2::from_shape_fn((n, p), |(i, j)| ((i * 37 + j * 101 + i * j) as f64).sin());
            if dependent {
                let copy = a.column(0).to_owned();
                a.column_mut(2).assign(&copy);
            }
            let b: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
            let want = lapack::lstsq(&a, ArrayView2::from_shape((n, 1), &b).unwrap(), 1e-14, &Control::new())
                .unwrap()
                .solution;
            for (found, want) in solved(&a, &b).iter().zip(&want) {
                assert!((found - want).abs() < 1e-10 * (1.0 + want.abs()), "{n} × {p}: {found} {want}");
            }
        }
    }

    /// Columns of 1e-8 and 1e8 are not taken for dependent ones.
    #[test]
    fn units_do_not_matter() {
        let a = ndarray::array![[1e-8, 3e8], [2e-8, 1e8], [1e-8, -2e8]];
        let found = solved(&a, &[3.0 + 6.0, 6.0 + 2.0, 3.0 - 4.0]);
        assert!((found[0] - 3e8).abs() < 1e-6 && (found[1] - 2e-8).abs() < 1e-20, "{found:?}");
    }
}
