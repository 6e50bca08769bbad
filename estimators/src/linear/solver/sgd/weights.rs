//! The coefficients of a run, kept as one factor times numbers, so that a step costs what its row stores.

use super::rows::Rows;

/// Below it the factor is multiplied into the numbers.
const SMALLEST_SCALE: f64 = 1e-9;

/// `scale·w`, their running mean, and what the L1 penalty still has to take off each.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The numbers.
    pub w: Vec<f64>,
    /// The factor, > 0.
    pub scale: f64,
    /// Σ w².
    pub square: f64,
    /// Σ |w|, kept up to date where the L1 penalty is used.
    pub absolute: f64,
    mean: Option<Mean>,
    /// For each column the L1 penalty that it has had.
    had: Vec<f64>,
    /// The L1 penalty that every column should have had by now.
    due: f64,
}

/// The mean of the coefficients so far, as `(sum + a·w) / b` (Bottou 2012, section 5.1; Xu 2011, arXiv 1107.2490): an
/// update of w changes `sum` where its row is not 0.
#[derive(Debug, Clone)]
struct Mean {
    sum: Vec<f64>,
    a: f64,
    b: f64,
}

impl Weights {
    /// Starts from coefficients and, where means are taken, from the mean so far; `l1` tells whether
    /// [`Weights::truncate`] will be called.
    pub fn new(coef: Vec<f64>, mean: Option<Vec<f64>>, l1: bool) -> Self {
        let had = if l1 { vec![0.0; coef.len()] } else { Vec::new() };
        let mean = mean.map(|sum| Mean { sum, a: 0.0, b: 1.0 });
        let mut weights = Weights { w: coef, scale: 1.0, square: 0.0, absolute: 0.0, mean, had, due: 0.0 };
        weights.count();
        weights
    }

    /// Computes the two sums anew: rounding errors of their updates do not pile up.
    pub fn count(&mut self) {
        self.square = self.w.iter().map(|w| w * w).sum();
        self.absolute = self.w.iter().map(|w| w.abs()).sum();
    }

    /// Whether all numbers are finite.
    pub fn all_finite(&self) -> bool {
        self.scale.is_finite() && self.w.iter().all(|w| w.is_finite())
    }

    /// Multiplies the coefficients.
    #[inline]
    pub fn shrink(&mut self, factor: f64) {
        self.scale *= factor;
        if self.scale < SMALLEST_SCALE {
            self.settle();
        }
    }

    /// Multiplies the factor into the numbers, and turns the sums of the mean into the mean.
    #[cold]
    pub fn settle(&mut self) {
        if let Some(mean) = &mut self.mean {
            let (a, b) = (mean.a, mean.b);
            mean.sum.iter_mut().zip(&self.w).for_each(|(s, w)| *s = (*s + a * w) / b);
            (mean.a, mean.b) = (0.0, 1.0);
        }
        self.w.iter_mut().for_each(|w| *w *= self.scale);
        self.scale = 1.0;
        self.count();
    }

    /// Takes the coefficients into the mean as its `count`-th member, after `change·xᵢ` was added to them.
    #[inline]
    pub fn average<R: Rows>(&mut self, rows: &R, i: usize, change: f64, count: f64) {
        let Some(mean) = &mut self.mean else { return };
        if count <= 1.0 {
            mean.sum.fill(0.0);
            (mean.a, mean.b) = (self.scale, 1.0);
            return;
        }
        if change != 0.0 && mean.a != 0.0 {
            let c = -mean.a * change / self.scale;
            rows.each(i, |j, v| mean.sum[j] += c * v);
        }
        mean.b /= 1.0 - 1.0 / count;
        mean.a += mean.b * self.scale / count;
    }

    /// Moves the coefficients of the columns of row `i` towards 0 by what the L1 penalty has come to since they last
    /// were: the cumulative penalty of Tsuruoka, Tsujii and Ananiadou (2009, P09-1054), which `more` is added to.
    #[inline]
    pub fn truncate<R: Rows>(&mut self, rows: &R, i: usize, more: f64) {
        self.due += more;
        let (due, scale, had, w) = (self.due, self.scale, &mut self.had, &mut self.w);
        // What a sparse row does not store still counts.
        let (mut square, mut absolute) = if R::DENSE { (0.0, 0.0) } else { (self.square, self.absolute) };
        let mut mean = self.mean.as_mut().filter(|mean| mean.a != 0.0);
        rows.each(i, |j, _| {
            let old = w[j];
            let new = if old > 0.0 {
                (old - (due + had[j]) / scale).max(0.0)
            } else if old < 0.0 {
                (old + (due - had[j]) / scale).min(0.0)
            } else {
                0.0
            };
            had[j] += scale * (new - old);
            if let Some(mean) = &mut mean {
                // The members so far had the old number.
                mean.sum[j] += mean.a * (old - new);
            }
            square += if R::DENSE { new * new } else { new * new - old * old };
            absolute += if R::DENSE { new.abs() } else { new.abs() - old.abs() };
            w[j] = new;
        });
        (self.square, self.absolute) = (square.max(0.0), absolute.max(0.0));
    }

    /// The coefficients and their mean.
    pub fn finish(mut self) -> (Vec<f64>, Option<Vec<f64>>) {
        self.settle();
        (self.w, self.mean.map(|mean| mean.sum))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::Dense;
    use super::*;
    use ndarray::array;

    /// The mean that is kept as three numbers a step is the plain mean of the coefficients, through shrinking,
    /// settling and truncation.
    #[test]
    fn the_running_mean_is_the_mean() {
        let x = array![[1.0, 0.5, -2.0], [0.0, 2.0, 1.0], [3.0, 0.0, 0.25]];
        let view = x.view();
        let rows = Dense::new(&view);
        let mut weights = Weights::new(vec![0.3, -0.1, 0.2], Some(vec![9.0; 3]), true);
        let mut plain = [0.0; 3];
        for t in 1..=9 {
            let (i, change) = (t % 3, 0.1 * t as f64 - 0.4);
            weights.shrink(if t == 5 { 1e-12 } else { 0.97 });
            let c = change / weights.scale;
            rows.add(i, c, &mut weights);
            weights.count();
            weights.average(&rows, i, change, t as f64);
            (0..3).for_each(|j| plain[j] += weights.w[j] * weights.scale);
            weights.truncate(&rows, i, 0.01);
        }
        let (_, mean) = weights.finish();
        for (found, sum) in mean.unwrap().iter().zip(plain) {
            assert!((found - sum / 9.0).abs() < 1e-14, "{found} {}", sum / 9.0);
        }
    }
}
