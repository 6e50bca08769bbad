//! Anderson acceleration: the combination of the last iterates in which their differences cancel best.

/// Iterates that are combined.
const DEPTH: usize = 5;

/// The last iterates, each together with what depends on it linearly.
#[derive(Debug, Default)]
pub struct Anderson {
    points: Vec<Vec<f64>>,
}

impl Anderson {
    /// Takes in an iterate, of which the first `n` numbers are coefficients. Once there are enough, gives the combined
    /// one and begins anew.
    pub fn push(&mut self, point: Vec<f64>, n: usize) -> Option<Vec<f64>> {
        self.points.push(point);
        if self.points.len() <= DEPTH {
            return None;
        }
        let points = std::mem::take(&mut self.points);
        let differences: Vec<Vec<f64>> = points
            .windows(2)
            .map(|pair| pair[1][..n].iter().zip(&pair[0][..n]).map(|(a, b)| a - b).collect())
            .collect();
        let mut system = [[0.0; DEPTH + 1]; DEPTH];
        let mut trace = 0.0;
        for i in 0..DEPTH {
            for j in 0..DEPTH {
                system[i][j] = differences[i].iter().zip(&differences[j]).map(|(a, b)| a * b).sum();
            }
            trace += system[i][i];
            system[i][DEPTH] = 1.0;
        }
        for (i, row) in system.iter_mut().enumerate() {
            row[i] += 1e-14 * trace;
        }
        let z = solve(&mut system)?;
        let total: f64 = z.iter().sum();
        let mut combined = vec![0.0; points[0].len()];
        for (point, z) in points[1..].iter().zip(&z) {
            combined.iter_mut().zip(point).for_each(|(c, v)| *c += z / total * v);
        }
        combined.iter().all(|v| v.is_finite()).then_some(combined)
    }
}

/// Gaussian elimination with pivots; `None` where there is no solution.
fn solve(a: &mut [[f64; DEPTH + 1]; DEPTH]) -> Option<[f64; DEPTH]> {
    for col in 0..DEPTH {
        let pivot = (col..DEPTH).max_by(|&i, &j| a[i][col].abs().total_cmp(&a[j][col].abs()))?;
        a.swap(col, pivot);
        if a[col][col] == 0.0 || !a[col][col].is_finite() {
            return None;
        }
        for row in col + 1..DEPTH {
            let factor = a[row][col] / a[col][col];
            for k in col..=DEPTH {
                a[row][k] -= factor * a[col][k];
            }
        }
    }
    let mut z = [0.0; DEPTH];
    for row in (0..DEPTH).rev() {
        let known: f64 = (row + 1..DEPTH).map(|k| a[row][k] * z[k]).sum();
        z[row] = (a[row][DEPTH] - known) / a[row][row];
    }
    Some(z)
}
