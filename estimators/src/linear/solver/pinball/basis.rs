//! The rows that a vertex interpolates, as `M = L·Q` with orthonormal rows of Q: rows are added one at a time, and
//! systems with M and its transpose are solved.

use crate::linear::solver::interior_point::design::dot;

/// A row of which no more than this is left beside the others depends on them.
const DEPENDENT: f64 = 1e-9;

/// The factors.
pub struct Basis {
    width: usize,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
}

impl Basis {
    /// No rows yet, of this many numbers each.
    pub fn new(width: usize) -> Self {
        Basis { width, q: Vec::new(), l: Vec::new() }
    }

    /// Whether there are as many rows as columns.
    pub fn is_full(&self) -> bool {
        self.q.len() == self.width
    }

    /// Adds a row unless it depends on those that are there; whether it did.
    pub fn add(&mut self, row: &[f64]) -> bool {
        let length = dot(row, row).sqrt();
        let (mut rest, mut along) = (row.to_vec(), vec![0.0; self.q.len()]);
        // Twice is enough for orthogonality to rounding.
        for _ in 0..2 {
            for (q, along) in self.q.iter().zip(&mut along) {
                let part = dot(q, &rest);
                *along += part;
                rest.iter_mut().zip(q).for_each(|(r, q)| *r -= part * q);
            }
        }
        let left = dot(&rest, &rest).sqrt();
        if left.is_nan() || left <= DEPENDENT * length || self.is_full() {
            return false;
        }
        rest.iter_mut().for_each(|r| *r /= left);
        along.push(left);
        self.q.push(rest);
        self.l.push(along);
        true
    }

    /// The shortest v with `M·v = gaps`.
    pub fn solve(&self, gaps: &[f64]) -> Vec<f64> {
        let (mut v, mut inner) = (vec![0.0; self.width], Vec::with_capacity(gaps.len()));
        for ((l, q), gap) in self.l.iter().zip(&self.q).zip(gaps) {
            let k = inner.len();
            let c = (gap - dot(&l[..k], &inner)) / l[k];
            v.iter_mut().zip(q).for_each(|(v, q)| *v += c * q);
            inner.push(c);
        }
        v
    }

    /// λ with `Mᵀ·λ = g`, for as many rows as columns.
    pub fn solve_transposed(&self, g: &[f64]) -> Vec<f64> {
        let mut lambda: Vec<f64> = self.q.iter().map(|q| dot(q, g)).collect();
        for k in (0..lambda.len()).rev() {
            lambda[k] /= self.l[k][k];
            let (before, last) = lambda.split_at_mut(k);
            before.iter_mut().zip(&self.l[k]).for_each(|(v, l)| *v -= last[0] * l);
        }
        lambda
    }

    /// A unit vector that is orthogonal to all rows, for fewer rows than columns.
    pub fn outside(&self) -> Vec<f64> {
        let left = |j: usize| 1.0 - self.q.iter().map(|q| q[j] * q[j]).sum::<f64>();
        let lefts: Vec<f64> = (0..self.width).map(left).collect();
        let most = (0..self.width).fold(0, |a, b| if lefts[b] > lefts[a] + 1e-9 { b } else { a });
        let mut v = vec![0.0; self.width];
        v[most] = 1.0;
        for _ in 0..2 {
            for q in &self.q {
                let part = dot(q, &v);
                v.iter_mut().zip(q).for_each(|(v, q)| *v -= part * q);
            }
        }
        let length = dot(&v, &v).sqrt();
        v.iter_mut().for_each(|v| *v /= length);
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_solved_for_and_dependent_ones_refused() {
        let rows = [vec![1.0, 2.0, 0.5], vec![2.0, 4.0, 1.0], vec![0.0, 1.0, -1.0], vec![3.0, 0.0, 1.0]];
        let mut basis = Basis::new(3);
        assert_eq!(rows.each_ref().map(|row| basis.add(row)), [true, false, true, true]);
        let kept = [&rows[0], &rows[2], &rows[3]];
        let v = basis.solve(&[1.0, -2.0, 0.5]);
        for (row, gap) in kept.iter().zip([1.0, -2.0, 0.5]) {
            assert!((dot(row, &v) - gap).abs() < 1e-14);
        }
        let lambda = basis.solve_transposed(&[1.0, 0.0, 2.0]);
        for (j, g) in [1.0, 0.0, 2.0].into_iter().enumerate() {
            let sum: f64 = kept.iter().zip(&lambda).map(|(row, l)| row[j] * l).sum();
            assert!((sum - g).abs() < 1e-14);
        }
        let mut few = Basis::new(3);
        few.add(&rows[0]);
        let v = few.outside();
        assert!(dot(&v, &rows[0]).abs() < 1e-15 && (dot(&v, &v) - 1.0).abs() < 1e-15);
    }
}
