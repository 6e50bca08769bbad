//! The duality gap.

use super::source::Fit;
use crate::penalty::Gauged;

/// How far from optimal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// The duality gap, in units of b². For a penalty of 0 there is none; then the square of the gradient's length, in
    /// scikit-learn's manner.
    pub gap: f64,
    /// The divisor that makes the residual a feasible dual point: `max(l1, maxⱼ Ω°(cⱼ − l2·wⱼ))`.
    pub scale: f64,
}

/// The gap of coefficients `w` with correlations `c` to the residual, both in blocks of `t`.
///
/// With an L1 part the residual, shrunk until it is feasible, is the dual point; with an L2 part alone the residual
/// itself is (Dünner et al. 2016, arXiv 1602.05205, section 5.2.3).
pub fn certificate<P: Gauged>(penalty: &P, w: &[f64], c: &[f64], t: usize, fit: Fit) -> Certificate {
    let (l1, l2) = (penalty.l1(), penalty.l2());
    let blocks = || w.chunks_exact(t).zip(c.chunks_exact(t));
    if l1 == 0.0 {
        let squares: f64 = blocks().map(|(w, c)| free_violation(penalty, w, c)).sum();
        let gap = if l2 == 0.0 {
            squares
        } else {
            let length: f64 = w.iter().map(|w| w * w).sum();
            fit.square + 0.5 * l2 * length - fit.by_target + conjugate(penalty, w, c, t) / (2.0 * l2)
        };
        return Certificate { gap, scale: 1.0 };
    }
    let mut shifted = vec![0.0; t];
    let (mut value, mut length, mut polar) = (0.0, 0.0, 0.0_f64);
    for (w, c) in blocks() {
        let mut any = false;
        for k in 0..t {
            shifted[k] = c[k] - l2 * w[k];
            length += w[k] * w[k];
            any |= w[k] != 0.0;
        }
        if any {
            value += penalty.value(w);
        }
        polar = polar.max(penalty.polar(&shifted));
    }
    let primal = 0.5 * fit.square + value;
    let shrink = if polar > l1 { l1 / polar } else { 1.0 };
    let dual = -0.5 * shrink * shrink * (fit.square + l2 * length) + shrink * fit.by_target;
    Certificate { gap: primal - dual, scale: polar.max(l1) }
}

/// The square of a block's distance from optimality without an L1 part.
fn free_violation<P: Gauged>(penalty: &P, w: &[f64], c: &[f64]) -> f64 {
    let gradient: Vec<f64> = c.iter().map(|c| -c).collect();
    penalty.violation(w, &gradient).powi(2) * w.len().min(1) as f64
}

/// `Σⱼ Ω°(cⱼ)²` over blocks; for coordinates without a sign `‖c‖²`.
fn conjugate<P: Gauged>(penalty: &P, w: &[f64], c: &[f64], t: usize) -> f64 {
    debug_assert_eq!(w.len(), c.len());
    c.chunks_exact(t).map(|c| penalty.polar(c).powi(2)).sum()
}
