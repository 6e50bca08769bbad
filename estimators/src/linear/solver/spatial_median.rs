//! The spatial median: the point with the least sum of distances to given points.

use crate::{Control, Result};
use ironlearn_linalg::threads;
use ndarray::ArrayView2;

/// A spatial median, and how it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Median {
    /// Its coordinates.
    pub point: Vec<f64>,
    /// Iterations done; 0 for a direct answer.
    pub iterations: usize,
    /// Whether the last step was shorter than `tol`.
    pub converged: bool,
}

/// Weiszfeld's steps, changed so that they pass through a given point (Vardi and Zhang 2000, doi
/// 10.1073/pnas.97.4.1423), from the mean of `points` (n × d) until a step is shorter than `tol`. In one dimension it is
/// the median. O(n·d) an iteration.
///
/// # Errors
/// [`crate::Error::Linalg`] where the run is interrupted.
pub fn spatial_median(points: ArrayView2<'_, f64>, max_iter: usize, tol: f64, ctl: &Control) -> Result<Median> {
    let (n, d) = points.dim();
    if d == 1 {
        let mut values: Vec<f64> = points.iter().copied().collect();
        return Ok(Median { point: vec![median(&mut values)], iterations: 0, converged: true });
    }
    let tile = (32_768 / d.max(1)).max(256);
    let parts = threads::map_tiles(ctl, n, tile, |rows| {
        let mut sum = vec![0.0; d];
        rows.for_each(|i| points.row(i).iter().zip(&mut sum).for_each(|(v, s)| *s += v));
        sum
    })?;
    let mut point = vec![0.0; d];
    parts.iter().flat_map(|part| part.iter().enumerate()).for_each(|(j, v)| point[j] += v / n as f64);
    for iteration in 1..=max_iter {
        let parts = threads::map_tiles(ctl, n, tile, |rows| {
            let mut pull = Pull::new(d);
            rows.for_each(|i| pull.add(points.row(i).as_slice().unwrap_or(&[]), &point));
            pull
        })?;
        let mut pull = Pull::new(d);
        parts.iter().for_each(|part| pull.combine(part));
        let next = pull.step(&point);
        let moved: f64 = next.iter().zip(&point).map(|(a, b)| (a - b) * (a - b)).sum();
        point = next;
        ctl.step(iteration, max_iter, moved.sqrt())?;
        if moved < tol * tol {
            return Ok(Median { point, iterations: iteration, converged: true });
        }
    }
    Ok(Median { point, iterations: max_iter, converged: false })
}

/// The middle value, or the mean of the two middle ones. The values are reordered.
pub fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return f64::NAN;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp);
    match lower {
        Some(lower) if below.len() * 2 == values.len() => (lower + upper) / 2.0,
        _ => upper,
    }
}

/// What the points do to the present place.
struct Pull {
    /// `Σ x/‖x − at‖` over the points that are elsewhere.
    weighted: Vec<f64>,
    /// `Σ 1/‖x − at‖`.
    weight: f64,
    /// `Σ (x − at)/‖x − at‖`.
    direction: Vec<f64>,
    /// Whether a point is here.
    here: bool,
}

impl Pull {
    fn new(d: usize) -> Self {
        Pull { weighted: vec![0.0; d], weight: 0.0, direction: vec![0.0; d], here: false }
    }

    fn add(&mut self, x: &[f64], at: &[f64]) {
        let distance = x.iter().zip(at).map(|(x, a)| (x - a) * (x - a)).sum::<f64>().sqrt();
        if distance < f64::EPSILON {
            self.here = true;
            return;
        }
        let near = 1.0 / distance;
        self.weight += near;
        for (((w, u), x), a) in self.weighted.iter_mut().zip(&mut self.direction).zip(x).zip(at) {
            *w += x * near;
            *u += (x - a) * near;
        }
    }

    fn combine(&mut self, other: &Pull) {
        self.weight += other.weight;
        self.here |= other.here;
        self.weighted.iter_mut().zip(&other.weighted).for_each(|(a, b)| *a += b);
        self.direction.iter_mut().zip(&other.direction).for_each(|(a, b)| *a += b);
    }

    /// The next place: the weighted mean of the points, held back by a point that is here.
    fn step(&self, at: &[f64]) -> Vec<f64> {
        let force = self.direction.iter().map(|u| u * u).sum::<f64>().sqrt();
        if self.weight == 0.0 || force <= f64::EPSILON {
            return at.to_vec();
        }
        let stay = if self.here { (1.0 / force).min(1.0) } else { 0.0 };
        self.weighted.iter().zip(at).map(|(w, a)| (1.0 - stay) * (w / self.weight) + stay * a).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    /// At the median the unit vectors to the points add up to 0.
    #[test]
    fn no_direction_is_left() {
        let points =
            Array2::from_shape_fn((3000, 3), |(i, j)| ((i * 31 + j * 17 + i * j) as f64).sin() * (j + 1) as f64);
        let of =
            |threads| spatial_median(points.view(), 1000, 1e-12, &Control::new().with_threads(Some(threads))).unwrap();
        let found = of(1);
        assert!(found.converged && found == of(3));
        let mut pull = Pull::new(3);
        points.rows().into_iter().for_each(|x| pull.add(x.as_slice().unwrap(), &found.point));
        assert!(pull.direction.iter().all(|u| u.abs() < 1e-6), "{:?}", pull.direction);
    }

    /// Three corners of a square: the known place inside; a point that is the median itself; one dimension.
    #[test]
    fn known_medians() {
        let ctl = Control::new();
        let of = |points: Array2<f64>| spatial_median(points.view(), 1000, 1e-10, &ctl).unwrap().point;
        let inside = of(array![[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
        assert!((inside[0] - 0.21132487).abs() < 1e-7 && (inside[1] - 0.78867513).abs() < 1e-7, "{inside:?}");
        let at_a_point = of(array![[0.0, 0.0], [1.0, 0.1], [-1.0, 0.1], [0.1, 1.0], [-0.1, -1.0]]);
        assert!(at_a_point.iter().all(|v| v.abs() < 1e-6), "{at_a_point:?}");
        assert_eq!(of(array![[3.0], [1.0], [10.0], [2.0]]), [2.5]);
        assert_eq!(of(array![[3.0], [1.0], [10.0]]), [3.0]);
    }

    #[test]
    fn too_few_iterations_are_told() {
        let points = array![[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let found = spatial_median(points.view(), 5, 0.0, &Control::new()).unwrap();
        assert_eq!((found.iterations, found.converged), (5, false));
        assert_eq!(spatial_median(points.view(), 0, 0.0, &Control::new()).unwrap().iterations, 0);
    }
}
