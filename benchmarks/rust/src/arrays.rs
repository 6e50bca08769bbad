//! The arrays of a case, as the Python side wrote them, and the scores computed from them alike for every library.

use ndarray::{Array1, Array2, ArrayView1, s};
use ndarray_npy::read_npy;
use std::path::Path;

/// What the target holds.
pub enum Target {
    /// Nothing: clustering.
    None,
    /// Numbers: training rows, held-out rows.
    Values(Array1<f64>, Array1<f64>),
    /// Class codes: training rows, held-out rows.
    Classes(Array1<i64>, Array1<i64>),
}

/// Training and held-out rows.
pub struct Arrays {
    /// n × p.
    pub x: Array2<f64>,
    /// m × p.
    pub x_test: Array2<f64>,
    /// The target of both.
    pub target: Target,
    /// The first centres, for clustering.
    pub init: Option<Array2<f64>>,
}

impl Arrays {
    /// Reads a folder; `rows` limits the training rows (0: all).
    pub fn read(folder: &Path, rows: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let x: Array2<f64> = read_npy(folder.join("x.npy"))?;
        let n = if rows == 0 { x.nrows() } else { rows.min(x.nrows()) };
        let cut = |y: Array1<f64>| y.slice(s![..n.min(y.len())]).to_owned();
        let target = match (read_npy::<_, Array1<f64>>(folder.join("y.npy")), folder.join("y.npy").exists()) {
            (_, false) => Target::None,
            (Ok(y), _) => Target::Values(cut(y), read_npy(folder.join("y_test.npy"))?),
            (Err(_), _) => {
                let y: Array1<i64> = read_npy(folder.join("y.npy"))?;
                Target::Classes(y.slice(s![..n]).to_owned(), read_npy(folder.join("y_test.npy"))?)
            }
        };
        let init = folder.join("init.npy").exists().then(|| read_npy(folder.join("init.npy"))).transpose()?;
        let x = if n < x.nrows() { x.slice(s![..n, ..]).to_owned() } else { x };
        Ok(Arrays { x, x_test: read_npy(folder.join("x_test.npy"))?, target, init })
    }

    /// The numbers to predict of the training rows.
    pub fn values(&self) -> Result<&Array1<f64>, String> {
        match &self.target {
            Target::Values(y, _) => Ok(y),
            _ => Err("this case has no numbers to predict".into()),
        }
    }

    /// The classes of the training rows.
    pub fn classes(&self) -> Result<&Array1<i64>, String> {
        match &self.target {
            Target::Classes(y, _) => Ok(y),
            _ => Err("this case has no classes to predict".into()),
        }
    }

    /// The width of the kernel machines' RBF kernel, scikit-learn's `gamma="scale"`: 1 / (columns · variance of X).
    pub fn gamma(&self) -> f64 {
        1.0 / (self.x.ncols() as f64 * self.x.var(0.0))
    }

    /// R² or accuracy of the held-out predictions; for clustering the mean squared distance of held-out rows to the
    /// mean of the training rows with the same label.
    pub fn score(&self, train: ArrayView1<'_, f64>, test: ArrayView1<'_, f64>) -> f64 {
        match &self.target {
            Target::Values(_, y) => {
                let mean = y.mean().unwrap_or_default();
                let rest: f64 = y.iter().zip(test).map(|(y, p)| (y - p).powi(2)).sum();
                1.0 - rest / y.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
            }
            Target::Classes(_, y) => {
                y.iter().zip(test).filter(|(y, p)| (**y as f64) == **p).count() as f64 / y.len() as f64
            }
            Target::None => {
                let k = train.iter().fold(0.0f64, |a, &b| a.max(b)) as usize + 1;
                let (mut sums, mut counts) = (Array2::<f64>::zeros((k, self.x.ncols())), vec![0.0f64; k]);
                for (row, &label) in self.x.rows().into_iter().zip(train) {
                    sums.row_mut(label as usize).scaled_add(1.0, &row);
                    counts[label as usize] += 1.0;
                }
                let distance = |(row, &label): (ArrayView1<'_, f64>, &f64)| {
                    let center = &sums.row(label as usize) / counts[label as usize].max(1.0);
                    (&row - &center).mapv(|v| v * v).sum()
                };
                let rows = self.x_test.rows().into_iter().zip(test);
                rows.map(distance).sum::<f64>() / self.x_test.nrows() as f64
            }
        }
    }
}
