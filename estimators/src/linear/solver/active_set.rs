//! The Cholesky factor of the second moments of an active set that columns join and leave.
//!
//! Least angles and orthogonal matching pursuit solve with `G = X_Aᵀ·X_A` after every change of A. Joining is one
//! triangular solve; leaving removes a row and restores the triangle by Givens rotations, which lose no digits.

/// `G = L·Lᵀ`, row by row.
#[derive(Debug, Clone, Default)]
pub struct ActiveSet {
    /// Row i has i + 1 entries.
    rows: Vec<Vec<f64>>,
}

impl ActiveSet {
    /// The number of columns in the set.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of L that a column with these `products` with the members and this squared norm would add, without its
    /// diagonal entry, and the square of that entry: what is left of the column outside the members' span.
    pub fn row_of(&self, mut products: Vec<f64>, squared_norm: f64) -> (Vec<f64>, f64) {
        self.forward(&mut products);
        let inside: f64 = products.iter().map(|v| v * v).sum();
        (products, squared_norm - inside)
    }

    /// Adds a column by its row of L.
    pub fn join(&mut self, mut row: Vec<f64>, diagonal: f64) {
        row.push(diagonal);
        self.rows.push(row);
    }

    /// Takes out the column at place `at`.
    pub fn leave(&mut self, at: usize) {
        self.rows.remove(at);
        // Below the gap each row has one entry too many: rotate columns i and i + 1 so that it vanishes.
        for i in at..self.rows.len() {
            let (a, b) = (self.rows[i][i], self.rows[i][i + 1]);
            let length = a.hypot(b);
            // A positive diagonal, whatever the signs were.
            let (c, s) = if length > 0.0 { (a / length, b / length) } else { (1.0, 0.0) };
            for row in &mut self.rows[i..] {
                let (u, v) = (row[i], row[i + 1]);
                row[i] = c * u + s * v;
                row[i + 1] = c * v - s * u;
            }
            self.rows[i][i] = length;
            self.rows[i].truncate(i + 1);
        }
    }

    /// Solves `G·x = b`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        self.forward(&mut x);
        for i in (0..x.len()).rev() {
            x[i] /= self.rows[i][i];
            let value = x[i];
            for (x, l) in x[..i].iter_mut().zip(&self.rows[i]) {
                *x -= l * value;
            }
        }
        x
    }

    /// Solves `L·x = b` in place.
    fn forward(&self, x: &mut [f64]) {
        for (i, row) in self.rows.iter().enumerate() {
            let done: f64 = row[..i].iter().zip(&x[..i]).map(|(l, x)| l * x).sum();
            x[i] = (x[i] - done) / row[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ActiveSet;
    use ndarray::{Array1, Array2};

    fn set_of(x: &Array2<f64>, columns: &[usize]) -> ActiveSet {
        let mut set = ActiveSet::default();
        for (k, &j) in columns.iter().enumerate() {
            let products = columns[..k].iter().map(|&a| x.column(a).dot(&x.column(j))).collect();
            let (row, left) = set.row_of(products, x.column(j).dot(&x.column(j)));
            set.join(row, left.sqrt());
        }
        set
    }

    #[test]
    fn after_leaving_it_solves_as_if_the_column_had_never_joined() {
        let x = Array2::from_shape_fn((12, 6), |(i, j)| ((i * 7 + j * 5 + i * j * j) as f64).sin());
        for gone in 0..6 {
            let mut set = set_of(&x, &[0, 1, 2, 3, 4, 5]);
            set.leave(gone);
            let left: Vec<usize> = (0..6).filter(|&j| j != gone).collect();
            let b: Vec<f64> = (0..5).map(|i| 1.0 + i as f64).collect();
            let solved = Array1::from(set.solve(&b));
            let z = x.select(ndarray::Axis(1), &left);
            let back = z.t().dot(&z).dot(&solved);
            assert!((&back - &Array1::from(b)).iter().all(|d| d.abs() < 1e-12), "{gone}: {back}");
        }
    }

    #[test]
    fn a_column_in_the_span_leaves_nothing() {
        let mut x = Array2::from_shape_fn((9, 3), |(i, j)| ((i * 3 + j * 11) as f64).cos());
        let sum = &x.column(0) * 2.0 - x.column(1);
        x.column_mut(2).assign(&sum);
        let set = set_of(&x, &[0, 1]);
        let products = vec![x.column(0).dot(&sum), x.column(1).dot(&sum)];
        let (_, left) = set.row_of(products, sum.dot(&sum));
        assert!(left.abs() < 1e-14 * sum.dot(&sum) * 10.0, "{left:e}");
    }
}
