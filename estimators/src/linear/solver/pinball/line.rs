//! The objective along a line: piecewise linear, with its lowest point at a breakpoint.

use crate::linear::solver::interior_point::side::loss;

/// One piece that bends where the step meets it.
struct Bend {
    at: f64,
    /// How much steeper the objective is beyond.
    by: f64,
    what: Met,
}

/// What a step stops at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// This row's residual is 0.
    Row(usize),
    /// This coefficient is 0.
    Zero(usize),
}

/// Rows and coefficients as they change along a line.
pub struct Line<'a> {
    /// The slopes of the loss.
    pub bounds: (f64, f64),
    /// The rows' weights; 0 also for rows that the line does not move.
    pub weights: &'a [f64],
    /// The rows' residuals and how fast they fall.
    pub rows: (&'a [f64], &'a [f64]),
    /// The penalties' strengths.
    pub strengths: &'a [f64],
    /// The coefficients and how fast they rise.
    pub theta: (&'a [f64], &'a [f64]),
}

impl Line<'_> {
    /// The slope at the start, ahead or (`sign` −1) backwards; and the sum of what it is made of.
    pub fn slope(&self, sign: f64) -> (f64, f64) {
        let (low, high) = self.bounds;
        let (mut slope, mut size) = (0.0, 0.0);
        for ((&w, &r), &a) in self.weights.iter().zip(self.rows.0).zip(self.rows.1) {
            let change = -sign * a;
            if r > 0.0 {
                slope += w * high * change;
            } else if r < 0.0 {
                slope += w * low * change;
            } else {
                slope += loss((low, high), &[w], &[change]);
            }
            size += w * a.abs();
        }
        for ((&s, &t), &v) in self.strengths.iter().zip(self.theta.0).zip(self.theta.1) {
            slope += s * if t == 0.0 { v.abs() } else { sign * v * t.signum() };
            size += s * v.abs();
        }
        (slope, size)
    }

    /// From the start with this slope to the lowest point; where nothing bends before the objective is known to be
    /// flat to `flat`, to the first bend. None: there is no bend ahead.
    pub fn lowest(&self, sign: f64, slope: f64, flat: f64) -> Option<(f64, Met)> {
        let (low, high) = self.bounds;
        let mut bends = Vec::new();
        for (i, ((&w, &r), &a)) in self.weights.iter().zip(self.rows.0).zip(self.rows.1).enumerate() {
            let at = sign * r / a;
            if w > 0.0 && r != 0.0 && at > 0.0 && at.is_finite() {
                bends.push(Bend { at, by: w * a.abs() * (high - low), what: Met::Row(i) });
            }
        }
        for (j, ((&s, &t), &v)) in self.strengths.iter().zip(self.theta.0).zip(self.theta.1).enumerate() {
            let at = -sign * t / v;
            if s > 0.0 && t != 0.0 && at > 0.0 && at.is_finite() {
                bends.push(Bend { at, by: 2.0 * s * v.abs(), what: Met::Zero(j) });
            }
        }
        bends.sort_unstable_by(|a, b| a.at.total_cmp(&b.at));
        let mut slope = slope;
        for bend in &bends {
            slope += bend.by;
            if slope >= -flat {
                return Some((sign * bend.at, bend.what));
            }
        }
        bends.last().map(|bend| (sign * bend.at, bend.what))
    }
}
