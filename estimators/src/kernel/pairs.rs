//! What a kernel is made of, for pairs of rows: products, distances and the map of them.

use super::exp::{of_distances, of_products, of_scaled};
use super::{Kernel, KernelFunction};

/// The square of a row's length, by 8 running sums.
pub(super) fn square(row: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (blocks, rest) = row.as_chunks::<8>();
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(s, v)| *s += v * v);
    }
    sums.iter().chain(&rest.iter().map(|v| v * v).collect::<Vec<_>>()).sum()
}

/// `Σ|x − y|`.
pub(super) fn manhattan(x: &[f64], y: &[f64]) -> f64 {
    sum_of(x, y, |a, b| (a - b).abs())
}

/// `Σ (x − y)²/(x + y)`, where 0/0 is 0.
pub(super) fn chi_square(x: &[f64], y: &[f64]) -> f64 {
    sum_of(x, y, |a, b| if a + b == 0.0 { 0.0 } else { (a - b) * (a - b) / (a + b) })
}

fn sum_of(x: &[f64], y: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
    for (a, b) in xs.iter().zip(ys) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(s, (&a, &b))| *s += term(a, b));
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(&a, &b)| term(a, b)).sum();
    sums.iter().sum::<f64>() + rest
}

impl Kernel {
    /// What the kernel keeps of each row: the square of its length, or 1 / its length.
    pub(super) fn size(&self, square: f64) -> f64 {
        match self.function {
            KernelFunction::Cosine if square > 0.0 => 1.0 / square.sqrt(),
            KernelFunction::Cosine => 0.0,
            _ => square,
        }
    }

    /// [`Kernel::map`] where squared distances less `size` stand in for products of an RBF kernel.
    pub(super) fn map_packed(&self, values: &mut [f64], size: f64, sizes: &[f64]) {
        match self.function {
            // Rows that are far beyond all others are near none.
            KernelFunction::Rbf if !size.is_finite() => values.fill(0.0),
            KernelFunction::Rbf => of_distances(self.gamma, size, values),
            _ => self.map(values, size, sizes),
        }
    }

    /// Turns products or distances of one row with others into the kernel; `size` and `sizes` are those of the rows.
    pub(super) fn map(&self, values: &mut [f64], size: f64, sizes: &[f64]) {
        let gamma = self.gamma;
        match self.function {
            KernelFunction::Linear | KernelFunction::Precomputed => {}
            KernelFunction::Polynomial => {
                values.iter_mut().for_each(|v| *v = self.power(gamma * *v + self.coef0));
            }
            KernelFunction::Rbf if !size.is_finite() => values.fill(0.0),
            KernelFunction::Rbf => of_products(gamma, size, sizes, values),
            KernelFunction::Sigmoid => values.iter_mut().for_each(|v| *v = (gamma * *v + self.coef0).tanh()),
            KernelFunction::Cosine => values.iter_mut().zip(sizes).for_each(|(v, s)| *v *= size * s),
            KernelFunction::Laplacian | KernelFunction::Chi2 => of_scaled(gamma, values),
            KernelFunction::AdditiveChi2 => values.iter_mut().for_each(|v| *v = -*v),
        }
    }
}
